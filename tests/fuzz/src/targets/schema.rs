//! The JSON Schemas of a manifest, and values against them.

use super::{Target, join, texts};
use serde_json::Value;
use skillhost_core::schema::{MAX_PARTS, size};
use skillhost_core::text::is_deceptive;
use skillhost_engine::testing::check_json;

pub(super) const TARGET: Target = Target {
    name: "schema",
    check,
    seeds,
    words: &[
        "{\"$ref\":\"#/$defs/a\"}",
        "\"$defs\":{",
        "\"anyOf\":[",
        "\"allOf\":[",
        "\"oneOf\":[",
        "\"not\":{",
        "\"if\":{",
        "\"pattern\":\"(a+)+$\"",
        "\"patternProperties\":{",
        "\"items\":{",
        "\"prefixItems\":[",
        "\"contains\":{",
        "\"properties\":{",
        "\"type\":\"object\"",
        "\"enum\":[",
        "\"const\":",
        "\"multipleOf\":0.1",
        "\"minimum\":1e308",
        "\"format\":\"email\"",
        "\"dependentSchemas\":{",
        "\"propertyNames\":{",
        "\"uniqueItems\":true",
        "\"$ref\":\"#\"",
        "~1",
        "%25",
        "\"$schema\":\"http://json-schema.org/draft-07/schema#\"",
        "1e400",
        "-0",
        "null",
        "\"minContains\":0",
    ],
    mutations: 3_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let pairs = [
        (r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#, r#"{"n":1}"#),
        (
            r##"{"$defs":{"a":{"type":"string","pattern":"^[a-z]+$"}},"items":{"$ref":"#/$defs/a"},"uniqueItems":true}"##,
            r#"["a","b"]"#,
        ),
        (r#"{"anyOf":[{"const":1},{"not":{"enum":[1,2]}}],"if":{"type":"number"},"then":{"multipleOf":0.1}}"#, "1.5"),
        (
            r#"{"patternProperties":{"^x":{"maxLength":3}},"additionalProperties":false,"propertyNames":{"minLength":1}}"#,
            r#"{"xa":"b"}"#,
        ),
    ];
    pairs.map(|(schema, value)| join([schema.as_bytes(), value.as_bytes()])).into()
}

fn check(data: &[u8]) {
    let [schema, value] = texts(data);
    let (Ok(schema), Ok(value)) = (serde_json::from_str::<Value>(&schema), serde_json::from_str::<Value>(&value))
    else {
        return;
    };
    let taken = size(&schema);
    assert!(taken.as_ref().is_ok_and(|parts| (1..=MAX_PARTS).contains(parts)) || taken.is_err());
    match check_json(&schema, &value) {
        Ok(()) => {
            assert!(taken.is_ok(), "a schema that is refused lets nothing through");
            assert!(schema != Value::Bool(false), "false takes nothing");
        }
        Err(reason) => {
            assert!(!reason.chars().any(is_deceptive) && reason.chars().count() < 800, "{reason:?}");
            assert!(taken.is_err() || schema != Value::Bool(true), "true takes everything");
        }
    }
}
