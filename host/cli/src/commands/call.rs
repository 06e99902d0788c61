//! `skillhost call SKILL [TOOL]`: one call of one skill, over a directory.

mod ended;
mod outcome;
mod recorded;
mod shown;

use self::outcome::{Document, describe, exit_of};
use self::recorded::Recorder;
use self::shown::{Stderr, show_printed, watcher};
use crate::args::{Call as Arguments, Global};
use crate::calling::chosen::Chosen;
use crate::calling::denied::{Denied, denials};
use crate::calling::engine::engine;
use crate::calling::invoke::{Given, invoke};
use crate::calling::policies::Policies;
use crate::calling::skills::Named;
use crate::calling::web::{self, Bearer};
use crate::calling::{grants, models, skills};
use crate::commands::runs::cost;
use crate::failure::{Exit, Failure};
use crate::interrupt::{cancelled_by_signal, unless_cancelled};
use crate::places::Places;
use crate::reports::{CallEnd, Report, Reporter, of_call};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use crate::terminal::prompt::person;
use crate::{ambient, block_on, project, runtime, trace};
use skillhost_core::capability::Effective;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use skillhost_core::project::{Budget, Project};
use skillhost_core::tier::Tier;
use skillhost_egress::Dialer;
use skillhost_engine::contract::Brief;
use skillhost_engine::files::{Quotas, Rules, Tree};
use skillhost_engine::ports::Ports;
use skillhost_engine::{Allocation, Call, Called, Engine, Grantor, Skill, Unanswered, Uses};
use skillhost_models::{Models, Tuning};
use skillhost_runs::Person;
use skillhost_runs::session::{ModelUse, Session, roles};
use skillhost_runs::web::Web;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest input.
const MAX_INPUT_BYTES: u64 = 8 << 20;

pub(crate) fn run(arguments: &Arguments, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let reporter = Reporter::open(&arguments.reports, printer)?;
    reporter.around("call", &[name_of(arguments)], |told| work(arguments, global, printer, told))
}

/// What is called, for reports.
fn name_of(arguments: &Arguments) -> String {
    match &arguments.tool {
        Some(tool) => format!("{} {tool}", arguments.skill),
        None => arguments.skill.clone(),
    }
}

