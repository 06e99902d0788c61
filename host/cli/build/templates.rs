//! What `skillhost new` writes, gathered from `wit/`, from the SDKs, and from the `template/` folder of each language.

mod rust;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What of this repository goes into every project, each with its place there: the contract, and the terms of the SDK.
const ALWAYS: [(&str, &str); 3] =
    [("wit", "wit"), ("LICENSE-APACHE", "sdk/LICENSE-APACHE"), ("LICENSE-MIT", "sdk/LICENSE-MIT")];

/// An SDK, and what goes into a project for it besides, folders and files.
const SDKS: [(&str, &[(&str, &str)]); 5] = [
    (
        "rust",
        &[
            ("sdk/rust/README.md", "sdk/rust/README.md"),
            ("sdk/rust/src", "sdk/rust/src"),
            ("host/suite/src", "sdk/suite/src"),
        ],
    ),
    (
        "javascript",
        &[
            ("sdk/javascript/README.md", "sdk/README.md"),
            ("sdk/javascript/bin", "sdk/bin"),
            ("sdk/javascript/package.json", "sdk/package.json"),
            ("sdk/javascript/src", "sdk/src"),
            ("sdk/javascript/wit", "sdk/wit"),
        ],
    ),
    (
        "python",
        &[
            ("sdk/python/README.md", "sdk/README.md"),
            ("sdk/python/build.py", "sdk/build.py"),
            ("sdk/python/skillhost_sdk", "sdk/skillhost_sdk"),
        ],
    ),
    (
        "c",
        &[
            ("sdk/c/README.md", "sdk/README.md"),
            ("sdk/c/generated", "sdk/generated"),
            ("sdk/c/include", "sdk/include"),
            ("sdk/c/skill.mk", "sdk/skill.mk"),
            ("sdk/c/src", "sdk/src"),
            ("sdk/c/third_party", "sdk/third_party"),
        ],
    ),
    (
        "go",
        &[
            ("sdk/go/README.md", "sdk/README.md"),
            ("sdk/go/agent", "sdk/agent"),
            ("sdk/go/brief.go", "sdk/brief.go"),
            ("sdk/go/cmd", "sdk/cmd"),
            ("sdk/go/diff.go", "sdk/diff.go"),
            ("sdk/go/errors.go", "sdk/errors.go"),
            ("sdk/go/files.go", "sdk/files.go"),
            ("sdk/go/generated", "sdk/generated"),
            ("sdk/go/glob.go", "sdk/glob.go"),
            ("sdk/go/go.mod", "sdk/go.mod"),
            ("sdk/go/host.go", "sdk/host.go"),
            ("sdk/go/implement", "sdk/implement"),
            ("sdk/go/internal", "sdk/internal"),
            ("sdk/go/mock", "sdk/mock"),
            ("sdk/go/model.go", "sdk/model.go"),
            ("sdk/go/review", "sdk/review"),
            ("sdk/go/schema", "sdk/schema"),
            ("sdk/go/skill.go", "sdk/skill.go"),
            ("sdk/go/skill.mk", "sdk/skill.mk"),
            ("sdk/go/spec", "sdk/spec"),
            ("sdk/go/text.go", "sdk/text.go"),
            ("sdk/go/tool", "sdk/tool"),
            ("sdk/go/types.go", "sdk/types.go"),
            ("sdk/go/verify", "sdk/verify"),
            ("sdk/go/wit", "sdk/wit"),
        ],
    ),
];

/// The languages; each has its templates in `sdk/LANGUAGE/template/`.
const LANGUAGES: [&str; 7] = ["rust", "javascript", "typescript", "python", "c", "cpp", "go"];

/// The cases of a template.
const CASES: &str = "tests/cases.toml";

/// What tool chains leave among sources.
const LEFT_BEHIND: [&str; 4] = ["__pycache__", "build", "node_modules", ".venv"];

/// A file of a project: its path there, and its text.
type File = (String, String);

/// Writes `templates.rs` for the program to include: what every project with an SDK has, and the templates of each language.
pub(crate) fn write(root: &Path) -> Result<(), Box<dyn Error>> {
    let mut code = String::new();
    for (sdk, sources) in SDKS {
        let mut files = Vec::new();
        for (from, to) in ALWAYS.iter().chain(sources) {
            gather(root, from, to, &mut files)?;
        }
        if sdk == "rust" {
            files.extend(rust::manifests(root)?);
        }
        define(&mut code, sdk, "SDK", &files)?;
    }
    for language in LANGUAGES {
        let mut files = Vec::new();
        gather(root, &format!("sdk/{language}/template"), "", &mut files)?;
        gather_cases(root, language, &mut files)?;
        define(&mut code, language, "TEMPLATE", &files)?;
    }
    let out = std::env::var_os("OUT_DIR").ok_or("cargo names no folder for it")?;
    Ok(std::fs::write(PathBuf::from(out).join("templates.rs"), code)?)
}

fn define(code: &mut String, of: &str, what: &str, files: &[File]) -> std::fmt::Result {
    writeln!(code, "static {}_{what}: &[(&str, &str)] = &{files:?};", of.to_uppercase())
}

/// Cases know no language, so there is one text where templates do the same: TypeScript's do what JavaScript's do, and those
/// of a kind that are the same in several languages have theirs in `sdk/template/`.
fn gather_cases(root: &Path, language: &str, into: &mut Vec<File>) -> Result<(), Box<dyn Error>> {
    let kinds: Vec<String> =
        into.iter().filter_map(|(path, _)| Some(path.strip_suffix("/skill.toml")?.to_owned())).collect();
    for kind in kinds {
        let to = format!("{kind}/{CASES}");
        if into.iter().any(|(path, _)| *path == to) {
            continue;
        }
        let same = format!("sdk/javascript/template/{to}");
        let from =
            if language == "typescript" && root.join(&same).is_file() { same } else { format!("sdk/template/{to}") };
        gather(root, &from, &to, into)?;
    }
    Ok(())
}

/// A file; of a folder all files, and those of the folders in it, in the order of their names.
fn gather(root: &Path, from: &str, to: &str, into: &mut Vec<File>) -> Result<(), Box<dyn Error>> {
    let path = root.join(from);
    println!("cargo::rerun-if-changed={}", path.display());
    if path.is_file() {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{from}: {e}"))?;
        into.push((to.to_owned(), text));
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().into_string().map_err(|name| format!("{} is not UTF-8", name.display()))?;
        if !LEFT_BEHIND.contains(&name.as_str()) {
            let to = if to.is_empty() { name.clone() } else { format!("{to}/{name}") };
            gather(root, &format!("{from}/{name}"), &to, into)?;
        }
    }
    Ok(())
}
