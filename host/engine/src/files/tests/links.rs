//! Links that are there, and links that the guest makes.

use super::*;
use std::os::unix::fs::symlink;

#[test]
fn f_03_links_out_of_the_tree() {
    each_walk(all_rules, |guest| {
        let absolute = guest.outside().join("secret.txt");
        symlink("../secret.txt", guest.on_disk("relative")).unwrap();
        symlink(&absolute, guest.on_disk("absolute")).unwrap();
        symlink("relative", guest.on_disk("chain")).unwrap();
        symlink("..", guest.on_disk("door")).unwrap();
        symlink("src/../../secret.txt", guest.on_disk("winding")).unwrap();
        for path in ["relative", "absolute", "chain", "door/secret.txt", "winding"] {
            assert_eq!(guest.read(path), Err(ErrorCode::NotPermitted), "{path}");
            assert_eq!(guest.write(path, "x"), Err(ErrorCode::NotPermitted), "{path}");
            assert_eq!(guest.stat(path, FOLLOW).unwrap_err(), ErrorCode::NotPermitted, "{path}");
        }
        assert!(guest.list("door").is_err());
        assert!(guest.unlink("door/secret.txt").is_err());
        assert!(guest.rename("src/a.txt", "door/stolen").is_err());
        assert!(guest.mkdir("door/new").is_err());
        for link in ["relative", "absolute", "door"] {
            assert_eq!(
                guest.readlink(link),
                Err(ErrorCode::NotPermitted),
                "{link}: a target outside tells about the host"
            );
        }
        assert_eq!(fs::read_to_string(absolute).unwrap(), "outside");
    });
}

#[test]
fn f_03_loops_end() {
    each_walk(all_rules, |guest| {
        symlink("two", guest.on_disk("one")).unwrap();
        symlink("one", guest.on_disk("two")).unwrap();
        symlink("wide/x/../x/../x/../x/../wide", guest.on_disk("wide")).unwrap();
        for path in ["one", "two", "one/x", "wide"] {
            assert_eq!(guest.read(path), Err(ErrorCode::Loop), "{path}");
            assert!(guest.stat(path, FOLLOW).is_err(), "{path}");
        }
    });
}

#[test]
fn links_within_the_tree_work() {
    each_walk(usual_rules, |guest| {
        symlink("src/a.txt", guest.on_disk("link")).unwrap();
        symlink("src", guest.on_disk("link-dir")).unwrap();
        symlink("../src/./a.txt", guest.on_disk("out/up")).unwrap();
        for path in ["link", "link-dir/a.txt", "out/up", "link-dir/../src/a.txt"] {
            assert_eq!(guest.read(path).unwrap(), "src/a.txt", "{path}");
            assert_eq!(guest.stat(path, FOLLOW).unwrap().size, 9, "{path}");
        }
        assert_eq!(guest.readlink("link").unwrap(), "src/a.txt");
        assert_eq!(
            guest.stat("link", none()).unwrap().type_,
            super::super::bindings::types::DescriptorType::SymbolicLink
        );
        assert_eq!(guest.open_with("link", none(), OpenFlags::empty(), READ).unwrap_err(), ErrorCode::Loop);
        guest.write("link-dir/new.txt", "x").unwrap();
        assert_eq!(guest.written(), ["src/new.txt"], "recorded where it is");
        guest.unlink("link-dir/new.txt").unwrap();
        assert!(!guest.on_disk("src/new.txt").exists());
    });
}

#[test]
fn f_15_links_that_escape_can_not_be_made() {
    each_walk(usual_rules, |guest| {
        for target in [
            "/etc/passwd",
            "../../secret.txt",
            "x/../../../secret.txt",
            "x/..",
            "../.git/config",
            ".git",
            "../hidden/h.txt",
            "../docs/d.md",
            "protected/p.txt",
            "",
            "a\0b",
        ] {
            assert!(guest.symlink(target, "src/l").is_err(), "{target:?}");
        }
        assert_eq!(fs::read_dir(guest.on_disk("src")).unwrap().count(), 2);
        guest.symlink("a.txt", "src/l").unwrap();
        guest.symlink("../src/a.txt", "out/l").unwrap();
        assert_eq!(guest.read("out/l").unwrap(), "src/a.txt");
        assert_eq!(guest.written(), ["out/l", "src/l"]);
    });
}

#[test]
fn f_15_a_link_is_judged_again_where_it_moves_to() {
    each_walk(all_rules, |guest| {
        guest.mkdir("src/deep").unwrap();
        guest.symlink("../../out", "src/deep/l").unwrap();
        assert_eq!(guest.rename("src/deep/l", "l"), Err(ErrorCode::NotPermitted));
        // The folder around it would take it along.
        assert_eq!(guest.rename("src/deep", "deep"), Err(ErrorCode::NotPermitted));
        guest.mkdir("out/near").unwrap();
        guest.rename("src/deep", "out/near/deep").unwrap();
        guest.mkdir("src/d").unwrap();
        guest.mkdir("src/d/e").unwrap();
        guest.symlink("../../../out", "src/d/e/l").unwrap();
        assert_eq!(guest.rename("src/d/e", "e"), Err(ErrorCode::NotPermitted));
    });
}

