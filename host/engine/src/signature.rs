//! A function's type as WIT writes it, for people: bounded, since a component chooses how large it is.

use skillhost_core::text::escape_terminal;
use std::fmt::{self, Write};
use wasmtime::component::types::{ComponentFunc, Type};

/// Longest signature that is told, in characters.
const MAX_CHARS: usize = 300;
/// Types within types that are told.
const MAX_DEPTH: u32 = 6;

/// The signature, escaped; types without their names, which a component doesn't tell.
pub(crate) fn of(function: &ComponentFunc) -> String {
    let mut text = Bounded(String::new());
    // It ends where there is no more room.
    let _ = write(&mut text, function);
    escape_terminal(&text.0, MAX_CHARS).to_string()
}

/// A text that takes no more than is told of it.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > MAX_CHARS * 4 { Err(fmt::Error) } else { Ok(()) }
    }
}

fn write(to: &mut Bounded, function: &ComponentFunc) -> fmt::Result {
    to.write_str(if function.async_() { "async func(" } else { "func(" })?;
    for (at, (name, of)) in function.params().enumerate() {
        write!(to, "{}{name}: ", if at > 0 { ", " } else { "" })?;
        write_type(to, &of, 0)?;
    }
    to.write_str(")")?;
    for result in function.results() {
        to.write_str(" -> ")?;
        write_type(to, &result, 0)?;
    }
    Ok(())
}

fn write_type(to: &mut Bounded, of: &Type, depth: u32) -> fmt::Result {
    if depth > MAX_DEPTH {
        return to.write_str("…");
    }
    let inner = |to: &mut Bounded, of: &Type| write_type(to, of, depth + 1);
    let list = |to: &mut Bounded, word: &str, members: &mut dyn Iterator<Item = (&str, Option<Type>, bool)>| {
        write!(to, "{word} {{ ")?;
        for (at, (name, of, is_field)) in members.enumerate() {
            write!(to, "{}{name}", if at > 0 { ", " } else { "" })?;
            if let Some(of) = of {
                to.write_str(if is_field { ": " } else { "(" })?;
                inner(to, &of)?;
                to.write_str(if is_field { "" } else { ")" })?;
            }
        }
        to.write_str(" }")
    };
    let simple = match of {
        Type::Bool => "bool",
        Type::S8 => "s8",
        Type::U8 => "u8",
        Type::S16 => "s16",
        Type::U16 => "u16",
        Type::S32 => "s32",
        Type::U32 => "u32",
        Type::S64 => "s64",
        Type::U64 => "u64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::Own(_) => "own<resource>",
        Type::Borrow(_) => "borrow<resource>",
        Type::List(items) => {
            to.write_str("list<")?;
            inner(to, &items.ty())?;
            ">"
        }
        Type::Option(some) => {
            to.write_str("option<")?;
            inner(to, &some.ty())?;
            ">"
        }
        Type::Result(result) => {
            to.write_str("result")?;
            match (result.ok(), result.err()) {
                (None, None) => "",
                (ok, err) => {
                    to.write_str("<")?;
                    match ok {
                        Some(ok) => inner(to, &ok)?,
                        None => to.write_str("_")?,
                    }
                    if let Some(err) = err {
                        to.write_str(", ")?;
                        inner(to, &err)?;
                    }
                    ">"
                }
            }
        }
        Type::Tuple(tuple) => {
            to.write_str("tuple<")?;
            for (at, of) in tuple.types().enumerate() {
                to.write_str(if at > 0 { ", " } else { "" })?;
                inner(to, &of)?;
            }
            ">"
        }
        Type::Record(record) => {
            return list(to, "record", &mut record.fields().map(|field| (field.name, Some(field.ty), true)));
        }
        Type::Variant(variant) => {
            return list(to, "variant", &mut variant.cases().map(|case| (case.name, case.ty, false)));
        }
        Type::Enum(names) => return list(to, "enum", &mut names.names().map(|name| (name, None, false))),
        Type::Flags(names) => return list(to, "flags", &mut names.names().map(|name| (name, None, false))),
        // Not compiled in, or not in WASI 0.2.
        _ => "another type",
    };
    to.write_str(simple)
}
