//! The table of what differs, and why: `differences.toml`.

use crate::root;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// All that differs on purpose.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Differences {
    pub(crate) reason: BTreeMap<String, Reason>,
    #[serde(rename = "difference")]
    differences: BTreeMap<String, Difference>,
}

/// Why the guard answers otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) title: String,
    pub(crate) text: String,
}

/// A case in which it does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    pub(crate) reason: String,
    /// What the guard answers to the steps that differ.
    pub(crate) guard: BTreeMap<String, String>,
}

impl Differences {
    pub(crate) fn read() -> Result<Self> {
        let file = root().join("tests/conformance/differences.toml");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> Result<Self> {
        let table: Self = toml::from_str(text)?;
        let used: BTreeSet<&String> = table.differences.values().map(|difference| &difference.reason).collect();
        let known: BTreeSet<&String> = table.reason.keys().collect();
        ensure!(used == known, "reasons that are used and not given, or given and not used: {:?}", &used ^ &known);
        Ok(table)
    }

    pub(crate) fn of(&self, case: &str) -> Option<&Difference> {
        self.differences.get(case)
    }

    /// Each case that is listed is one.
    pub(crate) fn check_cases(&self, exists: impl Fn(&str) -> bool) -> Result<()> {
        let unknown: Vec<_> = self.differences.keys().filter(|case| !exists(case)).collect();
        ensure!(unknown.is_empty(), "no such cases, in differences.toml: {unknown:?}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REASON: &str = "[reason.links]\ntitle = \"Links\"\ntext = \"Why.\"\n";

    #[test]
    fn a_reason_is_given_once_and_used() {
        let used = "[difference.\"p2/a/b\"]\nreason = \"links\"\nguard = { link = \"no\" }\n";
        let table = Differences::parse(&format!("{REASON}{used}")).expect("whole");
        assert_eq!(table.of("p2/a/b").expect("listed").guard["link"], "no");
        assert!(table.check_cases(|case| case == "p2/a/b").is_ok());
        assert!(table.check_cases(|_| false).is_err());
        assert!(Differences::parse(&format!("{REASON}[difference]")).is_err());
        assert!(Differences::parse(&format!("[reason]\n{used}")).is_err());
    }
}
