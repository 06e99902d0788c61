//! How names are spelled, and what they may reach.

use super::prelude::*;

fn the_empty_name(t: &mut Steps) {
    let d = root();
    t.is("open", open(&d, "", PLAIN, READ), "no-entry");
    t.is("create", open(&d, "", CREATE, WRITE), "no-entry");
    t.is("stat", kind(&d, ""), "no-entry");
    t.is("make", d.create_directory_at(""), "no-entry");
    t.is("remove", d.unlink_file_at(""), "no-entry");
    t.is("remove directory", d.remove_directory_at(""), "no-entry");
    put(&d, "a", "a");
    t.is("rename to it", d.rename_at("a", &d, ""), "no-entry");
    t.is("link there", d.symlink_at("a", ""), "no-entry");
    t.is("read a link", d.readlink_at(""), "no-entry");
}

fn the_directory_itself(t: &mut Steps) {
    let d = root();
    t.is("stat", kind(&d, "."), "directory");
    t.is("open", open(&d, ".", PLAIN, READ).map(|found| found.is_same_object(&d)), "true");
    t.is("open as a directory", open(&d, "./", DIRECTORY, READ), "ok");
    t.is("make", d.create_directory_at("."), "exist");
    t.is("read a link", d.readlink_at("."), "invalid");
    t.is("write", open(&d, ".", PLAIN, WRITE), "is-directory");
}

fn removing_the_directory_itself(t: &mut Steps) {
    let d = root();
    t.is("remove", d.remove_directory_at("."), "invalid");
    t.is("unlink", d.unlink_file_at("."), "is-directory");
    put(&d, "a", "a");
    add(&d, "dir");
    t.is("rename it", d.rename_at(".", &d, "b"), "busy");
    t.is("rename a directory to it", d.rename_at("dir", &d, "."), "busy");
}

fn dots_and_slashes_between(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    put(&d, "a/file", "text");
    for name in ["a/file", "./a/file", "a/./file", "a//file", ".//a///./file", "a/../a/file"] {
        t.is(name, get(&d, name), "text");
    }
}

fn up_and_down_again(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    add(&d, "a/b");
    put(&d, "file", "top");
    t.is("one", get(&d, "a/../file"), "top");
    t.is("two", get(&d, "a/b/../../file"), "top");
    t.is("make", d.create_directory_at("a/b/../c"), "ok");
    t.is("made", kind(&d, "a/c"), "directory");
}

fn up_from_what_is_missing(t: &mut Steps) {
    let d = root();
    put(&d, "file", "top");
    t.is("missing", get(&d, "missing/../file"), "no-entry");
    t.is("make", d.create_directory_at("missing/../made"), "no-entry");
    t.is("a file", get(&d, "file/../file"), "not-directory");
}

fn up_from_where_a_link_leads(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    add(&d, "a/b");
    put(&d, "a/file", "beneath a");
    put(&d, "file", "top");
    d.symlink_at("a/b", "link").unwrap();
    t.is("read", get(&d, "link/../file"), "beneath a");
}

fn out_of_the_root(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    for name in ["..", "../beside", "../repo/a", "a/../../beside", "./.."] {
        t.is(&format!("open {name}"), open(&d, name, PLAIN, READ), "not-permitted");
        t.is(&format!("stat {name}"), kind(&d, name), "not-permitted");
        t.is(&format!("make {name}"), d.create_directory_at(name), "not-permitted");
        t.is(&format!("remove {name}"), d.unlink_file_at(name), "not-permitted");
    }
}

fn out_of_a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    put(&d, "b", "b");
    let a = open(&d, "a", DIRECTORY, READ | MUTATE).unwrap();
    t.is("read", get(&a, "../b"), "not-permitted");
    t.is("the parent", open(&a, "..", PLAIN, READ), "not-permitted");
    t.is("create", open(&a, "../c", CREATE, WRITE), "not-permitted");
    t.is("rename", a.rename_at("../b", &a, "b"), "not-permitted");
    t.is("as before", get(&d, "b"), "b");
}

