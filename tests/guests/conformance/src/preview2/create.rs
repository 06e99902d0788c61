//! Making directories.

use super::prelude::*;

fn make(t: &mut Steps) {
    let d = root();
    t.is("new", d.create_directory_at("dir"), "ok");
    t.is("is one", kind(&d, "dir"), "directory");
    t.is("again", d.create_directory_at("dir"), "exist");
    t.is("beneath", d.create_directory_at("dir/sub"), "ok");
    t.is("list", open(&d, "dir", DIRECTORY, READ).and_then(|dir| names(&dir)), "sub");
}

fn over_something_else(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.symlink_at("none", "dangling").unwrap();
    d.symlink_at("file", "link").unwrap();
    add(&d, "dir");
    d.symlink_at("dir", "to-dir").unwrap();
    for name in ["file", "dangling", "link", "to-dir"] {
        t.is(name, d.create_directory_at(name), "exist");
    }
    t.is("nothing came", kind(&d, "none"), "no-entry");
}

fn in_a_directory_behind_a_link(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    d.symlink_at("dir", "link").unwrap();
    t.is("make", d.create_directory_at("link/sub"), "ok");
    t.is("made", kind(&d, "dir/sub"), "directory");
    t.is("a file", open(&d, "link/file", CREATE, WRITE), "ok");
    t.is("list", open(&d, "dir", DIRECTORY, READ).and_then(|dir| names(&dir)), "file sub");
}

fn where_a_link_leads_to_nothing(t: &mut Steps) {
    let d = root();
    d.symlink_at("none", "dangling").unwrap();
    t.is("beneath", d.create_directory_at("dangling/sub"), "no-entry");
    t.is("with a slash", d.create_directory_at("dangling/"), "exist");
}

fn beneath_a_descriptor(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    let a = open(&d, "a", DIRECTORY, READ | MUTATE).unwrap();
    t.is("make", a.create_directory_at("b"), "ok");
    let b = open(&a, "b", DIRECTORY, READ | MUTATE).unwrap();
    put(&b, "file", "deep");
    t.is("from the top", get(&d, "a/b/file"), "deep");
}

fn a_thousand_files(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    for n in 0..1000 {
        put(&d, &format!("dir/{n}"), &n.to_string());
    }
    t.is("how many", open(&d, "dir", DIRECTORY, READ).and_then(|dir| names(&dir)).map(|names| names.len()), "1000");
    t.is("one of them", get(&d, "dir/777"), "777");
    for n in 0..1000 {
        d.unlink_file_at(&format!("dir/{n}")).unwrap();
    }
    t.is("empty", d.remove_directory_at("dir"), "ok");
}

pub(crate) const CASES: &[Case] = cases![
    make,
    over_something_else,
    in_a_directory_behind_a_link,
    where_a_link_leads_to_nothing,
    beneath_a_descriptor,
    a_thousand_files,
];
