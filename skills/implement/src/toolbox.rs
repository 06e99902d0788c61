//! The tools put together: which call does what, and how `finish` goes from step to step.
//!
//! `finish` has two stages at the end: the first that passes the gate shows the diff once, the second counts. Before the last
//! step one is enough, since the end shows everything again; the step is committed, and the next one begins. One reply
//! finishes once: what the first says has to be read before a second is meant.

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::clip::{clip, head};
use skillhost_sdk::conversation::{Called, Toolbox};
use skillhost_sdk::{Brief, Error, Host, Level, Step, Summary, ToolDefinition, prompt};

use crate::finish::Claim;
use crate::gate;
use crate::workspace::{Refusal, Told, Workspace};
use crate::{diff, edit, file, hand_back, patch, run, tools};

const MAX_PLAN_CHARS: usize = 4_000;
/// What is kept of a reply without a call at an attempt's end.
const MAX_SAID_BYTES: usize = 500;
const MAX_PATCH_RESULT_BYTES: usize = 24_000;
const EDITING: [&str; 4] = ["edit", "write", "rename", "remove"];

pub(crate) struct Tools<'h> {
    workspace: Workspace<'h>,
    brief: Brief,
    /// To be done and committed one by one. A revision is one piece of work, whichever steps it touches.
    steps: Vec<Step>,
    /// Index of the step at hand.
    step: usize,
    /// The tree whose diff was shown by a `finish` that passed the gate.
    reviewed: Option<u64>,
    finished_in_turn: bool,
    only_finish: bool,
    /// The attempt ends for its lessons, and the model knows.
    only_blocked: bool,
}

impl<'h> Tools<'h> {
    pub(crate) fn new(host: &'h dyn Host, brief: Brief) -> Tools<'h> {
        let mut workspace = Workspace::new(host);
        brief.gates.iter().for_each(|gate| workspace.explorer.add_output(&gate.evidence));
        let steps = if brief.findings.is_empty() { brief.steps.clone() } else { vec![] };
        Tools {
            workspace,
            brief,
            steps,
            step: 0,
            reviewed: None,
            finished_in_turn: false,
            only_finish: false,
            only_blocked: false,
        }
    }

    fn finish(&mut self, arguments: &Arguments) -> Called<Summary> {
        if self.finished_in_turn {
            return Called::Failed("Not executed: finish was called in this reply already. Read what it said.".into());
        }
        if let Err(refusal) = self.workspace.check_not_after_failure(None) {
            return refused(refusal);
        }
        self.finished_in_turn = true;
        let says_why = arguments.text_or_null("what").or(arguments.text_or_null("why")).is_some();
        if arguments.text("status") == "blocked" && !says_why && !self.only_finish {
            return Called::Failed("Not accepted: `what` says what stands in the way, `why` what you tried.".into());
        }
        let claim = match Claim::read(arguments) {
            Ok(claim) => claim,
            Err(blocked) => return Called::Over(Error::Failed(self.with_lessons(blocked))),
        };
        let last = self.is_last_step() || self.only_finish;
        let problems = gate::problems(&self.workspace, &self.brief, &claim, self.current_step(), last);
        if !problems.is_empty() && self.only_blocked {
            return Called::Over(Error::Failed(self.with_lessons(String::new())));
        }
        if !problems.is_empty() {
            return Called::Failed(format!("Not done yet:\n- {}", problems.join("\n- ")));
        }
        if !last {
            return self.next_step(&claim.title);
        }
        if self.only_finish || self.reviewed == Some(self.workspace.generation) {
            let steps_left: Vec<String> = self.steps.iter().skip(self.step + 1).map(|step| step.id.clone()).collect();
            return Called::Done(claim.into_summary(&self.brief, &steps_left));
        }
        self.reviewed = Some(self.workspace.generation);
        match self.review(&claim) {
            Ok(text) => Called::Told(text),
            Err(refusal) => refused(refusal),
        }
    }

    /// The reason why an attempt ends, and what is known of a failure that could not be got rid of.
    fn with_lessons(&self, reason: String) -> String {
        [reason.as_str(), self.workspace.lessons.as_deref().unwrap_or_default()].join("\n").trim().to_owned()
    }

    /// Commits the step. Where that is not possible the work goes on: the host commits what is there at the end.
    fn next_step(&mut self, title: &str) -> Called<Summary> {
        let done = self.current_step().map(|step| step.id.clone()).unwrap_or_default();
        match self.workspace.host.checkpoint(title, &[]) {
            Err(Error::Cancelled) => return Called::Over(Error::Cancelled),
            Err(error) => self.workspace.host.log(Level::Warn, &format!("step {done} was not committed: {error:?}")),
            Ok(_) => {}
        }
        self.step += 1;
        let next = self.current_step().map(prompt::step).unwrap_or_default();
        self.workspace.host.progress(&format!("step {done} is done"), Some(self.step as f32 / self.steps.len() as f32));
        Called::Told(format!("Step {done} is done. The next one:\n{next}"))
    }

    fn review(&self, claim: &Claim) -> Told {
        let diff = diff::own_diff(&self.workspace, self.brief.spec.as_ref())?;
        let evidence = |id: &str| {
            claim.criteria.iter().find(|(claimed, _)| claimed == id).and_then(|(_, evidence)| evidence.clone())
        };
        let criteria: String = self
            .brief
            .criteria
            .iter()
            .map(|it| {
                format!("- {}: {} ({})\n", it.id, it.statement, evidence(&it.id).unwrap_or_else(|| "not shown".into()))
            })
            .collect();
        Ok(format!(
            "Nothing is missing. Read your change once as its reviewer would. If it holds, call finish again; if not, repair it.\n{criteria}{}",
            prompt::fenced("diff", "change", &diff)
        ))
    }

    fn current_step(&self) -> Option<&Step> {
        self.steps.get(self.step)
    }

    fn is_last_step(&self) -> bool {
        self.step + 1 >= self.steps.len()
    }

    /// One of the tools that change files.
    fn edit(&mut self, name: &str, arguments: &Arguments) -> Told {
        let told = match name {
            "edit" => edit::edit(&mut self.workspace, arguments),
            "write" => file::write(&mut self.workspace, arguments),
            "rename" => file::rename(&mut self.workspace, arguments),
            _ => file::remove(&mut self.workspace, arguments),
        };
        if told.is_err() {
            for field in ["path", "from", "to"] {
                if let Some(path) = arguments.text_or_null(field).and_then(|path| skillhost_sdk::path::clean(path).ok())
                {
                    self.workspace.edit_failed(Some(&path));
                }
            }
        }
        told
    }

    /// A patch is the edits that it stands for, in its order and under their rules. What worked before a failure stays.
    fn patch(&mut self, arguments: &Arguments) -> Told {
        let edits = match patch::edits(arguments) {
            Ok(edits) => edits,
            Err(why) => {
                self.workspace.edit_failed(None);
                return Err(why.into());
            }
        };
        let (mut told, mut failed) = (vec![], false);
        for (name, arguments) in edits {
            match self.edit(name, &arguments) {
                Ok(text) => told.push(text),
                Err(Refusal::Text(text)) => {
                    failed = true;
                    told.push(text);
                }
                Err(over) => return Err(over),
            }
        }
        let told = clip(&told.join("\n"), MAX_PATCH_RESULT_BYTES);
        if failed { Err(told.into()) } else { Ok(told) }
    }

    fn store_plan(&mut self, text: &str) -> Told {
        if text.chars().count() > MAX_PLAN_CHARS {
            return Err(format!("a plan may have {MAX_PLAN_CHARS} characters").into());
        }
        self.workspace.plan = text.to_owned();
        Ok("stored".into())
    }
}

impl Toolbox for Tools<'_> {
    type Output = Summary;

