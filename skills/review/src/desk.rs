//! What the reviewer can do: look at the tree and at the change, and report once.

use std::cell::RefCell;
use std::collections::HashMap;

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::clip::clip;
use skillhost_sdk::conversation::{Called, Toolbox};
use skillhost_sdk::explore::{self, Explorer};
use skillhost_sdk::{Brief, Error, Host, ToolDefinition, path, schema};

use crate::report::{self, Claims};

/// Most of a diff that one result shows.
const MAX_DIFF_BYTES: usize = 24_000;

/// Results by tool and arguments. The tree does not change while it is reviewed, so each call is made once, whichever group
/// makes it and however often its conversation is run.
pub(crate) type Memory = RefCell<HashMap<(String, String), Result<String, String>>>;

/// The tools of one group.
pub(crate) struct Desk<'h> {
    host: &'h dyn Host,
    explorer: Explorer<'h>,
    /// A spec has no diff.
    has_diff: bool,
    memory: &'h Memory,
}

impl<'h> Desk<'h> {
    pub(crate) fn new(host: &'h dyn Host, brief: &Brief, has_diff: bool, memory: &'h Memory) -> Desk<'h> {
        let mut explorer = Explorer::new(host);
        brief.gates.iter().for_each(|gate| explorer.add_output(&gate.evidence));
        Desk { host, explorer, has_diff, memory }
    }

    fn look(&mut self, name: &str, arguments: &Arguments) -> Result<String, String> {
        let key = (name.to_owned(), arguments.key());
        if let Some(result) = self.memory.borrow().get(&key) {
            return result.clone();
        }
        let result = match name {
            "diff" => self.diff(arguments),
            _ => self.explorer.call(name, arguments).unwrap_or_else(|| Err(format!("there is no tool `{name}`"))),
        };
        self.memory.borrow_mut().insert(key, result.clone());
        result
    }

    fn diff(&self, arguments: &Arguments) -> Result<String, String> {
        let paths: Result<Vec<String>, String> =
            arguments.texts("paths").iter().map(|path| path::clean(path)).collect();
        match self.host.diff(&paths?) {
            Ok(diff) if diff.is_empty() => Ok("Nothing differs there.".into()),
            Ok(diff) => Ok(clip(&diff, MAX_DIFF_BYTES)),
            Err(Error::TooLarge(_)) => Err("This diff is too large: name fewer paths, or read the files.".into()),
            Err(error) => Err(error.to_string()),
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
        let result = match name {
            "report" => return report::from_arguments(arguments).map_or_else(Called::Failed, Called::Done),
            _ => self.look(name, arguments),
        };
        result.map_or_else(Called::Failed, Called::Told)
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
