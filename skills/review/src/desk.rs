//! What the reviewer can do: look at the tree and at the change, and report once.

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::clip::clip;
use skillhost_sdk::conversation::{Called, Toolbox};
use skillhost_sdk::explore::{self, Explorer};
use skillhost_sdk::{Brief, Error, Host, ToolDefinition, path, schema};

use crate::report::{self, Claims};

/// Most of a diff that one result shows.
const MAX_DIFF_BYTES: usize = 24_000;

/// The tools of one review.
pub(crate) struct Desk<'h> {
    host: &'h dyn Host,
    explorer: Explorer<'h>,
    /// A spec has no diff.
    has_diff: bool,
}

impl<'h> Desk<'h> {
    pub(crate) fn new(host: &'h dyn Host, brief: &Brief, has_diff: bool) -> Desk<'h> {
        let mut explorer = Explorer::new(host);
        brief.gates.iter().for_each(|gate| explorer.add_output(&gate.evidence));
        Desk { host, explorer, has_diff }
    }

    fn diff(&self, arguments: &Arguments) -> Called<Claims> {
        let paths: Result<Vec<String>, String> =
            arguments.texts("paths").iter().map(|path| path::clean(path)).collect();
        match paths.map(|paths| self.host.diff(&paths)) {
            Err(why) => Called::Failed(why),
            Ok(Ok(diff)) if diff.is_empty() => Called::Told("Nothing differs there.".into()),
            Ok(Ok(diff)) => Called::Told(clip(&diff, MAX_DIFF_BYTES)),
            Ok(Err(Error::TooLarge(_))) => {
                Called::Failed("This diff is too large: name fewer paths, or read the files.".into())
            }
            Ok(Err(Error::Cancelled)) => Called::Over(Error::Cancelled),
            Ok(Err(error)) => Called::Failed(error.to_string()),
        }
    }
}

impl Toolbox for Desk<'_> {
    type Output = Claims;

    fn definitions(&self) -> Vec<ToolDefinition> {
        let mut tools = explore::definitions();
        if self.has_diff {
            let paths = schema::list("Files; empty for all.", schema::text("A path."));
            tools.push(schema::tool(
                "diff",
                "The change against the base commit, as a unified diff.",
                &[("paths", paths)],
            ));
        }
        tools.push(report::definition());
        tools
    }

    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<Claims> {
        match name {
            "diff" => self.diff(arguments),
            "report" => match report::from_arguments(arguments) {
                Ok(claims) => Called::Done(claims),
                Err(why) => Called::Failed(why),
            },
            _ => match self.explorer.call(name, arguments) {
                Some(Ok(text)) => Called::Told(text),
                Some(Err(why)) => Called::Failed(why),
                None => Called::Failed(format!("there is no tool `{name}`")),
            },
        }
    }

    /// Some models write the report instead of calling it; it is taken where it is whole.
    fn said(&mut self, text: &str) -> Called<Claims> {
        match report::from_text(text) {
            Ok(claims) => Called::Done(claims),
            Err(_) => {
                Called::Failed("Call `report` to end the review, with an empty list where you found nothing.".into())
            }
        }
    }

    fn last_turn(&mut self) -> String {
        "The budget ends with this turn. Call `report` now, with what you are sure of.".into()
    }

    fn hand_back(&self) -> String {
        "The review was not finished, so nothing was reported.".into()
    }
}
