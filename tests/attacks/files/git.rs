//! Nothing named `.git`, at any depth, in any spelling. What is committed of a tree is in `host/worktree/tests/attacks.rs`.

use super::*;
use crate::support::{block_on, ended};

const SPELLINGS: [&str; 13] = [
    ".git",
    ".GIT",
    ".Git",
    ".git ",
    ".git.",
    ".git . ",
    "git~1",
    "GIT~1",
    ".g\u{200c}it",
    "\u{200d}.git",
    ".git\u{feff}",
    ".git::$INDEX_ALLOCATION",
    ".git:x",
];

#[test]
fn f_16_git_in_every_spelling() {
    block_on(async {
        let lab = lab();
        fs::create_dir_all(lab.tree().join("out/vendor/x")).unwrap();
        for spelling in SPELLINGS {
            let paths = [
                spelling.to_owned(),
                format!("{spelling}/config"),
                format!("out/{spelling}"),
                format!("out/vendor/x/{spelling}"),
                format!("out/vendor/x/{spelling}/hooks/pre-commit"),
                format!("out/nothing/../{spelling}/config"),
            ];
            out_of_reach(&lab, &paths.each_ref().map(String::as_str)).await;
            let script = [
                to("rename", "out/vendor/x", &format!("out/vendor/{spelling}")),
                to("symlink", "out/door", &format!("../{spelling}/config")),
                to("symlink", "out/door", spelling),
            ];
            let answers = answers(&lab, &script).await;
            assert!(answers.iter().all(is_refused), "{spelling:?}: {answers:?}");
        }
        assert_eq!(fs::read_dir(lab.tree().join("out/vendor/x")).unwrap().count(), 0);
        lab.held(ended("done").denied_some().times(SPELLINGS.len() * 7)).await;
    });
}

#[test]
fn f_16_git_that_is_there_already() {
    block_on(async {
        let lab = lab();
        plant(&lab, "out/vendor/x/.git/config", "[core]");
        plant(&lab, "out/vendor/x/a.txt", "a");
        plant(&lab, "out/y/.git", "gitdir: elsewhere");
        link(&lab, "out/vendor/x/door", ".git");
        link(&lab, "out/link", "vendor/x/.git/config");
        link(&lab, "out/root", "../.git");
        let mut script = Vec::new();
        for path in
            ["out/vendor/x/.git/config", "out/vendor/x/door/config", "out/link", "out/root/config", "out/y/.git"]
        {
            script.extend(["read", "stat", "hash", "unlink", "times", "resize"].map(|does| step(does, path)));
            script.push(json!({ "do": "write", "path": path, "text": "x" }));
        }
        // A link itself may go; it is only never followed.
        script.retain(|step| !(step["do"] == "unlink" && step["path"] == "out/link"));
        // The folders around it stay, too.
        for (from, onto) in [("out/vendor/x", "out/z"), ("out/vendor", "out/z"), ("out/y", "out/z")] {
            script.push(to("rename", from, onto));
            script.push(step("rmdir", from));
        }
        for (way, answer) in script.iter().zip(answers(&lab, &script).await) {
            assert!(is_refused(&answer), "{way}: {answer}");
        }
        assert_eq!(answers(&lab, &[step("list", "out/vendor/x")]).await, [json!(["a.txt", "door"])]);
        assert_eq!(fs::read_to_string(lab.tree().join("out/y/.git")).unwrap(), "gitdir: elsewhere");
        lab.held([ended("done").denied_some(), ended("done")]).await;
    });
}

#[test]
fn f_17_no_git_file_can_be_put_in_place() {
    block_on(async {
        let lab = lab();
        fs::rename(lab.tree().join(".git"), lab.folder.path().join("recorded")).unwrap();
        // Whatever is granted: the tree's root, all of it.
        let all = Capabilities { read: Globs::all(), write: Globs::all(), ..Capabilities::default() };
        let script = [
            json!({ "do": "write", "path": ".git", "text": "gitdir: out/attacker" }),
            step("mkdir", ".git"),
            to("symlink", ".git", "out/attacker"),
            step("mkdir", "out/attacker"),
            json!({ "do": "write", "path": "out/attacker/config", "text": "[core]\nfsmonitor = touch /tmp/x\n" }),
            json!({ "do": "write", "path": "out/file", "text": "gitdir: out/attacker" }),
            to("rename", "out/attacker", ".git"),
            to("rename", "out/file", ".git"),
            to("link", "out/file", ".git"),
            to("rename", "out/file", "out/attacker/.git"),
        ];
        let answered = call(&lab, &all, Quotas::default(), &script).await.unwrap().answer.unwrap();
        let worked = |n: &usize| !is_refused(&answered[*n]);
        assert_eq!((0..script.len()).filter(worked).collect::<Vec<_>>(), [3, 4, 5], "{answered}");
        assert!(!lab.tree().join(".git").exists());
        lab.held([ended("done").denied_some()]).await;
    });
}
