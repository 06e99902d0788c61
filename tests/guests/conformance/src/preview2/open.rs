//! Opening: what exists, what doesn't, and every flag.

use super::prelude::*;

fn what_is_there(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    t.is("a file", open(&d, "file", PLAIN, READ).and_then(|f| f.get_type()), "regular-file");
    t.is("a directory", open(&d, "dir", PLAIN, READ).and_then(|f| f.get_type()), "directory");
    t.is("nothing", open(&d, "none", PLAIN, READ), "no-entry");
}

fn with_no_access_at_all(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, DescriptorFlags::empty()).unwrap();
    t.is("type", file.get_type(), "regular-file");
    t.is("stat", file.stat().map(|stat| stat.size), "4");
    t.is("read", file.read(10, 0), "text");
    t.is("write", file.write(b"x", 0), "bad-descriptor");
}

fn create(t: &mut Steps) {
    let d = root();
    t.is("new", open(&d, "file", CREATE, WRITE), "ok");
    t.is("empty", stat(&d, "file").map(|stat| stat.size), "0");
    t.is("is a file", kind(&d, "file"), "regular-file");
    put(&d, "file", "text");
    t.is("there already", open(&d, "file", CREATE, WRITE), "ok");
    t.is("kept", get(&d, "file"), "text");
}

fn create_to_read(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ);
    t.is("new", file.as_ref().map(|_| ()).map_err(|e| *e), "ok");
    t.is("read", file.and_then(|f| f.read(10, 0)), " end");
    t.is("there", names(&d), "file");
}

fn create_exclusive(t: &mut Steps) {
    let d = root();
    t.is("new", open(&d, "file", CREATE | EXCLUSIVE, WRITE), "ok");
    t.is("again", open(&d, "file", CREATE | EXCLUSIVE, WRITE), "exist");
    add(&d, "dir");
    t.is("a directory", open(&d, "dir", CREATE | EXCLUSIVE, WRITE), "exist");
    d.symlink_at("file", "link").unwrap();
    t.is("a link", open(&d, "link", CREATE | EXCLUSIVE, WRITE), "exist");
    d.symlink_at("none", "dangling").unwrap();
    t.is("a dangling link", open(&d, "dangling", CREATE | EXCLUSIVE, WRITE), "exist");
    t.is("nothing came of it", kind(&d, "none"), "no-entry");
}

fn exclusive_alone_asks_for_nothing(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    t.is("there", open(&d, "file", EXCLUSIVE, READ), "ok");
    t.is("missing", open(&d, "none", EXCLUSIVE, READ), "no-entry");
}

fn create_through_a_dangling_link(t: &mut Steps) {
    let d = root();
    d.symlink_at("made", "link").unwrap();
    t.is("create", open(&d, "link", CREATE, WRITE), "ok");
    t.is("made", kind(&d, "made"), "regular-file");
    t.is("still a link", kind(&d, "link"), "symbolic-link");
}

fn truncate(t: &mut Steps) {
    let d = root();
    put(&d, "file", "some text");
    t.is("open", open(&d, "file", TRUNCATE, WRITE), "ok");
    t.is("empty", stat(&d, "file").map(|stat| stat.size), "0");
    t.is("missing", open(&d, "none", TRUNCATE, WRITE), "no-entry");
    add(&d, "dir");
    t.is("a directory", open(&d, "dir", TRUNCATE, WRITE), "is-directory");
}

fn truncate_to_read(t: &mut Steps) {
    let d = root();
    put(&d, "file", "some text");
    let file = open(&d, "file", TRUNCATE, READ);
    t.is("open", file.as_ref().map(|_| ()).map_err(|e| *e), "ok");
    t.is("empty", stat(&d, "file").map(|stat| stat.size), "0");
}

fn truncate_what_another_reads(t: &mut Steps) {
    let d = root();
    put(&d, "file", "some text");
    let reader = open(&d, "file", PLAIN, READ).unwrap();
    t.is("before", reader.read(4, 0), "some");
    put(&d, "file", "new");
    t.is("after", reader.read(100, 0), "new");
    t.is("size", reader.stat().map(|stat| stat.size), "3");
}

fn directory(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    t.is("a directory", open(&d, "dir", DIRECTORY, READ), "ok");
    t.is("a file", open(&d, "file", DIRECTORY, READ), "not-directory");
    t.is("nothing", open(&d, "none", DIRECTORY, READ), "no-entry");
}

