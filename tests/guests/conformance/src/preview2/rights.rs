//! What a descriptor may be used for.

use super::prelude::*;

fn read_only(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("flags", file.get_flags(), "read");
    t.is("read", file.read(10, 0), "text");
    t.is("write", file.write(b"x", 0), "bad-descriptor");
    t.is("size", file.set_size(1), "invalid");
    t.is("kept", get(&d, "file"), "text");
}

fn streams_of_read_only(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("read", file.read_via_stream(0), "ok");
    let write =
        |stream: Result<OutputStream, ErrorCode>| stream.map(|stream| stream.blocking_write_and_flush(b"x").text());
    t.is("write", write(file.write_via_stream(0)), "failed: bad-descriptor");
    t.is("append", write(file.append_via_stream()), "failed: bad-descriptor");
    t.is("kept", get(&d, "file"), "text");
}

fn write_only(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    t.is("flags", file.get_flags(), "write");
    t.is("write", file.write(b"T", 0), "1");
    t.is("read", file.read(10, 0), "bad-descriptor");
    t.is("size", file.set_size(3), "ok");
    t.is("stat", file.stat().map(|stat| stat.size), "3");
    t.is("written", get(&d, "file"), "Tex");
}

fn a_stream_of_write_only(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    t.is("read", file.read_via_stream(0).map(|stream| stream.blocking_read(10)), "failed: bad-descriptor");
}

fn read_and_write(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    t.is("flags", file.get_flags(), "read write");
    t.is("write", file.write(b"text", 0), "4");
    t.is("read", file.read(10, 0), "text");
}

fn created_to_write(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE | EXCLUSIVE, WRITE).unwrap();
    t.is("flags", file.get_flags(), "write");
    t.is("write", file.write(b"text", 0), "4");
    t.is("read", file.read(10, 0), "bad-descriptor");
}

fn created_to_read(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ).unwrap();
    t.is("flags", file.get_flags(), "read write");
    t.is("write", file.write(b"text", 0), "4");
}

fn a_directory_as_a_file(t: &mut Steps) {
    let d = root();
    t.is("read", d.read(10, 0), "bad-descriptor");
    t.is("write", d.write(b"x", 0), "bad-descriptor");
    t.is("size", d.set_size(0), "bad-descriptor");
    t.is("advise", d.advise(0, 0, Advice::Normal), "bad-descriptor");
    t.is("read as a stream", d.read_via_stream(0), "is-directory");
    t.is("write as a stream", d.write_via_stream(0), "bad-descriptor");
    t.is("append as a stream", d.append_via_stream(), "bad-descriptor");
}

fn the_roots_flags(t: &mut Steps) {
    let d = root();
    t.is("flags", d.get_flags(), "read mutate_directory");
    t.is("type", d.get_type(), "directory");
}

fn a_directorys_flags(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    t.is("to read", open(&d, "dir", DIRECTORY, READ).and_then(|dir| dir.get_flags()), "read");
    t.is("to change", open(&d, "dir", DIRECTORY, READ | MUTATE).and_then(|dir| dir.get_flags()), "read");
}

fn a_directory_that_was_opened_to_read(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    let dir = open(&d, "dir", DIRECTORY, READ).unwrap();
    t.is("create in it", open(&dir, "file", CREATE, WRITE), "ok");
    t.is("make in it", dir.create_directory_at("sub"), "ok");
    t.is("remove in it", dir.unlink_file_at("file"), "ok");
}

fn two_preopens_are_one_place(t: &mut Steps) {
    let (one, other) = (root(), root());
    put(&one, "file", "text");
    t.is("same", one.is_same_object(&other), "true");
    t.is("read", get(&other, "file"), "text");
    drop(one);
    t.is("the other stays", get(&other, "file"), "text");
}

pub(crate) const CASES: &[Case] = cases![
    read_only,
    streams_of_read_only,
    write_only,
    a_stream_of_write_only,
    read_and_write,
    created_to_write,
    created_to_read,
    a_directory_as_a_file,
    the_roots_flags,
    a_directorys_flags,
    a_directory_that_was_opened_to_read,
    two_preopens_are_one_place,
];
