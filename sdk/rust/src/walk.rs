//! The files of the worktree, in order, without what the repository ignores.
//!
//! `.gitignore` files are read for names and simple patterns. A file that is missed here is only not listed: it can still be
//! read by its path.

use crate::glob::Globs;
use crate::{FileKind, Host};

/// Files that a walk visits at most; beyond that it says that it stopped.
const MAX_FILES: usize = 20_000;
/// The same with directories and what is ignored.
const MAX_NODES: usize = 60_000;
/// Directories inside each other.
const MAX_DEPTH: usize = 48;
/// A longer `.gitignore` is taken for a mistake.
const MAX_IGNORE_BYTES: u64 = 64 * 1024;
const MAX_RULE_BYTES: usize = 512;
/// Each is asked about each file.
const MAX_RULES: usize = 1_000;

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Paths of regular files, sorted by directory and name.
    pub files: Vec<String>,
    /// Directories and files that are ignored.
    pub ignored: usize,
    /// Whether there were more files than it visits.
    pub stopped: bool,
    /// All that it looked at.
    pub(crate) nodes: usize,
}

/// Walks what is under `root` ("" for all).
pub fn walk(host: &dyn Host, root: &str) -> Result<Walk, String> {
    let mut walk = Walk::default();
    let mut rules = Vec::new();
    let mut above = String::new();
    for part in root.split('/').filter(|part| !part.is_empty()) {
        rules.extend(read_rules(host, &above));
        above = join(&above, part);
    }
    host.list(root).map_err(|error| describe(root, &error))?;
    visit(host, root, &mut rules, 0, &mut walk);
    Ok(walk)
}

/// A failed look at a file, for a model.
pub fn describe(path: &str, error: &std::io::Error) -> String {
    failed("read", path, error)
}

/// A failed change of a file, for a model.
pub fn describe_write(path: &str, error: &std::io::Error) -> String {
    failed("write", path, error)
}

fn failed(capability: &str, path: &str, error: &std::io::Error) -> String {
    let path = if path.is_empty() { "." } else { path };
    match error.kind() {
        std::io::ErrorKind::NotFound => format!("{path} does not exist"),
        std::io::ErrorKind::PermissionDenied => {
            format!("denied: no grant of `{capability}` covers {path}. Work without it, or finish with status blocked")
        }
        std::io::ErrorKind::FileTooLarge => format!("{path} is too large: over {} MiB", crate::MAX_LOAD_BYTES >> 20),
        std::io::ErrorKind::IsADirectory => format!("{path} is a directory"),
        std::io::ErrorKind::NotADirectory => format!("{path} is not a directory"),
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            format!("{path}: no space is left for this agent")
        }
        _ => format!("{path}: {error}"),
    }
}

fn visit(host: &dyn Host, directory: &str, rules: &mut Vec<Rule>, depth: usize, walk: &mut Walk) {
    let own_rules = read_rules(host, directory);
    let outer = rules.len();
    rules.extend(own_rules);
    rules.truncate(MAX_RULES.max(outer));
    // A directory that can't be read is one that has nothing to show.
    for node in host.list(directory).unwrap_or_default() {
        walk.nodes += 1;
        if walk.files.len() >= MAX_FILES || walk.nodes > MAX_NODES || depth > MAX_DEPTH {
            walk.stopped = true;
            break;
        }
        let path = join(directory, &node.name);
        let is_directory = node.kind == FileKind::Directory;
        if node.kind == FileKind::Other
            || node.name.eq_ignore_ascii_case(".git")
            || is_ignored(rules, &path, is_directory)
        {
            walk.ignored += 1;
        } else if is_directory {
            visit(host, &path, rules, depth + 1, walk);
        } else {
            walk.files.push(path);
        }
    }
    rules.truncate(outer);
}

fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// One line of a `.gitignore`.
struct Rule {
    globs: Globs,
    keeps: bool,
    directories_only: bool,
}

fn read_rules(host: &dyn Host, directory: &str) -> Vec<Rule> {
    let path = join(directory, ".gitignore");
    match host.size(&path) {
        Ok(size) if size <= MAX_IGNORE_BYTES => {}
        _ => return vec![],
    }
    let content = host.read(&path).unwrap_or_default();
    String::from_utf8_lossy(&content).lines().filter_map(|line| rule(directory, line)).collect()
}

fn rule(directory: &str, line: &str) -> Option<Rule> {
    let line = line.trim();
    if line.len() > MAX_RULE_BYTES {
        return None;
    }
    let (line, keeps) = line.strip_prefix('!').map_or((line, false), |rest| (rest, true));
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (line, directories_only) = line.strip_suffix('/').map_or((line, false), |rest| (rest, true));
    let line = line.strip_prefix('\\').unwrap_or(line);
    let anywhere = !line.contains('/');
    let pattern = join(directory, &format!("{}{}", if anywhere { "**/" } else { "" }, line.trim_start_matches('/')));
    Some(Rule { globs: Globs::of_ignore_file(&pattern), keeps, directories_only })
}

fn is_ignored(rules: &[Rule], path: &str, is_directory: bool) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let last =
        rules.iter().rev().find(|rule| (is_directory || !rule.directories_only) && rule.globs.matches_parts(&parts));
    last.is_some_and(|rule| !rule.keeps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::mock;

    #[test]
    fn ignored_files_are_left_out_and_counted() {
        let host = mock::Host::new()
            .file(
                ".gitignore",
                "# build\ntarget/\n*.log\n!keep.log\n/only-root\n{{cookie}}.tmp\n*.py[co]\n[Bb]in/\n\\#x\n[a-\n",
            )
            .file("target/debug/x", "")
            .file("src/a.rs", "")
            .file("src/target/b", "")
            .file("src/only-root", "")
            .file("only-root", "")
            .file("{{cookie}}.tmp", "")
            .file("a.pyc", "")
            .file("a.pyx", "")
            .file("src/Bin/x", "")
            .file("#x", "")
            .file("x.log", "")
            .file("keep.log", "")
            .file("sub/.gitignore", "/gen\n")
            .file("sub/gen/x", "")
            .file("gen/x", "");
        let found = walk(&host, "").unwrap();
        assert_eq!(
            found.files,
            [".gitignore", "a.pyx", "gen/x", "keep.log", "src/a.rs", "src/only-root", "sub/.gitignore"]
        );
        assert_eq!(found.ignored, 9);
        assert!(walk(&host, "src/target").unwrap().files.contains(&"src/target/b".to_owned()), "asked for by name");
        assert_eq!(walk(&host, "nowhere").unwrap_err(), "nowhere does not exist");
    }

    #[test]
    fn a_walk_ends() {
        let many = (0..MAX_FILES + 5).fold(mock::Host::new(), |host, index| host.file(&format!("d/{index:06}"), ""));
        let found = walk(&many, "").unwrap();
        assert_eq!((found.files.len(), found.stopped), (MAX_FILES, true));
        let deep = mock::Host::new().file(&format!("{}x", "d/".repeat(MAX_DEPTH + 2)), "").file("y", "");
        let found = walk(&deep, "").unwrap();
        assert_eq!((found.files, found.stopped), (vec!["y".to_owned()], true));
        let ignored = (0..MAX_NODES)
            .fold(mock::Host::new().file(".gitignore", "*\n"), |host, index| host.file(&format!("{index:06}"), ""));
        assert!(walk(&ignored, "").unwrap().stopped);
    }
}
