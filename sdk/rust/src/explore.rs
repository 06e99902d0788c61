//! The tools that only look: `list`, `search` and `read`. Every kind of skill that talks to a model offers them.
//!
//! Their results are small and in a fixed order, since each is sent again with every later turn. [`Explorer`] also remembers
//! what the model has seen of which file, so that a skill can refuse to edit what was not read, or has changed since.

mod list;
mod needle;
mod read;
mod search;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::arguments::Arguments;
use crate::{Host, ToolDefinition, path};

pub use read::{numbered, numbered_whole};

/// Files beyond this size are not searched.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The definitions of the three tools, in their order.
pub fn definitions() -> Vec<ToolDefinition> {
    vec![list::definition(), search::definition(), read::definition()]
}

/// Runs the three tools.
pub struct Explorer<'h> {
    host: &'h dyn Host,
    seen: HashMap<String, u64>,
    outputs: Vec<String>,
}

/// What the model knows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// It was never shown.
    Unread,
    /// It is not what was shown.
    Changed,
    /// It is what was shown.
    Current,
}

impl<'h> Explorer<'h> {
    /// Nothing was seen yet.
    pub fn new(host: &'h dyn Host) -> Explorer<'h> {
        Explorer { host, seen: HashMap::new(), outputs: vec![] }
    }

    /// Runs `list`, `search` or `read`; `None` for another name. An error is for the model.
    pub fn call(&mut self, name: &str, arguments: &Arguments) -> Option<Result<String, String>> {
        match name {
            "list" => Some(self.at(arguments.text("path")).and_then(|path| list::list(self.host, arguments, &path))),
            "search" => {
                Some(self.at(arguments.text("path")).and_then(|path| search::search(self.host, arguments, &path)))
            }
            "read" => Some(read::read(self, arguments)),
            _ => None,
        }
    }

    /// A command's or a gate's output, from now on readable by its id.
    pub fn add_output(&mut self, id: &str) {
        self.outputs.push(id.to_owned());
    }

    /// The model knows that `path` holds `content`.
    pub fn saw(&mut self, path: &str, content: &[u8]) {
        self.seen.insert(path.to_owned(), fingerprint(content));
    }

    /// The file is gone.
    pub fn forget(&mut self, path: &str) {
        self.seen.remove(path);
    }

    /// Whether the model knows `content` as that of `path`.
    pub fn knowledge(&self, path: &str, content: &[u8]) -> Knowledge {
        match self.seen.get(path) {
            None => Knowledge::Unread,
            Some(known) if *known == fingerprint(content) => Knowledge::Current,
            Some(_) => Knowledge::Changed,
        }
    }

    /// What the files that were shown are now, to be compared with a later one.
    pub fn snapshot(&self) -> BTreeMap<String, Option<u64>> {
        let now = |path: &String| self.host.load(path).ok().map(|content| fingerprint(&content));
        self.seen.keys().map(|path| (path.clone(), now(path))).collect()
    }

    fn at(&self, path: &str) -> Result<String, String> {
        path::clean(path)
    }

    /// The id of an output that `path` names, as itself or as `run:ID`.
    fn output_id(&self, path: &str) -> Option<&str> {
        let path = path.trim();
        self.outputs.iter().map(String::as_str).find(|id| *id == path || path.strip_prefix("run:") == Some(*id))
    }
}

/// Not a defence: whoever can make two contents collide only fools itself.
pub(crate) fn fingerprint(content: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
