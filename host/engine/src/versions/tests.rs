//! The mechanism, with a second version that only tests have: `0.2`, whose log has another function and whose tools take one
//! argument more.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::compile::Compiler;
use crate::config::Allocation;
use crate::contract::log::Level;
use crate::engine::{Engine, Options};
use crate::grantor::Grantor;
use crate::ports::{Log, Ports};
use crate::{Call, LoadError};
use skillhost_audit::{Actor, Subject as Whose, SubjectKey};
use skillhost_core::capability::{Capabilities, Effective};
use skillhost_core::limits::Limits;
use skillhost_core::manifest;
use skillhost_core::text::Escaped;
use std::sync::{Arc, Mutex};

/// The second version: the module that such a version would be.
mod v0_2 {
    use super::super::*;
    use skillhost_core::text::escape_terminal;

    mod bindings {
        #![allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub, reason = "generated")]
        wasmtime::component::bindgen!({
            inline: "
                package skillhost:skill@0.2.0;
                interface types { variant error { denied(string), failed(string) } }
                interface log { note: func(message: string); }
                interface tool {
                    use types.{error};
                    call: func(name: string, arguments: string, deadline-ms: option<u64>) -> result<string, error>;
                }
                world skill { import log; export tool; }
            ",
            world: "skill",
            imports: { default: trappable },
            exports: { default: async },
        });
    }
    use bindings::exports::skillhost::skill::tool;
    use bindings::skillhost::skill::{log, types};

    pub(super) const CONTRACT: Contract = Contract { version: Version::new(0, 2, 0), add_to_linker, find };

    fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
        type Own = wasmtime::component::HasSelf<CallState>;
        types::add_to_linker::<_, Own>(linker, |state| state)?;
        log::add_to_linker::<_, Own>(linker, |state| state)
    }

    impl types::Host for CallState {}

    impl log::Host for CallState {
        fn note(&mut self, message: String) -> wasmtime::Result<()> {
            let log = self.outside.ports.log.clone().unwrap();
            log.log(crate::contract::log::Level::Warn, escape_terminal(&message, 100));
            Ok(())
        }
    }

    struct Found(tool::GuestIndices);

    fn find(pre: &InstancePre<CallState>, _: &Inspection) -> Result<Box<dyn Exports>, LoadError> {
        Ok(Box::new(Found(tool::GuestIndices::new(pre).map_err(|e| LoadError::Link(e.to_string()))?)))
    }

    impl Exports for Found {
        fn has(&self, kind: Kind) -> bool {
            kind == Kind::Tool
        }
        fn spec<'a>(&'a self, _: Guest<'a>, _: Brief) -> BoxFuture<'a, Answer<Specification>> {
            unreachable!()
        }
        fn review<'a>(&'a self, _: Guest<'a>, _: Brief, _: Subject) -> BoxFuture<'a, Answer<Report>> {
            unreachable!()
        }
        fn implement<'a>(&'a self, _: Guest<'a>, _: Brief) -> BoxFuture<'a, Answer<Summary>> {
            unreachable!()
        }
        fn verify<'a>(&'a self, _: Guest<'a>, _: Brief) -> BoxFuture<'a, Answer<Vec<Check>>> {
            unreachable!()
        }
        fn tool<'a>(&'a self, guest: Guest<'a>, name: String, arguments: String) -> BoxFuture<'a, Answer<String>> {
            Box::pin(async move {
                let exports = self.0.load(&mut *guest.store, guest.instance)?;
                let answer = exports.call_call(&mut *guest.store, &name, &arguments, Some(1000)).await?;
                // What this version calls otherwise is translated here.
                Ok(answer.map_err(|error| match error {
                    tool::Error::Denied(text) => Error::Denied(text),
                    tool::Error::Failed(text) => Error::Failed(text),
                }))
            })
        }
    }
}

static BOTH: [Contract; 2] = [v0_1::CONTRACT, v0_2::CONTRACT];

