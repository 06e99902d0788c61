//! One call of a skill: a fresh store, every limit on, dropped at the end however it ends.

use crate::clock::CpuClock;
use crate::config::{HOSTCALL_BYTES, MAX_HANDLES};
use crate::contract::{Brief, Check, Error, Report, Specification, Subject, Summary};
use crate::engine::{Engine, Exports, Skill, now};
use crate::error::CallError;
use crate::files::{FileRecord, Files, Tree};
use crate::gate::{Denial, Gate};
use crate::output::{Output, Printed};
use crate::ports::Ports;
use crate::state::CallState;
use futures::future::BoxFuture;
use skillhost_audit::{Auditor, Class, Count, Counts, Event, Kind as Deed, Outcome, Status};
use skillhost_core::capability::Effective;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use skillhost_core::name::SkillName;
use skillhost_core::text::escape_block;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use wasmtime::component::Instance;
use wasmtime::{Store, UpdateDeadline};

/// Longest description of a trap, in characters.
const TRAP_CHARS: usize = 4000;

/// Everything that one call is given.
pub struct Call {
    /// What is called.
    pub skill: Arc<Skill>,
    /// What it may do.
    pub capabilities: Arc<Effective>,
    /// Who could grant more.
    pub grantor: Grantor,
    /// What it may use.
    pub limits: Limits,
    /// What it sees as `/repo`; nothing where absent.
    pub tree: Option<Arc<Tree>>,
    /// What it can reach.
    pub ports: Ports,
    /// Where it is recorded.
    pub auditor: Auditor,
}

/// Who grants capabilities to a skill: decides what a denial tells people to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantor {
    /// The flags of `skillhost call`.
    Flags,
    /// The project's `[grants.KIND]`.
    Project(Kind),
    /// The lock's entry of this name.
    Lock(SkillName),
}

impl Grantor {
    /// The line that would grant `capability` of `what`.
    pub fn remedy(&self, capability: &str, what: &str) -> String {
        let is_flag = matches!(what, "true" | "false");
        match self {
            Self::Flags if is_flag => format!("--grant {capability}"),
            Self::Flags => format!("--grant '{capability}={what}'"),
            Self::Project(kind) if is_flag => format!("{capability} = true under [grants.{kind}] in skillhost.toml"),
            Self::Project(kind) => format!("{capability} = [\"{what}\"] under [grants.{kind}] in skillhost.toml"),
            Self::Lock(name) if is_flag => format!("skillhost update {name} --grant {capability}"),
            Self::Lock(name) => format!("skillhost update {name} --grant '{capability}={what}'"),
        }
    }
}

