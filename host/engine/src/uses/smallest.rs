//! From what was used to the smallest grant: exact names first, folders where there would be too many, and nothing that is
//! not needed.

use super::{Need, Used};
use crate::files::Rules;
use crate::grantor::{literal, url_pattern};
use skillhost_core::capability::Capabilities;
use skillhost_core::destination::WebUrl;
use skillhost_core::glob::{Globs, Layers};
use skillhost_core::path::SkillPath;
use skillhost_core::urls::Urls;
use std::collections::{BTreeMap, BTreeSet};

/// Most globs of one capability: what people can still read.
const MAX_GLOBS: usize = 24;
/// The same where so many didn't do, and then everything.
const FEWER: [usize; 3] = [MAX_GLOBS, 6, 0];
/// Most patterns of URLs.
const MAX_URLS: usize = 16;

const EVERYTHING: &str = "**";

type Paths = BTreeSet<SkillPath>;

pub(super) fn grant(used: &Used, protected: &Globs) -> Capabilities {
    let (read, write) = files(used, protected);
    Capabilities {
        read,
        write,
        exec: used.exec.clone(),
        model: used.model.clone(),
        http: urls(&used.http),
        secrets: used.secrets.clone(),
        exec_arguments: used.exec_arguments,
        protected: used.protected,
        ask: used.ask,
    }
}

fn files(used: &Used, protected: &Globs) -> (Globs, Globs) {
    let (read, write) = exact(used);
    for most in FEWER {
        let most = if used.is_beyond { 0 } else { most };
        let mut lists = [patterns(&read, most), patterns(&write, most)];
        if suffices(&lists, used, protected) {
            shorten(&mut lists, used, protected);
            return lists_of(&lists);
        }
    }
    lists_of(&[vec![EVERYTHING.to_owned()], vec![EVERYTHING.to_owned()]])
}

/// The paths that must be named at least.
fn exact(used: &Used) -> (Paths, Paths) {
    let of = |need: Need| used.files.iter().filter(move |(of, _)| *of == need).map(|(_, path)| path.clone());
    let (mut read, mut write): (Paths, Paths) = (of(Need::Read).collect(), of(Need::Write).collect());
    // A file first, since what leads to it can be passed then.
    for path in of(Need::Show) {
        if !read.contains(&path) && !write.contains(&path) {
            read.insert(path);
        }
    }
    for path in of(Need::Hold) {
        if !reaches(&write, &path) {
            write.insert(path);
        }
    }
    for path in of(Need::Pass) {
        if !path.is_root() && !reaches(&read, &path) && !reaches(&write, &path) {
            read.insert(path);
        }
    }
    if used.changes && read.is_empty() {
        read.insert(SkillPath::root());
    }
    if used.commits && write.is_empty() {
        write.insert(SkillPath::root());
    }
    for paths in [&mut read, &mut write] {
        level(paths, used);
    }
    (read, write)
}

/// Whether one of `paths` is `path`, or lies beneath it.
fn reaches(paths: &Paths, path: &SkillPath) -> bool {
    // What lies beneath a path doesn't stand right behind it: `a-b` comes before `a/b`, and `a0` behind both.
    let end = format!("{path}0");
    let mut from = paths.range(path.clone()..).take_while(|next| next.as_str() < end.as_str());
    from.any(|next| next.starts_with(path))
}

/// Adds the other one of each pair of which one is there.
fn level(paths: &mut Paths, used: &Used) {
    loop {
        let halves = used.alike.iter().filter(|(one, other)| paths.contains(one) != paths.contains(other));
        let missing: Vec<SkillPath> = halves.flat_map(|(one, other)| [one.clone(), other.clone()]).collect();
        if missing.is_empty() {
            return;
        }
        paths.extend(missing);
    }
}

/// Globs for these paths, at most so many: the deepest folder with more than one of them is named as a whole first.
fn patterns(paths: &Paths, most: usize) -> Vec<String> {
    // Each by its folder, and how it is written; a folder is named with all that is beneath it.
    let mut named: BTreeSet<(SkillPath, String)> = paths.iter().map(name_of).collect();
    while named.len() > most {
        let mut counts: BTreeMap<&SkillPath, usize> = BTreeMap::new();
        named.iter().for_each(|(folder, _)| *counts.entry(folder).or_default() += 1);
        let deepest = counts.keys().map(|folder| folder.components().count()).max().unwrap_or_default();
        let at_depth = counts.iter().filter(|(folder, _)| folder.components().count() == deepest);
        // The first of the fullest: the choice depends on nothing but the paths.
        let fullest = at_depth.rev().max_by_key(|(_, count)| **count).map(|(folder, _)| (*folder).clone());
        let Some(folder) = fullest else { break };
        if folder.is_root() {
            return vec![EVERYTHING.to_owned()];
        }
        named.retain(|(at, _)| *at != folder);
        named.insert(whole(&folder));
    }
    named.into_iter().map(|(_, glob)| glob).collect()
}

