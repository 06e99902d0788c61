//! The loop that every agent runs: ask the model, run the tools it calls, tell it what they returned, until it is done.
//!
//! What a tool does belongs to the skill, as a [`Toolbox`]. What makes a loop sound belongs here: a limit on turns, repeats,
//! replies without a call, arguments that can't be read, the end of the budget, and a context that fits the model's window.
//! Messages are appended, so that a provider's cache holds what was sent before; where they grow too long, old results are
//! dropped, and then old turns (see `context`). Each model call is one turn, the one that asks for a hand-off as well, and
//! nothing here depends on time or chance.

mod answer;
mod toolbox;

use std::collections::HashSet;

use crate::allowance::{self, Price};
use crate::clip::clip;
use crate::context::{Context, Known, Made, room::Room};
use crate::repeats::Repeats;
use crate::{Error, Host, Message, Part, Reply, Speaker, Stop, Tier, ToolChoice};

pub use crate::context::About;
use answer::Answered;
pub use toolbox::{Called, Limits, Toolbox};

/// Replies without a call, or with nothing but unreadable calls, that end the conversation when they come in a row.
const MAX_IN_A_ROW: u32 = 3;
/// How much a skill may hand back about work that ran out of budget: 2 KiB, with the notice that more was cut.
const MAX_HAND_BACK_BYTES: usize = 2_000;
/// Where the host does not know a model's window.
const USUAL_WINDOW: u64 = 200_000;

/// Messages with a model.
pub struct Conversation<'h> {
    host: &'h dyn Host,
    context: Context,
    room: Room,
    /// Of all calls so far: each pairs a call with its result, so no two are the same, whatever the model made of them.
    ids: HashSet<String>,
    price: Option<Price>,
    /// Tokens of the last call, its reply included.
    last_call: u64,
}

/// A text that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What the model said.
    pub text: String,
    /// Whether it was cut off for its length, so that its end is missing.
    pub cut: bool,
}

impl<'h> Conversation<'h> {
    /// A conversation that begins with these messages.
    pub fn new(host: &'h dyn Host, tier: Tier, system: &str, messages: Vec<Message>) -> Conversation<'h> {
        let context = Context::new(tier, system, messages);
        let room = Room::of(host.window(tier).unwrap_or(USUAL_WINDOW));
        Conversation { host, context, room, ids: HashSet::new(), price: None, last_call: 0 }
    }

    /// Adds what the user says.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.context.push(Speaker::User, vec![Part::Text(text.into())]);
    }

    /// Asks for a text that fits the JSON Schema, or for any text. No tool is called; they stay listed, for the cache.
    pub fn ask(&mut self, schema: Option<&str>) -> Result<Said, Error> {
        let may_ask = self.may_ask();
        self.context.make_room(self.host, &self.room, || Known { may_ask, ..Known::default() })?;
        let reply = self.complete(ToolChoice::None, schema)?;
        let said = Said { text: text_of(&reply.parts), cut: reply.stop == Stop::Length };
        let parts = reply.parts.into_iter().filter(|part| !matches!(part, Part::ToolCall(_))).collect();
        self.context.push(Speaker::Assistant, parts);
        Ok(said)
    }

