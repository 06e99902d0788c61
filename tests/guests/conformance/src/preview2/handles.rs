//! Many descriptors at once, and their ends.

use super::prelude::*;

fn two_hundred_at_once(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let held: Vec<_> = (0..200).map(|_| open(&d, "file", PLAIN, READ)).collect();
    t.is("opened", held.iter().filter(|file| file.is_ok()).count(), "200");
    t.is("the last reads", held[199].as_ref().map_err(|e| *e).and_then(|file| file.read(10, 0)), "text");
}

fn five_hundred_at_once(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let held: Vec<_> = (0..500).map(|_| open(&d, "file", PLAIN, READ)).collect();
    t.is("opened", held.iter().filter(|file| file.is_ok()).count(), "500");
    drop(held);
    t.is("once they are closed", get(&d, "file"), "text");
}

fn opened_and_closed_many_times(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let read = (0..2000).filter(|_| get(&d, "file").is_ok()).count();
    t.is("read", read, "2000");
    let listed = (0..500).filter(|_| names(&d).is_ok()).count();
    t.is("listed", listed, "500");
}

fn directories_within_directories(t: &mut Steps) {
    let d = root();
    let mut held = vec![root()];
    for n in 0..50 {
        let above = &held[n];
        add(above, "sub");
        let below = open(above, "sub", DIRECTORY, READ | MUTATE).unwrap();
        put(&below, "file", &n.to_string());
        held.push(below);
    }
    t.is("the deepest", get(&held[50], "file"), "49");
    t.is("from the top", get(&d, &format!("{}file", "sub/".repeat(50))), "49");
}

fn one_to_read_and_one_to_write(t: &mut Steps) {
    let d = root();
    let writer = open(&d, "file", CREATE, WRITE).unwrap();
    let reader = open(&d, "file", PLAIN, READ).unwrap();
    let (out, input) = (writer.write_via_stream(0).unwrap(), reader.read_via_stream(0).unwrap());
    for n in 0..5_u8 {
        out.blocking_write_and_flush(&[b'0' + n]).unwrap();
        t.is(&format!("round {n}"), input.blocking_read(10), &n.to_string());
    }
}

fn appending_beside_writing(t: &mut Steps) {
    let d = root();
    put(&d, "file", "0000");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    let (end, begin) = (file.append_via_stream().unwrap(), file.write_via_stream(0).unwrap());
    end.blocking_write_and_flush(b"aa").unwrap();
    begin.blocking_write_and_flush(b"bb").unwrap();
    end.blocking_write_and_flush(b"cc").unwrap();
    begin.blocking_write_and_flush(b"dd").unwrap();
    t.is("written", file.read(100, 0), "bbddaacc");
}

pub(crate) const CASES: &[Case] = cases![
    two_hundred_at_once,
    five_hundred_at_once,
    opened_and_closed_many_times,
    directories_within_directories,
    one_to_read_and_one_to_write,
    appending_beside_writing,
];
