//! What the forges' own programs keep in YAML, as far as it is mappings, sequences and texts.

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

/// Deepest nesting; these files have four levels.
const MAX_DEPTH: usize = 16;

/// Reads the first document; none where it is no YAML, or has aliases or more levels. Every scalar is a text.
pub(crate) fn read(text: &str) -> Option<Value> {
    let mut events = Parser::new_from_str(text).map_while(Result::ok).map(|(event, _)| event);
    events.find(|event| matches!(event, Event::DocumentStart(_)))?;
    let first = events.next()?;
    value(first, &mut events, MAX_DEPTH)
}

fn value<'a>(first: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    match first {
        Event::Scalar(text, ..) => Some(Value::String(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next()? {
                    Event::SequenceEnd => return Some(Value::Array(items)),
                    item => items.push(value(item, events, depth)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Map::new();
            loop {
                let key = match events.next()? {
                    Event::MappingEnd => return Some(Value::Object(entries)),
                    Event::Scalar(key, ..) => key.into_owned(),
                    _ => return None,
                };
                let first = events.next()?;
                entries.insert(key, value(first, events, depth)?);
            }
        }
        _ => None,
    }
}
