//! Playing one case: a fresh worktree, a fresh session, the engine, gates and limits of `call` and `run`; only models,
//! commands, servers and people say what the case wants said.

use super::commands::Commands;
use super::model::Scripted;
use super::person::{Answers, Heard};
use super::servers::Servers;
use super::{Cases, Material, Pick, Played};
use crate::ambient;
use crate::args::Global;
use crate::calling::chosen::Chosen;
use crate::calling::denied::denials;
use crate::calling::engine::authors_engine;
use crate::calling::invoke::{Given, invoke};
use crate::calling::policies::Policies;
use crate::calling::skills;
use crate::failure::{Exit, Failure};
use crate::places::Places;
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use skillhost_cases::{Case, Failing, Happened, Now, Outcome, Subject as Reads, compare, recording};
use skillhost_core::capability::{Capabilities, Effective};
use skillhost_core::glob::Globs;
use skillhost_core::kind::Kind;
use skillhost_core::limits::{Limits, PartialLimits};
use skillhost_core::manifest::Manifest;
use skillhost_core::path::SkillPath;
use skillhost_core::project::Project;
use skillhost_engine::contract::{Brief, Error, Subject};
use skillhost_engine::files::{FileRecord, Quotas, Rules, Tree};
use skillhost_engine::ports::{Ask, Model, Ports};
use skillhost_engine::{Call, CallError, Engine, Grantor, Skill};
use skillhost_models::{Models, Override, Roles, Setup};
use skillhost_runs::error::RunError;
use skillhost_runs::event::Watcher;
use skillhost_runs::session::{ModelUse, Session, phase};
use skillhost_runs::stage::Stage;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Largest file that is compared.
const MAX_COMPARED_BYTES: u64 = 4 << 20;
/// Bytes that all of a case's may have together: they are in memory at once.
const MAX_COMPARED_TOTAL: u64 = 64 << 20;

/// Plays cases.
pub(crate) struct Player {
    engine: Arc<Engine>,
    places: Places,
    policies: Policies,
    printer: Printer,
}

/// A skill that was loaded to be tested.
pub(crate) struct Loaded {
    pub(crate) skill: Arc<Skill>,
    /// Where its sessions are recorded. Not the user's state: what tests do is nothing to keep, and `dev` does it all day.
    state: tempfile::TempDir,
}

/// What a call is given and may do, for one case.
struct Scene {
    stage: Stage,
    capabilities: Arc<Effective>,
    limits: Limits,
}

impl Player {
    pub(crate) fn new(global: &Global, printer: Printer) -> Result<Self, Failure> {
        let policies = Policies::read(global.policy.as_deref())?;
        let places = Places::for_call(global.state_dir.as_deref(), printer)?;
        let engine = Arc::new(authors_engine(&places)?);
        Ok(Self { engine, places, policies, printer })
    }

    /// What it loads skills with: one that was loaded is there.
    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Loads the skill in this file, as `call` would.
    pub(crate) async fn load(&self, file: &Path, progress: &Progress) -> Result<Loaded, Failure> {
        let file = ambient::absolute(file)
            .map_err(|e| Failure::new(Exit::Usage, format!("the skill {} can't be read", file.display())).because(e))?;
        let named = Chosen::File(skills::find_file(&file)?);
        let named = named.component(&self.places, &self.policies, self.printer).await?;
        let skill = skills::load(&self.engine, &named, progress).await?;
        let manifest = &skill.inspection().manifest;
        for line in self.policies.narrowing(&manifest.capabilities, &manifest.limits) {
            self.printer.note(format!("narrowed by policy: {line}"));
        }
        let state = ambient::temporary_folder().map_err(|e| Failure::of(Exit::Integrity, &e))?;
        Ok(Loaded { skill, state })
    }

    /// Whether all cases can be played with this skill, before time is spent on any: a mistake in the last one would take
    /// the results of all others with it.
    pub(crate) fn check(&self, loaded: &Loaded, cases: &Cases) -> Result<(), Failure> {
        for chosen in &cases.chosen {
            let unplayable = |failure| cases.unplayable(*chosen, failure);
            let invalid = |reason: String| unplayable(Failure::new(Exit::Configuration, reason));
            let case = cases.case(*chosen);
            let tool = case.tool_of(&loaded.skill.inspection().manifest).map_err(invalid)?;
            given(case, tool, "").map_err(invalid)?;
            cases.material(*chosen).map_err(unplayable)?;
        }
        Ok(())
    }

    /// Plays a case, and compares. Where that can't be done, the failure names the case.
    pub(crate) async fn play(&self, loaded: &Loaded, cases: &Cases, chosen: Pick) -> Result<Played, Failure> {
        self.played(loaded, cases, chosen).await.map_err(|failure| cases.unplayable(chosen, failure))
    }

