//! Git's protocol against git itself, over HTTP on loopback.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use skillhost_core::path::SkillPath;
use skillhost_egress::Dialer;
use skillhost_forge::{Client, GitClient};
use skillhost_test_support::git_server::{Access, bare, git, start, start_with};
use skillhost_test_support::web::{MUCH, Reply, Server};
use skillhost_worktree::Repository;
use skillhost_worktree::remote::{Fetched, Limits, Place, Push, Pushed, RemoteError, RemoteUrl, read_files};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const SECRET: &str = "me:tk-0123456789abcdef";

/// A working clone, the bare repository that it came from, and a runtime for connections.
struct World {
    folder: TempDir,
    runtime: Runtime,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["served", "scratch"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        bare(&folder.path().join("served"), "r.git");
        let world = Self { folder, runtime: Runtime::new().unwrap() };
        git(world.folder.path(), &["clone", "--quiet", "served/r.git", "work"]);
        world.commit("skill.wasm", "one");
        world.git(&["push", "--quiet", "origin", "HEAD:main"]);
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.at("work"), arguments)
    }

    fn there(&self, arguments: &[&str]) -> String {
        git(&self.at("served/r.git"), arguments)
    }

    fn commit(&self, file: &str, text: &str) -> String {
        fs::create_dir_all(self.at("work").join(file).parent().unwrap()).unwrap();
        fs::write(self.at("work").join(file), text).unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", text]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn serve(&self, access: Access) -> Server {
        start(&self.at("served"), access)
    }

    fn with<T>(&self, work: impl FnOnce(Place<'_>) -> T) -> T {
        let client = Client::of_a_typed_url(Dialer::new(Default::default()));
        let http = GitClient::new(client, self.runtime.handle().clone());
        work(Place { http: &http, scratch: &self.at("scratch") })
    }

    fn read(&self, url: &str, revision: &str, path: &str) -> Result<Fetched, RemoteError> {
        self.read_within(url, revision, path, Limits::default())
    }

    fn read_within(&self, url: &str, revision: &str, path: &str, limits: Limits) -> Result<Fetched, RemoteError> {
        let url = RemoteUrl::parse(url, Path::new("/"))?;
        let read = self.with(|place| read_files(place, &url, revision, &[SkillPath::parse(path).unwrap()], limits));
        assert_eq!(fs::read_dir(self.at("scratch")).unwrap().count(), 0, "something is left");
        read
    }
}

#[test]
fn a_file_is_read_by_branch_tag_and_commit() {
    let world = World::new();
    let first = world.git(&["rev-parse", "HEAD"]);
    world.git(&["tag", "--annotate", "--message", "x", "v1"]);
    let second = world.commit("skill.wasm", "two");
    world.git(&["push", "--quiet", "--tags", "origin", "HEAD:main", "HEAD:refs/heads/feature/x"]);
    let server = world.serve(Access::default());
    let http = format!("{}/r.git", server.url());
    let file = format!("file://{}", world.at("served/r.git").display());
    let work = world.at("work").display().to_string();
    for url in [&http, &file, &format!("{http}/")] {
        for (revision, commit, text) in [
            ("main", &second, "two"),
            ("feature/x", &second, "two"),
            ("refs/heads/main", &second, "two"),
            ("HEAD", &second, "two"),
            ("v1", &first, "one"),
            ("refs/tags/v1", &first, "one"),
            (first.as_str(), &first, "one"),
            (second.as_str(), &second, "two"),
        ] {
            let read = world.read(url, revision, "skill.wasm").unwrap_or_else(|e| panic!("{url} {revision}: {e}"));
            assert_eq!(
                (read.commit.to_string(), read.files),
                (commit.clone(), vec![Some(text.as_bytes().to_vec())]),
                "{revision}"
            );
        }
    }
    assert_eq!(world.read(&work, "v1", "skill.wasm").unwrap().commit.to_string(), first);
}

