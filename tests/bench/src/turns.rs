//! The agent loop: what a turn costs beside the model, how much of what is sent was sent before, and how large it gets.
//!
//! Whole runs of the program over scripted models, which differ in the author's turns alone: what the longer one takes more is
//! what those turns take, with the skill, the host's ports, the log and the recording in them, and no model to wait for.

use crate::figures::Figures;
use crate::rounds::{alternate, time};
use crate::simulation;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const ROUNDS: usize = 5;
const TURNS: u32 = 100;
/// What the author needs to finish, and a little more.
const FEW_TURNS: u32 = 10;
const FILES: u32 = 40;

const CONFIG: &str = r#"base = "main"
rounds = 1
[grants.implement]
write = ["**"]
exec = ["test"]
[commands.test]
run = ["sh", "test.sh"]
[verify]
commands = ["test"]
[spec]
sections = ["Problem"]
"#;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let place = Place::new()?;
    let turns = if crate::is_smoke() { 2 * FEW_TURNS } else { TURNS };
    let (long, short) = (place.script("long", turns)?, place.script("short", FEW_TURNS)?);
    let [long_time, short_time] =
        alternate(ROUNDS, [&mut || time(|| place.run(&long, &[])), &mut || time(|| place.run(&short, &[]))])?;
    let overhead = long_time.saturating_sub(short_time) / (turns - FEW_TURNS);
    figures.time("loop.turn_overhead_ms", overhead, Some(5.0));
    figures.of("loop.turn_overhead_ms", "loop.run_100_turns_ms", "loop.run_10_turns_ms");
    figures.time("loop.run_100_turns_ms", long_time, None);
    figures.time("loop.run_10_turns_ms", short_time, None);

    let recording = place.folder.path().join("recorded.jsonl");
    place.run(&long, &["--record", &recording.display().to_string()])?;
    let requests = requests(&recording)?;
    ensure!(requests.len() == turns as usize, "{} turns of the author were recorded", requests.len());
    figures.at_least("loop.prefix_stable_ratio", stable_ratio(&requests), 0.9);
    figures.number("loop.context_peak_tokens", simulation::peak_tokens()? as f64, Some(64_000.0));
    Ok(())
}

