//! Rewriting what a case expects, with comments and layout kept: only what differs is touched.

use crate::happened::kept_bytes;
use crate::lists::{change_array, change_tables};
use serde_json::Value as Json;
use skillhost_core::path::SkillPath;
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// One change to what a case expects.
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// What this key under `expect` is to say; nothing where it is to go.
    Key {
        /// From `expect` on.
        at: Vec<String>,
        /// Its new value.
        value: Option<Json>,
    },
    /// What a file beside the case file is to hold.
    File {
        /// Beneath the folder of the case file.
        path: SkillPath,
        /// All of it.
        bytes: Vec<u8>,
    },
}

impl Fix {
    pub(crate) fn set(at: &[&str], value: Json) -> Self {
        Self::Key { at: at.iter().map(|key| (*key).to_owned()).collect(), value: Some(value) }
    }

    /// How much it holds of values or of a file, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Key { value, .. } => value.as_ref().map_or(0, kept_bytes),
            Self::File { bytes, .. } => bytes.len(),
        }
    }

    pub(crate) fn remove(at: &[&str]) -> Self {
        Self::Key { at: at.iter().map(|key| (*key).to_owned()).collect(), value: None }
    }
}

/// Why a case file is not rewritten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is no TOML.
    #[error("it can't be read as TOML")]
    Unreadable,
    /// The case is not where it was, or is not written as `[[case]]`.
    #[error("its cases are not written as [[case]]")]
    Shape,
    /// A value has no notation in TOML.
    #[error("TOML can't write {0}; name a part of it with answer_has")]
    Unwritable(&'static str),
}

/// The text of a case file after these changes: each with the index of its case.
///
/// # Errors
/// Where the file doesn't have the shape, or a value has no notation.
pub fn update<'a>(text: &str, fixes: impl IntoIterator<Item = (usize, &'a Fix)>) -> Result<String, Refused> {
    let mut document: DocumentMut = text.parse().map_err(|_| Refused::Unreadable)?;
    let cases = document.get_mut("case").and_then(Item::as_array_of_tables_mut).ok_or(Refused::Shape)?;
    for (index, fix) in fixes {
        let Fix::Key { at, value } = fix else { continue };
        let case = cases.get_mut(index).ok_or(Refused::Shape)?;
        let mut table: &mut dyn TableLike = case;
        let Some((last, path)) = at.split_last() else { continue };
        for key in std::iter::once("expect").chain(path.iter().map(String::as_str)) {
            table = table_at(table, key)?;
        }
        match value {
            Some(value) => set(table, last, value)?,
            None => drop(table.remove(last)),
        }
    }
    Ok(document.to_string())
}

fn table_at<'a>(table: &'a mut dyn TableLike, key: &str) -> Result<&'a mut dyn TableLike, Refused> {
    if !table.contains_key(key) {
        table.insert(key, Item::Table(Table::new()));
    }
    table.get_mut(key).and_then(Item::as_table_like_mut).ok_or(Refused::Shape)
}

fn set(table: &mut dyn TableLike, key: &str, value: &Json) -> Result<(), Refused> {
    match table.get_mut(key) {
        Some(item) => change(item, value),
        None => {
            // Tables on lines of their own: findings are long.
            let item = match value {
                Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_object) => {
                    Item::ArrayOfTables(items.iter().map(fields).collect::<Result<_, _>>()?)
                }
                value => Item::Value(written(value)?),
            };
            table.insert(key, item);
            Ok(())
        }
    }
}

/// Makes an item say `wanted`, and leaves alone what of it does already.
fn change(item: &mut Item, wanted: &Json) -> Result<(), Refused> {
    match (&mut *item, wanted) {
        (Item::ArrayOfTables(tables), Json::Array(items)) if items.iter().all(Json::is_object) && !items.is_empty() => {
            change_tables(tables, items)
        }
        (Item::Value(Value::Array(array)), Json::Array(items)) => change_array(array, items),
        (Item::Table(table), Json::Object(_)) => change_fields(table, wanted),
        (Item::Value(Value::InlineTable(table)), Json::Object(_)) => change_fields(table, wanted),
        (Item::Value(value), wanted) => change_value(value, wanted),
        (item, wanted) => {
            *item = Item::Value(written(wanted)?);
            Ok(())
        }
    }
}

