//! What a model is sent: a prefix that stays the same, byte for byte, and turns that are only appended.
//!
//! System text, tools, and the messages before the first reply are the prefix. What follows is rewritten for two reasons only,
//! since each time a provider's cache is lost: old results give way to a line each ([`masking`]), in one batch; where that was
//! not enough, all but the newest turns give way to a hand-off ([`handoff`]). When that happens depends on the model's window
//! ([`room`]). A turn is a reply and what it was answered; it is kept or dropped as a whole, with its reasoning.

mod about;
mod dropped;
mod handoff;
mod masking;
mod meter;
pub(crate) mod room;

use std::collections::HashMap;

use crate::clip::{clip, head};
use crate::explore::{MAX_FILE_BYTES, fingerprint};
use crate::{Error, Host, Message, Part, Reply, Request, Speaker, Stop, Tier, ToolChoice, ToolDefinition};
use crate::{allowance, conversation::text_of};

pub use about::About;
use handoff::Handoff;
use meter::Meter;
use room::Room;

/// Replies after which the notes are repeated: what was written long ago is no longer followed.
const NOTES_EVERY: u32 = 20;
/// What stands between two hand-offs that a model is asked for. Where one is due sooner, it is made without.
const ASKING_EVERY: u32 = 5;
const MAX_NOTES_BYTES: usize = 4_200;
/// What is read of a hand-off; some 4,500 of it are kept.
const MAX_SAID_BYTES: usize = 32_000;

/// A request that grows.
pub(crate) struct Context {
    request: Request,
    /// Messages of the prefix.
    prefix: usize,
    /// Of every call that was run, by its id.
    observations: HashMap<String, Observation>,
    handoff: Option<Handoff>,
    meter: Meter,
    /// Replies since the notes were repeated, and since a hand-off was asked for.
    without_notes: u32,
    without_asking: u32,
}

/// What a result showed.
struct Observation {
    about: About,
    /// The file's content, as it was then.
    content: Option<u64>,
    masked: bool,
}

/// What the skill knows where turns are dropped.
#[derive(Default)]
pub(crate) struct Known {
    /// Repeated, so that they stand at the end.
    pub(crate) notes: String,
    pub(crate) done: String,
    /// Whether the budget has a turn to spare.
    pub(crate) may_ask: bool,
}

/// What was done to make room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Made {
    /// Results that the model was shown are gone.
    pub(crate) dropped: bool,
    /// A model was asked for a hand-off.
    pub(crate) asked: bool,
}

impl Context {
    pub(crate) fn new(tier: Tier, system: &str, messages: Vec<Message>) -> Context {
        Context {
            prefix: messages.len(),
            request: Request {
                tier,
                system: Some(system.into()),
                messages,
                tools: vec![],
                tool_choice: ToolChoice::None,
                schema: None,
                max_output_tokens: None,
            },
            observations: HashMap::new(),
            handoff: None,
            meter: Meter::default(),
            without_notes: 0,
            without_asking: ASKING_EVERY,
        }
    }

    pub(crate) fn tools(&self) -> &[ToolDefinition] {
        &self.request.tools
    }

    pub(crate) fn set_tools(&mut self, tools: Vec<ToolDefinition>) {
        self.request.tools = tools;
    }

    pub(crate) fn push(&mut self, speaker: Speaker, parts: Vec<Part>) {
        self.request.messages.push(Message { speaker, parts });
    }

    /// Appends to the user's last message, so that speakers go on alternating.
    pub(crate) fn append(&mut self, text: String) {
        match self.request.messages.last_mut() {
            Some(Message { speaker: Speaker::User, parts }) => parts.push(Part::Text(text)),
            _ => self.push(Speaker::User, vec![Part::Text(text)]),
        }
    }

    /// Whether nothing was sent yet, so that what is appended is still of the prefix.
    pub(crate) fn is_fresh(&self) -> bool {
        self.turns().next().is_none()
    }

    /// Notes what the result of a call is about, for when it is dropped.
    pub(crate) fn observe(&mut self, host: &dyn Host, id: &str, about: About) {
        let content = about.file.as_deref().and_then(|file| content(host, file));
        self.observations.insert(id.to_owned(), Observation { about, content, masked: false });
    }

    /// The request's tokens, as the host counts them before a call.
    pub(crate) fn estimate(&self) -> u64 {
        allowance::input_tokens(&self.request)
    }

    /// The prefix's tokens.
    pub(crate) fn prefix_tokens(&self) -> u64 {
        self.estimate() - allowance::message_tokens(&self.request.messages[self.prefix..])
    }

    fn tokens(&self) -> u64 {
        self.meter.tokens(self.estimate())
    }