fn directory_with_what_makes_files(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    t.is("create", open(&d, "dir", DIRECTORY | CREATE, READ), "invalid");
    t.is("create what is missing", open(&d, "none", DIRECTORY | CREATE, READ), "invalid");
    t.is("exclusive", open(&d, "dir", DIRECTORY | EXCLUSIVE, READ), "invalid");
    t.is("truncate", open(&d, "dir", DIRECTORY | TRUNCATE, READ), "invalid");
    t.is("nothing came", names(&d), "dir");
}

fn a_directory_to_write(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    t.is("write", open(&d, "dir", PLAIN, WRITE), "is-directory");
    t.is("read and write", open(&d, "dir", PLAIN, READ | WRITE), "is-directory");
    t.is("create", open(&d, "dir", CREATE, WRITE), "is-directory");
    t.is("as a directory", open(&d, "dir", DIRECTORY, READ | WRITE), "is-directory");
}

fn a_directory_to_change(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    let dir = open(&d, "dir", DIRECTORY, READ | MUTATE).unwrap();
    t.is("create in it", open(&dir, "file", CREATE, WRITE), "ok");
    t.is("list", names(&dir), "file");
    t.is("flags", dir.get_flags().map(|flags| flags.contains(READ)), "true");
}

fn a_file_to_mutate_as_a_directory(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    t.is("open", open(&d, "file", PLAIN, READ | MUTATE), "ok");
}

fn no_link_at_the_end(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    put(&d, "dir/inner", "inner");
    d.symlink_at("file", "link").unwrap();
    d.symlink_at("dir", "to-dir").unwrap();
    d.symlink_at("none", "dangling").unwrap();
    t.is("to a file", d.open_at(none(), "link", PLAIN, READ), "loop");
    t.is("to a directory", d.open_at(none(), "to-dir", PLAIN, READ), "loop");
    t.is("to a directory as one", d.open_at(none(), "to-dir", DIRECTORY, READ), "loop");
    t.is("to nothing", d.open_at(none(), "dangling", PLAIN, READ), "loop");
    t.is("to write", d.open_at(none(), "link", PLAIN, WRITE), "loop");
    t.is("to create", d.open_at(none(), "dangling", CREATE, WRITE), "loop");
    t.is("to cut", d.open_at(none(), "link", TRUNCATE, WRITE), "loop");
    t.is("a link before the end", d.open_at(none(), "to-dir/inner", PLAIN, READ), "ok");
    t.is("no link", d.open_at(none(), "file", PLAIN, READ), "ok");
    t.is("with a slash behind", d.open_at(none(), "to-dir/", PLAIN, READ), "ok");
    t.is("as before", get(&d, "file"), "text");
}

fn a_pipe(t: &mut Steps) {
    let d = root();
    t.is("stat", kind(&d, "given/fifo"), "unknown");
    t.is("beneath it", open(&d, "given/fifo/x", PLAIN, READ), "not-directory");
}

fn with_synchronous_writes(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    for flag in [
        DescriptorFlags::FILE_INTEGRITY_SYNC,
        DescriptorFlags::DATA_INTEGRITY_SYNC,
        DescriptorFlags::REQUESTED_WRITE_SYNC,
    ] {
        t.is(&flag.text(), open(&d, "file", PLAIN, WRITE | flag), "unsupported");
    }
}

fn at_a_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("open", open(&file, "x", PLAIN, READ), "not-directory");
    t.is("open itself", open(&file, ".", PLAIN, READ), "not-directory");
    t.is("stat", kind(&file, "x"), "not-directory");
    t.is("make", file.create_directory_at("x"), "not-directory");
    t.is("unlink", file.unlink_file_at("x"), "not-directory");
    t.is("list", file.read_directory().map(|_| ()), "not-directory");
    t.is("rename from", file.rename_at("x", &d, "y"), "not-directory");
    t.is("rename to", d.rename_at("file", &file, "y"), "not-directory");
}

pub(crate) const CASES: &[Case] = cases![
    what_is_there,
    with_no_access_at_all,
    create,
    create_to_read,
    create_exclusive,
    exclusive_alone_asks_for_nothing,
    create_through_a_dangling_link,
    truncate,
    truncate_to_read,
    truncate_what_another_reads,
    directory,
    directory_with_what_makes_files,
    a_directory_to_write,
    a_directory_to_change,
    a_file_to_mutate_as_a_directory,
    no_link_at_the_end,
    a_pipe,
    with_synchronous_writes,
    at_a_file,
];
