//! The implement skill: an agent that reads, edits, runs the declared commands, and finishes only on evidence.
//!
//! The loop itself is the SDK's. Here are the tools, the rules of an edit, and the gate that a claim to be done has to pass.
//! Nothing of that protects the host, which checks for itself; it is what makes the change good.

mod closest;
mod diff;
mod edit;
mod file;
mod finish;
mod gate;
mod hand_back;
mod matching;
mod occurrences;
mod output;
mod patch;
mod placeholder;
mod prompt;
mod rescue;
mod run;
mod stages;
mod syntax;
mod toolbox;
mod tools;
mod undo;
mod workspace;

use skillhost_sdk::conversation::{Conversation, Limits};
use skillhost_sdk::{Brief, Error, Host, Implement, Summary, Tier};

/// Most changes that succeed need about 25 turns.
const LIMITS: Limits = Limits { turns: 100, notice_at: 40 };

/// The skill.
pub struct Implementer;

impl Implement for Implementer {
    fn implement(host: &dyn Host, brief: Brief) -> Result<Summary, Error> {
        let messages = prompt::messages(&brief, &host.commands(), &host.granted());
        let mut toolbox = toolbox::Tools::new(host, brief);
        Conversation::new(host, Tier::Standard, prompt::SYSTEM, messages).run(&mut toolbox, LIMITS)
    }
}

skillhost_sdk::export_implement!(Implementer);
