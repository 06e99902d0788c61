//! Descriptors themselves.

use super::prelude::*;

fn prestat(t: &mut Steps) {
    let d = root();
    // SAFETY: the adapter writes one value of the type, and a name into a buffer of the length that it told.
    unsafe {
        let told = wasi::fd_prestat_get(d).unwrap();
        t.is("kind", told.tag, "0");
        let mut name = vec![0; told.u.dir.pr_name_len];
        t.is("name", wasi::fd_prestat_dir_name(d, name.as_mut_ptr(), name.len()).map(|()| name), "/repo");
        t.is("no other", wasi::fd_prestat_get(d + 1).map(|_| ()), "BADF");
    }
}

fn fdstat(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open(d, "file", PLAIN).unwrap();
    // SAFETY: the adapter writes one value of the type.
    let told = |fd| unsafe { wasi::fd_fdstat_get(fd) };
    t.is("of the root", told(d).map(|stat| stat.fs_filetype), "DIRECTORY");
    t.is("of a file", told(file).map(|stat| stat.fs_filetype), "REGULAR_FILE");
    t.is("no flags", told(file).map(|stat| u32::from(stat.fs_flags)), "0");
    let rights = wasi::RIGHTS_FD_READ | wasi::RIGHTS_FD_WRITE;
    t.is("read and write", told(file).map(|stat| stat.fs_rights_base & rights == rights), "true");
    t.is("of nothing", told(77).map(|_| ()), "BADF");
}

fn close_twice(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open(d, "file", PLAIN).unwrap();
    t.is("once", close(file), "ok");
    t.is("twice", close(file), "BADF");
    t.is("read", read(file, 1), "BADF");
}

fn close_the_root(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    let dir = open(d, "dir", DIRECTORY).unwrap();
    t.is("close", close(d), "ok");
    t.is("open", open(d, "dir", DIRECTORY).and_then(close), "BADF");
    t.is("what was opened stays", open(dir, "file", CREATE).and_then(close), "ok");
}

fn renumber(t: &mut Steps) {
    let d = root();
    put(d, "a", "a's text");
    put(d, "b", "b's text");
    let (a, b) = (open(d, "a", PLAIN).unwrap(), open(d, "b", PLAIN).unwrap());
    // SAFETY: both are the case's own.
    t.is("one over the other", unsafe { wasi::fd_renumber(a, b) }, "ok");
    t.is("the old number", read(a, 10), "BADF");
    t.is("the new one", read(b, 10), "a's text");
    // SAFETY: neither is used otherwise.
    t.is("from nothing", unsafe { wasi::fd_renumber(77, b) }, "BADF");
}

fn a_file_is_no_terminal(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open(d, "file", PLAIN).unwrap();
    // SAFETY: the adapter writes one value of the type. What a C library asks to tell a terminal: kind, and no seeking.
    let told = unsafe { wasi::fd_fdstat_get(file) }.unwrap();
    t.is("kind", told.fs_filetype == wasi::FILETYPE_CHARACTER_DEVICE, "false");
    t.is("seeks", told.fs_rights_base & wasi::RIGHTS_FD_SEEK != 0, "true");
}

fn at_a_file(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open(d, "file", PLAIN).unwrap();
    t.is("open", open(file, "x", CREATE).and_then(close), "NOTDIR");
    t.is("make", add(file, "x"), "NOTDIR");
    t.is("unlink", unlink(file, "x"), "NOTDIR");
    t.is("stat", kind(file, "x"), "NOTDIR");
    t.is("link", symlink(file, "x", "y"), "NOTDIR");
}

fn a_hundred(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let held: Vec<Fd> = (0..100).map(|_| open(d, "file", PLAIN).unwrap()).collect();
    t.is("each reads", held.iter().filter(|fd| read(**fd, 10).as_deref() == Ok(b"text")).count(), "100");
    t.is("each closes", held.iter().filter(|fd| close(**fd).is_ok()).count(), "100");
}

pub(crate) const CASES: &[Case] =
    cases![prestat, fdstat, close_twice, close_the_root, renumber, a_file_is_no_terminal, at_a_file, a_hundred,];
