//! Which files of a change a person should look at first: those that run by themselves or decide what runs, before
//! those that are only long.

use super::{File, FileChange};
use skillhost_core::path::SkillPath;
use skillhost_worktree::executes_by_itself;

/// Files that are named.
const MAX_LOOKS: usize = 8;
/// Files that are named where all of them are protected or run by themselves: none hides behind eight others.
const MAX_URGENT: usize = 64;
/// The last rank that is urgent.
const URGENT: usize = 1;
/// What is known of some of the names that tools execute, or take commands from, without being asked. Which they are
/// is said by [`executes_by_itself`].
const EXECUTED: &[(&str, &str)] = &[
    (".envrc", "runs when a shell enters"),
    ("package.json", "scripts"),
    ("build.rs", "runs in every build"),
    ("Makefile", "commands"),
    ("justfile", "commands"),
    ("Dockerfile", "image"),
    ("conftest.py", "runs in every test run"),
    ("setup.py", "runs when installed"),
    ("tox.ini", "commands"),
    (".npmrc", "package sources"),
    (".gitmodules", "foreign code"),
    (".gitattributes", "git filters"),
    (".pre-commit-config.yaml", "hooks"),
];
const FOLDERS: &[(&str, &str)] = &[
    (".github", "runs in CI"),
    (".gitlab", "runs in CI"),
    (".circleci", "runs in CI"),
    (".forgejo", "runs in CI"),
    (".husky", "hooks"),
    (".vscode", "editor tasks"),
    (".idea", "editor tasks"),
    (".devcontainer", "editor container"),
    (".cargo", "build commands"),
];
const LOCKS: &[&str] = &[
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "uv.lock",
    "poetry.lock",
    "go.sum",
    "Gemfile.lock",
    "composer.lock",
];

/// A file to look at, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look<'a> {
    /// Its path.
    pub path: &'a str,
    /// Why.
    pub reason: &'static str,
}

