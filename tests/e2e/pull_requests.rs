//! What leaves the machine: the run's branch, over git's own server, and its pull request, at servers that speak the
//! forges' documented interfaces.

use crate::main_job::{entry, pull_request, run_folder, text};
use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World, ran};
use serde_json::Value;
use skillhost_test_support::forge_server::{Forge, Kind, Pull};
use skillhost_test_support::git_server::{Access, bare, git, start, start_with};
use skillhost_test_support::web::{MUCH, Reply, Request, Server};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const GOAL: &str = "Greet everybody";
const TOKEN: &str = "tk-Secret-0123456789abcdef";
const KINDS: [Kind; 3] = [Kind::Github, Kind::Gitlab, Kind::Forgejo];

/// A project, its repository at a server, and a forge that knows it.
struct Place {
    world: World,
    served: TempDir,
    git: Server,
    forge: Forge,
}

fn plain(_: &Request, answer: Reply) -> Reply {
    answer
}

fn user(kind: Kind) -> &'static str {
    if kind == Kind::Gitlab { "oauth2" } else { "x-access-token" }
}

impl Place {
    fn new(kind: Kind, replace: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> Self {
        Self::on(kind, tempfile::tempdir().unwrap(), replace)
    }

    fn on(kind: Kind, served: TempDir, replace: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> Self {
        let world = World::with(&project());
        bare(served.path(), "owner/repo.git");
        let access = Access { basic: Some(format!("{}:{TOKEN}", user(kind))), is_private: true };
        let git = start(served.path(), access);
        let forge = Forge::start(kind, TOKEN, replace);
        world.git(&["push", "--quiet", &served.path().join("owner/repo.git").display().to_string(), "main"]);
        world.git(&["remote", "add", "origin", &format!("{}/owner/repo.git", git.url())]);
        let place = Self { world, served, git, forge };
        place.configure(&format!(
            "[forges.\"{}\"]\nkind = \"{}\"\nurl = \"{}\"\ntoken_env = \"FORGE_TOKEN\"\n",
            place.git.address,
            kind.name(),
            place.forge.url(),
        ));
        place
    }

    fn configure(&self, text: &str) {
        let folder = self.world.home().join(".config/skillhost");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    fn run(&self, script: &Script, more: &[&str]) -> Ran {
        let model = self.world.model(&script.text());
        let arguments = [&["run", GOAL, "--format", "json", "--model", &model], more].concat();
        let ran = ran(self.world.command(&arguments).env("FORGE_TOKEN", TOKEN).output().unwrap());
        self.shows_no_token(&ran);
        ran
    }

    fn repository(&self) -> PathBuf {
        self.served.path().join("owner/repo.git")
    }

    /// The branches at the remote.
    fn branches(&self) -> Vec<String> {
        let refs = git(&self.repository(), &["for-each-ref", "--format=%(refname)"]);
        refs.lines().map(str::to_owned).collect()
    }

    fn shows_no_token(&self, ran: &Ran) {
        let shown = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!shown.contains(TOKEN) && !shown.contains('\u{1b}'), "{shown}");
        every_file(&self.world.state(), &mut |path, bytes| {
            let holds = bytes.windows(TOKEN.len()).any(|window| window == TOKEN.as_bytes());
            assert!(!holds, "{} holds the token", path.display());
        });
    }

    /// The run's branch is here and at the remote, and nothing else there changed.
    fn pushed(&self, entry: &Value) {
        let branch = text(&entry["branch"]);
        let here = self.world.git(&["rev-parse", branch]);
        assert_eq!(git(&self.repository(), &["rev-parse", branch]), here);
        assert_eq!(git(&self.repository(), &["rev-parse", "main"]), self.world.git(&["rev-parse", "main"]));
        let mut expected = vec!["refs/heads/main".to_owned(), format!("refs/heads/{branch}")];
        expected.sort();
        assert_eq!(self.branches(), expected);
        git(&self.repository(), &["fsck", "--strict"]);
    }
}

fn every_file(folder: &Path, with: &mut dyn FnMut(&Path, &[u8])) {
    for found in fs::read_dir(folder).unwrap().flatten() {
        match found.file_type().unwrap() {
            kind if kind.is_dir() => every_file(&found.path(), with),
            kind if kind.is_file() => with(&found.path(), &fs::read(found.path()).unwrap()),
            _ => {}
        }
    }
}

/// The log's entries of one class that say something was sent.
fn sent(place: &Place, entry: &Value, class: &str) -> Vec<Value> {
    let log = fs::read_to_string(run_folder(&place.world, entry).join("audit.jsonl")).unwrap();
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.filter(|entry| entry["class"] == class && entry["kind"] == "send").collect()
}

fn is_titled(kind: Kind, pull: &Pull, is_draft: bool) -> bool {
    let mark = match (kind, is_draft) {
        (Kind::Gitlab, true) => "Draft: ",
        (Kind::Forgejo, true) => "WIP: ",
        _ => "",
    };
    pull.title == format!("{mark}{GOAL}") && pull.is_draft == is_draft
}

#[test]
fn a_draft_is_opened_early_and_becomes_ready() {
    for kind in KINDS {
        let place = Place::new(kind, plain);
        let ran = place.run(&greeting(), &["--open-pr"]);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let entry = entry(&ran);
        place.pushed(&entry);
        let pull = place.forge.only();
        assert!(
            is_titled(kind, &pull, false) && pull.head == text(&entry["branch"]) && pull.base == "main",
            "{pull:#?}"
        );
        assert_eq!(pull.body, pull_request(&entry));
        let (early, was_draft) = &pull.history[0];
        assert!(*was_draft && early.contains("is at work on this") && early.contains("specs/"), "{early}");
        let url = text(&entry["pull_request_url"]);
        assert!(url.starts_with("https://forge.example/owner/repo/") && ran.stderr.contains(url), "{ran:#?}");
        let run: Value = serde_json::from_slice(&fs::read(text(&entry["run_json"])).unwrap()).unwrap();
        assert_eq!((&run["pull_request_url"], &run["pushed"]), (&entry["pull_request_url"], &entry["pushed"]));
        // Before and after, each of two pushes and two visits to the forge.
        for class in ["ref", "network"] {
            let sent = sent(&place, &entry, class);
            let steps: Vec<_> = sent.iter().map(|entry| text(&entry["step"])).collect();
            assert_eq!(steps, ["intent", "outcome", "intent", "outcome"], "{sent:#?}");
            assert!(sent.iter().filter(|entry| entry["step"] == "outcome").all(|entry| entry["outcome"] == "done"));
        }
    }
}

#[test]
fn a_gate_that_failed_keeps_it_a_draft() {
    for kind in KINDS {
        let place = Place::new(kind, plain);
        let config = CONFIG.replace("exec = [\"test\"]", "exec = []");
        place.world.commit(&[("skillhost.toml", config.as_str()), ("test.sh", "exit 1\n")]);
        place.world.git(&["push", "--quiet", &place.repository().display().to_string(), "main"]);
        let script =
            Script::specified().writes(1, "src/greeting.txt", "hello\n").finishes(1).reviews("change-review", 1, &[]);
        let ran = place.run(&script, &["--open-pr", "--push", "origin"]);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let entry = entry(&ran);
        place.pushed(&entry);
        let pull = place.forge.only();
        assert!(is_titled(kind, &pull, true) && pull.body.contains("> Draft: 1 of 1 gates failed"), "{pull:#?}");
        assert!(pull.history.iter().all(|(_, is_draft)| *is_draft), "{pull:#?}");
    }
}

#[test]
fn an_answer_that_was_lost_makes_no_second_one() {
    for kind in KINDS {
        let place = Place::new(kind, |request, answer| {
            if request.method == "POST" && matches!(answer, Reply::Whole(201, ..)) {
                Reply::Raw(Vec::new())
            } else {
                answer
            }
        });
        let ran = place.run(&greeting(), &["--open-pr"]);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert!(ran.stderr.contains("it is tried again when the run ends"), "{ran:#?}");
        let pull = place.forge.only();
        assert!(is_titled(kind, &pull, false) && pull.body == pull_request(&entry(&ran)), "{pull:#?}");
    }
}

#[test]
fn only_the_branch_is_pushed_where_nobody_asked_for_more() {
    let place = Place::new(Kind::Github, plain);
    let ran = place.run(&greeting(), &["--push", "origin"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    place.pushed(&entry(&ran));
    assert!(place.forge.server.seen().is_empty() && entry(&ran)["pull_request_url"].is_null());
    // To a directory, and to nothing at all.
    let ran = place.run(&greeting(), &["--push", &format!("file://{}", place.repository().display())]);
    assert_eq!((ran.code, place.branches().len()), (Some(0), 3), "{ran:#?}");
    let ran = place.run(&greeting(), &[]);
    assert_eq!((ran.code, place.branches().len()), (Some(0), 3), "{ran:#?}");
}

#[test]
fn g_07_a_branch_that_somebody_moved_at_the_remote_is_left() {
    let served = tempfile::tempdir().unwrap();
    let repository = served.path().join("owner/repo.git");
    let place = Place::on(Kind::Github, served, move |request, answer| {
        if request.method == "POST" && matches!(answer, Reply::Whole(201, ..)) {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            git(&repository, &["update-ref", &format!("refs/heads/{}", text(&body["head"])), "refs/heads/main"]);
        }
        answer
    });
    let ran = place.run(&greeting(), &["--open-pr"]);
    ran.failed(
        1,
        &["error: the branch was not pushed", "was changed at the remote by somebody else", "hint: nothing was pushed"],
    );
    let entry = entry(&ran);
    let branch = text(&entry["branch"]);
    assert_eq!(git(&place.repository(), &["rev-parse", branch]), place.world.git(&["rev-parse", "main"]));
    assert_eq!(place.world.git(&["show", &format!("{branch}:src/greeting.txt")]), "hello");
    assert!(pull_request(&entry).contains("## How it was verified") && place.forge.only().is_draft);
    assert_eq!((text(&entry["state"]), &entry["exit_code"]), ("ready", &Value::from(1)));
    assert_eq!(sent(&place, &entry, "ref").last().unwrap()["outcome"], "denied");
}

#[test]
fn r_16_o_01_whatever_a_forge_answers_the_branch_and_the_text_are_there() {
    let html = || Reply::of(200, "text/html", "<html>\u{1b}]0;x\u{7}");
    let json = |status, body: &str| Reply::of(status, "application/json", body);
    let said = "{\"message\":\"no \\u001b[2J\\u202e tk-Secret-0123456789abcdef\"}";
    let deep = "[".repeat(100_000);
    for (answer, code, told) in [
        (json(401, said), 4, "refused the token with status 401"),
        (json(404, "{}"), 4, "status 404"),
        (json(422, said), 1, "answered with status 422"),
        (json(500, ""), 1, "status 500: without an explanation"),
        (json(302, "").with("location", "http://127.0.0.1:9/"), 1, "sends on to another place"),
        (html(), 1, "it is no JSON"),
        (json(200, &deep), 1, "it is no JSON"),
        (json(200, "{\"number\":\"one\"}"), 1, "not of its documented interface"),
        (Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), MUCH), 5, "answered more than"),
        (Reply::Raw(Vec::new()), 1, "can't be reached"),
    ] {
        let place = Place::new(Kind::Github, move |_, _| answer.clone());
        let ran = place.run(&greeting(), &["--open-pr"]);
        ran.failed(code, &["the pull request is not up to date", told]);
        let entry = entry(&ran);
        place.pushed(&entry);
        assert!(pull_request(&entry).contains("## Rollback") && text(&entry["state"]) == "ready", "{ran:#?}");
    }
}

#[test]
fn r_15_m_10_a_token_goes_to_its_forge_alone() {
    let place = Place::new(Kind::Github, plain);
    // Another server, which the repository names and the user's configuration doesn't.
    let other = start_with(place.served.path(), Access::default(), |_| None);
    place.world.git(&["remote", "set-url", "origin", &format!("{}/owner/repo.git", other.url())]);
    place.run(&greeting(), &["--open-pr"]).failed(3, &["no forge is known for", "no token is sent there"]);
    let ran = place.run(&greeting(), &["--push", "origin"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(!other.seen().is_empty() && other.seen().iter().all(|request| request.header("authorization").is_none()));
    // One that sends on to it.
    let to = other.url();
    let away = start_with(place.served.path(), Access::default(), move |request| {
        let location = format!("{to}{}?{}", request.path(), request.query());
        Some(Reply::redirect(&location))
    });
    place.configure(&format!("[forges.\"{}\"]\nkind = \"github\"\ntoken_env = \"FORGE_TOKEN\"\n", away.address));
    place.world.git(&["remote", "set-url", "origin", &format!("{}/owner/repo.git", away.url())]);
    let before = other.seen().len();
    place.run(&greeting(), &["--push", "origin"]).failed(1, &["sends on to another place, which is not followed"]);
    assert!(other.seen().len() == before && !away.seen().is_empty());
}

#[test]
fn g_01_a_remote_that_git_would_start_a_program_for_is_refused() {
    let place = Place::new(Kind::Github, plain);
    let canary = place.served.path().join("canary");
    let touch = canary.display().to_string();
    let helper = format!("ext::sh -c touch% {touch}");
    for (named, code) in [
        (format!("--push=--upload-pack=touch {touch}"), 2),
        (format!("--push=--receive-pack=touch {touch}"), 2),
        (format!("--push={helper}"), 2),
        ("--push=ssh://-oProxyCommand=x/a".to_owned(), 2),
        ("--push=http://example.com/a/b".to_owned(), 2),
        ("--push=nowhere".to_owned(), 2),
        ("--push=git@example.com:a/b".to_owned(), 3),
    ] {
        let ran = place.run(&greeting(), &[&named]);
        ran.failed(code, &["error: ", "hint: "]);
    }
    for url in [helper.as_str(), "-oProxyCommand=x", "git@-oProxyCommand=x:a/b"] {
        place.world.git(&["config", "remote.origin.url", url]);
        place.run(&greeting(), &["--push", "origin"]).failed(3, &["error: not the URL of a repository"]);
    }
    assert!(!canary.exists() && place.branches() == ["refs/heads/main"]);
}

#[test]
fn without_a_token_nothing_begins() {
    let place = Place::new(Kind::Gitlab, plain);
    let model = place.world.model(&greeting().text());
    let run = |value: Option<&str>| {
        let mut command = place.world.command(&["run", GOAL, "--open-pr", "--model", &model]);
        value.map(|value| command.env("FORGE_TOKEN", value));
        ran(command.output().unwrap())
    };
    run(None).failed(3, &["error: there is no token for 127.0.0.1:", "hint: set FORGE_TOKEN"]);
    run(Some("short")).failed(3, &["error: the token in FORGE_TOKEN can't be used"]);
    assert!(place.git.seen().is_empty() && place.forge.server.seen().is_empty());
    // What the forge's own program keeps will do.
    let file = place.world.home().join(".config/glab-cli/config.yml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, format!("hosts:\n  \"{}\":\n    token: {TOKEN}\n", place.git.address)).unwrap();
    let ran = run(None);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(is_titled(Kind::Gitlab, &place.forge.only(), false));
    // No command may be handed it.
    place.configure("[toolchains]\nenv = [\"GITLAB_TOKEN\"]\n");
    run(None).failed(3, &["which holds a forge's token"]);
}

#[test]
fn a_token_is_found_where_each_forges_own_program_keeps_it_for_a_host_with_a_port() {
    for kind in KINDS {
        let place = Place::new(kind, plain);
        let (host, url) = (place.git.address.to_string(), place.git.url());
        let (name, text) = match kind {
            Kind::Github => ("gh/hosts.yml", format!("{host}:\n    user: me\n    oauth_token: {TOKEN}\n")),
            Kind::Gitlab => ("glab-cli/config.yml", format!("hosts:\n    {host}:\n        token: {TOKEN}\n")),
            Kind::Forgejo => ("tea/config.yml", format!("logins:\n- name: me\n  url: {url}\n  token: {TOKEN}\n")),
        };
        let file = place.world.home().join(".config").join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let model = place.world.model(&greeting().text());
        let run = || place.world.run(&["run", GOAL, "--open-pr", "--format", "json", "--model", &model]);
        // That of another port is another forge's.
        fs::write(&file, text.replace(&host, "127.0.0.1:1")).unwrap();
        run().failed(3, &["error: there is no token for 127.0.0.1:"]);
        assert!(place.git.seen().is_empty() && place.forge.server.seen().is_empty());
        fs::write(&file, &text).unwrap();
        let ran = run();
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        place.shows_no_token(&ran);
        assert!(is_titled(kind, &place.forge.only(), false));
    }
}

/// There is one pull request for a run, and the goal's next run has a branch and one of its own.
#[test]
fn a_goals_second_run_leaves_the_pull_request_of_the_first() {
    for kind in KINDS {
        let place = Place::new(kind, plain);
        let first = entry(&place.run(&greeting(), &["--open-pr"]));
        let before = place.forge.only();
        let second = entry(&place.run(&greeting(), &["--open-pr"]));
        let state = place.forge.state.lock().unwrap();
        assert!(state.faults.is_empty() && state.pulls.len() == 2, "{state:#?}");
        for (pull, of) in state.pulls.iter().zip([&first, &second]) {
            assert!(pull.head == text(&of["branch"]) && pull.body == pull_request(of), "{pull:#?}");
            assert!(is_titled(kind, pull, false) && pull.history.len() == before.history.len(), "{pull:#?}");
        }
        assert_ne!(first["branch"], second["branch"]);
    }
}

#[test]
fn a_run_without_a_change_says_so_in_its_draft() {
    let place = Place::new(Kind::Forgejo, plain);
    // The author changes nothing.
    let ran = place.run(&Script::specified().finishes(1), &["--open-pr"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let pull = place.forge.only();
    assert!(pull.is_draft && pull.body.contains("ended without a change to propose"), "{pull:#?}");
}
