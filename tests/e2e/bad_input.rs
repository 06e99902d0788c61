//! Bad input: a clear error, the right exit code, nothing lost, and the base untouched.

use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World, root};
use skillhost_core::manifest;
use skillhost_fake_models::{Answer, FakeModels};
use std::fs;
use std::path::PathBuf;

const GOAL: &str = "Greet everybody";

/// Runs the goal on the small project with another configuration, and checks that nothing of the user's changed.
fn configured(config: &str, script: &Script) -> (World, Ran) {
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", config)]);
    let before = world.footprint();
    let ran = world.goal(GOAL, &script.text(), &[]);
    assert_eq!(world.footprint(), before);
    (world, ran)
}

fn probe(world: &World, how: &str, grants: &[&str]) -> Ran {
    let component = root().join("target/guests/probe.wasm");
    let input = serde_json::json!({ "how": how }).to_string();
    let flags = grants.iter().flat_map(|grant| ["--grant", grant]);
    let arguments = ["call", component.to_str().unwrap(), "misbehave", "--input", &input];
    world.run(&arguments.into_iter().chain(flags).collect::<Vec<_>>())
}

/// A component that is valid and does nothing, with a manifest that was not checked.
fn component(world: &World, manifest: &str) -> PathBuf {
    let name = manifest::SECTION;
    let mut section = vec![u8::try_from(name.len()).unwrap()];
    section.extend(name.bytes());
    section.extend(manifest.bytes());
    let mut bytes = b"\0asm\x0d\0\x01\0\0".to_vec();
    let mut length = section.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes.extend(section);
    let file = world.repo().join("skill.wasm");
    fs::write(&file, bytes).unwrap();
    file
}

#[test]
fn no_repository() {
    let world = World::bare();
    world.goal(GOAL, &greeting().text(), &[]).failed(3, &["error: no git repository", "hint: ", "git init"]);
    world.run(&["init"]).failed(3, &["error: no git repository"]);
}

#[test]
fn no_commits() {
    let world = World::bare();
    world.git(&["init", "--quiet", "--initial-branch=main"]);
    world.goal(GOAL, &greeting().text(), &[]).failed(3, &["error: the repository has no commits", "hint: commit"]);
}

#[test]
fn no_configuration() {
    let world = World::with(&[("README.md", "hello\n")]);
    world.goal(GOAL, &greeting().text(), &[]).failed(3, &["has no skillhost.toml", "hint: skillhost init"]);
}

#[test]
fn a_configuration_that_is_not_committed() {
    let world = World::with(&[("test.sh", "echo '1 passed'\n"), ("AGENTS.md", "")]);
    world.write(&[("skillhost.toml", CONFIG)]);
    world
        .goal(GOAL, &greeting().text(), &[])
        .failed(3, &["has no skillhost.toml", "hint: it is in your working directory"]);
    let named = world.goal(GOAL, &greeting().text(), &["--config", "skillhost.toml"]);
    assert_eq!(named.code, Some(0), "{named:#?}");
}

#[test]
fn a_newer_configuration_in_the_working_directory_is_told_and_not_used() {
    let world = World::with(&project());
    world.write(&[("skillhost.toml", "nonsense = true\n")]);
    let before = world.footprint();
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    ran.failed(0, &["warning: skillhost.toml in your working directory differs", "commit it"]);
    assert_eq!(world.footprint(), before);
}

#[test]
fn a_dirty_working_directory_is_neither_used_nor_changed() {
    let world = World::with(&project());
    world.write(&[("test.sh", "exit 1\n"), ("new.txt", "mine\n")]);
    world.git(&["add", "new.txt"]);
    let before = world.footprint();
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    assert_eq!(fs::read_to_string(world.repo().join("test.sh")).unwrap(), "exit 1\n");
}

#[test]
fn an_unknown_key_is_named_with_file_and_line() {
    let (_world, ran) = configured(&format!("{CONFIG}colour = 1\n"), &greeting());
    ran.failed(3, &["skillhost.toml", ":14: ", "unknown field `colour`"]);
}

