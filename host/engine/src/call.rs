//! One call of a skill: a fresh store, every limit on, dropped at the end however it ends.

use crate::clock::{CpuClock, Ticking};
use crate::config::{HOSTCALL_BYTES, MAX_HANDLES};
use crate::contract::{Brief, Check, Error, Report, Specification, Subject, Summary};
use crate::engine::{Engine, Skill, now};
use crate::error::{CallError, Unanswered};
use crate::files::{Files, Tree};
use crate::gate::Gate;
use crate::grantor::Grantor;
use crate::output::Output;
use crate::ports::Ports;
use crate::record::{Done, Record};
use crate::schedule::{Guest, Supervision};
use crate::state::{CallState, Outside};
use crate::supervise::Watch;
use crate::trap::Trap;
use crate::uses::Uses;
use crate::versions::{self, Answer};
use futures::future::BoxFuture;
use skillhost_audit::{Auditor, Class, Event, Kind as Deed, Status};
use skillhost_core::capability::Effective;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::Instrument;
use wasmtime::component::Instance;
use wasmtime::{Store, UpdateDeadline};

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
    /// Who is told where its thread doesn't come back, from [`supervised`](crate::supervised). Without one nobody is, until
    /// it does.
    pub watch: Option<Watch>,
    /// Where it is noted what the skill used of its grants; nowhere where absent.
    pub uses: Option<Uses>,
}

/// What a call gave.
#[derive(Debug)]
pub struct Called<T> {
    /// The skill's answer.
    pub answer: Result<T, Error>,
    /// What it did on the way.
    pub done: Done,
}

