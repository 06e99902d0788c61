//! JSON Schemas that every provider accepts: flat objects, every field required, `null` for what is not used, no further
//! fields, no length, pattern or combinator keywords. What a schema can't say, the skill checks.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
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

/// The JSON Schema of the arguments that a type holds, for a manifest: everything that the type says, and no further fields.
pub fn of<T: JsonSchema>() -> Value {
    let mut schema = generated::<T>(SchemaSettings::draft2020_12().for_deserialize());
    each(&mut schema, &mut |fields| {
        let is_one_of_several =
            ["anyOf", "oneOf", "allOf", "unevaluatedProperties"].iter().any(|key| fields.contains_key(*key));
        if fields.get("type").is_some_and(|of| of == "object") && !is_one_of_several {
            fields.entry("additionalProperties").or_insert(Value::Bool(false));
        }
    });
    schema
}

/// The JSON Schema of a result that a type holds.
pub fn of_result<T: JsonSchema>() -> Value {
    generated::<T>(SchemaSettings::draft2020_12().for_serialize())
}

/// A tool for a model whose parameters are a type: a struct of texts, numbers, booleans, enums of names, lists and
/// structs of those. What it says of lengths, ranges and defaults is left to the skill to check, as this module has it; the fields
/// come with [`Arguments::typed`](crate::arguments::Arguments::typed).
///
/// ```
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use skillhost_sdk::{arguments::Arguments, schema};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Edit {
///     /// The file.
///     path: String,
///     /// Its first line is 1.
///     line: Option<u32>,
/// }
///
/// let tool = schema::tool_of::<Edit>("edit", "Changes a line.");
/// let edit: Edit = Arguments::parse(r#"{"path":"a.rs","line":"7"}"#, &tool.parameters).unwrap().typed().unwrap();
/// assert_eq!((edit.path.as_str(), edit.line), ("a.rs", Some(7)));
/// ```
pub fn tool_of<T: JsonSchema>(name: &str, description: &str) -> ToolDefinition {
    let mut schema = of::<T>();
    each(&mut schema, &mut simplify);
    each(&mut schema, &mut require);
    ToolDefinition { name: name.into(), description: description.into(), parameters: schema.to_string() }
}

/// The names of an object's fields, for who left one out.
pub(crate) fn fields(schema: &Value) -> String {
    let is_required = |name: &String| schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
    let name = |name: &String| if is_required(name) { name.clone() } else { format!("{name} (optional)") };
    let names: Vec<String> = schema["properties"].as_object().iter().flat_map(|all| all.keys()).map(name).collect();
    if names.is_empty() { "there are no fields".to_owned() } else { format!("the fields are {}", names.join(", ")) }
}

/// Without what tells of Rust alone: names of types, and widths of numbers. A type within itself stays a reference.
fn generated<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    each(&mut schema, &mut |fields| {
        fields.shift_remove("title");
        if fields.get("format").and_then(Value::as_str).is_some_and(|format| WIDTHS.contains(&format)) {
            fields.shift_remove("format");
        }
        // TOML, which the manifest is written in, has no null.
        if let Some(Value::Array(choices)) = fields.get_mut("enum")
            && choices.pop_if(|last| last.is_null()).is_some()
        {
            let some = json!({ "type": "string", "enum": choices });
            fields.shift_remove("type");
            fields.shift_remove("enum");
            fields.insert("anyOf".to_owned(), json!([some, { "type": "null" }]));
        }
        if fields.get("default").is_some_and(Value::is_null) {
            fields.shift_remove("default");
        }
    });
    schema
}

/// Formats of numbers.
const WIDTHS: [&str; 14] = [
    "int", "int8", "int16", "int32", "int64", "int128", "uint", "uint8", "uint16", "uint32", "uint64", "uint128",
    "float", "double",
];

/// What is the same to a reader in the few keywords that every provider takes.
fn simplify(fields: &mut Map<String, Value>) {
    let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| Some((*key, fields.get(*key)?.as_array()?.clone())));
    if let Some((key, alternatives)) = alternatives {
        let (null, mut some): (Vec<Value>, Vec<Value>) =
            alternatives.iter().cloned().partition(|one| one["type"] == "null");
        if let ([_], [Value::Object(inner)]) = (null.as_slice(), some.as_mut_slice()) {
            fields.shift_remove(key);
            simplify(inner);
            // What the field says of itself tells more than what its type does.
            for (key, value) in std::mem::take(inner) {
                fields.entry(key).or_insert(value);
            }
            nullable(fields);
        } else if alternatives.iter().all(|one| one["const"].is_string()) {
            let names: Vec<Value> = alternatives.iter().map(|one| one["const"].clone()).collect();
            fields.shift_remove(key);
            fields.insert("type".to_owned(), "string".into());
            fields.insert("enum".to_owned(), names.into());
        }
    }
    fields.retain(|key, _| !UNSAID.contains(&key.as_str()));
}

