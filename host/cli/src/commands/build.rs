//! `skillhost build`: from a skill's sources, or from what a tool chain left, to a file that can be signed and published.

mod link;

use self::link::{Left, Linker};
use crate::args::{Build, Global};
use crate::authoring::toolchains;
use crate::calling::engine::authors_engine;
use crate::commands::inspect::describe;
use crate::failure::{Exit, Failure};
use crate::interrupt::{cancelled_by_signal, unless_cancelled};
use crate::places::Places;
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::{ambient, block_on, runtime};
use serde::Serialize;
use skillhost_component::Debug;
use skillhost_core::capability::Capabilities;
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::manifest::Manifest;
use skillhost_engine::Engine;
use skillhost_engine::inspect::Inspection;
use skillhost_registry::MAX_COMPONENT_BYTES;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

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

pub(crate) fn run(arguments: &Build, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let engine = match Places::for_build(global.state_dir.as_deref(), printer)? {
        Some(places) => authors_engine(&places)?,
        None => authors_engine(&Places::for_looking(None))?.without_cache(),
    };
    let engine = Arc::new(engine);
    let built = block_on(runtime()?, async {
        let mut cancel = cancelled_by_signal(Progress::new(printer));
        build(arguments, &engine, printer, &mut cancel).await
    })?;
    let Built { file, tool_chain, was_module, found } = built?;
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

/// Builds the skill in the current folder. What was there before is replaced only by a skill that holds, and that this host
/// can call: `engine` has it loaded then.
pub(crate) async fn build(
    arguments: &Build,
    engine: &Arc<Engine>,
    printer: Printer,
    cancel: &mut watch::Receiver<bool>,
) -> Result<Built, Failure> {
    // Before a tool chain works for minutes.
    let (_, asked) = read_manifest(&arguments.manifest)?;
    let debug = if arguments.keep_debug { Debug::Keep } else { Debug::Strip };
    let (left, tool_chain) = match &arguments.component {
        Some(file) => (file.clone(), None),
        None => {
            let toolchain = toolchains::find()?;
            (toolchain.build(asked.skill.kind, debug, printer, cancel).await?, Some(toolchain.name))
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
    let linker = Linker::new(Arc::clone(engine), printer);
    let left = Left { file: &left, input: &input, debug };
    let linked = unless_cancelled(cancel, linker.link(&left, &text, &manifest)).await?;
    let unwritten = |file: &Path, e: std::io::Error| {
        Failure::new(Exit::Configuration, format!("{} can't be written", file.display())).because_of_all(&e)
    };
    if linked.text != text {
        // Linking takes seconds, in which an editor saves.
        if read_manifest(&arguments.manifest)?.0 != text {
            let shown = arguments.manifest.display();
            return Err(Failure::new(Exit::Negative, format!("{shown} was changed while the skill was built"))
                .hint("build again: nothing was written"));
        }
        ambient::replace(&arguments.manifest, linked.text.as_bytes()).map_err(|e| unwritten(&arguments.manifest, e))?;
        printer.note(format!("{}: the [[tool]] entries were written anew", arguments.manifest.display()));
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written =
        folder.map_or(Ok(()), ambient::make_folder).and_then(|()| ambient::replace(&file, &linked.made.bytes));
    written.map_err(|e| unwritten(&file, e))?;
    Ok(Built { file, tool_chain, was_module: linked.made.was_module, found: linked.skill.inspection().clone() })
}

/// Where a skill is built to, in its folder.
pub(crate) fn usual_place(manifest: &Manifest) -> PathBuf {
    Path::new("build").join(format!("{}.wasm", manifest.skill.name))
}

/// The manifest of the project, as text and as it is understood. Entries of tools may still have to be written.
pub(crate) fn read_manifest(file: &Path) -> Result<(String, Manifest), Failure> {
    let failed = || Failure::new(Exit::Configuration, format!("the manifest {} can't be read", file.display()));
    let bytes = ambient::read_regular(file, MAX_DOCUMENT_BYTES as u64).map_err(|e| {
        failed().because_of_all(&e).hint("build in a skill's folder (-C DIR), or name the manifest with --manifest")
    })?;
    let text = String::from_utf8(bytes).map_err(|_| failed().because("it is not UTF-8 text"))?;
    let manifest = Manifest::parse_draft(&text).map_err(|e| Failure::of(Exit::Configuration, &e))?;
    Ok((text, manifest))
}
