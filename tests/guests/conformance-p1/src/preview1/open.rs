//! `path_open`.

use super::prelude::*;

fn create_and_exclusive(t: &mut Steps) {
    let d = root();
    t.is("create", open(d, "file", CREATE | EXCLUSIVE).and_then(close), "ok");
    t.is("again", open(d, "file", CREATE | EXCLUSIVE).and_then(close), "EXIST");
    t.is("without exclusive", open(d, "file", CREATE).and_then(close), "ok");
    t.is("missing", open(d, "none", PLAIN).and_then(close), "NOENT");
}

fn truncate(t: &mut Steps) {
    let d = root();
    put(d, "file", "some text");
    t.is("cut", open(d, "file", TRUNCATE).and_then(close), "ok");
    t.is("empty", stat(d, 0, "file").map(|stat| stat.size), "0");
    put(d, "file", "some text");
    t.is("cut and created", open(d, "file", CREATE | TRUNCATE).and_then(close), "ok");
    t.is("empty again", stat(d, 0, "file").map(|stat| stat.size), "0");
}

fn directory(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    add(d, "dir").unwrap();
    t.is("a directory", open(d, "dir", DIRECTORY).and_then(close), "ok");
    t.is("a file", open(d, "file", DIRECTORY).and_then(close), "NOTDIR");
    t.is("created", open(d, "new", DIRECTORY | CREATE).and_then(close), "INVAL");
    t.is("to write", open(d, "dir", PLAIN).and_then(close), "ISDIR");
    t.is("created over it", open(d, "dir", CREATE).and_then(close), "ISDIR");
}

fn no_link_at_the_end(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    add(d, "dir").unwrap();
    for (target, name) in [("file", "to-file"), ("dir", "to-dir"), ("none", "dangling"), ("loop", "loop")] {
        symlink(d, target, name).unwrap();
    }
    let nofollow = |name: &str, flags| open_with(d, 0, name, flags, wasi::RIGHTS_FD_READ, 0).and_then(close);
    t.is("to a file", nofollow("to-file", PLAIN), "LOOP");
    t.is("to a directory", nofollow("to-dir", PLAIN), "LOOP");
    t.is("to a directory as one", nofollow("to-dir", DIRECTORY), "LOOP");
    t.is("to nothing", nofollow("dangling", PLAIN), "LOOP");
    t.is("to itself", nofollow("loop", PLAIN), "LOOP");
    t.is("followed to itself", open(d, "loop", PLAIN).and_then(close), "LOOP");
    t.is("followed to nothing", open(d, "dangling", PLAIN).and_then(close), "NOENT");
    t.is("followed to a file", get(d, "to-file"), "text");
}

fn dangling_and_created(t: &mut Steps) {
    let d = root();
    symlink(d, "made", "link").unwrap();
    t.is("exclusive", open(d, "link", CREATE | EXCLUSIVE).and_then(close), "EXIST");
    t.is("created", open(d, "link", CREATE).and_then(close), "ok");
    t.is("made", kind(d, "made"), "REGULAR_FILE");
}

fn interesting_paths(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    add(d, "dir/nested").unwrap();
    put(d, "dir/nested/file", "text");
    for name in
        ["dir/nested/file", "dir/.//nested/../nested/file", "./dir/nested/file", "dir/nested/../../dir/nested/file"]
    {
        t.is(name, get(d, name), "text");
    }
    t.is("absolute", get(d, "/dir/nested/file"), "PERM");
    t.is("out", get(d, "dir/../../beside"), "PERM");
    t.is("a zero byte", get(d, "dir/nested/file\0"), "INVAL");
    t.is("a slash behind a file", get(d, "dir/nested/file/"), "NOTDIR");
    t.is("slashes behind a directory", open(d, "dir/nested///", DIRECTORY).and_then(close), "ok");
    t.is("a dot behind a file", get(d, "dir/nested/file/."), "NOTDIR");
    t.is("empty", get(d, ""), "NOENT");
}

fn read_only(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open_with(d, FOLLOW, "file", PLAIN, wasi::RIGHTS_FD_READ, 0).unwrap();
    t.is("read", read(file, 10), "text");
    t.is("write", write(file, b"x"), "BADF");
    t.is("write at", pwrite(file, b"x", 0), "BADF");
    // SAFETY: the descriptor is the case's own.
    t.is("size", unsafe { wasi::fd_filestat_set_size(file, 1) }, "INVAL");
    t.is("close", close(file), "ok");
}

fn write_only(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open_with(d, FOLLOW, "file", PLAIN, wasi::RIGHTS_FD_WRITE, 0).unwrap();
    t.is("write", write(file, b"T"), "1");
    t.is("read", read(file, 10), "BADF");
    t.is("read at", pread(file, 10, 0), "BADF");
    t.is("close", close(file), "ok");
}

fn lowest_number_first(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let first = open(d, "file", PLAIN).unwrap();
    let second = open(d, "file", PLAIN).unwrap();
    t.is("one after the other", second > first, "true");
    close(first).unwrap();
    let third = open(d, "file", PLAIN).unwrap();
    t.is("used again", third == first, "true");
}

pub(crate) const CASES: &[Case] = cases![
    create_and_exclusive,
    truncate,
    directory,
    no_link_at_the_end,
    dangling_and_created,
    interesting_paths,
    read_only,
    write_only,
    lowest_number_first,
];
