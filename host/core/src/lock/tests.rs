#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::glob::Globs;
use crate::urls::Urls;
use proptest::prelude::*;

fn entry(name: &str, content: &str) -> Locked {
    Locked {
        name: name.parse().unwrap(),
        version: "1.2.0".to_owned().try_into().unwrap(),
        source: format!("file:./{name}.wasm").parse().unwrap(),
        digest: Digest::of(content.as_bytes()),
        signer: None,
        grant: Capabilities { read: Globs::parse(["**"]).unwrap(), ..Capabilities::default() },
    }
}

fn lock(names: &[&str]) -> Lock {
    let mut lock = Lock::default();
    names.iter().for_each(|name| lock.put(entry(name, name)));
    lock
}

#[test]
fn it_reads_like_this() {
    let digest = Digest::of(b"x");
    let mut lock = lock(&["spell-check"]);
    lock.put(Locked {
        source: "oci://registry.example.com/acme/licence-check:1.2.0".parse().unwrap(),
        signer: Some(format!("ed25519:{}", "0a".repeat(32)).parse().unwrap()),
        digest,
        grant: Capabilities {
            read: Globs::parse(["**"]).unwrap(),
            write: Globs::parse(["src/**", "a\"b"]).unwrap(),
            http: Urls::parse(["https://api.example.com/*"]).unwrap(),
            ask: true,
            ..Capabilities::default()
        },
        ..entry("licence-check", "x")
    });
    let spelling = Digest::of(b"spell-check");
    let sums: Vec<String> = lock.skills.iter().map(sum::line).collect();
    assert!(sums.iter().all(|sum| sum.len() == "# sum 0123456789abcdef".len()) && sums[0] != sums[1], "{sums:?}");
    let expected = format!(
        "# The skills of this project, and what each of them may do. Written by skillhost: review it, and commit it.\n\
         version = 1\n\n[[skill]]\n{}\nname = \"licence-check\"\nversion = \"1.2.0\"\n\
         source = \"oci://registry.example.com/acme/licence-check:1.2.0\"\ndigest = \"{digest}\"\n\
         signer = \"ed25519:{}\"\n[skill.grant]\nhttp = [\"https://api.example.com/*\"]\nread = [\"**\"]\n\
         write = [\"src/**\", \"a\\\"b\"]\nask = true\n\n[[skill]]\n{}\nname = \"spell-check\"\nversion = \"1.2.0\"\n\
         source = \"file:./spell-check.wasm\"\ndigest = \"{spelling}\"\n[skill.grant]\nread = [\"**\"]\n",
        sums[0],
        "0a".repeat(32),
        sums[1],
    );
    assert_eq!(lock.to_text(), expected);
    assert_eq!(Lock::parse(FILE, &expected).unwrap(), lock);
    assert_eq!(lock.first_difference(&expected), None);
    assert_eq!(lock.first_difference(&expected.replace("ask = true\n", "")), Some(15));
}

#[test]
fn what_people_write_is_read_in_any_order_and_wrong_lines_are_named() {
    let text = lock(&["a", "c"]).to_text();
    let (head, entries) = text.split_once("\n[[skill]]").unwrap();
    let (first, second) = entries.split_once("\n[[skill]]").unwrap();
    let turned = format!("{head}\n[[skill]]{second}\n[[skill]]{first}");
    let read = Lock::parse(FILE, &turned).unwrap();
    assert_eq!((read.to_text(), read.first_difference(&turned)), (text.clone(), Some(5)));

    assert_eq!(Lock::line_of(&"a".parse().unwrap(), &turned), Some(13));
    assert_eq!(Lock::line_of(&"b".parse().unwrap(), &turned), None);
    let line = |text: &str, word: &str| {
        let error = Lock::parse(FILE, text).unwrap_err().to_string();
        assert!(error.contains(word), "{word}: {error}");
        error.split(':').nth(1).unwrap().parse::<usize>().unwrap()
    };
    assert_eq!(line(&text.replace("name = \"c\"", "name = \"c\"\nnmae = 1"), "nmae"), 16);
    assert_eq!(line(&text.replace("name = \"c\"", "name = \"a\""), "`a` has an entry already, in line 4"), 13);
    assert_eq!(line(&text.replace("digest = \"sha256:", "digest = \"sha256:x"), "digest"), 9);
    let newer = text.replace("version = 1\n", "version = 2\n[anything.new]\nkey = 1\n");
    assert_eq!(line(&newer, "version 2 of the lock is not 1; a newer skillhost wrote it: update skillhost"), 2);
    assert_eq!(line(&text.replace("version = 1\n", "version = 0\n"), "version 0 of the lock is not 1"), 2);
    assert_eq!(line("", "version"), 1);
}

