//! Declared commands with a list of hosts: package managers on real packages, and what a hostile command gets.

use crate::main_job::{entry, pull_request, run_folder, text};
use crate::scripts::{CONFIG, greeting, project};
use crate::support::{Ran, World, signal, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const GOAL: &str = "Greet everybody";

/// The small project with a set-up, its list of hosts, and a gate that runs a line of its own first.
fn world(set_up: &[&str], hosts: &[String], gate: &str, files: &[(&str, &str)]) -> World {
    let network = if hosts.is_empty() { json!("none") } else { json!(hosts) };
    let config = CONFIG.replace(
        "[commands.test]",
        &format!("[commands.setup]\nrun = {set_up:?}\ntimeout = \"5m\"\nnetwork = {network}\n[commands.test]"),
    );
    let test = format!("{gate} || exit 1\ngrep -qs hello src/greeting.txt && echo \"1 passed\"\n");
    let world = World::with(&project());
    world.commit(&[&[("skillhost.toml", config.as_str()), ("test.sh", &test)], files].concat());
    world
}

/// What a client says, in an empty folder, with this machine's configuration of it.
fn client(folder: &TempDir, line: &[&str]) -> String {
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).current_dir(folder.path()).env_remove("PIP_FIND_LINKS");
    let output = command.output().unwrap_or_else(|e| panic!("`{line:?}` is needed: {e}"));
    assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The hosts of all `https` addresses in a text, as a list names them.
fn hosts(text: &str) -> Vec<String> {
    let host =
        |rest: &str| rest.split(|c: char| !(c.is_ascii_alphanumeric() || ".-:".contains(c))).next().map(str::to_owned);
    let found: BTreeSet<String> = text.split("https://").skip(1).filter_map(host).collect();
    found
        .into_iter()
        .map(|host| host.trim_end_matches(['.', ':']).to_owned())
        .filter(|host| host.contains('.'))
        .collect()
}

/// The log's entries of the network.
fn connections(world: &World, ran: &Ran) -> Vec<Value> {
    let log = fs::read_to_string(run_folder(world, &entry(ran)).join("audit.jsonl")).unwrap();
    let entries = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.filter(|entry| entry["class"] == "network").collect()
}

fn record(ran: &Ran) -> Value {
    serde_json::from_str(&fs::read_to_string(text(&entry(ran)["run_json"])).unwrap()).unwrap()
}

fn gate<'a>(run: &'a Value, name: &str) -> &'a Value {
    run["gates"].as_array().unwrap().iter().find(|gate| gate["name"] == name).unwrap()
}

/// Done under the full sandbox, over recorded connections, with nothing refused.
fn installs(world: &World) {
    let before = world.footprint();
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    let run = record(&ran);
    assert_eq!(run["sandbox"], "full", "{run:#}");
    assert_eq!((&gate(&run, "setup")["network"], &gate(&run, "test")["network"]), (&json!("hosts"), &json!("none")));
    let log = connections(world, &ran);
    let (intents, outcomes): (Vec<_>, Vec<_>) = log.iter().partition(|entry| entry["step"] == "intent");
    assert!(!intents.is_empty() && intents.len() == outcomes.len(), "{log:#?}");
    assert!(intents.iter().all(|entry| entry["kind"] == "connect" && entry["decision"] == "granted"), "{log:#?}");
    assert!(
        outcomes.iter().all(|entry| entry["outcome"] == "done" && entry["counts"]["bytes_in"].is_u64()),
        "{log:#?}"
    );
    assert!(!ran.stderr.contains("was refused"), "{}", ran.stderr);
}

#[test]
fn npm_ci_installs_a_real_package_through_the_proxy() {
    let folder = TempDir::new().unwrap();
    let package = r#"{"name": "a", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}"#;
    fs::write(folder.path().join("package.json"), package).unwrap();
    client(&folder, &["npm", "install", "--package-lock-only", "--silent"]);
    let lock = fs::read_to_string(folder.path().join("package-lock.json")).unwrap();
    let registry = client(&folder, &["npm", "config", "get", "registry"]);
    let files = [
        ("package.json", package),
        ("package-lock.json", &lock),
        (".npmrc", &format!("registry={}\nfetch-retries=0\n", registry.trim())),
    ];
    let gate = "node -e 'process.exit(require(\"ms\")(\"1d\") === 86400000 ? 0 : 1)'";
    let world = self::world(&["npm", "ci"], &hosts(&format!("{registry}{lock}")), gate, &files);
    installs(&world);

    // Without the list there is no way: set-up ends, and the run with it.
    let world = self::world(&["npm", "ci"], &[], gate, &files);
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_ne!(ran.code, Some(0), "{ran:#?}");
    assert!(connections(&world, &ran).is_empty());
}

#[test]
fn pip_install_installs_a_real_package_through_the_proxy() {
    let folder = TempDir::new().unwrap();
    let wanted = "six==1.16.0";
    let said = client(
        &folder,
        &["python3", "-m", "pip", "download", "-vvv", "--no-cache-dir", "--no-deps", "--dest", "kept", wanted],
    );
    let set_up = ["python3", "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--target", ".deps", wanted];
    let gate = "PYTHONPATH=.deps python3 -c 'import six; assert six.__version__ == \"1.16.0\"'";
    installs(&self::world(&set_up, &hosts(&said), gate, &[]));
}

