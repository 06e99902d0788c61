//! What programs do with the standard library.

use crate::cases;
use crate::steps::{Case, Outcome, Steps, noise};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn at(name: &str) -> PathBuf {
    Path::new("/repo").join(name)
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<std::io::Result<_>>()?;
    names.retain(|name| name != "given");
    names.sort();
    Ok(names)
}

fn kind(error: std::io::Error) -> ErrorKind {
    error.kind()
}

impl Outcome for ErrorKind {
    fn text(self) -> String {
        format!("{self:?}")
    }
}

fn read_and_write(t: &mut Steps) {
    t.is("write", fs::write(at("file"), "text"), "ok");
    t.is("read", fs::read_to_string(at("file")), "text");
    t.is("replace", fs::write(at("file"), "new"), "ok");
    t.is("read again", fs::read(at("file")), "new");
    t.is("missing", fs::read(at("none")), "NotFound");
    t.is("a directory", fs::read(at("given")).is_err(), "true");
    t.is("write a directory", fs::write(at("given"), "x"), "IsADirectory");
}

fn seek(t: &mut Steps) {
    fs::write(at("file"), "0123456789").unwrap();
    let mut file = OpenOptions::new().read(true).write(true).open(at("file")).unwrap();
    let mut part = [0; 3];
    t.is("from the begin", file.seek(SeekFrom::Start(4)), "4");
    t.is("read", file.read(&mut part).map(|n| part[..n].to_vec()), "456");
    t.is("tell", file.stream_position(), "7");
    t.is("back", file.seek(SeekFrom::Current(-5)), "2");
    t.is("write", file.write(b"ab"), "2");
    t.is("from the end", file.seek(SeekFrom::End(-2)), "8");
    let mut rest = String::new();
    t.is("rest", file.read_to_string(&mut rest).map(|_| rest), "89");
    t.is("beyond", file.seek(SeekFrom::End(5)), "15");
    t.is("before the begin", file.seek(SeekFrom::Current(-100)), "InvalidInput");
    t.is("write beyond", file.write(b"!"), "1");
    drop(file);
    t.is("written", fs::read(at("file")), "01ab456789\0\0\0\0\0!");
}

fn append(t: &mut Steps) {
    fs::write(at("file"), "one").unwrap();
    let mut file = OpenOptions::new().append(true).open(at("file")).unwrap();
    t.is("append", file.write_all(b" two"), "ok");
    t.is("seek", file.seek(SeekFrom::Start(0)), "0");
    t.is("still at the end", file.write_all(b" three"), "ok");
    t.is("written", fs::read(at("file")), "one two three");
    t.is("new", OpenOptions::new().append(true).create(true).open(at("new")).map(|_| ()), "ok");
    t.is("missing", OpenOptions::new().append(true).open(at("none")).map(|_| ()), "NotFound");
}

fn create_new(t: &mut Steps) {
    t.is("new", File::create_new(at("file")).map(|_| ()), "ok");
    t.is("again", File::create_new(at("file")).map(|_| ()), "AlreadyExists");
    t.is("over a directory", File::create_new(at("given")).map(|_| ()), "AlreadyExists");
}

fn directories(t: &mut Steps) {
    t.is("all of them", fs::create_dir_all(at("a/b/c/d")), "ok");
    t.is("all again", fs::create_dir_all(at("a/b/c/d")), "ok");
    t.is("one again", fs::create_dir(at("a")), "AlreadyExists");
    t.is("beneath nothing", fs::create_dir(at("none/x")), "NotFound");
    fs::write(at("a/b/file"), "text").unwrap();
    t.is("over a file", fs::create_dir_all(at("a/b/file")), "AlreadyExists");
    t.is("not empty", fs::remove_dir(at("a")).is_err(), "true");
    t.is("remove all", fs::remove_dir_all(at("a")), "ok");
    t.is("gone", fs::metadata(at("a")).map(|_| ()), "NotFound");
}

fn remove_all_with_links_in_it(t: &mut Steps) {
    fs::create_dir_all(at("a/b")).unwrap();
    fs::create_dir(at("kept")).unwrap();
    fs::write(at("kept/file"), "text").unwrap();
    link("../kept", "a/link");
    link("nowhere", "a/b/dangling");
    t.is("remove", fs::remove_dir_all(at("a")), "ok");
    t.is("what a link led to stays", fs::read(at("kept/file")), "text");
}

