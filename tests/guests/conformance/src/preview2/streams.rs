//! Streams over a file, as languages read and write.

use super::prelude::*;
use crate::steps::noise;
use wasip2::io::poll::poll;

/// Reads to the end of a stream.
fn rest(stream: &InputStream) -> Result<Vec<u8>, StreamError> {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(1 << 16) {
            Ok(part) => bytes.extend(part),
            Err(StreamError::Closed) => return Ok(bytes),
            Err(error) => return Err(error),
        }
    }
}

fn read_to_the_end(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    let stream = file.read_via_stream(0).unwrap();
    t.is("a part", stream.blocking_read(4), "0123");
    t.is("the next", stream.blocking_read(4), "4567");
    t.is("the last", stream.blocking_read(4), "89");
    t.is("the end", stream.blocking_read(4), "closed");
    t.is("and again", stream.blocking_read(4), "closed");
}

fn read_from_an_offset(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("from the middle", file.read_via_stream(7).map(|stream| rest(&stream)), "789");
    t.is("from the end", file.read_via_stream(10).map(|stream| stream.blocking_read(1)), "closed");
    t.is("from beyond", file.read_via_stream(100).map(|stream| stream.blocking_read(1)), "closed");
}

fn read_when_ready(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let stream = open(&d, "file", PLAIN, READ).unwrap().read_via_stream(0).unwrap();
    let ready = stream.subscribe();
    ready.block();
    t.is("read", stream.read(4), "0123");
    t.is("poll", poll(&[&ready]).len(), "1");
    t.is("ready", ready.ready(), "true");
}

fn read_nothing(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let stream = open(&d, "file", PLAIN, READ).unwrap().read_via_stream(0).unwrap();
    t.is("nothing", stream.read(0), "");
    t.is("nothing is lost", stream.blocking_read(4), "0123");
}

fn skip(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let stream = open(&d, "file", PLAIN, READ).unwrap().read_via_stream(0).unwrap();
    t.is("skip", stream.blocking_skip(6), "6");
    t.is("read", stream.blocking_read(10), "6789");
    t.is("skip at the end", stream.blocking_skip(6), "closed");
}

fn read_while_it_grows(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    file.write(b"one", 0).unwrap();
    let stream = file.read_via_stream(0).unwrap();
    t.is("first", stream.blocking_read(10), "one");
    file.write(b"two", 3).unwrap();
    t.is("what came", stream.blocking_read(10), "two");
}

fn two_streams_of_one_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    let (one, other) = (file.read_via_stream(0).unwrap(), file.read_via_stream(5).unwrap());
    t.is("one", one.blocking_read(3), "012");
    t.is("other", other.blocking_read(3), "567");
    t.is("one goes on", one.blocking_read(3), "345");
}

fn a_stream_outlives_its_descriptor(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    let stream = file.read_via_stream(0).unwrap();
    drop(file);
    t.is("read", stream.blocking_read(10), "0123456789");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    let stream = file.write_via_stream(0).unwrap();
    drop(file);
    t.is("write", stream.blocking_write_and_flush(b"ab"), "ok");
    t.is("written", get(&d, "file"), "ab23456789");
}

fn write_one_after_the_other(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    let stream = file.write_via_stream(0).unwrap();
    t.is("first", stream.blocking_write_and_flush(b"one "), "ok");
    t.is("second", stream.blocking_write_and_flush(b"two"), "ok");
    t.is("nothing", stream.blocking_write_and_flush(b""), "ok");
    t.is("written", file.read(100, 0), "one two");
}

fn write_from_an_offset(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("inside", file.write_via_stream(3).map(|s| s.blocking_write_and_flush(b"ab")), "ok");
    t.is("written", file.read(100, 0), "012ab56789");
    t.is("beyond", file.write_via_stream(12).map(|s| s.blocking_write_and_flush(b"ab")), "ok");
    t.is("a gap", file.read(100, 0), "012ab56789\0\0ab");
}