    async fn played(&self, loaded: &Loaded, cases: &Cases, chosen: Pick) -> Result<Played, Failure> {
        let (skill, case) = (&loaded.skill, cases.case(chosen));
        let unplayable = |reason: String| Failure::new(Exit::Configuration, reason);
        let tool = case.tool_of(&skill.inspection().manifest).map_err(unplayable)?;
        let material = cases.material(chosen)?;
        let scene = self.set(skill, case, &material).await.map_err(|e| Failure::of(Exit::Configuration, &e))?;
        let given = given(case, tool, &scene.stage.base()).map_err(unplayable)?;
        let mut played = self.call(loaded, case, chosen, &material, scene, given).await?;
        played.differences = compare(case, played.kind, &material.named, &played.happened);
        Ok(played)
    }

    async fn set(&self, skill: &Skill, case: &Case, material: &Material) -> Result<Scene, RunError> {
        let manifest = &skill.inspection().manifest;
        let folder = ambient::temporary_folder().map_err(|e| RunError::Bug(e.to_string()))?;
        let stage = Stage::set(folder, material.before(case), material.change(case)).await?;
        let mut request: Capabilities = manifest.capabilities.clone();
        if manifest.skill.kind == Kind::Review {
            // As in a run: a reviewer changes nothing.
            (request.write, request.protected) = (Globs::none(), false);
        }
        let grant = case.grants.as_ref().unwrap_or(&request);
        let capabilities = Arc::new(Effective::new(&request, grant, &self.policies.ceilings()));
        let limits = Limits::resolve(&asked(manifest, case), &self.policies.limits());
        Ok(Scene { stage, capabilities, limits })
    }

    async fn call(
        &self,
        loaded: &Loaded,
        case: &Case,
        chosen: Pick,
        material: &Material,
        scene: Scene,
        given: Given,
    ) -> Result<Played, Failure> {
        let skill = &loaded.skill;
        let manifest = &skill.inspection().manifest;
        let person = Arc::new(Answers::new(&case.answers));
        let mut session =
            Session::open(loaded.state.path(), skill, self.policies.digest, Some(Arc::clone(&person) as _))
                .map_err(|e| Failure::of(Exit::Integrity, &e))?;
        let rules = Rules {
            read: scene.capabilities.read.clone(),
            write: scene.capabilities.write.clone(),
            protected: Project::default().protect.paths,
            may_write_protected: scene.capabilities.protected,
        };
        let tree = Tree::open(scene.stage.dir(), rules, Quotas::default())
            .map_err(|e| Failure::of(Exit::Configuration, &e))?;
        let gates = if let Given::Brief(brief, _) = &given { brief.gates.as_slice() } else { &[] };
        let model = Arc::new(Scripted::new(self.model(&mut session, skill, case, &scene)?, &case.replies));
        let commands = Arc::new(Commands::new(&case.commands, gates));
        let servers = Arc::new(Servers::new(&case.http, &case.secrets));
        let heard = Arc::new(Heard::default());
        let ask: Arc<dyn Ask> = session.ask(skill);
        let call = Call {
            skill: Arc::clone(skill),
            capabilities: Arc::clone(&scene.capabilities),
            // What would grant it where the skill is installed.
            grantor: Grantor::Lock(manifest.skill.name.clone()),
            limits: scene.limits,
            tree: Some(Arc::new(tree)),
            ports: Ports {
                log: Some(Arc::clone(&heard) as _),
                model: Some(Arc::clone(&model) as _),
                exec: Some(Arc::clone(&commands) as _),
                changes: Some(scene.stage.changes(skill, Arc::clone(&scene.capabilities), session.auditor())),
                ask: Some(ask),
                http: Some(Arc::clone(&servers) as _),
            },
            auditor: session.auditor(),
            watch: None,
            uses: None,
        };
        let (outcome, done) = match invoke(Arc::clone(&self.engine), manifest.skill.kind, call, given).await {
            Ok(called) => (called.answer.map_or_else(failed, Outcome::Answered), called.done),
            Err(unanswered) => match unanswered.error {
                error @ CallError::Audit(_) => return Err(Failure::of(Exit::Integrity, &error)),
                error => (Outcome::Unanswered(error.to_string()), unanswered.done),
            },
        };
        let (ran, unmet) = commands.ran();
        let unmet = model.unmet().into_iter().chain(unmet).chain(servers.unmet()).chain(person.unmet()).collect();
        let denied = denials(&done.denials, &done.files, &Grantor::Flags);
        let (touched, files) = self.files(case, material, &scene, &done.files).await?;
        let happened = Happened {
            outcome,
            touched,
            files,
            denials: denied.iter().map(|denied| denied_line(&denied.capability, &denied.what)).collect(),
            commands: ran,
            log: heard.lines(),
            unmet,
        };
        let printed = String::from_utf8_lossy(&done.printed.kept).into_owned();
        let (differences, duration) = (Vec::new(), done.duration);
        let kind = manifest.skill.kind;
        Ok(Played { chosen, kind, happened, differences, printed, duration, is_accepted: false, refused: None })
    }

