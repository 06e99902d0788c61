//! `skillhost push FILE REF`: publishes a skill to a registry, with the signatures that stand beside its file.

use crate::args::{Global, Push};
use crate::calling::policies::Policies;
use crate::failure::{Exit, Failure};
use crate::installing::fetch::{exit_of, waits};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::{ambient, block_on, runtime};
use serde_json::json;
use skillhost_core::reference::{OciReference, Reference};
use skillhost_registry::source::{Fault, NamedBy, Publication, Pushed, Sources, fetch, push};
use std::collections::BTreeMap;
use std::error::Error;

/// The keys that a skill's manifest says.
const OWN_KEYS: [&str; 3] = ["title", "version", "description"];
const PREFIX: &str = "org.opencontainers.image.";

pub(crate) fn run(arguments: &Push, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let reference = registry(&arguments.reference)?;
    let annotations = annotations(&arguments.annotations)?;
    let policies = Policies::read(global.policy.as_deref())?;
    let file = arguments.file.to_str().ok_or_else(|| Failure::new(Exit::Usage, "FILE is no text that can be shown"))?;
    let folder = ambient::current_folder().map_err(|e| Failure::of(Exit::Usage, &e))?;
    let sources = Sources::new(folder, policies.rules()).with_waits(waits()?);
    let progress = Progress::new(printer);
    let pushed = block_on(runtime()?, async {
        let read = fetch(&Reference::File(file.to_owned()), NamedBy::User, &sources).await;
        let found = read.map_err(|e| match &e.fault {
            Fault::File(cause) => Failure::new(Exit::Usage, format!("{file} can't be read")).because(cause),
            fault => failure(&e, fault),
        })?;
        let publication = Publication {
            component: &found.component,
            attached: &found.attached,
            annotations,
            may_replace: arguments.force,
        };
        let what = format!("pushing {} kB to {}", found.component.len().div_ceil(1000), reference.registry_name());
        let pushing = progress.waiting(&what, push(publication, &reference, &sources));
        pushing.await.map_err(|e| failure(&e, &e.fault))
    })??;
    tell(&pushed, &reference, printer);
    Ok(Exit::Done)
}

fn registry(text: &str) -> Result<OciReference, Failure> {
    match text.parse::<Reference>() {
        Ok(Reference::Oci(reference)) => Ok(reference),
        Ok(other) => {
            Err(Failure::new(Exit::Usage, format!("{other} is no place in a registry"))
                .hint("write oci://HOST/NAME:TAG"))
        }
        Err(e) => Err(Failure::of(Exit::Usage, &e)),
    }
}

fn annotations(given: &[String]) -> Result<BTreeMap<String, String>, Failure> {
    let read = |text: &String| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let is_own = key.strip_prefix(PREFIX).is_some_and(|rest| OWN_KEYS.contains(&rest));
        let is_key = !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
        if value.is_empty() || !is_key || is_own {
            let error = Failure::new(Exit::Usage, format!("--annotation {text}: that is no annotation"));
            return Err(error.hint(if is_own {
                "title, version and description are the manifest's"
            } else {
                "write KEY=VALUE, as in org.opencontainers.image.source=https://…"
            }));
        }
        Ok((key.to_owned(), value.to_owned()))
    };
    given.iter().map(read).collect()
}

fn tell(pushed: &Pushed, reference: &OciReference, printer: Printer) {
    let pinned = reference.pinned(pushed.manifest);
    if printer.is_json() {
        printer.json(&json!({
            "schema": "skillhost.push/1",
            "reference": reference.to_string(),
            "pinned": pinned.to_string(),
            "manifest": pushed.manifest.to_string(),
            "digest": pushed.component.to_string(),
            "signatures": pushed.signatures,
            "was_there": pushed.was_there,
        }));
        return;
    }
    let what = if pushed.was_there { "it was there already" } else { "pushed" };
    let signatures = match pushed.signatures {
        0 => "unsigned".to_owned(),
        1 => "with 1 signature".to_owned(),
        count => format!("with {count} signatures"),
    };
    printer.note(format!("{what}, {signatures}; to install it: skillhost add {reference}"));
    printer.data(pinned);
}

fn failure(error: &(dyn Error + 'static), fault: &Fault) -> Failure {
    Failure::of(exit_of(fault.class()), error).maybe_hint(fault.hint())
}
