//! `skillhost doctor --models`: what the models that are configured can do, asked here and now.

use crate::args::Doctor;
use crate::calling::models;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use crate::{ambient, block_on, project, runtime};
use serde::Serialize;
use skillhost_core::text::escape_terminal;
use skillhost_models::{ModelRef, Models, Probed, Tuning};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// Each model once, in the order in which they are named.
    models: &'a [Tried],
}

#[derive(Serialize)]
struct Tried {
    /// What it is named for: roles, with their tiers.
    roles: Vec<String>,
    /// Whether skills can work with it.
    is_fit: bool,
    #[serde(flatten)]
    probed: Probed,
}

pub(super) fn run(arguments: &Doctor, printer: Printer) -> Result<Exit, Failure> {
    let here =
        ambient::current_folder().map_err(|e| Failure::new(Exit::Usage, "the current folder is gone").because(e))?;
    let project = project::around(&here, arguments.config.as_deref(), None)?.0.unwrap_or_default();
    let models = models::open(&project, &models::read_user()?, &arguments.named, Tuning::of_probe())?;
    let named = once(&models);
    if named.is_empty() {
        return Err(Failure::new(Exit::Configuration, "no model is configured here")
            .hint("name one: skillhost doctor --models --model PROVIDER:MODEL, or set [models] in skillhost.toml"));
    }
    let mut tried = Vec::new();
    block_on(runtime()?, async {
        for (model, roles) in &named {
            if !printer.is_json() {
                printer.note(format!("asking {}", escape_terminal(&model.to_string(), 300)));
            }
            let probed = models.probe(model).await;
            let tried_now = Tried { roles: roles.clone(), is_fit: probed.is_fit(), probed };
            if !printer.is_json() {
                tell(printer, &tried_now);
            }
            tried.push(tried_now);
        }
    })?;
    if printer.is_json() {
        printer.json(&Document { schema: "skillhost.doctor-models/1", models: &tried });
    }
    Ok(if tried.iter().all(|tried| tried.is_fit) { Exit::Done } else { Exit::Negative })
}

/// Each model once, with all that it is named for.
fn once(models: &Models) -> Vec<(ModelRef, Vec<String>)> {
    let mut once: Vec<(ModelRef, Vec<String>)> = Vec::new();
    for (role, model) in models.roles().named() {
        match once.iter_mut().find(|(known, _)| known == model) {
            Some((_, roles)) => roles.push(role),
            None => once.push((model.clone(), vec![role])),
        }
    }
    once
}

fn tell(printer: Printer, Tried { roles, probed, .. }: &Tried) {
    printer.data(format!("{} for {}", probed.model, roles.join(", ")));
    for finding in &probed.findings {
        let mark = match (finding.holds, finding.is_needed) {
            (true, _) => '✓',
            (false, true) => '✗',
            (false, false) => '•',
        };
        printer.data(format!("  {mark} {}: {}", finding.tried, finding.happened));
    }
    let mut facts = Vec::new();
    facts.extend(probed.first_ms.map(|ms| format!("first sign after {}.{:01} s", ms / 1_000, ms % 1_000 / 100)));
    facts.extend(probed.tokens_per_second.map(|count| format!("{count} tokens/s")));
    facts.extend(probed.window_tokens.map(|tokens| format!("window {tokens}")));
    if probed.tokens > 0 {
        facts.push(format!("asking used {} tokens, {}", probed.tokens, cost(probed.cost_micro_usd)));
    }
    if !facts.is_empty() {
        printer.data(format!("  {}", facts.join(" · ")));
    }
    if let Some(hint) = &probed.hint {
        printer.data(format!("  hint: {}", escape_terminal(hint, 400)));
    }
}

/// A probe costs less than a cent.
fn cost(micro_usd: Option<u64>) -> String {
    micro_usd.map_or_else(
        || "cost unknown".to_owned(),
        |micros| format!("{}.{:04} USD", micros / 1_000_000, micros % 1_000_000 / 100),
    )
}