/// The folder that a path lies in, and the glob that names the path alone.
fn name_of(path: &SkillPath) -> (SkillPath, String) {
    let Some(parent) = path.parent() else { return (SkillPath::root(), EVERYTHING.to_owned()) };
    match literal(path) {
        Some(glob) => (parent, glob),
        None => whole(&parent),
    }
}

/// A folder with all that is in it, or the nearest one above it that a glob can name.
fn whole(folder: &SkillPath) -> (SkillPath, String) {
    let glob = literal(folder).map(|glob| format!("{glob}/**")).filter(|glob| Globs::parse([glob]).is_ok());
    match (glob, folder.parent()) {
        (Some(glob), parent) => (parent.unwrap_or_else(SkillPath::root), glob),
        (None, Some(parent)) => whole(&parent),
        (None, None) => (SkillPath::root(), EVERYTHING.to_owned()),
    }
}

/// Takes away what isn't needed, the widest first.
fn shorten(lists: &mut [Vec<String>; 2], used: &Used, protected: &Globs) {
    for at in 0..lists.len() {
        let mut order: Vec<String> = lists[at].clone();
        order.sort_by_key(|glob| (!glob.ends_with(EVERYTHING), glob.len()));
        for glob in order {
            let before = lists[at].clone();
            lists[at].retain(|kept| *kept != glob);
            if !suffices(lists, used, protected) {
                lists[at] = before;
            }
        }
    }
}

fn suffices(lists: &[Vec<String>; 2], used: &Used, protected: &Globs) -> bool {
    let (read, write) = lists_of(lists);
    if (used.changes && read.is_empty()) || (used.commits && write.is_empty()) {
        return false;
    }
    let rules = Rules {
        read: Layers::from([read]),
        write: Layers::from([write]),
        protected: protected.clone(),
        may_write_protected: used.protected,
    };
    used.files.iter().all(|(need, path)| rules.grants(*need, path))
        && used.alike.iter().all(|(one, other)| rules.rights(one) == rules.rights(other))
}

fn lists_of([read, write]: &[Vec<String>; 2]) -> (Globs, Globs) {
    // Each was read before, and there are few.
    let globs = |list: &Vec<String>| Globs::parse(list).unwrap_or_else(|_| Globs::all());
    (globs(read), globs(write))
}

/// Patterns for these URLs, at most so many: the host with the most of them is named as a whole first.
fn urls(used: &BTreeMap<String, WebUrl>) -> Urls {
    let mut named: BTreeSet<(String, String)> = BTreeSet::new();
    for (text, url) in used {
        let origin = origin(text);
        let pattern = url_pattern(text, url).unwrap_or_else(|| format!("{origin}/*"));
        named.insert((origin.to_owned(), pattern));
    }
    while named.len() > MAX_URLS {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        named.iter().for_each(|(origin, _)| *counts.entry(origin).or_default() += 1);
        let fullest = counts.into_iter().rev().filter(|(_, count)| *count > 1).max_by_key(|(_, count)| *count);
        let Some(fullest) = fullest.map(|(origin, _)| origin.clone()) else { break };
        named.retain(|(origin, _)| *origin != fullest);
        named.insert((fullest.clone(), format!("{fullest}/*")));
    }
    let whole: BTreeSet<&String> =
        named.iter().filter(|(origin, pattern)| *pattern == format!("{origin}/*")).map(|(origin, _)| origin).collect();
    let is_needed =
        |(origin, pattern): &&(String, String)| !whole.contains(origin) || *pattern == format!("{origin}/*");
    // So many hosts that a list can't hold them are none that anybody would grant.
    Urls::parse(named.iter().filter(is_needed).map(|(_, pattern)| pattern)).unwrap_or_default()
}

/// Scheme, host and port of a URL's text.
fn origin(url: &str) -> &str {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    &url[..end]
}