/// A tool of a version that logs `hello` and answers `{}`.
struct Tool {
    version: &'static str,
    error: &'static str,
    /// What it imports of `log`, and how it calls that with the message at `$at`.
    log: &'static str,
    log_as: (&'static str, &'static str, &'static str),
    parameters: (&'static str, &'static str),
}

const OLD: Tool = Tool {
    version: "0.1.0",
    error: "(case \"denied\" string) (case \"invalid\" string) (case \"exhausted\" string) (case \"cancelled\") \
            (case \"too-large\" u64) (case \"failed\" string)",
    log: "(type $l (enum \"debug\" \"info\" \"warn\" \"error\")) (export \"level\" (type $level (eq $l)))
          (export \"log\" (func (param \"level\" $level) (param \"message\" string)))",
    log_as: ("log", "i32 i32 i32", "(call $log (i32.const 1) (i32.const 3000) (i32.const 5))"),
    parameters: ("i32 i32 i32 i32", ""),
};

const NEW: Tool = Tool {
    version: "0.2.0",
    error: "(case \"denied\" string) (case \"failed\" string)",
    log: "(export \"note\" (func (param \"message\" string)))",
    log_as: ("note", "i32 i32", "(call $log (i32.const 3000) (i32.const 5))"),
    parameters: ("i32 i32 i32 i32 i32 i64", "(param \"deadline-ms\" (option u64))"),
};

const MANIFEST: &str = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"tool\"\n[[tool]]\nname = \"t\"\n";

impl Tool {
    fn component(&self) -> Vec<u8> {
        let Self { version, error, log, log_as: (function, lowered, call), parameters: (core, more) } = self;
        // A result with a number of 64 bits in it has what it holds at 8, any other at 4.
        let at = if error.contains("u64") { 1032 } else { 1028 };
        embedded(&format!(
            r#"(component
              (import "skillhost:skill/types@{version}" (instance $types
                (type $own (variant {error})) (export "error" (type (eq $own)))))
              (alias export $types "error" (type $error))
              (import "skillhost:skill/log@{version}" (instance $log {log}))
              (core module $mem
                (memory (export "memory") 1) (global $next (mut i32) (i32.const 8192))
                (data (i32.const {at}) "\00\08\00\00\02\00\00\00") (data (i32.const 2048) "{{}}") (data (i32.const 3000) "hello")
                (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                  global.get $next  (global.set $next (i32.add (global.get $next) (i32.const 512)))))
              (core instance $mem (instantiate $mem))
              (core func $log (canon lower (func $log "{function}") (memory (core memory $mem "memory"))))
              (core instance $host (export "log" (func $log)))
              (core module $main
                (import "host" "log" (func $log (param {lowered})))
                (func (export "call") (param {core}) (result i32) {call} i32.const 1024))
              (core instance $core (instantiate $main (with "host" (instance $host))))
              (func $call (param "name" string) (param "arguments" string) {more} (result (result string (error $error)))
                (canon lift (core func $core "call") (memory (core memory $mem "memory")) (realloc (core func $mem "realloc"))))
              (instance $tool (export "call" (func $call)))
              (export "skillhost:skill/tool@{version}" (instance $tool)))"#
        ))
    }
}

fn embedded(text: &str) -> Vec<u8> {
    manifest::embed(&wat::parse_str(text).unwrap_or_else(|e| panic!("{e}")), MANIFEST).unwrap()
}

/// Keeps what is logged.
#[derive(Default)]
struct Logged(Mutex<Vec<(Level, String)>>);

impl Log for Logged {
    fn log(&self, level: Level, message: Escaped) {
        self.0.lock().unwrap().push((level, message.to_string()));
    }
    fn progress(&self, _: Escaped, _: Option<f32>) {}
}

struct Lab {
    engine: Engine,
    folder: tempfile::TempDir,
}

impl Lab {
    fn new(contracts: &'static [Contract]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            allocation: Allocation::OnDemand,
            compiler: Compiler::OwnProgram,
            cache_folder: folder.path().join("cache"),
            key_folder: folder.path().join("keys"),
        };
        Self { engine: Engine::new(options).unwrap().with_contracts(contracts), folder }
    }

    fn refusal(&self, component: &[u8]) -> LoadError {
        self.engine.load_here(component).unwrap_err()
    }

