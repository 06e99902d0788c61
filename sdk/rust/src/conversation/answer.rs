//! A reply taken into the history, and each of its calls answered, in order.

use super::toolbox::{Called, Toolbox};
use super::{Conversation, text_of};
use crate::arguments::{Arguments, Malformed};
use crate::clip::{clip, head};
use crate::repeats::{Repeats, Verdict};
use crate::{Error, Part, Reply, Speaker, Stop, ToolCall, ToolDefinition, ToolResult};

/// With less room than this, no result is worth anything, so the call is not run.
const LEAST_RESULT_BYTES: usize = 200;

/// Why the last call of a reply that was cut off is not run.
const CUT: &str = "Not executed: your reply was cut off for its length, so this call may be a part of what you meant. Ask for \
                   less: a shorter text, or several calls.";

/// What a reply came to.
pub(super) struct Answered<T> {
    pub(super) parts: Vec<Part>,
    pub(super) called: bool,
    pub(super) all_unreadable: bool,
    pub(super) done: Option<T>,
}

impl Conversation<'_> {
    /// `room` is for all results together, in bytes.
    pub(super) fn answer<T: Toolbox>(
        &mut self,
        reply: Reply,
        toolbox: &mut T,
        repeats: &mut Repeats,
        mut room: usize,
    ) -> Result<Answered<T::Output>, Error> {
        let said = text_of(&reply.parts);
        let unasked = toolbox.unasked();
        let mut answered = Answered { parts: vec![], called: false, all_unreadable: true, done: None };
        let mut history = vec![];
        let mut calls = vec![];
        // Some servers close what was cut, so that it can be read.
        let last_call = reply.parts.iter().rposition(|part| matches!(part, Part::ToolCall(_)));
        let cut = last_call.filter(|_| reply.stop == Stop::Length);
        for (index, part) in reply.parts.into_iter().enumerate() {
            let Part::ToolCall(mut call) = part else {
                history.push(part);
                continue;
            };
            while call.id.is_empty() || !self.ids.insert(call.id.clone()) {
                call.id.push_str(&format!("call-{}", self.ids.len() + 1));
            }
            let arguments = match Some(index) == cut {
                true => Err(Malformed::Unreadable(CUT.into())),
                false => self.read(&call, &unasked),
            };
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
        self.context.push(Speaker::Assistant, history);
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
            if room < LEAST_RESULT_BYTES {
                toolbox.refused(&call.name, &call.arguments);
                let content = "Not executed: the results before this one leave no room. Call it again.".into();
                answered.parts.push(Part::ToolResult(ToolResult { id: call.id, content, failed: true }));
                continue;
            }
            let (content, failed) = match dispatch(&call, &arguments, toolbox, repeats) {
                Called::Told(text) => (text, false),
                Called::Failed(text) => (text, true),
                Called::Over(error) => return Err(error),
                Called::Done(output) => {
                    answered.done = Some(output);
                    break;
                }
            };
            let content = fitted(content, room);
            room = room.saturating_sub(content.len());
            if let Ok(arguments) = &arguments {
                let about = toolbox.about(&call.name, arguments, &content);
                self.context.observe(self.host, &call.id, about);
            }
            answered.parts.push(Part::ToolResult(ToolResult { id: call.id, content, failed }));
        }
        Ok(answered)
    }

    fn read(&self, call: &ToolCall, unasked: &[ToolDefinition]) -> Result<Arguments, Malformed> {
        let tools = self.context.tools();
        let Some(tool) = tools.iter().chain(unasked).find(|tool| tool.name == call.name) else {
            let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
            return Err(Malformed::Unfit(format!(
                "there is no tool `{}`; the tools are {}",
                clip(&call.name, 60),
                names.join(", ")
            )));
        };
        Arguments::parse(&call.arguments, &tool.parameters)
    }
}

/// A result, cut where those of its turn are more than the window takes.
fn fitted(content: String, room: usize) -> String {
    if content.len() <= room {
        return content;
    }
    let kept = head(&content, room);
    format!(
        "{kept}\n[{} more characters are not shown: the results of one reply are too long together. Ask for less at once]",
        content.len() - kept.len()
    )
}

fn dispatch<T: Toolbox>(
    call: &ToolCall,
    arguments: &Result<Arguments, Malformed>,
    toolbox: &mut T,
    repeats: &mut Repeats,
) -> Called<T::Output> {
    let arguments = match arguments {
        Ok(arguments) => arguments,
        Err(Malformed::Unreadable(why) | Malformed::Unfit(why)) => {
            toolbox.refused(&call.name, &call.arguments);
            let verdict = repeats.judge(&call.name, &call.arguments, toolbox.generation(&call.name));
            return if verdict == Verdict::Stop { going_in_circles(call) } else { Called::Failed(why.clone()) };
        }
    };
    match repeats.judge(&call.name, &arguments.key(), toolbox.generation(&call.name)) {
        Verdict::Run => toolbox.call(&call.name, arguments),
        Verdict::RunAndNudge => match toolbox.call(&call.name, arguments) {
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
        Verdict::Stop => going_in_circles(call),
    }
}

fn going_in_circles<T>(call: &ToolCall) -> Called<T> {
    let name = clip(&call.name, 60);
    Called::Over(Error::Failed(format!("the model made the same `{name}` call five times on the same files")))
}

fn nudge(text: String) -> String {
    format!(
        "{text}\n[The last six calls alternate between two. Stop, and say to yourself what neither of them tells you.]"
    )
}