#[test]
fn cargo_fetch_brings_a_real_crate_that_is_built_offline() {
    let folder = TempDir::new().unwrap();
    let manifest =
        "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"=1.0.15\"\n";
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "").unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    let mut fetch = Command::new("cargo");
    fetch.args(["fetch"]).current_dir(folder.path()).env("CARGO_HOME", folder.path().join("home"));
    fetch.env("CARGO_HTTP_DEBUG", "true").env("CARGO_LOG", "network=debug");
    let output = fetch.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let lower = said.to_lowercase();
    let asked = ["> host: ", ":authority: "].into_iter().flat_map(|mark| lower.split(mark).skip(1));
    let asked = asked.filter_map(|rest| rest.split_whitespace().next());
    let hosts: BTreeSet<String> =
        asked.map(|host| host.trim_matches([']', '[']).to_owned()).filter(|host| host.contains('.')).collect();
    let lock = fs::read_to_string(folder.path().join("Cargo.lock")).unwrap();
    let lib = "pub fn greet(n: u32) -> String {\n    itoa::Buffer::new().format(n).to_owned()\n}\n";
    let world = self::world(
        &["cargo", "fetch", "--locked"],
        &hosts.into_iter().collect::<Vec<_>>(),
        "cargo check --offline --locked",
        &[("Cargo.toml", manifest), ("Cargo.lock", &lock), ("src/lib.rs", lib), (".gitignore", "target/\n")],
    );
    installs(&world);
}

/// A server on loopback that answers every request with one word, and keeps the first lines.
fn server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            kept.lock().unwrap().push(lines.next().unwrap_or_default());
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            // Who asked may be gone.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached");
        }
    });
    (port, heard)
}

/// Asks for each address on its command line through the proxy, and past it.
const ASK: &str = r"
import os, socket, sys
host, _, port = os.environ['http_proxy'].rsplit('/', 1)[1].rpartition(':')
for address in sys.argv[1:]:
    s = socket.create_connection((host, int(port)))
    s.sendall(f'GET http://{address}/ HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n'.encode())
    answer = b''
    while part := s.recv(4096): answer += part
    print(address, answer.split(b' ')[1].decode(), answer.rsplit(b'\r\n\r\n')[-1].decode().strip())
    try:
        name, _, port_ = address.rpartition(':')
        socket.create_connection((name, int(port_)), 5); print('PAST THE PROXY', address)
    except OSError: pass
";

#[test]
fn x_03_a_private_address_needs_the_policy_and_a_refusal_is_told_everywhere() {
    let (port, heard) = server();
    let (here, other) = (format!("localhost:{port}"), format!("127.0.0.1:{port}"));
    let set_up = ["sh", "-c", &format!("python3 ask.py {here} {other} > said.txt")];
    let world = world(&set_up, std::slice::from_ref(&here), "cat said.txt", &[("ask.py", ASK)]);
    let said = |ran: &Ran| gate(&record(ran), "test")["output"].as_str().unwrap().to_owned();
    let listed =
        format!("[commands.setup] network = [\\\"{here}\\\", \\\"{other}\\\"] in skillhost.toml").replace('\\', "");

    // The project can name it, and can't open it.
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(heard.lock().unwrap().is_empty());
    let output = said(&ran);
    assert!(output.contains(&format!("{here} 403")) && output.contains("policy.toml"), "{output}");
    assert!(output.contains(&format!("{other} 403")) && output.contains(&listed), "{output}");
    assert!(!output.contains("PAST"), "{output}");
    for place in [&here, &other] {
        assert!(ran.stderr.contains(&format!("setup was refused {place}; to allow it: ")), "{}", ran.stderr);
        assert!(pull_request(&entry(&ran)).contains(&format!("network {place}")), "{}", pull_request(&entry(&ran)));
    }
    let log = connections(&world, &ran);
    assert!(log.iter().any(|entry| entry["outcome"] == "denied"), "{log:#?}");
    assert!(log.iter().any(|entry| entry["step"] == "decision" && entry["decision"] == "denied"), "{log:#?}");
    let raw = fs::read_to_string(run_folder(&world, &entry(&ran)).join("audit.jsonl")).unwrap();
    assert!(!raw.contains("localhost") && !raw.contains("127.0.0.1"), "places are sealed: {raw}");

    // The policy opens it, for what the project names.
    let policy = world.home().join("open.toml");
    fs::write(&policy, "[network]\nprivate = [\"127.0.0.1\", \"[::1]\"]\n").unwrap();
    let ran = world.goal(GOAL, &greeting().text(), &["--policy", policy.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let output = said(&ran);
    assert!(output.contains(&format!("{here} 200 reached")) && output.contains(&format!("{other} 403")), "{output}");
    assert!(!output.contains("PAST"), "{output}");
    assert!(!heard.lock().unwrap().is_empty() && heard.lock().unwrap().iter().all(|line| line == "GET / HTTP/1.1"));

    // Another policy that opens less is what counts.
    let folder = world.home().join(".config/skillhost");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("policy.toml"), "[network]\nprivate = [\"10.0.0.0/8\"]\n").unwrap();
    let ran = world.goal(GOAL, &greeting().text(), &["--policy", policy.to_str().unwrap()]);
    assert!(said(&ran).contains(&format!("{here} 403")), "{}", said(&ran));
}

#[test]
fn x_03_what_a_skill_runs_has_the_lists_of_its_commands_and_no_more() {
    let (port, heard) = server();
    let config = CONFIG.replace("timeout = \"5m\"\n", "timeout = \"5m\"\nnetwork = [\"other.example\"]\n");
    let test = format!("python3 ask.py localhost:{port}\ngrep -qs hello src/greeting.txt && echo \"1 passed\"\n");
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &config), ("test.sh", &test), ("ask.py", ASK)]);
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let run = record(&ran);
    let gate = gate(&run, "test");
    assert_eq!(gate["network"], "hosts", "{gate:#}");
    assert!(gate["output"].as_str().unwrap().contains(&format!("localhost:{port} 403")), "{gate:#}");
    assert!(heard.lock().unwrap().is_empty());
    // Once as the author's own run, and once as the gate: in the skill's name, and in the host's.
    let log = connections(&world, &ran);
    assert_eq!(log.len(), 2, "{log:#?}");
    assert_eq!(log.iter().filter(|entry| entry["actor"]["skill"].is_object()).count(), 1, "{log:#?}");
    assert!(pull_request(&entry(&ran)).contains(&format!("network localhost:{port}")));
}

