//! `wasi:http` in a whole run: a request with a secret that the host puts in, and one that nobody granted.

use crate::main_job::{entry, pull_request, run_folder, text};
use crate::recordings::{configure, holds};
use crate::rogue;
use crate::servers::servers;
use crate::support::{World, root};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use skillhost_core::manifest;
use std::fs;

const VALUE: &str = "tk-9f8e7d6c5b4a39281706f5e4";

/// The rogues, of which the author is granted these URLs and a secret, and the author's digest.
fn world(urls: &[String]) -> (World, Digest) {
    let world = rogue::world(1);
    let bare = root().join("target/wasm32-wasip2/skill/guest_rogue_implement.wasm");
    let bare = fs::read(&bare).unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` builds it", bare.display()));
    let text = fs::read_to_string(root().join("tests/guests/rogue-implement/skill.toml")).unwrap();
    let asks = format!("[capabilities]\nhttp = {}\nsecrets = [\"TOKEN\"]", json!(urls));
    let author = manifest::embed(&bare, &text.replace("[capabilities]", &asks)).unwrap();
    let file = world.home().join("author.wasm");
    fs::write(&file, &author).unwrap();
    let lock = fs::read_to_string(world.repo().join("skillhost.lock")).unwrap();
    let (before, entry) = lock.split_once("name = \"rogue-implement\"").unwrap();
    let entry = entry
        .replacen(rogue::component("implement").to_str().unwrap(), file.to_str().unwrap(), 1)
        .replacen(
            &Digest::of(&fs::read(rogue::component("implement")).unwrap()).to_string(),
            &Digest::of(&author).to_string(),
            1,
        )
        .replacen("[skill.grant]", &asks.replace("[capabilities]", "[skill.grant]"), 1);
    world.commit(&[("skillhost.lock", &format!("{before}name = \"rogue-implement\"{entry}"))]);
    (world, Digest::of(&author))
}

#[test]
fn r_15_a_run_sends_a_secret_where_it_belongs_and_tells_what_was_denied() {
    let servers = servers();
    let [granted, other] = [servers.tls, servers.other].map(|port| format!("https://localhost:{port}/whole-run/echo"));
    let (world, author) = world(std::slice::from_ref(&granted));
    let secret = format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{}\"]\n", servers.tls);
    configure(&world, &secret);
    let policy = world.home().join("open.toml");
    fs::write(&policy, "[network]\nprivate = [\"127.0.0.1\", \"[::1]\"]\n").unwrap();
    let goal = format!("Ask implement:fetch {granted} {other}");
    let arguments = ["run", &goal, "--format", "json", "--policy", policy.to_str().unwrap()];
    let run = || {
        let mut command = world.command(&arguments);
        command.env("SSL_CERT_FILE", &servers.authority).env("MY_TOKEN", VALUE);
        crate::support::ran(command.output().unwrap())
    };
    // The repository's lock grants it, and that is not the user's word.
    run().failed(4, &["nobody on this machine let rogue-implement use the secret TOKEN", &author.to_string()]);
    assert!(servers.seen("whole-run").is_empty() && !world.state().join("runs").exists(), "nothing was begun");
    configure(&world, &format!("{secret}skills = [\"{author}\"]\n"));
    let ran = run();
    assert_eq!(ran.code, Some(0), "{ran:#?}");

    // One arrived, with the value; the other was not sent.
    let seen = servers.seen("whole-run");
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].contains(&format!("host: localhost:{}\r\n", servers.tls)), "{seen:?}");
    assert!(seen[0].contains(&format!("authorization: Bearer {VALUE}\r\n")), "{seen:?}");

    // It is in the log, sealed.
    let log = fs::read_to_string(run_folder(&world, &entry(&ran)).join("audit.jsonl")).unwrap();
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let network =
        |step: &str| entries.iter().filter(|e| e["class"] == "network" && e["step"] == step).collect::<Vec<_>>();
    let (intents, outcomes) = (network("intent"), network("outcome"));
    assert_eq!((intents.len(), outcomes.len()), (1, 1), "{log}");
    assert_eq!(intents[0]["actor"]["skill"]["name"], "rogue-implement", "{log}");
    assert_eq!(outcomes[0]["http_status"], 200, "{log}");
    assert!(!log.contains("localhost"), "{log}");

    // What was denied is told, with what would grant it.
    let run: Value = serde_json::from_str(&fs::read_to_string(text(&entry(&ran)["run_json"])).unwrap()).unwrap();
    let denied = run["denials"].as_array().unwrap();
    assert_eq!(denied.len(), 1, "{run:#}");
    assert_eq!((&denied[0]["capability"], &denied[0]["what"]), (&json!("http"), &json!(other)), "{run:#}");
    assert!(text(&denied[0]["remedy"]).contains("http"), "{run:#}");
    let request = pull_request(&entry(&ran));
    assert!(request.contains(&format!("localhost:{}", servers.other)), "{request}");

    // The server repeated the value, and it stands nowhere: not in the records, the tree or the repository.
    assert!(request.contains("you sent"), "what came is what the author says: {request}");
    assert!(!holds(&world.state(), VALUE) && !holds(&world.repo(), VALUE) && !holds(&world.home(), VALUE));
    assert!(!ran.stdout.contains(VALUE) && !ran.stderr.contains(VALUE), "{ran:#?}");
}

#[test]
fn a_trace_of_a_run_tells_no_secret() {
    let url = "https://localhost:1/trace";
    let (world, author) = world(&[url.to_owned()]);
    let hosts = "hosts = [\"https://localhost:1\"]";
    configure(&world, &format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\n{hosts}\nskills = [\"{author}\"]\n"));
    // It came across the value some other way, and says it where it is denied.
    let goal = format!("Ask implement:fetch https://localhost:2/{VALUE}");
    let mut command = world.command(&["run", &goal, "--format", "json", "--trace=calls.jsonl"]);
    let ran = crate::support::ran(command.env("MY_TOKEN", VALUE).output().unwrap());
    assert_eq!(ran.json()["runs"][0]["denials"], 1, "{ran:#?}");
    let told = fs::read_to_string(world.repo().join("calls.jsonl")).unwrap();
    assert!(told.contains("wasi:http/") && told.contains("/[secret]") && !told.contains(VALUE), "{told}");
}
