//! From claims to findings: what can't be checked is dropped, what has no trigger is minor, what says the same is merged, and
//! there are not too many.

use std::cmp::Reverse;

use skillhost_sdk::clip::{clip, head};
use skillhost_sdk::{Finding, Location, Severity, path};

use crate::place::Places;
use crate::report::Claim;

/// A list that nobody reads to its end helps nobody. All blockers are reported.
const MAX_MAJORS: usize = 10;
const MAX_MINORS: usize = 5;
const MAX_NITS: usize = 3;
/// So near to each other, two findings of one category are one.
const MERGED_LINES: u32 = 5;
/// Longest text of a field, in bytes.
const MAX_TEXT_BYTES: usize = 2_000;
/// Longest category, in characters.
const MAX_CATEGORY: usize = 40;

/// The model's claims that hold, most severe first, and why the rest does not; what is open from earlier is not reported again.
pub(crate) fn triage(claims: Vec<Claim>, open: &[Finding], places: &Places<'_>) -> (Vec<Finding>, Vec<String>) {
    let mut told = Vec::new();
    let mut examined: Vec<Finding> = Vec::new();
    for claim in claims {
        match examine(claim, places) {
            Err(reason) => told.push(reason),
            Ok(finding) => examined.push(finding),
        }
    }
    // Of two that are the same, the more severe one stays.
    examined.sort_by_key(|finding| Reverse(finding.severity));
    let mut findings: Vec<Finding> = Vec::new();
    for finding in examined {
        if open.iter().any(|known| is_same(known, &finding)) {
            told.push(format!("{} is open already", name(&finding)));
        } else if let Some(known) = findings.iter_mut().find(|known| is_near(known, &finding)) {
            told.push(format!("{} is merged with {}", name(&finding), name(known)));
            merge(known, &finding);
        } else {
            findings.push(finding);
        }
    }
    cap(&mut findings, &mut told);
    (findings, told)
}

/// What is reported in the end: the findings that were not refuted, and the hits of the checks that are not open.
pub(crate) fn completed(
    mut findings: Vec<Finding>,
    mut hits: Vec<Finding>,
    open: &[Finding],
    told: &mut Vec<String>,
) -> Vec<Finding> {
    hits.retain(|hit| !open.iter().any(|known| is_same(known, hit)));
    // Each has its own room: a program's many small remarks crowd out no finding.
    for list in [&mut findings, &mut hits] {
        list.sort_by_key(|finding| Reverse(finding.severity));
        cap(list, told);
    }
    findings.extend(hits);
    findings.sort_by_key(|finding| Reverse(finding.severity));
    findings
}

/// Takes out what is beyond the most that is reported of a severity.
fn cap(findings: &mut Vec<Finding>, told: &mut Vec<String>) {
    for (severity, most) in [(Severity::Major, MAX_MAJORS), (Severity::Minor, MAX_MINORS), (Severity::Nit, MAX_NITS)] {
        let mut count = 0;
        findings.retain(|finding| {
            count += usize::from(finding.severity == severity);
            let keeps = finding.severity != severity || count <= most;
            if !keeps {
                told.push(format!("{} is beyond what one review reports", name(finding)));
            }
            keeps
        });
    }
}

fn examine(claim: Claim, places: &Places<'_>) -> Result<Finding, String> {
    let trigger = claim.trigger.as_deref().map(str::trim).filter(|trigger| !trigger.is_empty());
    let severity = match trigger {
        Some(_) => claim.severity.into(),
        None => Severity::from(claim.severity).min(Severity::Minor),
    };
    let place = claim.line.map_or_else(|| claim.path.clone(), |line| format!("{}:{line}", claim.path));
    if claim.message.trim().is_empty() {
        return Err(format!("a finding at {place} says nothing"));
    }
    let found = places
        .locate(&claim.path, &claim.quote, claim.line)
        .ok_or_else(|| format!("a finding at {place} quotes what is not there"))?;
    let path = path::clean(&claim.path)?;
    let trigger = trigger.map(|trigger| format!("\n\nTrigger: {trigger}")).unwrap_or_default();
    Ok(Finding {
        id: String::new(),
        severity,
        category: category(&claim.category),
        at: Some(Location { path, line: Some(found.line) }),
        quote: Some(head(&found.quote, MAX_TEXT_BYTES).to_owned()),
        message: clip(&format!("{}{trigger}", claim.message.trim()), MAX_TEXT_BYTES),
        suggestion: claim
            .suggestion
            .filter(|text| !text.trim().is_empty())
            .map(|text| clip(text.trim(), MAX_TEXT_BYTES)),
    })
}

/// Whether two findings are about the same place for the same reason. Lines move; quotes stay.
pub(crate) fn is_same(a: &Finding, b: &Finding) -> bool {
    let path = |finding: &Finding| finding.at.as_ref().map(|at| at.path.clone());
    a.category == b.category && a.quote == b.quote && path(a) == path(b)
}

/// Whether two findings have one category and stand within a few lines of each other.
fn is_near(a: &Finding, b: &Finding) -> bool {
    let near = |a: &Location, b: &Location| {
        let lines = a.line.zip(b.line);
        a.path == b.path && lines.is_some_and(|(a, b)| a.abs_diff(b) <= MERGED_LINES)
    };
    a.category == b.category && a.at.as_ref().zip(b.at.as_ref()).is_some_and(|(a, b)| near(a, b))
}

/// Adds what the other one says, where it says something else.
fn merge(known: &mut Finding, other: &Finding) {
    if !known.message.contains(&other.message) {
        let line = other.at.as_ref().and_then(|at| at.line).unwrap_or_default();
        known.message = clip(&format!("{}\n\nLine {line}: {}", known.message, other.message), MAX_TEXT_BYTES);
    }
}

fn name(finding: &Finding) -> String {
    let place = finding.at.as_ref().map(|at| format!("{}:{}", at.path, at.line.unwrap_or_default()));
    format!("a finding at {}", place.unwrap_or_default())
}

/// `Failure modes` and `failure_modes` are one category, and none of them is that of a check.
pub(crate) fn category(text: &str) -> String {
    let words = text.to_lowercase();
    let words: Vec<&str> = words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.join("-").chars().take(MAX_CATEGORY).collect::<String>() {
        empty if empty.is_empty() => "other".into(),
        category => category,
    }
}
