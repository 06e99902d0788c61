//! `skillhost call SKILL [TOOL]`: one call of one skill, over a directory.

mod outcome;

use self::outcome::{Denied, call_failure, denials, describe, exit_of};
use crate::args::{Call as Arguments, Global};
use crate::chosen::Chosen;
use crate::commands::runs::cost;
use crate::failure::{Exit, Failure};
use crate::places::Places;
use crate::policies::Policies;
use crate::printer::Printer;
use crate::progress::Progress;
use crate::prompt::person;
use crate::{ambient, block_on, grants, models, project, runtime, skills, web};
use serde::Serialize;
use skillhost_core::capability::Effective;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use skillhost_core::project::{Budget, Project};
use skillhost_core::text::{Escaped, escape_block};
use skillhost_core::tier::Tier;
use skillhost_egress::Dialer;
use skillhost_engine::contract::{Brief, Error, Subject, log};
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::{Log, Ports};
use skillhost_engine::{
    Allocation, Call, Called, Compiler, Engine, Grantor, Options, Printed, Skill, Unanswered, supervised,
};
use skillhost_models::{Models, Tuning};
use skillhost_runs::Person;
use skillhost_runs::event::{Event, Watcher};
use skillhost_runs::session::{ModelUse, Session, roles};
use skillhost_runs::web::Web;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest input.
const MAX_INPUT_BYTES: u64 = 8 << 20;

pub(crate) fn run(arguments: &Arguments, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let policies = Policies::read(global.policy.as_deref())?;
    let flags = grants::parse(&arguments.grants)?;
    let input = read_input(&arguments.input)?;
    let places = Places::find(global.state_dir.as_deref())?;
    let folder = ambient::absolute(&arguments.dir)
        .map_err(|e| Failure::new(Exit::Usage, format!("--dir {}", arguments.dir.display())).because(e))?;
    let around_dir = folder.clone();
    let around = || project::around(&around_dir, arguments.config.as_deref(), arguments.lock.as_deref());
    let mut chosen = Chosen::find(&arguments.skill, !arguments.grants.is_empty(), around)?;
    let progress = Progress::new(printer);

    block_on(runtime()?, async {
        let engine = Arc::new(engine(&places, Allocation::OnDemand)?);
        let (named, pinned) = chosen.component(&places, &policies, printer).await?;
        let skill = skills::load(&engine, &named, pinned.as_ref(), &progress).await?;
        let manifest = &skill.inspection().manifest;
        let named_tiers = flags.model.clone();
        let (request, grant, grantor) = chosen.grant(manifest, flags, around)?;
        for line in policies.narrowing(&grant, &manifest.limits) {
            printer.note(format!("narrowed by policy: {line}"));
        }
        let capabilities = Arc::new(Effective::new(&request, &grant, &policies.ceilings()));
        let models = if capabilities.model.is_empty() {
            None
        } else {
            let project = around()?.0;
            Some((models_for(&skill, &named_tiers, &project, &arguments.models)?, project.budget))
        };
        let web = if capabilities.http.is_empty() && capabilities.secrets.is_empty() {
            None
        } else {
            Some(web::open(Dialer::new(policies.openings()), &capabilities.secrets, models::read_user)?)
        };
        let person = person(printer, &progress, global.no_prompt);
        let prepared =
            Prepared { engine, skill, capabilities, grantor, models, web, person, policies, places, folder, printer };
        prepared.call(arguments.tool.as_deref(), input).await
    })?
}

/// The models of a project. Those of the tiers that a flag grants are known to be there; what is granted by default may
/// never be called.
fn models_for(
    skill: &Skill,
    named_tiers: &BTreeSet<Tier>,
    project: &Project,
    arguments: &crate::args::Models,
) -> Result<Arc<Models>, Failure> {
    let models = models::open(project, &models::read_user()?, &arguments.models, Tuning::default())?;
    let (role, own) = roles(skill).map_err(|e| Failure::of(Exit::Configuration, &e))?;
    for tier in named_tiers {
        models.check(&role, Some(&own), *tier).map_err(|e| models::failure(Exit::Configuration, &e))?;
    }
    Ok(Arc::new(models))
}

/// The engine, as this program sets it up.
pub(crate) fn engine(places: &Places, allocation: Allocation) -> Result<Engine, Failure> {
    let options = Options {
        allocation,
        compiler: Compiler::OwnProgram,
        cache_folder: places.compiled(),
        key_folder: places.keys(),
    };
    Engine::new(options).map_err(|e| Failure::of(Exit::Bug, &e))
}

fn read_input(input: &str) -> Result<serde_json::Value, Failure> {
    let unreadable =
        |e: std::io::Error| Failure::new(Exit::Usage, format!("--input {input}: it can't be read")).because(e);
    let text = match input.strip_prefix('@') {
        Some(file) => ambient::read(Path::new(file), MAX_INPUT_BYTES).map_err(unreadable)?,
        None if input == "-" => ambient::read_stdin(MAX_INPUT_BYTES).map_err(unreadable)?,
        None => input.as_bytes().to_vec(),
    };
    serde_json::from_slice(&text).map_err(|e| {
        Failure::new(Exit::Usage, "--input is not JSON")
            .because(e)
            .hint("quote it for the shell: --input '{\"key\": 1}'")
    })
}