/// As git leaves it, where both sides added what is next to each other.
fn conflict(ours: &str, theirs: &str, base: Option<&str>) -> String {
    let base = base.map(|base| format!("||||||| 1234567\n{base}")).unwrap_or_default();
    format!("version = 1\n<<<<<<< HEAD\n{ours}{base}=======\n{theirs}>>>>>>> other\n")
}

fn text_of(lock: &Lock) -> String {
    lock.to_text().split_once("version = 1\n").unwrap().1.to_owned()
}

#[test]
fn a_merge_is_settled_as_what_either_side_has_and_never_as_a_mixture() {
    let (ours, theirs) = (text_of(&lock(&["a", "m"])), text_of(&lock(&["m", "z"])));
    for base in [None, Some(text_of(&lock(&["m"])))] {
        let text = conflict(&ours, &theirs, base.as_deref());
        assert_eq!(Lock::parse(FILE, &text).unwrap_err(), LockError::Conflict { file: FILE.to_owned(), line: 2 });
        assert_eq!(settle(&text).unwrap(), lock(&["a", "m", "z"]));
    }
    // What one side removed is brought back by nobody.
    let changed = text_of(&lock(&["m"])).replace("[\"**\"]", "[\"src/**\"]");
    for text in [
        conflict("", &theirs, None),
        conflict(&ours, "", Some(&ours)),
        conflict(&text_of(&lock(&["a"])), &changed, Some(&text_of(&lock(&["m"])))),
    ] {
        assert_eq!(settle(&text).unwrap_err(), Unsettled::Removed(2), "{text}");
    }
    // Where git finds a common line between two entries, each side is still whole.
    let shared = "[[skill]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"file:./x\"\n";
    let text = format!(
        "version = 1\n[[skill]]\n<<<<<<< HEAD\nname = \"x\"\n=======\nname = \"y\"\n>>>>>>> o\n{}digest = \"{}\"\n",
        &shared[21..],
        Digest::of(b"x")
    );
    assert_eq!(settle(&text).unwrap().skills.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["x", "y"]);

    // One newer version, and one wider grant: neither is taken with the other.
    let mut newer = lock(&["m"]);
    newer.put(entry("m", "newer"));
    let mut wider = lock(&["m"]);
    wider.put(Locked { grant: Capabilities { ask: true, ..Capabilities::default() }, ..entry("m", "m") });
    for (one, other, word) in [(&newer, &wider, "(theirs)"), (&wider, &lock(&["m"]), "different grants")] {
        let error = settle(&conflict(&text_of(one), &text_of(other), None)).unwrap_err();
        assert!(
            error.to_string().contains("both sides of the merge have `m`") && error.to_string().contains(word),
            "{error}"
        );
    }
    let whole = conflict(&ours, &theirs, None);
    for (from, to) in [("=======\n", ""), (">>>>>>> other\n", ""), ("<<<<<<< HEAD\n", "<<<<<<< HEAD\n<<<<<<< HEAD\n")] {
        assert!(matches!(settle(&whole.replace(from, to)), Err(Unsettled::Markers(_))), "{from}");
    }
    assert!(matches!(settle(&whole.replace("name = \"z\"", "name = 1")), Err(Unsettled::Side(Side::Theirs, _))));
}

