//! Moving, linking and writing between places with different rights.

use super::*;

#[test]
fn the_rules_hold() {
    each_walk(usual_rules, |guest| {
        assert_eq!(guest.read("docs/d.md").unwrap(), "docs/d.md");
        assert_eq!(guest.write("docs/d.md", "x"), Err(ErrorCode::Access));
        assert_eq!(guest.read("hidden/h.txt"), Err(ErrorCode::Access));
        assert_eq!(guest.read("hidden/none"), Err(ErrorCode::Access), "nor whether it is there");
        assert_eq!(guest.write("src/protected/p.txt", "x"), Err(ErrorCode::Access));
        assert_eq!(guest.read("src/protected/p.txt").unwrap(), "src/protected/p.txt");
        assert_eq!(guest.list("").unwrap_err(), ErrorCode::NoEntry);
        assert_eq!(guest.list(".").unwrap(), ["docs", "out", "readme.md", "src"]);
        assert_eq!(guest.list("hidden"), Err(ErrorCode::Access));
        guest.write("src/new.txt", "x").unwrap();
        assert_eq!(guest.mkdir("src"), Err(ErrorCode::Exist));
        assert_eq!(guest.mkdir("docs"), Err(ErrorCode::Exist), "no denial: it is there");
        let record = guest.files.record();
        assert_eq!(record.written.len(), 1);
        assert_eq!((record.read_count, record.bytes_read, record.bytes_written), (2, 28, 1));
        assert!(record.denied.iter().all(|denial| denial.operation != "create-directory-at"));
    });
}

