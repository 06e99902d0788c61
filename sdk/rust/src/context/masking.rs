//! Old results, each replaced by a line that says what was dropped. What a model did stays, and what it saw can be seen again:
//! that halves the cost and loses nothing that a summary would keep.

use std::collections::{HashMap, HashSet};

use super::{Observation, Room};
use crate::clip::head;
use crate::{Message, Part, Speaker};

/// So many of the newest results stay as they are.
const MAX_VERBATIM: usize = 10;
/// What stays of a failure, so that it is not repeated.
const FAILURE_BYTES: usize = 500;

/// A result that can give way.
pub(super) struct Mask {
    message: usize,
    part: usize,
    pub(super) id: String,
    /// How much shorter that makes it, at least.
    pub(super) bytes: usize,
}

/// What can be masked, newest first. `tokens` tells how many a text of so many bytes has.
pub(super) fn masks(
    messages: &[Message],
    observations: &HashMap<String, Observation>,
    room: &Room,
    tokens: impl Fn(usize) -> u64,
) -> Vec<Mask> {
    // The model has not seen the newest turn's results yet.
    let unseen = messages.iter().rposition(|message| message.speaker == Speaker::Assistant).unwrap_or_default();
    let (mut slots, mut masks) = (HashSet::new(), vec![]);
    let (mut kept, mut kept_tokens) = (0, 0);
    for (at, message) in messages.iter().enumerate().rev() {
        for (part, result) in message.parts.iter().enumerate().rev() {
            let Part::ToolResult(result) = result else { continue };
            let Some(seen) = observations.get(&result.id).filter(|seen| !seen.masked) else { continue };
            if seen.about.slot.as_ref().is_some_and(|slot| slots.insert(slot)) {
                continue;
            }
            kept += 1;
            kept_tokens += tokens(result.content.len());
            if at > unseen || kept <= MAX_VERBATIM && kept_tokens <= room.verbatim {
                continue;
            }
            let stays = line(seen, &result.content, result.failed, true).len();
            let bytes = result.content.len().saturating_sub(stays);
            if bytes > 0 {
                masks.push(Mask { message: at, part, id: result.id.clone(), bytes });
            }
        }
    }
    masks
}

/// Puts the line in its place. `changed` tells whether what the result showed is another by now.
pub(super) fn apply(mask: &Mask, messages: &mut [Message], seen: &Observation, changed: bool) {
    let part = messages.get_mut(mask.message).and_then(|message| message.parts.get_mut(mask.part));
    if let Some(Part::ToolResult(result)) = part {
        result.content = line(seen, &result.content, result.failed, changed);
    }
}

fn line(seen: &Observation, content: &str, failed: bool, changed: bool) -> String {
    if failed {
        let kept = head(content, FAILURE_BYTES);
        return format!("{kept}\n[{} more characters were dropped]", content.len() - kept.len());
    }
    format!("[{} dropped{}]", seen.about.what, if changed { "; changed since" } else { "" })
}