    /// Runs `toolbox` until it is done, or some limit is reached.
    pub fn run<T: Toolbox>(&mut self, toolbox: &mut T, limits: Limits) -> Result<T::Output, Error> {
        self.context.set_tools(toolbox.definitions());
        if self.context.is_fresh() {
            // Not what is left of tokens and money: that differs between siblings, and between a recording and its replay.
            self.context.append(format!(
                "# Budget\n{} turns. Tokens and money are bounded as well; you are told when they end.",
                limits.turns
            ));
        }
        let mut repeats = Repeats::default();
        let (mut silent, mut unreadable) = (0, 0);
        let (mut turn, mut noticed) = (0, false);
        while turn < limits.turns {
            turn += 1;
            let made = self.make_room(toolbox, turn < limits.turns)?;
            turn += u32::from(made.asked);
            if made.dropped {
                // To look again at what is gone is no repeat.
                repeats = Repeats::default();
            }
            let end = self.end();
            if end.is_some() {
                let notice = toolbox.last_turn();
                self.context.append(notice);
            }
            let reply = match self.complete(ToolChoice::Auto, None) {
                Err(Error::Exhausted(what)) => return Err(exhausted(&what, toolbox)),
                reply => reply?,
            };
            toolbox.begin_turn();
            let room = self.result_bytes(&reply);
            let Answered { mut parts, called, all_unreadable, done } =
                self.answer(reply, toolbox, &mut repeats, room)?;
            if let Some(output) = done {
                return Ok(output);
            }
            silent = if called { 0 } else { silent + 1 };
            unreadable = if all_unreadable { unreadable + 1 } else { 0 };
            if silent >= MAX_IN_A_ROW {
                return Err(Error::Failed(format!("the model replied {MAX_IN_A_ROW} times without calling a tool")));
            }
            if unreadable >= MAX_IN_A_ROW {
                return Err(Error::Failed(format!(
                    "the model's tool calls could not be read {MAX_IN_A_ROW} times in a row"
                )));
            }
            if let Some(end) = end {
                return Err(exhausted(end, toolbox));
            }
            if turn >= limits.notice_at && !std::mem::replace(&mut noticed, true) {
                parts.push(Part::Text(format!(
                    "{turn} of {} turns are used. Finish what is open, and begin nothing new.",
                    limits.turns
                )));
            }
            self.context.push(Speaker::User, parts);
        }
        Err(exhausted(&format!("{} turns", limits.turns), toolbox))
    }

    /// Drops what no longer fits. To ask for a hand-off takes a turn, which there may not be.
    fn make_room<T: Toolbox>(&mut self, toolbox: &T, has_turn: bool) -> Result<Made, Error> {
        let may_ask = has_turn && self.may_ask();
        let known = || Known { notes: toolbox.notes().to_owned(), done: toolbox.hand_back(), may_ask };
        self.context.make_room(self.host, &self.room, known)
    }

    fn complete(&mut self, tool_choice: ToolChoice, schema: Option<&str>) -> Result<Reply, Error> {
        let reply = self.context.complete(self.host, &self.room, tool_choice, schema)?;
        self.price = Price::of(&reply.usage).or(self.price);
        self.last_call = reply.usage.input_tokens.saturating_add(reply.usage.output_tokens);
        match reply.stop {
            Stop::Refused => {
                Err(Error::Failed(format!("{} refused: {}", reply.model, clip(&text_of(&reply.parts), 500))))
            }
            _ => Ok(reply),
        }
    }

    /// What would not be enough for another turn after the coming one, so that the coming one is the last.
    fn end(&self) -> Option<&'static str> {
        if allowance::ends(&self.host.remaining(), self.context.estimate(), self.last_call, self.price) {
            return Some("the budget");
        }
        self.room.is_full(self.context.prefix_tokens()).then_some("the model's window")
    }

    /// Whether the budget has a turn to spare for a hand-off, and then still covers what [`Self::end`] asks for.
    fn may_ask(&self) -> bool {
        let (input, last) = (self.context.estimate(), self.last_call);
        !allowance::ends(&self.host.remaining(), input + input / 2, last.saturating_mul(2), self.price)
    }

    /// What the results of this reply's calls may have together.
    fn result_bytes(&self, reply: &Reply) -> usize {
        let reply = allowance::reply_tokens(reply);
        usize::try_from(self.room.results(self.context.prefix_tokens(), reply).saturating_mul(3)).unwrap_or(usize::MAX)
    }
}

fn exhausted<T: Toolbox>(what: &str, toolbox: &T) -> Error {
    Error::Exhausted(clip(&format!("{what}\n{}", toolbox.hand_back()), MAX_HAND_BACK_BYTES))
}

/// A message from the user.
pub fn user(text: impl Into<String>) -> Message {
    Message { speaker: Speaker::User, parts: vec![Part::Text(text.into())] }
}

/// The text of a reply, without its reasoning and calls.
pub fn text_of(parts: &[Part]) -> String {
    let texts: Vec<&str> =
        parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None }).collect();
    texts.join("\n")
}
