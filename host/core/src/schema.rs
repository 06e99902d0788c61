//! The JSON Schemas that a manifest declares: which ones are taken.
//!
//! A schema is its author's, and is evaluated by the host. A few hundred bytes of `anyOf` and `$ref` expand to more parts
//! than anybody can evaluate; so only references within the schema are followed, and what they expand to is bounded.

use serde_json::Value;

/// Most parts of a schema, each reference counted as what it stands for.
pub const MAX_PARTS: usize = 10_000;
/// Deepest nesting, references followed.
const MAX_DEPTH: usize = 64;
/// Most patterns, each reference counted as what it stands for; compiling one takes milliseconds.
const MAX_PATTERNS: usize = 100;

/// What `$schema` may say. Older drafts name parts by other keywords.
const DIALECTS: [&str; 3] = [
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-07/schema",
];
/// Keywords that would change where a reference leads, or evaluate a part again and again.
const REFUSED: [&str; 8] = [
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// How many parts a schema has, references followed.
///
/// # Errors
/// Where it has more than [`MAX_PARTS`], refers to itself or to something else, or uses a keyword that is not taken.
pub fn size(schema: &Value) -> Result<usize, String> {
    let mut walk = Walk { root: schema, parts: 0, patterns: 0 };
    walk.count(schema, 0)?;
    Ok(walk.parts)
}

struct Walk<'a> {
    root: &'a Value,
    parts: usize,
    patterns: usize,
}

impl<'a> Walk<'a> {
    fn count(&mut self, value: &'a Value, depth: usize) -> Result<(), String> {
        self.parts += 1;
        if self.parts > MAX_PARTS || depth > MAX_DEPTH {
            return Err(format!("a schema has more than {MAX_PARTS} parts or {MAX_DEPTH} levels, or refers to itself"));
        }
        match value {
            Value::Array(values) => values.iter().try_for_each(|value| self.count(value, depth + 1)),
            Value::Object(entries) => entries.iter().try_for_each(|(key, value)| self.entry(key, value, depth + 1)),
            _ => Ok(()),
        }
    }

    fn entry(&mut self, key: &str, value: &'a Value, depth: usize) -> Result<(), String> {
        // A property may be called like a keyword; then its value is a schema of its own. The exception stays refused.
        let is_schema = value.is_object();
        if REFUSED.contains(&key) && (!is_schema || key.starts_with("unevaluated")) {
            return Err(format!("a schema uses `{key}`, which is not taken"));
        }
        if key == "$schema" && !is_schema && value.as_str().is_none_or(|dialect| !DIALECTS.contains(&dialect)) {
            return Err(format!("a schema's `$schema` is not {}", DIALECTS[0]));
        }
        if key == "pattern" || key == "patternProperties" {
            self.patterns += value.as_object().map_or(1, serde_json::Map::len);
            if self.patterns > MAX_PATTERNS {
                return Err(format!("a schema has more than {MAX_PATTERNS} patterns"));
            }
        }
        if key == "$ref" && !is_schema {
            let target = value.as_str().and_then(|target| target.strip_prefix('#'));
            let target = target.filter(|pointer| !pointer.contains('%')).and_then(|pointer| self.root.pointer(pointer));
            let target = target.ok_or("a schema refers to something outside of it; only `#/…` is taken")?;
            return self.count(target, depth);
        }
        self.count(value, depth)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_what_references_stand_for() {
        assert_eq!(size(&json!({ "type": "object" })), Ok(2));
        let shared = json!({ "$defs": { "a": { "type": "string" } }, "items": { "$ref": "#/$defs/a" } });
        assert_eq!(size(&shared), Ok(7));
        assert!(
            size(&json!({ "properties": { "$id": { "type": "string" }, "pattern": { "type": "string" } } })).is_ok()
        );
    }

    #[test]
    fn d_05_a_small_schema_that_expands_without_end_is_refused() {
        let mut defs = serde_json::Map::new();
        defs.insert("s0".to_owned(), json!({ "type": "string" }));
        for n in 1..=24 {
            let below = json!({ "$ref": format!("#/$defs/s{}", n - 1) });
            defs.insert(format!("s{n}"), json!({ "anyOf": [{ "allOf": [below, below] }, below] }));
        }
        let schema = json!({ "$defs": defs, "$ref": "#/$defs/s24" });
        assert!(schema.to_string().len() < 4096);
        assert!(size(&schema).is_err());
        assert!(size(&json!({ "anyOf": [{ "$ref": "#" }] })).is_err());
    }

    #[test]
    fn other_references_and_keywords_are_refused() {
        for bad in [
            json!({ "$ref": "https://example.com/x" }),
            json!({ "$ref": "file:///etc/passwd" }),
            json!({ "$ref": "#/$defs/none" }),
            json!({ "$ref": "#anchor" }),
            json!({ "$ref": 7 }),
            json!({ "items": { "$id": "x" } }),
            json!({ "$dynamicRef": "#x" }),
            json!({ "$schema": "http://json-schema.org/draft-04/schema#" }),
            json!({ "unevaluatedProperties": false }),
            json!({ "unevaluatedProperties": { "type": "string" } }),
            json!({ "allOf": vec![json!({ "pattern": "a" }); 101] }),
        ] {
            assert!(size(&bad).is_err(), "{bad}");
        }
    }
}
