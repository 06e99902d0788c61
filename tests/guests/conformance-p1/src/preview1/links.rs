//! Links of both kinds.

use super::prelude::*;

fn symlink_and_read(t: &mut Steps) {
    let d = root();
    t.is("dangling", symlink(d, "target", "link"), "ok");
    t.is("read", readlink(d, "link", 100), "target");
    t.is("again", symlink(d, "target", "link"), "EXIST");
    t.is("over a file", symlink(d, "target", "given/file"), "EXIST");
    t.is("no link", readlink(d, "given/file", 100), "INVAL");
    t.is("missing", readlink(d, "none", 100), "NOENT");
}

fn a_small_buffer(t: &mut Steps) {
    let d = root();
    symlink(d, "target", "link").unwrap();
    t.is("is filled", readlink(d, "link", 4), "targ");
    t.is("to the byte", readlink(d, "link", 6), "target");
    t.is("nothing fits", readlink(d, "link", 0), "");
}

fn symlink_with_slashes(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    put(d, "file", "text");
    t.is("dangling", symlink(d, "target", "link/"), "NOENT");
    t.is("over a directory", symlink(d, "target", "dir/"), "EXIST");
    t.is("over a file", symlink(d, "target", "file/"), "NOTDIR");
    t.is("nothing came", kind(d, "link"), "NOENT");
}

fn dangling(t: &mut Steps) {
    let d = root();
    symlink(d, "none", "link").unwrap();
    t.is("open", get(d, "link"), "NOENT");
    t.is("as a directory", open(d, "link", DIRECTORY).and_then(close), "NOENT");
    t.is("stat", stat(d, FOLLOW, "link").map(|stat| stat.size), "NOENT");
    t.is("make over it", add(d, "link"), "EXIST");
    t.is("unlink", unlink(d, "link"), "ok");
}

fn hard_link(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    t.is("link", link(d, 0, "file", "other"), "ok");
    t.is("read", get(d, "other"), "text");
    t.is("links", stat(d, 0, "file").map(|stat| stat.nlink), "2");
}

fn hard_links_that_are_refused(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    add(d, "dir").unwrap();
    t.is("over itself", link(d, 0, "file", "file"), "EXIST");
    t.is("of a directory", link(d, 0, "dir", "other"), "PERM");
    t.is("of nothing", link(d, 0, "none", "other"), "NOENT");
    t.is("followed", link(d, FOLLOW, "file", "other"), "INVAL");
    t.is("nothing came", kind(d, "other"), "NOENT");
}

pub(crate) const CASES: &[Case] =
    cases![symlink_and_read, a_small_buffer, symlink_with_slashes, dangling, hard_link, hard_links_that_are_refused,];
