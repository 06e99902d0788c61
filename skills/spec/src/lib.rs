//! The spec skill: explores the repository, writes the document under the project's headings, then plans steps and criteria.
//!
//! The document is plain text and the plan is JSON, each in a reply of its own: long text inside JSON gets cut. Both are
//! checked in code, and what fails goes back to the model, failing parts only, twice at most.

mod check_document;
mod check_plan;
mod citations;
mod explore;
mod globs;
mod measures;
mod plan;
mod prompt;
mod questions;
mod sections;
mod size;

use skillhost_sdk::conversation::Conversation;
use skillhost_sdk::{Brief, Command, Document, Error, Host, Spec, Specification, Tier};

use crate::plan::Plan;
use crate::sections::Sections;
use crate::size::Size;

/// Times that failing parts go back, for the document and the plan together.
const MAX_REPAIRS: u32 = 2;

/// The skill.
pub struct Drafter;

impl Spec for Drafter {
    fn draft(host: &dyn Host, brief: Brief) -> Result<Specification, Error> {
        let template = brief.spec.clone().ok_or_else(|| Error::Invalid("the brief has no document to fill".into()))?;
        let headings = Sections::parse(&template.text).headings();
        let commands = host.commands();
        let messages = prompt::messages(&brief, &commands, &host.granted());
        let mut conversation = Conversation::new(host, Tier::Standard, prompt::SYSTEM, messages);
        let text = conversation.run(&mut explore::Tools::new(host, &headings), explore::LIMITS)?;

        let mut draft = Draft { host, conversation, headings: &headings, document: Sections::parse(&text), repairs: 0 };
        draft.mend(|_, _| vec![], None)?;
        let (plan, size) = draft.plan(&brief, &commands)?;
        // Only the plan tells how long the document may be, and what it has to announce.
        draft.mend(|host, text| measures::problems(host, &plan, text, &brief), Some(size))?;
        Ok(plan.into_specification(Document { path: template.path, text: draft.document.render() }))
    }
}

/// A spec in the making.
struct Draft<'h> {
    host: &'h dyn Host,
    conversation: Conversation<'h>,
    headings: &'h [String],
    document: Sections,
    repairs: u32,
}

impl Draft<'_> {
    /// Sends the document's failing sections back until all are sound, and nothing else speaks against its text.
    fn mend(&mut self, against: impl Fn(&dyn Host, &str) -> Vec<String>, size: Option<Size>) -> Result<(), Error> {
        let mut cut = false;
        loop {
            let mut problems = check_document::problems(self.host, &self.document, self.headings, size);
            problems.extend(against(self.host, &self.document.render()));
            if problems.is_empty() {
                return Ok(());
            }
            problems.extend(cut.then(|| prompt::CUT.to_owned()));
            count(&mut self.repairs, "document", &problems)?;
            self.conversation.tell(prompt::repair_document(&problems));
            let said = self.conversation.ask(None)?;
            cut = said.cut;
            if !cut {
                self.document.replace(&Sections::parse(&said.text));
            }
        }
    }

    /// Asks for the plan until it is sound.
    fn plan(&mut self, brief: &Brief, commands: &[Command]) -> Result<(Plan, Size), Error> {
        let schema = plan::schema();
        self.conversation.tell(prompt::PLAN);
        loop {
            let said = self.conversation.ask(Some(&schema))?;
            let problems = match if said.cut { Err(prompt::CUT.to_owned()) } else { Plan::parse(&said.text) } {
                Err(why) => vec![why],
                Ok(plan) => {
                    let size = Size::of_plan(self.host, &plan.steps);
                    let problems = check_plan::problems(&plan, size, brief, commands);
                    if problems.is_empty() {
                        return Ok((plan, size));
                    }
                    problems
                }
            };
            count(&mut self.repairs, "plan", &problems)?;
            self.conversation.tell(prompt::repair_plan(&problems));
        }
    }
}

fn count(repairs: &mut u32, what: &str, problems: &[String]) -> Result<(), Error> {
    if *repairs >= MAX_REPAIRS {
        return Err(Error::Failed(format!(
            "the {what} did not pass its check after {MAX_REPAIRS} repairs: {}",
            problems.join("; ")
        )));
    }
    *repairs += 1;
    Ok(())
}

skillhost_sdk::export_spec!(Drafter);