fn work(arguments: &Arguments, global: &Global, printer: Printer, told: &mut Report) -> Result<Exit, Failure> {
    let policies = Policies::read(global.policy.as_deref())?;
    let flags = grants::parse(&arguments.grants)?;
    let input = read_input(&arguments.input)?;
    let places = Places::for_call(global.state_dir.as_deref(), printer)?;
    // Made beside the reading of the project, since a person waits for both.
    let starting = std::thread::spawn({
        let places = places.clone();
        move || {
            let engine = engine(&places, Allocation::OnDemand)?;
            let prepared = engine.prepare().map_err(|e| Failure::of(Exit::Bug, &e));
            prepared.map(|()| engine)
        }
    });
    let folder = ambient::absolute(&arguments.dir)
        .map_err(|e| Failure::new(Exit::Usage, format!("--dir {}", arguments.dir.display())).because(e))?;
    let around_dir = folder.clone();
    let around = || project::around(&around_dir, arguments.config.as_deref(), arguments.lock.as_deref());
    let chosen = Chosen::find(&arguments.skill, !arguments.grants.is_empty(), around)?;
    let progress = Progress::new(printer);

    block_on(runtime()?, async {
        let named = chosen.component(&places, &policies, printer).await?;
        let engine = starting.join().map_err(|_| Failure::new(Exit::Bug, "the engine could not be started"))?;
        let engine = Arc::new(engine?);
        let skill = skills::load(&engine, &named, &progress).await?;
        let manifest = &skill.inspection().manifest;
        let named_tiers = flags.model.clone();
        let (request, grant, grantor) = chosen.grant(manifest, flags, around, printer)?;
        let grant = if arguments.record_grants { request.clone() } else { grant };
        for line in policies.narrowing(&grant, &manifest.limits) {
            printer.note(format!("narrowed by policy: {line}"));
        }
        let capabilities = Arc::new(Effective::new(&request, &grant, &policies.ceilings()));
        let models = if capabilities.model.is_empty() {
            None
        } else {
            let project = around()?.0.unwrap_or_default();
            Some((models_for(&skill, &named_tiers, &project, &arguments.models)?, project.budget))
        };
        let web = if capabilities.http.is_empty() && capabilities.secrets.is_empty() {
            None
        } else {
            let bearer = Bearer { secrets: &capabilities.secrets, by: chosen.by() };
            Some(web::open(Dialer::new(policies.openings()), &[bearer], &places, models::read_user)?)
        };
        if let Some((models, _)) = &models {
            let models = Arc::clone(models);
            told.scrub = Some(Box::new(move |text| models.scrub(text)));
        }
        trace::begin(&progress, models.as_ref().map(|(models, _)| Arc::clone(models)), web.clone());
        let prepared = Prepared {
            name: name_of(arguments),
            named,
            verbosity: global.verbose.max(u8::from(arguments.traced.trace.is_some())),
            recorder: arguments.record_grants.then(|| Recorder { uses: Uses::default(), request }),
            engine,
            skill,
            capabilities,
            grantor,
            models,
            web,
            person: person(printer, &progress, global.no_prompt),
            policies,
            places,
            folder,
            printer,
        };
        let mut cancel = cancelled_by_signal(progress);
        unless_cancelled(&mut cancel, prepared.call(arguments.tool.as_deref(), input, told)).await
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

struct Prepared<'a> {
    /// What is called, for reports.
    name: String,
    /// The bytes of the skill, for the lines of its source.
    named: Cow<'a, Named>,
    /// How much of a trap is wanted: its lines, and then all of its functions.
    verbosity: u8,
    /// Notes what is used, where that is wanted.
    recorder: Option<Recorder>,
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

impl Prepared<'_> {
    async fn call(self, tool: Option<&str>, input: serde_json::Value, told: &mut Report) -> Result<Exit, Failure> {
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
            uses: self.recorder.as_ref().map(|recorder| recorder.uses.clone()),
        };
        let kind = manifest.skill.kind;
        let called = match self.invoke(call, tool, input).await? {
            Ok(called) => called,
            Err(unanswered) => return Err(self.end_without_answer(*unanswered, told).await),
        };
        let denied = denials(&called.done.denials, &called.done.files, &self.grantor);
        let exit = called.answer.as_ref().err().map_or(Exit::Done, exit_of);
        let end = CallEnd {
            exit,
            reasons: called.answer.as_ref().err().map(describe).into_iter().collect(),
            answer: called.answer.as_ref().ok(),
            denials: denied.iter().map(|denied| denied.of(&self.name)).collect(),
            duration: called.done.duration,
        };
        told.suites.push(of_call(self.name.clone(), kind, end));
        self.report(tool, &called, denied, &session)
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
    ) -> Result<Result<Called<serde_json::Value>, Box<Unanswered>>, Failure> {
        let kind = self.skill.inspection().manifest.skill.kind;
        let brief = || {
            serde_json::from_value::<Brief>(input.clone()).map_err(|e| {
                Failure::new(Exit::Usage, format!("--input is not a brief, which a skill of kind `{kind}` needs"))
                    .because(e)
            })
        };
        let brief = if kind == Kind::Tool { None } else { Some(brief()?) };
        let given = match brief {
            Some(brief) => Given::Brief(Box::new(brief), None),
            None => Given::Tool(tool.unwrap_or_default().to_owned(), input),
        };
        Ok(invoke(Arc::clone(&self.engine), kind, call, given).await)
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
        denied: Vec<Denied>,
        session: &Session,
    ) -> Result<Exit, Failure> {
        let inspection = self.skill.inspection();
        let name = inspection.manifest.skill.name.as_str();
        let done = &called.done;
        show_printed(self.printer, name, &done.printed);
        let recorded = self.recorder.as_ref().map(|recorder| recorder.recorded(&denied));
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
                recorded,
            });
        } else {
            if recorded.is_none() {
                self.tell(&denied);
            }
            for question in asked {
                self.printer.note(format!("asked: {question}"));
            }
            if tokens > 0 {
                self.printer.note(format!("{tokens} tokens, {}", cost(cost_micro_usd)));
            }
            match (recorded, &called.answer) {
                (Some(recorded), _) => recorded.show(self.printer),
                (None, Ok(answer)) => self.printer.json(answer),
                (None, Err(_)) => {}
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
