//! What a case says of one file: its text, or where it is found, or that it isn't there.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use skillhost_core::path::SkillPath;
use std::fmt;

/// What a file holds, or has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// This text, and nothing else.
    Text(String),
    /// What this file beside the case file holds.
    From(SkillPath),
    /// There is no such file.
    Absent,
    /// Each of these texts, among others.
    Has(Vec<String>),
}

/// The same as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    from: Option<SkillPath>,
    absent: Option<bool>,
    has: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

/// Not an untagged enum, whose errors name neither key nor reason.
struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, { from = \"FILE\" }, { has = [\"TEXT\"] } or { absent = true }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Content, M::Error> {
        match Table::deserialize(MapAccessDeserializer::new(map))? {
            Table { from: Some(from), absent: None, has: None } if !from.is_root() => Ok(Content::From(from)),
            Table { from: None, absent: Some(true), has: None } => Ok(Content::Absent),
            Table { from: None, absent: None, has: Some(has) } if !has.is_empty() => Ok(Content::Has(has)),
            _ => Err(M::Error::custom(
                "a file is one of: a text, { from = \"FILE\" }, { has = [\"TEXT\"] }, { absent = true }",
            )),
        }
    }
}