#[test]
fn what_is_not_there_is_told() {
    let world = World::new();
    world.commit("folder/x", "x");
    std::os::unix::fs::symlink("skill.wasm", world.at("work/link")).unwrap();
    world.commit("y", "y");
    world.git(&["push", "--quiet", "origin", "HEAD:main"]);
    let server = world.serve(Access::default());
    let (http, file) = (format!("{}/r.git", server.url()), world.at("served/r.git").display().to_string());
    for url in [&http, &file] {
        for revision in ["nowhere", "main~1", "main^{tree}", ":/x", "-x", "a..b", &"1".repeat(40), ""] {
            let error = world.read(url, revision, "skill.wasm").unwrap_err();
            let is_it = matches!(&error, RemoteError::Revision { .. } | RemoteError::Said { .. });
            assert!(is_it, "{revision}: {error}");
        }
        for path in ["folder", "link", "other", "skill.wasm/x"] {
            let error = world.read(url, "main", path).unwrap_err();
            assert!(matches!(&error, RemoteError::NoFile { .. }), "{path}: {error}");
        }
        let few = Limits { file_bytes: 2, ..Limits::default() };
        assert!(world.read_within(url, "main", "skill.wasm", few).unwrap_err().is_limit());
    }
    let few = Limits { pack_bytes: 20, ..Limits::default() };
    assert!(matches!(world.read_within(&http, "main", "y", few).unwrap_err(), RemoteError::TooMuch { .. }));
    let short = Limits { time: Duration::ZERO, ..Limits::default() };
    assert!(matches!(world.read_within(&http, "main", "y", short).unwrap_err(), RemoteError::TooSlow));
    let other = world.read(&format!("{}/other.git", server.url()), "main", "x").unwrap_err();
    assert!(matches!(other, RemoteError::NotFound { .. }), "{other}");
    assert!(world.read(&world.at("served").display().to_string(), "main", "x").is_err());
}

#[test]
fn only_one_commit_is_fetched_where_the_server_can() {
    let world = World::new();
    for n in 0..20 {
        let noise: String =
            (0..2_000).map(|at: u64| format!("{:x}", (at + 1) * (n + 7) * 2_654_435_761 % 1_000_003)).collect();
        world.commit("noise", &noise);
    }
    world.git(&["push", "--quiet", "origin", "HEAD:main"]);
    let server = world.serve(Access::default());
    let http = format!("{}/r.git", server.url());
    let few = Limits { pack_bytes: 12_000, ..Limits::default() };
    assert_eq!(world.read_within(&http, "main", "skill.wasm", few).unwrap().files, [Some(b"one".to_vec())]);
    // A commit that no ref is at is found in the history of those there.
    let earlier = world.git(&["rev-parse", "HEAD~3"]);
    assert_eq!(world.read(&http, &earlier, "skill.wasm").unwrap().commit.to_string(), earlier);
}

