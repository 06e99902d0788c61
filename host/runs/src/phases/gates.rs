//! Gates: the host runs the declared commands itself, on a fresh checkout of the proposed commit. Nothing else is
//! evidence.

use crate::ambient;
use crate::commands;
use crate::error::RunError;
use crate::event::Event;
use crate::ledger::EvidenceRow;
use crate::state::{State, Work};
use crate::test_count::count_tests;
use skillhost_audit::{Auditor, BodyKind, Class, Event as Entry, Kind as Deed, Outcome, Status};
use skillhost_core::digest::Digest;
use skillhost_core::name::CommandName;
use skillhost_core::project::{Command, SETUP};
use skillhost_core::text::escape_terminal;
use skillhost_sandbox::Output;
use std::path::{Path, PathBuf};

/// What is kept of a gate's output in the ledger; all of it is a payload.
const KEPT_OUTPUT_BYTES: usize = 64 << 10;

/// A checkout for gates. It is removed when the gates are over, however they are.
struct Checkout(PathBuf);

impl Drop for Checkout {
    fn drop(&mut self) {
        // What can't be removed now, `gc` removes later.
        let _ = ambient::remove_folder(&self.0);
    }
}

impl State {
    /// Runs all gates on `commit`, in their order, each on a checkout of its own, so that none can prepare the next
    /// one's; gives whether all passed.
    pub(crate) async fn run_gates(&self, work: &mut Work, commit: &str) -> Result<bool, RunError> {
        let project = std::sync::Arc::clone(&self.host.project);
        let started = ambient::now();
        let checkout = Checkout(self.folder.join(format!("gates-{}", &commit[..12.min(commit.len())])));
        work.evidence.clear();
        for name in &project.verify.commands {
            let Some(command) = project.commands.get(name) else { continue };
            ambient::remove_folder(&checkout.0)?;
            ambient::make_folder(&checkout.0)?;
            let (tree, repository) = (checkout.0.join("tree"), checkout.0.join("repository"));
            self.tree.checkout(commit, &tree).await?;
            self.tree.throwaway_repository(&self.tree.base(), &repository).await?;
            if let Some(set_up) = project.setup().filter(|_| name.as_str() != SETUP) {
                let evidence = self.run_gate(&set_up_name(), set_up, commit, &tree, &repository).await?;
                if evidence.exit_code != Some(0) {
                    // Without its set-up nothing can be shown; that it failed is the evidence.
                    work.evidence.push(evidence);
                    break;
                }
            }
            work.evidence.push(self.run_gate(name, command, commit, &tree, &repository).await?);
        }
        let passed = !work.evidence.is_empty() && work.evidence.iter().all(EvidenceRow::passed);
        let notes: Vec<String> = work.evidence.iter().map(describe).collect();
        self.tell(Event::PhaseEnded {
            name: "gates",
            by: "fresh checkouts".to_owned(),
            is_good: passed,
            note: escape_terminal(&notes.join(" · "), 200),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        Ok(passed)
    }

    async fn run_gate(
        &self,
        name: &CommandName,
        command: &Command,
        commit: &str,
        tree: &Path,
        repository: &Path,
    ) -> Result<EvidenceRow, RunError> {
        let what = escape_terminal(&format!("gate {name}"), 80);
        self.tell(Event::Doing { agent: self.agent.clone(), what });
        let auditor: Auditor = self.auditor();
        let argv = command.run.join("\0");
        let event = Entry::granted(Class::Command, Deed::Gate).on(auditor.commit(Class::Command, argv.as_bytes()));
        let intent = auditor.intent(event)?;
        let ran = commands::run(&self.host.sandbox, name, command, &[], tree, Some(repository.to_owned())).await;
        let outcome = match ran {
            Ok(outcome) => outcome,
            Err(error) => {
                intent.outcome(Outcome::of(Status::Failed))?;
                return Err(error.into());
            }
        };
        let exit_code = commands::exit_code(outcome.exit);
        let payload = self.payloads.put(BodyKind::Output, outcome.output.as_bytes())?;
        intent.outcome(Outcome::done().exit_code(exit_code.unwrap_or(-1)).payload(payload))?;

        let number = self.ledger(|ledger| ledger.evidence())?.len() + 1;
        let sandbox = outcome.attestation.level.to_string();
        let evidence = EvidenceRow {
            id: format!("ev-{number}"),
            name: name.to_string(),
            argv: command.run.clone(),
            commit: commit.to_owned(),
            sandbox: sandbox.clone(),
            exit_code,
            exit: commands::describe(outcome.exit),
            tests: count_tests(outcome.output.as_bytes()),
            duration_ms: u64::try_from(outcome.duration.as_millis()).unwrap_or(u64::MAX),
            output_digest: Digest::of(outcome.output.as_bytes()).to_string(),
            output: String::from_utf8_lossy(outcome.output.tail(KEPT_OUTPUT_BYTES)).into_owned(),
        };
        self.ledger(|ledger| ledger.save_evidence(&evidence))?;
        self.keep_output(&evidence.id, outcome.output);
        self.save(|row| row.sandbox = Some(sandbox))?;
        Ok(evidence)
    }

    fn keep_output(&self, id: &str, output: Output) {
        self.outputs.keep_as(id, output);
    }

    /// Prepares the agent's own tree as each gate's checkout will be.
    pub(crate) async fn set_up(&self) -> Result<(), RunError> {
        let project = std::sync::Arc::clone(&self.host.project);
        let Some(command) = project.setup() else { return Ok(()) };
        let intent = self.auditor().intent(Entry::granted(Class::Command, Deed::Call))?;
        let ran = commands::run(
            &self.host.sandbox,
            &set_up_name(),
            command,
            &[],
            self.tree.dir(),
            Some(self.repository.clone()),
        )
        .await?;
        intent.outcome(Outcome::done().exit_code(commands::exit_code(ran.exit).unwrap_or(-1)))?;
        if ran.exit.is_success() {
            return Ok(());
        }
        let end = String::from_utf8_lossy(ran.output.tail(300)).into_owned();
        Err(RunError::SetUp(format!("{}: {}", commands::describe(ran.exit), escape_terminal(end.trim(), 300))))
    }
}

#[expect(clippy::expect_used, reason = "a constant that is a valid name, as a test of the name's rules shows")]
fn set_up_name() -> CommandName {
    SETUP.parse().expect("a valid name")
}

fn describe(evidence: &EvidenceRow) -> String {
    match (evidence.passed(), evidence.tests) {
        (true, Some(tests)) => format!("{} {tests} passed", evidence.name),
        (true, None) => format!("{} ok", evidence.name),
        (false, _) => format!("{} failed ({})", evidence.name, evidence.exit),
    }
}
