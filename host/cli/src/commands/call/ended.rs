//! A call that ended without an answer: what is told of it, and where in its source it trapped.

use super::Prepared;
use super::outcome::call_failure;
use super::shown::show_printed;
use crate::calling::denied::denials;
use crate::failure::Failure;
use crate::reports::{CallEnd, Report, of_call};
use skillhost_engine::{CallError, Unanswered, has_lines};

impl Prepared<'_> {
    /// Tells what there is to tell.
    pub(super) async fn end_without_answer(&self, unanswered: Unanswered, told: &mut Report) -> Failure {
        let Unanswered { mut error, done } = unanswered;
        let manifest = &self.skill.inspection().manifest.skill;
        let name = manifest.name.as_str();
        show_printed(self.printer, name, &done.printed);
        let denied = denials(&done.denials, &done.files, &self.grantor);
        match &self.recorder {
            // With JSON, the one document is the error.
            Some(recorder) if !self.printer.is_json() => recorder.recorded(&denied).show(self.printer),
            _ => self.tell(&denied),
        }
        if let (CallError::Trap(trap), true) = (&mut error, self.verbosity > 0) {
            self.engine.add_lines(trap, self.named.component.bytes()).await;
        }
        let failure = call_failure(name, &error, self.verbosity > 1).maybe_hint(self.how_to_see_lines(&error));
        let end = CallEnd {
            exit: failure.exit,
            reasons: failure.reasons(),
            answer: None,
            denials: denied.iter().map(|denied| denied.of(&self.name)).collect(),
            duration: done.duration,
        };
        told.suites.push(of_call(self.name.clone(), manifest.kind, end));
        failure
    }

    /// What shows the lines of a trap that has none yet.
    fn how_to_see_lines(&self, error: &CallError) -> Option<&'static str> {
        match error {
            CallError::Trap(trap) if trap.frames().is_empty() => None,
            CallError::Trap(_) if !has_lines(self.named.component.bytes()) => Some(
                "built with skillhost build --keep-debug, it tells lines of its source with -v, where its language has them",
            ),
            CallError::Trap(_) if self.verbosity == 0 => Some("-v tells the lines of its source"),
            _ => None,
        }
    }
}