    fn definitions(&self) -> Vec<ToolDefinition> {
        tools::definitions()
    }

    /// A claim is new after each run, and each step has its own.
    fn generation(&self, name: &str) -> u64 {
        match name {
            "finish" => {
                self.workspace.generation
                    + self.workspace.runs.len() as u64
                    + self.step as u64
                    + u64::from(self.reviewed.is_some())
            }
            _ => self.workspace.generation,
        }
    }

    fn unasked(&self) -> Vec<ToolDefinition> {
        vec![patch::definition()]
    }

    fn begin_turn(&mut self) {
        self.finished_in_turn = false;
        self.only_blocked = self.workspace.lessons.is_some();
        self.workspace.begin_turn();
    }

    /// What may have been meant counts as a failed edit, so that nothing that builds on it runs.
    fn refused(&mut self, name: &str, raw: &str) {
        if self.only_finish || !(EDITING.contains(&name) || name == patch::NAME) {
            return;
        }
        let paths = patch::named_paths(raw);
        if paths.is_empty() {
            self.workspace.edit_failed(None);
        }
        paths.iter().for_each(|path| self.workspace.edit_failed(Some(path)));
    }

    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<Summary> {
        if name == "finish" {
            return self.finish(arguments);
        }
        if self.only_blocked {
            return Called::Over(Error::Failed(self.with_lessons(String::new())));
        }
        if self.only_finish || self.workspace.lessons.is_some() {
            return Called::Failed("Not executed: only finish is accepted now.".into());
        }
        self.workspace.host.progress(&describe(name, arguments), None);
        let told = match name {
            name if EDITING.contains(&name) => self.edit(name, arguments),
            patch::NAME => self.patch(arguments),
            "run" => run::run(&mut self.workspace, arguments),
            "diff" => diff::diff(&self.workspace, arguments),
            "plan" => self.store_plan(arguments.text("text")),
            _ => match self.workspace.explorer.call(name, arguments) {
                Some(result) => result.map_err(Refusal::Text),
                None => Err("there is no such tool".into()),
            },
        };
        match told {
            Ok(text) => Called::Told(text),
            Err(refusal) => refused(refusal),
        }
    }

    fn notes(&self) -> &str {
        &self.workspace.plan
    }

    fn said(&mut self, text: &str) -> Called<Summary> {
        if self.only_blocked {
            return Called::Over(Error::Failed(self.with_lessons(clip(text, MAX_SAID_BYTES))));
        }
        Called::Failed(
            "Call a tool. When the change is complete, call finish; when it can't be, call finish with status blocked."
                .into(),
        )
    }

    fn last_turn(&mut self) -> String {
        self.only_finish = true;
        "The budget is nearly used up. This is the last turn, and only finish is accepted.".into()
    }

    fn hand_back(&self) -> String {
        hand_back::hand_back(&self.workspace, &self.brief, &self.steps, self.step)
    }
}

fn refused(refusal: Refusal) -> Called<Summary> {
    match refusal {
        Refusal::Text(text) => Called::Failed(text),
        Refusal::Over(error) => Called::Over(error),
    }
}

/// What people see while it works.
fn describe(name: &str, arguments: &Arguments) -> String {
    let subject = ["path", "from", "name", "regex", "glob"]
        .iter()
        .find_map(|field| arguments.text_or_null(field))
        .unwrap_or_default();
    format!("{name} {}", head(subject, 120)).trim_end().to_owned()
}