#[allow(deprecated, reason = "the only way to make one in the standard library for every target")]
fn link(target: &str, name: &str) {
    fs::soft_link(target, at(name)).unwrap();
}

fn list(t: &mut Steps) {
    fs::create_dir(at("dir")).unwrap();
    for name in ["b", "a", "ü"] {
        fs::write(at("dir").join(name), name).unwrap();
    }
    fs::create_dir(at("dir/sub")).unwrap();
    t.is("names", names(&at("dir")), "a b sub ü");
    let kinds = fs::read_dir(at("dir")).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().to_string_lossy().into_owned(), entry.file_type().unwrap().is_dir())
    });
    let folders: Vec<String> = kinds.filter(|(_, is_dir)| *is_dir).map(|(name, _)| name).collect();
    t.is("directories", folders, "sub");
    t.is("sizes", fs::read_dir(at("dir")).unwrap().filter(|e| e.as_ref().unwrap().metadata().is_ok()).count(), "4");
    t.is("a file", fs::read_dir(at("dir/a")).map(|_| ()), "NotADirectory");
    t.is("nothing", fs::read_dir(at("none")).map(|_| ()), "NotFound");
}

fn list_many(t: &mut Steps) {
    fs::create_dir(at("dir")).unwrap();
    for n in 0..700 {
        fs::write(at("dir").join(format!("file number {n:04} with some more letters in its name")), "").unwrap();
    }
    t.is("how many", names(&at("dir")).map(|names| names.len()), "700");
    for name in names(&at("dir")).unwrap() {
        fs::remove_file(at("dir").join(name)).unwrap();
    }
    t.is("none left", names(&at("dir")).map(|names| names.len()), "0");
}

fn rename_and_copy(t: &mut Steps) {
    fs::write(at("a"), "text").unwrap();
    t.is("rename", fs::rename(at("a"), at("b")), "ok");
    t.is("copy", fs::copy(at("b"), at("c")), "4");
    t.is("copied", fs::read(at("c")), "text");
    fs::write(at("b"), "longer than before").unwrap();
    t.is("copy over it", fs::copy(at("b"), at("c")), "18");
    t.is("copied again", fs::read(at("c")), "longer than before");
    t.is("missing", fs::rename(at("none"), at("d")), "NotFound");
    fs::create_dir(at("dir")).unwrap();
    t.is("over a directory", fs::rename(at("b"), at("dir")), "IsADirectory");
    t.is("a directory over a file", fs::rename(at("dir"), at("b")), "NotADirectory");
    t.is("a directory into itself", fs::rename(at("dir"), at("dir/x")), "InvalidInput");
}

/// As editors and package managers write: beside, then in the place of the old one.
fn write_beside_and_replace(t: &mut Steps) {
    fs::write(at("config"), "old").unwrap();
    let mut file = File::create_new(at(".config.tmp")).unwrap();
    t.is("write", file.write_all(b"new"), "ok");
    t.is("sync", file.sync_all(), "ok");
    drop(file);
    t.is("replace", fs::rename(at(".config.tmp"), at("config")), "ok");
    t.is("read", fs::read(at("config")), "new");
    t.is("nothing is left over", names(&at("")), "config");
}

fn metadata(t: &mut Steps) {
    fs::write(at("file"), "text").unwrap();
    let told = fs::metadata(at("file")).unwrap();
    t.is("length", told.len(), "4");
    t.is("is a file", told.is_file() && !told.is_dir() && !told.is_symlink(), "true");
    t.is("is recent", told.modified().map(|time| is_recent(time)), "true");
    link("file", "link");
    t.is("a link", fs::symlink_metadata(at("link")).map(|told| told.is_symlink()), "true");
    t.is("followed", fs::metadata(at("link")).map(|told| told.is_file()), "true");
    t.is("exists", at("file").exists() && !at("none").exists(), "true");
    t.is("the root", fs::metadata("/repo").map(|told| told.is_dir()), "true");
}

fn is_recent(time: SystemTime) -> bool {
    let day = Duration::from_secs(86_400);
    SystemTime::now().duration_since(time).unwrap_or_else(|early| early.duration()) < day
}