pub(crate) fn change_fields(table: &mut dyn TableLike, wanted: &Json) -> Result<(), Refused> {
    let Json::Object(fields) = wanted else { return Err(Refused::Shape) };
    let gone: Vec<String> =
        table.iter().map(|(key, _)| key.to_owned()).filter(|key| !fields.contains_key(key)).collect();
    gone.iter().for_each(|key| drop(table.remove(key)));
    for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        set(table, key, value)?;
    }
    Ok(())
}

pub(crate) fn change_value(value: &mut Value, wanted: &Json) -> Result<(), Refused> {
    match (&mut *value, wanted) {
        (Value::Array(array), Json::Array(items)) => return change_array(array, items),
        (Value::InlineTable(table), Json::Object(_)) => return change_fields(table, wanted),
        _ => {}
    }
    if !says(value, wanted) {
        let decor = value.decor().clone();
        *value = written(wanted)?;
        *value.decor_mut() = decor;
    }
    Ok(())
}

/// Whether a value says this already.
pub(crate) fn says(value: &Value, wanted: &Json) -> bool {
    match (value, wanted) {
        (Value::String(text), Json::String(wanted)) => text.value() == wanted,
        (Value::Integer(number), wanted) => wanted.as_i64() == Some(*number.value()),
        (Value::Float(number), Json::Number(wanted)) => !wanted.is_i64() && wanted.as_f64() == Some(*number.value()),
        (Value::Boolean(is_so), Json::Bool(wanted)) => is_so.value() == wanted,
        (Value::Array(array), Json::Array(items)) => {
            array.len() == items.len() && array.iter().zip(items).all(|(value, wanted)| says(value, wanted))
        }
        (Value::InlineTable(table), wanted) => says_fields(table, wanted),
        _ => false,
    }
}

/// The same of a table, in whatever notation.
pub(crate) fn says_fields(table: &dyn TableLike, wanted: &Json) -> bool {
    let Json::Object(fields) = wanted else { return false };
    let is_said = |(key, wanted): (&String, &Json)| match table.get(key) {
        Some(Item::Value(value)) => says(value, wanted),
        Some(Item::Table(table)) => says_fields(table, wanted),
        Some(Item::ArrayOfTables(tables)) => wanted.as_array().is_some_and(|items| {
            tables.len() == items.len() && tables.iter().zip(items).all(|(table, wanted)| says_fields(table, wanted))
        }),
        Some(Item::None) | None => false,
    };
    let mut wanted = fields.iter().filter(|(_, value)| !value.is_null());
    table.len() == wanted.clone().count() && wanted.all(is_said)
}

/// A table on lines of its own.
pub(crate) fn fields(value: &Json) -> Result<Table, Refused> {
    let mut table = Table::new();
    change_fields(&mut table, value)?;
    Ok(table)
}

/// A value in TOML's own notation.
pub(crate) fn written(value: &Json) -> Result<Value, Refused> {
    Ok(match value {
        Json::Null => return Err(Refused::Unwritable("a null in a list")),
        Json::Bool(is_so) => (*is_so).into(),
        Json::String(text) => text.into(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) if !number.is_u64() => float.into(),
            _ => return Err(Refused::Unwritable("so large a number")),
        },
        Json::Array(items) => Value::Array(items.iter().map(written).collect::<Result<_, _>>()?),
        Json::Object(fields) => {
            let mut table = InlineTable::new();
            for (key, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
                table.insert(key, written(value)?);
            }
            Value::InlineTable(table)
        }
    })
}
