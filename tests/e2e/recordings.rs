//! Whole runs over every wire protocol, against a server that speaks them, recorded and played back.

use crate::scripts::{Script, greeting, project};
use crate::support::{Ran, World, ran};
use serde_json::{Value, json};
use skillhost_fake_models::{Answer, Call, FakeModels, Said};
use std::fs;
use std::path::Path;
use std::process::Command;

const GOAL: &str = "Greet everybody";
const KEY: &str = "sk-e2e-0123456789abcdefghij";

/// A gate that never prints the same twice, in the forms in which test programs tell how long they took.
const GATE: &str = r##"if grep -qs hello src/greeting.txt; then
  echo "# duration_ms $(( 1$(date +%N) % 9999 )).$(date +%N)"
  echo "1 passed in 0.$(date +%N)s; finished in 1m 0$(( 1$(date +%N) % 10 ))s at $(date -u +%FT%TZ)"
else exit 1; fi
"##;

/// What the script says, for a server. Calls come one by one, so the order of the lines is that of the requests.
pub fn answers(script: &Script, of: impl Fn(&str) -> bool) -> Vec<Answer> {
    let text = script.text();
    let lines = text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| of(line["phase"].as_str().unwrap())).map(|line| Answer::Reply(said(&line["reply"]))).collect()
}

fn said(reply: &Value) -> Said {
    let mut said = Said { input_tokens: 60, cached_input_tokens: 40, output_tokens: 10, ..Said::default() };
    for part in reply["parts"].as_array().unwrap() {
        said.text = part["text"].as_str().map(str::to_owned).or(said.text);
        if let Some(call) = part.get("tool_call") {
            let text = |field: &str| call[field].as_str().unwrap().to_owned();
            said.calls.push(Call { id: text("id"), name: text("name"), arguments: call["arguments"].clone() });
        }
    }
    said
}

fn world() -> World {
    let world = World::with(&project());
    world.commit(&[("test.sh", GATE)]);
    world
}

/// `[providers.NAME]` for a server, with a price or without.
pub fn provider(name: &str, kind: &str, server: &FakeModels, price: &str) -> String {
    let path = if kind.starts_with("openai") { "/v1" } else { "" };
    let url = server.url();
    format!("[providers.{name}]\nkind = \"{kind}\"\nurl = \"{url}{path}\"\nkey_env = \"E2E_KEY\"\n{price}\n")
}

const PRICE: &str = "input_usd = 1\noutput_usd = 10";

pub fn configure(world: &World, text: &str) {
    let folder = world.home().join(".config/skillhost");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
}

/// With a key, and with what a hostile environment may hold.
fn run(mut command: Command, thief: &FakeModels) -> Ran {
    command.env("E2E_KEY", KEY).env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere");
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
        command.env(name, thief.url());
    }
    ran(command.output().unwrap())
}

fn entry(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran.json()["runs"][0].clone()
}

fn pull_request(entry: &Value) -> String {
    fs::read_to_string(entry["pull_request"].as_str().unwrap()).unwrap()
}

fn branch_tree(world: &World, entry: &Value) -> String {
    world.git(&["rev-parse", &format!("{}^{{tree}}", entry["branch"].as_str().unwrap())])
}

pub fn holds(folder: &Path, secret: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holds(&path, secret)
        } else {
            fs::read(path).is_ok_and(|bytes| bytes.windows(secret.len()).any(|window| window == secret.as_bytes()))
        }
    })
}

