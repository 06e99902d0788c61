//! `call --record-grants`: the smallest grant that would have sufficed.

use crate::scripts::{CONFIG, Script, greeting, project};
use crate::servers::servers;
use crate::support::{Ran, World, root};
use serde_json::{Value, json};
use skillhost_core::manifest;
use std::fs;
use std::path::PathBuf;

/// What a skill does, and what is expected of it.
struct Use {
    component: PathBuf,
    input: Value,
    more: Vec<String>,
}

impl Use {
    fn probe(input: Value) -> Self {
        Self { component: root().join("target/guests/probe.wasm"), input, more: Vec::new() }
    }

    fn call(&self, world: &World, flags: &[String]) -> Ran {
        let (component, input) = (self.component.display().to_string(), self.input.to_string());
        let mut arguments = vec!["call", &component, "--input", &input, "--format", "json"];
        arguments.extend(self.more.iter().map(String::as_str));
        arguments.extend(flags.iter().map(String::as_str));
        let mut command = world.command(&arguments);
        command.env("SSL_CERT_FILE", &servers().authority).env("MY_TOKEN", "tk-9f8e7d6c5b4a39281706f5e4");
        crate::support::ran(command.output().unwrap())
    }

    /// Records, and gives the flags, each as one argument.
    fn recorded(&self, world: &World) -> (Vec<String>, Value) {
        let ran = self.call(world, &["--record-grants".to_owned()]);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let recorded = ran.json()["recorded"].clone();
        let texts = recorded["flags"].as_array().unwrap().iter().map(|flag| flag.as_str().unwrap());
        (texts.flat_map(words).collect(), recorded)
    }
}

/// A line of flags, as a shell takes it apart.
fn words(line: &str) -> Vec<String> {
    let script = format!("printf '%s\\n' {line}");
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Files that every use begins with.
fn files(world: &World) {
    drop(fs::remove_dir_all(world.repo().join("src")));
    drop(fs::remove_file(world.repo().join("new.txt")));
    world.write(&[("src/a.txt", "a"), ("src/b.txt", "b"), ("docs/it's [x].md", "c"), ("docs/deep/x/y", "d")]);
}

fn is_denied(ran: &Ran) -> bool {
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    document["denied"].as_array().is_some_and(|denied| !denied.is_empty())
}

/// With exactly what was recorded it does the same again; without any one entry of it, something is denied.
fn suffices_and_is_needed(world: &World, it: &Use) -> Vec<String> {
    files(world);
    let (flags, recorded) = it.recorded(world);
    files(world);
    let again = it.call(world, &flags);
    assert!(again.code == Some(0) && !is_denied(&again), "{flags:?} {again:#?}");
    for at in (0..flags.len()).step_by(2) {
        let mut less = flags.clone();
        less.drain(at..at + 2);
        files(world);
        let ran = it.call(world, &less);
        assert!(is_denied(&ran), "{} is spare: {ran:#?}", flags[at + 1]);
    }
    // As data it is the same.
    let text = recorded["lock"].as_str().unwrap();
    assert!(text.starts_with("[skill.grant]\n"), "{text}");
    flags.chunks(2).map(|pair| pair[1].clone()).collect()
}

fn steps(steps: &[Value]) -> Use {
    Use::probe(json!({"how": "files", "script": steps}))
}

#[test]
fn what_was_recorded_suffices_and_nothing_of_it_is_spare() {
    let world = World::bare();
    let read = |path: &str| json!({"how": "read", "path": format!("/repo/{path}")});
    assert_eq!(suffices_and_is_needed(&world, &Use::probe(read("src/a.txt"))), ["read=src/a.txt"]);
    let odd = suffices_and_is_needed(&world, &Use::probe(read("docs/it's [x].md")));
    assert_eq!(odd, [r"read=docs/it's \[x\].md"]);
    let write = Use::probe(json!({"how": "write", "path": "/repo/new.txt"}));
    assert_eq!(suffices_and_is_needed(&world, &write), ["write=new.txt"]);
    // Computing alone takes nothing.
    assert!(suffices_and_is_needed(&world, &Use::probe(json!({"how": "answer"}))).is_empty());
    let mut model = Use::probe(json!({"how": "model"}));
    model.more = vec!["--model".to_owned(), world.model(&Script::new().says("implement", 1, "hello").text())];
    assert_eq!(suffices_and_is_needed(&world, &model), ["model=standard"]);
    let ask = Use::probe(json!({"how": "ask"}));
    assert_eq!(suffices_and_is_needed(&world, &ask), ["ask"]);
}

#[test]
fn moves_folders_and_listings_are_recorded_too() {
    let world = World::bare();
    for (script, expected) in [
        (
            vec![
                json!({"do": "read", "path": "src/a.txt"}),
                json!({"do": "rename", "path": "src/a.txt", "to": "src/c.txt"}),
            ],
            &["read=src/a.txt", "read=src/c.txt", "write=src/a.txt", "write=src/c.txt"][..],
        ),
        (vec![json!({"do": "mkdir", "path": "new"}), json!({"do": "rmdir", "path": "new"})], &["write=new"]),
        (vec![json!({"do": "list", "path": "docs"})], &["read=docs"]),
        (vec![json!({"do": "stat", "path": "absent"})], &["read=absent"]),
    ] {
        let found = suffices_and_is_needed(&world, &steps(&script));
        assert_eq!(found, expected, "{script:?}");
    }
}

#[test]
fn r_14_requests_and_secrets_are_recorded() {
    let servers = servers();
    let world = World::bare();
    crate::recordings::configure(
        &world,
        &format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{}\"]\n", servers.tls),
    );
    let policy = world.home().join("open.toml");
    fs::write(&policy, "[network]\nprivate = [\"127.0.0.1\", \"[::1]\"]\n").unwrap();
    let bare = root().join("target/wasm32-wasip2/skill/guest_fetcher.wasm");
    let text = fs::read_to_string(root().join("tests/guests/fetcher/skill.toml")).unwrap();
    let asks = text
        .replace("https://*.example.com/*", &format!("https://localhost:{}/*", servers.tls))
        .replace("[\"TOKEN\", \"OTHER\"]", "[\"TOKEN\"]");
    let component = world.home().join("fetcher.wasm");
    fs::write(&component, manifest::embed(&fs::read(bare).unwrap(), &asks).unwrap()).unwrap();
    let host = format!("localhost:{}", servers.tls);
    let request = |path: &str, fields: Value| json!({"scheme": "https", "authority": host, "path": path, "headers": fields, "method": "GET"});
    let it = Use {
        component,
        input: json!({"how": "fetch", "requests": [
            request("/recorded/echo?q=1", json!([["authorization", skillhost_core::secret::placeholder(&"TOKEN".parse().unwrap())]])),
            request("/recorded/echo?q=2", json!([])),
        ]}),
        more: vec!["--policy".to_owned(), policy.display().to_string()],
    };
    let found = suffices_and_is_needed(&world, &it);
    assert_eq!(found, [format!("http=https://{host}/recorded/echo"), "secrets=TOKEN".to_owned()]);
}

