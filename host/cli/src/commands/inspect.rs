//! `skillhost inspect FILE_OR_REF`: what a skill is and asks for. Nothing of it is compiled or run.

use crate::args::Inspect;
use crate::failure::{Exit, Failure};
use crate::printer::Printer;
use crate::skills;
use serde::Serialize;
use skillhost_core::capability::Capabilities;
use skillhost_core::limits::Limits;
use skillhost_core::manifest::{Manifest, Tool};
use skillhost_core::text::escape_terminal;
use skillhost_engine::inspect::{Inspection, inspect};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    reference: &'a str,
    name: &'a str,
    version: &'a str,
    kind: &'static str,
    description: &'a str,
    digest: String,
    size_bytes: usize,
    /// Signatures come with installing from elsewhere.
    signature: Option<String>,
    capabilities: &'a Capabilities,
    limits: Asked,
    tools: &'a [Tool],
    imports: &'a [String],
    exports: &'a [String],
}

#[derive(Serialize)]
struct Asked {
    memory: String,
    cpu: String,
    time: String,
}

pub(crate) fn run(arguments: &Inspect, printer: Printer) -> Result<Exit, Failure> {
    let named = skills::find(&arguments.reference)?;
    let found = inspect(&named.component).map_err(|e| skills::load_failure(&arguments.reference, &e))?;
    if printer.is_json() {
        printer.json(&document(&named.reference, &found));
    } else {
        for line in describe(&found) {
            printer.data(line);
        }
    }
    Ok(Exit::Done)
}

fn document<'a>(reference: &'a str, found: &'a Inspection) -> Document<'a> {
    let Manifest { skill, capabilities, tools, .. } = &found.manifest;
    let limits = Limits::resolve(&found.manifest.limits, &[]);
    Document {
        schema: "skillhost.inspect/1",
        reference,
        name: skill.name.as_str(),
        version: skill.version.as_str(),
        kind: skill.kind.as_str(),
        description: &skill.description,
        digest: found.digest.to_string(),
        size_bytes: found.size_bytes,
        signature: None,
        capabilities,
        limits: Asked { memory: limits.memory.to_string(), cpu: limits.cpu.to_string(), time: limits.time.to_string() },
        tools,
        imports: &found.imports,
        exports: &found.exports,
    }
}

fn describe(found: &Inspection) -> Vec<String> {
    let Manifest { skill, capabilities, tools, .. } = &found.manifest;
    let limits = Limits::resolve(&found.manifest.limits, &[]);
    let size = found.size_bytes.div_ceil(1024);
    let mut lines = vec![format!("{} {} · {} · {size} KB · {}", skill.name, skill.version, skill.kind, found.digest)];
    lines.push("unsigned".to_owned());
    if !skill.description.is_empty() {
        lines.push(escape_terminal(&skill.description, 200).to_string());
    }
    lines.push(String::new());
    lines.extend(requests(capabilities));
    lines.push(format!(
        "Limits of one call: {} memory, {} computing, {} in all",
        limits.memory, limits.cpu, limits.time
    ));
    if !tools.is_empty() {
        lines.push(String::new());
        lines.push("Tools:".to_owned());
        for tool in tools {
            let nature = if tool.read_only { " (changes nothing)" } else { "" };
            lines.push(format!("  {}  {}{nature}", tool.name, escape_terminal(&tool.description, 120)));
        }
    }
    for (title, names) in [("Exports:", &found.exports), ("Imports:", &found.imports)] {
        lines.push(String::new());
        lines.push(title.to_owned());
        lines.extend(names.iter().map(|name| format!("  {}", escape_terminal(name, 120))));
    }
    lines
}

/// What it asks for in plain words, most dangerous first. `!` marks what can change or send something.
pub(crate) fn requests(asked: &Capabilities) -> Vec<String> {
    let join = |items: Vec<String>| items.join(", ");
    let globs = |globs: &skillhost_core::glob::Globs| escape_terminal(&globs.to_string(), 200).to_string();
    let mut lines = Vec::new();
    let mut line = |mark: &str, what: &str, of: String| lines.push(format!("  {mark} {what:<14} {of}"));
    if asked.protected {
        line("!", "change rules", "paths under [protect]: CI files, AGENTS.md".to_owned());
    }
    if !asked.write.is_empty() {
        line("!", "change files", format!("{} in agents' worktrees", globs(&asked.write)));
    }
    if !asked.http.is_empty() {
        let urls = asked.http.patterns().iter().map(|url| escape_terminal(&url.to_string(), 100).to_string());
        line("!", "send to", join(urls.collect()));
    }
    if !asked.secrets.is_empty() {
        let names = asked.secrets.iter().map(ToString::to_string).collect();
        line("!", "use secrets", format!("{}, sent only where your config.toml lets them go", join(names)));
    }
    if asked.exec_arguments {
        line("!", "add arguments", "to your declared commands".to_owned());
    }
    if !asked.exec.is_empty() {
        line(
            " ",
            "run",
            format!("{}, as your project declares", join(asked.exec.iter().map(ToString::to_string).collect())),
        );
    }
    if !asked.model.is_empty() {
        line(
            " ",
            "call models",
            format!("{} (costs money)", join(asked.model.iter().map(ToString::to_string).collect())),
        );
    }
    if !asked.read.is_empty() {
        let what =
            if asked.read.patterns() == ["**"] { "everything in the worktree".to_owned() } else { globs(&asked.read) };
        line(" ", "read files", what);
    }
    if asked.ask {
        line(" ", "ask you", "questions".to_owned());
    }
    if lines.is_empty() {
        return vec!["It asks for nothing: it can only compute.".to_owned()];
    }
    lines.insert(0, "It asks for:".to_owned());
    let reads = !asked.read.is_empty() || !asked.secrets.is_empty();
    if reads && !asked.http.is_empty() {
        lines.push("Together, reading files and reaching hosts let it send your source there.".to_owned());
    }
    lines
}
