//! A lock in which git left both sides of a merge. Both are read by themselves, and what one side has beside the other is
//! kept; where they say different things about one skill, a person decides: an entry is never made of two. What git merged
//! before it came to the conflict is the same on both sides, so that each side's entries have to be what their sums are of.

use super::{FILE, Lock, LockError};
use crate::name::SkillName;
use std::fmt;

/// The lines between which git leaves the sides: ours, what both came from, theirs.
const OURS: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const THEIRS: &str = "=======";
const END: &str = ">>>>>>>";

/// One side of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The branch that was merged into.
    Ours,
    /// The branch that was merged.
    Theirs,
}

/// Why a conflict has to be settled by a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsettled {
    /// The markers don't follow each other.
    #[error("{FILE}:{0}: the markers of the conflict don't follow each other")]
    Markers(usize),
    /// One side took something out, or left it out, and what the other has can't be told from what it brought back.
    #[error("{FILE}:{0}: in the conflict that begins here, one side removed a skill")]
    Removed(usize),
    /// One side is no lock.
    #[error("{0} is no lock by itself")]
    Side(Side, #[source] LockError),
    /// An entry is not what its sum is of: git put lines of both sides together, or somebody edited it.
    #[error("{side} has lines of two entries in `{name}`, or one that was edited: its sum is of others")]
    Mixed {
        /// Where.
        side: Side,
        /// The skill.
        name: SkillName,
    },
    /// Both sides have the skill, and say different things about it.
    #[error("both sides of the merge have `{name}`, with {difference}")]
    Both {
        /// The skill.
        name: SkillName,
        /// What differs, each side with its own.
        difference: String,
    },
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "this branch's side (ours)",
            Self::Theirs => "the merged branch's side (theirs)",
        })
    }
}

/// A marker is seven characters that begin a line; git writes a blank and a name behind some of them.
fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\r']))
}

/// The line of the first marker, counted from 1.
pub(super) fn first_marker(text: &str) -> Option<usize> {
    let is_any = |line: &str| [OURS, BASE, THEIRS, END].iter().any(|marker| is_marker(line, marker));
    text.lines().position(is_any).map(|index| index + 1)
}

/// The union of both sides of a merge.
///
/// # Errors
/// Where a side is no lock, or both have a skill and say different things about it.
pub fn settle(text: &str) -> Result<Lock, Unsettled> {
    let Sides { ours, theirs, before } = sides(text)?;
    let parse = |side, text: &str| Lock::parse(FILE, text).map_err(|error| Unsettled::Side(side, error));
    let (mut lock, other) = (parse(Side::Ours, &ours)?, parse(Side::Theirs, &theirs)?);
    // What one side removed is not brought back by the other.
    if let Some((line, _)) = before.iter().find(|(_, name)| lock.find(name).is_none() || other.find(name).is_none()) {
        return Err(Unsettled::Removed(*line));
    }
    let altered = [(Side::Ours, lock.altered(&ours)), (Side::Theirs, other.altered(&theirs))];
    if let Some((side, name)) = altered.into_iter().find_map(|(side, them)| Some((side, them.into_iter().next()?.name)))
    {
        return Err(Unsettled::Mixed { side, name });
    }
    for entry in other.skills {
        match lock.find(entry.name.as_str()) {
            None => lock.put(entry),
            Some(own) if *own == entry => {}
            Some(own) => {
                let name = entry.name.clone();
                let what =
                    |one: &dyn fmt::Display, other: &dyn fmt::Display| format!("{one} (ours) and {other} (theirs)");
                let difference = if own.digest != entry.digest {
                    what(
                        &format_args!("{} {}", own.version, own.digest.short()),
                        &format_args!("{} {}", entry.version, entry.digest.short()),
                    )
                } else if own.source != entry.source {
                    what(&own.source, &entry.source)
                } else {
                    "different grants or signers".to_owned()
                };
                return Err(Unsettled::Both { name, difference });
            }
        }
    }
    Ok(lock)
}

/// A text with conflicts.
struct Sides {
    /// With every conflict taken as ours.
    ours: String,
    /// As theirs.
    theirs: String,
    /// Names of skills that were there before both, where git tells, with the line at which their conflict begins.
    before: Vec<(usize, String)>,
}

fn sides(text: &str) -> Result<Sides, Unsettled> {
    #[derive(PartialEq)]
    enum In {
        Both,
        Ours,
        Base,
        Theirs,
    }
    let (mut ours, mut theirs, mut place) = (String::new(), String::new(), In::Both);
    let (mut began, mut before) = ((0, 0, 0), Vec::new());
    for (index, line) in text.lines().enumerate() {
        place = match place {
            In::Both if is_marker(line, OURS) => {
                began = (index + 1, ours.trim_end().len(), theirs.trim_end().len());
                In::Ours
            }
            In::Ours if is_marker(line, BASE) => In::Base,
            In::Ours | In::Base if is_marker(line, THEIRS) => In::Theirs,
            In::Theirs if is_marker(line, END) => {
                let (line, ours_before, theirs_before) = began;
                if ours.trim_end().len() == ours_before || theirs.trim_end().len() == theirs_before {
                    return Err(Unsettled::Removed(line));
                }
                In::Both
            }
            _ if first_marker(line).is_some() => return Err(Unsettled::Markers(index + 1)),
            place => {
                if place == In::Base
                    && let Some(name) = line.trim().strip_prefix("name = \"").and_then(|rest| rest.strip_suffix('"'))
                {
                    before.push((began.0, name.to_owned()));
                }
                for (side, skipped) in [(&mut ours, In::Theirs), (&mut theirs, In::Ours)] {
                    if place != In::Base && place != skipped {
                        side.push_str(line);
                        side.push('\n');
                    }
                }
                place
            }
        };
    }
    if place != In::Both {
        return Err(Unsettled::Markers(text.lines().count()));
    }
    Ok(Sides { ours, theirs, before })
}