/// The files to look at first, most urgent first, and how many urgent ones are not among them. At most eight, unless more
/// are urgent.
pub fn first_looks(files: &[File]) -> (Vec<Look<'_>>, usize) {
    let mut ranked: Vec<(usize, u64, Look<'_>)> = files
        .iter()
        .filter_map(|file| {
            let (rank, reason) = reason(file)?;
            let lines = file.added.saturating_add(file.removed);
            Some((rank, u64::MAX - lines, Look { path: &file.path, reason }))
        })
        .collect();
    ranked.sort_by(|a, b| (a.0, a.1, a.2.path).cmp(&(b.0, b.1, b.2.path)));
    let urgent = ranked.iter().filter(|(rank, _, _)| *rank <= URGENT).count();
    let named = urgent.clamp(MAX_LOOKS, MAX_URGENT);
    (ranked.into_iter().take(named).map(|(_, _, look)| look).collect(), urgent.saturating_sub(named))
}

fn reason(file: &File) -> Option<(usize, &'static str)> {
    if file.protected {
        return Some((0, "protected"));
    }
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let executed = EXECUTED.iter().find(|(known, _)| *known == name).map(|(_, reason)| *reason);
    let folder = FOLDERS
        .iter()
        .find(|(folder, _)| file.path.split('/').any(|component| component == *folder))
        .map(|(_, reason)| *reason);
    let ci = (name == ".gitlab-ci.yml" || name == "Jenkinsfile").then_some("runs in CI");
    // A name that is no path of ours could be anything.
    let runs = SkillPath::parse(&file.path).map_or(true, |path| executes_by_itself(&path)).then_some("runs by itself");
    if let Some(reason) = executed.or(folder).or(ci).or(runs) {
        return Some((URGENT, reason));
    }
    if let Some(reason) = weakened_test(file) {
        return Some(reason);
    }
    if LOCKS.contains(&name) {
        return Some((4, "dependencies"));
    }
    (file.added.saturating_add(file.removed) >= 300).then_some((5, "long"))
}

/// A test that may no longer test what it did. One that is skipped, or made to check nothing, has lines replaced.
fn weakened_test(file: &File) -> Option<(usize, &'static str)> {
    let was = file.from.as_deref().unwrap_or(&file.path);
    if !is_test(was) {
        return None;
    }
    match file.kind {
        FileChange::Deleted => Some((2, "test deleted")),
        FileChange::Renamed => Some((2, "test moved")),
        _ if file.removed > file.added => Some((3, "test shortened")),
        _ if file.removed > 0 => Some((3, "test changed")),
        _ => None,
    }
}

fn is_test(path: &str) -> bool {
    let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
    path.split(['/', '.', '_', '-']).any(|part| matches!(part, "test" | "tests" | "spec" | "__tests__"))
        || ["Test", "Tests", "Spec"].iter().any(|ending| stem.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, kind: FileChange, added: u64, removed: u64) -> File {
        File { path: path.to_owned(), from: None, kind, added, removed, protected: path == "AGENTS.md" }
    }

    #[test]
    fn m_08_a_test_that_is_weakened_is_looked_at() {
        let moved = File { from: Some("tests/a.js".to_owned()), ..file("attic/a.txt", FileChange::Renamed, 0, 0) };
        let seen = |files: &[File]| first_looks(files).0.first().map(|look| look.reason);
        assert_eq!(seen(&[moved]), Some("test moved"));
        for (path, kind, added, removed, reason) in [
            ("tests/a.rs", FileChange::Deleted, 0, 9, Some("test deleted")),
            ("a_test.go", FileChange::Modified, 0, 1, Some("test shortened")),
            ("src/a.test.js", FileChange::Modified, 1, 1, Some("test changed")),
            ("src/GreetingTest.java", FileChange::Modified, 2, 1, Some("test changed")),
            ("test_new.py", FileChange::Added, 9, 0, None),
            ("tests/more.rs", FileChange::Modified, 9, 0, None),
            ("src/contest.rs", FileChange::Modified, 1, 1, None),
        ] {
            assert_eq!(seen(&[file(path, kind, added, removed)]), reason, "{path}");
        }
    }

    #[test]
    fn f_20_what_runs_by_itself_comes_first() {
        let files = [
            file("src/a.rs", FileChange::Modified, 400, 0),
            file("src/b.rs", FileChange::Modified, 3, 1),
            file("tests/a.test.js", FileChange::Deleted, 0, 30),
            file("package-lock.json", FileChange::Modified, 9, 9),
            file("tools/.vscode/tasks.json", FileChange::Added, 9, 0),
            file(".github/workflows/ci.yml", FileChange::Modified, 1, 1),
            file("web/package.json", FileChange::Modified, 1, 1),
            file("AGENTS.md", FileChange::Modified, 1, 1),
            file("src/spec/x.rs", FileChange::Modified, 0, u64::MAX),
        ];
        let looks: Vec<(&str, &str)> = first_looks(&files).0.iter().map(|look| (look.path, look.reason)).collect();
        assert_eq!(
            looks,
            [
                ("AGENTS.md", "protected"),
                ("tools/.vscode/tasks.json", "editor tasks"),
                (".github/workflows/ci.yml", "runs in CI"),
                ("web/package.json", "scripts"),
                ("tests/a.test.js", "test deleted"),
                ("src/spec/x.rs", "test shortened"),
                ("package-lock.json", "dependencies"),
                ("src/a.rs", "long"),
            ]
        );
    }

    #[test]
    fn f_20_what_the_sweep_knows_is_known_here_and_none_hides_behind_others() {
        let mut files: Vec<File> =
            (0..60).map(|n| file(&format!("pages/{n}/package.json"), FileChange::Added, 500, 0)).collect();
        for path in ["src/.githooks/pre-commit", ".GitLab-CI.yml", "lib/evil.pth", "MAKEFILE", "src/.envrc"] {
            files.push(file(path, FileChange::Added, 1, 0));
        }
        let (looks, rest) = first_looks(&files);
        assert_eq!((looks.len(), rest), (64, 1));
        assert!(looks.iter().any(|look| look.path == ".GitLab-CI.yml" && look.reason == "runs by itself"), "{looks:?}");
        files.drain(..58);
        let (looks, rest) = first_looks(&files);
        assert_eq!((looks.len(), rest), (7, 0));
    }
}
