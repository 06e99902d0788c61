//! One gate: its command on a fresh checkout, behind the set-up, in the sandbox, and the record of what it showed.

use crate::ambient;
use crate::commands::{self, CommandError};
use crate::error::RunError;
use crate::event::Event;
use crate::failed_tests::failed_files;
use crate::ledger::EvidenceRow;
use crate::network;
use crate::state::State;
use skillhost_audit::{BodyKind, Class, Event as Entry, Kind as Deed, Outcome, Status};
use skillhost_core::digest::Digest;
use skillhost_core::name::CommandName;
use skillhost_core::path::SkillPath;
use skillhost_core::project::{Command, SETUP};
use skillhost_core::text::escape_terminal;
use skillhost_suite::count_tests;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is kept of a gate's output in the ledger; all of it is a payload.
const KEPT_OUTPUT_BYTES: usize = 64 << 10;
/// The exit code that shells give for a program that is not there.
const NOT_STARTED: i32 = 127;

/// Why a gate is run, and on what.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// To judge the proposed commit.
    Judge(&'a str),
    /// To see whether a failure of it comes again.
    Again(&'a str),
    /// To know how many tests the base commit has.
    Base,
    /// To see whether the tests of a change fail without it.
    TestsOnBase(&'a Tests),
}

/// The files of a change that belong to its tests.
#[derive(Debug)]
pub(super) struct Tests {
    /// The proposed commit.
    pub(super) commit: String,
    /// Those that were there before, and are gone, among them.
    pub(super) files: Vec<SkillPath>,
}

impl Purpose<'_> {
    fn doing(self) -> &'static str {
        match self {
            Purpose::Judge(_) => "gate {}",
            Purpose::Again(_) => "gate {} once more",
            Purpose::Base => "gate {} at base",
            Purpose::TestsOnBase(_) => "gate {} at base, with the change's tests",
        }
    }

    /// What ids begin with: only a judgement is evidence of the change.
    fn prefix(self) -> &'static str {
        match self {
            Purpose::Judge(_) | Purpose::Again(_) => "ev-",
            Purpose::Base | Purpose::TestsOnBase(_) => "base-",
        }
    }
}

/// A checkout for gates. It is removed when the gates are over, however they are.
struct Checkout(PathBuf);

impl Drop for Checkout {
    fn drop(&mut self) {
        // What can't be removed now, `gc` removes later.
        let _ = ambient::remove_folder(&self.0);
    }
}

impl State {
    /// Runs a gate on a checkout of its own, so that nothing can prepare it. The record is that of the set-up where that
    /// failed: without it nothing can be shown. It is not saved yet, so that it can be judged first.
    pub(super) async fn run_gate(
        &self,
        (name, command): (&CommandName, &Command),
        purpose: Purpose<'_>,
    ) -> Result<EvidenceRow, RunError> {
        let base = self.tree.base();
        let commit = match purpose {
            Purpose::Judge(commit) | Purpose::Again(commit) => commit,
            Purpose::Base | Purpose::TestsOnBase(_) => &base,
        };
        let checkout = Checkout(self.folder.join(format!("gates-{}", &commit[..12.min(commit.len())])));
        ambient::remove_folder(&checkout.0)?;
        ambient::make_folder(&checkout.0)?;
        let (tree, repository) = (checkout.0.join("tree"), checkout.0.join("repository"));
        match purpose {
            Purpose::TestsOnBase(tests) => self.tree.checkout_base_with(&tests.commit, &tests.files, &tree).await?,
            _ => self.tree.checkout(commit, &tree).await?,
        }
        self.tree.throwaway_repository(&base, &repository).await?;
        if let Some(set_up) = self.host.project.setup() {
            let prepared = self.observe((&set_up_name(), set_up), commit, purpose, &tree, &repository).await?;
            if prepared.exit_code != Some(0) {
                return Ok(prepared);
            }
            self.ledger(|ledger| ledger.save_evidence(&prepared))?;
        }
        self.observe((name, command), commit, purpose, &tree, &repository).await
    }