#[test]
fn a_branch_template_that_gives_no_branch() {
    for (template, reason) in
        [("feature {run}", "a character other than"), ("{slug}", "no `{run}` in it"), ("x{run}", "is not a word of it")]
    {
        let (world, ran) = configured(&format!("branch = \"{template}\"\n{CONFIG}"), &greeting());
        ran.failed(3, &["skillhost.toml", ":1: ", reason]);
        assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn a_set_up_that_is_named_as_a_gate() {
    let config = CONFIG.replace("[commands.test]", "[commands.setup]");
    let config = config.replace("commands = [\"test\"]", "commands = [\"setup\"]");
    let (_world, ran) = configured(&config, &greeting());
    ran.failed(3, &["verify.commands: `setup` runs before every gate"]);
}

#[test]
fn no_gate() {
    let (_world, ran) = configured(&CONFIG.replace("commands = [\"test\"]", "commands = []"), &greeting());
    ran.failed(3, &["declares no gate", "hint: declare how the project is tested"]);
}

#[test]
fn a_command_that_does_not_exist() {
    let config = CONFIG.replace("\"sh\", \"test.sh\"", "\"no-such-program\", \"test\"");
    let (world, ran) = configured(&config, &greeting());
    ran.failed(3, &["`test`", "no-such-program", "hint: name a program that is installed"]);
    // It is found out before anything is spent.
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn no_model() {
    let world = World::with(&project());
    world.run(&["run", GOAL]).failed(3, &["no model is set for spec", "hint: ", "[models]", "--model spec="]);
}

#[test]
fn no_key() {
    let world = World::with(&project());
    let model = ["--model", "spec=anthropic:m", "--model", "implement=anthropic:m", "--model", "review=openai:m"];
    let ran = world.run(&[&["run", GOAL][..], &model].concat());
    ran.failed(3, &["no key for anthropic", "ANTHROPIC_API_KEY", "hint: set ANTHROPIC_API_KEY"]);
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 0);
}

/// Runs the goal with a provider of the user's own configuration, and a key in the environment.
fn with_provider(url: &str) -> Ran {
    with_configuration(url, "")
}

fn with_configuration(url: &str, more: &str) -> Ran {
    let world = World::with(&project());
    let before = world.footprint();
    let folder = world.home().join(".config/skillhost");
    fs::create_dir_all(&folder).unwrap();
    let provider =
        format!("[providers.local]\nkind = \"openai-compatible\"\nurl = \"{url}\"\nkey_env = \"LOCAL_KEY\"\n{more}");
    fs::write(folder.join("config.toml"), provider).unwrap();
    let model = ["--model", "spec=local:m", "--model", "implement=local:m", "--model", "review=local:m"];
    let mut command = world.command(&[&["run", GOAL][..], &model].concat());
    command.env("LOCAL_KEY", "sk-never-shown-4711").env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere");
    let ran = crate::support::ran(command.output().unwrap());
    assert_eq!(world.footprint(), before);
    for text in [&ran.stdout, &ran.stderr] {
        assert!(!text.contains("sk-never-shown-4711"), "{ran:#?}");
    }
    ran
}

#[test]
fn a_server_that_can_not_be_reached() {
    // A port that is taken and that nobody listens on.
    let socket = rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = std::net::SocketAddr::try_from(rustix::net::getsockname(&socket).unwrap()).unwrap().port();
    let ran = with_provider(&format!("http://127.0.0.1:{port}/v1"));
    ran.failed(
        1,
        &[
            "error: builtin:spec could not ask its model: local gave no whole reply in 5 attempts",
            "Connection refused",
            "hint: check the network and the provider's status, or the url under [providers.local]",
        ],
    );
}

#[test]
fn a_key_that_is_refused() {
    let refused = || Answer::Error { status: 401, message: "no such key: {key}".to_owned(), retry_after: None };
    let server = FakeModels::start([refused()]).unwrap();
    let ran = with_provider(&format!("{}/v1", server.url()));
    ran.failed(
        3,
        &[
            "error: builtin:spec could not ask its model: local refused the key with status 401: no such key: [key]",
            "hint: check the value of LOCAL_KEY",
        ],
    );
    assert_eq!(server.received().len(), 1, "it is not tried again");
}

#[test]
fn a_provider_that_redirects() {
    let server = FakeModels::start([Answer::Redirect { status: 307, to: "http://127.0.0.1:1/".to_owned() }]).unwrap();
    let ran = with_provider(&format!("{}/v1", server.url()));
    ran.failed(3, &["local answered with a redirect, which is not followed", "hint: ", "[providers.local]"]);
}

#[test]
fn a_key_that_commands_would_see() {
    let server = FakeModels::start([]).unwrap();
    let ran = with_configuration(&format!("{}/v1", server.url()), "[toolchains]\nenv = [\"LOCAL_KEY\"]\n");
    ran.failed(3, &["[toolchains] env in config.toml names LOCAL_KEY", "hint: commands never see a key"]);
    let secret = "[toolchains]\nenv = [\"TOKEN\"]\n[secrets.X]\nenv = \"TOKEN\"\nhosts = [\"https://a.example\"]\n";
    let ran = with_configuration(&format!("{}/v1", server.url()), secret);
    ran.failed(3, &["[toolchains] env in config.toml names TOKEN", "a secret", "hint: commands never see a key"]);
    let signing = "[toolchains]\nenv = [\"SKILLHOST_SIGNING_KEY\"]\n";
    let ran = with_configuration(&format!("{}/v1", server.url()), signing);
    ran.failed(3, &["names SKILLHOST_SIGNING_KEY", "signed with", "hint: commands never see a key"]);
    assert_eq!(server.received().len(), 0);
}

#[test]
fn no_certificates() {
    let ran = with_provider("https://127.0.0.1:1/v1");
    ran.failed(3, &["TLS can't be set up for local", "hint: ", "ca-certificates"]);
}

#[test]
fn a_recording_that_does_not_hold_a_call() {
    let world = World::with(&project());
    let before = world.footprint();
    let ran = world.goal(GOAL, &Script::specified().text(), &[]);
    ran.failed(1, &["the recording has no call for agent main, phase implement, round 1, turn 1", "hint: "]);
    assert_eq!(world.footprint(), before);
    // The spec, which was there by then, is kept.
    let branch = ran.json()["runs"][0]["branch"].as_str().unwrap().to_owned();
    assert!(world.git(&["show", &format!("{branch}:specs/greet-everybody.md")]).contains("Nobody is greeted"));
}

#[test]
fn a_recording_that_is_none() {
    let world = World::with(&project());
    world.goal(GOAL, "", &[]).failed(3, &["line 1 of the recording", "hint: "]);
    world.run(&["run", GOAL, "--model", "replay:/nowhere/at/all"]).failed(3, &["error: ", "recording"]);
}

#[test]
fn a_spec_with_missing_sections_after_all_repairs() {
    let config = CONFIG.replace("[\"Problem\"]", "[\"Problem\", \"Risks\"]");
    let script = Script::new().specifies(1).specifies(1);
    let (world, ran) = configured(&config, &script);
    ran.failed(1, &["after 2 repairs", "section \"Risks\" is missing", "hint: skillhost show "]);
    let shown = world.run(&["runs", "--format", "json"]).json();
    assert_eq!(shown["runs"][0]["state"], "failed");
}

#[test]
fn a_blocker_in_the_spec_after_all_rounds() {
    let (_world, ran) =
        configured(CONFIG, &Script::new().specifies(1).blocks("specs/greet-everybody.md", "Nobody is greeted."));
    ran.failed(1, &["a blocker is still open after 1 rounds: It greets the wrong people."]);
}

#[test]
fn an_author_that_is_blocked_says_why() {
    let blocked = serde_json::json!({
        "status": "blocked", "title": "Nothing to do", "what": "Nothing.", "why": "The goal is unclear.",
        "breaking": [], "rollback": "", "criteria": [{"id": "C1", "evidence": null}], "answers": [],
    });
    let script = Script::specified().calls("implement", 1, "finish", &blocked);
    let (_world, ran) = configured(CONFIG, &script);
    ran.failed(1, &["error: builtin:implement reported: blocked: ", "The goal is unclear.", "hint: skillhost show"]);
}

#[test]
fn a_budget_that_is_too_small() {
    let config = format!("{CONFIG}[budget]\ntokens = 50\n");
    let (_world, ran) = configured(&config, &greeting());
    ran.failed(5, &["budget"]);
}

#[test]
fn a_set_up_that_fails() {
    let config = format!("{CONFIG}[commands.setup]\nrun = [\"sh\", \"-c\", \"echo broken; exit 3\"]\n");
    let (_world, ran) = configured(&config, &greeting());
    ran.failed(3, &["the set-up command failed", "exit 3", "broken"]);
}

#[test]
fn a_component_that_is_none() {
    let world = World::bare();
    fs::write(world.repo().join("x.wasm"), "hello\n").unwrap();
    for command in ["call", "inspect"] {
        world.run(&[command, "./x.wasm"]).failed(3, &["./x.wasm can't be loaded", "not a WebAssembly component"]);
    }
    world.run(&["call", "./absent.wasm"]).failed(2, &["./absent.wasm can't be read"]);
    world.run(&["call", "builtin:nothing"]).failed(2, &["no built-in skill", "hint: the built-in skills are"]);
}

#[test]
fn a_manifest_with_an_unknown_key() {
    let world = World::bare();
    let good = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"tool\"\n[[tool]]\nname = \"x\"\n";
    component(&world, &format!("{good}colour = 1\n"));
    let ran = world.run(&["inspect", "./skill.wasm"]);
    ran.failed(3, &["skill.toml:7: ", "unknown field `colour`"]);
    component(&world, "\u{1b}[2J");
    let ran = world.run(&["inspect", "./skill.wasm"]);
    assert!(!ran.failed(3, &["skill.toml"]).stderr.contains('\u{1b}'), "{ran:#?}");
}

#[test]
fn a_skill_that_traps_loops_or_eats_memory_ends_alone() {
    let world = World::bare();
    for (how, code, text) in [("trap", 1, "ended without an answer"), ("panic", 1, "ended without an answer")] {
        probe(&world, how, &[]).failed(code, &[text]);
    }
    probe(&world, "exit", &[]).failed(1, &["ended without an answer"]);
    probe(&world, "recurse", &[]).failed(1, &["ended without an answer", "trap"]);
    probe(&world, "spin", &[]).failed(5, &["error: probe ended without an answer", "hint: its manifest's [limits]"]);
    probe(&world, "eat-memory", &[]).failed(5, &["memory", "hint: its manifest's [limits]"]);
    let ran = probe(&world, "answer", &[]);
    assert_eq!((ran.code, ran.json()["ok"].as_bool()), (Some(0), Some(true)), "{ran:#?}");
}

#[test]
fn what_was_not_granted_is_denied_with_the_remedy() {
    let world = World::bare();
    probe(&world, "ask", &[]).failed(4, &["denied", "--grant ask"]);
    probe(&world, "model", &["read=**"]).failed(4, &["denied", "--grant 'model=standard'"]);
    assert_eq!(probe(&world, "answer", &["read=**"]).code, Some(0));
}

#[test]
fn a_wrong_grant_is_a_usage_error() {
    let world = World::bare();
    for grant in ["everything", "read", "read=/etc/**", "write=../x", "model=best", "http=https://example.com"] {
        probe(&world, "answer", &[grant]).failed(2, &["error: --grant", grant.split('=').next().unwrap()]);
    }
}

#[test]
fn an_unknown_run() {
    let world = World::with(&project());
    world.run(&["show", "zzzzzzzz"]).failed(2, &["no single run begins with `zzzzzzzz`", "hint: skillhost runs"]);
}

#[test]
fn a_policy_that_can_not_be_read_stops_everything() {
    let world = World::with(&project());
    let before = world.footprint();
    world.goal(GOAL, &greeting().text(), &["--policy", "/nowhere/policy.toml"]).failed(3, &["policy"]);
    fs::write(world.home().join("policy.toml"), "[capabilities]\nread = [\n").unwrap();
    let policy = world.home().join("policy.toml");
    world.goal(GOAL, &greeting().text(), &["--policy", policy.to_str().unwrap()]).failed(3, &["policy.toml"]);
    assert_eq!(world.footprint(), before);
}

/// No file may grow beyond a size, which is what a disk that runs full looks like to the program.
#[test]
fn a_disk_that_runs_full() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    let limited = |blocks: u32| {
        let direct = world.command(&["run", GOAL, "--model", &model]);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
        shell.arg(direct.get_program()).args(direct.get_args()).current_dir(world.repo()).env_clear();
        shell.envs(direct.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
        crate::support::ran(shell.output().unwrap())
    };
    // At the ledger's first page, while it is laid out, and in the middle of the run. Beyond what a disk bounds, this also
    // bounds the image that the memory of a skill begins as, so that the last has to be larger than that.
    for blocks in [1, 64, 240] {
        limited(blocks).failed(5, &["error: ", "hint: ", "--state-dir"]);
        assert_eq!(world.footprint(), before);
    }
    // The next run, with room enough, works; what is left of the others is listed.
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let runs = world.run(&["runs", "--format", "json"]);
    assert!(runs.json()["runs"].as_array().unwrap().iter().any(|run| run["state"] == "ready"), "{runs:#?}");
    assert_eq!(world.footprint(), before);
}
