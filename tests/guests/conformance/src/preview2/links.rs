//! Symbolic links.

use super::prelude::*;

fn say_what_they_were_told(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    for (name, target) in [("a", "file"), ("b", "./file"), ("c", "none"), ("d", "given/folder/"), ("e", "a//b")] {
        t.is(&format!("link to {target}"), d.symlink_at(target, name), "ok");
        t.is(&format!("says {target}"), d.readlink_at(name), target);
    }
}

fn what_is_no_link(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    t.is("a file", d.readlink_at("file"), "invalid");
    t.is("a directory", d.readlink_at("dir"), "invalid");
    t.is("nothing", d.readlink_at("none"), "no-entry");
    t.is("beneath a file", d.readlink_at("file/x"), "not-directory");
}

fn where_something_is(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    d.symlink_at("file", "link").unwrap();
    for name in ["file", "dir", "link"] {
        t.is(name, d.symlink_at("file", name), "exist");
    }
    t.is("beneath nothing", d.symlink_at("file", "none/link"), "no-entry");
    t.is("beneath a file", d.symlink_at("file", "file/link"), "not-directory");
}

fn a_slash_behind_the_new_name(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    d.symlink_at("none", "dangling").unwrap();
    t.is("nothing", d.symlink_at("file", "new/"), "no-entry");
    t.is("a directory", d.symlink_at("file", "dir/"), "exist");
    t.is("a file", d.symlink_at("file", "file/"), "not-directory");
    t.is("a dangling link", d.symlink_at("file", "dangling/"), "no-entry");
    t.is("left", names(&d), "dangling dir file");
}

fn lead_to_files_and_directories(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "dir/file", "text");
    d.symlink_at("dir/file", "to-file").unwrap();
    d.symlink_at("dir", "to-dir").unwrap();
    d.symlink_at("../dir/file", "dir/up").unwrap();
    t.is("to a file", get(&d, "to-file"), "text");
    t.is("beneath a directory", get(&d, "to-dir/file"), "text");
    t.is("up and down", get(&d, "dir/up"), "text");
    t.is("through two", get(&d, "to-dir/up"), "text");
    t.is("listed", open(&d, "to-dir", DIRECTORY, READ).and_then(|dir| names(&dir)), "file up");
}

fn in_a_chain(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.symlink_at("file", "1").unwrap();
    for n in 1..10 {
        d.symlink_at(&n.to_string(), &(n + 1).to_string()).unwrap();
    }
    t.is("read", get(&d, "10"), "text");
    t.is("write", open(&d, "10", PLAIN, WRITE).and_then(|file| file.write(b"T", 0)), "1");
    t.is("written", get(&d, "file"), "Text");
}

fn in_a_circle(t: &mut Steps) {
    let d = root();
    d.symlink_at("b", "a").unwrap();
    d.symlink_at("a", "b").unwrap();
    d.symlink_at("self", "self").unwrap();
    for name in ["a", "self"] {
        t.is(&format!("open {name}"), open(&d, name, PLAIN, READ), "loop");
        t.is(&format!("create {name}"), open(&d, name, CREATE, WRITE), "loop");
        t.is(&format!("stat {name}"), stat(&d, name).map(|stat| stat.size), "loop");
        t.is(&format!("beneath {name}"), open(&d, &format!("{name}/x"), PLAIN, READ), "loop");
        t.is(&format!("make beneath {name}"), d.create_directory_at(&format!("{name}/x")), "loop");
        t.is(&format!("itself {name}"), kind(&d, name), "symbolic-link");
    }
}

fn to_nothing(t: &mut Steps) {
    let d = root();
    d.symlink_at("none", "dangling").unwrap();
    t.is("open", open(&d, "dangling", PLAIN, READ), "no-entry");
    t.is("open a directory", open(&d, "dangling", DIRECTORY, READ), "no-entry");
    t.is("stat", stat(&d, "dangling").map(|stat| stat.size), "no-entry");
    t.is("beneath", open(&d, "dangling/x", PLAIN, READ), "no-entry");
    t.is("with a slash", open(&d, "dangling/", PLAIN, READ), "no-entry");
    t.is("stat with a slash", kind(&d, "dangling/"), "symbolic-link");
}

fn with_a_slash_behind(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    d.symlink_at("file", "to-file").unwrap();
    d.symlink_at("dir", "to-dir").unwrap();
    t.is("open a directory", open(&d, "to-dir/", PLAIN, READ), "ok");
    t.is("stat a directory", kind(&d, "to-dir/"), "symbolic-link");
    t.is("open a file", open(&d, "to-file/", PLAIN, READ), "not-directory");
    t.is("stat a file", kind(&d, "to-file/"), "symbolic-link");
    t.is("read it", d.readlink_at("to-dir/"), "invalid");
    t.is("read one to a file", d.readlink_at("to-file/"), "not-directory");
}

