//! The contract, as each language's SDK reaches it through the real host. One skill in each calls everything that there is
//! and writes down what came of it, in the same words; what it wrote is held to one table, and the table that
//! `docs/authors/README.md` shows is made of that.

use super::project::Project;
use crate::main_job::{entry, pull_request, text};
use crate::scripts::{CONFIG, Script, project};
use crate::support::{Ran, World, each, root};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;

/// The languages, the file of a skill in each, and what goes into it. TypeScript has JavaScript's SDK.
const LANGUAGES: [(&str, &str, &str, &str); 6] = [
    ("Rust", "rust", "src/lib.rs", include_str!("probe.rs")),
    ("JavaScript", "javascript", "src/skill.js", include_str!("probe.js")),
    ("Python", "python", "src/skill.py", include_str!("probe.py")),
    ("C", "c", "src/skill.c", include_str!("probe.c")),
    ("C++", "cpp", "src/skill.cpp", include_str!("probe.cpp")),
    ("Go", "go", "main.go", include_str!("probe.go")),
];

/// What one language's skill saw, in two rounds, and what came of what it said.
struct Seen {
    first: Value,
    second: Value,
    request: String,
    /// What is on the run's branch.
    files: Vec<String>,
    /// The titles of its commits.
    commits: Vec<String>,
    told: String,
    /// For each error that it was asked to end with: the name, and how that call ended.
    errors: Vec<(&'static str, Ran)>,
}

/// A part of the contract: the interface, what is used of it, and whether a language's skill saw what it should.
type Row = (&'static str, &'static str, fn(&Seen) -> bool);

const ROWS: [Row; 24] = [
    ("types", "`brief`, `document`, `step`, `criterion`", |seen| {
        let brief = &seen.first["brief"];
        let steps = json!([{
            "id": "1", "title": "Write the greeting", "instructions": "Write src/greeting.txt.",
            "files": ["src/**"], "after": [], "criteria": ["C1"],
        }]);
        let criteria = json!([{"id": "C1", "statement": "The greeting says hello", "command": "test"}]);
        let rules = json!([{"path": "AGENTS.md", "text": "# Rules\n\nGreetings are polite.\n"}]);
        brief["goal"] == "Greet everybody ü"
            && brief["agent"] == "main"
            && brief["base"].as_str().is_some_and(|commit| commit.len() == 40)
            && brief["run"].as_str().is_some_and(|run| !run.is_empty())
            && (&brief["steps"], &brief["criteria"], &brief["conventions"]) == (&steps, &criteria, &rules)
            && brief["spec"]["text"].as_str().is_some_and(|text| text.contains("Nobody is greeted."))
            && [&brief["findings"], &brief["answers"], &brief["gates"]] == [&json!([]); 3]
    }),
    ("types", "`finding`, `severity`, `location`, `gate`", |seen| {
        let (finding, gate) = (&seen.second["brief"]["findings"][0], &seen.second["brief"]["gates"][0]);
        finding["severity"] == "major"
            && finding["at"] == json!({"path": "src/greeting.txt", "line": 1})
            && (&finding["id"], &finding["quote"]) == (&json!("F1"), &json!("hello"))
            && finding["message"].as_str().is_some_and(|text| text.starts_with("The greeting names nobody."))
            && (&gate["name"], &gate["exit_code"], &gate["tests"]) == (&json!("test"), &json!(0), &Value::Null)
            && gate["output"].as_str().is_some_and(|output| output.contains("1 passed"))
            && gate["evidence"].as_str().is_some_and(|id| !id.is_empty())
    }),
    ("types", "each `error`, as a skill ends with it", |seen| {
        let says = |name| match name {
            "cancelled" => "cancelled".to_owned(),
            "too-large" => "too large: 4294967296 bytes".to_owned(),
            "invalid" => "invalid input: because ü".to_owned(),
            name => format!("{name}: because ü"),
        };
        seen.errors.len() == 6 && seen.errors.iter().all(|(name, ran)| ran.stderr.contains(&says(*name)))
    }),
    ("types", "`error`, as a call ends with it: `denied`, `invalid`, `too-large`", |seen| {
        is_error(&seen.first["run denied"], "denied: ")
            && is_error(&seen.first["output invalid"], "invalid: ")
            && is_error(&seen.first["diff too large"], "too-large: ")
    }),
    ("types", "the same: `exhausted`, where the budget does not cover a call", |seen| {
        is_error(&seen.first["complete exhausted"], "exhausted: the token budget of ")
    }),
    ("types", "the same: `failed`, where a model does not answer", |seen| {
        is_error(&seen.first["complete failed"], "failed: ")
    }),
    ("implement", "`summary`, `answer`", |seen| {
        let whole = ["what ü", "why", "- breaks", "rollback", "- unfinished", "author: answered"];
        whole.iter().all(|text| seen.request.contains(text))
            && seen.commits.iter().any(|title| title == "See all of it")
    }),
    ("log", "`log` at each level, `progress`", |seen| {
        // Debugging and information are for who asks for them.
        seen.told.matches("a line ü").count() >= 2
    }),
    ("model", "`complete`: every kind of part, tools, a system text", |seen| {
        let reply = &seen.first["complete"];
        let call = &reply["parts"][0]["tool_call"];
        (&call["name"], &call["arguments"]) == (&json!("look"), &json!(r#"{"a":"ü"}"#))
            && (&reply["stop"], &reply["model"]) == (&json!("tool-calls"), &json!("scripted"))
            && (&reply["usage"]["input_tokens"], &reply["usage"]["output_tokens"]) == (&json!(100), &json!(10))
    }),
    ("model", "`complete-all`, in the order of the requests", |seen| {
        seen.first["complete-all"] == json!([[{"text": "the second"}], [{"text": "the third"}]])
    }),
    ("model", "both, with a tier that nobody granted", |seen| {
        is_error(&seen.first["complete denied"], "denied: ")
            && is_error(&seen.first["complete-all denied"][0], "denied: ")
    }),
    ("model", "`window`", |seen| seen.first["window"] == 200_000 && is_error(&seen.first["window denied"], "denied: ")),
    ("model", "`remaining`", |seen| {
        seen.first["remaining"]["tokens"].as_u64().is_some_and(|tokens| (90_000..100_000).contains(&tokens))
    }),
    ("exec", "`commands`", |seen| {
        let names = seen.first["commands"].as_array().into_iter().flatten().map(|command| &command["name"]);
        let mut names: Vec<_> = names.filter_map(Value::as_str).collect();
        names.sort_unstable();
        names == ["deploy", "test"]
    }),
    ("exec", "`granted`", |seen| seen.first["granted"] == json!(["test"])),
    ("exec", "`run`", |seen| {
        let run = &seen.first["run"];
        (&run["exit_code"], &run["output"], &run["output_size"]) == (&json!(0), &json!("1 passed\n"), &json!(9))
            && run["duration_ms"].is_u64()
    }),
    ("exec", "`run` with arguments, which nobody granted", |seen| {
        is_error(&seen.first["run with arguments"], "denied: ")
    }),
    ("exec", "`output`, from a byte on", |seen| seen.first["output"] == "passed\n"),
    ("changes", "`entries`, `kind`", |seen| {
        let changed = |path: &str, kind: &str| json!({"path": path, "kind": kind});
        let entries = seen.first["entries"].as_array().cloned().unwrap_or_default();
        entries.contains(&changed("length", "modified")) && entries.contains(&changed("src/ü/new.txt", "added"))
    }),
    ("changes", "`diff`", |seen| seen.first["diff"].as_str().is_some_and(|diff| diff.contains("-86399\n"))),
    ("changes", "`original`, from a byte on", |seen| {
        seen.first["original"] == "6399" && is_error(&seen.first["original invalid"], "invalid: ")
    }),
    ("changes", "`checkpoint`", |seen| seen.first["checkpoint"] == 40),
    ("ask", "`ask`, with nobody there", |seen| seen.first["ask"] == "no"),
    ("files", "written and removed, by names and with texts of any script", |seen| {
        let is_there = |file: &str| seen.files.iter().any(|line| line == file);
        is_there("src/ü/new.txt") && is_there("src/greeting.txt") && !is_there("src/large.txt")
    }),
];

fn is_error(value: &Value, begins: &str) -> bool {
    value.as_str().is_some_and(|told| told.starts_with(begins) && told.len() > begins.len())
}

/// A run of which the skill of a language is the author, and calls that end with each error.
fn seen(language: &'static str, file: &str, probe: &str) -> Seen {
    let world = World::with(&project());
    let own = Project::new(language, "implement");
    own.put(file, probe);
    own.put(
        "skill.toml",
        "[skill]\nname = \"own-implement\"\nversion = \"0.1.0\"\nkind = \"implement\"\n[capabilities]\nread = [\"**\"]\n\
         write = [\"**\"]\nexec = [\"test\"]\nmodel = [\"standard\"]\nask = true\n",
    );
    fs::write(world.repo().join("probe.wasm"), own.build()).unwrap();
    world.run(&["add", "./probe.wasm", "--grant-requested"]).failed(0, &[]);
    let config = CONFIG.replace("rounds = 1", "rounds = 2");
    let config = config.replace("[verify]", "[commands.deploy]\nrun = [\"sh\", \"-c\", \"true\"]\n[verify]");
    world.commit(&[
        ("skillhost.toml", &format!("{config}[budget]\ntokens = 100_000\n[skills]\nimplement = \"own-implement\"\n")),
        ("test.sh", "echo 1 passed"),
    ]);
    let script = Script::specified()
        .calls("implement", 1, "look", &json!({"a": "ü"}))
        .expecting(&["ünï 🦀", "a system", "Looks.", "because", "seen"])
        .says("implement", 1, "the second")
        .expecting(&["ünï 🦀"])
        .says("implement", 1, "the third")
        .reviews("change-review", 1, &[("major", "The greeting names nobody.")])
        .decides("change-review", 2, &[], &["F1"]);
    let ran = world.goal("Greet everybody ü", &script.text(), &["-v"]);
    // What an author leaves undone keeps the pull request a draft.
    assert_eq!(ran.code, Some(1), "{language}: {ran:#?}");
    let entry = entry(&ran);
    let branch = text(&entry["branch"]);
    let read = |file: &str| serde_json::from_str(&world.git(&["show", &format!("{branch}:{file}")])).unwrap();
    let files = world.git(&["-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", branch]);
    let errors = ["denied", "invalid", "exhausted", "cancelled", "too-large", "failed"];
    Seen {
        first: read("src/seen.json"),
        second: read("src/again.json"),
        request: pull_request(&entry),
        files: files.lines().map(str::to_owned).collect(),
        commits: world.git(&["log", "--format=%s", branch]).lines().map(str::to_owned).collect(),
        told: ran.stderr,
        errors: errors.map(|name| (name, ends_with(&world, name))).into(),
    }
}

/// A call whose brief asks for an error.
fn ends_with(world: &World, error: &str) -> Ran {
    let brief = json!({
        "run": "r1", "agent": "main", "goal": error, "base": "0".repeat(40), "conventions": [], "spec": null,
        "steps": [], "criteria": [], "findings": [], "answers": [], "gates": [],
    });
    world.run(&["call", "./probe.wasm", "--input", &brief.to_string()])
}

#[test]
fn every_language_reaches_all_of_the_contract() {
    let all = each(LANGUAGES, |(_, language, file, probe)| seen(language, file, probe));
    let mut table = format!("| interface | what | {} |\n", LANGUAGES.map(|(name, ..)| name).join(" | "));
    writeln!(table, "|---|---|{}", "---|".repeat(LANGUAGES.len())).unwrap();
    let mut fails = String::new();
    for (interface, what, holds) in ROWS {
        write!(table, "| `{interface}` | {what} |").unwrap();
        for (seen, (language, ..)) in all.iter().zip(LANGUAGES) {
            write!(table, " {} |", if holds(seen) { "yes" } else { "no" }).unwrap();
            if !holds(seen) {
                writeln!(fails, "{language}: {interface}, {what}").unwrap();
            }
        }
        table.push('\n');
    }
    if let Some(seen) = all.iter().find(|seen| ROWS.iter().any(|(.., holds)| !holds(seen))) {
        writeln!(fails, "{:#}\n{:#}\n{}", seen.first, seen.second, seen.request).unwrap();
    }
    let document = fs::read_to_string(root().join("docs/authors/README.md")).unwrap();
    assert!(fails.is_empty() && document.contains(&table), "{fails}\ndocs/authors/README.md has to hold\n{table}");
}
