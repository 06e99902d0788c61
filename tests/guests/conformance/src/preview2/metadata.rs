//! What is told of a file, and whether two are one.

use super::prelude::*;

fn of_a_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let told = stat(&d, "file").unwrap();
    t.is("type", told.type_, "regular-file");
    t.is("size", told.size, "4");
    t.is("links", told.link_count, "1");
    t.is("times", told.data_access_timestamp.is_some() && told.data_modification_timestamp.is_some(), "true");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("of the descriptor", file.stat().map(|stat| (stat.size, stat.link_count) == (4, 1)), "true");
}

fn of_a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    t.is("type", kind(&d, "dir"), "directory");
    t.is(
        "of the descriptor",
        open(&d, "dir", DIRECTORY, READ).and_then(|dir| dir.stat()).map(|s| s.type_),
        "directory",
    );
    t.is("of the root", d.stat().map(|stat| stat.type_), "directory");
}

fn of_a_link(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.symlink_at("file", "link").unwrap();
    t.is("the link", d.stat_at(none(), "link").map(|stat| stat.type_), "symbolic-link");
    t.is("its length", d.stat_at(none(), "link").map(|stat| stat.size), "4");
    t.is("what it leads to", d.stat_at(FOLLOW, "link").map(|stat| stat.type_), "regular-file");
    d.symlink_at("none", "dangling").unwrap();
    t.is("a dangling one", kind(&d, "dangling"), "symbolic-link");
    t.is("where that leads", stat(&d, "dangling").map(|stat| stat.size), "no-entry");
}

fn of_what_is_missing(t: &mut Steps) {
    let d = root();
    t.is("stat", kind(&d, "none"), "no-entry");
    t.is("hash", d.metadata_hash_at(none(), "none").map(|_| ()), "no-entry");
    t.is("link", d.readlink_at("none"), "no-entry");
}

fn a_size_follows_each_write(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    for n in 1..=3_u64 {
        file.write(b"abc", (n - 1) * 3).unwrap();
        t.is(&format!("by name {n}"), stat(&d, "file").map(|stat| stat.size), &(n * 3).to_string());
        t.is(&format!("by descriptor {n}"), file.stat().map(|stat| stat.size), &(n * 3).to_string());
    }
}

fn one_name_is_one_object(t: &mut Steps) {
    let d = root();
    put(&d, "a", "text");
    put(&d, "b", "text");
    let access = |name: &str| open(&d, name, PLAIN, READ).unwrap();
    t.is("the same", access("a").is_same_object(&access("a")), "true");
    t.is("another", access("a").is_same_object(&access("b")), "false");
    t.is("a file and a directory", access("a").is_same_object(&d), "false");
    d.symlink_at("a", "link").unwrap();
    t.is("through a link", access("link").is_same_object(&access("a")), "true");
    d.rename_at("a", &d, "c").unwrap();
    let before = access("c");
    t.is("by its new name", before.is_same_object(&access("c")), "true");
}

fn two_names_are_one_object(t: &mut Steps) {
    let d = root();
    let access = |name: &str| open(&d, name, PLAIN, READ).unwrap();
    t.is("twins", access("given/twin-a").is_same_object(&access("given/twin-b")), "true");
    t.is("links", stat(&d, "given/twin-a").map(|stat| stat.link_count), "2");
    let hash = |name: &str| d.metadata_hash_at(none(), name).map(|hash| (hash.lower, hash.upper));
    t.is("hashes", hash("given/twin-a") == hash("given/twin-b"), "true");
}

fn hashes(t: &mut Steps) {
    let d = root();
    put(&d, "a", "text");
    put(&d, "b", "text");
    d.symlink_at("a", "link").unwrap();
    let by_name = |flags, name: &str| d.metadata_hash_at(flags, name).map(|hash| (hash.lower, hash.upper)).unwrap();
    let file = open(&d, "a", PLAIN, READ | WRITE).unwrap();
    let held = |file: &Descriptor| file.metadata_hash().map(|hash| (hash.lower, hash.upper)).unwrap();
    let first = held(&file);
    t.is("by name and by descriptor", by_name(none(), "a") == first, "true");
    t.is("through a link", by_name(FOLLOW, "link") == first, "true");
    t.is("of the link itself", by_name(none(), "link") == first, "false");
    t.is("of another file", by_name(none(), "b") == first, "false");
    file.write(b"more", 4).unwrap();
    t.is("after a write", held(&file) == first, "true");
    d.rename_at("a", &d, "c").unwrap();
    t.is("after a rename", by_name(none(), "c") == first, "true");
    t.is("of the root", by_name(none(), ".") == held(&d), "true");
}

fn what_a_name_stands_for_now(t: &mut Steps) {
    let d = root();
    put(&d, "name", "first");
    let hash = || d.metadata_hash_at(none(), "name").map(|hash| (hash.lower, hash.upper)).unwrap();
    let first = hash();
    t.is("first", stat(&d, "name").map(|stat| stat.size), "5");
    put(&d, "other", "second one");
    d.rename_at("other", &d, "name").unwrap();
    t.is("replaced", stat(&d, "name").map(|stat| stat.size), "10");
    t.is("another object", hash() == first, "false");
    d.unlink_file_at("name").unwrap();
    t.is("removed", stat(&d, "name").map(|stat| stat.size), "no-entry");
    add(&d, "name");
    t.is("a directory", kind(&d, "name"), "directory");
    d.remove_directory_at("name").unwrap();
    d.symlink_at("given/file", "name").unwrap();
    t.is("a link", kind(&d, "name"), "symbolic-link");
    t.is("followed", stat(&d, "name").map(|stat| stat.type_), "regular-file");
}

fn links_of_a_file_that_is_gone(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("before", file.stat().map(|stat| stat.link_count), "1");
    d.unlink_file_at("file").unwrap();
    t.is("after", file.stat().map(|stat| stat.link_count), "0");
}

pub(crate) const CASES: &[Case] = cases![
    of_a_file,
    of_a_directory,
    of_a_link,
    of_what_is_missing,
    a_size_follows_each_write,
    one_name_is_one_object,
    two_names_are_one_object,
    hashes,
    what_a_name_stands_for_now,
    links_of_a_file_that_is_gone,
];
