//! What is remembered between two calls is never stale.

use super::super::bindings::types::MetadataHashValue;
use super::*;

impl Guest {
    fn hash_at(&mut self, path: &str) -> (u64, u64) {
        let MetadataHashValue { lower, upper } =
            self.call(|view, root| view.metadata_hash_at(root, FOLLOW, path.to_owned())).unwrap();
        (lower, upper)
    }
}

#[test]
fn a_stat_after_a_write_is_true() {
    each_walk(all_rules, |guest| {
        let file = guest.open("src/a.txt", OpenFlags::empty(), READ | WRITE).unwrap();
        let other = guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap();
        let third = guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap();
        let size = |guest: &mut Guest, file: &Resource<Descriptor>| {
            let result = guest.view().stat(Resource::new_borrow(file.rep()));
            guest.code(result).unwrap().size
        };
        let result = guest.view().write(Resource::new_borrow(file.rep()), vec![b'x'; 20], 0);
        guest.code(result).unwrap();
        assert_eq!(size(guest, &file), 20, "the file itself");
        assert_eq!(size(guest, &other), 20, "another descriptor, opened before the write");
        assert_eq!(guest.stat("src/a.txt", none()).unwrap().size, 20, "by name");
        let result = guest.view().write_via_stream(Resource::new_borrow(file.rep()), 20);
        let stream = guest.code(result).unwrap();
        guest.stat("src/a.txt", none()).unwrap();
        guest.table.get_mut(&stream).unwrap().write(vec![b'y'; 5].into()).unwrap();
        assert_eq!(size(guest, &third), 25, "a stream writes without a call of the guard's");
        assert_eq!(guest.stat("src/a.txt", none()).unwrap().size, 25);
        let result = guest.view().set_size(Resource::new_borrow(file.rep()), 3);
        guest.code(result).unwrap();
        assert_eq!(size(guest, &file), 3);
        guest.write("src/a.txt", "").unwrap();
        assert_eq!(size(guest, &file), 0, "truncated by opening it");
    });
}

#[test]
fn what_opening_saw_is_told_once() {
    each_walk(all_rules, |guest| {
        let file = guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap();
        let size = |guest: &mut Guest| {
            let result = guest.view().stat(Resource::new_borrow(file.rep()));
            guest.code(result).unwrap().size
        };
        assert_eq!(size(guest), 9);
        // Somebody else writes, whom no generation counts.
        fs::write(guest.on_disk("src/a.txt"), "other").unwrap();
        assert_eq!(size(guest), 5);
    });
}

#[test]
fn what_opening_saw_is_not_told_after_a_command() {
    each_walk(all_rules, |guest| {
        let file = guest.open("src/a.txt", OpenFlags::empty(), READ).unwrap();
        fs::write(guest.on_disk("src/a.txt"), "other").unwrap();
        guest.files.forget();
        let result = guest.view().stat(Resource::new_borrow(file.rep()));
        assert_eq!(guest.code(result).unwrap().size, 5);
    });
}

#[test]
fn an_identity_is_remembered_for_the_next_call_alone() {
    each_walk(all_rules, |guest| {
        let root = guest.root();
        let fd = || Resource::new_borrow(root.rep());
        fs::write(guest.on_disk("src/b.txt"), "b").unwrap();
        let a = guest.hash_at("src/a.txt");
        let b = guest.hash_at("src/b.txt");
        assert_ne!(a, b);
        let hash = |guest: &mut Guest, path: &str| {
            let result = guest.view().metadata_hash_at(fd(), FOLLOW, path.into());
            let value = guest.code(result).unwrap();
            (value.lower, value.upper)
        };
        // The pair that a guest's library makes: one answer for both.
        let result = guest.view().stat_at(fd(), FOLLOW, "src/a.txt".into());
        guest.code(result).unwrap();
        assert_eq!(hash(guest, "src/a.txt"), a);
        // Another name, or the same one after a rename, is asked for anew.
        let result = guest.view().stat_at(fd(), FOLLOW, "src/a.txt".into());
        guest.code(result).unwrap();
        assert_eq!(hash(guest, "src/b.txt"), b);
        let result = guest.view().stat_at(fd(), FOLLOW, "src/a.txt".into());
        guest.code(result).unwrap();
        let result = guest.view().rename_at(fd(), "src/b.txt".into(), fd(), "src/a.txt".into());
        guest.code(result).unwrap();
        assert_eq!(hash(guest, "src/a.txt"), b);
        // Nor is it kept beyond a question about something else, in case somebody else puts another file in its place.
        hash(guest, "src/a.txt");
        hash(guest, "src/protected");
        fs::write(guest.on_disk("src/c.txt"), "c").unwrap();
        fs::rename(guest.on_disk("src/c.txt"), guest.on_disk("src/a.txt")).unwrap();
        assert_ne!(hash(guest, "src/a.txt"), b);
    });
}

