//! Findings of reviews, from the moment they are raised until a reviewer closes them.
//!
//! The host gives the ids and checks the quotes. Only a reviewer's verdict closes a finding: an author can answer, and
//! has no way to close. What nobody decided stays open.

mod quote;

use serde::{Deserialize, Serialize};
use skillhost_core::path::SkillPath;
use skillhost_core::phase::Phase;

/// Findings that are kept of one review: more than that is noise. The severest are kept.
pub const MAX_PER_REVIEW: usize = 50;
/// Longest message, suggestion, answer or reason, in characters.
pub const MAX_TEXT_CHARS: usize = 4000;

/// How bad it is; ordered from least to most severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A matter of taste.
    Nit,
    /// Should be fixed.
    Minor,
    /// A defect on a realistic path: goes back to the author, and keeps a pull request a draft.
    Major,
    /// Merging it does damage: ends the run where it stays open.
    Blocker,
}

/// What a check of the quote showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quote {
    /// The quoted text stands at the place.
    Found,
    /// It does not: the finding was sunk to minor.
    NotFound,
    /// Nothing was quoted, so there was nothing to check.
    None,
}

/// Where a finding points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The file.
    pub path: SkillPath,
    /// 1-based.
    pub line: Option<u32>,
}

/// A finding as a reviewer returned it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// How bad the reviewer takes it to be.
    pub severity: Severity,
    /// What it is about.
    pub category: String,
    /// The file and line, as the reviewer spelled them.
    pub at: Option<(String, Option<u32>)>,
    /// Verbatim text at that place.
    pub quote: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub suggestion: Option<String>,
}

/// A finding in the host's records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `F1`, `F2`, …, in the order in which they were raised.
    pub id: String,
    /// The review that raised it.
    pub phase: Phase,
    /// That review's round, 1-based.
    pub round: u32,
    /// How bad it is, after the check of its quote.
    pub severity: Severity,
    /// What it is about.
    pub category: String,
    /// Where; none where the place is not a path of the worktree either.
    pub at: Option<Location>,
    /// Text at that place.
    pub quote: Option<String>,
    /// What the check of the quote showed.
    pub checked: Quote,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub suggestion: Option<String>,
    /// What the author said, oldest first.
    pub answers: Vec<Answer>,
    /// What reviewers decided, oldest first; the last one holds.
    pub verdicts: Vec<Verdict>,
}

/// What an author said to a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The round that it belongs to.
    pub round: u32,
    /// What was said.
    pub text: String,
}

/// What a reviewer decided over a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The review that decided.
    pub phase: Phase,
    /// Its round.
    pub round: u32,
    /// Whether the finding is closed.
    pub closed: bool,
    /// Why.
    pub reason: String,
}

/// All findings of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Findings {
    list: Vec<Finding>,
}

/// What follows a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Go on; majors that stayed open keep the pull request a draft.
    GoOn,
    /// Blockers or majors go back to the author.
    Back,
    /// The rounds are used up and a blocker is open: the run ends.
    End,
}

impl Finding {
    /// Whether the last reviewer who decided left it open, or none decided.
    pub fn is_open(&self) -> bool {
        !self.verdicts.last().is_some_and(|verdict| verdict.closed)
    }
}

impl Findings {
    /// Takes in a review: first its verdicts over earlier findings, then what it raises itself, so that no review can
    /// decide over its own findings. Gives how many findings beyond [`MAX_PER_REVIEW`] were dropped; ids that name no
    /// finding are nobody's.
    ///
    /// `versions` gives the texts of a file as the reviewer could see them: the proposed one and the base's.
    pub fn review(
        &mut self,
        phase: Phase,
        round: u32,
        verdicts: Vec<(String, bool, String)>,
        mut raised: Vec<Raised>,
        versions: impl Fn(&SkillPath) -> Vec<String>,
    ) -> usize {
        for (id, closed, reason) in verdicts {
            let reason = short(&reason);
            if let Some(finding) = self.find(&id) {
                finding.verdicts.push(Verdict { phase, round, closed, reason });
            }
        }
        let dropped = raised.len().saturating_sub(MAX_PER_REVIEW);
        if dropped > 0 {
            raised.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            raised.truncate(MAX_PER_REVIEW);
        }
        for finding in raised {
            let id = format!("F{}", self.list.len() + 1);
            self.list.push(checked(id, phase, round, finding, &versions));
        }
        dropped
    }

    /// Takes in what an author says. An answer closes nothing.
    pub fn answer(&mut self, round: u32, answers: Vec<(String, String)>) {
        for (id, text) in answers {
            if let Some(finding) = self.find(&id) {
                finding.answers.push(Answer { round, text: short(&text) });
            }
        }
    }

    /// All of them, in the order of their ids.
    pub fn all(&self) -> &[Finding] {
        &self.list
    }

    /// The open ones that are at least this severe.
    pub fn open(&self, least: Severity) -> impl Iterator<Item = &Finding> {
        self.list.iter().filter(move |finding| finding.severity >= least && finding.is_open())
    }

    /// What follows the review of `round` (1-based) of at most `rounds`.
    pub fn next(&self, round: u32, rounds: u32) -> Next {
        match self.open(Severity::Major).map(|finding| finding.severity).max() {
            None => Next::GoOn,
            Some(_) if round < rounds => Next::Back,
            Some(Severity::Blocker) => Next::End,
            Some(_) => Next::GoOn,
        }
    }

    fn find(&mut self, id: &str) -> Option<&mut Finding> {
        self.list.iter_mut().find(|finding| finding.id == id.trim())
    }
}

/// Gives a raised finding its id, and sinks it to minor where its quote does not stand where it says.
///
/// A finding without a quote keeps its severity: what is missing can't be quoted, and to drop it would let a blocker
/// through.
fn checked(
    id: String,
    phase: Phase,
    round: u32,
    raised: Raised,
    versions: &impl Fn(&SkillPath) -> Vec<String>,
) -> Finding {
    let at = raised.at.and_then(|(path, line)| {
        let path = path.strip_prefix("/repo/").unwrap_or(&path);
        Some(Location { path: SkillPath::parse(path).ok()?, line })
    });
    let quoted = raised.quote.filter(|quote| !quote.trim().is_empty());
    let checked = match (&quoted, &at) {
        (None, _) => Quote::None,
        (Some(_), None) => Quote::NotFound,
        (Some(quote), Some(at)) => {
            let found = versions(&at.path).iter().any(|text| quote::stands_at(text, at.line, quote));
            if found { Quote::Found } else { Quote::NotFound }
        }
    };
    let severity = match checked {
        Quote::NotFound => raised.severity.min(Severity::Minor),
        _ => raised.severity,
    };
    Finding {
        id,
        phase,
        round,
        severity,
        category: raised.category.chars().take(60).collect(),
        at,
        quote: quoted.map(|quote| short(&quote)),
        checked,
        message: short(&raised.message),
        suggestion: raised.suggestion.map(|suggestion| short(&suggestion)),
        answers: Vec::new(),
        verdicts: Vec::new(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}

impl Severity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Nit => "nit",
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Blocker => "blocker",
        }
    }
}

#[cfg(test)]
mod tests;
