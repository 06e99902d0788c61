//! Spelled names: nothing that is spelled leads out of the tree, or to git's directory.

use super::*;
use proptest::prelude::*;

#[test]
fn f_01_dot_dot() {
    each_walk(all_rules, |guest| {
        for path in
            ["..", "../secret.txt", "src/../../secret.txt", "src/.//protected/../../../secret.txt", "../repo/src"]
        {
            assert_eq!(guest.read(path), Err(ErrorCode::NotPermitted), "{path}");
            guest.assert_out_of_reach(path);
        }
        assert_eq!(guest.read("src/protected/.//../a.txt").unwrap(), "src/a.txt");
        let record = guest.files.record();
        assert!(
            record.denied_count > 5
                && record.denied.iter().any(|d| d.path == "../secret.txt" && d.operation == "open-at")
        );
    });
}

#[test]
fn f_01_dot_dot_from_a_lower_descriptor() {
    each_walk(all_rules, |guest| {
        let low = guest.open("src/protected", OpenFlags::DIRECTORY, READ).unwrap();
        let open = |guest: &mut Guest, path: &str| {
            let fd = Resource::new_borrow(low.rep());
            let result = guest.view().open_at(fd, FOLLOW, path.into(), OpenFlags::empty(), READ);
            guest.code(result)
        };
        assert!(open(guest, "../a.txt").is_ok());
        assert_eq!(open(guest, "../../../secret.txt").unwrap_err(), ErrorCode::NotPermitted);
    });
}

#[test]
fn f_02_absolute_paths() {
    each_walk(all_rules, |guest| {
        let absolute = guest.outside().join("secret.txt").to_str().unwrap().to_owned();
        for path in ["/", "/etc/passwd", "//server/share", "C:\\x", "c:/x", "\\\\?\\C:\\x", &absolute] {
            guest.assert_out_of_reach(path);
        }
    });
}

#[test]
fn f_04_trailing_slashes() {
    each_walk(all_rules, |guest| {
        std::os::unix::fs::symlink("../../secret.txt", guest.on_disk("src/out-link")).unwrap();
        std::os::unix::fs::symlink("protected", guest.on_disk("src/dir-link")).unwrap();
        for path in ["src/a.txt/", "src/a.txt/.", "src/out-link/", "src/new/"] {
            assert!(guest.read(path).is_err(), "{path}");
            assert!(guest.write(path, "x").is_err(), "{path}");
            assert!(guest.unlink(path).is_err(), "{path}");
            assert!(guest.rename(path, "src/elsewhere").is_err(), "{path}");
            assert!(guest.rename("src/a.txt", path).is_err(), "{path}");
            assert!(guest.link("src/a.txt", path).is_err(), "{path}");
            assert!(guest.stat(path, none()).is_err(), "{path}");
        }
        assert!(guest.unlink("src/dir-link/").is_err());
        assert!(guest.rmdir("src/dir-link/").is_err());
        guest.mkdir("src/fresh/").unwrap();
        guest.rename("src/fresh/", "src/fresher/").unwrap();
        guest.rmdir("src/fresher/").unwrap();
        assert_eq!(guest.list("src/dir-link/").unwrap(), ["p.txt"]);
        assert_eq!(fs::read_to_string(guest.outside().join("secret.txt")).unwrap(), "outside");
        assert!(guest.on_disk("src/a.txt").exists());
    });
}

#[test]
fn f_05_magic_links() {
    each_walk(all_rules, |guest| {
        for (name, target) in
            [("l1", "/proc/self/environ"), ("l2", "/proc/self/fd/0"), ("l3", "/proc/self/root/etc/passwd")]
        {
            std::os::unix::fs::symlink(target, guest.on_disk(name)).unwrap();
            assert_eq!(guest.read(name), Err(ErrorCode::NotPermitted), "{target}");
            assert_eq!(guest.readlink(name), Err(ErrorCode::NotPermitted), "{target}");
        }
        assert!(guest.read("/proc/self/environ").is_err());
    });
}

#[test]
fn f_06_malformed_names() {
    each_walk(all_rules, |guest| {
        let deep = "d/".repeat(10_000);
        let long = "n".repeat(4096);
        let control = "src/a\u{1b}[2Jb";
        for path in ["", "src/a\0.txt", control, &deep, &long] {
            guest.assert_out_of_reach(path);
        }
        use std::os::unix::ffi::OsStrExt;
        let invalid = std::ffi::OsStr::from_bytes(b"src/\xff\xfe");
        fs::write(guest.outside().join("repo").join(invalid), "x").unwrap();
        assert_eq!(guest.list("src").unwrap(), ["a.txt", "protected"]);
        assert_eq!(guest.files.record().skipped_names, 1);
    });
}

#[test]
fn f_07_names_that_other_systems_read_differently() {
    each_walk(all_rules, |guest| {
        for name in ["COM1", "NUL.txt", "src/x.", "src/x ", "src/a.txt::$DATA", "GIT~1", "aux"] {
            guest.assert_out_of_reach(name);
        }
    });
}

