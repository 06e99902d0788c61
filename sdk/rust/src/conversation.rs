//! The loop that every agent runs: ask the model, run the tools it calls, tell it what they returned, until it is done.
//!
//! What a tool does belongs to the skill, as a [`Toolbox`]. What makes a loop sound belongs here: a limit on turns, repeats,
//! replies without a call, arguments that can't be read, and the end of the budget. Messages are only ever appended, so that a
//! provider's cache holds the whole prefix. Each model call is one turn, and nothing here depends on time or chance.

use std::collections::HashSet;

use crate::allowance::{self, Price};
use crate::arguments::{Arguments, Malformed};
use crate::clip::clip;
use crate::repeats::{Repeats, Verdict};
use crate::{
    Error, Host, Message, Part, Reply, Request, Speaker, Stop, Tier, ToolCall, ToolChoice, ToolDefinition, ToolResult,
};

/// Replies without a call, or with nothing but unreadable calls, that end the conversation when they come in a row.
const MAX_IN_A_ROW: u32 = 3;
/// How much a skill may hand back about work that ran out of budget.
const MAX_HAND_BACK_BYTES: usize = 2_048;

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

/// Messages with a model, append-only.
pub struct Conversation<'h> {
    host: &'h dyn Host,
    tier: Tier,
    system: String,
    messages: Vec<Message>,
    tools: Vec<ToolDefinition>,
    /// Of all calls so far: each pairs a call with its result, so no two are the same, whatever the model made of them.
    ids: HashSet<String>,
    price: Option<Price>,
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
        Conversation { host, tier, system: system.into(), messages, tools: vec![], ids: HashSet::new(), price: None }
    }

    /// Adds what the user says.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.messages.push(user(text));
    }

    /// Asks for a text that fits the JSON Schema, or for any text. No tool is called; they stay listed, for the cache.
    pub fn ask(&mut self, schema: Option<&str>) -> Result<Said, Error> {
        let reply = self.complete(ToolChoice::None, schema)?;
        let said = Said { text: text_of(&reply.parts), cut: reply.stop == Stop::Length };
        let parts = reply.parts.into_iter().filter(|part| !matches!(part, Part::ToolCall(_))).collect();
        self.messages.push(Message { speaker: Speaker::Assistant, parts });
        Ok(said)
    }

    /// Runs `toolbox` until it is done, or some limit is reached.
    pub fn run<T: Toolbox>(&mut self, toolbox: &mut T, limits: Limits) -> Result<T::Output, Error> {
        self.tools = toolbox.definitions();
        let mut repeats = Repeats::default();
        let (mut silent, mut unreadable) = (0, 0);
        for turn in 1..=limits.turns {
            let end = self.end();
            if end.is_some() {
                let notice = toolbox.last_turn();
                self.append(notice);
            }
            let reply = match self.complete(ToolChoice::Auto, None) {
                Err(Error::Exhausted(what)) => return Err(exhausted(&what, toolbox)),
                reply => reply?,
            };
            toolbox.begin_turn();
            let Answered { mut parts, called, all_unreadable, done } = self.answer(reply, toolbox, &mut repeats)?;
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
            if turn == limits.notice_at {
                parts.push(Part::Text(format!(
                    "{turn} of {} turns are used. Finish what is open, and begin nothing new.",
                    limits.turns
                )));
            }
            self.messages.push(Message { speaker: Speaker::User, parts });
        }
        Err(exhausted(&format!("{} turns", limits.turns), toolbox))
    }

    /// Appends to the user's last message, so that speakers go on alternating.
    fn append(&mut self, text: String) {
        match self.messages.last_mut() {
            Some(Message { speaker: Speaker::User, parts }) => parts.push(Part::Text(text)),
            _ => self.tell(text),
        }
    }

    fn complete(&mut self, tool_choice: ToolChoice, schema: Option<&str>) -> Result<Reply, Error> {
        let request = self.request(tool_choice, schema);
        let reply = self.host.complete(&request)?;
        self.price = Price::of(&reply.usage).or(self.price);
        match reply.stop {
            Stop::Refused => {
                Err(Error::Failed(format!("{} refused: {}", reply.model, clip(&text_of(&reply.parts), 500))))
            }
            _ => Ok(reply),
        }
    }

    fn request(&self, tool_choice: ToolChoice, schema: Option<&str>) -> Request {
        Request {
            tier: self.tier,
            system: Some(self.system.clone()),
            messages: self.messages.clone(),
            tools: self.tools.clone(),
            tool_choice: if self.tools.is_empty() { ToolChoice::None } else { tool_choice },
            schema: schema.map(str::to_owned),
            max_output_tokens: None,
        }
    }

    /// What would not be enough for another turn after the coming one, so that the coming one is the last.
    fn end(&self) -> Option<&'static str> {
        let input = allowance::input_tokens(&self.request(ToolChoice::Auto, None));
        if allowance::ends(&self.host.remaining(), input, self.price) {
            return Some("the budget");
        }
        let window = self.host.window(self.tier).ok()?;
        allowance::fills(window, input).then_some("the model's window")
    }

    /// Takes a reply into the history, and answers each of its calls, in order.
    fn answer<T: Toolbox>(
        &mut self,
        reply: Reply,
        toolbox: &mut T,
        repeats: &mut Repeats,
    ) -> Result<Answered<T::Output>, Error> {
        let said = text_of(&reply.parts);
        let unasked = toolbox.unasked();
        let mut answered = Answered { parts: vec![], called: false, all_unreadable: true, done: None };
        let mut history = vec![];
        let mut calls = vec![];
        for part in reply.parts {
            let Part::ToolCall(mut call) = part else {
                history.push(part);
                continue;
            };
            while call.id.is_empty() || !self.ids.insert(call.id.clone()) {
                call.id.push_str(&format!("call-{}", self.ids.len() + 1));
            }
            let arguments = self.read(&call, &unasked);
            if matches!(arguments, Err(Malformed::Unreadable(_))) {
                // Servers reject their own broken arguments when they are sent back.
                history.push(Part::ToolCall(ToolCall { arguments: "{}".into(), ..call.clone() }));
            } else {
                answered.all_unreadable = false;
                history.push(Part::ToolCall(call.clone()));
            }
            calls.push((call, arguments));
        }
        answered.called = !calls.is_empty();
        answered.all_unreadable &= answered.called;
        self.messages.push(Message { speaker: Speaker::Assistant, parts: history });
        if calls.is_empty() {
            if reply.stop == Stop::Length {
                answered.parts.push(Part::Text("Your reply was cut off for its length. Say it again, shorter.".into()));
                return Ok(answered);
            }
            match toolbox.said(&said) {
                Called::Told(text) | Called::Failed(text) => answered.parts.push(Part::Text(text)),
                Called::Done(output) => answered.done = Some(output),
                Called::Over(error) => return Err(error),
            }
        }
        for (call, arguments) in calls {
            let (content, failed) = match dispatch(&call, arguments, toolbox, repeats) {
                Called::Told(text) => (text, false),
                Called::Failed(text) => (text, true),
                Called::Over(error) => return Err(error),
                Called::Done(output) => {
                    answered.done = Some(output);
                    break;
                }
            };
            answered.parts.push(Part::ToolResult(ToolResult { id: call.id, content, failed }));
        }
        Ok(answered)
    }

    fn read(&self, call: &ToolCall, unasked: &[ToolDefinition]) -> Result<Arguments, Malformed> {
        let Some(tool) = self.tools.iter().chain(unasked).find(|tool| tool.name == call.name) else {
            let names: Vec<&str> = self.tools.iter().map(|tool| tool.name.as_str()).collect();
            return Err(Malformed::Unfit(format!(
                "there is no tool `{}`; the tools are {}",
                clip(&call.name, 60),
                names.join(", ")
            )));
        };
        Arguments::parse(&call.arguments, &tool.parameters)
    }
}

