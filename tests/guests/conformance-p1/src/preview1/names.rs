//! Making, removing and renaming, with every slash.

use super::prelude::*;

fn unlink_with_slashes(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    t.is("a directory", unlink(d, "dir"), "ISDIR");
    t.is("a directory with a slash", unlink(d, "dir/"), "ISDIR");
    put(d, "file", "text");
    t.is("a file with a slash", unlink(d, "file/"), "NOTDIR");
    t.is("a file", unlink(d, "file"), "ok");
    t.is("missing", unlink(d, "file"), "NOENT");
}

fn remove_directory_with_slashes(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    t.is("with a slash", rmdir(d, "dir/"), "INVAL");
    let _ = rmdir(d, "dir");
    t.is("missing", rmdir(d, "dir"), "NOENT");
    put(d, "file", "text");
    t.is("a file", rmdir(d, "file"), "NOTDIR");
    t.is("a file with a slash", rmdir(d, "file/"), "NOTDIR");
    add(d, "full").unwrap();
    put(d, "full/file", "text");
    t.is("with something in it", rmdir(d, "full"), "NOTEMPTY");
}

fn create_directory_with_slashes(t: &mut Steps) {
    let d = root();
    t.is("with a slash", add(d, "dir/"), "ok");
    t.is("again", add(d, "dir"), "EXIST");
    t.is("again with a slash", add(d, "dir/"), "EXIST");
    put(d, "file", "text");
    t.is("a file", add(d, "file"), "EXIST");
    t.is("a file with a slash", add(d, "file/"), "EXIST");
}

fn rename_files(t: &mut Steps) {
    let d = root();
    put(d, "a", "a");
    t.is("new", rename(d, "a", "b"), "ok");
    put(d, "a", "second");
    t.is("over a file", rename(d, "a", "b"), "ok");
    t.is("its text", get(d, "b"), "second");
    t.is("missing", rename(d, "a", "c"), "NOENT");
    t.is("with a slash", rename(d, "b/", "c"), "NOTDIR");
    t.is("to one with a slash", rename(d, "b", "c/"), "NOTDIR");
}

fn rename_directories(t: &mut Steps) {
    let d = root();
    add(d, "a").unwrap();
    put(d, "a/file", "text");
    add(d, "empty").unwrap();
    add(d, "full").unwrap();
    put(d, "full/file", "text");
    put(d, "file", "text");
    t.is("over one with something in it", rename(d, "a", "full"), "NOTEMPTY");
    t.is("over a file", rename(d, "a", "file"), "NOTDIR");
    t.is("a file over it", rename(d, "file", "empty"), "ISDIR");
    t.is("over an empty one", rename(d, "a", "empty"), "ok");
    t.is("with slashes", rename(d, "empty/", "b/"), "ok");
    t.is("its file", get(d, "b/file"), "text");
    t.is("into itself", rename(d, "b", "b/c"), "INVAL");
}

fn overwrite_the_root(t: &mut Steps) {
    let d = root();
    add(d, "dir").unwrap();
    t.is("a directory", rename(d, "dir", "."), "BUSY");
    t.is("as before", kind(d, "dir"), "DIRECTORY");
    t.is("remove it", rmdir(d, "."), "INVAL");
    remove(d, "dir");
    t.is("gone", kind(d, "dir"), "NOENT");
}

fn long_names(t: &mut Steps) {
    let d = root();
    let name = "x".repeat(255);
    put(d, &name, "text");
    t.is("the longest", get(d, &name), "text");
    t.is("one more", open(d, &"x".repeat(256), CREATE).and_then(close), "NAMETOOLONG");
}

pub(crate) const CASES: &[Case] = cases![
    unlink_with_slashes,
    remove_directory_with_slashes,
    create_directory_with_slashes,
    rename_files,
    rename_directories,
    overwrite_the_root,
    long_names,
];