fn write_by_what_is_permitted(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    let stream = file.write_via_stream(0).unwrap();
    t.is("some is permitted", stream.check_write().map(|most| most >= 4096), "true");
    t.is("write", stream.write(b"text"), "ok");
    t.is("flush", stream.blocking_flush(), "ok");
    t.is("permitted again", stream.check_write().map(|most| most >= 4096), "true");
    t.is("poll", poll(&[&stream.subscribe()]).len(), "1");
    t.is("written", file.read(100, 0), "text");
}

fn zeros(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    let stream = file.write_via_stream(0).unwrap();
    t.is("write", stream.blocking_write_and_flush(b"a"), "ok");
    t.is("zeros", stream.blocking_write_zeroes_and_flush(3), "ok");
    t.is("more", stream.blocking_write_and_flush(b"b"), "ok");
    t.is("written", file.read(100, 0), "a\0\0\0b");
}

fn append(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    let stream = file.append_via_stream().unwrap();
    t.is("write", stream.blocking_write_and_flush(b"45"), "ok");
    t.is("and more", stream.blocking_write_and_flush(b"67"), "ok");
    t.is("written", file.read(100, 0), "01234567");
}

fn append_by_two(t: &mut Steps) {
    let d = root();
    let one = open(&d, "file", CREATE, READ | WRITE).unwrap();
    let other = open(&d, "file", PLAIN, WRITE).unwrap();
    let (first, second) = (one.append_via_stream().unwrap(), other.append_via_stream().unwrap());
    for _ in 0..3 {
        first.blocking_write_and_flush(b"a").unwrap();
        second.blocking_write_and_flush(b"b").unwrap();
    }
    t.is("in turn", one.read(100, 0), "ababab");
}

fn append_after_a_cut(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    let stream = file.append_via_stream().unwrap();
    file.set_size(2).unwrap();
    t.is("write", stream.blocking_write_and_flush(b"ab"), "ok");
    t.is("written", file.read(100, 0), "01ab");
}

fn splice(t: &mut Steps) {
    let d = root();
    put(&d, "from", "0123456789");
    let to = open(&d, "to", CREATE, READ | WRITE).unwrap();
    let (source, sink) =
        (open(&d, "from", PLAIN, READ).unwrap().read_via_stream(2).unwrap(), to.write_via_stream(0).unwrap());
    t.is("a part", sink.blocking_splice(&source, 3), "3");
    t.is("the rest", sink.blocking_splice(&source, 100), "5");
    t.is("flush", sink.blocking_flush(), "ok");
    t.is("the end", sink.blocking_splice(&source, 100), "closed");
    t.is("written", get(&d, "to"), "23456789");
}

fn much_of_it(t: &mut Steps) {
    let d = root();
    let bytes = noise(1 << 20);
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    let stream = file.write_via_stream(0).unwrap();
    for part in bytes.chunks(4096) {
        stream.blocking_write_and_flush(part).unwrap();
    }
    t.is("the same", file.read_via_stream(0).map(|stream| rest(&stream).ok() == Some(bytes)), "true");
}

fn an_offset_that_no_file_has(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("read", file.read_via_stream(u64::MAX).map(|s| s.blocking_read(1)), "failed: invalid");
    let stream = file.write_via_stream(u64::MAX).unwrap();
    t.is("write", stream.blocking_write_and_flush(b"x"), "failed: invalid");
    t.is("closed then", stream.blocking_write_and_flush(b"x"), "closed");
    t.is("as before", file.read(100, 0), "0123456789");
}

pub(crate) const CASES: &[Case] = cases![
    read_to_the_end,
    read_from_an_offset,
    read_when_ready,
    read_nothing,
    skip,
    read_while_it_grows,
    two_streams_of_one_file,
    a_stream_outlives_its_descriptor,
    write_one_after_the_other,
    write_from_an_offset,
    write_by_what_is_permitted,
    zeros,
    append,
    append_by_two,
    append_after_a_cut,
    splice,
    much_of_it,
    an_offset_that_no_file_has,
];