#[test]
fn a_stat_is_remembered_for_the_next_call_alone() {
    each_walk(all_rules, |guest| {
        std::os::unix::fs::symlink("a.txt", guest.on_disk("src/l")).unwrap();
        let root = guest.root();
        let writer = guest.open("src/a.txt", OpenFlags::empty(), WRITE).unwrap();
        let fd = || Resource::new_borrow(root.rep());
        let ask = |guest: &mut Guest, path: &str, flags| {
            let result = guest.view().metadata_hash_at(fd(), flags, path.into());
            guest.code(result).unwrap();
        };
        let size = |guest: &mut Guest, path: &str, flags| {
            let result = guest.view().stat_at(fd(), flags, path.into());
            guest.code(result).unwrap().size
        };
        // The pair in the other order; asked a second time, it is looked up.
        ask(guest, "src/a.txt", none());
        fs::write(guest.on_disk("src/a.txt"), "not seen for a moment").unwrap();
        size(guest, "src/a.txt", FOLLOW);
        assert_eq!(size(guest, "src/a.txt", FOLLOW), 21);
        fs::write(guest.on_disk("src/a.txt"), "used once").unwrap();
        // Looking it up remembered it again, and the guest's own writes make that stale, also through a stream.
        let result = guest.view().write_via_stream(Resource::new_borrow(writer.rep()), 0);
        let stream = guest.code(result).unwrap();
        ask(guest, "src/a.txt", none());
        guest.table.get_mut(&stream).unwrap().write(vec![b'x'; 30].into()).unwrap();
        assert_eq!(size(guest, "src/a.txt", FOLLOW), 30);
        ask(guest, "src/a.txt", none());
        let result = guest.view().set_size(Resource::new_borrow(writer.rep()), 2);
        guest.code(result).unwrap();
        assert_eq!(size(guest, "src/a.txt", FOLLOW), 2);
        ask(guest, "src/a.txt", none());
        guest.write("src/a.txt", "123").unwrap();
        assert_eq!(size(guest, "src/a.txt", FOLLOW), 3);
        ask(guest, "src/a.txt", none());
        guest.unlink("src/a.txt").unwrap();
        assert_eq!(guest.stat("src/a.txt", none()).unwrap_err(), ErrorCode::NoEntry);
        // A link and what it leads to are not taken for each other.
        guest.write("src/a.txt", "1234").unwrap();
        ask(guest, "src/l", none());
        assert_eq!(size(guest, "src/l", FOLLOW), 4);
        ask(guest, "src/l", FOLLOW);
        assert_eq!(size(guest, "src/l", none()), 5, "the length of its text");
    });
}

#[test]
fn an_entry_and_its_file_have_one_identity() {
    each_walk(all_rules, |guest| {
        let directory = guest.open("src", OpenFlags::DIRECTORY, READ).unwrap();
        let fd = || Resource::new_borrow(directory.rep());
        let result = guest.view().read_directory(fd());
        let stream = guest.code(result).unwrap();
        let result = guest.view().read_directory_entry(Resource::new_borrow(stream.rep()));
        let entry = guest.code(result).unwrap().unwrap();
        let result = guest.view().metadata_hash_at(fd(), none(), entry.name.clone());
        let remembered = guest.code(result).unwrap();
        let asked = guest.hash_at(&format!("src/{}", entry.name));
        assert_eq!((remembered.lower, remembered.upper), asked);
        let result = guest.view().open_at(fd(), none(), entry.name, OpenFlags::empty(), READ);
        let opened = guest.code(result).unwrap();
        let result = guest.view().metadata_hash(Resource::new_borrow(opened.rep()));
        let of_open = guest.code(result).unwrap();
        assert_eq!((of_open.lower, of_open.upper), asked);
    });
}

#[test]
fn a_directory_that_moved_is_not_worked_in() {
    each_walk(all_rules, |guest| {
        guest.mkdir("src/d").unwrap();
        guest.write("src/d/f", "old").unwrap();
        guest.stat("src/d/f", none()).unwrap();
        guest.rename("src/d", "src/e").unwrap();
        assert_eq!(guest.stat("src/d/f", none()).unwrap_err(), ErrorCode::NoEntry);
        guest.mkdir("src/d").unwrap();
        guest.symlink("../a.txt", "src/d/f").unwrap();
        assert_eq!(guest.stat("src/d/f", FOLLOW).unwrap().size, 9);
        assert_eq!(guest.stat("src/e/f", none()).unwrap().size, 3);
        guest.unlink("src/e/f").unwrap();
        guest.rmdir("src/e").unwrap();
        assert_eq!(guest.stat("src/e/f", none()).unwrap_err(), ErrorCode::NoEntry);
    });
}

#[test]
fn a_link_that_was_replaced_is_followed_anew() {
    each_walk(all_rules, |guest| {
        guest.write("out/a.txt", "in out").unwrap();
        guest.symlink("src", "link").unwrap();
        assert_eq!(guest.stat("link/a.txt", none()).unwrap().size, 9);
        guest.unlink("link").unwrap();
        guest.symlink("out", "link").unwrap();
        assert_eq!(guest.stat("link/a.txt", none()).unwrap().size, 6);
        guest.symlink("src", "other").unwrap();
        assert_eq!(guest.stat("link/a.txt", none()).unwrap().size, 6);
        guest.rename("other", "link").unwrap();
        assert_eq!(guest.stat("link/a.txt", none()).unwrap().size, 9);
    });
}