struct Prepared {
    engine: Arc<Engine>,
    skill: Arc<Skill>,
    capabilities: Arc<Effective>,
    grantor: Grantor,
    models: Option<(Arc<Models>, Budget)>,
    web: Option<Web>,
    person: Option<Arc<dyn Person>>,
    policies: Policies,
    places: Places,
    folder: PathBuf,
    printer: Printer,
}

/// What the call gave, for programs.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    skill: &'a str,
    version: &'a str,
    digest: String,
    tool: Option<&'a str>,
    result: Option<serde_json::Value>,
    error: Option<String>,
    written: Vec<String>,
    removed: Vec<String>,
    denied: Vec<Denied>,
    /// Questions, each with its answer and whose it was.
    asked: Vec<String>,
    tokens: u64,
    cost_micro_usd: Option<u64>,
    duration_ms: u64,
}

impl Prepared {
    async fn call(self, tool: Option<&str>, input: serde_json::Value) -> Result<Exit, Failure> {
        let manifest = &self.skill.inspection().manifest;
        let tool = self.tool(tool)?;
        let mut session = Session::open(&self.places.state, &self.skill, self.policies.digest, self.person.clone())
            .map_err(|e| Failure::of(Exit::Integrity, &e))?;
        let rules = Rules {
            read: self.capabilities.read.clone(),
            write: self.capabilities.write.clone(),
            // A directory that no project configures has the usual protection.
            protected: Project::default().protect.paths,
            may_write_protected: self.capabilities.protected,
        };
        let tree = Tree::open(&self.folder, rules, Quotas::default()).map_err(|e| Failure::of(Exit::Usage, &e))?;
        let model = match &self.models {
            None => None,
            Some((models, budget)) => {
                let (role, own) = roles(&self.skill).map_err(|e| Failure::of(Exit::Configuration, &e))?;
                models.learn_windows(&role, Some(&own), self.capabilities.model.iter().copied()).await;
                let of = ModelUse { models: Arc::clone(models), budget: *budget, watcher: watcher(self.printer) };
                Some(session.model(&self.skill, of).map_err(|e| Failure::of(Exit::Integrity, &e))?)
            }
        };
        let web = self.web.as_ref().map(|web| session.http(web, &self.capabilities.secrets));
        let http = web.transpose().map_err(|e| Failure::of(Exit::Integrity, &e))?;
        let call = Call {
            skill: Arc::clone(&self.skill),
            capabilities: Arc::clone(&self.capabilities),
            grantor: self.grantor.clone(),
            limits: Limits::resolve(&manifest.limits, &self.policies.limits()),
            tree: Some(Arc::new(tree)),
            // Commands and commits need a worktree that is the agent's own.
            ports: Ports {
                log: Some(Arc::new(Stderr(self.printer))),
                model,
                ask: Some(session.ask(&self.skill)),
                exec: None,
                changes: None,
                http,
            },
            auditor: session.auditor(),
            watch: None,
        };
        let called = self.invoke(call, tool, input).await?;
        self.report(tool, &called, &session)
    }

    /// The tool that is meant: the one that is named, or the only one.
    fn tool<'a>(&'a self, named: Option<&'a str>) -> Result<Option<&'a str>, Failure> {
        let manifest = &self.skill.inspection().manifest;
        let names: Vec<&str> = manifest.tools.iter().map(|tool| tool.name.as_str()).collect();
        let hint = || format!("its tools are: {}", names.join(", "));
        match (manifest.skill.kind, named, names.as_slice()) {
            (Kind::Tool, Some(name), _) if names.contains(&name) => Ok(Some(name)),
            (Kind::Tool, Some(name), _) => {
                Err(Failure::new(Exit::Usage, format!("{} has no tool `{name}`", manifest.skill.name)).hint(hint()))
            }
            (Kind::Tool, None, [only]) => Ok(Some(only)),
            (Kind::Tool, None, _) => {
                Err(Failure::new(Exit::Usage, format!("name a tool of {}", manifest.skill.name)).hint(hint()))
            }
            (kind, Some(_), _) => Err(Failure::new(Exit::Usage, format!("a skill of kind `{kind}` has no tools"))
                .hint("its input is a brief: --input @brief.json")),
            (_, None, _) => Ok(None),
        }
    }

