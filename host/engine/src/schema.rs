//! JSON against the schemas that a manifest declares.
//!
//! The schema is the skill author's, so it may be hostile: the manifest bounds what it can expand to, nothing is fetched
//! for it, its patterns run on an engine whose time is linear, and schema and value together bound the work.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;
use skillhost_core::text::escape_terminal;
use std::sync::OnceLock;

/// Longest explanation, in characters.
const REASON_CHARS: usize = 300;
/// Bytes of a value, times parts of its schema: at some nanoseconds each, a second or two at most.
const MAX_WORK: usize = 1 << 28;
/// Bytes that one compiled pattern may have.
const PATTERN_BYTES: usize = 256 << 10;

/// A schema, made ready by the first check: that takes as long as a trivial call, so it isn't done for each one.
pub(crate) struct Schema {
    declared: Value,
    /// Parts, references followed.
    size: Result<usize, String>,
    ready: OnceLock<Result<Validator, String>>,
}

impl Schema {
    pub(crate) fn new(declared: &Value) -> Self {
        let size = skillhost_core::schema::size(declared);
        Self { declared: declared.clone(), size, ready: OnceLock::new() }
    }

    /// Checks `value`, whose text has so many bytes; the error says where and why, escaped.
    pub(crate) fn check(&self, value: &Value, bytes: usize) -> Result<(), String> {
        let size = self.size.clone()?;
        if size.saturating_mul(bytes) > MAX_WORK {
            return Err(format!("{bytes} bytes are too much for a schema of {size} parts"));
        }
        let validator = self.ready.get_or_init(|| compile(&self.declared)).as_ref().map_err(Clone::clone)?;
        validator.validate(value).map_err(|e| format!("at `{}`: {}", describe(e.instance_path()), describe(&e)))
    }
}

/// Whether a tool can be called with what its manifest declares.
pub(crate) fn judge(declared: &Value) -> Result<(), String> {
    compile(declared).map(drop)
}

/// Makes the schema of schemas ready, which takes longer than a call, and is the same for all.
pub(crate) fn warm_up() {
    drop(compile(&serde_json::json!({ "type": "object" })));
}

fn compile(declared: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES))
        .build(declared)
        .map_err(|e| format!("its schema can't be used: {}", describe(&e)))
}

fn describe(what: &dyn std::fmt::Display) -> String {
    escape_terminal(&what.to_string(), REASON_CHARS).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(schema: &Value, value: &Value) -> Result<(), String> {
        Schema::new(schema).check(value, value.to_string().len())
    }

    #[test]
    fn says_where_and_why() {
        let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
        assert_eq!(check(&schema, &json!({ "n": 1 })), Ok(()));
        assert!(check(&schema, &json!({ "n": "x" })).is_err_and(|e| e.contains("/n")));
        assert!(check(&schema, &json!({})).is_err());
    }

    #[test]
    fn a_hostile_schema_is_an_error() {
        assert!(check(&json!({ "$ref": "https://example.com/x" }), &json!({})).is_err());
        assert!(check(&json!({ "$ref": "file:///etc/passwd" }), &json!({})).is_err());
        for never in [json!({ "type": 7 }), json!({ "properties": [] }), json!({ "minLength": -1 })] {
            assert!(judge(&never).is_err_and(|e| e.contains("can't be used")), "{never}");
            assert!(check(&never, &json!({})).is_err());
        }
        assert_eq!(judge(&json!({ "type": "object" })), Ok(()));
        let slow = json!({ "type": "string", "pattern": "(a+)+$" });
        assert!(check(&slow, &json!(format!("{}b", "a".repeat(5000)))).is_err());
        let huge = json!({ "type": "string", "pattern": "((a{100}){100}){100}" });
        assert!(judge(&huge).is_err() && check(&huge, &json!("a")).is_err());
    }

    #[test]
    fn d_05_schema_and_value_together_are_bounded() {
        let parts: Vec<_> = (0..1000).map(|n| json!({ "minimum": n })).collect();
        let schema = Schema::new(&json!({ "items": { "allOf": parts } }));
        assert!(schema.check(&json!([1000]), 6).is_ok());
        assert!(schema.check(&json!([1000]), 8 << 20).is_err_and(|e| e.contains("too much")));
    }
}
