//! Small JSON matters that several files need: raw arguments, canonical form, sizes from servers.

use serde_json::{Map, Value};

/// Tool arguments in a recording: an object where that says the same bytes, the raw text otherwise.
///
/// Recordings written by hand want `{"path":"a"}`; recorded ones must give back what the model wrote, malformed or not.
pub(crate) mod raw {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::Value;

    pub(crate) fn serialize<S: Serializer>(arguments: &str, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<Value>(arguments) {
            Ok(value) if value.is_object() && is_text_of(&value, arguments) => value.serialize(serializer),
            _ => serializer.serialize_str(arguments),
        }
    }

    /// Whether writing the value gives exactly this text: no blank, no repeated key, no number that would change.
    fn is_text_of(value: &Value, text: &str) -> bool {
        serde_json::to_string(value).is_ok_and(|written| written == text)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::String(raw) => raw,
            other => other.to_string(),
        })
    }
}

/// Tool arguments as a provider takes them back: what is not a JSON object becomes `{}`, since servers reject the rest.
pub(crate) fn object_or_empty(arguments: &str) -> Value {
    match serde_json::from_str::<Value>(arguments) {
        Ok(value @ Value::Object(_)) => value,
        _ => Value::Object(Map::new()),
    }
}

/// Tool arguments as text that a provider takes back: what is sound goes byte by byte, for the sake of its cache.
pub(crate) fn sound_arguments(arguments: &str) -> &str {
    if serde_json::from_str::<Map<String, Value>>(arguments).is_ok() { arguments } else { "{}" }
}

/// The same value with every object's keys in order, so that equal values have equal bytes.
pub(crate) fn canonical(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().map(|(key, value)| (key, canonical(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(canonical).collect()),
        other => other,
    }
}

/// A text field of a server's JSON; none where it is missing or something else.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// A count in a server's JSON; 0 where it is missing, negative or something else.
pub(crate) fn count(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}
