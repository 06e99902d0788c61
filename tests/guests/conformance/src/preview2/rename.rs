//! Renaming and moving.

use super::prelude::*;

fn a_file(t: &mut Steps) {
    let d = root();
    put(&d, "a", "text");
    t.is("rename", d.rename_at("a", &d, "b"), "ok");
    t.is("old", kind(&d, "a"), "no-entry");
    t.is("new", get(&d, "b"), "text");
    t.is("missing", d.rename_at("a", &d, "c"), "no-entry");
}

fn over_a_file(t: &mut Steps) {
    let d = root();
    put(&d, "a", "from");
    put(&d, "b", "to");
    t.is("rename", d.rename_at("a", &d, "b"), "ok");
    t.is("new", get(&d, "b"), "from");
    t.is("left", names(&d), "b");
}

fn to_itself(t: &mut Steps) {
    let d = root();
    put(&d, "a", "text");
    add(&d, "dir");
    t.is("a file", d.rename_at("a", &d, "a"), "ok");
    t.is("a directory", d.rename_at("dir", &d, "dir"), "ok");
    t.is("another spelling", d.rename_at("a", &d, "./a"), "ok");
    t.is("as before", names(&d), "a dir");
}

fn a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    put(&d, "a/file", "text");
    t.is("rename", d.rename_at("a", &d, "b"), "ok");
    t.is("with what is in it", get(&d, "b/file"), "text");
    t.is("old", kind(&d, "a"), "no-entry");
}

fn a_directory_over_an_empty_one(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    put(&d, "a/file", "text");
    add(&d, "b");
    t.is("rename", d.rename_at("a", &d, "b"), "ok");
    t.is("with what is in it", get(&d, "b/file"), "text");
    t.is("left", names(&d), "b");
}

fn a_directory_over_one_with_something_in_it(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    add(&d, "b");
    put(&d, "b/file", "text");
    t.is("rename", d.rename_at("a", &d, "b"), "not-empty");
    t.is("kept", get(&d, "b/file"), "text");
    t.is("as before", names(&d), "a b");
}

fn a_directory_over_a_file(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "file", "text");
    t.is("rename", d.rename_at("dir", &d, "file"), "not-directory");
    t.is("as before", names(&d), "dir file");
}

fn a_file_over_a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "file", "text");
    t.is("rename", d.rename_at("file", &d, "dir"), "is-directory");
    t.is("as before", names(&d), "dir file");
}

fn into_itself(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    add(&d, "a/b");
    t.is("as its child", d.rename_at("a", &d, "a/c"), "invalid");
    t.is("as its grandchild", d.rename_at("a", &d, "a/b/c"), "invalid");
    t.is("over its parent", d.rename_at("a/b", &d, "a"), "not-empty");
    t.is("as before", kind(&d, "a/b"), "directory");
}

fn between_directories(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    add(&d, "b");
    put(&d, "a/file", "text");
    let (a, b) = (open(&d, "a", DIRECTORY, READ | MUTATE).unwrap(), open(&d, "b", DIRECTORY, READ | MUTATE).unwrap());
    t.is("by descriptors", a.rename_at("file", &b, "moved"), "ok");
    t.is("there", get(&d, "b/moved"), "text");
    t.is("by names", d.rename_at("b/moved", &d, "a/back"), "ok");
    t.is("back", get(&a, "back"), "text");
    t.is("a directory", d.rename_at("a", &d, "b/a"), "ok");
    t.is("beneath", get(&b, "a/back"), "text");
}

fn where_nothing_is(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    t.is("into nothing", d.rename_at("file", &d, "none/file"), "no-entry");
    t.is("from nothing", d.rename_at("none/file", &d, "other"), "no-entry");
    t.is("into a file", d.rename_at("file", &d, "file/x"), "not-directory");
    t.is("from a file", d.rename_at("file/x", &d, "other"), "not-directory");
}

fn slashes_behind_files(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    put(&d, "other", "other");
    t.is("from", d.rename_at("file/", &d, "new"), "not-directory");
    t.is("to", d.rename_at("file", &d, "new/"), "not-directory");
    t.is("to a file", d.rename_at("file", &d, "other/"), "not-directory");
    t.is("missing", d.rename_at("none/", &d, "new"), "no-entry");
    t.is("as before", names(&d), "file other");
}

fn slashes_behind_directories(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    t.is("from", d.rename_at("a/", &d, "b"), "ok");
    t.is("to", d.rename_at("b", &d, "c/"), "ok");
    t.is("both", d.rename_at("c/", &d, "d/"), "ok");
    add(&d, "empty");
    t.is("over an empty one", d.rename_at("d", &d, "empty/"), "ok");
    t.is("left", names(&d), "empty");
}

