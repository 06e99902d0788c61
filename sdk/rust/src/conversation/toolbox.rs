//! What a skill brings to the loop.

use crate::arguments::Arguments;
use crate::context::About;
use crate::{Error, ToolDefinition};

/// The tools of one skill, and what it makes of them.
pub trait Toolbox {
    /// What the conversation is for.
    type Output;

    /// The tools, in an order that never changes.
    fn definitions(&self) -> Vec<ToolDefinition>;
    /// Counts what makes a call of `name` a new one although its arguments are the same: changes to the tree, mostly.
    fn generation(&self, _name: &str) -> u64 {
        0
    }
    /// A reply came; its calls follow.
    fn begin_turn(&mut self) {}
    /// Tools that are not listed and are taken all the same, since models call them unasked.
    fn unasked(&self) -> Vec<ToolDefinition> {
        vec![]
    }
    /// A call of this reply was answered without being run: its arguments were no good, or it was a repeat. `raw` are the
    /// arguments as they came.
    fn refused(&mut self, _name: &str, _raw: &str) {}
    /// Runs one call. The name is one of the definitions', and the arguments fit its schema.
    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<Self::Output>;
    /// What a call was about that came to this result, for the line that stands there once the result is dropped.
    fn about(&self, name: &str, arguments: &Arguments, result: &str) -> About {
        About::of(name, arguments, result)
    }
    /// The plan, as the model stored it. It is repeated from time to time, and whenever something was dropped.
    fn notes(&self) -> &str {
        ""
    }
    /// A reply without a call: done, or what to remind the model of.
    fn said(&mut self, text: &str) -> Called<Self::Output>;
    /// The budget ends: from now on only what finishes is accepted. What to tell the model.
    fn last_turn(&mut self) -> String;
    /// What was done, what remains, and what comes next, for an agent that goes on later.
    fn hand_back(&self) -> String;
}

/// What came of a call.
#[derive(Debug)]
pub enum Called<T> {
    /// It worked; what the model is told.
    Told(String),
    /// It failed; what the model is told.
    Failed(String),
    /// The conversation has reached its end.
    Done(T),
    /// The attempt is over.
    Over(Error),
}

/// How many turns a conversation may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After this many turns it fails.
    pub turns: u32,
    /// After this many the model is told so.
    pub notice_at: u32,
}
