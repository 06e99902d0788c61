//! A brief, as a case tells it: what it leaves out is empty.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

/// What the skill is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    goal: String,
    #[serde(default)]
    conventions: Vec<Document>,
    spec: Option<Document>,
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    criteria: Vec<Criterion>,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    answers: Vec<Answer>,
    #[serde(default)]
    gates: Vec<Gate>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    path: String,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    id: String,
    title: String,
    #[serde(default)]
    instructions: String,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    after: Vec<String>,
    #[serde(default)]
    criteria: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Criterion {
    id: String,
    statement: String,
    command: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    id: String,
    #[serde(serialize_with = "as_variant")]
    severity: Severity,
    #[serde(default)]
    category: String,
    at: Option<Location>,
    quote: Option<String>,
    message: String,
    suggestion: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Location {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the contract's words")]
pub enum Severity {
    Nit,
    Minor,
    Major,
    Blocker,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    finding: String,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Gate {
    evidence: String,
    name: String,
    exit_code: Option<i32>,
    tests: Option<u32>,
    #[serde(default)]
    output: String,
}

impl Brief {
    /// The brief as the contract has it, in JSON.
    pub fn to_contract(&self, base: &str) -> Value {
        let mut brief = json!(self);
        for (key, value) in [("run", "case"), ("agent", "main"), ("base", base)] {
            brief[key] = Value::from(value);
        }
        brief
    }

    /// Whether there is a spec that could be reviewed.
    pub fn has_spec(&self) -> bool {
        self.spec.is_some()
    }
}

/// In JSON, the contract's words are spelled as its Rust types spell them.
fn as_variant<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match severity {
        Severity::Nit => "Nit",
        Severity::Minor => "Minor",
        Severity::Major => "Major",
        Severity::Blocker => "Blocker",
    })
}