/// What a call is about.
trait Argument {
    /// Outputs that it names: the skill may read them.
    fn outputs(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
}

impl Argument for Brief {
    fn outputs(&self) -> BTreeSet<String> {
        self.gates.iter().map(|gate| gate.evidence.clone()).collect()
    }
}

impl Argument for Subject {}
impl Argument for String {}

macro_rules! export {
    ($(#[$doc:meta])* $name:ident, $kind:ident, $call:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// Where the call ended without an answer, see [`CallError`].
        pub async fn $name(self, engine: &Engine, $($argument: $type),*) -> Result<Called<$answer>, Box<Unanswered>> {
            let outputs = [$($argument.outputs()),*].into_iter().flatten().collect();
            self.run(engine, Kind::$kind, outputs, move |store, instance, skill| {
                skill.exports.$call(versions::Guest { store, instance }, $($argument),*)
            })
            .await
        }
    };
}

impl Call {
    export!(
        /// Writes the specification.
        spec, Spec, spec(brief: Brief) -> Specification
    );
    export!(
        /// Reviews a spec or the change.
        review, Review, review(brief: Brief, subject: Subject) -> Report
    );
    export!(
        /// Makes the change.
        implement, Implement, implement(brief: Brief) -> Summary
    );
    export!(
        /// Judges what the gates showed.
        verify, Verify, verify(brief: Brief) -> Vec<Check>
    );
    export!(
        /// Calls a tool with JSON that was checked already.
        call_tool, Tool, tool(name: String, arguments: String) -> String
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
    ) -> Result<Called<serde_json::Value>, Box<Unanswered>> {
        let skill = Arc::clone(&self.skill);
        let mut tools = skill.inspection().manifest.tools.iter().zip(&skill.tools);
        let unknown = || CallError::UnknownTool(skillhost_core::text::escape_terminal(name, 64).to_string());
        let (_, schemas) = tools.find(|(tool, _)| tool.name.as_str() == name).ok_or_else(unknown)?;
        let refuse = |what, reason| CallError::Schema { what, tool: name.to_owned(), reason };
        let text = arguments.to_string();
        schemas.parameters.check(arguments, text.len()).map_err(|reason| refuse("the arguments", reason))?;
        let Called { answer, done } = self.call_tool(engine, name.to_owned(), text).await?;
        let checked = |text: String| {
            let value = serde_json::from_str(&text).map_err(|e| format!("not JSON: {e}"))?;
            schemas.returns.as_ref().map_or(Ok(()), |returns| returns.check(&value, text.len()))?;
            Ok(value)
        };
        match answer.map(checked) {
            Err(error) => Ok(Called { answer: Err(error), done }),
            Ok(Ok(value)) => Ok(Called { answer: Ok(value), done }),
            Ok(Err(reason)) => Err(Box::new(Unanswered { error: refuse("the result", reason), done })),
        }
    }

    async fn run<T, F>(
        self,
        engine: &Engine,
        kind: Kind,
        outputs: BTreeSet<String>,
        invoke: F,
    ) -> Result<Called<T>, Box<Unanswered>>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Store<CallState>, &'a Instance, &'a Skill) -> BoxFuture<'a, Answer<T>>,
        F: Send + 'static,
    {
        let Self { skill, capabilities, grantor, limits, tree, ports, auditor, watch, uses } = self;
        if !skill.exports.has(kind) {
            return Err(CallError::MissingExport(kind.interface()).into());
        }
        let started = now();
        let home = Handle::try_current().map_err(|e| CallError::Trap(Trap::host(&e.to_string())))?;
        let intent = auditor.intent(Event::granted(Class::Skill, Deed::Call)).map_err(CallError::Audit)?;
        let record = Arc::new(Record::new(intent));
        let ticking =
            engine.ticker().map_err(|e| CallError::Trap(Trap::host(&format!("no thread for the clock: {e}"))))?.tick();
        let ticking = Arc::new(ticking);

        let clock = Arc::new(CpuClock::new(limits.cpu.get()));
        let output = Output::default();
        let gate = Gate::new(capabilities, grantor, auditor).noting_uses(uses.clone());
        let outside = Outside { ports, home, outputs };
        let files = Files::new(tree).noting_uses(uses);
        let state =
            CallState::new(files, limits, Arc::clone(&clock), gate, outside, output.clone(), Arc::clone(&record));
        // Boxed where it is made: it is large, and would be copied at each step.
        let guest: Guest<_> =
            Box::pin(guest(engine.wasmtime.clone(), state, Arc::clone(&skill), limits, invoke, Arc::clone(&ticking)));
        // Says whose calls they are, for whoever traces them.
        let span = tracing::trace_span!("skill", skill = skill.inspection().manifest.skill.name.as_str());
        let guest: Guest<_> = if span.is_disabled() { guest } else { Box::pin(guest.instrument(span)) };
        let ended = {
            let supervision = Supervision { time: limits.time.get(), record: Arc::clone(&record), watch };
            engine.scheduler.run(guest, &clock, &skill.overran, &ticking, supervision).await
        };
        drop(ticking);

        let answer = match ended {
            Err(error) => Err(error),
            Ok((answer, overran)) => {
                // Told by how long it took, so that a skill that once overran can come back.
                skill
                    .overran
                    .store(overran && started.elapsed() >= Duration::from_millis(crate::config::OVERRUN_MS), Relaxed);
                answer
            }
        };
        let status = match &answer {
            Ok(Ok(_)) => Status::Done,
            Ok(Err(_)) => Status::Failed,
            Err(CallError::Time(_)) => Status::TimedOut,
            Err(error) if error.is_limit() => Status::Exhausted,
            Err(_) => Status::Trapped,
        };
        let closed = record.close(status).map_err(CallError::Audit);
        let (answer, (files, denials)) = match closed {
            Ok(kept) => (answer, kept),
            Err(unaudited) => (Err(unaudited), Default::default()),
        };
        let done = Done { files, printed: output.take(), denials, duration: started.elapsed() };
        match answer {
            Ok(answer) => Ok(Called { answer, done }),
            Err(error) => Err(Box::new(Unanswered { error, done })),
        }
    }
}

/// The guest's whole life; dropping this future ends it at its next tick.
async fn guest<T, F>(
    engine: wasmtime::Engine,
    state: CallState,
    skill: Arc<Skill>,
    limits: Limits,
    invoke: F,
    // It is to give way as long as it lives, whoever still waits for it.
    _ticking: Arc<Ticking>,
) -> Result<Result<T, Error>, CallError>
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
    answer.map_err(|error| explain(error, store.data(), &limits))
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
    CallError::Trap(Trap::of(&error))
}
