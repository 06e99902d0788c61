//! `skillhost keys`: keys to sign skills with.

use crate::ambient;
use crate::args::{Global, Keys, NewKey};
use crate::failure::{Exit, Failure};
use crate::installing::signing;
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_core::signer::Signer;
use skillhost_registry::signature::SigningKey;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    file: String,
    signer: Signer,
}

pub(crate) fn run(arguments: &Keys, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    match arguments {
        Keys::New(new) => make(new, global, printer),
    }
}

fn make(arguments: &NewKey, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let path = place(arguments, global)?;
    let failed = |e: &(dyn std::error::Error + 'static)| {
        Failure::new(Exit::Configuration, format!("the key {} can't be written", path.display())).because_of_all(e)
    };
    let seed = ambient::random().map_err(|e| failed(&e))?;
    let key = SigningKey::from_seed(&seed);
    let pem = key.to_pem().map_err(|e| failed(&e))?;
    ambient::write_new_private(&path, pem.as_bytes()).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Failure::new(Exit::Configuration, format!("{} exists already, and no key is overwritten", path.display()))
                .hint("name another: skillhost keys new NAME")
        }
        _ => failed(&e),
    })?;
    let signer = key.signer();
    if printer.is_json() {
        let file = ambient::absolute(&path).unwrap_or(path).display().to_string();
        printer.json(&Document { schema: "skillhost.key/1", file, signer });
        return Ok(Exit::Done);
    }
    printer.note(format!("Wrote {}; keep it secret, and a copy of it somewhere safe", path.display()));
    printer.data(&signer);
    printer.note(format!("Next: skillhost sign FILE{}", flag(arguments)));
    Ok(Exit::Done)
}

fn place(arguments: &NewKey, global: &Global) -> Result<PathBuf, Failure> {
    let name = signing::key_name(&arguments.name)?;
    if let Some(out) = &arguments.out {
        return Ok(out.clone());
    }
    let path = signing::key_file(&name, global)?;
    path.parent().map_or(Ok(()), ambient::make_private_folder).map_err(|e| {
        Failure::new(Exit::Configuration, "the folder for keys can't be made")
            .because(path.parent().unwrap_or(Path::new("")).display())
            .because_of_all(&e)
    })?;
    Ok(path)
}

/// How `sign` is told of the key.
fn flag(arguments: &NewKey) -> String {
    match &arguments.out {
        Some(out) if out.components().count() == 1 => format!(" --key ./{}", out.display()),
        Some(out) => format!(" --key {}", out.display()),
        None if arguments.name == "default" => String::new(),
        None => format!(" --key {}", arguments.name),
    }
}
