//! The sum of an entry: a comment that changes with any of its lines.
//!
//! Git merges lines, and knows nothing of entries: one side's new digest and the other side's wider grant lie apart, and
//! would become one entry that nobody looked at. With a sum both sides change the same line in different ways, which is a
//! conflict. And whatever put lines together all the same, or edited one, shows: the sum is of other lines.

use super::{Lock, Locked, text};
use crate::digest::Digest;
use crate::name::SkillName;

/// What the line begins with. A comment, so that whoever reads TOML reads the entry, with it or without.
const PREFIX: &str = "# sum ";
/// Digits that are shown: what happens by itself makes no two the same, and whoever wants to can write any.
const DIGITS: usize = 16;

/// An entry that isn't what its sum is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// The skill.
    pub name: SkillName,
    /// The line of the sum, counted from 1.
    pub line: usize,
}

/// The line of an entry.
pub(super) fn line(entry: &Locked) -> String {
    let digest = Digest::of(text::lines(entry).as_bytes()).hex();
    format!("{PREFIX}{}", &digest[..DIGITS])
}

/// The entries of `lock` that aren't what `text`, from which it was read, has a sum of. One without a sum was written by
/// hand, and is what it is.
pub(super) fn altered(lock: &Lock, text: &str) -> Vec<Altered> {
    let (mut altered, mut entry) = (Vec::new(), Vec::new());
    let lines = text.lines().map(str::trim).enumerate();
    for (index, line) in lines.chain([(usize::MAX, "[[skill]]")]) {
        if line == "[[skill]]" {
            altered.extend(of_one(lock, &std::mem::take(&mut entry)));
        } else {
            entry.push((index, line));
        }
    }
    altered
}

fn of_one(lock: &Lock, lines: &[(usize, &str)]) -> Option<Altered> {
    let name = lines.iter().find_map(|(_, line)| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
    let entry = lock.find(name)?;
    let expected = line(entry);
    let (index, _) = lines.iter().find(|(_, line)| line.starts_with(PREFIX) && *line != expected)?;
    Some(Altered { name: entry.name.clone(), line: index + 1 })
}