    /// Sends what is there.
    pub(crate) fn complete(
        &mut self,
        host: &dyn Host,
        room: &Room,
        tool_choice: ToolChoice,
        schema: Option<&str>,
    ) -> Result<Reply, Error> {
        if self.is_fresh() {
            self.prefix = self.request.messages.len();
        }
        let estimate = self.estimate();
        self.request.tool_choice = if self.request.tools.is_empty() { ToolChoice::None } else { tool_choice };
        self.request.schema = schema.map(str::to_owned);
        self.request.max_output_tokens = room.reply_to(self.meter.tokens(estimate));
        let reply = host.complete(&self.request)?;
        self.meter.note(estimate, reply.usage.input_tokens);
        self.without_notes += 1;
        self.without_asking += 1;
        Ok(reply)
    }

    /// Makes the coming request short enough.
    pub(crate) fn make_room(
        &mut self,
        host: &dyn Host,
        room: &Room,
        known: impl FnOnce() -> Known,
    ) -> Result<Made, Error> {
        let masked = self.tokens() > room.mask_over && self.mask(host, room);
        let is_full = self.tokens() > room.summarise_over(self.prefix_tokens());
        let cut = if is_full { self.cut(room) } else { None };
        if !masked && cut.is_none() && self.without_notes < NOTES_EVERY {
            return Ok(Made::default());
        }
        let known = known();
        let asked = match cut {
            Some(cut) => self.hand_off(host, room, cut, &known)?,
            None => false,
        };
        self.without_notes = 0;
        if !known.notes.is_empty() {
            self.append(format!("[Your plan, as you stored it:]\n{}", clip(&known.notes, MAX_NOTES_BYTES)));
        }
        Ok(Made { dropped: masked || cut.is_some(), asked })
    }

    /// Masks in one batch, or not at all.
    fn mask(&mut self, host: &dyn Host, room: &Room) -> bool {
        let gained = |bytes: usize| self.meter.gained((bytes as u64).div_ceil(3));
        let masks = masking::masks(&self.request.messages, &self.observations, room, gained);
        if gained(masks.iter().map(|mask| mask.bytes).sum()) < room.mask_least {
            return false;
        }
        for mask in &masks {
            let Some(seen) = self.observations.get_mut(&mask.id) else { continue };
            let now = seen.about.file.as_deref().and_then(|file| content(host, file));
            let changed = seen.content.is_some() && now != seen.content;
            seen.masked = true;
            masking::apply(mask, &mut self.request.messages, seen, changed);
        }
        true
    }

    /// Where the turns begin that are kept: whole ones, and the newest at least. None where nothing can be dropped.
    fn cut(&self, room: &Room) -> Option<usize> {
        let messages = &self.request.messages;
        let fits = |turn: &usize| allowance::message_tokens(&messages[*turn..]) <= room.tail;
        let mut turns = self.turns().rev();
        let newest = turns.next()?;
        let first = turns.take_while(fits).last().unwrap_or(newest);
        (first > self.prefix + usize::from(self.handoff.is_some())).then_some(first)
    }

    /// Puts a hand-off in the place of all turns before `cut`.
    fn hand_off(&mut self, host: &dyn Host, room: &Room, cut: usize, known: &Known) -> Result<bool, Error> {
        let may_ask = known.may_ask && self.without_asking >= ASKING_EVERY;
        let said = if may_ask { self.ask_for_hand_off(host, room)? } else { None };
        let own =
            dropped::handoff(&self.request.messages[self.prefix..cut], &self.observations, known, self.handoff.take());
        let handoff = said.map_or(own.clone(), |text| Handoff::read(&text).or(own));
        let message = Message { speaker: Speaker::User, parts: vec![Part::Text(handoff.message())] };
        self.request.messages.splice(self.prefix..cut, [message]);
        self.handoff = Some(handoff);
        Ok(may_ask)
    }

    /// Asks behind what was sent last, which fitted and is cached. The newest turn stays, so it need not be told.
    fn ask_for_hand_off(&mut self, host: &dyn Host, room: &Room) -> Result<Option<String>, Error> {
        let Some(newest) = self.turns().next_back() else { return Ok(None) };
        let rest = self.request.messages.split_off(newest);
        self.append(handoff::QUESTION.into());
        let reply = self.complete(host, room, ToolChoice::None, None);
        // In front of a reply there is always something that the user said.
        if let Some(asked) = self.request.messages.last_mut() {
            asked.parts.pop();
        }
        self.request.messages.extend(rest);
        self.without_asking = 0;
        match reply {
            Ok(reply) if reply.stop != Stop::Refused => {
                Ok(Some(head(&text_of(&reply.parts), MAX_SAID_BYTES).to_owned()))
            }
            // Whatever stands in the way of it will stand in the way of the next turn, which says so.
            Ok(_) | Err(Error::Failed(_) | Error::Exhausted(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where turns begin.
    fn turns(&self) -> impl DoubleEndedIterator<Item = usize> {
        let messages = self.request.messages.iter().enumerate();
        messages.filter(|(_, message)| message.speaker == Speaker::Assistant).map(|(at, _)| at)
    }
}

/// What a file holds now. Larger ones are not compared.
fn content(host: &dyn Host, file: &str) -> Option<u64> {
    let is_small = host.size(file).is_ok_and(|size| size <= MAX_FILE_BYTES);
    if is_small { host.read(file).ok().map(|content| fingerprint(&content)) } else { None }
}
