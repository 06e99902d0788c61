//! `skillhost inspect FILE_OR_REF`: what a skill is and asks for. Nothing of it is compiled or run.

use crate::args::{Global, Inspect};
use crate::calling::policies::Policies;
use crate::calling::skills::{self, Named};
use crate::failure::{Exit, Failure};
use crate::installing::fetch::Fetcher;
use crate::installing::{asks, signers};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::{block_on, runtime};
use serde::Serialize;
use skillhost_core::capability::Capabilities;
use skillhost_core::digest::Digested;
use skillhost_core::limits::Limits;
use skillhost_core::manifest::{Manifest, Tool};
use skillhost_core::reference::Reference;
use skillhost_core::text::escape_terminal;
use skillhost_engine::inspect::{Inspection, inspect};
use skillhost_registry::signature::{self, Refused, SignatureError};
use std::path::Path;

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
    /// Whose signatures over these bytes hold, unless something is attached and nothing of it does.
    signature: Option<String>,
    signers: Vec<String>,
    /// What is attached and doesn't hold.
    refused: Vec<String>,
    capabilities: &'a Capabilities,
    limits: Asked,
    tools: &'a [Tool],
    /// The version of `skillhost:skill` that it was written for.
    contract: String,
    imports: &'a [String],
    exports: &'a [String],
}

#[derive(Serialize)]
struct Asked {
    memory: String,
    cpu: String,
    time: String,
}

/// Whose signatures hold.
struct Signed {
    signers: Vec<String>,
    refused: Vec<String>,
}

pub(crate) fn run(arguments: &Inspect, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let (named, signed) = find(&arguments.reference, global, printer)?;
    let found = inspect(named.component.bytes()).map_err(|e| skills::load_failure(&arguments.reference, &e))?;
    skills::warn_of_kinds(&found, printer);
    if printer.is_json() {
        printer.json(&document(&named.reference.to_string(), &found, signed));
    } else {
        let origin = origin(&signed, named.reference.is_builtin());
        describe(&found, &origin).iter().for_each(|line| printer.data(line));
    }
    Ok(Exit::Done)
}

/// Fetches it, and judges its signatures before anything of it is parsed. What doesn't hold is told, since to look is
/// what somebody wants who doubts.
fn find(text: &str, global: &Global, printer: Printer) -> Result<(Named, Signed), Failure> {
    let nobody = Signed { signers: Vec::new(), refused: Vec::new() };
    let reference: Reference = match text.parse() {
        Ok(Reference::Builtin(name)) => return Ok((skills::find_builtin(name)?, nobody)),
        Ok(reference) => reference,
        Err(_) => return Ok((skills::find(text)?, nobody)),
    };
    if let Reference::File(_) = &reference {
        // Says best why a path that was typed can't be read.
        skills::find(text)?;
    }
    let policies = Policies::read(global.policy.as_deref())?;
    let progress = Progress::new(printer);
    let fetcher = Fetcher { policies: &policies, is_offline: false, progress: &progress };
    let fetched = block_on(runtime()?, fetcher.typed(&reference, Path::new(".")))??;
    let told = |all: &[Refused]| all.iter().map(ToString::to_string).collect();
    let signed = match signature::verify(&fetched.component, &fetched.attached, &signers::trust(&policies)?) {
        Ok(verified) => Signed {
            signers: verified.signers().iter().map(ToString::to_string).collect(),
            refused: told(verified.refused()),
        },
        Err(SignatureError::NoneHolds(refused)) => Signed { signers: Vec::new(), refused: told(&refused) },
        Err(error) => return Err(Failure::of(Exit::Integrity, &error)),
    };
    Ok((Named { reference, component: Digested::new(fetched.component).map() }, signed))
}

fn document<'a>(reference: &'a str, found: &'a Inspection, signed: Signed) -> Document<'a> {
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
        signature: signed.signers.first().cloned(),
        signers: signed.signers,
        refused: signed.refused,
        capabilities,
        limits: Asked { memory: limits.memory.to_string(), cpu: limits.cpu.to_string(), time: limits.time.to_string() },
        tools,
        contract: found.contract.to_string(),
        imports: &found.imports,
        exports: &found.exports,
    }
}

/// Whose it is.
fn origin(signed: &Signed, is_builtin: bool) -> Vec<String> {
    let mut lines: Vec<String> = signed.signers.iter().map(|signer| format!("signed by {signer}")).collect();
    lines.extend(signed.refused.iter().map(|refused| format!("not a signature of it: {refused}")));
    if signed.signers.is_empty() {
        lines.push(if is_builtin { "comes with skillhost" } else { "unsigned" }.to_owned());
    }
    lines
}

/// What a skill is and asks for, with where it is from beneath its name.
pub(crate) fn describe(found: &Inspection, origin: &[String]) -> Vec<String> {
    let Manifest { skill, capabilities, tools, .. } = &found.manifest;
    let limits = Limits::resolve(&found.manifest.limits, &[]);
    let size = found.size_bytes.div_ceil(1024);
    let mut lines = vec![format!("{} {} · {} · {size} KB · {}", skill.name, skill.version, skill.kind, found.digest)];
    lines.extend_from_slice(origin);
    if !skill.description.is_empty() {
        lines.push(escape_terminal(&skill.description, 200).to_string());
    }
    lines.push(String::new());
    let asked = asks::lines(capabilities);
    lines.push(if asked.is_empty() { "It asks for nothing: it can only compute." } else { "It asks for:" }.to_owned());
    lines.extend(asked);
    lines.extend(asks::together(capabilities));
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
    lines.push(String::new());
    lines.push(format!("Written for skillhost:skill {}", escape_terminal(&found.contract.to_string(), 60)));
    for (title, names) in [("Exports:", &found.exports), ("Imports:", &found.imports)] {
        lines.push(String::new());
        lines.push(title.to_owned());
        lines.extend(names.iter().map(|name| format!("  {}", escape_terminal(name, 120))));
    }
    lines
}
