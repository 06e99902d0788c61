//! Components that no compiler makes, written by hand around one core module.

use skillhost_core::manifest;

/// What a handmade tool is made of; text in the WebAssembly text format.
#[derive(Clone)]
pub(crate) struct Handmade {
    /// Components' own definitions, in front of the core module: imports, types, canonical functions.
    pub(crate) before: String,
    /// What the core module is instantiated with.
    pub(crate) with: String,
    /// The core module's imports.
    pub(crate) imports: String,
    /// Its memory: pages.
    pub(crate) pages: u32,
    /// More of the core module.
    pub(crate) more: String,
    pub(crate) realloc: String,
    pub(crate) call: String,
    pub(crate) post: String,
    /// The type of what `call` is lifted to.
    pub(crate) signature: String,
    /// Between the core instance and the exported function.
    pub(crate) after: String,
}

/// Where what `call` gives lies: an answer, `{}`.
pub(crate) const ANSWER: u32 = 1024;

impl Default for Handmade {
    /// A tool that answers `{}`.
    fn default() -> Self {
        Self {
            before: String::new(),
            with: String::new(),
            imports: String::new(),
            pages: 1,
            more: String::new(),
            realloc: "global.get $next  local.get 3  global.get $next  i32.add  i32.const 7  i32.add  i32.const -8  \
                      i32.and  global.set $next"
                .to_owned(),
            call: format!("i32.const {ANSWER}"),
            post: String::new(),
            signature: SIGNATURE.to_owned(),
            after: String::new(),
        }
    }
}

const SIGNATURE: &str = "(param \"name\" string) (param \"arguments\" string) (result (result string (error $error)))";
const MANIFEST: &str = "[skill]\nname = \"handmade\"\nversion = \"1.0.0\"\nkind = \"tool\"\n[capabilities]\nread = [\"**\"]\n\
                        [limits]\nmemory = \"64MiB\"\ncpu = \"200ms\"\n[[tool]]\nname = \"attack\"\n\
                        parameters = { type = \"object\" }\n";
/// Endless.
pub(crate) const SPIN: &str = "(loop $spin (br $spin)) unreachable";

impl Handmade {
    pub(crate) fn text(&self) -> String {
        let Self { before, with, imports, pages, more, realloc, call, post, signature, after } = self;
        format!(
            r#"(component
              (import "skillhost:skill/types@0.1.0" (instance $types
                (type $own (variant (case "denied" string) (case "invalid" string) (case "exhausted" string)
                  (case "cancelled") (case "too-large" u64) (case "failed" string)))
                (export "error" (type (eq $own)))))
              (alias export $types "error" (type $error))
              {before}
              (core module $main
                {imports}
                (memory (export "memory") {pages})
                (global $next (mut i32) (i32.const 8192))
                (data (i32.const 1032) "\00\08\00\00\02\00\00\00")
                (data (i32.const 2048) "{{}}")
                {more}
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "call") (param i32 i32 i32 i32) (result i32) {call})
                (func (export "post") (param i32) {post}))
              (core instance $core (instantiate $main {with}))
              {after}
              (func $call {signature}
                (canon lift (core func $core "call") (memory (core memory $core "memory")) (realloc (core func $core "realloc"))
                  (post-return (core func $core "post"))))
              (instance $tool (export "call" (func $call)))
              (export "skillhost:skill/tool@0.1.0" (instance $tool)))"#
        )
    }

    /// With the manifest of a tool.
    pub(crate) fn component(&self) -> Vec<u8> {
        component(&self.text())
    }
}

/// A component from its text, with the manifest of a tool.
pub(crate) fn component(text: &str) -> Vec<u8> {
    let bytes = wat::parse_str(text).unwrap_or_else(|e| panic!("{e}"));
    manifest::embed(&bytes, MANIFEST).unwrap()
}