fn records_and_plays_back(kind: &str) {
    let live = world();
    let (thief, server) = (FakeModels::start([]).unwrap(), FakeModels::start(answers(&greeting(), |_| true)).unwrap());
    configure(&live, &provider("fake", kind, &server, PRICE));
    let file = live.home().join("recording.jsonl");
    let recorded = ["run", GOAL, "--format", "json", "--model", "fake:m-1", "--record", file.to_str().unwrap()];
    let ran_live = run(live.command(&recorded), &thief);
    let first = entry(&ran_live);
    assert_eq!(server.received().len(), answers(&greeting(), |_| true).len());
    assert!(server.received().iter().all(|request| request.key() == Some(KEY)));
    assert_eq!(thief.received().len(), 0, "m_10: no proxy of the environment sees the key");
    assert!(!holds(&live.state(), KEY) && !fs::read_to_string(&file).unwrap().contains(KEY));
    // m_06: one provider for author and reviewer is told; its price was known.
    let warning = "use the same provider (fake)";
    assert!(ran_live.stderr.contains(warning) && pull_request(&first).contains(warning), "{ran_live:#?}");
    assert!(!ran_live.stderr.contains("no price is known"), "{ran_live:#?}");
    assert!(first["cost_micro_usd"].as_u64().unwrap() > 0, "{first}");

    // What came from the provider's cache is told wherever the cost is; Ollama doesn't say.
    let tells = kind != "ollama";
    let document: Value = serde_json::from_slice(&fs::read(first["run_json"].as_str().unwrap()).unwrap()).unwrap();
    let spec = &document["phases"][0];
    assert_eq!((document["cached_tokens"] != 0, spec["cached_tokens"] != 0), (tells, tells), "{document:#}");
    for shown in [live.run(&["show", first["run"].as_str().unwrap()]).stdout, pull_request(&first)] {
        assert_eq!(shown.contains("from the provider's cache"), tells, "{kind}: {shown}");
    }

    // Another repository with the same files, another state folder, no provider, no key.
    let replay = world();
    let model = format!("replay:{}", file.display());
    let second = entry(&replay.run(&["run", GOAL, "--format", "json", "--model", &model]));
    assert_eq!(branch_tree(&replay, &second), branch_tree(&live, &first));
    assert_eq!((&second["tokens"], &second["cost_micro_usd"]), (&first["tokens"], &first["cost_micro_usd"]));
    assert!(pull_request(&second).contains("m-1"), "a recording names the model that answered");
}

#[test]
fn a_run_over_messages_plays_back_exactly() {
    records_and_plays_back("anthropic");
}

#[test]
fn a_run_over_responses_plays_back_exactly() {
    records_and_plays_back("openai");
}

#[test]
fn a_run_over_ollama_s_protocol_plays_back_exactly() {
    records_and_plays_back("ollama");
}

#[test]
fn a_run_over_chat_completions_plays_back_exactly() {
    records_and_plays_back("openai-compatible");
}

