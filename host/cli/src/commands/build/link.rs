//! What was built is linked as a call would: a function of another type than the contract's is told to its author, not to
//! whoever calls it first. It is compiled for that, which the first call finds done.
//!
//! A component that tells its tools is asked for them on the way, in a call like any other: with a store of its own, no
//! capability, nothing behind its imports, and small limits.

use crate::ambient;
use crate::calling::skills;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use skillhost_component::{Debug, Made, MakeError, TELL_TOOLS, are_told, before_told, make, read_told, with_tools};
use skillhost_core::capability::{Capabilities, Effective};
use skillhost_core::digest::Digested;
use skillhost_core::duration::Span;
use skillhost_core::limits::Limits;
use skillhost_core::manifest::{Manifest, Tool};
use skillhost_core::size::Size;
use skillhost_core::text::escape_terminal;
use skillhost_engine::contract::Error;
use skillhost_engine::inspect::{Inspection, inspect};
use skillhost_engine::ports::Ports;
use skillhost_engine::{Call, CallError, Engine, Grantor, Skill, Unanswered, supervised};
use skillhost_runs::session::Session;
use std::path::Path;
use std::sync::Arc;

/// What telling the tools may use: it is a text of some kilobytes.
const LIMITS: Limits = Limits { memory: Size::mib(64), cpu: Span::seconds(2), time: Span::seconds(60) };

/// What a tool chain left.
pub(super) struct Left<'a> {
    pub(super) file: &'a Path,
    pub(super) input: &'a [u8],
    pub(super) debug: Debug,
}

/// A skill that this host can call.
pub(super) struct Linked {
    pub(super) made: Made,
    /// The manifest in it.
    pub(super) text: String,
    pub(super) skill: Arc<Skill>,
}

pub(super) struct Linker {
    engine: Arc<Engine>,
    progress: Progress,
}

impl Linker {
    pub(super) fn new(engine: Arc<Engine>, printer: Printer) -> Self {
        Self { engine, progress: Progress::new(printer) }
    }

    /// Makes a skill with this manifest, or with the tools in it that the component tells.
    pub(super) async fn link(&self, left: &Left<'_>, text: &str, manifest: &Manifest) -> Result<Linked, Failure> {
        if !are_told(text, manifest) {
            return self.with(left, text.to_owned()).await;
        }
        let asked = self.with(left, before_told(text, manifest)).await?;
        let text = match self.tools(&asked.skill).await? {
            Ok(tools) => with_tools(text, &tools),
            Err(reason) => Err(reason),
        };
        let text = text.map_err(|reason| untold(&reason))?;
        if text == asked.text { Ok(asked) } else { self.with(left, text).await }
    }

    async fn with(&self, left: &Left<'_>, text: String) -> Result<Linked, Failure> {
        let made = make(left.input, &text, left.debug).map_err(|e| not_made(left.file, &e))?;
        let shown = left.file.display().to_string();
        let failed = |e: &_| skills::load_failure(&shown, e);
        refuse_kinds(&inspect(&made.bytes).map_err(|e| failed(&e))?)?;
        let component = Digested::new(made.bytes.as_slice());
        let loading = self.engine.load_digested(&component);
        let what = format!("compiling {shown}, which the first call finds done");
        let skill = self.progress.waiting(&what, loading).await.map_err(|e| failed(&e))?;
        Ok(Linked { made, text, skill })
    }

    /// Asks a skill for its tools; where it doesn't tell them, says why.
    async fn tools(&self, skill: &Arc<Skill>) -> Result<Result<Vec<Tool>, String>, Failure> {
        let unrecorded = |e: &(dyn std::error::Error + 'static)| Failure::of(Exit::Integrity, e);
        // Nobody's state: what a build asks is nothing to keep.
        let folder = ambient::temporary_folder().map_err(|e| unrecorded(&e))?;
        let session = Session::open(folder.path(), skill, None, None).map_err(|e| unrecorded(&e))?;
        let nothing = Capabilities::default();
        let call = Call {
            skill: Arc::clone(skill),
            capabilities: Arc::new(Effective::new(&nothing, &nothing, &[])),
            grantor: Grantor::Flags,
            limits: LIMITS,
            tree: None,
            ports: Ports::default(),
            auditor: session.auditor(),
            watch: None,
            uses: None,
        };
        let engine = Arc::clone(&self.engine);
        let called = supervised(|watch| async move {
            let call = Call { watch: Some(watch), ..call };
            call.call_tool(&engine, TELL_TOOLS.to_owned(), "{}".to_owned()).await
        });
        match called.await {
            Ok(called) => Ok(called.answer.map_err(|e| said(&e)).and_then(|answer| read_told(&answer))),
            Err(unanswered) => {
                let Unanswered { error, done } = *unanswered;
                if let CallError::Audit(_) = error {
                    return Err(unrecorded(&error));
                }
                let printed = escape_terminal(&String::from_utf8_lossy(&done.printed.kept), 500).to_string();
                let printed = if printed.is_empty() { printed } else { format!("; it printed: {printed}") };
                Ok(Err(format!("{error}{printed}")))
            }
        }
    }
}

/// A component that is somebody else's runs as the kind that its manifest names. Its author is told.
fn refuse_kinds(found: &Inspection) -> Result<(), Failure> {
    let kinds: Vec<String> = found.kinds().iter().map(|kind| format!("`{kind}`")).collect();
    if kinds.len() < 2 {
        return Ok(());
    }
    let own = found.manifest.skill.kind;
    Err(Failure::new(
        Exit::Configuration,
        format!("this component exports {} kinds of skill, so it is not built", kinds.len()),
    )
    .because(format!("it exports {}; skill.toml names `{own}`, and nobody would call the others", kinds.join(", ")))
    .hint(format!(
        "export `{own}` alone, and make a skill of its own of each other kind: skillhost new NAME --kind KIND"
    )))
}

fn said(error: &Error) -> String {
    let text = match error {
        Error::Denied(text) | Error::Invalid(text) | Error::Exhausted(text) | Error::Failed(text) => text,
        Error::Cancelled => "cancelled",
        Error::TooLarge(_) => "too large",
    };
    format!("it says: {}", escape_terminal(text, 300))
}

fn untold(reason: &str) -> Failure {
    Failure::new(
        Exit::Configuration,
        "the [[tool]] entries of skill.toml can't be written: the component doesn't tell its tools",
    )
    .because(reason)
    .hint("in Rust, skillhost_sdk::export_tools! makes it tell them")
    .or_hint("or write the entries yourself, without the line that says that the build wrote them")
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