const GIT_SPELLINGS: &[&str] = &[
    ".git",
    ".GIT",
    ".Git",
    ".git ",
    ".git.",
    "git~1",
    "GIT~1",
    ".g\u{200c}it",
    ".git\u{feff}",
    ".git::$INDEX_ALLOCATION",
];

#[test]
fn f_16_git_in_every_spelling() {
    each_walk(all_rules, |guest| {
        guest.mkdir("vendor").unwrap();
        guest.mkdir("vendor/x").unwrap();
        for spelling in GIT_SPELLINGS {
            for path in [
                (*spelling).to_owned(),
                format!("vendor/x/{spelling}"),
                format!("{spelling}/config"),
                format!("src/../{spelling}/hooks/x"),
            ] {
                guest.assert_out_of_reach(&path);
            }
            assert!(guest.symlink(&format!("../{spelling}/config"), "src/l").is_err());
            assert!(guest.rename("vendor/x", &format!("vendor/{spelling}")).is_err());
        }
        assert!(guest.list("vendor/x").unwrap().is_empty());
    });
}

#[test]
fn f_16_git_that_is_there_already() {
    each_walk(all_rules, |guest| {
        fs::create_dir_all(guest.on_disk("vendor/x/.git")).unwrap();
        fs::write(guest.on_disk("vendor/x/.git/config"), "[core]").unwrap();
        std::os::unix::fs::symlink(".git", guest.on_disk("vendor/x/door")).unwrap();
        std::os::unix::fs::symlink("vendor/x/.git/config", guest.on_disk("link")).unwrap();
        assert_eq!(guest.list("vendor/x").unwrap(), ["door"]);
        for path in ["vendor/x/.git/config", "vendor/x/door/config", "link"] {
            assert_eq!(guest.read(path), Err(ErrorCode::NotPermitted), "{path}");
            assert_eq!(guest.write(path, "x"), Err(ErrorCode::NotPermitted), "{path}");
        }
        // The folder around it does not move either.
        assert_eq!(guest.rename("vendor/x", "vendor/y"), Err(ErrorCode::NotPermitted));
        assert_eq!(guest.rename("vendor", "src/vendor"), Err(ErrorCode::NotPermitted));
        assert_eq!(fs::read_to_string(guest.on_disk("vendor/x/.git/config")).unwrap(), "[core]");
    });
}

#[test]
fn f_17_no_git_file_can_be_put_in_place() {
    each_walk(all_rules, |guest| {
        assert!(guest.write(".git", "gitdir: /tmp/attacker").is_err());
        assert!(guest.mkdir(".git").is_err());
        assert!(guest.symlink("src", ".git").is_err());
        guest.write("src/gitfile", "gitdir: /tmp/attacker").unwrap();
        assert!(guest.rename("src/gitfile", ".git").is_err());
        assert!(!guest.on_disk(".git").exists());
    });
}

#[test]
fn f_18_twins_are_both_in_the_record() {
    each_walk(usual_rules, |guest| {
        for name in ["src/Foo", "src/foo", "src/caf\u{e9}", "src/cafe\u{301}"] {
            guest.write(name, "x").unwrap();
        }
        assert_eq!(guest.written(), ["src/Foo", "src/cafe\u{301}", "src/caf\u{e9}", "src/foo"]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever sequence of names and operations: what lies outside, and what may not be written, stays as it is.
    #[test]
    fn no_sequence_of_names_escapes(steps in prop::collection::vec((0..8_u8, name(), name()), 1..25), kernel: bool) {
        let walk = if kernel { Walk::Kernel } else { Walk::Steps };
        let mut guest = Guest::new(usual_rules(), Quotas::default(), walk);
        for (operation, one, other) in steps {
            let _ = match operation {
                0 => guest.symlink(&one, &other),
                1 => guest.rename(&one, &other),
                2 => guest.mkdir(&one),
                3 => guest.write(&one, "guest"),
                4 => guest.unlink(&one),
                5 => guest.rmdir(&one),
                6 => guest.link(&one, &other),
                _ => guest.read(&one).map(|text| assert!(text != "outside" && !text.starts_with("hidden"))),
            };
        }
        prop_assert_eq!(fs::read_to_string(guest.outside().join("secret.txt")).unwrap(), "outside");
        let beside = fs::read_dir(guest.outside()).unwrap().count();
        prop_assert_eq!(beside, 2);
        for file in ["src/protected/p.txt", "docs/d.md", "hidden/h.txt", "readme.md"] {
            prop_assert_eq!(fs::read_to_string(guest.on_disk(file)).unwrap(), file);
        }
        prop_assert!(!guest.on_disk(".git").exists());
    }
}

fn name() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => prop::sample::select(vec!["src", "out", "vendor", "x", "a.txt", "link", "link1", "protected"]),
        2 => Just(".."),
        1 => prop::sample::select(vec![".git", ".", "", "docs", "hidden", "d.md", "h.txt", "secret.txt", "repo", "p.txt"]),
    ];
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
}
