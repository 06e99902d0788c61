//! Removing.

use super::prelude::*;

fn a_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    t.is("unlink", d.unlink_file_at("file"), "ok");
    t.is("gone", kind(&d, "file"), "no-entry");
    t.is("again", d.unlink_file_at("file"), "no-entry");
}

fn a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    t.is("remove", d.remove_directory_at("dir"), "ok");
    t.is("gone", kind(&d, "dir"), "no-entry");
    t.is("again", d.remove_directory_at("dir"), "no-entry");
}

fn a_directory_with_something_in_it(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "dir/file", "text");
    t.is("remove", d.remove_directory_at("dir"), "not-empty");
    t.is("kept", get(&d, "dir/file"), "text");
    d.unlink_file_at("dir/file").unwrap();
    t.is("once it is empty", d.remove_directory_at("dir"), "ok");
}

fn a_file_as_a_directory(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    t.is("remove", d.remove_directory_at("file"), "not-directory");
    t.is("kept", get(&d, "file"), "text");
}

fn a_directory_as_a_file(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    t.is("unlink", d.unlink_file_at("dir"), "is-directory");
    t.is("kept", kind(&d, "dir"), "directory");
}

fn a_link(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.symlink_at("file", "link").unwrap();
    t.is("unlink", d.unlink_file_at("link"), "ok");
    t.is("the file stays", get(&d, "file"), "text");
    d.symlink_at("none", "dangling").unwrap();
    t.is("a dangling one", d.unlink_file_at("dangling"), "ok");
    t.is("left", names(&d), "file");
}

fn a_link_to_a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    d.symlink_at("dir", "link").unwrap();
    t.is("as a directory", d.remove_directory_at("link"), "not-directory");
    t.is("as a directory, with a slash", d.remove_directory_at("link/"), "invalid");
    t.is("as a file, with a slash", d.unlink_file_at("link/"), "is-directory");
    t.is("as a file", d.unlink_file_at("link"), "ok");
    t.is("left", names(&d), "dir");
}

fn beneath_a_link(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "dir/file", "text");
    add(&d, "dir/sub");
    d.symlink_at("dir", "link").unwrap();
    t.is("a file", d.unlink_file_at("link/file"), "ok");
    t.is("a directory", d.remove_directory_at("link/sub"), "ok");
    t.is("empty", open(&d, "dir", DIRECTORY, READ).and_then(|dir| names(&dir)), "");
}

fn an_open_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("unlink", d.unlink_file_at("file"), "ok");
    t.is("read", file.read(10, 0), "text");
    t.is("write", file.write(b"more", 4), "4");
    t.is("read again", file.read(10, 0), "textmore");
    put(&d, "file", "new");
    t.is("the name is another file", get(&d, "file"), "new");
    t.is("and this one is as it was", file.read(10, 0), "textmore");
}

fn an_open_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    let dir = open(&d, "dir", DIRECTORY, READ | MUTATE).unwrap();
    t.is("remove", d.remove_directory_at("dir"), "ok");
    t.is("stat of it", dir.stat().map(|stat| stat.type_), "directory");
    t.is("create in it", open(&dir, "file", CREATE, WRITE), "no-entry");
    t.is("make in it", dir.create_directory_at("sub"), "no-entry");
}

fn listing_a_directory_that_was_removed(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    let dir = open(&d, "dir", DIRECTORY, READ | MUTATE).unwrap();
    d.remove_directory_at("dir").unwrap();
    t.is("list", names(&dir), "");
}

fn a_name_beneath_a_removed_one(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "dir/file", "text");
    d.unlink_file_at("dir/file").unwrap();
    d.remove_directory_at("dir").unwrap();
    put(&d, "dir", "a file now");
    t.is("open", open(&d, "dir/file", PLAIN, READ), "not-directory");
    t.is("stat", kind(&d, "dir/file"), "not-directory");
    t.is("as a file", get(&d, "dir"), "a file now");
}

pub(crate) const CASES: &[Case] = cases![
    a_file,
    a_directory,
    a_directory_with_something_in_it,
    a_file_as_a_directory,
    a_directory_as_a_file,
    a_link,
    a_link_to_a_directory,
    beneath_a_link,
    an_open_file,
    an_open_directory,
    listing_a_directory_that_was_removed,
    a_name_beneath_a_removed_one,
];