    async fn observe(
        &self,
        (name, command): (&CommandName, &Command),
        commit: &str,
        purpose: Purpose<'_>,
        tree: &Path,
        repository: &Path,
    ) -> Result<EvidenceRow, RunError> {
        let started = ambient::now();
        let ran = self.run_command((Deed::Gate, purpose.doing()), name, command, tree, repository).await?;
        let known = self.ledger(|ledger| ledger.evidence())?;
        let number = known.iter().filter(|row| row.id.starts_with(purpose.prefix())).count() + 1;
        let mut evidence = EvidenceRow {
            id: format!("{}{number}", purpose.prefix()),
            name: name.to_string(),
            argv: command.run.clone(),
            commit: commit.to_owned(),
            tests_of: match purpose {
                Purpose::TestsOnBase(tests) => Some(tests.commit.clone()),
                _ => None,
            },
            sandbox: self.host.sandbox.level().map_or_else(|e| e.to_string(), |level| level.to_string()),
            limits_held_by: String::new(),
            network: String::new(),
            exit_code: Some(NOT_STARTED),
            exit: String::new(),
            tests: None,
            skipped: None,
            failed_in: None,
            duration_ms: millis(started.elapsed()),
            output_digest: Digest::of(b"").to_string(),
            output: String::new(),
            rerun_of: None,
            at_base: None,
            discounted: None,
        };
        match ran {
            Ok(outcome) => {
                evidence.network = network::word(&command.network, &outcome.attestation.level).to_owned();
                evidence.sandbox = outcome.attestation.level.to_string();
                evidence.limits_held_by = outcome.attestation.limits_held_by.to_string();
                evidence.exit_code = commands::exit_code(outcome.exit);
                evidence.exit = commands::describe(outcome.exit);
                let counts = count_tests(outcome.output.as_bytes());
                evidence.tests = counts.map(|counts| counts.ran);
                evidence.skipped = counts.map(|counts| counts.skipped);
                if matches!(purpose, Purpose::Judge(_)) && evidence.exit_code.is_some_and(|code| code != 0) {
                    let files = self.tree.files(commit).await?;
                    let failed = failed_files(outcome.output.as_bytes(), &files);
                    evidence.failed_in = failed.map(|files| files.into_iter().map(|path| path.to_string()).collect());
                }
                evidence.duration_ms = millis(outcome.duration);
                evidence.output_digest = Digest::of(outcome.output.as_bytes()).to_string();
                let end = String::from_utf8_lossy(outcome.output.tail(KEPT_OUTPUT_BYTES)).into_owned();
                evidence.output = self.host.models.scrub(&end);
                self.outputs.keep_as(&evidence.id, outcome.output);
            }
            // The proposed commit may hold the program, so that it isn't there is the commit's fault.
            Err(CommandError::NoProgram { program, reason, .. }) => {
                evidence.exit = format!("exit {NOT_STARTED}: {program} could not be started ({reason})");
                evidence.output.clone_from(&evidence.exit);
            }
            Err(error) => return Err(error.into()),
        }
        self.save(|row| row.sandbox = Some(evidence.sandbox.clone()))?;
        if evidence.exit_code != Some(0) && ambient::is_full(&self.folder) {
            // It may have failed for want of room, which is not the change's fault.
            return Err(RunError::Full(None));
        }
        Ok(evidence)
    }

    /// Runs a declared command for the host itself: told, recorded before and after, its output kept.
    async fn run_command(
        &self,
        (deed, doing): (Deed, &str),
        name: &CommandName,
        command: &Command,
        tree: &Path,
        repository: &Path,
    ) -> Result<Result<skillhost_sandbox::Outcome, CommandError>, RunError> {
        let what = escape_terminal(&doing.replace("{}", name.as_str()), 80);
        self.tell(Event::Doing { agent: self.agent.clone(), what });
        let auditor = self.auditor();
        let argv = commands::argv_bytes(command, &[]);
        let event = Entry::granted(Class::Command, deed)
            .on(auditor.commit(Class::Command, &argv))
            .payload(self.payloads.put(BodyKind::Arguments, &argv)?);
        let intent = auditor.intent(event)?;
        let ran = self.runner(auditor).run(name, command, &[], tree, Some(repository.to_owned())).await;
        if let Ok(ran) = &ran {
            network::tell(name, &ran.refused).iter().for_each(|line| self.warn(line));
            // The run's end saves them where the outcome can't be logged.
            network::keep(&self.refused, name, &ran.refused);
        }
        intent.outcome(match &ran {
            Ok(ran) => commands::record(&self.payloads, &ran.outcome)?,
            Err(_) => Outcome::of(Status::Failed),
        })?;
        self.save_refused()?;
        Ok(ran.map(|ran| ran.outcome))
    }

    /// Prepares the agent's own tree as each gate's checkout will be.
    pub(crate) async fn set_up(&self) -> Result<(), RunError> {
        let project = std::sync::Arc::clone(&self.host.project);
        let Some(command) = project.setup() else { return Ok(()) };
        let ran = self
            .run_command((Deed::Call, "running {}"), &set_up_name(), command, self.tree.dir(), &self.repository)
            .await?;
        // Whatever it left there, no skill sees anything that git would take for a repository.
        let swept = self.tree.with(|worktree| Ok(worktree.sweep(&BTreeSet::new())?)).await?;
        for finding in swept {
            self.warn(&finding.to_string());
        }
        let ran = ran?;
        if !ran.exit.is_success() {
            let end = String::from_utf8_lossy(ran.output.tail(300)).into_owned();
            let end = escape_terminal(end.trim(), 300);
            return Err(RunError::SetUp(format!("{}: {end}", commands::describe(ran.exit))));
        }
        self.tree.with(|worktree| Ok(worktree.accept_set_up()?)).await
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::expect_used, reason = "a constant that is a valid name, as a test of the name's rules shows")]
fn set_up_name() -> CommandName {
    SETUP.parse().expect("a valid name")
}
