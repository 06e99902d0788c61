//! What the model claims: findings and verdicts, as it reported them, before anything was checked.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::{Severity, ToolDefinition, schema};

/// A report, unchecked.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Claims {
    pub(crate) findings: Vec<Claim>,
    #[serde(default)]
    pub(crate) verdicts: Vec<ClaimedVerdict>,
    #[serde(default)]
    pub(crate) lenses_checked: Vec<String>,
}

/// A finding, unchecked.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Claim {
    pub(crate) severity: ClaimedSeverity,
    pub(crate) category: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) line: Option<u32>,
    pub(crate) quote: String,
    #[serde(default)]
    pub(crate) trigger: Option<String>,
    pub(crate) message: String,
    #[serde(default)]
    pub(crate) suggestion: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClaimedSeverity {
    Nit,
    Minor,
    Major,
    Blocker,
}

impl From<ClaimedSeverity> for Severity {
    fn from(severity: ClaimedSeverity) -> Severity {
        match severity {
            ClaimedSeverity::Nit => Severity::Nit,
            ClaimedSeverity::Minor => Severity::Minor,
            ClaimedSeverity::Major => Severity::Major,
            ClaimedSeverity::Blocker => Severity::Blocker,
        }
    }
}

/// A decision over an earlier finding, unchecked.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ClaimedVerdict {
    pub(crate) finding: String,
    pub(crate) closed: bool,
    #[serde(default)]
    pub(crate) reason: String,
}

/// The tool that ends a review.
pub(crate) fn definition() -> ToolDefinition {
    let finding = schema::object(&[
        ("severity", schema::choice("", &["blocker", "major", "minor", "nit"])),
        ("category", schema::text("The lens that found it: routing, caching, consent, …")),
        ("path", schema::text("The file that the quote is from.")),
        ("line", schema::integer_or_null("The quote's first line.")),
        ("quote", schema::text("Verbatim text from that place; for an omission, the rule or sentence that it breaks.")),
        ("trigger", schema::text_or_null("The input, order of events or state that makes it happen.")),
        ("message", schema::text("What goes wrong then, and for whom.")),
        ("suggestion", schema::text_or_null("The smallest fix.")),
    ]);
    let verdict = schema::object(&[
        ("finding", schema::text("The id of an earlier finding.")),
        ("closed", json!({"type": "boolean"})),
        ("reason", schema::text("What you saw that decides it.")),
    ]);
    schema::tool(
        "report",
        "Ends the review. Call it once, with everything.",
        &[
            ("findings", schema::list("Most severe first; empty where nothing was found.", finding)),
            (
                "verdicts",
                schema::list("One for each earlier finding that needs yours; empty where none does.", verdict),
            ),
            (
                "lenses_checked",
                schema::list("Names of those of your lenses that you looked through.", schema::text("")),
            ),
        ],
    )
}

/// The report in a call's arguments; an error is for the model.
pub(crate) fn from_arguments(arguments: &Arguments) -> Result<Claims, String> {
    read(json!({
        "findings": arguments.items("findings"),
        "verdicts": arguments.items("verdicts"),
        "lenses_checked": arguments.texts("lenses_checked"),
    }))
}

/// The report in a text that is JSON, perhaps between fences.
pub(crate) fn from_text(text: &str) -> Result<Claims, String> {
    json_in(text)
}

/// What a text holds that is JSON, perhaps between fences.
pub(crate) fn json_in<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let text = text.trim().trim_start_matches("```json").trim_matches('`').trim();
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The reports of all groups as one, in their order.
pub(crate) fn joined(reports: Vec<Claims>) -> Claims {
    let mut all = Claims::default();
    for report in reports {
        all.findings.extend(report.findings);
        all.verdicts.extend(report.verdicts);
        all.lenses_checked.extend(report.lenses_checked);
    }
    all
}

fn read(report: Value) -> Result<Claims, String> {
    serde_json::from_value(report).map_err(|error| format!("The report was not taken, since it does not fit: {error}."))
}