fn set_times(t: &mut Steps) {
    fs::write(at("file"), "text").unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_000_000, 5);
    let file = File::options().write(true).open(at("file")).unwrap();
    t.is("set", file.set_modified(time), "ok");
    t.is("told", file.metadata().and_then(|told| told.modified()).map(|told| told == time), "true");
}

fn set_length(t: &mut Steps) {
    fs::write(at("file"), "0123456789").unwrap();
    let file = OpenOptions::new().write(true).open(at("file")).unwrap();
    t.is("cut", file.set_len(3), "ok");
    t.is("left", fs::read(at("file")), "012");
    t.is("lengthen", file.set_len(5), "ok");
    t.is("zeros", fs::read(at("file")), "012\0\0");
    let reader = File::open(at("file")).unwrap();
    t.is("opened to read", reader.set_len(1).map_err(kind), "InvalidInput");
}

fn lines_through_buffers(t: &mut Steps) {
    let mut writer = BufWriter::new(File::create(at("file")).unwrap());
    for n in 0..10_000 {
        writeln!(writer, "line {n}").unwrap();
    }
    t.is("flush", writer.flush(), "ok");
    drop(writer);
    let lines = BufReader::new(File::open(at("file")).unwrap()).lines();
    let right = lines.enumerate().filter(|(n, line)| line.as_ref().unwrap() == &format!("line {n}")).count();
    t.is("lines", right, "10000");
}

fn a_large_file(t: &mut Steps) {
    let bytes = noise(5 << 20);
    t.is("write", fs::write(at("file"), &bytes), "ok");
    t.is("read", fs::read(at("file")).map(|read| read == bytes), "true");
    t.is("length", fs::metadata(at("file")).map(|told| told.len()), "5242880");
}

fn links(t: &mut Steps) {
    fs::create_dir(at("dir")).unwrap();
    fs::write(at("dir/file"), "text").unwrap();
    link("dir", "link");
    t.is("read through it", fs::read(at("link/file")), "text");
    t.is("what it says", fs::read_link(at("link")).map(|said| said.to_string_lossy().into_owned()), "dir");
    t.is("no link", fs::read_link(at("dir")).map(|_| ()), "InvalidInput");
    t.is("remove it", fs::remove_file(at("link")), "ok");
    t.is("what it led to stays", fs::read(at("dir/file")), "text");
}

fn hard_links(t: &mut Steps) {
    fs::write(at("a"), "text").unwrap();
    t.is("link", fs::hard_link(at("a"), at("b")), "ok");
    t.is("names", names(&at("")), "a b");
}

fn an_open_file_that_is_removed(t: &mut Steps) {
    fs::write(at("file"), "text").unwrap();
    let mut file = File::open(at("file")).unwrap();
    t.is("remove", fs::remove_file(at("file")), "ok");
    let mut text = String::new();
    t.is("read", file.read_to_string(&mut text).map(|_| text), "text");
    t.is("gone", at("file").exists(), "false");
}

fn wrong_access(t: &mut Steps) {
    fs::write(at("file"), "text").unwrap();
    let mut part = [0; 4];
    let mut reader = File::open(at("file")).unwrap();
    t.is("write to a reader", reader.write(b"x").is_err(), "true");
    let mut writer = OpenOptions::new().write(true).open(at("file")).unwrap();
    t.is("read from a writer", writer.read(&mut part).is_err(), "true");
    t.is("kept", fs::read(at("file")), "text");
}

fn out_of_the_root(t: &mut Steps) {
    for name in ["/etc/hostname", "/repo/../etc/hostname", "/", "../etc/hostname"] {
        t.is(name, fs::read(name).is_err(), "true");
    }
    t.is("up and down again", fs::read("/repo/given/../given/file"), "given");
}

pub(crate) const CASES: &[Case] = cases![
    read_and_write,
    seek,
    append,
    create_new,
    directories,
    remove_all_with_links_in_it,
    list,
    list_many,
    rename_and_copy,
    write_beside_and_replace,
    metadata,
    set_times,
    set_length,
    lines_through_buffers,
    a_large_file,
    links,
    hard_links,
    an_open_file_that_is_removed,
    wrong_access,
    out_of_the_root,
];
