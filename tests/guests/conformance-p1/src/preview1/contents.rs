//! Reading, writing and seeking.

use super::prelude::*;
use crate::steps::noise;
use wasi::{WHENCE_CUR, WHENCE_END, WHENCE_SET};

fn seek_and_tell(t: &mut Steps) {
    let d = root();
    let file = open(d, "file", CREATE).unwrap();
    t.is("tell", tell(file), "0");
    t.is("write", write(file, b"0123456789"), "10");
    t.is("tell after it", tell(file), "10");
    t.is("set", seek(file, 4, WHENCE_SET), "4");
    t.is("read", read(file, 3), "456");
    t.is("relative", seek(file, -5, WHENCE_CUR), "2");
    t.is("from the end", seek(file, -2, WHENCE_END), "8");
    t.is("read to the end", read(file, 10), "89");
    t.is("at the end", read(file, 10), "");
    t.is("beyond", seek(file, 100, WHENCE_SET), "100");
    t.is("read there", read(file, 10), "");
    t.is("before the begin", seek(file, -1, WHENCE_SET), "INVAL");
    t.is("where it was", tell(file), "100");
    t.is("write there", write(file, b"x"), "1");
    t.is("size", stat(d, 0, "file").map(|stat| stat.size), "101");
}

fn read_and_write_at(t: &mut Steps) {
    let d = root();
    let file = open(d, "file", CREATE).unwrap();
    t.is("write", write(file, b"0123456789"), "10");
    t.is("write at", pwrite(file, b"ab", 3), "2");
    t.is("read at", pread(file, 5, 2), "2ab56");
    t.is("the position stays", tell(file), "10");
    t.is("read at the end", pread(file, 5, 10), "");
    t.is("over the end", pwrite(file, b"cd", 9), "2");
    t.is("beyond the end", pwrite(file, b"ef", 13), "2");
    t.is("all", pread(file, 100, 0), "012ab5678cd\0\0ef");
}

fn in_several_buffers(t: &mut Steps) {
    let d = root();
    let file = open(d, "file", CREATE).unwrap();
    let parts = [&b"one "[..], b"", b"two"].map(|part| wasi::Ciovec { buf: part.as_ptr(), buf_len: part.len() });
    // SAFETY: the buffers are as long as they say. Less than all of them may be written.
    let written = unsafe { wasi::fd_write(file, &parts) }.unwrap();
    let rest = &b"one two"[written..];
    t.is("written", write(file, rest).map(|more| more + written), "7");
    t.is("read", pread(file, 100, 0), "one two");
}

fn append(t: &mut Steps) {
    let d = root();
    put(d, "file", "0123");
    let rights = wasi::RIGHTS_FD_READ | wasi::RIGHTS_FD_WRITE;
    let file = open_with(d, FOLLOW, "file", PLAIN, rights, wasi::FDFLAGS_APPEND).unwrap();
    t.is("write", write(file, b"45"), "2");
    t.is("seek", seek(file, 0, WHENCE_SET), "0");
    t.is("write again", write(file, b"67"), "2");
    t.is("read at", pread(file, 100, 0), "01234567");
    // SAFETY: the adapter writes one value of the type.
    let flags = unsafe { wasi::fd_fdstat_get(file) }.map(|stat| stat.fs_flags & wasi::FDFLAGS_APPEND != 0);
    t.is("flag", flags, "true");
}

fn append_set_later(t: &mut Steps) {
    let d = root();
    put(d, "file", "0123");
    let file = open(d, "file", PLAIN).unwrap();
    // SAFETY: the descriptor is the case's own.
    t.is("set", unsafe { wasi::fd_fdstat_set_flags(file, wasi::FDFLAGS_APPEND) }, "ok");
    t.is("write", write(file, b"45"), "2");
    // SAFETY: the descriptor is the case's own.
    t.is("clear", unsafe { wasi::fd_fdstat_set_flags(file, 0) }, "ok");
    t.is("seek", seek(file, 0, WHENCE_SET), "0");
    t.is("write at the begin", write(file, b"ab"), "2");
    t.is("all", pread(file, 100, 0), "ab2345");
}

