//! A tool call's arguments: parsed, harmless slips put right, the rest refused with a text that a model can act on.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Arguments that fit the tool's schema: every field is there, of its type, or null where that is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Arguments(Map<String, Value>);

/// Why arguments were not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not JSON, or cut in the middle: nothing of it may run, and it must not be sent back.
    Unreadable(String),
    /// JSON, but not what the tool takes.
    Unfit(String),
}

impl Arguments {
    /// Reads `text` against the tool's JSON Schema `parameters`.
    pub fn parse(text: &str, parameters: &str) -> Result<Arguments, Malformed> {
        let schema: Value = serde_json::from_str(parameters).unwrap_or_default();
        let no_properties = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&no_properties);
        let mut given = read(text, properties)?;
        let names = || properties.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let mut arguments = Map::new();
        for (name, schema) in properties {
            let value = given.shift_remove(name).unwrap_or(Value::Null);
            let value = coerce(value, schema).map_err(|expected| match expected {
                "" => Malformed::Unfit(format!("`{name}` is missing; the fields are {}", names())),
                expected => Malformed::Unfit(format!("`{name}` must be {expected}")),
            })?;
            arguments.insert(name.clone(), value);
        }
        match given.keys().next() {
            Some(unknown) => {
                Err(Malformed::Unfit(format!("there is no field `{unknown}`; the fields are {}", names())))
            }
            None => Ok(Arguments(arguments)),
        }
    }

    /// A string field; empty where it is null.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    /// A string field that may be null; an empty string counts as null.
    pub fn text_or_null(&self, name: &str) -> Option<&str> {
        self.get(name).as_str().filter(|text| !text.is_empty())
    }

    /// An integer field from 0 that may be null; one below counts as null.
    pub fn integer(&self, name: &str) -> Option<usize> {
        self.get(name).as_u64().and_then(|number| usize::try_from(number).ok())
    }

    /// A boolean field; false where it is null.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or_default()
    }

    /// A list of strings; empty where it is null.
    pub fn texts(&self, name: &str) -> Vec<String> {
        self.items(name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A list; empty where it is null.
    pub fn items(&self, name: &str) -> &[Value] {
        self.get(name).as_array().map_or(&[], Vec::as_slice)
    }

    /// All of them as a type, for a tool of [`schema::tool_of`](crate::schema::tool_of): null is what was left out. The error
    /// is for the model.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, String> {
        let fields = || self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let given = Value::Object(self.0.clone());
        serde_json::from_value(without_null(given)).map_err(|e| format!("{e}; the fields are {}", fields()))
    }

    /// The same text for the same arguments, in whatever order they came.
    pub fn key(&self) -> String {
        let mut fields: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        fields.sort();
        fields.join("&")
    }

    fn get(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let some = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(some.map(|(name, value)| (name, without_null(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_null).collect()),
        value => value,
    }
}

fn read(text: &str, properties: &Map<String, Value>) -> Result<Map<String, Value>, Malformed> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        // Some servers hand over the object as a string.
        Ok(Value::String(inner)) if inner.trim_start().starts_with('{') => read(&inner, properties),
        // Or the one argument that the tool can't do without.
        Ok(Value::String(inner)) => match properties.iter().next() {
            Some((first, _)) => Ok(Map::from_iter([(first.clone(), Value::String(inner))])),
            None => Ok(Map::new()),
        },
        Ok(_) => Err(Malformed::Unfit("arguments must be one JSON object".into())),
        Err(error) if error.is_eof() => Err(Malformed::Unreadable(
            "the arguments were cut off, so nothing was done. Ask for less in one call: smaller edits, or several of them".into(),
        )),
        Err(error) => Err(Malformed::Unreadable(format!("the arguments are not JSON ({error}), so nothing was done"))),
    }
}

