//! What `skillhost new` writes, gathered from `wit/`, from the SDK of each language, and from its `template/` folder.

mod rust;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A language: its folder in `sdk/`, what of this repository goes into a project, and where to, beside `wit/` and what is in
/// `sdk/LANGUAGE/template/`.
const LANGUAGES: [(&str, &[(&str, &str)]); 1] =
    [("rust", &[("sdk/rust/src", "sdk/rust/src"), ("host/suite/src", "sdk/suite/src")])];

/// A file of a project: its path there, and its text.
type File = (String, String);

/// Writes `templates.rs` for the program to include: for each language, what every project has and what is the template's.
pub(crate) fn write(root: &Path) -> Result<(), Box<dyn Error>> {
    let mut code = String::new();
    for (language, sources) in LANGUAGES {
        let mut fixed = Vec::new();
        for (from, to) in [("wit", "wit")].iter().chain(sources) {
            gather(root, from, to, &mut fixed)?;
        }
        if language == "rust" {
            fixed.extend(rust::manifests(root)?);
        }
        let mut template = Vec::new();
        gather(root, &format!("sdk/{language}/template"), "", &mut template)?;
        for (what, files) in [("FIXED", fixed), ("TEMPLATE", template)] {
            writeln!(code, "static {}_{what}: &[(&str, &str)] = &{files:?};", language.to_uppercase())?;
        }
    }
    let out = std::env::var_os("OUT_DIR").ok_or("cargo names no folder for it")?;
    Ok(std::fs::write(PathBuf::from(out).join("templates.rs"), code)?)
}

/// The files of a folder and of those in it, in the order of their names.
fn gather(root: &Path, from: &str, to: &str, into: &mut Vec<File>) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", root.join(from).display());
    let mut entries = std::fs::read_dir(root.join(from))?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?;
        let (from, to) = (format!("{from}/{name}"), if to.is_empty() { name } else { format!("{to}/{name}") });
        if entry.file_type()?.is_dir() {
            gather(root, &from, &to, into)?;
        } else {
            let text = std::fs::read_to_string(entry.path()).map_err(|e| format!("{from}: {e}"))?;
            into.push((to, text));
        }
    }
    Ok(())
}
