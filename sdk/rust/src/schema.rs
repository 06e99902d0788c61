//! JSON Schemas that every provider accepts: flat objects, every field required, `null` for what is not used, no further
//! fields, no length, pattern or combinator keywords. What a schema can't say, the skill checks.

use serde_json::{Map, Value, json};

use crate::ToolDefinition;

/// An object with exactly these fields, in this order.
pub fn object(fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// A string.
pub fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// A string or null.
pub fn text_or_null(description: &str) -> Value {
    json!({"type": ["string", "null"], "description": description})
}

/// An integer or null.
pub fn integer_or_null(description: &str) -> Value {
    json!({"type": ["integer", "null"], "description": description})
}

/// A boolean or null.
pub fn flag_or_null(description: &str) -> Value {
    json!({"type": ["boolean", "null"], "description": description})
}

/// One of these strings.
pub fn choice(description: &str, choices: &[&str]) -> Value {
    json!({"type": "string", "enum": choices, "description": description})
}

/// A list.
pub fn list(description: &str, items: Value) -> Value {
    json!({"type": "array", "items": items, "description": description})
}

/// A tool with these parameters.
pub fn tool(name: &str, description: &str, parameters: &[(&str, Value)]) -> ToolDefinition {
    ToolDefinition { name: name.into(), description: description.into(), parameters: object(parameters).to_string() }
}
