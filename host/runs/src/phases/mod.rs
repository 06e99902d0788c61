//! The phases of a run, one file each, and the contract's records in the host's terms.

mod attempt;
mod gate;
mod gates;
mod implement;
mod propose;
mod review;
mod spec;
mod tests_on_base;
mod verify;

pub(crate) use propose::file_change;
pub(crate) use tests_on_base::OnBase;

use crate::findings::{Finding, Raised, Severity};
use crate::ledger::EvidenceRow;
use skillhost_engine::contract;

pub(crate) fn finding_to_wit(finding: &Finding) -> contract::Finding {
    contract::Finding {
        id: finding.id.clone(),
        severity: match finding.severity {
            Severity::Nit => contract::Severity::Nit,
            Severity::Minor => contract::Severity::Minor,
            Severity::Major => contract::Severity::Major,
            Severity::Blocker => contract::Severity::Blocker,
        },
        category: finding.category.clone(),
        at: finding.at.as_ref().map(|at| contract::Location { path: at.path.to_string(), line: at.line }),
        quote: finding.quote.clone(),
        message: finding.message.clone(),
        suggestion: finding.suggestion.clone(),
    }
}

pub(crate) fn finding_from_wit(finding: contract::Finding) -> Raised {
    Raised {
        severity: match finding.severity {
            contract::Severity::Nit => Severity::Nit,
            contract::Severity::Minor => Severity::Minor,
            contract::Severity::Major => Severity::Major,
            contract::Severity::Blocker => Severity::Blocker,
        },
        category: finding.category,
        at: finding.at.map(|at| (at.path, at.line)),
        quote: finding.quote,
        message: finding.message,
        suggestion: finding.suggestion,
    }
}

pub(crate) fn gate_to_wit(evidence: &EvidenceRow) -> contract::Gate {
    contract::Gate {
        evidence: evidence.id.clone(),
        name: evidence.name.clone(),
        exit_code: evidence.exit_code,
        tests: evidence.tests,
        output: evidence.output.clone(),
    }
}
