//! {{name}}: reads a spec or a change with adversarial intent. A finding quotes the place that it is about, and the host checks
//! that the text is there.

use skillhost_sdk::review::{Report, Subject, Verdict};
use skillhost_sdk::{Brief, ChangeKind, Error, Finding, Host, Location, Review, Severity};

/// What a change should not leave behind.
const MARK: &str = "TODO";

struct Skill;

impl Review for Skill {
    fn review(host: &dyn Host, brief: Brief, subject: Subject) -> Result<Report, Error> {
        let mut findings = Vec::new();
        if let Subject::Change = subject {
            for change in host.changes()?.into_iter().filter(|change| change.kind != ChangeKind::Deleted) {
                let Ok(bytes) = host.load(&change.path) else { continue };
                findings.extend(left_to_do(&change.path, &String::from_utf8_lossy(&bytes)));
            }
        }
        // What it found before and doesn't find any more is done.
        let is_closed = |finding: &Finding| !findings.iter().any(|now: &Finding| now.quote == finding.quote);
        let verdicts = brief.findings.iter().map(|finding| Verdict {
            finding: finding.id.clone(),
            closed: is_closed(finding),
            reason: "looked for again".to_owned(),
        });
        let verdicts = verdicts.collect();
        Ok(Report { findings, verdicts })
    }
}

fn left_to_do(path: &str, text: &str) -> Vec<Finding> {
    let marked = text.lines().enumerate().filter(|(_, line)| line.contains(MARK));
    let finding = |(index, line): (usize, &str)| Finding {
        id: String::new(),
        severity: Severity::Minor,
        category: "unfinished".to_owned(),
        at: Some(Location { path: path.to_owned(), line: u32::try_from(index + 1).ok() }),
        quote: Some(line.to_owned()),
        message: format!("{path} still has something to do."),
        suggestion: None,
    };
    marked.map(finding).collect()
}

skillhost_sdk::export_review!(Skill);

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    #[test]
    fn what_is_left_to_do_is_found() {
        let host = mock::Host::new().committed("src/a.rs", "fn a() {}\n// TODO: b\n");
        let report = Skill::review(&host, mock::brief("Add a"), Subject::Change).unwrap();
        assert_eq!(report.findings[0].at, Some(Location { path: "src/a.rs".to_owned(), line: Some(2) }));
        assert_eq!(report.findings[0].quote.as_deref(), Some("// TODO: b"));
    }
}