#[test]
fn a_policy_still_caps_and_what_it_denied_stands_apart() {
    let world = World::bare();
    files(&world);
    let policy = world.home().join("policy.toml");
    fs::write(&policy, "[capabilities]\nread = [\"src/**\"]\nask = false\n").unwrap();
    let mut it = steps(&[json!({"do": "read", "path": "src/a.txt"}), json!({"do": "read", "path": "docs/deep/x/y"})]);
    it.more = vec!["--policy".to_owned(), policy.display().to_string()];
    let (flags, recorded) = it.recorded(&world);
    assert_eq!(flags, ["--grant", "read=src/a.txt"]);
    assert_eq!(recorded["denied_by_policy"], json!([{"capability": "read", "what": "docs/deep/x/y"}]));
    assert_eq!(recorded["not_requested"], json!([]));

    // For people: the flags and the table are data, the rest stands beside them.
    let component = it.component.display().to_string();
    let input = it.input.to_string();
    let human = world.run(&["call", &component, "--input", &input, "--record-grants", "--policy", &it.more[1]]);
    assert_eq!(human.stdout, "--grant read=src/a.txt\n\n[skill.grant]\nread = [\"src/a.txt\"]\n");
    assert!(human.stderr.contains("denied by policy: read docs/deep/x/y"), "{human:#?}");
    world.run(&["call", &component, "--record-grants", "--grant", "read=**"]).failed(2, &["--record-grants"]);
}

