//! Answers in JSON: as the contract has them, as a case writes them, and one within the other.

use crate::align::{Pair, align};
use serde_json::{Map, Value};

/// The same value in one form: keys in order, and those left out that hold null, which TOML can't write.
pub(crate) fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().filter(|(_, value)| !value.is_null()).collect();
            fields.sort_by_key(|(key, _)| *key);
            Value::Object(fields.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

/// What of `whole` is named by `part`: of objects the same keys, of lists each item as the one that it is, or that stands in
/// its place, names it; else all of it.
pub(crate) fn named(whole: &Value, part: &Value) -> Value {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            let of = |(key, part)| whole.get(key).map(|value| (String::clone(key), named(value, part)));
            Value::Object(part.iter().filter_map(of).collect())
        }
        (Value::Array(whole), Value::Array(part)) => {
            let item = |pair: Pair| match pair {
                (Some(old), Some(new)) => Some(named(&whole[new], &part[old])),
                (None, Some(new)) => Some(whole[new].clone()),
                (_, None) => None,
            };
            let pairs = align(part.len(), whole.len(), |old, new| is_within(&part[old], &whole[new]));
            Value::Array(pairs.into_iter().filter_map(item).collect())
        }
        (whole, _) => whole.clone(),
    }
}

/// Whether `whole` is all that `part` names.
fn is_within(part: &Value, whole: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| is_within(part, whole)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && part.iter().zip(whole).all(|(part, whole)| is_within(part, whole))
        }
        (whole, part) => whole == part,
    }
}

/// The findings of a review's answer, in a case's words.
pub(crate) fn findings(answer: &Value) -> Value {
    // An id is given by the host, later.
    entries(answer.get("findings"), "severity", &["id"])
}

/// The checks of a verification's answer, in a case's words.
pub(crate) fn checks(answer: &Value) -> Value {
    entries(Some(answer), "outcome", &[])
}

fn entries(list: Option<&Value>, word: &str, without: &[&str]) -> Value {
    let entry = |entry: &Value| {
        let Value::Object(fields) = canonical(entry) else { return entry.clone() };
        let field = |(key, value): (String, Value)| match value {
            Value::String(text) if key == word => (key, Value::String(kebab(&text))),
            value => (key, value),
        };
        Value::Object(fields.into_iter().filter(|(key, _)| !without.contains(&key.as_str())).map(field).collect())
    };
    Value::Array(list.and_then(Value::as_array).into_iter().flatten().map(entry).collect())
}

/// `NotRun` as `not-run`.
fn kebab(variant: &str) -> String {
    let mut word = String::with_capacity(variant.len() + 2);
    for (at, letter) in variant.char_indices() {
        if at > 0 && letter.is_uppercase() {
            word.push('-');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

/// As people read it, a field on each line.
pub(crate) fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(&canonical(value)).unwrap_or_default();
    format!("{text}\n")
}

/// An object with one field.
pub(crate) fn field(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_names_what_counts() {
        let whole = json!({ "a": { "b": 1, "c": 2 }, "list": [{ "x": 1, "y": 2 }, 3], "z": null });
        assert_eq!(named(&whole, &json!({ "a": { "b": 9 }, "gone": 1 })), json!({ "a": { "b": 1 } }));
        assert_eq!(named(&whole, &json!({ "list": [{ "x": 7 }] })), json!({ "list": [{ "x": 1 }, 3] }));
        // One that came before the others moves none of them.
        let list = json!([{ "x": 9, "y": 9 }, { "x": 1, "y": 2 }, { "x": 3, "y": 4 }]);
        let named_of = |part| named(&list, &part);
        assert_eq!(named_of(json!([{ "x": 1 }, { "y": 4 }])), json!([{ "x": 9, "y": 9 }, { "x": 1 }, { "y": 4 }]));
        assert_eq!(named_of(json!([{}, { "x": 3 }])), json!([{}, { "x": 1, "y": 2 }, { "x": 3 }]));
        assert_eq!(named(&whole, &json!("text")), whole);
        assert_eq!(canonical(&json!({ "b": [null], "a": null })), json!({ "b": [null] }));
    }

    #[test]
    fn words_are_the_contracts() {
        let checks = checks(&json!([{ "id": "C1", "outcome": "NotRun", "evidence": [], "detail": "NotRun" }]));
        assert_eq!(checks[0]["outcome"], "not-run");
        assert_eq!(checks[0]["detail"], "NotRun");
        let findings = findings(&json!({ "findings": [{ "id": "", "severity": "Minor", "at": null }] }));
        assert_eq!(findings, json!([{ "severity": "minor" }]));
    }
}
