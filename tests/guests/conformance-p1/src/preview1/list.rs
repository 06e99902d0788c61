//! `fd_readdir`.

use super::prelude::*;
use std::collections::BTreeSet;
use std::mem::size_of;

/// The entries from `cookie` on, with names, kinds and the cookies behind them.
fn entries(fd: Fd, len: usize, cookie: u64) -> Result<Vec<(String, u8, u64)>, Errno> {
    let mut buffer = vec![0_u8; len];
    // SAFETY: the buffer is as long as it says.
    let used = unsafe { wasi::fd_readdir(fd, buffer.as_mut_ptr(), len, cookie) }?;
    let mut rest = &buffer[..used];
    let mut found = Vec::new();
    while rest.len() >= size_of::<wasi::Dirent>() {
        // SAFETY: the adapter wrote an entry there; its place may be unaligned.
        let entry = unsafe { std::ptr::read_unaligned(rest.as_ptr().cast::<wasi::Dirent>()) };
        let (begin, end) = (size_of::<wasi::Dirent>(), size_of::<wasi::Dirent>() + entry.d_namlen as usize);
        let Some(name) = rest.get(begin..end) else { break };
        found.push((String::from_utf8_lossy(name).into_owned(), entry.d_type.raw(), entry.d_next));
        rest = &rest[end..];
    }
    Ok(found)
}

fn names(fd: Fd) -> Result<Vec<String>, Errno> {
    let mut names = Vec::new();
    let mut cookie = 0;
    loop {
        let part = entries(fd, 1024, cookie)?;
        let Some((_, _, next)) = part.last() else { break };
        cookie = *next;
        names.extend(part.into_iter().map(|(name, _, _)| name));
    }
    names.sort();
    Ok(names)
}

fn an_empty_directory(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    let dir = open(d, "dir", DIRECTORY).unwrap();
    t.is("names", names(dir), ". ..");
    put(dir, "file", "text");
    t.is("with a file", names(dir), ". .. file");
    unlink(dir, "file").unwrap();
    t.is("without it", names(dir), ". ..");
}

fn kinds(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    let dir = open(d, "dir", DIRECTORY).unwrap();
    put(dir, "file", "text");
    add(dir, "sub").unwrap();
    symlink(dir, "file", "link").unwrap();
    let mut found: Vec<_> =
        entries(dir, 1024, 0).unwrap().into_iter().map(|(name, kind, _)| format!("{name}:{kind}")).collect();
    found.sort();
    t.is("kinds", found, "..:3 .:3 file:4 link:7 sub:3");
}

fn from_a_cookie(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    let dir = open(d, "dir", DIRECTORY).unwrap();
    for name in ["a", "b", "c", "d"] {
        put(dir, name, name);
    }
    let all = entries(dir, 1024, 0).unwrap();
    t.is("how many", all.len(), "6");
    let rest = entries(dir, 1024, all[2].2).unwrap();
    t.is("the rest", rest == all[3..], "true");
    t.is("behind the last", entries(dir, 1024, all[5].2).map(|rest| rest.len()), "0");
    t.is("once more from the begin", entries(dir, 1024, 0).map(|again| again == all), "true");
}

fn a_small_buffer(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    let dir = open(d, "dir", DIRECTORY).unwrap();
    for n in 0..30 {
        put(dir, &format!("a name of some length {n}"), "");
    }
    let mut buffer = [0_u8; 10];
    // SAFETY: the buffer is as long as it says.
    t.is("is filled", unsafe { wasi::fd_readdir(dir, buffer.as_mut_ptr(), 10, 0) }, "10");
    let mut found = BTreeSet::new();
    let mut cookie = 0;
    loop {
        let part = entries(dir, 80, cookie).unwrap();
        let Some((_, _, next)) = part.last() else { break };
        cookie = *next;
        found.extend(part.into_iter().map(|(name, _, _)| name));
    }
    t.is("one after the other", found.len(), "32");
}

fn big(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    let dir = open(d, "dir", DIRECTORY).unwrap();
    for n in 0..500 {
        put(dir, &format!("file {n:04}"), "");
    }
    let found = names(dir).unwrap();
    t.is("how many", found.len(), "502");
    t.is("each once", found.windows(2).all(|pair| pair[0] < pair[1]), "true");
}

fn what_is_no_directory(t: &mut Steps) {
    let d = root();
    put(d, "file", "text");
    let file = open(d, "file", PLAIN).unwrap();
    t.is("a file", entries(file, 100, 0).map(|found| found.len()), "NOTDIR");
    t.is("nothing", entries(77, 100, 0).map(|found| found.len()), "BADF");
}

fn inodes(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    put(d, "dir/file", "text");
    let dir = open(d, "dir", DIRECTORY).unwrap();
    let mut buffer = vec![0_u8; 1024];
    // SAFETY: the buffer is as long as it says.
    let used = unsafe { wasi::fd_readdir(dir, buffer.as_mut_ptr(), 1024, 2) }.unwrap();
    t.is("one entry", used, &(size_of::<wasi::Dirent>() + 4).to_string());
    // SAFETY: the adapter wrote an entry there.
    let entry = unsafe { std::ptr::read_unaligned(buffer.as_ptr().cast::<wasi::Dirent>()) };
    t.is("as the file's", stat(d, 0, "dir/file").map(|stat| stat.ino == entry.d_ino), "true");
}

pub(crate) const CASES: &[Case] =
    cases![an_empty_directory, kinds, from_a_cookie, a_small_buffer, big, what_is_no_directory, inodes,];