    /// The host's own player of recordings, with the case's replies.
    fn model(
        &self,
        session: &mut Session,
        skill: &Skill,
        case: &Case,
        scene: &Scene,
    ) -> Result<Arc<dyn Model>, Failure> {
        let failed = |e: &(dyn std::error::Error + 'static)| Failure::of(Exit::Configuration, e);
        let script = scene.stage.folder().join("script.jsonl");
        let text = recording(&case.replies, phase(skill.inspection().manifest.skill.kind));
        ambient::write_new(&script, text.as_bytes()).map_err(|e| failed(&e))?;
        let played: Override = format!("replay:{}", script.display())
            .parse()
            .map_err(|e| crate::calling::models::failure(Exit::Bug, &e))?;
        // No key is looked for: nothing is sent anywhere.
        let setup = Setup { roles: Roles::default().with_overrides([played]), variable: |_| None, ..Setup::default() };
        let models = Models::open(setup).map_err(|e| crate::calling::models::failure(Exit::Configuration, &e))?;
        let of =
            ModelUse { models: Arc::new(models), budget: Project::default().budget, watcher: Watcher::new(|_, _| {}) };
        session.model(skill, of).map_err(|e| Failure::of(Exit::Integrity, &e))
    }

    /// The files that the skill changed, and how they and the expected ones are now.
    async fn files(
        &self,
        case: &Case,
        material: &Material,
        scene: &Scene,
        record: &FileRecord,
    ) -> Result<(BTreeSet<SkillPath>, BTreeMap<SkillPath, Now>), Failure> {
        let before = material.before(case);
        let change = material.change(case);
        let mut touched = BTreeSet::new();
        let mut files = BTreeMap::new();
        let expected = case.expect.iter().flat_map(|expect| expect.files.keys());
        let named: BTreeSet<&SkillPath> = record.written.iter().chain(&record.removed).chain(expected).collect();
        let mut room = MAX_COMPARED_TOTAL;
        for path in named {
            let now = match scene.stage.read(path, MAX_COMPARED_BYTES.min(room)).await {
                Ok(Some(bytes)) => {
                    room = room.saturating_sub(bytes.len() as u64);
                    Now::Holds(bytes)
                }
                Ok(None) => Now::Absent,
                Err(RunError::Worktree(error)) if error.is_limit() => Now::TooLarge,
                Err(error) => return Err(Failure::of(Exit::Bug, &error)),
            };
            let was = change.get(path).map_or_else(|| before.get(path), Option::as_ref);
            let is_as_before = match (&now, was) {
                (Now::Holds(bytes), Some(was)) => bytes == was,
                (Now::Absent, None) => true,
                _ => false,
            };
            if !is_as_before && (record.written.contains(path) || record.removed.contains(path)) {
                touched.insert(path.clone());
            }
            files.insert(path.clone(), now);
        }
        Ok((touched, files))
    }
}

/// The limits that the case asks for, and for the rest the manifest.
fn asked(manifest: &Manifest, case: &Case) -> PartialLimits {
    PartialLimits {
        memory: case.limits.memory.or(manifest.limits.memory),
        cpu: case.limits.cpu.or(manifest.limits.cpu),
        time: case.limits.time.or(manifest.limits.time),
    }
}

fn given(case: &Case, tool: Option<&str>, base: &str) -> Result<Given, String> {
    if let Some(tool) = tool {
        return Ok(Given::Tool(tool.to_owned(), case.arguments()?));
    }
    let brief = case.brief.as_ref().ok_or("it has no `brief`")?.to_contract(base);
    let brief: Brief = serde_json::from_value(brief).map_err(|e| format!("its brief is none: {e}"))?;
    let subject = match case.subject {
        None => None,
        Some(Reads::Change) => Some(Subject::Change),
        Some(Reads::Spec) => brief.spec.clone().map(Subject::Spec),
    };
    Ok(Given::Brief(Box::new(brief), subject))
}

fn failed(error: Error) -> Outcome {
    let (failing, text) = match error {
        Error::Denied(text) => (Failing::Denied, text),
        Error::Invalid(text) => (Failing::Invalid, text),
        Error::Exhausted(text) => (Failing::Exhausted, text),
        Error::Cancelled => (Failing::Cancelled, String::new()),
        Error::TooLarge(bytes) => (Failing::TooLarge, format!("{bytes} bytes")),
        Error::Failed(text) => (Failing::Failed, text),
    };
    Outcome::Failed(failing, text)
}

/// A denial, as a case names it: a flag by its name alone.
fn denied_line(capability: &str, what: &str) -> String {
    match capability {
        "ask" | "exec_arguments" | "protected" => capability.to_owned(),
        _ => format!("{capability} {what}"),
    }
}
