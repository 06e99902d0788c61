//! A guest that takes all it can get.

use super::super::bindings::types::{Datetime, NewTimestamp};
use super::*;

fn guest_with(quotas: Quotas) -> Guest {
    Guest::new(all_rules(), quotas, Walk::Kernel)
}

#[test]
fn f_10_extreme_sizes_and_times() {
    each_walk(all_rules, |guest| {
        let file = guest.open("src/a.txt", OpenFlags::empty(), READ | WRITE).unwrap();
        let fd = || Resource::new_borrow(file.rep());
        for size in [1 << 63, u64::MAX, i64::MAX as u64] {
            let result = guest.view().set_size(fd(), size);
            assert!(guest.code(result).is_err(), "{size}");
            let result = guest.view().write(fd(), vec![1], size);
            assert!(guest.code(result).is_err(), "{size}");
            let result = guest.view().read(fd(), 10, size);
            assert!(guest.code(result).map_or(true, |(bytes, ended)| bytes.is_empty() && ended), "{size}");
        }
        let result = guest.view().read(fd(), u64::MAX, 0);
        assert_eq!(guest.code(result).unwrap().0.len(), 9);
        let result = guest.view().read(fd(), 0, 4);
        assert_eq!(guest.code(result).unwrap(), (Vec::new(), false), "nothing, and not the end");
        for (seconds, nanoseconds) in [(u64::MAX, 0), (0, u32::MAX), (1 << 63, 999_999_999), (0, 1_000_000_000)] {
            let time = NewTimestamp::Timestamp(Datetime { seconds, nanoseconds });
            let result = guest.view().set_times(fd(), time, time);
            assert!(guest.code(result).is_err());
        }
        // Far, and still a time: the file system takes it or cuts it.
        let far = NewTimestamp::Timestamp(Datetime { seconds: i64::MAX as u64, nanoseconds: 0 });
        let result = guest.view().set_times(fd(), far, far);
        let _ = guest.code(result);
        guest.stat("src/a.txt", none()).unwrap();
        assert_eq!(fs::metadata(guest.on_disk("src/a.txt")).unwrap().len(), 9);
    });
}

#[test]
fn f_11_handles_are_counted_and_given_back() {
    let mut guest = guest_with(Quotas { handles: 20, ..Quotas::default() });
    for _ in 0..3 {
        let mut open = Vec::new();
        let refused = loop {
            match guest.open("src/a.txt", OpenFlags::empty(), READ) {
                Ok(file) => open.push(file),
                Err(code) => break code,
            }
        };
        assert_eq!((open.len(), refused), (20, ErrorCode::Quota));
        assert!(fs::File::open(guest.on_disk("src/a.txt")).is_ok(), "the host can still open files");
        // A stream keeps the file open after its descriptor is gone.
        let file = open.pop().unwrap();
        let result = guest.view().read_via_stream(Resource::new_borrow(file.rep()), 0);
        let stream = guest.code(result).unwrap();
        guest.drop_descriptor(file);
        assert_eq!(guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap_err(), ErrorCode::Quota);
        drop(guest.table.delete(stream).unwrap());
        open.push(guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap());
        open.into_iter().for_each(|file| guest.drop_descriptor(file));
    }
}

#[test]
fn f_11_a_full_resource_table_is_no_trap() {
    let mut guest = guest_with(Quotas::default());
    let root = guest.root();
    guest.table.set_max_capacity(5);
    let mut opened = 0;
    let refused = loop {
        let fd = Resource::new_borrow(root.rep());
        let result = guest.view().open_at(fd, none(), "src/a.txt".into(), OpenFlags::empty(), READ);
        match guest.code(result) {
            Ok(_) => opened += 1,
            Err(code) => break code,
        }
        assert!(opened < 10);
    };
    assert_eq!(refused, ErrorCode::Quota);
}

#[test]
fn f_12_bytes_sparse_files_and_appending() {
    let mut guest = guest_with(Quotas { bytes_written: 1000, ..Quotas::default() });
    guest.write("src/one", &"x".repeat(600)).unwrap();
    assert_eq!(guest.write("src/two", &"x".repeat(600)), Err(ErrorCode::Quota));
    let file = guest.open("src/sparse", OpenFlags::CREATE, WRITE).unwrap();
    let fd = || Resource::new_borrow(file.rep());
    for size in [1 << 60, 401] {
        let result = guest.view().set_size(fd(), size);
        assert_eq!(guest.code(result), Err(ErrorCode::Quota), "a hole is paid for");
        let result = guest.view().write(fd(), vec![0], size);
        assert_eq!(guest.code(result), Err(ErrorCode::Quota));
    }
    let result = guest.view().set_size(fd(), 300);
    guest.code(result).unwrap();
    let result = guest.view().write(fd(), vec![0; 50], 250);
    guest.code(result).unwrap();
    guest.unlink("src/one").unwrap();
    let result = guest.view().append_via_stream(fd());
    let stream = guest.code(result).unwrap();
    let output = guest.table.get_mut(&stream).unwrap();
    assert_eq!(output.check_write().unwrap(), 50);
    output.write(vec![0; 50].into()).unwrap();
    output.flush().unwrap();
    let error = output.write(vec![0].into()).unwrap_err();
    let wasmtime_wasi_io::streams::StreamError::LastOperationFailed(error) = error else { panic!("{error:?}") };
    assert!(output.check_write().is_err(), "closed");
    let error = guest.table.push(error).unwrap();
    let code = guest.view().filesystem_error_code(error).unwrap();
    assert_eq!(code, Some(ErrorCode::Quota), "a stream's error has its code too");
    let result = guest.view().write_via_stream(fd(), 0).map(|_| ());
    assert_eq!(guest.code(result), Err(ErrorCode::Quota), "what a C library understands");
    assert_eq!(guest.files.record().bytes_written, 1000);
    assert_eq!(fs::metadata(guest.on_disk("src/sparse")).unwrap().len(), 350);
}

