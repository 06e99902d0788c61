//! `skillhost sign FILE`: a signature beside a component.

use crate::ambient;
use crate::args::{Global, Sign};
use crate::failure::{Exit, Failure};
use crate::installing::signing;
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_core::signer::Signer;
use skillhost_registry::MAX_COMPONENT_BYTES;
use skillhost_registry::signature;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    file: String,
    signature_file: String,
    digest: String,
    size_bytes: u64,
    signer: Signer,
}

pub(crate) fn run(arguments: &Sign, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let file = &arguments.file;
    let component = ambient::read_regular(file, MAX_COMPONENT_BYTES)
        .map_err(|e| Failure::new(Exit::Usage, format!("{} can't be read", file.display())).because_of_all(&e))?;
    let key = signing::find_key(arguments.key.as_deref(), global, printer)?;
    let signed = signature::sign(&component, &key);
    let place = beside(file);
    ambient::replace(&place, signed.to_text().as_bytes()).map_err(|e| {
        Failure::new(Exit::Configuration, format!("{} can't be written", place.display())).because_of_all(&e)
    })?;
    if printer.is_json() {
        printer.json(&Document {
            schema: "skillhost.sign/1",
            file: shown(file),
            signature_file: shown(&place),
            digest: signed.digest.to_string(),
            size_bytes: signed.size,
            signer: signed.signer,
        });
        return Ok(Exit::Done);
    }
    printer.data(&signed.signer);
    printer.note(format!("Wrote {}, over {}", place.display(), signed.digest));
    Ok(Exit::Done)
}

/// `FILE.sig`, whatever the file is called.
fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".sig");
    PathBuf::from(name)
}

fn shown(path: &Path) -> String {
    ambient::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