#[test]
fn x_03_what_an_interrupted_command_was_refused_is_told() {
    let set_up = ["sh", "-c", "python3 ask.py other.example:443; touch started; sleep 600"];
    let world = world(&set_up, &["listed.example".to_owned()], "true", &[("ask.py", ASK)]);
    let model = world.model(&greeting().text());
    let mut command = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("set-up has asked", || world.has_started());
    signal(&child, "INT");
    let ran = crate::support::ran(child.wait_with_output().unwrap());
    ran.failed(130, &["error: interrupted"]);
    let denials = &record(&ran)["denials"];
    assert_eq!(denials.as_array().map(Vec::len), Some(1), "{denials:#}");
    assert_eq!((&denials[0]["skill"], &denials[0]["what"]), (&json!("command setup"), &json!("other.example:443")));
}

#[test]
fn x_03_what_a_command_was_refused_is_told_even_where_its_outcome_can_not_be_logged() {
    let set_up = ["sh", "-c", "python3 ask.py other.example:443; touch started; until [ -e go ]; do sleep 0.05; done"];
    let world = world(&set_up, &["listed.example".to_owned()], "true", &[("ask.py", ASK)]);
    let model = world.model(&greeting().text());
    let mut command = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("set-up has asked", || world.has_started());
    let run = fs::read_dir(world.state().join("runs")).unwrap().next().unwrap().unwrap().path();
    fs::rename(run.join("payloads"), run.join("elsewhere")).unwrap();
    fs::write(run.join("tree/go"), "").unwrap();
    let ran = crate::support::ran(child.wait_with_output().unwrap());
    assert!(!matches!(ran.code, Some(0 | 1)), "{ran:#?}");
    let log = fs::read_to_string(run.join("audit.jsonl")).unwrap();
    assert!(log.contains("\"abandoned\""), "its outcome is not there: {log}");
    let denials = &record(&ran)["denials"];
    assert_eq!(denials.as_array().map(Vec::len), Some(1), "{denials:#}");
    assert_eq!((&denials[0]["skill"], &denials[0]["what"]), (&json!("command setup"), &json!("other.example:443")));
}

#[test]
fn without_a_sandbox_a_list_is_said_to_be_no_wall() {
    let config = CONFIG.replace("timeout = \"5m\"\n", "timeout = \"5m\"\nnetwork = [\"other.example\"]\n");
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &config)]);
    let ran = world.goal(GOAL, &greeting().text(), &["--dangerously-unsandboxed"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains("without a sandbox nothing holds commands to their hosts"), "{}", ran.stderr);
    assert_eq!(gate(&record(&ran), "test")["network"], "open");
    assert!(pull_request(&entry(&ran)).contains("nothing holds commands to their hosts"));
}

#[test]
fn a_list_that_names_no_host_is_an_error_with_its_line() {
    for (entry, word) in [("http://a.example", "scheme"), ("0x7f.1", "127.0.0.1"), ("*", "`*`"), ("a@b.example", "`@`")]
    {
        let config = CONFIG.replace("timeout = \"5m\"\n", &format!("timeout = \"5m\"\nnetwork = [\"{entry}\"]\n"));
        let world = World::with(&project());
        world.commit(&[("skillhost.toml", &config)]);
        world.goal(GOAL, &greeting().text(), &[]).failed(3, &["skillhost.toml (at ", "):9: network: ", word]);
    }
}