fn with_a_slash_in_what_they_say(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    d.symlink_at("file/", "to-file").unwrap();
    d.symlink_at("dir/", "to-dir").unwrap();
    t.is("a file", open(&d, "to-file", PLAIN, READ), "not-directory");
    t.is("stat of a file", stat(&d, "to-file").map(|stat| stat.size), "not-directory");
    t.is("a directory", open(&d, "to-dir", PLAIN, READ), "ok");
}

fn through_a_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    d.symlink_at("file", "link").unwrap();
    t.is("open", open(&d, "link/x", PLAIN, READ), "not-directory");
    t.is("stat", kind(&d, "link/x"), "not-directory");
    t.is("make", d.create_directory_at("link/x"), "not-directory");
    t.is("up again", get(&d, "link/../file"), "not-directory");
}

fn that_say_nothing(t: &mut Steps) {
    let d = root();
    t.is("link", d.symlink_at("", "link"), "no-entry");
    t.is("nothing came", names(&d), "");
}

fn that_say_an_absolute_name(t: &mut Steps) {
    let d = root();
    t.is("make one", d.symlink_at("/etc/hostname", "link"), "not-permitted");
    t.is("follow one", open(&d, "given/absolute", PLAIN, READ), "not-permitted");
    t.is("the link itself", kind(&d, "given/absolute"), "symbolic-link");
    t.is("read one", d.readlink_at("given/absolute"), "not-permitted");
    t.is("remove one", d.unlink_file_at("given/absolute"), "ok");
}

fn that_lead_out(t: &mut Steps) {
    let d = root();
    t.is("make one", d.symlink_at("../beside", "link"), "ok");
    t.is("follow one", open(&d, "given/outside", PLAIN, READ), "not-permitted");
    t.is("stat of where it leads", stat(&d, "given/outside").map(|stat| stat.size), "not-permitted");
    t.is("the link itself", kind(&d, "given/outside"), "symbolic-link");
    t.is("read one", d.readlink_at("given/outside"), "../../beside");
}

fn that_go_up_after_going_down(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    add(&d, "dir");
    t.is("link", d.symlink_at("dir/../file", "link"), "ok");
    t.is("read", get(&d, "link"), "text");
}

fn are_replaced(t: &mut Steps) {
    let d = root();
    put(&d, "one", "first");
    put(&d, "two", "second");
    d.symlink_at("one", "link").unwrap();
    t.is("first", get(&d, "link"), "first");
    d.unlink_file_at("link").unwrap();
    d.symlink_at("two", "link").unwrap();
    t.is("second", get(&d, "link"), "second");
    d.symlink_at("one", "new").unwrap();
    d.rename_at("new", &d, "link").unwrap();
    t.is("first again", get(&d, "link"), "first");
}

fn to_a_directory_that_is_replaced(t: &mut Steps) {
    let d = root();
    add(&d, "one");
    add(&d, "two");
    put(&d, "one/file", "first");
    put(&d, "two/file", "second");
    d.symlink_at("one", "link").unwrap();
    t.is("first", stat(&d, "link/file").map(|stat| stat.size), "5");
    d.unlink_file_at("link").unwrap();
    d.symlink_at("two", "link").unwrap();
    t.is("second", stat(&d, "link/file").map(|stat| stat.size), "6");
    t.is("its text", get(&d, "link/file"), "second");
}

fn a_long_one(t: &mut Steps) {
    let d = root();
    let target = format!("{}x", "y/".repeat(100));
    t.is("link", d.symlink_at(&target, "link"), "ok");
    t.is("says", d.readlink_at("link").map(|said| said == target), "true");
    t.is("too long", d.symlink_at(&"y/".repeat(4000), "other"), "name-too-long");
}

pub(crate) const CASES: &[Case] = cases![
    say_what_they_were_told,
    what_is_no_link,
    where_something_is,
    a_slash_behind_the_new_name,
    lead_to_files_and_directories,
    in_a_chain,
    in_a_circle,
    to_nothing,
    with_a_slash_behind,
    with_a_slash_in_what_they_say,
    through_a_file,
    that_say_nothing,
    that_say_an_absolute_name,
    that_lead_out,
    that_go_up_after_going_down,
    are_replaced,
    to_a_directory_that_is_replaced,
    a_long_one,
];