/// What a call gave.
#[derive(Debug)]
pub struct Called<T> {
    /// The skill's answer.
    pub answer: Result<T, Error>,
    /// What it did to files.
    pub files: FileRecord,
    /// What it printed.
    pub printed: Printed,
    /// What it wanted and didn't get, files aside.
    pub denials: Vec<Denial>,
    /// How long it took.
    pub duration: Duration,
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

macro_rules! export {
    ($(#[$doc:meta])* $name:ident, $interface:ident, $call:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// Where the call ended without an answer, see [`CallError`].
        pub async fn $name(self, engine: &Engine, $($argument: $type),*) -> Result<Called<$answer>, CallError> {
            self.run(engine, stringify!($interface), |exports: &Exports| exports.$interface.is_some(), move |store, instance, skill| {
                Box::pin(async move {
                    let Some(indices) = &skill.exports.$interface else {
                        return Err(wasmtime::Error::new(CallError::MissingExport(stringify!($interface))));
                    };
                    let guest = indices.load(&mut *store, instance)?;
                    guest.$call(&mut *store, $(export!(@pass $argument: $type)),*).await
                })
            })
            .await
        }
    };
    (@pass $argument:ident: String) => { &$argument };
    (@pass $argument:ident: $type:ty) => { &$argument };
}

impl Call {
    export!(
        /// Writes the specification.
        spec, spec, call_draft(brief: Brief) -> Specification
    );
    export!(
        /// Reviews a spec or the change.
        review, review, call_review(brief: Brief, subject: Subject) -> Report
    );
    export!(
        /// Makes the change.
        implement, implement, call_implement(brief: Brief) -> Summary
    );
    export!(
        /// Judges what the gates showed.
        verify, verify, call_verify(brief: Brief) -> Vec<Check>
    );
    export!(
        /// Calls a tool with JSON that was checked already.
        call_tool, tool, call_call(name: String, arguments: String) -> String
    );

    /// Calls a tool: arguments and result are checked against the schemas of the manifest.
    ///
    /// # Errors
    /// Where there is no such tool, JSON doesn't satisfy its schema, or the call ended without an answer.
    pub async fn tool(
        self,
        engine: &Engine,
        name: &str,
        arguments: &serde_json::Value,
    ) -> Result<Called<serde_json::Value>, CallError> {
        let skill = Arc::clone(&self.skill);
        let mut tools = skill.inspection().manifest.tools.iter().zip(&skill.tools);
        let unknown = || CallError::UnknownTool(skillhost_core::text::escape_terminal(name, 64).to_string());
        let (_, schemas) = tools.find(|(tool, _)| tool.name.as_str() == name).ok_or_else(unknown)?;
        let refuse = |what, reason| CallError::Schema { what, tool: name.to_owned(), reason };
        schemas.parameters.check(arguments).map_err(|reason| refuse("the arguments", reason))?;
        let called = self.call_tool(engine, name.to_owned(), arguments.to_string()).await?;
        let answer = match called.answer {
            Err(error) => Err(error),
            Ok(text) => {
                let value = serde_json::from_str(&text).map_err(|e| refuse("the result", format!("not JSON: {e}")))?;
                if let Some(returns) = &schemas.returns {
                    returns.check(&value).map_err(|reason| refuse("the result", reason))?;
                }
                Ok(value)
            }
        };
        let Called { files, printed, denials, duration, .. } = called;
        Ok(Called { answer, files, printed, denials, duration })
    }

    async fn run<T, F>(
        self,
        engine: &Engine,
        interface: &'static str,
        exports: fn(&Exports) -> bool,
        invoke: F,
    ) -> Result<Called<T>, CallError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Store<CallState>, &'a Instance, &'a Skill) -> BoxFuture<'a, Answer<T>>,
        F: Send + 'static,
    {
        let Self { skill, capabilities, grantor, limits, tree, ports, auditor } = self;
        if !exports(&skill.exports) {
            return Err(CallError::MissingExport(interface));
        }
        let started = now();
        let audit = |e: skillhost_audit::AuditError| CallError::Audit(e.to_string());
        let intent = auditor.intent(Event::granted(Class::Skill, Deed::Call)).map_err(audit)?;
        let ticking = engine.ticker().map_err(|e| CallError::Trap(format!("no thread for the clock: {e}")))?.tick();

        let clock = Arc::new(CpuClock::new(limits.cpu.get()));
        let output = Output::default();
        let gate = Gate::new(capabilities, grantor, auditor);
        let files = Files::new(tree);
        let state = CallState::new(files, limits.memory.bytes(), Arc::clone(&clock), gate, ports, output.clone());
        let starts_slow = skill.overran.load(Relaxed);
        let guest = Box::pin(guest(engine.wasmtime.clone(), state, Arc::clone(&skill), invoke));
        let running = engine.scheduler.run(guest, Arc::clone(&clock), starts_slow);
        let ended = tokio::time::timeout(limits.time.get(), running).await;
        drop(ticking);

        let result = match ended {
            Err(_) => Err(CallError::Time(limits.time.get())),
            Ok((None, _)) => Err(CallError::Trap("the host could not carry the call on".to_owned())),
            Ok((Some((answer, state)), overran)) => {
                // Told by how long it took, so that a skill that once overran can come back.
                skill
                    .overran
                    .store(overran && started.elapsed() >= Duration::from_millis(crate::config::OVERRUN_MS), Relaxed);
                match answer {
                    Ok(answer) => Ok((answer, state)),
                    Err(error) => Err(explain(error, &state, &limits)),
                }
            }
        };
        let result = result.map(|(answer, state)| (answer, state.files.record(), state.gate.into_denials()));
        let outcome = match &result {
            Ok((Ok(_), files, _)) => Outcome::done().counts(&counts(files)),
            Ok((Err(_), files, _)) => Outcome::of(Status::Failed).counts(&counts(files)),
            Err(CallError::Time(_)) => Outcome::of(Status::TimedOut),
            Err(error) if error.is_limit() => Outcome::of(Status::Exhausted),
            Err(_) => Outcome::of(Status::Trapped),
        };
        intent.outcome(outcome.count(Count::Calls, 1)).map_err(audit)?;
        let (answer, files, denials) = result?;
        Ok(Called { answer, files, printed: output.take(), denials, duration: started.elapsed() })
    }
}

/// What the audit log keeps of a call's file work.
fn counts(record: &FileRecord) -> Counts {
    let mut counts = Counts::default();
    counts.add(Count::FilesOpened, record.read_count);
    counts.add(Count::BytesRead, record.bytes_read);
    counts.add(Count::BytesWritten, record.bytes_written);
    counts.add(Count::FilesCreated, record.written.len() as u64);
    counts.add(Count::FilesRemoved, record.removed.len() as u64);
    counts.add(Count::Denials, record.denied_count);
    counts
}

/// The guest's whole life; dropping this future ends it at its next tick.
async fn guest<T, F>(
    engine: wasmtime::Engine,
    state: CallState,
    skill: Arc<Skill>,
    invoke: F,
) -> (Answer<T>, Box<CallState>)
where
    F: for<'a> FnOnce(&'a mut Store<CallState>, &'a Instance, &'a Skill) -> BoxFuture<'a, Answer<T>>,
{
    let mut store = Store::new(&engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(HOSTCALL_BYTES);
    store.set_max_component_handles(MAX_HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        if store.data().clock.may_go_on() { Ok(UpdateDeadline::Yield(1)) } else { Ok(UpdateDeadline::Interrupt) }
    });
    let answer = async {
        let instance = skill.pre.instantiate_async(&mut store).await?;
        invoke(&mut store, &instance, &skill).await
    }
    .await;
    // Boxed: it is large, and on its way out it would be copied at each step.
    (answer, Box::new(store.into_data()))
}

/// Says why a guest ended without an answer.
fn explain(error: wasmtime::Error, state: &CallState, limits: &Limits) -> CallError {
    let error = match error.downcast::<CallError>() {
        Ok(named) => return named,
        Err(error) => error,
    };
    if state.clock.expired() {
        return CallError::Cpu(limits.cpu.get());
    }
    if state.limiter.refused() {
        return CallError::Memory(limits.memory.bytes());
    }
    // The cause first: people read the first line.
    let cause = match error.downcast_ref::<wasmtime::Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    let trace = error.downcast_ref::<wasmtime::WasmBacktrace>().map(|trace| format!("\n{trace}")).unwrap_or_default();
    CallError::Trap(escape_block(&format!("{cause}{trace}"), TRAP_CHARS).to_string())
}
