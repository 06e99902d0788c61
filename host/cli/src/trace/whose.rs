//! Whose a call is: the case, or the run, agent, phase and round that it belongs to, and the skill.

use super::masked;
use super::text::shown;
use serde_json::{Map, Value, json};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::span::Attributes;

/// What the spans around a call say, the outermost first.
#[derive(Debug, Clone, Default)]
pub(super) struct Whose(Vec<(&'static str, Value)>);

impl Whose {
    /// This, and what one more span says.
    pub(super) fn and(&self, attributes: &Attributes<'_>) -> Self {
        let mut whose = self.clone();
        attributes.record(&mut whose);
        whose
    }

    /// For programs.
    pub(super) fn keys(&self) -> Map<String, Value> {
        self.0.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}

/// For people.
impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.0.iter().enumerate() {
            let between = if at == 0 { "" } else { " · " };
            match value {
                Value::String(text) => write!(f, "{between}{text}")?,
                // A number alone says nothing.
                value => write!(f, "{between}{name} {value}")?,
            }
        }
        Ok(())
    }
}

impl Visit for Whose {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.push((field.name(), json!(value)));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), json!(shown(&masked(value)))));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