#[test]
fn f_21_through_a_folder_link() {
    each_walk(usual_rules, |guest| {
        symlink("../docs", guest.on_disk("src/docs")).unwrap();
        symlink("../hidden", guest.on_disk("src/hidden")).unwrap();
        symlink("protected", guest.on_disk("src/open")).unwrap();
        assert_eq!(guest.write("src/docs/d.md", "x"), Err(ErrorCode::Access));
        assert_eq!(guest.write("src/docs/new.md", "x"), Err(ErrorCode::Access));
        assert_eq!(guest.write("src/open/p.txt", "x"), Err(ErrorCode::Access));
        assert_eq!(guest.unlink("src/docs/d.md"), Err(ErrorCode::Access));
        assert_eq!(guest.mkdir("src/docs/new"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("src/docs/d.md", "src/d.md"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("src/a.txt", "src/docs/a.txt"), Err(ErrorCode::Access));
        assert_eq!(guest.symlink("d.md", "src/docs/l"), Err(ErrorCode::Access));
        assert_eq!(guest.read("src/hidden/h.txt"), Err(ErrorCode::Access));
        assert_eq!(guest.stat("src/hidden/h.txt", FOLLOW).unwrap_err(), ErrorCode::Access);
        assert_eq!(guest.stat("src/hidden/none", FOLLOW).unwrap_err(), ErrorCode::Access, "nor whether it is there");
        assert_eq!(guest.list("src/hidden"), Err(ErrorCode::Access));
        assert_eq!(guest.read("src/docs/d.md").unwrap(), "docs/d.md", "reading is granted at both");
        assert!(guest.written().is_empty());
    });
}

#[test]
fn a_slash_behind_a_link_means_where_it_leads() {
    each_walk(all_rules, |guest| {
        guest.symlink("src", "to-folder").unwrap();
        guest.symlink("readme.md", "to-file").unwrap();
        guest.symlink("nowhere", "dangling").unwrap();
        for (path, code) in [
            ("to-folder/", ErrorCode::Invalid),
            ("to-file/", ErrorCode::NotDirectory),
            ("dangling/", ErrorCode::NoEntry),
            (".", ErrorCode::Invalid),
        ] {
            assert_eq!(guest.readlink(path), Err(code), "{path}");
        }
        assert_eq!(guest.unlink("to-folder/"), Err(ErrorCode::IsDirectory));
        assert_eq!(guest.unlink("to-file/"), Err(ErrorCode::NotDirectory));
        assert_eq!(guest.symlink("x", "to-folder/"), Err(ErrorCode::Exist));
        assert_eq!(guest.symlink("x", "to-file/"), Err(ErrorCode::NotDirectory));
        assert_eq!(guest.symlink("x", "new/"), Err(ErrorCode::NoEntry));
        let not_followed = guest.open_with("to-folder", none(), OpenFlags::DIRECTORY, READ);
        assert_eq!(not_followed.unwrap_err(), ErrorCode::Loop);
        let linked = guest.list(".").unwrap();
        assert!(["dangling", "to-file", "to-folder"].iter().all(|name| linked.iter().any(|found| found == name)));
    });
}

#[test]
fn a_slash_tells_nothing_about_what_is_out_of_reach() {
    each_walk(usual_rules, |guest| {
        let known: Vec<_> = ["hidden/", "hidden/h.txt/", "hidden/none/"].map(|path| guest.readlink(path)).into();
        assert!(known.iter().all(|answer| *answer == Err(ErrorCode::Access)), "{known:?}");
        for path in ["hidden/", "hidden/h.txt/", "hidden/none/", "docs/", "docs/d.md/", "docs/none/"] {
            assert_eq!(guest.unlink(path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.symlink("x", path), Err(ErrorCode::Access), "{path}");
        }
    });
}

#[test]
fn the_root_stays() {
    each_walk(all_rules, |guest| {
        assert_eq!(guest.rmdir("."), Err(ErrorCode::Invalid));
        assert_eq!(guest.unlink("."), Err(ErrorCode::IsDirectory));
        assert_eq!(guest.rename(".", "src/x"), Err(ErrorCode::Busy));
        assert_eq!(guest.rename("src", "."), Err(ErrorCode::Busy));
        assert!(guest.on_disk("src/a.txt").exists());
    });
}

#[test]
fn a_slash_in_what_a_link_says_asks_for_a_directory() {
    each_walk(all_rules, |guest| {
        guest.symlink("readme.md/", "to-file").unwrap();
        guest.symlink("src/", "to-folder").unwrap();
        guest.symlink("new/", "to-new").unwrap();
        assert_eq!(guest.read("to-file"), Err(ErrorCode::NotDirectory));
        assert_eq!(guest.write("to-file", "x"), Err(ErrorCode::IsDirectory));
        assert_eq!(guest.stat("to-file", FOLLOW).map(|_| ()), Err(ErrorCode::NotDirectory));
        assert_eq!(guest.write("to-new", "x"), Err(ErrorCode::IsDirectory));
        assert_eq!(guest.read("to-folder/a.txt").unwrap(), "src/a.txt");
        assert!(guest.stat("to-folder", FOLLOW).is_ok());
        assert!(!guest.on_disk("new").exists());
    });
}
