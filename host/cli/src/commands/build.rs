//! `skillhost build`: from a skill's sources, or from what a tool chain left, to a file that can be signed and published.

use crate::ambient;
use crate::args::Build;
use crate::authoring::toolchains;
use crate::calling::skills;
use crate::commands::inspect::describe;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_component::{Debug, Made, MakeError, make};
use skillhost_core::capability::Capabilities;
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::manifest::Manifest;
use skillhost_engine::inspect::{Inspection, inspect};
use skillhost_registry::MAX_COMPONENT_BYTES;
use std::path::{Path, PathBuf};

/// A skill's manifest, in its folder.
pub(crate) const MANIFEST: &str = "skill.toml";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    file: String,
    /// Whose tool chain ran; none where the component was named.
    tool_chain: Option<&'static str>,
    /// Whether it came as a core module.
    was_module: bool,
    name: &'a str,
    version: &'a str,
    kind: &'static str,
    digest: String,
    size_bytes: usize,
    capabilities: &'a Capabilities,
    imports: &'a [String],
    exports: &'a [String],
}

/// A skill that was built, and where it is.
pub(crate) struct Built {
    pub(crate) file: PathBuf,
    tool_chain: Option<&'static str>,
    was_module: bool,
    pub(crate) found: Inspection,
}

pub(crate) fn run(arguments: &Build, printer: Printer) -> Result<Exit, Failure> {
    let Built { file, tool_chain, was_module, found } = build(arguments, printer)?;
    let shown = ambient::absolute(&file).unwrap_or(file).display().to_string();
    if printer.is_json() {
        let skill = &found.manifest.skill;
        printer.json(&Document {
            schema: "skillhost.build/1",
            file: shown,
            tool_chain,
            was_module,
            name: skill.name.as_str(),
            version: skill.version.as_str(),
            kind: skill.kind.as_str(),
            digest: found.digest.to_string(),
            size_bytes: found.size_bytes,
            capabilities: &found.manifest.capabilities,
            imports: &found.imports,
            exports: &found.exports,
        });
    } else {
        describe(&found, &[format!("written to {shown}")]).iter().for_each(|line| printer.data(line));
    }
    Ok(Exit::Done)
}

/// Builds the skill in the current folder. What was there before is replaced only by a skill that holds.
pub(crate) fn build(arguments: &Build, printer: Printer) -> Result<Built, Failure> {
    // Before a tool chain works for minutes.
    let (_, asked) = read_manifest(&arguments.manifest)?;
    let debug = if arguments.keep_debug { Debug::Keep } else { Debug::Strip };
    let (left, tool_chain) = match &arguments.component {
        Some(file) => (file.clone(), None),
        None => {
            let toolchain = toolchains::find()?;
            (toolchain.build(asked.skill.kind, debug, printer)?, Some(toolchain.name))
        }
    };
    // Those of some languages write the tools of the sources into it.
    let (text, manifest) = read_manifest(&arguments.manifest)?;
    let input = ambient::read_regular(&left, MAX_COMPONENT_BYTES)
        .map_err(|e| Failure::new(Exit::Usage, format!("{} can't be read", left.display())).because_of_all(&e))?;
    let file = arguments.out.clone().unwrap_or_else(|| usual_place(&manifest));
    if ambient::absolute(&file).is_ok_and(|out| ambient::absolute(&left).is_ok_and(|left| left == out)) {
        return Err(Failure::new(Exit::Usage, format!("{} would be replaced by what is made of it", left.display()))
            .hint("name another file with --out"));
    }
    let Made { bytes, was_module, .. } = make(&input, &text, debug).map_err(|e| not_made(&left, &e))?;
    let found = inspect(&bytes).map_err(|e| skills::load_failure(&left.display().to_string(), &e))?;
    skills::warn_of_kinds(&found, printer);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), ambient::make_folder).and_then(|()| ambient::replace(&file, &bytes)).map_err(|e| {
        Failure::new(Exit::Configuration, format!("{} can't be written", file.display())).because_of_all(&e)
    })?;
    Ok(Built { file, tool_chain, was_module, found })
}

/// Where a skill is built to, in its folder.
pub(crate) fn usual_place(manifest: &Manifest) -> PathBuf {
    Path::new("build").join(format!("{}.wasm", manifest.skill.name))
}

/// The manifest that is embedded, as text and as it is understood.
pub(crate) fn read_manifest(file: &Path) -> Result<(String, Manifest), Failure> {
    let failed = || Failure::new(Exit::Configuration, format!("the manifest {} can't be read", file.display()));
    let bytes = ambient::read_regular(file, MAX_DOCUMENT_BYTES as u64).map_err(|e| {
        failed().because_of_all(&e).hint("build in a skill's folder (-C DIR), or name the manifest with --manifest")
    })?;
    let text = String::from_utf8(bytes).map_err(|_| failed().because("it is not UTF-8 text"))?;
    let manifest = Manifest::parse(&text).map_err(|e| Failure::of(Exit::Configuration, &e))?;
    Ok((text, manifest))
}

fn not_made(left: &Path, error: &MakeError) -> Failure {
    if let MakeError::Unusable(all) = error {
        let failure = Failure::new(
            Exit::Configuration,
            "the manifest asks for what this component can't use, so it is not built",
        );
        let failure = all.iter().fold(failure, Failure::because);
        return all.iter().fold(failure, |failure, one| failure.or_hint(one.hint()));
    }
    let failure = Failure::new(Exit::Configuration, format!("no skill can be made of {}", left.display()));
    let failure = failure.because_of_all(error);
    match error {
        MakeError::NoWorld => failure.hint(
            "link what `wit-bindgen` made for the world (component_type.o), or make a component with the tools of the language",
        ),
        MakeError::Invalid(_) => failure.hint(
            "skills run on WASI 0.2, without threads, exceptions, garbage collection, memory64 and relaxed SIMD: build it \
             without them",
        ),
        MakeError::HasManifest => failure.hint("name what the tool chain left, not what was built of it"),
        _ => failure,
    }
}
