//! Hard links.

use super::prelude::*;

fn a_second_name(t: &mut Steps) {
    let d = root();
    put(&d, "a", "text");
    t.is("link", d.link_at(none(), "a", &d, "b"), "ok");
    t.is("read", get(&d, "b"), "text");
    t.is("links", stat(&d, "a").map(|stat| stat.link_count), "2");
}

fn what_is_refused(t: &mut Steps) {
    let d = root();
    put(&d, "a", "text");
    put(&d, "b", "other");
    add(&d, "dir");
    t.is("over a file", d.link_at(none(), "a", &d, "b"), "exist");
    t.is("of a directory", d.link_at(none(), "dir", &d, "c"), "not-permitted");
    t.is("of nothing", d.link_at(none(), "none", &d, "c"), "no-entry");
    t.is("of a link that is followed", d.link_at(FOLLOW, "a", &d, "c"), "invalid");
    t.is("as before", names(&d), "a b dir");
}

fn reading_either_name(t: &mut Steps) {
    let d = root();
    t.is("one", get(&d, "given/twin-a"), "twin");
    t.is("other", get(&d, "given/twin-b"), "twin");
}

fn writing_either_name(t: &mut Steps) {
    let d = root();
    let file = open(&d, "given/twin-a", PLAIN, WRITE);
    t.is("write", file.and_then(|file| file.write(b"T", 0)), "1");
    t.is("by the other name", get(&d, "given/twin-b"), "Twin");
}

fn removing_one_name(t: &mut Steps) {
    let d = root();
    t.is("unlink", d.unlink_file_at("given/twin-a"), "ok");
    t.is("the other stays", get(&d, "given/twin-b"), "twin");
    t.is("links", stat(&d, "given/twin-b").map(|stat| stat.link_count), "1");
    t.is("write", open(&d, "given/twin-b", PLAIN, WRITE).and_then(|file| file.write(b"T", 0)), "1");
}

pub(crate) const CASES: &[Case] =
    cases![a_second_name, what_is_refused, reading_either_name, writing_either_name, removing_one_name,];
