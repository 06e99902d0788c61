//! Judges what the gates showed, without a model: the same brief over the same tree gives the same checks.
//!
//! - `ID` of a criterion: passed only through its own command's gate, which ended with 0 and, where its output tells how
//!   many tests ran, ran at least one. No command, no gate, no test: `not-run`, since nothing was shown.
//! - `gate:NAME`: the same rule for each gate, whether a criterion asks for it or not.
//!   Every run of a command counts; only a test that failed in the first of two runs, and that the change does not touch, is
//!   taken to fail by chance.
//! - `tests-intact`: no test of the base commit vanished, is skipped now, is left early, asserts less or expects something else,
//!   unless the spec says so. Tests in a language that is not read make it `not-run` where they changed, and fail it where they went.
//! - `tampering`: no threshold was lowered and no tolerance loosened, no test ends its runner, and neither the pipeline nor what a gate runs was changed,
//!   unless the spec says so.
//!
//! Whatever can't be read is `not-run`: this skill never passes what it has not seen.

mod failing;
mod gate;
mod intact;
mod tampering;

use skillhost_sdk::{Brief, Check, Error, Host, Verify};

/// The skill.
pub struct Verifier;

impl Verify for Verifier {
    fn verify(host: &dyn Host, brief: Brief) -> Result<Vec<Check>, Error> {
        let mut checks: Vec<Check> =
            brief.criteria.iter().map(|criterion| gate::shown(host, criterion, &brief.gates)).collect();
        checks.extend(gate::judged(host, &brief));
        checks.push(intact::check(host, &brief));
        checks.push(tampering::check(host, &brief));
        Ok(checks)
    }
}

skillhost_sdk::export_verify!(Verifier);

#[cfg(test)]
mod tests;
