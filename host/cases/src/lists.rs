//! Lists of a case file that are rewritten: items that stay keep their text, and with it the comments at them.

use crate::align::align;
use crate::update::{Refused, change_fields, change_value, fields, says, says_fields, written};
use serde_json::Value as Json;
use toml_edit::{Array, ArrayOfTables, RawString, Table, Value};

/// What stands around an item of a list: lines above it and the blanks before it, and the rest of its own line behind it.
#[derive(Clone, Default)]
struct Around {
    before: String,
    behind: String,
}

/// Makes `[[…]]` entries these ones.
pub(crate) fn change_tables(tables: &mut ArrayOfTables, items: &[Json]) -> Result<(), Refused> {
    let olds: Vec<Table> = tables.iter().cloned().collect();
    tables.clear();
    for pair in align(olds.len(), items.len(), |old, new| says_fields(&olds[old], &items[new])) {
        match pair {
            (Some(old), Some(new)) => {
                let mut table = olds[old].clone();
                change_fields(&mut table, &items[new])?;
                tables.push(table);
            }
            (None, Some(new)) => tables.push(fields(&items[new])?),
            (_, None) => {}
        }
    }
    Ok(())
}

/// Makes the items of `[…]` these ones.
pub(crate) fn change_array(array: &mut Array, items: &[Json]) -> Result<(), Refused> {
    let mut olds: Vec<Value> = array.iter().cloned().collect();
    let pairs = align(olds.len(), items.len(), |old, new| says(&olds[old], &items[new]));
    if pairs.iter().all(|(old, new)| old.is_some() && new.is_some()) {
        // As many as before: nothing moves.
        return array.iter_mut().zip(items).try_for_each(|(value, wanted)| change_value(value, wanted));
    }
    let Layout { open, around, close, has_comma } = Layout::take(array, &mut olds);
    let breaks = around.iter().find(|around| around.before.contains('\n')).map(|around| indent(&around.before));
    let first = around.first().filter(|first| !first.before.contains('\n')).map_or("", |first| first.before.as_str());
    let mut kept = Vec::new();
    for pair in pairs {
        match pair {
            (Some(old), Some(new)) => {
                let mut value = olds[old].clone();
                change_value(&mut value, &items[new])?;
                kept.push((around[old].clone(), value));
            }
            (None, Some(new)) => {
                let before = breaks.clone().unwrap_or_default();
                kept.push((Around { before, behind: String::new() }, written(&items[new])?));
            }
            (_, None) => {}
        }
    }
    array.clear();
    let mut line = open;
    for (at, (Around { before, behind }, mut value)) in kept.into_iter().enumerate() {
        let before = match () {
            () if before.contains('\n') => before,
            // Only the end of its line ends a comment.
            () if line.contains('#') => breaks.clone().unwrap_or_else(|| "\n".to_owned()),
            () if at == 0 => first.to_owned(),
            () => " ".to_owned(),
        };
        value.decor_mut().set_prefix(format!("{line}{before}"));
        array.push_formatted(value);
        line = behind;
    }
    let end = if line.contains('#') && !close.contains('\n') { "\n" } else { "" };
    array.set_trailing(format!("{line}{end}{close}"));
    array.set_trailing_comma(has_comma && !array.is_empty());
    Ok(())
}

/// The text between the items of a list.
struct Layout {
    /// The rest of the line on which the list begins.
    open: String,
    around: Vec<Around>,
    /// What stands above its end.
    close: String,
    has_comma: bool,
}

impl Layout {
    fn take(array: &Array, values: &mut [Value]) -> Self {
        let text = |raw: Option<&RawString>| raw.and_then(RawString::as_str).unwrap_or_default().to_owned();
        let mut end = text(Some(array.trailing()));
        if let Some(last) = values.last_mut().filter(|_| !array.trailing_comma()) {
            // No comma follows: what stands behind the last one stands above the end.
            end.insert_str(0, &text(last.decor().suffix()));
            last.decor_mut().set_suffix("");
        }
        let gaps = values.iter().map(|value| text(value.decor().prefix())).chain([end]);
        let (mut behind, above): (Vec<String>, Vec<String>) = gaps.map(|gap| split_line(&gap)).unzip();
        let open = behind.remove(0);
        let mut above = above.into_iter();
        let around = behind.into_iter().zip(above.by_ref()).map(|(behind, before)| Around { before, behind }).collect();
        Self { open, around, close: above.next().unwrap_or_default(), has_comma: array.trailing_comma() }
    }
}

/// What of a text belongs to the line before it; all of it stands in one line where it has no break.
fn split_line(text: &str) -> (String, String) {
    let Some(end) = text.find('\n') else { return (String::new(), text.to_owned()) };
    let end = if text[..end].ends_with('\r') { end - 1 } else { end };
    (text[..end].to_owned(), text[end..].to_owned())
}

/// A line's break and its indentation, without what else stood above an item.
fn indent(before: &str) -> String {
    let blanks = before.rsplit('\n').next().unwrap_or_default();
    format!("\n{}", blanks.chars().take_while(|blank| matches!(blank, ' ' | '\t')).collect::<String>())
}
