//! How two requests differ, in a few lines that a person can read.

use serde_json::Value;

/// More places help nobody.
const MAX_PLACES: usize = 8;
const MAX_EXCERPT_CHARS: usize = 120;

/// One line for each place where the values differ: where, what was recorded, what it is now.
pub(super) fn describe(recorded: &Value, now: &Value) -> String {
    let mut places = Vec::new();
    collect("request", recorded, now, &mut places);
    let more = places.len().saturating_sub(MAX_PLACES);
    places.truncate(MAX_PLACES);
    if more > 0 {
        places.push(format!("  and {more} more"));
    }
    places.join("\n")
}

fn collect(at: &str, recorded: &Value, now: &Value, places: &mut Vec<String>) {
    // One place more than is shown, times the width of a level: enough to count honestly without going on for ever.
    if places.len() > MAX_PLACES * 100 {
        return;
    }
    match (recorded, now) {
        (one, other) if one == other => {}
        (Value::Object(one), Value::Object(other)) => {
            let added = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(added) {
                let inner = format!("{at}.{key}");
                collect(&inner, one.get(key).unwrap_or(&Value::Null), other.get(key).unwrap_or(&Value::Null), places);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let inner = format!("{at}[{index}]");
                collect(
                    &inner,
                    one.get(index).unwrap_or(&Value::Null),
                    other.get(index).unwrap_or(&Value::Null),
                    places,
                );
            }
        }
        (Value::String(one), Value::String(other)) => {
            let differs = one.lines().zip(other.lines()).take_while(|(one, other)| one == other).count();
            let line = |text: &str| text.lines().nth(differs).map_or("nothing".to_owned(), quote);
            places.push(format!("  {at}, line {}: recorded {}, now {}", differs + 1, line(one), line(other)));
        }
        (one, other) => places.push(format!("  {at}: recorded {}, now {}", show(one), show(other))),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        other => quote(&other.to_string()),
    }
}

/// Quoted and escaped, since the text is a skill's or a model's.
fn quote(text: &str) -> String {
    let excerpt = skillhost_core::text::escape_terminal(text, MAX_EXCERPT_CHARS);
    format!("`{}`", excerpt.as_str())
}