/// The value as `schema` wants it, or what it must be; "" for a required value that is missing.
fn coerce(value: Value, schema: &Value) -> Result<Value, &'static str> {
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(value),
    };
    let kind = types.first().copied().unwrap_or_default();
    let value = match (kind, value) {
        (_, Value::Null) if types.contains(&"null") => return Ok(Value::Null),
        ("array", Value::Null) => return Ok(Value::Array(vec![])),
        (_, Value::Null) => return Err(""),
        (kind, Value::String(text))
            if kind != "string" && text.eq_ignore_ascii_case("null") && types.contains(&"null") =>
        {
            return Ok(Value::Null);
        }
        ("integer", Value::String(text)) => match (text.trim().parse::<u64>(), text.trim().parse::<i64>()) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ => Value::String(text),
        },
        ("integer", Value::Number(number)) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => Value::from(float as i64),
            _ => Value::Number(number),
        },
        ("boolean", Value::String(text)) if text == "true" => Value::Bool(true),
        ("boolean", Value::String(text)) if text == "false" => Value::Bool(false),
        ("array", Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Array(items)) => Value::Array(items),
            _ => Value::Array(vec![Value::String(text)]),
        },
        ("string", Value::Number(number)) => Value::String(number.to_string()),
        (_, value) => value,
    };
    let fits = match kind {
        "string" => value.is_string(),
        // Which ones, the type judges.
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    };
    if let (true, Some(choices)) = (fits, schema["enum"].as_array())
        && !choices.contains(&value)
    {
        return Err("one of the values in the tool's definition");
    }
    match (fits, kind) {
        (true, _) => Ok(value),
        (false, "string") => Err("a string"),
        (false, "integer") => Err("a whole number"),
        (false, "boolean") => Err("true or false"),
        (false, "array") => Err("a list"),
        (false, _) => Err("an object"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::schema;

    fn parse(text: &str) -> Result<Arguments, Malformed> {
        let fields = [
            ("path", schema::text("")),
            ("from", schema::integer_or_null("")),
            ("all", schema::flag_or_null("")),
            ("names", schema::list("", schema::text(""))),
            ("how", schema::choice("", &["a", "b"])),
        ];
        Arguments::parse(text, &schema::object(&fields).to_string())
    }

    #[test]
    fn harmless_slips_are_put_right() {
        let a = parse(r#"{"path": 7, "from": "12", "all": "true", "names": "x", "how": "a"}"#).unwrap();
        assert_eq!((a.text("path"), a.integer("from"), a.flag("all")), ("7", Some(12), true));
        assert_eq!(a.texts("names"), ["x"]);
        let b = parse(r#""{\"path\": \"p\", \"from\": 3.0, \"how\": \"b\"}""#).unwrap();
        assert_eq!((b.integer("from"), b.flag("all"), b.texts("names").len()), (Some(3), false, 0));
        let read = schema::object(&[("path", schema::text("")), ("from", schema::integer_or_null(""))]).to_string();
        let c = Arguments::parse(r#""src/a.rs""#, &read).unwrap();
        assert_eq!((c.text("path"), c.integer("from")), ("src/a.rs", None));
    }

    #[test]
    fn the_rest_is_refused_with_the_valid_names() {
        let unfit = |text: &str| match parse(text) {
            Err(Malformed::Unfit(why)) => why,
            other => format!("{other:?}"),
        };
        assert_eq!(unfit(r#"{"how":"a"}"#), "`path` is missing; the fields are path, from, all, names, how");
        assert_eq!(
            unfit(r#"{"path":"p","how":"a","file":1}"#),
            "there is no field `file`; the fields are path, from, all, names, how"
        );
        assert_eq!(unfit(r#"{"path":"p","how":"a","from":"x"}"#), "`from` must be a whole number");
        assert!(unfit(r#"{"path":"p","how":"z"}"#).starts_with("`how` must be one of"));
        assert_eq!(unfit("[1]"), "arguments must be one JSON object");
    }

    #[test]
    fn a_cut_string_never_runs() {
        let Err(Malformed::Unreadable(why)) = parse(r#"{"path":"src/a"#) else {
            unreachable!("cut arguments were taken")
        };
        assert!(why.contains("cut off"), "{why}");
        assert!(matches!(parse("{path: 1}"), Err(Malformed::Unreadable(why)) if why.contains("not JSON")));
    }

    #[test]
    fn a_type_takes_what_a_model_gave_and_null_for_what_it_left_out() {
        #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
        struct Look {
            path: String,
            #[serde(default)]
            all: bool,
            from: Option<u8>,
            names: Vec<String>,
        }
        let tool = schema::tool_of::<Look>("look", "");
        let look = |text: &str| Arguments::parse(text, &tool.parameters).unwrap().typed::<Look>();
        let plain = Look { path: "p".into(), all: false, from: None, names: vec![] };
        assert_eq!(look(r#"{"path":"p"}"#), Ok(plain));
        let slips = look(r#"{"path":"p","all":"true","from":"7","names":"x"}"#);
        assert_eq!(slips, Ok(Look { path: "p".into(), all: true, from: Some(7), names: vec!["x".into()] }));
        let error = look(r#"{"path":"p","from":300}"#).unwrap_err();
        assert!(error.contains("300") && error.ends_with("the fields are path, all, from, names"), "{error}");
    }

    #[test]
    fn a_number_below_0_is_for_the_type_to_judge() {
        #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
        struct Move {
            by: i32,
            to: Option<u32>,
        }
        let tool = schema::tool_of::<Move>("move", "");
        let moved = |by: &str, to: &str| {
            let text = format!(r#"{{"by": {by}, "to": {to}}}"#);
            Arguments::parse(&text, &tool.parameters).unwrap().typed::<Move>()
        };
        for by in ["-3", "-3.0", r#""-3""#] {
            assert_eq!(moved(by, "null"), Ok(Move { by: -3, to: None }), "{by}");
        }
        let error = moved("3", "-1").unwrap_err();
        assert!(error.contains("-1") && error.ends_with("the fields are by, to"), "{error}");
        assert!(moved("18446744073709551615", "1").unwrap_err().contains("i32"));
        assert!(Arguments::parse(r#"{"by": -0.5, "to": 1}"#, &tool.parameters).is_err());
        assert_eq!(parse(r#"{"path": "p", "how": "a", "from": -1}"#).unwrap().integer("from"), None);
    }

    #[test]
    fn the_key_does_not_depend_on_order() {
        let a = parse(r#"{"path":"p","how":"a"}"#).unwrap();
        let b = parse(r#"{"how":"a","path":"p"}"#).unwrap();
        assert_eq!(a.key(), b.key());
    }
}
