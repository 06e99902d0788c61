//! Cutting and lengthening.

use super::prelude::*;

fn cut(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("cut", file.set_size(4), "ok");
    t.is("left", file.read(100, 0), "0123");
    t.is("size", file.stat().map(|stat| stat.size), "4");
    t.is("to nothing", file.set_size(0), "ok");
    t.is("nothing left", file.read(100, 0), " end");
}

fn lengthen(t: &mut Steps) {
    let d = root();
    put(&d, "file", "01");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("lengthen", file.set_size(5), "ok");
    t.is("zeros", file.read(100, 0), "01\0\0\0");
    t.is("by name", stat(&d, "file").map(|stat| stat.size), "5");
}

fn what_was_cut_does_not_come_back(t: &mut Steps) {
    let d = root();
    put(&d, "file", "secret");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    file.set_size(1).unwrap();
    t.is("lengthen", file.set_size(6), "ok");
    t.is("zeros", file.read(100, 0), "s\0\0\0\0\0");
}

fn to_what_it_has(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("set", file.set_size(4), "ok");
    t.is("kept", file.read(100, 0), "0123");
}

fn a_sparse_file(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    t.is("16 MiB", file.set_size(16 << 20), "ok");
    t.is("size", file.stat().map(|stat| stat.size), "16777216");
    t.is("write at its end", file.write(b"x", (16 << 20) - 1), "1");
    t.is("read there", file.read(10, (16 << 20) - 2), "\0x");
}

fn more_than_a_call_may_write(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    t.is("1 GiB", file.set_size(1 << 30), "ok");
    t.is("size", file.stat().map(|stat| stat.size), "1073741824");
    t.is("a gap", file.write(b"x", 1 << 31), "1");
}

fn more_than_a_file_may_have(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    t.is("largest", file.set_size(u64::MAX), "invalid");
    t.is("kept", file.stat().map(|stat| stat.size), "0");
}

pub(crate) const CASES: &[Case] = cases![
    cut,
    lengthen,
    what_was_cut_does_not_come_back,
    to_what_it_has,
    a_sparse_file,
    more_than_a_call_may_write,
    more_than_a_file_may_have,
];
