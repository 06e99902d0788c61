//! Reading and writing at offsets.

use super::prelude::*;
use crate::steps::noise;

fn read_in_parts(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("begin", file.read(3, 0), "012");
    t.is("middle", file.read(3, 5), "567");
    t.is("over the end", file.read(10, 8), "89");
    t.is("at the end", file.read(10, 10), " end");
    t.is("beyond the end", file.read(10, 100), " end");
    t.is("the very same again", file.read(3, 0), "012");
}

fn read_nothing(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("in the middle", file.read(0, 5).map(|(bytes, _)| bytes.len()), "0");
    t.is("is it the end", file.read(0, 5).map(|(_, end)| end), "true");
}

fn read_at_an_offset_that_no_file_has(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("largest that is signed", file.read(10, i64::MAX as u64), "invalid");
    t.is("largest", file.read(10, u64::MAX), "invalid");
}

fn read_more_than_memory_has(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("read", file.read(u64::MAX, 0), "0123456789");
}

fn an_empty_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "");
    t.is("read", open(&d, "file", PLAIN, READ).and_then(|file| file.read(10, 0)), " end");
    t.is("size", stat(&d, "file").map(|stat| stat.size), "0");
}

fn write_in_the_middle(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123456789");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    t.is("write", file.write(b"abc", 3), "3");
    t.is("written", get(&d, "file"), "012abc6789");
}

fn write_over_the_end(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    t.is("write", file.write(b"abc", 3), "3");
    t.is("written", get(&d, "file"), "012abc");
}

fn write_beyond_the_end(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    t.is("write", file.write(b"abc", 7), "3");
    t.is("a gap of zeros", get(&d, "file"), "0123\0\0\0abc");
    t.is("size", file.stat().map(|stat| stat.size), "10");
}

fn write_nothing(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    t.is("at the begin", file.write(b"", 0), "0");
    t.is("beyond the end", file.write(b"", 100), "0");
    t.is("no longer", get(&d, "file"), "0123");
}

fn write_at_an_offset_that_no_file_has(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0123");
    let file = open(&d, "file", PLAIN, WRITE).unwrap();
    t.is("largest", file.write(b"abc", u64::MAX), "invalid");
    t.is("largest that is signed", file.write(b"abc", i64::MAX as u64), "invalid");
    t.is("no longer", get(&d, "file"), "0123");
}

fn every_byte(t: &mut Steps) {
    let d = root();
    let all: Vec<u8> = (0..=255).collect();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    t.is("write", file.write(&all, 0), "256");
    t.is("read", file.read(1000, 0).map(|(bytes, _)| bytes == all), "true");
}

fn three_megabytes_of_noise(t: &mut Steps) {
    let d = root();
    let bytes = noise(3 << 20);
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    let mut at = 0;
    while at < bytes.len() {
        at += file.write(&bytes[at..(at + 100_000).min(bytes.len())], at as u64).unwrap() as usize;
    }
    let mut read = Vec::new();
    loop {
        let (part, ended) = file.read(65_536, read.len() as u64).unwrap();
        read.extend(part);
        if ended {
            break;
        }
    }
    t.is("the same", read == bytes, "true");
    t.is("size", file.stat().map(|stat| stat.size), "3145728");
}

fn one_write_of_half_a_megabyte(t: &mut Steps) {
    let d = root();
    let bytes = noise(512 << 10);
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    t.is("write", file.write(&bytes, 0), "524288");
    t.is("read", file.read(1 << 20, 0).map(|(read, _)| !read.is_empty() && bytes.starts_with(&read)), "true");
}

fn two_handles_see_the_same(t: &mut Steps) {
    let d = root();
    let one = open(&d, "file", CREATE, READ | WRITE).unwrap();
    let other = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("write by one", one.write(b"one", 0), "3");
    t.is("read by the other", other.read(10, 0), "one");
    t.is("size at the other", other.stat().map(|stat| stat.size), "3");
    t.is("write by the other", other.write(b"two", 3), "3");
    t.is("read by one", one.read(10, 0), "onetwo");
    t.is("size at one", one.stat().map(|stat| stat.size), "6");
    t.is("cut by one", one.set_size(1), "ok");
    t.is("size by name", stat(&d, "file").map(|stat| stat.size), "1");
    t.is("read after the cut", other.read(10, 0), "o");
}

fn sync_and_advise(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    file.write(b"text", 0).unwrap();
    t.is("sync", file.sync(), "ok");
    t.is("sync data", file.sync_data(), "ok");
    for advice in
        [Advice::Normal, Advice::Sequential, Advice::Random, Advice::WillNeed, Advice::DontNeed, Advice::NoReuse]
    {
        t.is(&format!("{advice:?}"), file.advise(0, 4, advice), "ok");
    }
    t.is("about all of it", file.advise(0, 0, Advice::Normal), "ok");
    t.is("beyond it", file.advise(100, 100, Advice::Normal), "ok");
    t.is("read", file.read(10, 0), "text");
    t.is("sync a directory", d.sync(), "ok");
    t.is("sync a directory's data", d.sync_data(), "ok");
}

fn advice_about_more_than_a_file_has(t: &mut Steps) {
    let d = root();
    let file = open(&d, "file", CREATE, READ | WRITE).unwrap();
    t.is("advise", file.advise(u64::MAX, u64::MAX, Advice::WillNeed), "invalid");
}

pub(crate) const CASES: &[Case] = cases![
    read_in_parts,
    read_nothing,
    read_at_an_offset_that_no_file_has,
    read_more_than_memory_has,
    an_empty_file,
    write_in_the_middle,
    write_over_the_end,
    write_beyond_the_end,
    write_nothing,
    write_at_an_offset_that_no_file_has,
    every_byte,
    three_megabytes_of_noise,
    one_write_of_half_a_megabyte,
    two_handles_see_the_same,
    sync_and_advise,
    advice_about_more_than_a_file_has,
];