#[test]
fn r_20_an_entry_of_lines_of_two_is_known_by_its_sum() {
    let text = lock(&["a", "m"]).to_text();
    let altered = |text: &str| Lock::parse(FILE, text).unwrap().altered(text);
    assert_eq!(altered(&text), []);
    let (before, of_m) = text.rsplit_once("[[skill]]").unwrap();
    for (from, to) in [
        ("read = [\"**\"]", "read = [\"**\"]\nwrite = [\"**\"]"),
        ("1.2.0", "1.3.0"),
        (&*Digest::of(b"m").to_string(), &*Digest::of(b"newer").to_string()),
        ("file:./m.wasm", "file:./n.wasm"),
        ("[skill.grant]\nread = [\"**\"]\n", ""),
        ("[skill.grant]", &format!("signer = \"ed25519:{}\"\n[skill.grant]", "0a".repeat(32))),
    ] {
        let mixed = format!("{before}[[skill]]{}", of_m.replacen(from, to, 1));
        assert_eq!(altered(&mixed), [Altered { name: "m".parse().unwrap(), line: 14 }], "{mixed}");
        // One that skillhost writes anew is whole, and so is one that people wrote, who write no sum.
        let written = Lock::parse(FILE, &mixed).unwrap().to_text();
        assert_eq!(altered(&written), []);
        let lines = mixed.lines().filter(|line| !line.starts_with("# sum "));
        assert_eq!(altered(&lines.map(|line| format!("{line}\n")).collect::<String>()), []);
    }
    // Order and blanks are no lines of an entry; its name is.
    let turned = format!("version = 1\n[[skill]]{of_m}\n{}", text_of(&lock(&["a"])).replace("name", "  name"));
    assert_eq!(altered(&turned), []);
    assert_eq!(altered(&turned.replace("\"m\"", "\"n\"")).len(), 1);
}

#[test]
fn r_20_what_git_merged_on_the_way_to_a_conflict_is_not_settled() {
    // Both changed one entry: one side its component, the other its grant. All but the sum merges, and is on both sides.
    let newer = entry("m", "newer");
    let wider = Locked { grant: Capabilities { ask: true, ..entry("m", "m").grant }, ..entry("m", "m") };
    let mixed = Locked { digest: newer.digest, ..wider.clone() };
    let mut lock = Lock::default();
    lock.put(mixed.clone());
    let sides = format!("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other", sum::line(&newer), sum::line(&wider));
    let text = lock.to_text().replace(&sum::line(&mixed), &sides);
    let error = settle(&text).unwrap_err();
    assert!(matches!(&error, Unsettled::Mixed { side: Side::Ours, name } if name.as_str() == "m"), "{error}");
    // Somebody decided: the entry is what they wrote, and has no sum until skillhost writes one.
    let decided = text.lines().filter(|line| !line.contains(['<', '>', '#']) && !line.starts_with("=="));
    let decided: String = decided.map(|line| format!("{line}\n")).collect();
    assert_eq!(Lock::parse(FILE, &decided).unwrap().skills, [mixed]);
}

proptest! {
    #[test]
    fn same_entries_same_bytes(mut names in prop::collection::vec("[a-z][a-z0-9]{0,3}", 0..8), turn in 0_usize..8, path in "[ -~]{1,12}") {
        let of = |names: &[String]| {
            let mut lock = Lock::default();
            for name in names {
                let mut entry = entry(name, name);
                entry.source = format!("file:./{path}").parse().unwrap();
                lock.put(entry);
            }
            lock
        };
        let text = of(&names).to_text();
        let at = turn % names.len().max(1);
        names.rotate_left(at);
        prop_assert_eq!(of(&names).to_text(), text.clone());
        let read = Lock::parse(FILE, &text).unwrap();
        prop_assert_eq!(read.altered(&text), vec![]);
        prop_assert_eq!(read.to_text(), text);
    }

    #[test]
    fn no_text_panics(text in "([<>=|]{7} ?[a-z]{0,2}\n|version = [0-9]\n|\\[\\[skill\\]\\]\n|[a-z]+ = \"[ -~]{0,4}\"\n){0,12}") {
        drop(Lock::parse(FILE, &text).map(|lock| lock.altered(&text)));
        drop(settle(&text));
    }
}
