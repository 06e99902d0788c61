//! What a case did, step by step: what came of each, in words that both hosts share, and what should have.

use serde_json::{Value, json};
use skillhost_sdk::Error;

/// One behaviour, with its name. It finds `/repo` as the host prepared it, and may do there what it likes.
pub type Case = (&'static str, fn(&mut Steps));

/// Cases by the names of their functions.
#[macro_export]
macro_rules! cases {
    ($($case:ident),* $(,)?) => { &[$((stringify!($case), $case as fn(&mut $crate::steps::Steps))),*] };
}

/// The steps of a case so far.
#[derive(Default)]
pub struct Steps(Vec<Value>);

impl Steps {
    /// A step: what was done, what came of it, and what should.
    pub fn is(&mut self, what: &str, got: impl Outcome, want: &str) {
        self.0.push(json!({ "what": what, "got": got.text(), "want": want }));
    }
}

/// What can come of a step, as text.
pub trait Outcome {
    /// The value, or the name of the error.
    fn text(self) -> String;
}

impl Outcome for () {
    fn text(self) -> String {
        "ok".into()
    }
}

macro_rules! displayed {
    ($($kind:ty),*) => { $(impl Outcome for $kind {
        fn text(self) -> String {
            self.to_string()
        }
    })* };
}
displayed!(bool, u8, u32, u64, usize, String, &str);

impl Outcome for Vec<u8> {
    fn text(self) -> String {
        String::from_utf8_lossy(&self).into_owned()
    }
}

impl Outcome for Vec<String> {
    fn text(self) -> String {
        self.join(" ")
    }
}

impl<T: Outcome, E: Outcome> Outcome for Result<T, E> {
    fn text(self) -> String {
        self.map_or_else(Outcome::text, Outcome::text)
    }
}

impl<T: Outcome> Outcome for Option<T> {
    fn text(self) -> String {
        self.map_or_else(|| "none".into(), Outcome::text)
    }
}

impl Outcome for std::io::Error {
    fn text(self) -> String {
        format!("{:?}", self.kind())
    }
}

/// Bytes that don't repeat soon, the same ones each time.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Answers the tools `cases` and `case`.
pub fn answer(groups: &[(&str, &[Case])], tool: &str, arguments: &str) -> Result<String, Error> {
    let all =
        groups.iter().flat_map(|(group, cases)| cases.iter().map(move |(name, run)| (format!("{group}/{name}"), run)));
    if tool == "cases" {
        return Ok(json!(all.map(|(name, _)| name).collect::<Vec<_>>()).to_string());
    }
    let arguments: Value = serde_json::from_str(arguments).map_err(|e| Error::Invalid(e.to_string()))?;
    let wanted = arguments["name"].as_str().unwrap_or_default();
    let (_, run) =
        all.into_iter().find(|(name, _)| name == wanted).ok_or_else(|| Error::Invalid("no such case".into()))?;
    let mut steps = Steps::default();
    run(&mut steps);
    Ok(Value::Array(steps.0).to_string())
}