#[test]
fn a_denial_tells_nothing_about_what_is_there() {
    each_walk(usual_rules, |guest| {
        for path in ["hidden/h.txt", "hidden/none", "hidden/h.txt/x", "hidden/none/x", "hidden", "none/x"] {
            assert_eq!(guest.read(path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.stat(path, FOLLOW).unwrap_err(), ErrorCode::Access, "{path}");
            assert_eq!(guest.write(path, "x"), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.list(path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.unlink(path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.mkdir(path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.rmdir(path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.readlink(path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.rename(path, "src/x"), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.rename("src/a.txt", path), Err(ErrorCode::Access), "{path}");
            assert_eq!(guest.symlink("a", path), Err(ErrorCode::Access), "{path}");
        }
    });
}

#[test]
fn protected_is_lifted_by_its_grant() {
    for walk in [Walk::Kernel, Walk::Steps] {
        let rules = Rules { may_write_protected: true, ..usual_rules() };
        let mut guest = Guest::new(rules, Quotas::default(), walk);
        guest.write("src/protected/p.txt", "x").unwrap();
        assert_eq!(guest.written(), ["src/protected/p.txt"]);
    }
}

#[test]
fn f_08_read_only_means_nothing_changes() {
    each_walk(usual_rules, |guest| {
        let before = fs::metadata(guest.on_disk("docs/d.md")).unwrap();
        for (open, access) in [
            (OpenFlags::TRUNCATE, READ),
            (OpenFlags::TRUNCATE, WRITE),
            (OpenFlags::CREATE, READ),
            (OpenFlags::CREATE | OpenFlags::TRUNCATE, READ),
            (OpenFlags::empty(), WRITE),
            (OpenFlags::empty(), READ | WRITE),
        ] {
            assert_eq!(guest.open("docs/d.md", open, access).unwrap_err(), ErrorCode::Access);
        }
        assert_eq!(guest.open("docs/new.md", OpenFlags::CREATE, READ).unwrap_err(), ErrorCode::Access);
        let file = guest.open("docs/d.md", OpenFlags::empty(), READ).unwrap();
        let fd = || Resource::new_borrow(file.rep());
        let result = guest.view().set_size(fd(), 0);
        assert_eq!(guest.code(result), Err(ErrorCode::Invalid));
        let result = guest.view().write(fd(), vec![1], 0);
        assert_eq!(guest.code(result), Err(ErrorCode::BadDescriptor));
        let result = guest.view().write_via_stream(fd(), 0).map(|_| ());
        assert_eq!(guest.code(result), Err(ErrorCode::BadDescriptor));
        let result = guest.view().append_via_stream(fd()).map(|_| ());
        assert_eq!(guest.code(result), Err(ErrorCode::BadDescriptor));
        use super::super::bindings::types::NewTimestamp::Now;
        let result = guest.view().set_times(fd(), Now, Now);
        assert_eq!(guest.code(result), Err(ErrorCode::Access));
        let result = guest.call(|view, root| view.set_times_at(root, FOLLOW, "docs/d.md".into(), Now, Now));
        assert_eq!(result, Err(ErrorCode::Access));
        assert_eq!(guest.unlink("docs/d.md"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("docs/d.md", "docs/e.md"), Err(ErrorCode::Access));
        let after = fs::metadata(guest.on_disk("docs/d.md")).unwrap();
        assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
        assert!(guest.written().is_empty());
    });
}

#[test]
fn f_09_no_way_between_grants() {
    each_walk(usual_rules, |guest| {
        assert_eq!(guest.rename("docs/d.md", "src/d.md"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("src/a.txt", "docs/a.txt"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("docs", "src/docs"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("hidden", "src/seen"), Err(ErrorCode::Access));
        assert_eq!(guest.link("docs/d.md", "src/d.md"), Err(ErrorCode::NotPermitted));
        assert_eq!(guest.link("src/a.txt", "docs/a.md"), Err(ErrorCode::NotPermitted));
        assert_eq!(guest.link("src/a.txt", "src/b.txt"), Err(ErrorCode::NotPermitted));
        // A hard link that was there already is another name of something that may not be written.
        fs::hard_link(guest.on_disk("docs/d.md"), guest.on_disk("src/twin")).unwrap();
        assert_eq!(guest.write("src/twin", "x"), Err(ErrorCode::NotPermitted));
        assert_eq!(fs::read_to_string(guest.on_disk("docs/d.md")).unwrap(), "docs/d.md");
    });
}

#[test]
fn f_09_a_write_only_place_is_no_way_to_read() {
    for walk in [Walk::Kernel, Walk::Steps] {
        let rules = Rules { read: layers(&["src/**"]), write: layers(&["src/**", "hidden/**"]), ..Rules::default() };
        let mut guest = Guest::new(rules, Quotas::default(), walk);
        assert_eq!(guest.read("hidden/h.txt"), Err(ErrorCode::Access));
        assert_eq!(guest.open("hidden/h.txt", OpenFlags::empty(), READ | WRITE).unwrap_err(), ErrorCode::Access);
        assert_eq!(guest.rename("hidden/h.txt", "src/h.txt"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("hidden", "src/hidden"), Err(ErrorCode::Access));
        assert_eq!(guest.symlink("../hidden/h.txt", "src/l"), Err(ErrorCode::NotPermitted));
        guest.write("hidden/new.txt", "x").unwrap();
    }
}

#[test]
fn f_21_a_folder_takes_nothing_protected_along() {
    each_walk(usual_rules, |guest| {
        assert_eq!(guest.rename("src", "out/src"), Err(ErrorCode::Access));
        assert_eq!(guest.rename("src/protected", "out/protected"), Err(ErrorCode::Access));
        guest.mkdir("out/p").unwrap();
        guest.write("out/p/evil", "x").unwrap();
        assert_eq!(guest.rename("out/p", "src/protected/p"), Err(ErrorCode::Access));
        assert_eq!(guest.read("src/protected/p.txt").unwrap(), "src/protected/p.txt");
    });
}

#[test]
fn f_21_a_renamed_parent_keeps_no_rights() {
    each_walk(usual_rules, |guest| {
        guest.mkdir("src/work").unwrap();
        let work = guest.open("src/work", OpenFlags::DIRECTORY, READ).unwrap();
        // Somebody else, a command perhaps, moves the folder that the guest holds open.
        fs::rename(guest.on_disk("src/work"), guest.on_disk("docs/work")).unwrap();
        let flags = OpenFlags::CREATE;
        let result = guest.view().open_at(Resource::new_borrow(work.rep()), none(), "new.txt".into(), flags, WRITE);
        assert_eq!(guest.code(result.map(|_| ())), Err(ErrorCode::NoEntry));
        assert!(!guest.on_disk("docs/work/new.txt").exists());
    });
}

#[test]
fn moves_within_one_class_are_recorded() {
    each_walk(usual_rules, |guest| {
        guest.mkdir("src/d").unwrap();
        guest.mkdir("src/d/e").unwrap();
        guest.write("src/d/one", "1").unwrap();
        guest.write("src/d/e/two", "2").unwrap();
        guest.rename("src/d", "out/d").unwrap();
        guest.rename("src/a.txt", "out/a.txt").unwrap();
        assert_eq!(guest.read("out/d/e/two").unwrap(), "2");
        assert_eq!(guest.written(), ["out/a.txt", "out/d/e/two", "out/d/one"]);
        guest.unlink("out/a.txt").unwrap();
        let removed: Vec<_> = guest.files.record().removed.iter().map(ToString::to_string).collect();
        assert_eq!(removed, ["out/a.txt", "src/a.txt", "src/d/e/two", "src/d/one"]);
        assert_eq!(guest.rename("out/d", "out/d/inside"), Err(ErrorCode::Invalid));
        assert_eq!(guest.rename("out/d", "."), Err(ErrorCode::Busy));
    });
}
