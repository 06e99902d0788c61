//! Only regular files and directories are opened.

use super::super::bindings::types::Advice;
use super::*;
use rustix::fs::{CWD, Mode, mkfifoat};

#[test]
fn f_14_fifos_sockets_and_devices() {
    each_walk(all_rules, |guest| {
        let fifo = guest.on_disk("src/fifo");
        mkfifoat(CWD, &fifo, Mode::from_raw_mode(0o666)).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(guest.on_disk("src/socket")).unwrap();
        std::os::unix::fs::symlink("fifo", guest.on_disk("src/to-fifo")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", guest.on_disk("src/to-zero")).unwrap();
        for path in ["src/fifo", "src/socket", "src/to-fifo", "src/to-zero"] {
            for access in [READ, WRITE, READ | WRITE, DescriptorFlags::empty()] {
                assert_eq!(
                    guest.open(path, OpenFlags::empty(), access).unwrap_err(),
                    ErrorCode::NotPermitted,
                    "{path} {access:?}"
                );
            }
            assert_eq!(
                guest.open(path, OpenFlags::CREATE | OpenFlags::TRUNCATE, WRITE).unwrap_err(),
                ErrorCode::NotPermitted,
                "{path}"
            );
        }
        assert_eq!(guest.rename("src/fifo", "src/fifo2"), Err(ErrorCode::NotPermitted));
        assert_eq!(guest.list("src").unwrap(), ["a.txt", "fifo", "protected", "socket", "to-fifo", "to-zero"]);
        assert!(guest.stat("src/fifo", none()).is_ok(), "looking at it opens nothing");
    });
}

#[test]
fn directories_are_not_files() {
    each_walk(all_rules, |guest| {
        assert_eq!(guest.open("src", OpenFlags::empty(), WRITE).unwrap_err(), ErrorCode::IsDirectory);
        assert_eq!(
            guest.open("src", OpenFlags::CREATE | OpenFlags::TRUNCATE, WRITE).unwrap_err(),
            ErrorCode::IsDirectory
        );
        assert_eq!(guest.open("src/a.txt", OpenFlags::DIRECTORY, READ).unwrap_err(), ErrorCode::NotDirectory);
        assert_eq!(guest.open("src/a.txt/x", OpenFlags::empty(), READ).unwrap_err(), ErrorCode::NotDirectory);
        assert_eq!(
            guest.open("src/a.txt", OpenFlags::CREATE | OpenFlags::EXCLUSIVE, WRITE).unwrap_err(),
            ErrorCode::Exist
        );
        assert_eq!(guest.open("none", OpenFlags::empty(), READ).unwrap_err(), ErrorCode::NoEntry);
        assert_eq!(guest.unlink("src"), Err(ErrorCode::IsDirectory));
        assert_eq!(guest.rmdir("src"), Err(ErrorCode::NotEmpty));
        assert_eq!(guest.rmdir("src/a.txt"), Err(ErrorCode::NotDirectory));
        let directory = guest.open("src", OpenFlags::empty(), READ).unwrap();
        let fd = || Resource::new_borrow(directory.rep());
        let result = guest.view().read_via_stream(fd(), 0);
        assert_eq!(guest.code(result).unwrap_err(), ErrorCode::IsDirectory);
        let results = [
            guest.view().read(fd(), 1, 0).map(|_| ()),
            guest.view().write(fd(), vec![1], 0).map(|_| ()),
            guest.view().set_size(fd(), 0),
            guest.view().write_via_stream(fd(), 0).map(|_| ()),
            guest.view().append_via_stream(fd()).map(|_| ()),
        ];
        for result in results {
            assert_eq!(guest.code(result), Err(ErrorCode::BadDescriptor));
        }
        let file = guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap();
        let result = guest.view().stat_at(Resource::new_borrow(file.rep()), none(), "x".into());
        assert_eq!(guest.code(result).map(|_| ()), Err(ErrorCode::NotDirectory));
    });
}

#[test]
fn what_makes_files_makes_no_directories() {
    each_walk(all_rules, |guest| {
        for flags in [OpenFlags::CREATE, OpenFlags::EXCLUSIVE, OpenFlags::TRUNCATE] {
            for path in ["src", "src/new", "src/a.txt"] {
                assert_eq!(guest.open(path, OpenFlags::DIRECTORY | flags, READ).unwrap_err(), ErrorCode::Invalid);
            }
        }
        assert_eq!(guest.open("src/new/", OpenFlags::CREATE, WRITE).unwrap_err(), ErrorCode::IsDirectory);
        assert_eq!(guest.read("src/a.txt").unwrap(), "src/a.txt");
    });
}

#[test]
fn codes_of_what_can_not_be_are_linuxs() {
    each_walk(all_rules, |guest| {
        let reader = guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap();
        let result = guest.view().set_size(Resource::new_borrow(reader.rep()), 1);
        assert_eq!(guest.code(result), Err(ErrorCode::Invalid));
        let file = guest.open("src/a.txt", OpenFlags::empty(), WRITE).unwrap();
        for offset in [u64::MAX, i64::MAX as u64] {
            let result = guest.view().write(Resource::new_borrow(file.rep()), vec![1], offset);
            assert_eq!(guest.code(result), Err(ErrorCode::Invalid), "{offset}");
        }
        let result = guest.view().set_size(Resource::new_borrow(file.rep()), u64::MAX);
        assert_eq!(guest.code(result), Err(ErrorCode::Invalid));
        let result = guest.view().advise(Resource::new_borrow(file.rep()), u64::MAX, 0, Advice::Normal);
        assert_eq!(guest.code(result), Err(ErrorCode::Invalid));
    });
}

#[test]
fn without_a_tree_there_is_no_directory() {
    let mut files = Files::new(None);
    let mut table = ResourceTable::new();
    let mut view = FilesCtxView { files: &mut files, table: &mut table };
    assert!(view.get_directories().unwrap().is_empty());
    assert_eq!(files.take_record(), crate::files::FileRecord::default());
}

#[test]
fn a_tree_needs_a_directory() {
    let outer = TempDir::new().unwrap();
    assert!(Tree::open(&outer.path().join("none"), all_rules(), Quotas::default()).is_err());
    assert!(Tree::open(outer.path(), all_rules(), Quotas::default()).is_ok());
}
