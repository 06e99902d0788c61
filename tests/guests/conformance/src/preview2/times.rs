//! Setting times.

use super::prelude::*;
use wasip2::clocks::wall_clock::{Datetime, now};

fn at(seconds: u64, nanoseconds: u32) -> NewTimestamp {
    NewTimestamp::Timestamp(Datetime { seconds, nanoseconds })
}

/// Last read, last written.
fn told(stat: Result<DescriptorStat, ErrorCode>) -> Result<String, ErrorCode> {
    let text = |time: Option<Datetime>| time.map_or("none".into(), |t| format!("{}.{}", t.seconds, t.nanoseconds));
    stat.map(|s| format!("{} {}", text(s.data_access_timestamp), text(s.data_modification_timestamp)))
}

/// Whether a time is of this moment, give or take a day.
fn is_recent(time: Option<Datetime>) -> bool {
    time.is_some_and(|time| time.seconds.abs_diff(now().seconds) < 86_400)
}

fn of_a_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("both", file.set_times(at(1000, 500), at(2000, 600)), "ok");
    t.is("by descriptor", told(file.stat()), "1000.500 2000.600");
    t.is("by name", told(stat(&d, "file")), "1000.500 2000.600");
    t.is("one alone", file.set_times(at(3000, 0), NewTimestamp::NoChange), "ok");
    t.is("the first", told(file.stat()), "3000.0 2000.600");
    t.is("the other alone", file.set_times(NewTimestamp::NoChange, at(4000, 1)), "ok");
    t.is("the second", told(file.stat()), "3000.0 4000.1");
    t.is("neither", file.set_times(NewTimestamp::NoChange, NewTimestamp::NoChange), "ok");
    t.is("as before", told(file.stat()), "3000.0 4000.1");
}

fn of_a_name(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    t.is("both", d.set_times_at(FOLLOW, "file", at(1000, 500), at(2000, 600)), "ok");
    t.is("by name", told(stat(&d, "file")), "1000.500 2000.600");
    t.is("no link followed", d.set_times_at(none(), "file", at(5, 0), NewTimestamp::NoChange), "ok");
    t.is("the first", told(stat(&d, "file")), "5.0 2000.600");
    t.is("missing", d.set_times_at(FOLLOW, "none", at(1, 0), at(1, 0)), "no-entry");
    t.is("with a slash behind", d.set_times_at(FOLLOW, "file/", at(1, 0), at(1, 0)), "not-directory");
}

fn to_now(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    file.set_times(at(1000, 0), at(2000, 0)).unwrap();
    t.is("set", file.set_times(NewTimestamp::Now, NewTimestamp::Now), "ok");
    t.is("last read", file.stat().map(|stat| is_recent(stat.data_access_timestamp)), "true");
    t.is("last written", file.stat().map(|stat| is_recent(stat.data_modification_timestamp)), "true");
}

fn of_a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    let dir = open(&d, "dir", DIRECTORY, READ | MUTATE).unwrap();
    t.is("by descriptor", dir.set_times(at(1000, 0), at(2000, 0)), "ok");
    t.is("told", told(dir.stat()), "1000.0 2000.0");
    t.is("by name", d.set_times_at(FOLLOW, "dir", at(3000, 0), at(4000, 0)), "ok");
    t.is("told by name", told(stat(&d, "dir")), "3000.0 4000.0");
    t.is("with a slash behind", d.set_times_at(none(), "dir/", at(5000, 0), at(6000, 0)), "ok");
}

fn of_the_root(t: &mut Steps) {
    let d = root();
    t.is("by descriptor", d.set_times(at(1000, 0), at(2000, 0)), "bad-descriptor");
    t.is("by name", d.set_times_at(FOLLOW, ".", at(1000, 0), at(2000, 0)), "ok");
}

fn of_a_link(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.symlink_at("file", "link").unwrap();
    d.set_times_at(none(), "file", at(10, 0), at(20, 0)).unwrap();
    t.is("the link's own", d.set_times_at(none(), "link", at(1000, 0), at(2000, 0)), "ok");
    t.is("of the link", told(d.stat_at(none(), "link")), "1000.0 2000.0");
    t.is("of the file", told(stat(&d, "file")), "10.0 20.0");
    t.is("through the link", d.set_times_at(FOLLOW, "link", at(30, 0), at(40, 0)), "ok");
    t.is("of the file then", told(stat(&d, "link")), "30.0 40.0");
}

fn of_a_file_opened_to_read(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ).unwrap();
    t.is("set", file.set_times(at(1000, 0), at(2000, 0)), "ok");
    t.is("told", told(file.stat()), "1000.0 2000.0");
}

fn far_away(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("the beginning", file.set_times(at(0, 0), at(0, 1)), "ok");
    t.is("told", told(file.stat()), "0.0 0.1");
    t.is("the year 2100", file.set_times(at(4_102_444_800, 999_999_999), at(4_102_444_800, 0)), "ok");
    t.is("told then", told(file.stat()), "4102444800.999999999 4102444800.0");
    t.is("beyond", file.set_times(at(u64::MAX, 0), at(0, 0)), "overflow");
}

fn more_nanoseconds_than_a_second_has(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    t.is("set", file.set_times(at(1000, 1_500_000_000), at(2000, 0)), "ok");
    t.is("told", file.stat().map(|stat| stat.data_access_timestamp.is_some_and(|t| t.seconds == 1001)), "true");
}

fn a_write_moves_them(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    let file = open(&d, "file", PLAIN, READ | WRITE).unwrap();
    file.set_times(at(1000, 0), at(2000, 0)).unwrap();
    file.write(b"x", 0).unwrap();
    t.is("last written", file.stat().map(|stat| is_recent(stat.data_modification_timestamp)), "true");
    t.is("last read", file.stat().map(|stat| stat.data_access_timestamp.is_some_and(|t| t.seconds == 1000)), "true");
}

fn a_rename_keeps_them(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.set_times_at(none(), "file", at(1000, 0), at(2000, 0)).unwrap();
    d.rename_at("file", &d, "other").unwrap();
    t.is("told", told(stat(&d, "other")), "1000.0 2000.0");
}

pub(crate) const CASES: &[Case] = cases![
    of_a_file,
    of_a_name,
    to_now,
    of_a_directory,
    of_the_root,
    of_a_link,
    of_a_file_opened_to_read,
    far_away,
    more_nanoseconds_than_a_second_has,
    a_write_moves_them,
    a_rename_keeps_them,
];