/// A repository and a home, in which runs leave their state.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        let place = Self { folder: tempfile::tempdir_in(crate::work_folder())? };
        let repository = place.folder.path().join("repository");
        std::fs::create_dir_all(repository.join("src"))?;
        for number in 0..FILES {
            let lines = (0..150).map(|line| format!("fn line_{line}_of_file_{number}() -> u32 {{ {line} }}\n"));
            std::fs::write(repository.join(format!("src/m{number}.rs")), lines.collect::<String>())?;
        }
        std::fs::write(repository.join("skillhost.toml"), CONFIG)?;
        std::fs::write(repository.join("test.sh"), "echo '1 passed'\n")?;
        for arguments in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "base"]] {
            let mut git = Command::new("git");
            git.current_dir(&repository).args(["-c", "user.name=Bench", "-c", "user.email=bench@localhost"]);
            git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
            ensure!(git.args(arguments).status().context("git")?.success(), "git {arguments:?}");
        }
        Ok(place)
    }

    /// Writes what the models say where the author takes so many turns; gives the model's name.
    fn script(&self, name: &str, turns: u32) -> Result<String> {
        let file = self.folder.path().join(format!("{name}.jsonl"));
        std::fs::write(&file, script(turns))?;
        Ok(format!("replay:{}", file.display()))
    }

    fn run(&self, model: &str, more: &[&str]) -> Result<()> {
        let program = crate::target().join(if crate::is_smoke() { "debug/skillhost" } else { "release/skillhost" });
        let mut command = Command::new(&program);
        command.current_dir(self.folder.path().join("repository")).env_clear().env("HOME", self.folder.path());
        command.env("PATH", "/usr/bin:/bin").arg("--state-dir").arg(self.folder.path().join("state"));
        let output = command.args(["run", "Add notes", "--model", model]).args(more).output();
        let output = output.with_context(|| program.display().to_string())?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

/// A recording by hand: one draft, reviews that find nothing, and an author who looks, writes, tests and finishes.
fn script(turns: u32) -> String {
    let plan = json!({
        "steps": [{
            "id": "1", "title": "Write notes", "instructions": "Write them.", "files": ["src/**"], "after": [],
            "criteria": ["C1"],
        }],
        "criteria": [{"id": "C1", "statement": "Tests pass", "command": "test"}], "assumptions": [], "answers": [],
    });
    let text = |text: &str| ("end", json!({ "text": text }));
    let call = |id: u32, name: &str, arguments: Value| {
        ("tool-calls", json!({"tool_call": {"id": format!("c{id}"), "name": name, "arguments": arguments}}))
    };
    // One for each group of lenses.
    let reports = |phase| {
        let report = call(0, "report", json!({"findings": [], "verdicts": [], "lenses_checked": ["tests"]}));
        vec![(phase, report); 3]
    };
    let finish = |id| {
        let summary = json!({
            "status": "done", "title": "Add notes", "what": "Notes.", "why": "None were there.", "breaking": [],
            "rollback": "Revert.", "criteria": [{"id": "C1", "evidence": "test"}], "answers": [],
        });
        call(id, "finish", summary)
    };
    let mut replies = vec![
        ("spec", text("# Notes\n\n## Problem\n\nThere are no notes. Some files with notes are added.\n")),
        ("spec", text(&plan.to_string())),
    ];
    replies.extend(reports("spec-review"));
    for turn in 1..=turns - 3 {
        let work = match turn % 5 {
            0 => call(turn, "write", json!({"path": format!("src/note{turn}.txt"), "text": "A note.\n".repeat(40)})),
            1 => call(
                turn,
                "search",
                json!({"regex": format!(r"line_\d+_of_file_{turn}\b"), "glob": null, "path": null, "context": 1}),
            ),
            _ => call(turn, "read", json!({"path": format!("src/m{}.rs", turn % FILES), "from": null, "lines": null})),
        };
        replies.push(("implement", work));
    }
    let test = call(turns, "run", json!({"name": "test", "arguments": []}));
    replies.extend([test, finish(turns + 1), finish(turns + 2)].map(|reply| ("implement", reply)));
    replies.extend(reports("change-review"));

    let mut lines = vec![json!({"schema": "skillhost.recording/1", "authored": true}).to_string()];
    let mut phase = ("", 0);
    for (name, (stop, part)) in replies {
        phase = (name, if name == phase.0 { phase.1 + 1 } else { 1 });
        // It doesn't count, so that the skill does.
        let usage = json!({"input_tokens": 0, "output_tokens": 50});
        let reply = json!({"parts": [part], "stop": stop, "model": "scripted", "usage": usage});
        lines.push(json!({"agent": "main", "phase": name, "round": 1, "turn": phase.1, "reply": reply}).to_string());
    }
    lines.join("\n") + "\n"
}

/// What was sent to the author's model, turn by turn, in the order in which a provider reads it.
fn requests(recording: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(recording)?;
    let lines = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    let sent = lines.iter().filter(|line| line["phase"] == "implement").map(|line| &line["request"]);
    Ok(sent.map(|request| format!("{}{}{}", request["tools"], request["system"], request["messages"])).collect())
}

/// The share of all bytes that begin as the turn before began.
fn stable_ratio(requests: &[String]) -> f64 {
    let stable =
        |pair: &[String]| pair[1].bytes().zip(pair[0].bytes()).take_while(|(now, before)| now == before).count();
    let sent: usize = requests.iter().skip(1).map(String::len).sum();
    requests.windows(2).map(stable).sum::<usize>() as f64 / sent as f64
}
