//! What OpenAI's protocols call a strict schema.

use serde_json::Value;

/// Whether a server can hold a reply or a call to this schema exactly: it is an object's, every object lists all of its
/// fields as required and allows no other, and nothing is asked that the subset lacks. Strictness for any other is
/// refused.
pub(crate) fn is_strict(schema: &Value) -> bool {
    schema["type"] == "object" && holds(schema)
}

fn holds(schema: &Value) -> bool {
    const PLAIN: [&str; 6] = ["type", "description", "title", "enum", "const", "$schema"];
    let Some(fields) = schema.as_object() else { return false };
    let is_object = match &schema["type"] {
        Value::String(kind) => kind == "object",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "object"),
        _ => false,
    };
    if is_object {
        let Some(properties) = schema["properties"].as_object() else { return false };
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let all = properties.keys().all(|name| required.iter().any(|known| known == name));
        if schema["additionalProperties"] != Value::Bool(false) || !all {
            return false;
        }
    }
    fields.iter().all(|(key, value)| match key.as_str() {
        "properties" | "$defs" => value.as_object().is_some_and(|all| all.values().all(holds)),
        "items" => holds(value),
        "anyOf" => value.as_array().is_some_and(|all| all.iter().all(holds)),
        "required" | "additionalProperties" => is_object,
        "$ref" => value.as_str().is_some_and(|to| to.starts_with('#')),
        key => PLAIN.contains(&key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_the_strict_subset_holds_is_strict() {
        let object = |fields: Value, required: Value| json!({ "type": "object", "properties": fields, "required": required, "additionalProperties": false });
        let text = json!({ "type": ["string", "null"], "description": "x" });
        let list = json!({ "type": "array", "items": object(json!({ "a": text }), json!(["a"])) });
        assert!(is_strict(&object(json!({ "all": list, "how": { "enum": ["a"] } }), json!(["all", "how"]))));
        for loose in [
            json!({ "type": "object" }),
            json!({ "type": "object", "properties": {}, "required": [] }),
            object(json!({ "a": text }), json!([])),
            object(json!({ "a": { "type": "object" } }), json!(["a"])),
            object(json!({ "a": { "type": "string", "pattern": "x" } }), json!(["a"])),
            json!({ "allOf": [text] }),
            json!({ "anyOf": [object(json!({ "a": text }), json!(["a"]))] }),
            json!({ "type": "string" }),
            json!(true),
        ] {
            assert!(!is_strict(&loose), "{loose}");
        }
    }
}
