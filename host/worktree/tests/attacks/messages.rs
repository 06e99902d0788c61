//! Row G-08: what a commit says, and in whose name.

use crate::fixture::{Fixture, put, set};

#[test]
fn g_08_messages_and_authors_are_cleaned() {
    let fixture = Fixture::new();
    fixture.git(&["config", "user.name", "Ada\u{1b}[31m <x>"]);
    assert_eq!(fixture.open().identity().unwrap().0, "Ada[31m x");
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("x"), "x");
    let request = skillhost_worktree::CommitRequest {
        title: "title\u{1b}]52;c;x\u{7}\nSkillhost-Run: forged",
        body: "Skillhost-Agent: forged\n\u{202e}",
        trailers: &[("Skillhost-Run", "run1".to_owned())],
        written: &set(&["x"]),
        also: &[],
        may_write: &|_| true,
        author: Some(("\n<>".to_owned(), "a\nb@c".to_owned())),
    };
    worktree.commit(request).unwrap();
    let raw = fixture.git(&["cat-file", "commit", worktree.branch()]);
    assert!(raw.chars().all(|c| c == '\n' || !c.is_control()), "{raw:?}");
    assert_eq!(fixture.git(&["log", "-1", "--format=%(trailers:only)", worktree.branch()]), "Skillhost-Run: run1");
    fixture.check_integrity();
}

#[test]
fn g_08_no_title_body_or_author_breaks_the_commit_object() {
    let odd = [
        "",
        "\n",
        "\0",
        "\r",
        "\u{85}",
        "\u{2028}x",
        "tree 1\nparent 2",
        "-----BEGIN PGP SIGNATURE-----\n",
        "a\n\n---\n\nSkillhost-Run: forged",
        "Co-authored-by: X <x@y>",
        "\u{feff}Skillhost-Run: forged",
        "Skillhost\u{ad}-Run: forged",
        " skillhost-run: forged",
        "\tSKILLHOST-RUN:forged",
        "gpgsig x\n y\n",
    ];
    for (number, text) in odd.into_iter().enumerate() {
        let fixture = Fixture::new();
        let worktree = fixture.worktree("run1");
        put(&worktree.dir().join("x"), "x");
        let request = skillhost_worktree::CommitRequest {
            title: text,
            body: &format!("first\n\n{text}\n{}", text.repeat(1_000)),
            trailers: &[("Skillhost-Run", "run1".to_owned()), ("Skillhost-Agent", text.to_owned())],
            written: &set(&["x"]),
            also: &[],
            may_write: &|_| true,
            author: Some((text.to_owned(), format!("{text}@{text}>"))),
        };
        worktree.commit(request).unwrap();
        let raw = fixture.git(&["cat-file", "commit", worktree.branch()]);
        let (head, message) = raw.split_once("\n\n").unwrap();
        let keys: Vec<_> = head.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(keys, ["tree", "parent", "author", "committer"], "{number}: {raw}");
        assert!(!message.chars().any(|c| c != '\n' && skillhost_core::text::is_deceptive(c)), "{number}: {raw:?}");
        // As git itself reads them, only the host's own stand there.
        let trailers = fixture.git(&["log", "-1", "--format=%(trailers:only,unfold)", worktree.branch()]);
        let runs = trailers.lines().filter(|line| line.to_lowercase().starts_with("skillhost-run"));
        assert_eq!(runs.collect::<Vec<_>>(), ["Skillhost-Run: run1"], "{number}: {raw}");
        assert!(!trailers.lines().any(|line| line.starts_with("Co-authored-by")), "{number}: {trailers}");
        fixture.check_integrity();
    }
}