/// Keywords that some provider refuses.
const UNSAID: [&str; 12] = [
    "default",
    "format",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
];

/// Every field is there; null stands for what is left out.
fn require(fields: &mut Map<String, Value>) {
    let required = fields.get("required").cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = fields.get_mut("properties") else { return };
    for (name, schema) in properties.iter_mut() {
        if let (false, Value::Object(fields)) =
            (required.as_array().is_some_and(|all| all.iter().any(|it| it == name)), schema)
        {
            nullable(fields);
        }
    }
    let names: Vec<Value> = properties.keys().map(|name| name.as_str().into()).collect();
    fields.insert("required".to_owned(), names.into());
}

fn nullable(fields: &mut Map<String, Value>) {
    match fields.get_mut("type") {
        Some(Value::Array(several)) if !several.iter().any(|one| one == "null") => several.push("null".into()),
        Some(one @ Value::String(_)) if one != "null" => *one = json!([one.take(), "null"]),
        _ => return,
    }
    if let Some(Value::Array(choices)) = fields.get_mut("enum") {
        choices.push(Value::Null);
    }
}

/// Does it to a schema, and then to those in it. Values that only look like schemas are left alone.
fn each(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(fields) = schema else { return };
    change(fields);
    for (key, value) in fields.iter_mut() {
        match (key.as_str(), value) {
            ("properties" | "$defs" | "patternProperties", Value::Object(named)) => {
                named.values_mut().for_each(|schema| each(schema, change));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(several)) => {
                several.iter_mut().for_each(|schema| each(schema, change));
            }
            ("items" | "additionalProperties" | "not" | "if" | "then" | "else" | "propertyNames", schema) => {
                each(schema, change)
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct All {
        /// What it is.
        name: String,
        #[schemars(length(min = 1))]
        #[serde(default)]
        list: Vec<Part>,
        how: Option<How>,
        when: When,
        part: Option<Part>,
        place: Option<Place>,
        /// The other one.
        other: Option<Place>,
    }

    /// A place.
    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Place {
        line: u8,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Part {
        number: Option<i8>,
        next: Option<Box<Part>>,
    }

    #[derive(JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[allow(dead_code, reason = "only its schema is looked at")]
    enum How {
        Fast,
        Slow,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    enum When {
        /// At once.
        Now,
        /// Some time.
        Later,
    }

    #[test]
    fn a_manifests_schema_has_no_null_and_no_names_of_rust() {
        let schema = of::<All>();
        let text = schema.to_string();
        for absent in ["null,", ",null", "title", "int8", "$schema", "All"] {
            assert!(!text.contains(absent), "{absent}: {text}");
        }
        assert_eq!(schema["required"], json!(["name", "when"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(
            schema["properties"]["how"],
            json!({ "anyOf": [{ "type": "string", "enum": ["fast", "slow"] }, { "type": "null" }] })
        );
    }

    #[test]
    fn a_models_schema_is_what_every_provider_takes() {
        let tool = tool_of::<All>("all", "Does it.");
        let schema: Value = serde_json::from_str(&tool.parameters).unwrap_or_default();
        assert_eq!(schema["required"], json!(["name", "list", "how", "when", "part", "place", "other"]));
        let properties = &schema["properties"];
        assert_eq!(properties["name"], json!({ "description": "What it is.", "type": "string" }));
        assert_eq!(properties["how"], json!({ "type": ["string", "null"], "enum": ["fast", "slow", null] }));
        assert_eq!(properties["when"], json!({ "type": "string", "enum": ["Now", "Later"] }));
        assert_eq!(properties["list"]["type"], json!(["array", "null"]));
        assert_eq!(
            (&properties["place"]["description"], &properties["other"]["description"]),
            (&json!("A place."), &json!("The other one."))
        );
        assert_eq!(properties["other"]["type"], json!(["object", "null"]));
        for unsaid in ["minItems", "default", "minimum", "oneOf", "const"] {
            assert!(!tool.parameters.contains(unsaid), "{unsaid}: {schema:#}");
        }
    }
}
