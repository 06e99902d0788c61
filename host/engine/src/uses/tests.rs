#![allow(clippy::unwrap_used, reason = "tests")]

use super::smallest::grant;
use super::*;
use crate::files::Rules;
use proptest::prelude::*;
use skillhost_core::glob::Layers;

fn path(text: &str) -> SkillPath {
    if text.is_empty() { SkillPath::root() } else { SkillPath::parse(text).unwrap() }
}

fn used(files: &[(Need, &str)], alike: &[(&str, &str)]) -> Used {
    Used {
        files: files.iter().map(|(need, at)| (*need, path(at))).collect(),
        alike: alike.iter().map(|(one, other)| (path(one), path(other))).collect(),
        ..Used::default()
    }
}

fn found(used: &Used) -> (Vec<String>, Vec<String>) {
    let grant = grant(used, &Globs::none());
    (grant.read.patterns().to_vec(), grant.write.patterns().to_vec())
}

/// Whether everything that was used would be granted again.
fn suffices(used: &Used, read: &[String], write: &[String]) -> bool {
    let rules = Rules {
        read: Layers::from([Globs::parse(read).unwrap()]),
        write: Layers::from([Globs::parse(write).unwrap()]),
        ..Rules::default()
    };
    used.files.iter().all(|(need, path)| rules.grants(*need, path))
        && used.alike.iter().all(|(one, other)| rules.rights(one) == rules.rights(other))
}

#[test]
fn files_are_named_one_by_one_and_nothing_twice() {
    use Need::{Hold, Pass, Read, Show, Write};
    for (files, alike, read, write) in [
        (&[(Read, "a/b"), (Pass, "a"), (Pass, "")][..], &[][..], &["a/b"][..], &[][..]),
        // A folder that was listed, and nothing in it was used.
        (&[(Pass, "a"), (Pass, "a-b/c")], &[], &["a", "a-b/c"], &[]),
        // What may be written may be known of, and the folders above it may be made.
        (&[(Write, "a/b"), (Show, "a/b"), (Hold, "a"), (Pass, "a")], &[], &[], &["a/b"]),
        (&[(Hold, "a/b")], &[], &[], &["a/b"]),
        (&[(Show, "a")], &[], &["a"], &[]),
        (&[(Read, "a*[b]")], &[], &["a\\*\\[b\\]"], &[]),
        // What moves keeps its rights.
        (&[(Read, "a"), (Write, "a"), (Write, "b")], &[("a", "b"), ("b", "c")], &["a", "b", "c"], &["a", "b", "c"]),
        (&[], &[("a", "b")], &[], &[]),
    ] {
        let owned = |list: &[&str]| list.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        assert_eq!(found(&used(files, alike)), (owned(read), owned(write)), "{files:?} {alike:?}");
    }
}

#[test]
fn many_files_become_the_folder_that_they_are_in() {
    let names: Vec<String> = (0..40).map(|n| format!("src/deep/{n}")).chain(["docs/a".to_owned()]).collect();
    let files: Vec<(Need, &str)> = names.iter().map(|name| (Need::Read, name.as_str())).collect();
    assert_eq!(found(&used(&files, &[])).0, ["docs/a", "src/deep/**"]);
    // Everywhere is everything.
    let names: Vec<String> = (0..40).map(|n| format!("{n}")).collect();
    let files: Vec<(Need, &str)> = names.iter().map(|name| (Need::Write, name.as_str())).collect();
    assert_eq!(found(&used(&files, &[])), (vec![], vec!["**".to_owned()]));
    // A name that can't be shown is not spelled out.
    assert_eq!(found(&used(&[(Need::Read, "a/\u{202e}b")], &[])).0, ["a/**"]);
}

#[test]
fn what_is_too_much_to_note_is_everything() {
    let uses = Uses::default();
    for n in 0..=MAX_FILES {
        uses.file(Need::Read, &path(&format!("f{n}")), false);
    }
    let grant = uses.smallest(&Globs::none());
    assert_eq!(grant.read.patterns(), ["**"]);
    assert!(grant.write.is_empty());
}

#[test]
fn a_protected_path_takes_its_flag_and_urls_their_patterns() {
    let uses = Uses::default();
    uses.file(Need::Write, &path("AGENTS.md"), true);
    for n in 0..20 {
        let url = WebUrl::parse(&format!("https://a.example/v1/{n}?secret")).unwrap();
        uses.wish(Wish::Http(&url));
    }
    uses.wish(Wish::Http(&WebUrl::parse("http://127.0.0.1:81/x%2fy").unwrap()));
    uses.wish(Wish::Http(&WebUrl::parse("https://b.example/v1/a?q=1").unwrap()));
    uses.wish(Wish::Exec { name: "test", arguments: &["-x".to_owned()] });
    uses.wish(Wish::Commit);
    let grant = uses.smallest(&Globs::parse(["AGENTS.md"]).unwrap());
    assert!(grant.protected && grant.exec_arguments && !grant.ask);
    assert_eq!(grant.write.patterns(), ["AGENTS.md"]);
    let urls: Vec<String> = grant.http.patterns().iter().map(ToString::to_string).collect();
    assert_eq!(urls, ["http://127.0.0.1:81/*", "https://a.example/*", "https://b.example/v1/a"]);
}

fn any_need() -> impl Strategy<Value = Need> {
    prop::sample::select(vec![Need::Read, Need::Write, Need::Show, Need::Pass, Need::Hold])
}

proptest! {
    #[test]
    fn what_is_found_suffices_and_nothing_of_it_is_spare(
        files in prop::collection::vec((any_need(), "[abc*](/[ab\\[-]{1,2}){0,3}"), 0..60),
        alike in prop::collection::vec(("[abc](/[ab]){0,2}", "[abc](/[ab]){0,2}"), 0..4),
    ) {
        let files: Vec<(Need, &str)> = files.iter().map(|(need, at)| (*need, at.as_str())).collect();
        let alike: Vec<(&str, &str)> = alike.iter().map(|(one, other)| (one.as_str(), other.as_str())).collect();
        let used = used(&files, &alike);
        let (read, write) = found(&used);
        prop_assert!(suffices(&used, &read, &write), "{:?} {:?}", read, write);
        for at in 0..read.len() {
            let mut less = read.clone();
            less.remove(at);
            prop_assert!(!suffices(&used, &less, &write), "{:?} is spare", read[at]);
        }
        for at in 0..write.len() {
            let mut less = write.clone();
            less.remove(at);
            prop_assert!(!suffices(&used, &read, &less), "{:?} is spare", write[at]);
        }
    }
}
