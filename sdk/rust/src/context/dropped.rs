//! The hand-off that needs no model: what the loop itself saw in the turns that are dropped.

use std::collections::{BTreeSet, HashMap};

use super::handoff::Handoff;
use super::{Known, Observation};
use crate::clip::{clip, head};
use crate::{Message, Part, Speaker};

/// The newest of each, at most.
const MAX_LINES: usize = 8;
const MAX_LINE_BYTES: usize = 200;
const MAX_RUN_BYTES: usize = 300;
const MAX_FILES: usize = 60;
const MAX_EARLIER_BYTES: usize = 1_200;

/// What is known of `messages`. What an earlier hand-off said stands before it, since its turns are gone.
pub(super) fn handoff(
    messages: &[Message],
    observations: &HashMap<String, Observation>,
    known: &Known,
    earlier: Option<Handoff>,
) -> Handoff {
    let earlier = earlier.unwrap_or_default();
    let (mut said, mut failures, mut runs) = (vec![], vec![], vec![]);
    for message in messages {
        for part in &message.parts {
            match part {
                Part::Text(text) if message.speaker == Speaker::Assistant && !text.trim().is_empty() => {
                    said.push(format!("- {}", line(text)));
                }
                Part::ToolResult(result) => {
                    let Some(about) = observations.get(&result.id).map(|seen| &seen.about) else { continue };
                    if result.failed {
                        failures.push(format!("- {}: {}", about.what, line(&result.content)));
                    } else if about.slot.is_some() && about.what.starts_with("run ") {
                        runs.retain(|(slot, _)| *slot != about.slot);
                        runs.push((
                            about.slot.clone(),
                            format!("- {}: {}", about.what, clip(&result.content, MAX_RUN_BYTES)),
                        ));
                    }
                }
                _ => {}
            }
        }
    }
    let shown = observations.values().filter(|seen| seen.content.is_some());
    let files: BTreeSet<&String> = shown.filter_map(|seen| seen.about.file.as_ref()).collect();
    let files: Vec<String> = files.into_iter().take(MAX_FILES).map(|file| format!("- {file}")).collect();
    let runs = runs.into_iter().map(|(_, run)| run).collect();
    Handoff {
        goal: if earlier.goal.is_empty() { "As the first message says.".into() } else { earlier.goal },
        done: if known.done.is_empty() { earlier.done } else { known.done.clone() },
        remaining: if known.notes.is_empty() { earlier.remaining } else { known.notes.clone() },
        decisions: joined(earlier.decisions, said),
        files: files.join("\n"),
        failing: joined(String::new(), runs),
        dead_ends: joined(earlier.dead_ends, failures),
    }
}

fn joined(earlier: String, mut lines: Vec<String>) -> String {
    let newest = lines.split_off(lines.len().saturating_sub(MAX_LINES)).join("\n");
    format!("{}\n{newest}", head(&earlier, MAX_EARLIER_BYTES)).trim().to_owned()
}

fn line(text: &str) -> String {
    head(text.trim(), MAX_LINE_BYTES).split(char::is_control).collect::<Vec<_>>().join(" ")
}