fn a_link(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.symlink_at("file", "link").unwrap();
    t.is("rename", d.rename_at("link", &d, "moved"), "ok");
    t.is("still a link", d.readlink_at("moved"), "file");
    t.is("leads there", get(&d, "moved"), "text");
    t.is("the file", kind(&d, "file"), "regular-file");
    d.symlink_at("none", "dangling").unwrap();
    t.is("a dangling one", d.rename_at("dangling", &d, "other"), "ok");
    t.is("says", d.readlink_at("other"), "none");
}

fn over_a_link(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    put(&d, "new", "new");
    d.symlink_at("file", "link").unwrap();
    t.is("rename", d.rename_at("new", &d, "link"), "ok");
    t.is("the link is replaced", kind(&d, "link"), "regular-file");
    t.is("the file stays", get(&d, "file"), "text");
}

fn through_links(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    add(&d, "b");
    put(&d, "a/file", "text");
    d.symlink_at("a", "to-a").unwrap();
    d.symlink_at("b", "to-b").unwrap();
    t.is("rename", d.rename_at("to-a/file", &d, "to-b/file"), "ok");
    t.is("there", get(&d, "b/file"), "text");
    t.is("with a slash behind", d.rename_at("to-a/", &d, "c"), "not-directory");
}

fn a_directory_over_a_link(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    add(&d, "b");
    d.symlink_at("b", "link").unwrap();
    t.is("rename", d.rename_at("a", &d, "link"), "not-directory");
    t.is("with a slash behind", d.rename_at("a", &d, "link/"), "not-directory");
    t.is("as before", names(&d), "a b link");
}

fn an_open_file(t: &mut Steps) {
    let d = root();
    put(&d, "a", "text");
    let file = open(&d, "a", PLAIN, READ | WRITE).unwrap();
    t.is("rename", d.rename_at("a", &d, "b"), "ok");
    t.is("write", file.write(b"T", 0), "1");
    t.is("by its new name", get(&d, "b"), "Text");
    put(&d, "a", "another");
    t.is("not the new one", file.read(10, 0), "Text");
}

fn over_an_open_file(t: &mut Steps) {
    let d = root();
    put(&d, "a", "new");
    put(&d, "b", "old");
    let file = open(&d, "b", PLAIN, READ).unwrap();
    t.is("rename", d.rename_at("a", &d, "b"), "ok");
    t.is("what was opened", file.read(10, 0), "old");
    t.is("by name", get(&d, "b"), "new");
}

fn an_open_directory(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    put(&d, "a/file", "text");
    let a = open(&d, "a", DIRECTORY, READ | MUTATE).unwrap();
    d.rename_at("a", &d, "b").unwrap();
    t.is("read in it", get(&a, "file"), "text");
    t.is("create in it", open(&a, "new", CREATE, WRITE), "ok");
    t.is("list", names(&a), "file new");
    t.is("by name", open(&d, "b", DIRECTORY, READ).and_then(|b| names(&b)), "file new");
}

fn another_directory_in_the_place_of_an_open_one(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    put(&d, "a/file", "first");
    let a = open(&d, "a", DIRECTORY, READ | MUTATE).unwrap();
    d.rename_at("a", &d, "b").unwrap();
    add(&d, "a");
    put(&d, "a/file", "second");
    t.is("read in the open one", get(&a, "file"), "first");
}

fn two_names_of_one_file(t: &mut Steps) {
    let d = root();
    t.is("rename", d.rename_at("given/twin-a", &d, "given/twin-b"), "ok");
    t.is("both stay", stat(&d, "given/twin-a").map(|stat| stat.link_count), "2");
}

fn a_tree_of_many(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    for n in 0..50 {
        add(&d, &format!("a/{n}"));
        for m in 0..5 {
            put(&d, &format!("a/{n}/{m}"), &format!("{n} {m}"));
        }
    }
    t.is("rename", d.rename_at("a", &d, "b"), "ok");
    t.is("one", get(&d, "b/17/3"), "17 3");
    t.is("old", kind(&d, "a/17/3"), "no-entry");
}

pub(crate) const CASES: &[Case] = cases![
    a_file,
    over_a_file,
    to_itself,
    a_directory,
    a_directory_over_an_empty_one,
    a_directory_over_one_with_something_in_it,
    a_directory_over_a_file,
    a_file_over_a_directory,
    into_itself,
    between_directories,
    where_nothing_is,
    slashes_behind_files,
    slashes_behind_directories,
    a_link,
    over_a_link,
    through_links,
    a_directory_over_a_link,
    an_open_file,
    over_an_open_file,
    an_open_directory,
    another_directory_in_the_place_of_an_open_one,
    two_names_of_one_file,
    a_tree_of_many,
];