/// What a reply came to.
struct Answered<T> {
    parts: Vec<Part>,
    called: bool,
    all_unreadable: bool,
    done: Option<T>,
}

fn dispatch<T: Toolbox>(
    call: &ToolCall,
    arguments: Result<Arguments, Malformed>,
    toolbox: &mut T,
    repeats: &mut Repeats,
) -> Called<T::Output> {
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(Malformed::Unreadable(why) | Malformed::Unfit(why)) => {
            toolbox.refused(&call.name, &call.arguments);
            return Called::Failed(why);
        }
    };
    match repeats.judge(&call.name, &arguments.key(), toolbox.generation(&call.name)) {
        Verdict::Run => toolbox.call(&call.name, &arguments),
        Verdict::RunAndNudge => match toolbox.call(&call.name, &arguments) {
            Called::Told(text) => Called::Told(nudge(text)),
            Called::Failed(text) => Called::Failed(nudge(text)),
            called => called,
        },
        Verdict::Skip(count) => {
            toolbox.refused(&call.name, &call.arguments);
            Called::Failed(format!(
                "Not run: the same call was made {count} times on the same files, and its result is above. Try something else."
            ))
        }
        Verdict::Stop => Called::Over(Error::Failed(format!(
            "the model made the same `{}` call five times on the same files",
            call.name
        ))),
    }
}

fn nudge(text: String) -> String {
    format!(
        "{text}\n[The last six calls alternate between two. Stop, and say to yourself what neither of them tells you.]"
    )
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
