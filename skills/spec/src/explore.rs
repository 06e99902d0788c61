//! The first part of the work: looking around, until a reply is the document.

use skillhost_sdk::ToolDefinition;
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::conversation::{Called, Limits, Toolbox};
use skillhost_sdk::explore::{Explorer, definitions};
use skillhost_sdk::{Host, clip};

use crate::questions;
use crate::sections::Sections;

/// Turns, the one that hands over the document included.
pub(crate) const LIMITS: Limits = Limits { turns: 25, notice_at: 20 };
/// From this turn on nothing is looked at any more, so that two are left for the document.
const LAST_LOOK: u32 = LIMITS.turns - 2;

pub(crate) struct Tools<'a> {
    host: &'a dyn Host,
    explorer: Explorer<'a>,
    headings: &'a [String],
    turn: u32,
    has_asked: bool,
}

impl<'a> Tools<'a> {
    pub(crate) fn new(host: &'a dyn Host, headings: &'a [String]) -> Tools<'a> {
        Tools { host, explorer: Explorer::new(host), headings, turn: 0, has_asked: false }
    }

    fn ask(&mut self, arguments: &Arguments) -> Called<String> {
        if self.has_asked {
            return Called::Failed("Questions were asked. Take defaults, and record them as assumptions.".into());
        }
        match questions::ask(self.host, arguments) {
            Ok(Ok(told)) => {
                self.has_asked = true;
                Called::Told(told)
            }
            Ok(Err(why)) => Called::Failed(why),
            Err(error) => Called::Over(error),
        }
    }
}

impl Toolbox for Tools<'_> {
    type Output = String;

    fn definitions(&self) -> Vec<ToolDefinition> {
        let mut tools = definitions();
        tools.push(questions::definition());
        tools
    }

    fn begin_turn(&mut self) {
        self.turn += 1;
    }

    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<String> {
        if self.turn > LAST_LOOK {
            return Called::Failed(
                "Not run: you have looked enough. Reply with the document now, from what you know.".into(),
            );
        }
        if name == "ask" {
            return self.ask(arguments);
        }
        let subject =
            ["path", "regex", "glob"].iter().find_map(|field| arguments.text_or_null(field)).unwrap_or_default();
        self.host.progress(&format!("{name} {}", clip::head(subject, 120)), None);
        match self.explorer.call(name, arguments) {
            Some(Ok(text)) => Called::Told(text),
            Some(Err(why)) => Called::Failed(why),
            None => Called::Failed("there is no such tool".into()),
        }
    }

    /// A reply that has one of the headings is meant as the document; the check says what it lacks.
    fn said(&mut self, text: &str) -> Called<String> {
        let sections = Sections::parse(text);
        if self.headings.is_empty() && !text.trim().is_empty()
            || self.headings.iter().any(|heading| sections.body(heading).is_some())
        {
            return Called::Done(text.to_owned());
        }
        Called::Failed(format!(
            "Call a tool, or reply with the document under its headings: {}",
            self.headings.join(", ")
        ))
    }

    fn last_turn(&mut self) -> String {
        "The budget is nearly used up. Reply with the document now, from what you know.".into()
    }

    fn hand_back(&self) -> String {
        "done: looked around\nremaining: the document and the plan".into()
    }
}
