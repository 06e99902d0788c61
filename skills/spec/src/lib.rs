//! The spec skill: explores the repository, writes the document under the project's headings, then plans steps and criteria.
//!
//! The document is plain text and the plan is JSON, each in a reply of its own: long text inside JSON gets cut. Both are
//! checked in code, and what fails goes back to the model, failing parts only, twice at most.

mod check_document;
mod check_plan;
mod explore;
mod plan;
mod prompt;
mod sections;

use skillhost_sdk::conversation::{Conversation, Limits};
use skillhost_sdk::{Brief, Document, Error, Host, Spec, Specification, Tier};

use crate::plan::Plan;
use crate::sections::Sections;

/// Turns of looking around, the one that hands over the document included.
const EXPLORE: Limits = Limits { turns: 25, notice_at: 20 };
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
        let mut repairs = 0;

        let text = conversation.run(&mut explore::Tools::new(host, &headings), EXPLORE)?;
        let mut document = Sections::parse(&text);
        let mut cut = false;
        loop {
            let mut problems = check_document::problems(host, &document, &headings);
            if problems.is_empty() {
                break;
            }
            problems.extend(cut.then(|| prompt::CUT.to_owned()));
            count(&mut repairs, "document", &problems)?;
            conversation.tell(prompt::repair_document(&problems));
            let said = conversation.ask(None)?;
            cut = said.cut;
            if !cut {
                document.replace(&Sections::parse(&said.text));
            }
        }

        let schema = plan::schema();
        conversation.tell(prompt::PLAN);
        let plan = loop {
            let said = conversation.ask(Some(&schema))?;
            let plan = if said.cut { Err(prompt::CUT.to_owned()) } else { Plan::parse(&said.text) };
            let problems = match &plan {
                Ok(plan) => check_plan::problems(plan, &brief, &commands),
                Err(why) => vec![why.clone()],
            };
            match plan {
                Ok(plan) if problems.is_empty() => break plan,
                _ => count(&mut repairs, "plan", &problems)?,
            }
            conversation.tell(prompt::repair_plan(&problems));
        };
        Ok(plan.into_specification(Document { path: template.path, text: document.render() }))
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