#[test]
fn a_run_in_a_small_window_plays_back_with_what_it_dropped() {
    const FILES: usize = 12;
    let text: String =
        (0..120).map(|line| format!("line {line} of some notes that are rather long in the end\n")).collect();
    let names: Vec<String> = (0..FILES).map(|number| format!("notes/n{number}.txt")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
    let noted = || {
        let world = world();
        world.commit(&files);
        world
    };
    let read = |script: Script, name: &String| {
        script.calls("implement", 1, "read", &json!({"path": name, "from": null, "lines": null}))
    };
    let script = names.iter().fold(Script::specified(), read).writes(1, "src/greeting.txt", "hello\n").tests(1);
    let script = script.finishes(1).reviews("change-review", 1, &[]);

    let live = noted();
    let shown = json!({ "model_info": { "q.context_length": 24_000 } }).to_string();
    let shown = Answer::Raw { status: 200, content_type: "application/json".to_owned(), body: shown };
    let server = FakeModels::showing(shown, answers(&script, |_| true)).unwrap();
    let thief = FakeModels::start([]).unwrap();
    configure(&live, &provider("fake", "ollama", &server, PRICE));
    let file = live.home().join("recording.jsonl");
    let recorded = ["run", GOAL, "--format", "json", "--model", "fake:m-1", "--record", file.to_str().unwrap()];
    let first = entry(&run(live.command(&recorded), &thief));
    assert_eq!(server.looked_up().len(), 1, "once for all skills that use the model");
    let asked: Vec<String> = server.received().iter().map(|request| request.body.to_string()).collect();
    assert!(asked.iter().all(|request| request.contains("\"num_ctx\":24000")));
    let dropped = format!("[read {} 1–", names[0]);
    assert!(asked.iter().any(|request| request.contains(&dropped) && request.contains("dropped]")), "nothing was");

    let lines = fs::read_to_string(&file).unwrap();
    assert!(lines.lines().skip(1).all(|line| line.contains("\"window_tokens\":24000")), "{lines}");
    let model = format!("replay:{}", file.display());
    let replay = noted();
    let second = entry(&replay.run(&["run", GOAL, "--format", "json", "--model", &model]));
    assert_eq!(branch_tree(&replay, &second), branch_tree(&live, &first));
    // Without it, the skill has other plans from the first request on.
    fs::write(&file, lines.replace("\"window_tokens\":24000,", "")).unwrap();
    let ran = noted().run(&["run", GOAL, "--format", "json", "--model", &model]);
    ran.failed(1, &["of the recording has another request for", "hint: "]);
}

#[test]
fn two_providers_are_no_reason_to_warn_and_one_without_a_price_is() {
    let world = world();
    let is_review = |phase: &str| phase.ends_with("review");
    let author = FakeModels::start(answers(&greeting(), |phase| !is_review(phase))).unwrap();
    let reviewer = FakeModels::start(answers(&greeting(), is_review)).unwrap();
    let thief = FakeModels::start([]).unwrap();
    let providers =
        [provider("author", "anthropic", &author, PRICE), provider("reviewer", "openai-compatible", &reviewer, "")];
    configure(&world, &providers.concat());
    let command =
        world.command(&["run", GOAL, "--format", "json", "--model", "author:m", "--model", "review=reviewer:n"]);
    let ran = run(command, &thief);
    let entry = entry(&ran);
    assert!(!ran.stderr.contains("use the same provider"), "{ran:#?}");
    let request = pull_request(&entry);
    assert!(!request.contains("use the same provider"), "{request}");

    let warning = "no price is known for reviewer:n, so its cost is not counted and [budget] cost_usd = 5";
    assert!(ran.stderr.contains(warning) && !ran.stderr.contains("known for author:m"), "{ran:#?}");
    assert!(request.contains("cost unknown"), "{request}");
    assert!(entry["cost_micro_usd"].is_null(), "{entry}");
    let document: Value = serde_json::from_slice(&fs::read(entry["run_json"].as_str().unwrap()).unwrap()).unwrap();
    assert!(document["cost_micro_usd"].is_null(), "{document}");
    for phase in document["phases"].as_array().unwrap() {
        let is_known = phase["cost_micro_usd"].is_u64();
        assert_eq!(is_known, !is_review(phase["phase"].as_str().unwrap()), "{phase}");
    }
    for shown in [world.run(&["show", entry["run"].as_str().unwrap()]), world.run(&["runs"])] {
        assert!(shown.stdout.contains("cost unknown"), "{shown:#?}");
    }
}

#[test]
fn a_script_is_called_one_whatever_model_it_names() {
    let world = World::with(&project());
    let script = greeting().text().replace("\"model\":\"scripted\"", "\"model\":\"gpt-5\"");
    assert!(script.contains("gpt-5"));
    let ran = world.goal(GOAL, &script, &[]);
    let entry = entry(&ran);
    assert!(ran.stderr.contains("model  scripted: "), "{ran:#?}");
    let request = pull_request(&entry);
    let (_, run) = request.split_once("## Run").unwrap();
    assert!(run.contains("scripted") && !request.contains("gpt-5"), "{request}");
    let text = fs::read_to_string(entry["run_json"].as_str().unwrap()).unwrap();
    assert!(text.contains("\"scripted\"") && !text.contains("gpt-5"), "{text}");
    assert_eq!(entry["cost_micro_usd"], 0);
}

#[test]
fn a_recording_is_of_one_goal_and_a_failed_start_leaves_none() {
    let world = World::with(&project());
    let file = world.home().join("recording.jsonl");
    let record = ["--record", file.to_str().unwrap()];
    let model = world.model(&greeting().text());
    let several = ["run", GOAL, "Greet nobody", "--model", &model];
    let ran = world.run(&[&several[..], &record].concat());
    ran.failed(2, &["a recording holds the calls of one goal", "hint: "]);
    let ran = world.run(&[&["run", GOAL, "--model", "anthropic:m"][..], &record].concat());
    ran.failed(3, &["no key for anthropic"]);
    assert!(!file.exists());
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 0);
}