    async fn invoke(
        &self,
        call: Call,
        tool: Option<&str>,
        input: serde_json::Value,
    ) -> Result<Called<serde_json::Value>, Failure> {
        let kind = self.skill.inspection().manifest.skill.kind;
        let brief = || {
            serde_json::from_value::<Brief>(input.clone()).map_err(|e| {
                Failure::new(Exit::Usage, format!("--input is not a brief, which a skill of kind `{kind}` needs"))
                    .because(e)
            })
        };
        let brief = if kind == Kind::Tool { None } else { Some(brief()?) };
        let (engine, tool) = (Arc::clone(&self.engine), tool.map(str::to_owned));
        let called = supervised(|watch| async move {
            let call = Call { watch: Some(watch), ..call };
            match (kind, brief, tool) {
                (Kind::Spec, Some(brief), _) => call.spec(&engine, brief).await.map(to_json),
                (Kind::Review, Some(brief), _) => {
                    let subject = brief.spec.clone().map_or(Subject::Change, Subject::Spec);
                    call.review(&engine, brief, subject).await.map(to_json)
                }
                (Kind::Implement, Some(brief), _) => call.implement(&engine, brief).await.map(to_json),
                (Kind::Verify, Some(brief), _) => call.verify(&engine, brief).await.map(to_json),
                (_, _, tool) => call.tool(&engine, &tool.unwrap_or_default(), &input).await,
            }
        });
        let called = called.await;
        called.map_err(|unanswered: Box<Unanswered>| {
            let name = self.skill.inspection().manifest.skill.name.as_str();
            show_printed(self.printer, name, &unanswered.done.printed);
            self.tell(&denials(&unanswered.done.denials, &unanswered.done.files, &self.grantor));
            call_failure(name, &unanswered.error)
        })
    }

    fn tell(&self, denied: &[Denied]) {
        for denial in denied {
            self.printer
                .note(format!("denied: {} {} · to grant it: {}", denial.capability, denial.what, denial.remedy));
        }
    }

    fn report(
        &self,
        tool: Option<&str>,
        called: &Called<serde_json::Value>,
        session: &Session,
    ) -> Result<Exit, Failure> {
        let inspection = self.skill.inspection();
        let name = inspection.manifest.skill.name.as_str();
        let done = &called.done;
        show_printed(self.printer, name, &done.printed);
        let denied = denials(&done.denials, &done.files, &self.grantor);
        let (asked, (tokens, cost_micro_usd)) = (session.asked(), session.spent());
        if self.printer.is_json() {
            self.printer.json(&Document {
                schema: "skillhost.call/1",
                skill: name,
                version: inspection.manifest.skill.version.as_str(),
                digest: inspection.digest.to_string(),
                tool,
                result: called.answer.as_ref().ok().cloned(),
                error: called.answer.as_ref().err().map(describe),
                written: done.files.written.iter().map(ToString::to_string).collect(),
                removed: done.files.removed.iter().map(ToString::to_string).collect(),
                denied,
                asked,
                tokens,
                cost_micro_usd,
                duration_ms: u64::try_from(done.duration.as_millis()).unwrap_or(u64::MAX),
            });
        } else {
            self.tell(&denied);
            for question in asked {
                self.printer.note(format!("asked: {question}"));
            }
            if tokens > 0 {
                self.printer.note(format!("{tokens} tokens, {}", cost(cost_micro_usd)));
            }
            if let Ok(answer) = &called.answer {
                self.printer.json(answer);
            }
        }
        match &called.answer {
            Ok(_) => Ok(Exit::Done),
            Err(error) if self.printer.is_json() => {
                let failure = Failure::new(exit_of(error), format!("{name}: {}", describe(error)));
                self.printer.explain(&failure);
                Ok(failure.exit)
            }
            Err(error) => Err(Failure::new(exit_of(error), format!("{name}: {}", describe(error)))),
        }
    }
}

fn to_json<T: Serialize>(called: Called<T>) -> Called<serde_json::Value> {
    let Called { answer, done } = called;
    let answer =
        answer.and_then(|value| serde_json::to_value(value).map_err(|e| Error::Failed(format!("not JSON: {e}"))));
    Called { answer, done }
}

fn show_printed(printer: Printer, name: &str, printed: &Printed) {
    let text = escape_block(&String::from_utf8_lossy(&printed.kept), 64 << 10);
    for line in text.lines() {
        printer.note(format!("  {name} | {line}"));
    }
    if printed.dropped_bytes > 0 {
        printer.note(format!("  {name} | … {} more bytes were dropped", printed.dropped_bytes));
    }
}

/// Shows what is done with models, as it happens.
fn watcher(printer: Printer) -> Watcher {
    Watcher::new(move |_, event| {
        if let (Event::Doing { what, .. }, true) = (event, printer.shows_progress) {
            printer.note(format!("  {what}"));
        }
    })
}

/// Shows what a skill logs, as it comes.
struct Stderr(Printer);

impl Log for Stderr {
    fn log(&self, level: log::Level, message: Escaped) {
        match level {
            log::Level::Debug => tracing::debug!("{message}"),
            log::Level::Info => tracing::info!("{message}"),
            log::Level::Warn | log::Level::Error => self.0.note(format!("  skill: {message}")),
        }
    }

    fn progress(&self, message: Escaped, fraction: Option<f32>) {
        if self.0.shows_progress {
            let part = fraction.map(|part| format!(" {:.0}%", part * 100.0)).unwrap_or_default();
            self.0.note(format!("  {message}{part}"));
        }
    }
}
