//! The first part of the work: looking around, until a reply is the document.

use skillhost_sdk::ToolDefinition;
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::conversation::{Called, Toolbox};
use skillhost_sdk::explore::{Explorer, definitions};
use skillhost_sdk::{Host, clip};

use crate::sections::Sections;

pub(crate) struct Tools<'a> {
    host: &'a dyn Host,
    explorer: Explorer<'a>,
    headings: &'a [String],
}

impl<'a> Tools<'a> {
    pub(crate) fn new(host: &'a dyn Host, headings: &'a [String]) -> Tools<'a> {
        Tools { host, explorer: Explorer::new(host), headings }
    }
}

impl Toolbox for Tools<'_> {
    type Output = String;

    fn definitions(&self) -> Vec<ToolDefinition> {
        definitions()
    }

    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<String> {
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