fn out_of_a_directory_by_a_link(t: &mut Steps) {
    let d = root();
    add(&d, "a");
    put(&d, "b", "b");
    d.symlink_at("../b", "a/link").unwrap();
    t.is("from above", get(&d, "a/link"), "b");
    let a = open(&d, "a", DIRECTORY, READ | MUTATE).unwrap();
    t.is("from within", get(&a, "link"), "not-permitted");
}

fn absolute_names(t: &mut Steps) {
    let d = root();
    put(&d, "a", "a");
    for name in ["/", "/etc/passwd", "/repo/a", "//a"] {
        t.is(&format!("open {name}"), open(&d, name, PLAIN, READ), "not-permitted");
        t.is(&format!("stat {name}"), kind(&d, name), "not-permitted");
        t.is(&format!("make {name}"), d.create_directory_at(name), "not-permitted");
        t.is(&format!("rename to {name}"), d.rename_at("a", &d, name), "not-permitted");
    }
}

fn a_slash_behind_a_file(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    for name in ["file/", "file//", "file/."] {
        t.is(&format!("open {name}"), open(&d, name, PLAIN, READ), "not-directory");
        t.is(&format!("stat {name}"), kind(&d, name), "regular-file");
        t.is(&format!("unlink {name}"), d.unlink_file_at(name), "not-directory");
        t.is(&format!("remove {name}"), d.remove_directory_at(name), "not-directory");
    }
    t.is("create", open(&d, "file/", CREATE, WRITE), "is-directory");
    t.is("as before", get(&d, "file"), "text");
}

fn a_slash_behind_a_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    t.is("open", open(&d, "dir/", PLAIN, READ), "ok");
    t.is("open with a dot", open(&d, "dir/.", DIRECTORY, READ), "ok");
    t.is("stat", kind(&d, "dir//"), "directory");
    t.is("make", d.create_directory_at("new/"), "ok");
    t.is("make again", d.create_directory_at("new/"), "exist");
    t.is("unlink", d.unlink_file_at("dir/"), "is-directory");
    t.is("remove", d.remove_directory_at("dir/"), "invalid");
    t.is("left", names(&d), "dir new");
}

fn a_slash_behind_what_is_missing(t: &mut Steps) {
    let d = root();
    t.is("open", open(&d, "none/", PLAIN, READ), "no-entry");
    t.is("create", open(&d, "none/", CREATE, WRITE), "is-directory");
    t.is("stat", kind(&d, "none/"), "no-entry");
    t.is("unlink", d.unlink_file_at("none/"), "no-entry");
    t.is("remove", d.remove_directory_at("none/"), "no-entry");
    t.is("link", d.symlink_at("x", "none/"), "no-entry");
    t.is("nothing came", names(&d), "");
}

fn what_is_missing_on_the_way(t: &mut Steps) {
    let d = root();
    put(&d, "file", "text");
    t.is("open beneath nothing", open(&d, "none/x", PLAIN, READ), "no-entry");
    t.is("create beneath nothing", open(&d, "none/x", CREATE, WRITE), "no-entry");
    t.is("make beneath nothing", d.create_directory_at("none/x"), "no-entry");
    t.is("open beneath a file", open(&d, "file/x", PLAIN, READ), "not-directory");
    t.is("create beneath a file", open(&d, "file/x", CREATE, WRITE), "not-directory");
    t.is("stat beneath a file", kind(&d, "file/x"), "not-directory");
    t.is("make beneath a file", d.create_directory_at("file/x"), "not-directory");
    t.is("unlink beneath a file", d.unlink_file_at("file/x"), "not-directory");
}

fn the_longest_name(t: &mut Steps) {
    let d = root();
    let name = "n".repeat(255);
    put(&d, &name, "long");
    t.is("read", get(&d, &name), "long");
    t.is("list", names(&d).map(|names| names[0].len()), "255");
    t.is("in bytes, not letters", open(&d, &"ü".repeat(127), CREATE, WRITE), "ok");
}

fn a_name_too_long(t: &mut Steps) {
    let d = root();
    let name = "n".repeat(256);
    t.is("create", open(&d, &name, CREATE, WRITE), "name-too-long");
    t.is("open", open(&d, &name, PLAIN, READ), "name-too-long");
    t.is("make", d.create_directory_at(&name), "name-too-long");
    t.is("a whole path", open(&d, &"a/".repeat(3000), PLAIN, READ), "name-too-long");
    put(&d, "a", "a");
    t.is("rename to it", d.rename_at("a", &d, &name), "name-too-long");
    t.is("link there", d.symlink_at("a", &name), "name-too-long");
}

