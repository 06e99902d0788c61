//! Models that get nowhere: the same thing for ever, or nothing that can be used.

use super::{Hostile, author, for_ever, hostile};
use crate::script::{Part, Script, Spec};
use serde_json::{Value, json};

const ON: &str = "ms/negative-plural";

pub(super) fn all() -> Vec<Hostile> {
    vec![
        hostile("edits-that-never-match", ON, |_, spec| {
            author(spec, |script| {
                let script = script.reads(1, "index.js");
                for_ever(script, |script, turn| script.edits(1, "index.js", &format!("isPlural = {turn}"), "x"))
            })
        }),
        hostile("the-same-call", ON, |_, spec| {
            author(spec, |script| for_ever(script, |script, _| script.reads(1, "index.js")))
        }),
        hostile("two-calls-in-turn", ON, |_, spec| {
            author(spec, |script| {
                for_ever(script, |script, turn| match turn % 2 {
                    0 => script.reads(1, "index.js"),
                    _ => script.tests(1),
                })
            })
        }),
        hostile("looks-for-ever", ON, |_, spec| {
            author(spec, |script| {
                let search =
                    |turn| json!({"regex": format!("a{{{turn}}}"), "glob": null, "path": null, "context": null});
                for_ever(script, |script, turn| script.works(1, "search", search(turn)))
            })
        }),
        hostile("edits-to-and-fro", ON, |_, spec| {
            author(spec, |script| {
                for_ever(script.reads(1, "index.js"), |script, turn| match turn % 2 {
                    0 => script.edits(1, "index.js", "ms >  n * 1.5", "ms >= n * 1.5"),
                    _ => script.edits(1, "index.js", "ms >= n * 1.5", "ms >  n * 1.5"),
                })
            })
        }),
        hostile("prose-alone", ON, |_, spec| always(spec, "I have fixed it, and all tests pass.")),
        hostile("nothing-at-all", ON, |_, spec| always(spec, "")),
        hostile("a-megabyte-of-prose", ON, |_, spec| always(spec, &"I think about it. ".repeat(60_000))),
        hostile("unknown-tools", ON, |_, spec| calls(spec, "shell", |turn| json!({"command": format!("make {turn}")}))),
        hostile("another-schema", ON, |_, spec| calls(spec, "edit", |turn| json!({"file": "index.js", "patch": turn}))),
        hostile("broken-arguments", ON, |_, spec| {
            calls(spec, "write", |turn| json!(format!("{{path: index.js, {turn}")))
        }),
        hostile("arguments-that-are-cut", ON, |_, spec| {
            let cut = Part::Call("write".into(), json!("{\"path\": \"index.js\", \"text\": \"module.exports = "));
            author(spec, |script| {
                for_ever(script, |script, _| script.replies("implement", 1, vec![cut.clone()], "length"))
            })
        }),
        hostile("output-without-end", ON, |_, spec| {
            let flood = "while (true) require('node:fs').writeSync(1, 'x'.repeat(65536));\n";
            author(spec, |script| script.writes(1, "test/flood.test.js", flood).tests(1))
        }),
        hostile("a-spec-of-prose", ON, |_, spec| {
            let script = (1..=40).fold(Script::default(), |script, _| script.says("spec", 1, "It will be fine."));
            super::rounds(script.approves("spec-review", 1), &spec.title, |script| script)
        }),
        hostile("a-plan-that-is-none", ON, |_, spec| {
            let script = Script::default().says("spec", 1, &spec.document());
            let script = (1..=40).fold(script, |script, _| script.says("spec", 1, "{\"steps\": \"all of it\"}"));
            super::rounds(script.approves("spec-review", 1), &spec.title, |script| script)
        }),
    ]
}

/// The same words, whenever it is asked to work.
fn always(spec: &Spec, text: &str) -> Script {
    author(spec, |script| (1..=10).fold(script, |script, _| script.says("implement", 1, text)))
}

fn calls(spec: &Spec, tool: &str, arguments: impl Fn(u32) -> Value) -> Script {
    author(spec, |script| for_ever(script, |script, turn| script.works(1, tool, arguments(turn))))
}
