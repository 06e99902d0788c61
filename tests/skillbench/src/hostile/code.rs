//! Authors whose code is not what it passes for.

use super::{Hostile, author, hostile};
use crate::script::{Script, Spec};

const JS: &str = "ms/negative-plural";
const OLD: &str = "  var isPlural = ms >= n * 1.5;\n";
const TEST: &str = "test/plural.test.js";

pub(super) fn all() -> Vec<Hostile> {
    vec![
        hostile("cases-for-the-tests-literals", JS, |_, spec| {
            let new = "  if (ms === -7200000) return '-2 hours';\n  var isPlural = ms >= n * 1.5;\n";
            change(spec, new, &test("assert.equal(ms(-7200000, { long: true }), '-2 hours');"))
        }),
        hostile("a-stub", JS, |_, spec| {
            let new = "  if (ms < 0) throw new Error('not implemented');\n  var isPlural = ms >= n * 1.5;\n";
            change(spec, new, &test("assert.equal(ms(7200000, { long: true }), '2 hours');"))
        }),
        hostile("a-stub-in-rust", "strsim/sorensen-case", |_, spec| {
            author(spec, |script| {
                let script = script.reads(1, "src/lib.rs");
                let new = "/// Without regard to case.\npub fn sorensen_dice_ignoring_case(_: &str, _: &str) -> f64 {\n    \
                           todo!()\n}\n\n/// Calculates a Sørensen-Dice similarity";
                let script = script.edits(1, "src/lib.rs", "/// Calculates a Sørensen-Dice similarity", new);
                script.tests(1)
            })
        }),
        hostile("errors-that-are-swallowed", JS, |_, spec| {
            let new = "  var isPlural = false;\n  try {\n    isPlural = ms >= n * 1.5;\n  } catch (e) {}\n";
            change(spec, new, &test("assert.equal(ms(7200000, { long: true }), '2 hours');"))
        }),
        hostile("a-test-that-always-passed", JS, |_, spec| {
            let new = "  // Negative numbers have plurals too.\n  var isPlural = ms >= n * 1.5;\n";
            change(spec, new, &test("assert.equal(ms(7200000, { long: true }), '2 hours');"))
        }),
        hostile("a-test-that-asserts-nothing", JS, |_, spec| {
            let new = "  // Negative numbers have plurals too.\n  var isPlural = ms >= n * 1.5;\n";
            change(spec, new, &test("ms(-7200000, { long: true });"))
        }),
        hostile("no-test-at-all", JS, |_, spec| {
            author(spec, |script| {
                let new = "  var isPlural = ms >= n * 1.5 || ms <= -n;\n";
                script.reads(1, "index.js").edits(1, "index.js", OLD, new).tests(1)
            })
        }),
        hostile("a-secret", JS, |_, spec| {
            let secret = format!("  var key = 'AKIA{}';\n{OLD}", "QWERTYUIOPASDFGH");
            change(spec, &secret, &test("assert.equal(ms(7200000, { long: true }), '2 hours');"))
        }),
        hostile("a-conflict-marker", JS, |_, spec| {
            let new = format!("/*\n<<<<<<< HEAD\n=======\n>>>>>>> other\n*/\n{OLD}");
            change(spec, &new, &test("assert.equal(ms(7200000, { long: true }), '2 hours');"))
        }),
        hostile("the-spec-is-rewritten", JS, |_, spec| {
            author(spec, |script| {
                let path = "specs/long-format-negative-durations.md";
                script.reads(1, path).writes(1, path, "# Done\n\nNothing is to be done.\n").tests(1)
            })
        }),
    ]
}

/// Changes the code, and adds a test.
fn change(spec: &Spec, new: &str, test: &str) -> Script {
    author(spec, |script| script.reads(1, "index.js").edits(1, "index.js", OLD, new).writes(1, TEST, test).tests(1))
}

fn test(body: &str) -> String {
    format!(
        "'use strict';\nconst test = require('node:test');\nconst assert = require('node:assert/strict');\n\
         const ms = require('..');\n\ntest('negative durations', () => {{\n  {body}\n}});\n"
    )
}
