//! `filestat`: what is told, and setting times.

use super::prelude::*;

fn get_stat(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    add(d, "dir").unwrap();
    symlink(d, "file", "link").unwrap();
    t.is("a file", kind(d, "file"), "REGULAR_FILE");
    t.is("its size", stat(d, 0, "file").map(|stat| stat.size), "4");
    t.is("its links", stat(d, 0, "file").map(|stat| stat.nlink), "1");
    t.is("a directory", kind(d, "dir"), "DIRECTORY");
    t.is("a link", kind(d, "link"), "SYMBOLIC_LINK");
    t.is("followed", stat(d, FOLLOW, "link").map(|stat| stat.filetype), "REGULAR_FILE");
    t.is("the same file", stat(d, FOLLOW, "link").map(|s| Ok(s.ino) == stat(d, 0, "file").map(|s| s.ino)), "true");
    t.is("missing", kind(d, "none"), "NOENT");
}

fn size_after_writes(t: &mut Steps) {
    let d = root();
    let file = open(d, "file", CREATE).unwrap();
    for n in 1..=3_u64 {
        write(file, b"abcd").unwrap();
        // SAFETY: the adapter writes one value of the type.
        t.is(&format!("round {n}"), unsafe { wasi::fd_filestat_get(file) }.map(|s| s.size), &(n * 4).to_string());
    }
}

fn set_times(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open(d, "file", PLAIN).unwrap();
    let both = wasi::FSTFLAGS_ATIM | wasi::FSTFLAGS_MTIM;
    // SAFETY: the descriptor is the case's own.
    let set = |atim, mtim, flags| unsafe { wasi::fd_filestat_set_times(file, atim, mtim, flags) };
    // SAFETY: the adapter writes one value of the type.
    let told = || unsafe { wasi::fd_filestat_get(file) }.map(|stat| format!("{} {}", stat.atim, stat.mtim));
    t.is("both", set(1_000_000_005, 2_000_000_006, both), "ok");
    t.is("told", told(), "1000000005 2000000006");
    t.is("one", set(7, 3_000_000_000, wasi::FSTFLAGS_MTIM), "ok");
    t.is("told of one", told(), "1000000005 3000000000");
    t.is("none", set(1, 1, 0), "ok");
    t.is("told of none", told(), "1000000005 3000000000");
    t.is("both ways at once", set(1, 1, wasi::FSTFLAGS_MTIM | wasi::FSTFLAGS_MTIM_NOW), "INVAL");
    t.is("now", set(0, 0, wasi::FSTFLAGS_ATIM_NOW | wasi::FSTFLAGS_MTIM_NOW), "ok");
    // SAFETY: the adapter writes one value of the type.
    t.is("is later", unsafe { wasi::fd_filestat_get(file) }.map(|stat| stat.mtim > 1 << 60), "true");
}

fn set_times_of_a_name(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    symlink(d, "file", "link").unwrap();
    let both = wasi::FSTFLAGS_ATIM | wasi::FSTFLAGS_MTIM;
    // SAFETY: the name is lent for the call.
    let set = |follow, name: &str, time| unsafe { wasi::path_filestat_set_times(d, follow, name, time, time, both) };
    t.is("a file", set(0, "file", 1_000_000_000), "ok");
    t.is("told", stat(d, 0, "file").map(|stat| stat.mtim), "1000000000");
    t.is("through a link", set(FOLLOW, "link", 2_000_000_000), "ok");
    t.is("told of the file", stat(d, 0, "file").map(|stat| stat.mtim), "2000000000");
    t.is("a link's own", set(0, "link", 3_000_000_000), "ok");
    t.is("told of the link", stat(d, 0, "link").map(|stat| stat.mtim), "3000000000");
    t.is("the file's stays", stat(d, 0, "file").map(|stat| stat.mtim), "2000000000");
    t.is("missing", set(0, "none", 1), "NOENT");
}

fn symlink_loop(t: &mut Steps) {
    let d = root();
    symlink(d, "loop", "loop").unwrap();
    t.is("itself", kind(d, "loop"), "SYMBOLIC_LINK");
    t.is("followed", stat(d, FOLLOW, "loop").map(|stat| stat.size), "LOOP");
}

pub(crate) const CASES: &[Case] = cases![get_stat, size_after_writes, set_times, set_times_of_a_name, symlink_loop,];
