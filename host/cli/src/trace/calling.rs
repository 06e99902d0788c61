//! One call, from when it is made to its answer.

use super::text::Fields;
use super::whose::Whose;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use tracing::Event;
use tracing::span::Attributes;

/// A call of a skill to the host.
pub(super) struct Calling {
    /// The interface, without its version.
    import: String,
    function: String,
    arguments: Fields,
    began: Option<Instant>,
    answer: Option<(String, Duration)>,
}

impl Calling {
    /// One that is about to be made.
    pub(super) fn new(attributes: &Attributes<'_>) -> Self {
        let mut fields = Fields::of(|fields| attributes.record(fields));
        Self {
            import: import(attributes.metadata().target()),
            function: fields.take("function").unwrap_or_default(),
            arguments: Fields::default(),
            began: None,
            answer: None,
        }
    }

    /// Takes what is told of it; whether that was its answer.
    pub(super) fn take(&mut self, event: &Event<'_>) -> bool {
        // First, since to write the answer out takes longer than many calls.
        let now = crate::ambient::now();
        let mut fields = Fields::of(|fields| event.record(fields));
        match fields.take("message").as_deref() {
            Some("call") => {
                self.arguments = fields;
                self.began = Some(now);
                false
            }
            Some("return") => {
                let took = self.began.map(|began| now.duration_since(began)).unwrap_or_default();
                self.answer = Some((without_ok(&fields.take("result").unwrap_or_default()).to_owned(), took));
                true
            }
            _ => false,
        }
    }

    /// Whether it was made and has no answer.
    pub(super) fn is_open(&self) -> bool {
        self.began.is_some() && self.answer.is_none()
    }

    /// For people.
    pub(super) fn line(&self, whose: &Whose) -> String {
        let arguments = self.arguments.0.iter().map(|(name, value)| format!("{}: {value}", name.replace('_', "-")));
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        let ended = match &self.answer {
            Some((answer, took)) => format!("{answer} · {}", shown(*took)),
            None => "no answer: it ended the call".to_owned(),
        };
        format!("{whose} · {}.{}({arguments}) → {ended}", self.import, self.function)
    }

    /// The same for programs.
    pub(super) fn document(&self, whose: &Whose) -> Value {
        let arguments: Map<String, Value> =
            self.arguments.0.iter().map(|(name, value)| (name.replace('_', "-"), json!(value))).collect();
        let (result, took) = self.answer.as_ref().map(|(answer, took)| (answer, took.as_nanos())).unzip();
        let call = [
            ("import", json!(self.import)),
            ("function", json!(self.function)),
            ("arguments", Value::Object(arguments)),
            ("result", json!(result)),
            ("duration_ns", json!(took.map(|took| u64::try_from(took).unwrap_or(u64::MAX)))),
        ];
        let mut document = whose.keys();
        document.extend(call.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(document)
    }
}

/// `skillhost:skill/log`, from the path of the module that `bindgen!` made for it.
fn import(module: &str) -> String {
    let mut parts = module.rsplit("::").map(|part| part.trim_end_matches('_').replace('_', "-"));
    let (interface, package, namespace) = (parts.next(), parts.next(), parts.next());
    let [interface, package, namespace] = [interface, package, namespace].map(Option::unwrap_or_default);
    format!("{namespace}:{package}/{interface}")
}

/// What the guest is given; around it is whether the call goes on.
fn without_ok(result: &str) -> &str {
    result.strip_prefix("Ok(").map_or(result, |rest| rest.strip_suffix(')').unwrap_or(rest))
}

fn shown(took: Duration) -> String {
    match took.as_micros() {
        0..10_000 => format!("{} µs", took.as_micros()),
        _ => format!("{} ms", took.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_told_as_the_contract_names_it() {
        assert_eq!(import("skillhost_engine::contract::skillhost::skill::log"), "skillhost:skill/log");
        assert_eq!(import("wasmtime_wasi::p2::bindings::wasi::clocks::monotonic_clock"), "wasi:clocks/monotonic-clock");
        assert_eq!(import("x"), ":/x");
    }

    #[test]
    fn a_result_is_what_the_guest_is_given() {
        assert_eq!(without_ok("Ok(Err(Error::Cancelled))"), "Err(Error::Cancelled)");
        assert_eq!(without_ok("Ok(())"), "()");
        assert_eq!(without_ok("Ok([\"a…"), "[\"a…");
        assert_eq!(without_ok("Err(x)"), "Err(x)");
    }
}
