//! Each check, with what it finds and what it must leave alone, in several languages.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Scene, names, run};
use crate::changed::Changed;
use crate::{Brief, Document, Step, mock};

mod bars;
mod exits;
mod files;
mod leftovers;
mod suite;

/// A file at the base commit and now; no text means that it is not there.
type File<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

fn host(files: &[File<'_>]) -> mock::Host {
    let mut host = mock::Host::new();
    for (path, base, _) in files {
        if let Some(text) = base {
            host = host.file(path, text);
        }
    }
    for (path, _, now) in files {
        match now {
            Some(text) => host.files.borrow_mut().insert((*path).into(), (*text).into()),
            None => host.files.borrow_mut().remove(*path),
        };
    }
    host
}

/// The hits of one check, as `path:line`.
fn hits_of(name: &str, files: &[File<'_>], brief: &Brief) -> Vec<String> {
    assert!(names().any(|it| it == name), "{name} is no check");
    let host = host(files);
    let changed = Changed::read(&host).unwrap();
    let hits = run(&Scene::new(&changed, brief), |it| it == name);
    let place = |line: Option<u32>| line.map(|line| format!(":{line}")).unwrap_or_default();
    hits.into_iter().map(|(_, hit)| format!("{}{}", hit.path, place(hit.line))).collect()
}

fn hits(name: &str, files: &[File<'_>]) -> Vec<String> {
    hits_of(name, files, &mock::brief("goal"))
}

/// Lines that are new in a file: each either is one hit, or none.
fn lines(name: &str, cases: &[(&str, &str, bool)]) {
    for (path, text, found) in cases {
        let expected = usize::from(*found);
        assert_eq!(hits(name, &[(path, None, Some(text))]).len(), expected, "{name}, {path}: {text}");
    }
}

fn spec(text: &str) -> Brief {
    Brief { spec: Some(Document { path: "specs/x.md".into(), text: text.into() }), ..mock::brief("goal") }
}

#[test]
fn there_are_26_of_them_and_no_two_share_a_name() {
    let mut all: Vec<&str> = names().collect();
    assert_eq!(all.len(), 26);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 26);
}

#[test]
fn the_shorter_lists_hold_what_they_should() {
    let of = |list: &[(&'static str, super::Look)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    assert_eq!(
        of(&super::REFUSED),
        ["test-skipped", "test-focused", "threshold-lowered", "test-command-changed", "test-literal",]
    );
    assert_eq!(
        of(&super::MEASURES),
        [
            "test-skipped",
            "test-focused",
            "snapshot-alone",
            "self-mock",
            "threshold-lowered",
            "test-command-changed",
            "protected-path",
            "suppression",
            "test-literal",
        ]
    );
}

#[test]
fn what_only_moves_is_no_hit() {
    let before = "fn a() {\n    dbg!(some_value_here);\n}\n";
    let now = "fn b() {}\nfn a() {\n        dbg!(some_value_here);\n}\n";
    assert!(hits("debug-leftover", &[("src/a.rs", Some(before), Some(now))]).is_empty());
    let moved = [("src/a.rs", Some(before), None), ("src/b.rs", None, Some(before))];
    assert!(hits("debug-leftover", &moved).is_empty());
    // Line ends are no change of a line.
    let windows = before.replace('\n', "\r\n");
    assert!(hits("debug-leftover", &[("src/a.rs", Some(before), Some(&windows))]).is_empty());
    // A short line is written anew.
    let ignored = "#[test]\n#[ignore]\nfn t() {}\n";
    let elsewhere = [("src/a.rs", Some(ignored), Some("")), ("src/b.rs", None, Some(ignored))];
    assert_eq!(hits("test-skipped", &elsewhere), ["src/b.rs:2"]);
}

#[test]
fn hostile_changes_come_to_an_end() {
    let minified =
        format!("export const a=1;{}", "if(x==='a b c1'){try{f()}catch(e){}}dbg!(console.log(1));".repeat(3_000));
    let deep = "(((((\"'`".repeat(10_000);
    let mixed = "a\r\nb\n\rc\u{2028}d\0e\r\r\n".repeat(500);
    let host = host(&[
        ("dist/a.min.js", None, Some(&minified)),
        ("src/a.rs", None, Some(&deep)),
        ("src/b.py", None, Some(&mixed)),
        ("package.json", Some("{"), Some("[[[[")),
        ("skillhost.toml", Some("[protect\npaths = [\"{{{\""), Some("")),
    ]);
    host.files.borrow_mut().insert("data/huge.bin".into(), vec![0; 3 << 20]);
    let changed = Changed::read(&host).unwrap();
    let brief = mock::brief("goal");
    let found = run(&Scene::new(&changed, &brief), |_| true);
    assert!(found.iter().all(|(_, hit)| hit.quote.as_ref().is_none_or(|quote| quote.chars().count() <= 200)));
    assert!(found.iter().any(|(name, hit)| *name == "odd-file" && hit.path == "data/huge.bin"));
    assert!(found.iter().all(|(_, hit)| hit.path != "dist/a.min.js" || hit.line.is_none()), "{found:?}");
}

#[test]
fn a_plan_says_which_files_it_touches() {
    let step = Step {
        id: "1".into(),
        title: String::new(),
        instructions: String::new(),
        files: vec!["src/**".into()],
        after: vec![],
        criteria: vec![],
    };
    let files = [("src/a.rs", None, Some("a")), ("docs/b.md", None, Some("b")), ("specs/x.md", None, Some("# X"))];
    let planned = Brief { steps: vec![step], ..spec("# X") };
    assert_eq!(hits_of("outside-plan", &files, &planned), ["docs/b.md"]);
    assert!(hits("outside-plan", &files).is_empty(), "nobody planned");
}