fn set_size(t: &mut Steps) {
    let d = root();
    put(d, "file", "0123456789");
    let file = open(d, "file", PLAIN).unwrap();
    // SAFETY: the descriptor is the case's own.
    let size = |size| unsafe { wasi::fd_filestat_set_size(file, size) };
    t.is("cut", size(4), "ok");
    t.is("left", pread(file, 100, 0), "0123");
    t.is("lengthen", size(6), "ok");
    t.is("zeros", pread(file, 100, 0), "0123\0\0");
    // SAFETY: the adapter writes one value of the type.
    t.is("told", unsafe { wasi::fd_filestat_get(file) }.map(|stat| stat.size), "6");
}

fn allocate_and_advise(t: &mut Steps) {
    let d = root();
    let file = open(d, "file", CREATE).unwrap();
    // SAFETY: the descriptor is the case's own.
    unsafe {
        t.is("advise", wasi::fd_advise(file, 0, 100, wasi::ADVICE_WILLNEED), "ok");
        t.is("advise a directory", wasi::fd_advise(d, 0, 0, wasi::ADVICE_NORMAL), "BADF");
        t.is("allocate", wasi::fd_allocate(file, 0, 100), "NOTSUP");
        t.is("sync", wasi::fd_sync(file), "ok");
        t.is("sync data", wasi::fd_datasync(file), "ok");
    }
}

fn big_random_buffer(t: &mut Steps) {
    let d = root();
    let mut bytes = noise(300_000);
    // SAFETY: the buffer is as long as it says.
    t.is("random", unsafe { wasi::random_get(bytes.as_mut_ptr(), 65_536) }, "ok");
    let file = open(d, "file", CREATE).unwrap();
    let mut written = 0;
    while written < bytes.len() {
        written += write(file, &bytes[written..]).unwrap();
    }
    let mut read_back = Vec::new();
    while read_back.len() < bytes.len() {
        read_back.extend(pread(file, 100_000, read_back.len() as u64).unwrap());
    }
    t.is("the same", read_back == bytes, "true");
}

fn directories_have_no_contents(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    let dir = open(d, "dir", DIRECTORY).unwrap();
    t.is("read", read(dir, 10), "BADF");
    t.is("write", write(dir, b"x"), "BADF");
    t.is("seek", seek(dir, 0, WHENCE_CUR), "BADF");
    t.is("tell", tell(dir), "BADF");
    t.is("read at", pread(dir, 10, 0), "BADF");
    t.is("write at", pwrite(dir, b"x", 0), "BADF");
}

fn poll_a_file(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open(d, "file", PLAIN).unwrap();
    let wish = |tag: wasi::Eventtype, userdata| wasi::Subscription {
        userdata,
        u: wasi::SubscriptionU {
            tag: tag.raw(),
            u: wasi::SubscriptionUU { fd_read: wasi::SubscriptionFdReadwrite { file_descriptor: file } },
        },
    };
    let wishes = [wish(wasi::EVENTTYPE_FD_READ, 1), wish(wasi::EVENTTYPE_FD_WRITE, 2)];
    let mut events: [std::mem::MaybeUninit<wasi::Event>; 2] = [const { std::mem::MaybeUninit::zeroed() }; 2];
    // SAFETY: there are as many events as wishes.
    let count = unsafe { wasi::poll_oneoff(wishes.as_ptr(), events.as_mut_ptr().cast(), 2) };
    t.is("one at least is ready", count.map(|count| count >= 1), "true");
}

pub(crate) const CASES: &[Case] = cases![
    seek_and_tell,
    read_and_write_at,
    in_several_buffers,
    append,
    append_set_later,
    set_size,
    allocate_and_advise,
    big_random_buffer,
    directories_have_no_contents,
    poll_a_file,
];