    /// Calls the tool; gives its answer, and what was logged.
    async fn call(&self, component: &[u8]) -> (serde_json::Value, Vec<(Level, String)>) {
        let skill = self.engine.load_here(component).unwrap_or_else(|e| panic!("{e}"));
        let run: skillhost_core::name::RunId = "versions".parse().unwrap();
        let key = SubjectKey::ephemeral(Whose::Run(run.clone())).unwrap();
        let file = self.folder.path().join(format!("audit-{}", skill.inspection().digest.to_string().replace(':', "")));
        let audit = skillhost_audit::Log::open(&file, run, &key).unwrap();
        let logged = Arc::new(Logged::default());
        let call = Call {
            capabilities: Arc::new(Effective::new(&Capabilities::default(), &Capabilities::default(), &[])),
            grantor: Grantor::Flags,
            limits: Limits::resolve(&skill.inspection().manifest.limits, &[]),
            skill,
            tree: None,
            ports: Ports { log: Some(logged.clone()), ..Ports::default() },
            auditor: audit.auditor(Actor::default()),
            watch: None,
            uses: None,
        };
        let called =
            call.tool(&self.engine, "t", &serde_json::json!({})).await.unwrap_or_else(|e| panic!("{:?}", e.error));
        let said = logged.0.lock().unwrap().clone();
        (called.answer.unwrap(), said)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_side_by_side_are_each_served_by_their_own() {
    let lab = Lab::new(&BOTH);
    let (answer, logged) = lab.call(&OLD.component()).await;
    assert_eq!((answer, logged), (serde_json::json!({}), vec![(Level::Info, "hello".to_owned())]));
    let (answer, logged) = lab.call(&NEW.component()).await;
    assert_eq!((answer, logged), (serde_json::json!({}), vec![(Level::Warn, "hello".to_owned())]));
    // Without the second one, its components are refused before anything is compiled.
    let refused = Lab::new(&SUPPORTED).refusal(&NEW.component());
    assert_eq!(refused.to_string(), "the component is written for skillhost:skill 0.2.0; this host understands 0.1");
    assert!(refused.remedy().unwrap().starts_with("update skillhost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_patch_is_served_by_the_older_one() {
    let lab = Lab::new(&SUPPORTED);
    let component = Tool { version: "0.1.1", ..OLD }.component();
    assert_eq!(lab.engine.load_here(&component).unwrap().inspection().contract, Version::new(0, 1, 1));
    assert_eq!(lab.call(&component).await.1, [(Level::Info, "hello".to_owned())]);
    // Unless it uses what only that patch has.
    let log = "(export \"note\" (func (param \"message\" string)))";
    let newer = Tool { version: "0.1.1", log, log_as: NEW.log_as, ..OLD }.component();
    let refused = lab.refusal(&newer);
    assert!(matches!(&refused, LoadError::Contract { how: Outdated::Host, .. }), "{refused}");
    assert!(refused.to_string().contains("for skillhost:skill 0.1.1; this host understands 0.1.0"), "{refused}");
    // The same function in a version that is understood is no question of versions.
    let wrong = lab.refusal(&Tool { log, log_as: NEW.log_as, ..OLD }.component());
    assert!(matches!(&wrong, LoadError::Link(text) if text.contains("skillhost:skill/log@0.1.0")), "{wrong}");
}

#[test]
fn a_component_that_mixes_versions_is_refused_by_name() {
    let lab = Lab::new(&BOTH);
    let text = "(component (import \"skillhost:skill/log@0.1.0\" (instance)) (instance $t)
                (export \"skillhost:skill/tool@0.2.0\" (instance $t)))";
    let refused = lab.refusal(&embedded(text));
    assert_eq!(
        refused.to_string(),
        "the component mixes versions of the contract: it names `skillhost:skill/log@0.1.0` and `skillhost:skill/tool@0.2.0`"
    );
    let text = "(component (instance $t) (export \"skillhost:skill/tool@0.1.0\" (instance $t))
                (export \"skillhost:skill/tool@0.1.1\" (instance $t)))";
    let refused = lab.refusal(&embedded(text));
    assert!(refused.to_string().contains("`skillhost:skill/tool@0.1.0` and `skillhost:skill/tool@0.1.1`"), "{refused}");
    assert!(refused.remedy().unwrap().contains("each interface once"));
}

#[test]
fn each_version_that_is_not_understood_has_its_remedy() {
    let read = |version: &str| read(&[format!("skillhost:skill/log@{version}")], &[], &BOTH);
    for (version, remedy) in [
        ("0.3.0", "update skillhost, or build the skill against skillhost:skill 0.2"),
        ("1.0.0", "update skillhost"),
        ("18446744073709551615.0.0", "update skillhost"),
        ("0.0.9", "build the skill anew against skillhost:skill 0.2"),
        ("0.2.0-rc.1", "no host keeps a pre-release"),
        ("0.1.0-\u{1b}[2J", ""),
    ] {
        match read(version) {
            Err(error @ LoadError::Contract { .. }) => assert!(error.remedy().unwrap().contains(remedy), "{version}"),
            // No version at all, which the import is refused for.
            other => assert!(matches!(other, Ok(None)) && remedy.is_empty(), "{version}: {other:?}"),
        }
    }
    for (version, served) in [("0.1.0", "0.1.0"), ("0.1.9", "0.1.9"), ("0.2.0+build.7", "0.2.0+build.7")] {
        assert_eq!(read(version).unwrap().unwrap().to_string(), served);
    }
    assert!(matches!(super::read(&[], &["wasi:cli/run@0.2.0".to_owned()], &BOTH), Ok(None)));
}