/// What was printed as a lock's entry is one, and suffices there.
#[test]
fn an_entry_of_a_lock_is_recorded_and_holds() {
    let world = World::with(&[]);
    files(&world);
    let component = root().join("target/guests/probe.wasm");
    let digest = skillhost_core::digest::Digest::of(&fs::read(&component).unwrap());
    let entry = format!(
        "version = 1\n[[skill]]\nname = \"probe\"\nversion = \"1.0.0\"\nsource = \"file:{}\"\ndigest = \"{digest}\"\n",
        component.display()
    );
    // Nothing of what is used is granted yet.
    world.commit(&[("skillhost.lock", &format!("{entry}[skill.grant]\nread = [\"absent\"]\n"))]);
    let input = json!({"how": "read", "path": "/repo/docs/it's [x].md"}).to_string();
    let call = |more: &[&str]| world.run(&[&["call", "probe", "--input", &input, "--format", "json"], more].concat());
    assert!(is_denied(&call(&[])));
    let recorded = call(&["--record-grants"]);
    assert_eq!(recorded.code, Some(0), "{recorded:#?}");
    let table = recorded.json()["recorded"]["lock"].as_str().unwrap().to_owned();
    world.commit(&[("skillhost.lock", &format!("{entry}{table}"))]);
    let again = call(&[]);
    assert!(again.code == Some(0) && !is_denied(&again), "{table} {again:#?}");
}

/// What is not asked for is not granted, and a call that fails tells what it used until then.
#[test]
fn a_call_that_fails_tells_what_it_used() {
    let world = World::bare();
    let component = root().join("target/guests/probe.wasm").display().to_string();
    let input = json!({"how": "write-and-trap", "path": "/repo/new.txt"}).to_string();
    let ran = world.run(&["call", &component, "--input", &input, "--record-grants"]);
    ran.failed(1, &["ended without an answer"]);
    assert!(ran.stdout.contains("write=new.txt") && ran.stdout.contains("ask = true"), "{ran:#?}");
}

/// The lists of a table, by key.
fn lists(table: &str) -> Vec<(String, Vec<String>)> {
    let pairs = table.lines().filter_map(|line| line.split_once(" = "));
    let read = |(key, value): (&str, &str)| Some((key.to_owned(), serde_json::from_str(value).ok()?));
    pairs.filter_map(read).collect()
}

#[test]
fn a_run_records_what_each_skill_needs() {
    let world = World::with(&project());
    let model = world.model(&greeting().text());
    let goal = |more: &[&str]| {
        let ran = world.run(&[&["run", "Greet everybody", "--format", "json", "--model", &model], more].concat());
        (ran.json(), ran)
    };
    let (document, ran) = goal(&["--record-grants"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let rows = document["recorded"].as_array().unwrap();
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["spec", "review", "implement", "verify"]);
    let entry = |kind: &str| {
        let row = rows.iter().find(|row| row["kind"] == kind).unwrap();
        assert_eq!((&row["file"], &row["skill"]), (&json!("skillhost.toml"), &json!(format!("builtin:{kind}"))));
        row["entry"].as_str().unwrap().to_owned()
    };
    let implement = entry("implement");
    assert!(
        implement.contains("write = [\"src/greeting.txt\"]\nexec = [\"test\"]\nmodel = [\"standard\"]\n"),
        "{implement}"
    );

    // With exactly these, nothing is denied.
    let (before, behind) = CONFIG.split_once("[grants.implement]").unwrap();
    let behind = &behind[behind.find("[commands.test]").unwrap()..];
    let others: String = ["spec", "review", "verify"].map(entry).concat();
    let denials = |table: &str| {
        world.commit(&[("skillhost.toml", &format!("{before}{others}{table}{behind}"))]);
        let (document, ran) = goal(&[]);
        (ran.code, document["runs"][0]["denials"].as_u64())
    };
    assert_eq!(denials(&implement), (Some(0), Some(0)), "{others}{implement}");
    // Without any one of what the author was given, something is.
    let mut tried = 0;
    for (key, values) in lists(&implement) {
        for spare in &values {
            let less: Vec<&String> = values.iter().filter(|value| *value != spare).collect();
            let line = |values: &Value| format!("{key} = {}\n", values.to_string().replace(',', ", "));
            let (full, less) = (line(&json!(values)), line(&json!(less)));
            assert!(implement.contains(&full), "{full} {implement}");
            let (_, denied) = denials(&implement.replace(&full, &less));
            // What its own last look at the change reads beside its work, it goes without where it may not.
            let is_look = key == "read" && ["skillhost.toml", "specs/greet-everybody.md"].contains(&spare.as_str());
            assert!(is_look || denied > Some(0), "{key} {spare} is spare: {implement}");
            tried += 1;
        }
    }
    assert!(tried >= 3, "{implement}");
}
