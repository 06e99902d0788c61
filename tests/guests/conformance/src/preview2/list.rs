//! Listing directories.

use super::prelude::*;

fn an_empty_directory(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    let dir = open(&d, "dir", DIRECTORY, READ).unwrap();
    t.is("names", names(&dir), "");
    let entries = dir.read_directory().unwrap();
    t.is("the end", entries.read_directory_entry().map(|entry| entry.map(|e| e.name)), "none");
    t.is("and again", entries.read_directory_entry().map(|entry| entry.map(|e| e.name)), "none");
}

fn neither_itself_nor_its_parent(t: &mut Steps) {
    let d = root();
    put(&d, "a", "a");
    put(&d, ".hidden", "h");
    t.is("names", names(&d), ".hidden a");
}

fn types(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    add(&d, "dir/sub");
    put(&d, "dir/file", "text");
    d.symlink_at("file", "dir/link").unwrap();
    let entries = open(&d, "dir", DIRECTORY, READ).unwrap().read_directory().unwrap();
    let mut found = Vec::new();
    while let Some(entry) = entries.read_directory_entry().unwrap() {
        found.push(format!("{}:{}", entry.name, entry.type_.text()));
    }
    found.sort();
    t.is("types", found, "file:regular-file link:symbolic-link sub:directory");
}

fn a_thousand_names(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    let dir = open(&d, "dir", DIRECTORY, READ | MUTATE).unwrap();
    for n in 0..1000 {
        put(&dir, &format!("a rather long name so that one system call does not list all of them {n:04}"), "");
    }
    let found = names(&dir).unwrap();
    t.is("how many", found.len(), "1000");
    t.is("each once", found.windows(2).all(|pair| pair[0] < pair[1]), "true");
    t.is("the last", found[999].ends_with(" 0999"), "true");
}

fn after_changes(t: &mut Steps) {
    let d = root();
    put(&d, "a", "a");
    t.is("one", names(&d), "a");
    put(&d, "b", "b");
    t.is("two", names(&d), "a b");
    d.unlink_file_at("a").unwrap();
    t.is("one again", names(&d), "b");
    d.rename_at("b", &d, "c").unwrap();
    t.is("renamed", names(&d), "c");
}

fn two_listings_at_once(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    for name in ["a", "b", "c"] {
        put(&d, &format!("dir/{name}"), name);
    }
    let dir = open(&d, "dir", DIRECTORY, READ).unwrap();
    let (one, other) = (dir.read_directory().unwrap(), dir.read_directory().unwrap());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        first.push(one.read_directory_entry().unwrap().unwrap().name);
        second.push(other.read_directory_entry().unwrap().unwrap().name);
    }
    t.is("the same", first == second, "true");
    t.is("the end", one.read_directory_entry().map(|entry| entry.is_none()), "true");
}

fn what_is_removed_while_it_is_listed(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    for n in 0..100 {
        put(&d, &format!("dir/{n}"), "");
    }
    let dir = open(&d, "dir", DIRECTORY, READ | MUTATE).unwrap();
    let entries = dir.read_directory().unwrap();
    let mut removed = 0;
    while let Some(entry) = entries.read_directory_entry().unwrap() {
        removed += usize::from(dir.unlink_file_at(&entry.name).is_ok());
    }
    t.is("all of them", removed, "100");
    t.is("the directory", d.remove_directory_at("dir"), "ok");
}

fn a_listing_outlives_its_descriptor(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "dir/a", "a");
    let dir = open(&d, "dir", DIRECTORY, READ).unwrap();
    let entries = dir.read_directory().unwrap();
    drop(dir);
    t.is("the name", entries.read_directory_entry().map(|entry| entry.map(|e| e.name)), "a");
}

fn through_a_link(t: &mut Steps) {
    let d = root();
    t.is("names", open(&d, "given/to-folder", DIRECTORY, READ).and_then(|dir| names(&dir)), "inner");
}

fn a_directory_opened_without_reading(t: &mut Steps) {
    let d = root();
    add(&d, "dir");
    put(&d, "dir/a", "a");
    t.is("names", open(&d, "dir", DIRECTORY, DescriptorFlags::empty()).and_then(|dir| names(&dir)), "a");
}

fn names_that_are_not_text(t: &mut Steps) {
    let d = root();
    let odd = open(&d, "given/odd", DIRECTORY, READ).unwrap();
    let entries = odd.read_directory().unwrap();
    let (mut named, mut failed) = (0_u32, Vec::new());
    loop {
        match entries.read_directory_entry() {
            Ok(Some(_)) => named += 1,
            Ok(None) => break,
            Err(error) => failed.push(error.text()),
        }
    }
    t.is("named", named, "6");
    t.is("failed", failed, "illegal-byte-sequence");
}

fn names_that_other_systems_refuse(t: &mut Steps) {
    let d = root();
    let odd = open(&d, "given/odd", DIRECTORY, READ).unwrap();
    let entries = odd.read_directory().unwrap();
    let mut found = Vec::new();
    for _ in 0..20 {
        match entries.read_directory_entry() {
            Ok(Some(entry)) => found.push(entry.name.escape_default().to_string()),
            Ok(None) => break,
            Err(_) => {}
        }
    }
    found.sort();
    t.is("names", found, "aux back\\\\slash colon:colon dot. plain tab\\tbed");
}

pub(crate) const CASES: &[Case] = cases![
    an_empty_directory,
    neither_itself_nor_its_parent,
    types,
    a_thousand_names,
    after_changes,
    two_listings_at_once,
    what_is_removed_while_it_is_listed,
    a_listing_outlives_its_descriptor,
    through_a_link,
    a_directory_opened_without_reading,
    names_that_are_not_text,
    names_that_other_systems_refuse,
];