#[test]
fn f_12_files_folders_and_links() {
    let mut guest = guest_with(Quotas { created: 30, ..Quotas::default() });
    let mut path = "src".to_owned();
    for _ in 0..10 {
        path.push_str("/d");
        guest.mkdir(&path).unwrap();
    }
    for n in 0..10 {
        guest.write(&format!("src/{n}"), "").unwrap();
        guest.symlink("a.txt", &format!("src/l{n}")).unwrap();
        guest.unlink(&format!("src/{n}")).unwrap();
    }
    assert_eq!(guest.mkdir("src/more"), Err(ErrorCode::Quota));
    assert_eq!(guest.symlink("a.txt", "src/more"), Err(ErrorCode::Quota));
    assert_eq!(guest.write("src/more", "x"), Err(ErrorCode::Quota));
    assert_eq!(guest.open("src/more", OpenFlags::CREATE | OpenFlags::EXCLUSIVE, WRITE).unwrap_err(), ErrorCode::Quota);
    guest.write("src/a.txt", "what is there can still be written").unwrap();
}

#[test]
fn f_12_folders_do_not_nest_for_ever() {
    let mut guest = guest_with(Quotas::default());
    let mut path = "src".to_owned();
    let code = loop {
        path.push_str("/d");
        if let Err(code) = guest.mkdir(&path) {
            break code;
        }
    };
    assert_eq!(code, ErrorCode::NameTooLong);
    // Nor by moving one nest into the other.
    guest.mkdir("out/x").unwrap();
    guest.mkdir("out/x/y").unwrap();
    let deepest = format!("{}/x", &path[..path.len() - 4]);
    assert_eq!(guest.rename("out/x", &deepest), Err(ErrorCode::NameTooLong));
}

#[test]
fn f_19_large_directories_come_in_batches() {
    let mut guest = guest_with(Quotas { entries_listed: 150_000, ..Quotas::default() });
    let many = guest.on_disk("many");
    fs::create_dir(&many).unwrap();
    for n in 0..5_000 {
        fs::write(many.join(format!("file-{n}")), "").unwrap();
    }
    fs::write(many.join("bell\u{7}\u{1b}[31m"), "").unwrap();
    assert_eq!(guest.list("many").unwrap().len(), 5_000, "names with control characters are not for the guest to name");
    assert_eq!(guest.files.record().skipped_names, 1);
    let last = (0..40).find_map(|_| guest.list("many").err());
    assert_eq!(last, Some(ErrorCode::Quota));
}

#[test]
fn f_19_denials_are_bounded_and_escaped() {
    let mut guest = guest_with(Quotas::default());
    for n in 0..500 {
        assert!(guest.read(&format!("../\u{1b}[2J{n}")).is_err());
        assert!(guest.read(&"../".repeat(1000)).is_err());
    }
    let record = guest.files.record();
    assert_eq!((record.denied.len(), record.denied_count), (100, 1000));
    assert!(record.denied.iter().all(|d| d.path.len() < 2_600 && d.path.chars().all(|c| !c.is_control())));
}

#[test]
fn f_12_a_file_that_is_moved_about_counts_each_time() {
    let mut guest = guest_with(Quotas { created: 10, ..Quotas::default() });
    let moves = |guest: &mut Guest, from: &str, to: &str| {
        let other = guest.root();
        let (from, to) = (from.to_owned(), to.to_owned());
        guest.call(|view, root| view.rename_at(root, from, other, to))
    };
    let refused = (0..100).find_map(|n| {
        let from = if n == 0 { "src/a.txt".to_owned() } else { format!("src/{}.txt", n - 1) };
        moves(&mut guest, &from, &format!("src/{n}.txt")).err().map(|code| (n, code))
    });
    assert_eq!(refused, Some((10, ErrorCode::Quota)));
    assert!(guest.on_disk("src/9.txt").exists() && !guest.on_disk("src/10.txt").exists());
    assert_eq!(guest.files.record().removed.len(), 10);
    // A move that fails is given back.
    let mut guest = guest_with(Quotas { created: 1, ..Quotas::default() });
    fs::create_dir_all(guest.on_disk("out/full/x")).unwrap();
    assert!(moves(&mut guest, "src/a.txt", "out/full").is_err());
    moves(&mut guest, "src/a.txt", "src/b.txt").unwrap();
}