fn a_deep_tree(t: &mut Steps) {
    let d = root();
    let mut path = String::from("d");
    for _ in 0..99 {
        add(&d, &path);
        path.push_str("/d");
    }
    put(&d, &path, "deep");
    t.is("read", get(&d, &path), "deep");
    t.is("a component of it", kind(&d, &path[..99]), "directory");
}

fn a_tree_beyond_128_levels(t: &mut Steps) {
    let d = root();
    let mut path = String::from("d");
    for _ in 1..128 {
        add(&d, &path);
        path.push_str("/d");
    }
    t.is("the 128th", d.create_directory_at(&path), "ok");
    t.is("the 129th", d.create_directory_at(&format!("{path}/d")), "ok");
}

fn names_of_every_script(t: &mut Steps) {
    let d = root();
    for name in ["größe", "δοκιμή", "ファイル", "🦀", "e\u{301}", "é", "مرحبا"] {
        put(&d, name, name);
        t.is(name, get(&d, name), name);
    }
    t.is("each is a file of its own", names(&d).map(|names| names.len()), "7");
}

fn names_with_letters_that_programs_use(t: &mut Steps) {
    let d = root();
    for name in ["-rf", " space first", "in between", "#1", "$HOME", "*", "a'b\"c", ".hidden", "...x", "~", "a;b&c|d"] {
        put(&d, name, name);
        t.is(name, get(&d, name), name);
    }
    t.is("how many", names(&d).map(|names| names.len()), "11");
}

fn upper_and_lower_case(t: &mut Steps) {
    let d = root();
    put(&d, "name", "lower");
    put(&d, "Name", "upper");
    t.is("lower", get(&d, "name"), "lower");
    t.is("upper", get(&d, "Name"), "upper");
    t.is("list", names(&d), "Name name");
}

fn a_name_with_a_zero_byte(t: &mut Steps) {
    let d = root();
    t.is("open", open(&d, "a\0b", PLAIN, READ), "invalid");
    t.is("create", open(&d, "a\0b", CREATE, WRITE), "invalid");
    t.is("make", d.create_directory_at("a\0b"), "invalid");
}

fn names_with_control_characters(t: &mut Steps) {
    let d = root();
    t.is("a tab", open(&d, "a\tb", CREATE, WRITE), "ok");
    t.is("an escape", open(&d, "a\u{1b}b", CREATE, WRITE), "ok");
    t.is("a line end", d.create_directory_at("a\nb"), "ok");
}

fn names_that_other_systems_refuse(t: &mut Steps) {
    let d = root();
    for name in ["a:b", "a\\b", "con", "nul.txt", "a.", "a ", "..."] {
        t.is(&format!("create {name:?}"), open(&d, name, CREATE, WRITE), "ok");
    }
}

fn gits_own_directory(t: &mut Steps) {
    let d = root();
    t.is("make", d.create_directory_at(".git"), "ok");
    t.is("create beneath", open(&d, ".git/config", CREATE, WRITE), "ok");
    t.is("another spelling", d.create_directory_at("a.git"), "ok");
    t.is("what git ignores", open(&d, ".gitignore", CREATE, WRITE), "ok");
}

pub(crate) const CASES: &[Case] = cases![
    the_empty_name,
    the_directory_itself,
    removing_the_directory_itself,
    dots_and_slashes_between,
    up_and_down_again,
    up_from_what_is_missing,
    up_from_where_a_link_leads,
    out_of_the_root,
    out_of_a_directory,
    out_of_a_directory_by_a_link,
    absolute_names,
    a_slash_behind_a_file,
    a_slash_behind_a_directory,
    a_slash_behind_what_is_missing,
    what_is_missing_on_the_way,
    the_longest_name,
    a_name_too_long,
    a_deep_tree,
    a_tree_beyond_128_levels,
    names_of_every_script,
    names_with_letters_that_programs_use,
    upper_and_lower_case,
    a_name_with_a_zero_byte,
    names_with_control_characters,
    names_that_other_systems_refuse,
    gits_own_directory,
];
