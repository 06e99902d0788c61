//! {{name}}: judges what the gates showed. The host ran them already; a check counts only with the evidence of one.

use skillhost_sdk::{Brief, Check, CheckOutcome, Criterion, Error, Gate, Host, Verify};

struct Skill;

impl Verify for Skill {
    fn verify(_host: &dyn Host, brief: Brief) -> Result<Vec<Check>, Error> {
        Ok(brief.criteria.iter().map(|criterion| check(criterion, &brief.gates)).collect())
    }
}

/// A criterion holds where its own command ran, each time with exit code 0.
fn check(criterion: &Criterion, gates: &[Gate]) -> Check {
    let shown: Vec<&Gate> = gates.iter().filter(|gate| Some(&gate.name) == criterion.command.as_ref()).collect();
    let outcome = if shown.is_empty() {
        CheckOutcome::NotRun
    } else if shown.iter().all(|gate| gate.exit_code == Some(0)) {
        CheckOutcome::Passed
    } else {
        CheckOutcome::Failed
    };
    Check {
        id: criterion.id.clone(),
        outcome,
        evidence: shown.iter().map(|gate| gate.evidence.clone()).collect(),
        detail: format!("{} of its command", shown.len()),
    }
}

skillhost_sdk::export_verify!(Skill);

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    #[test]
    fn nothing_is_shown_without_a_command() {
        let mut brief = mock::brief("Greet everybody");
        brief.criteria.push(Criterion { id: "C1".to_owned(), statement: "It greets".to_owned(), command: None });
        let checks = Skill::verify(&mock::Host::new(), brief).unwrap();
        assert_eq!((checks[0].id.as_str(), checks[0].outcome), ("C1", CheckOutcome::NotRun));
    }
}
