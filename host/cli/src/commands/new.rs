//! `skillhost new NAME`: a skill's project, which builds outside of this repository.

use crate::ambient;
use crate::args::New;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_core::kind::Kind;
use std::path::Path;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    folder: String,
    name: &'a str,
    language: &'static str,
    kind: &'static str,
    files: Vec<&'static str>,
}

pub(crate) fn run(arguments: &New, printer: Printer) -> Result<Exit, Failure> {
    let New { name, lang, kind } = arguments;
    let kind = Kind::from(*kind);
    let files = lang.project(name, kind);
    let folder = Path::new(name.as_str());
    match ambient::is_empty_folder(folder) {
        Ok(true) => {}
        Ok(false) => {
            return Err(Failure::new(Exit::Usage, format!("{name} is there already, so nothing was written"))
                .hint("take another name, or another folder with -C"));
        }
        Err(e) => return Err(Failure::new(Exit::Usage, format!("{name} can't be looked into")).because_of_all(&e)),
    }
    ambient::write_folder(folder, files.iter().map(|(path, text)| (*path, text.as_bytes())))
        .map_err(|e| Failure::new(Exit::Configuration, format!("{name} can't be written")).because_of_all(&e))?;
    let shown = ambient::absolute(folder).unwrap_or_else(|_| folder.to_owned()).display().to_string();
    if printer.is_json() {
        printer.json(&Document {
            schema: "skillhost.new/1",
            folder: shown,
            name: name.as_str(),
            language: lang.as_str(),
            kind: kind.as_str(),
            files: files.into_keys().collect(),
        });
        return Ok(Exit::Done);
    }
    printer.data(shown);
    printer.note(format!("Next: cd {name} && skillhost test"));
    Ok(Exit::Done)
}
