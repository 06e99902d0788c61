//! `--record-grants`: the smallest grant that would have sufficed for what a call really used.

use crate::calling::denied::Denied;
use crate::calling::grants;
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_core::capability::{Capabilities, Tier};
use skillhost_core::destination::WebUrl;
use skillhost_core::path::SkillPath;
use skillhost_core::project::Project;
use skillhost_engine::Uses;

/// Notes what is used, beside what was asked for.
pub(super) struct Recorder {
    pub(super) uses: Uses,
    pub(super) request: Capabilities,
}

/// What was used, for programs.
#[derive(Serialize)]
pub(super) struct Recorded {
    /// Ready for a shell.
    flags: Vec<String>,
    /// The same as an entry of a lock.
    lock: String,
    /// The same as data.
    grant: Capabilities,
    /// What its manifest asks for, it wanted, and a policy denied.
    denied_by_policy: Vec<Wanted>,
    /// What it wanted and its manifest doesn't ask for: no grant helps.
    not_requested: Vec<Wanted>,
}

#[derive(Serialize)]
struct Wanted {
    capability: String,
    what: String,
}

impl Recorder {
    pub(super) fn recorded(&self, denied: &[Denied]) -> Recorded {
        // A call's directory has the usual protection.
        let grant = self.uses.smallest(&Project::default().protect.paths);
        let wanted = |it: &Denied| Wanted { capability: it.capability.clone(), what: it.what.clone() };
        let (by_policy, beyond): (Vec<&Denied>, Vec<&Denied>) = denied.iter().partition(|it| self.requests(it));
        Recorded {
            flags: grants::flags(&grant),
            lock: grants::table(&grant),
            denied_by_policy: by_policy.into_iter().map(wanted).collect(),
            not_requested: beyond.into_iter().map(wanted).collect(),
            grant,
        }
    }

    /// Whether the manifest asks for what was denied.
    fn requests(&self, denied: &Denied) -> bool {
        let (request, what) = (&self.request, denied.what.as_str());
        let path = || SkillPath::parse(what).ok();
        match denied.capability.as_str() {
            "read" => path().is_some_and(|path| request.read.matches(&path) || request.read.may_match_beneath(&path)),
            "write" => path().is_some_and(|path| request.write.matches(&path)),
            "exec" => request.exec.iter().any(|name| name.as_str() == what),
            "model" => Tier::from_word(what).is_some_and(|tier| request.model.contains(&tier)),
            "http" => WebUrl::parse(what).is_ok_and(|url| request.http.matches(&url)),
            "secrets" => request.secrets.iter().any(|name| name.as_str() == what),
            "exec_arguments" => request.exec_arguments,
            "protected" => request.protected,
            "ask" => request.ask,
            _ => false,
        }
    }
}

impl Recorded {
    /// The grant as data, and the rest beside it.
    pub(super) fn show(&self, printer: Printer) {
        for wanted in &self.denied_by_policy {
            printer.note(format!("denied by policy: {} {}", wanted.capability, wanted.what));
        }
        for wanted in &self.not_requested {
            printer.note(format!("denied: {} {} · its manifest does not ask for it", wanted.capability, wanted.what));
        }
        if !self.grant.exec.is_empty() {
            printer.note("it runs commands, which is for skillhost run: exec stands in the lock's entry alone");
        }
        if self.grant == Capabilities::default() {
            printer.note("it used nothing that needs a grant");
        } else {
            if !self.flags.is_empty() {
                printer.data(self.flags.join(" "));
            }
            printer.block(&format!("\n{}", self.lock));
        }
    }
}