#[test]
fn a_commit_of_no_branch_and_no_tag_is_somebody_elses() {
    let world = World::new();
    world.git(&["push", "--quiet", "origin", "HEAD:main"]);
    // As servers keep what forks propose, and give it to whoever asks by its id.
    world.there(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    world.commit("skill.wasm", "theirs");
    world.git(&["push", "--quiet", "origin", "HEAD:refs/pull/1/head"]);
    let (theirs, ours) = (world.git(&["rev-parse", "HEAD"]), world.git(&["rev-parse", "HEAD~1"]));
    let server = world.serve(Access::default());
    let http = format!("{}/r.git", server.url());
    assert_eq!(world.read(&http, &ours, "skill.wasm").unwrap().files, [Some(b"one".to_vec())]);
    let error = world.read(&http, &theirs, "skill.wasm").unwrap_err();
    assert!(matches!(error, RemoteError::Revision { .. }), "{error}");
}

fn push(world: &World, url: &str, branch: &str) -> Result<Pushed, RemoteError> {
    let repository = Repository::open(&world.at("work")).unwrap();
    let url = RemoteUrl::parse(url, Path::new("/"))?;
    let (base, commit) = (repository.resolve("origin/main").unwrap(), repository.resolve(branch).unwrap());
    let run = "k3x9p2ab".parse().unwrap();
    let push = Push { run: &run, branch, base, commit, credentials: None };
    world.with(|place| repository.push(place, &url, push))
}

#[test]
fn a_branch_is_pushed_and_moved_on() {
    let world = World::new();
    let branch = "skillhost/goal-k3x9p2ab";
    let server = world.serve(Access { basic: Some(SECRET.to_owned()), is_private: true });
    let http = format!("http://{SECRET}@{}/r.git", server.address);
    world.git(&["config", "fetch.writeCommitGraph", "true"]);
    world.git(&["switch", "--quiet", "-c", branch]);
    for url in [http, world.at("served/r.git").display().to_string()] {
        let first = world.commit("a", &url);
        assert_eq!(push(&world, &url, branch).unwrap(), Pushed::Moved);
        assert_eq!(world.there(&["rev-parse", branch]), first);
        assert_eq!(push(&world, &url, branch).unwrap(), Pushed::UpToDate);
        let second = world.commit("a", "more");
        assert_eq!(push(&world, &url, branch).unwrap(), Pushed::Moved);
        assert_eq!(world.there(&["rev-parse", branch]), second);
        world.there(&["fsck", "--strict"]);
        world.there(&["update-ref", "-d", &format!("refs/heads/{branch}")]);
    }
    assert_eq!(world.there(&["for-each-ref", "--format=%(refname)"]), "refs/heads/main");
}

#[test]
fn g_07_what_somebody_else_did_at_the_remote_stays() {
    let world = World::new();
    let branch = "skillhost/goal-k3x9p2ab";
    let server = world.serve(Access::default());
    world.git(&["switch", "--quiet", "-c", branch]);
    world.commit("a", "a");
    for url in [format!("{}/r.git", server.url()), world.at("served/r.git").display().to_string()] {
        assert_eq!(push(&world, &url, branch).unwrap(), Pushed::Moved);
        // Somebody's commit on top, another history, and the base itself.
        world.git(&["switch", "--quiet", "--detach"]);
        let top = world.commit("b", "theirs");
        world.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        world.git(&["switch", "--quiet", branch]);
        for theirs in [top, world.git(&["rev-parse", "origin/main"])] {
            world.there(&["update-ref", &format!("refs/heads/{branch}"), &theirs]);
            world.commit("a", "ours");
            let error = push(&world, &url, branch).unwrap_err();
            assert!(matches!(&error, RemoteError::Moved { .. }) && error.hint().is_some(), "{error}");
            assert_eq!(world.there(&["rev-parse", branch]), theirs);
        }
        world.there(&["update-ref", "-d", &format!("refs/heads/{branch}")]);
    }
}

#[test]
fn g_07_no_other_branch_is_pushed() {
    let world = World::new();
    let url = world.at("served/r.git").display().to_string();
    for branch in ["main", "feature/x", "skillhost/goal-otherrun"] {
        world.git(&["switch", "--quiet", "-C", branch]);
        world.commit("a", branch);
        assert!(push(&world, &url, branch).is_err(), "{branch}");
    }
    assert_eq!(world.there(&["log", "--format=%s", "main"]), "one");
}

#[test]
fn what_a_server_refuses_is_told_in_its_words_and_escaped() {
    let world = World::new();
    let branch = "skillhost/goal-k3x9p2ab";
    let hook = world.at("served/r.git/hooks/update");
    fs::write(&hook, "#!/bin/sh\nprintf 'chatter \\033[2J\\n' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let server = world.serve(Access::default());
    world.git(&["switch", "--quiet", "-c", branch]);
    world.commit("a", "a");
    let error = push(&world, &format!("{}/r.git", server.url()), branch).unwrap_err();
    assert!(matches!(&error, RemoteError::Rejected { .. }) && error.to_string().contains("hook declined"), "{error}");
    assert!(!error.to_string().contains('\u{1b}'));
}

#[test]
fn r_14_r_15_credentials_go_to_their_origin_and_nowhere_else() {
    let world = World::new();
    let other = world.serve(Access::default());
    let access = Access { basic: Some(SECRET.to_owned()), is_private: true };
    let to = other.url();
    let server = start_with(&world.at("served"), access, move |request| {
        let query = request.query();
        let moved = |to: String| Reply::status(301).with("location", &to);
        match request.path() {
            "/away.git/info/refs" => Some(moved(format!("{to}/r.git/info/refs?{query}"))),
            "/renamed.git/info/refs" => Some(moved(format!("/r.git/info/refs?{query}"))),
            "/odd.git/info/refs" => Some(moved("/r.git".to_owned())),
            "/file.git/info/refs" => Some(moved("file:///etc/passwd".to_owned())),
            "/loop.git/info/refs" => Some(moved(format!("/loop.git/info/refs?{query}"))),
            _ => None,
        }
    });
    let url = |name: &str| format!("http://{SECRET}@{}/{name}.git", server.address);
    assert_eq!(world.read(&url("renamed"), "main", "skill.wasm").unwrap().files, [Some(b"one".to_vec())]);
    for name in ["away", "odd", "file", "loop"] {
        let error = world.read(&url(name), "main", "skill.wasm").unwrap_err();
        assert!(matches!(&error, RemoteError::Redirected { .. }), "{name}: {error}");
    }
    assert!(other.seen().is_empty());
    let wrong = format!("http://me:another-password@{}/r.git", server.address);
    let error = world.read(&wrong, "main", "skill.wasm").unwrap_err();
    assert!(matches!(error, RemoteError::Refused { status: 401, .. }) && !format!("{error:?}").contains("another"));
}

#[test]
fn r_16_whatever_a_server_answers_ends_with_an_error() {
    let world = World::new();
    let refs = "application/x-git-upload-pack-advertisement";
    let id = "1".repeat(40);
    let advertised = |body: &str| {
        let line = |text: &str| format!("{:04x}{text}", text.len() + 4);
        format!("{}0000{}0000", line("# service=git-upload-pack\n"), line(body))
    };
    let good = advertised(&format!("{id} refs/heads/main\0side-band-64k shallow\n"));
    let endless = advertised(&format!("{id} refs/heads/main\0x\n")).replace("0000", "");
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-type: {refs}\r\n\r\n{endless}");
    let replies = [
        Reply::of(200, "text/html", "<html>\u{1b}[2J"),
        Reply::of(500, refs, "no"),
        Reply::of(200, refs, ""),
        Reply::of(200, refs, "0000"),
        Reply::of(200, refs, "ffff"),
        Reply::of(200, refs, "001e# service=git-upload-pack\n"),
        Reply::of(200, refs, advertised("ERR \u{1b}[2Jno\n")),
        Reply::of(200, refs, advertised(&format!("{id} refs/heads/main\n"))),
        Reply::Endless(endless.into_bytes(), MUCH),
        Reply::of(200, refs, good.clone()).with("content-encoding", "gzip"),
        Reply::Raw(Vec::new()),
        // And then the pack is none.
        Reply::of(200, refs, good.clone()),
    ];
    for reply in replies {
        let shown: String = format!("{reply:?}").chars().take(200).collect();
        let server = Server::start(move |request| match request.method.as_str() {
            "GET" => reply.clone(),
            _ => Reply::of(
                200,
                "application/x-git-upload-pack-result",
                "0000".to_owned() + "0008NAK\n" + "0009\u{1}PACK0000",
            ),
        });
        let error = world.read(&format!("{}/r.git", server.url()), "main", "x").unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'), "{shown}: {error}");
    }
}

#[test]
fn x_03_what_leads_inside_is_not_reached_unless_it_says_so() {
    let world = World::new();
    for url in ["https://10.0.0.1/r.git", "https://169.254.169.254/r.git", "https://[fd00::1]/r.git"] {
        let error = world.read(url, "main", "x").unwrap_err();
        let RemoteError::Connection { source, .. } = &error else { panic!("{error}") };
        assert!(source.to_string().contains("which only a policy can open"), "{source}");
    }
}
