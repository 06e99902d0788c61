//! The block of a file that is most like `old`. It only ever suggests.

use std::collections::HashMap;

/// Less alike than this is no suggestion.
const MIN_SIMILARITY: f64 = 0.6;
/// Beyond these, looking costs more than the suggestion is worth.
const MAX_FILE_LINES: usize = 6_000;
const MAX_OLD_LINES: usize = 80;

/// Where the closest block stands (1-based lines), and the first line that differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closest {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) difference: Option<Difference>,
}

/// A line of the file and what `old` has for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) line: usize,
    pub(crate) file: String,
    pub(crate) old: String,
}

pub(crate) fn find(text: &str, old: &str) -> Option<Closest> {
    let file: Vec<&str> = text.lines().take(MAX_FILE_LINES).collect();
    let old: Vec<&str> = old.trim_matches('\n').lines().take(MAX_OLD_LINES).collect();
    if old.is_empty() || file.is_empty() {
        return None;
    }
    let old: Vec<&str> = old.into_iter().take(file.len()).collect();
    let (file_pairs, old_pairs): (Vec<_>, Vec<_>) =
        (file.iter().map(|line| pairs(line)).collect(), old.iter().map(|line| pairs(line)).collect());
    let score = |from: usize| {
        let alike: f64 = old_pairs.iter().zip(&file_pairs[from..]).map(|(old, file)| similarity(old, file)).sum();
        alike / old.len() as f64
    };
    let (from, best) = (0..=file.len() - old.len())
        .map(|from| (from, score(from)))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    if best < MIN_SIMILARITY {
        return None;
    }
    let difference = (0..old.len()).find(|&index| file[from + index] != old[index]).map(|index| Difference {
        line: from + index + 1,
        file: visible(file[from + index]),
        old: visible(old[index]),
    });
    Some(Closest { from: from + 1, to: from + old.len(), difference })
}

/// Counts of neighbouring characters, leading and trailing whitespace apart.
fn pairs(line: &str) -> HashMap<(char, char), u32> {
    let mut counts = HashMap::new();
    let line = line.trim();
    for pair in std::iter::once(' ').chain(line.chars()).zip(line.chars().take(300)) {
        *counts.entry(pair).or_default() += 1;
    }
    counts
}

/// Dice's coefficient; 1 for two empty lines.
fn similarity(a: &HashMap<(char, char), u32>, b: &HashMap<(char, char), u32>) -> f64 {
    let total: u32 = a.values().sum::<u32>() + b.values().sum::<u32>();
    if total == 0 {
        return 1.0;
    }
    let shared: u32 = a.iter().map(|(pair, count)| (*count).min(b.get(pair).copied().unwrap_or_default())).sum();
    f64::from(2 * shared) / f64::from(total)
}

/// The line with its whitespace made visible where it can differ unseen: at both ends.
fn visible(line: &str) -> String {
    let show = |character| match character {
        ' ' => '·',
        '\t' => '→',
        character => character,
    };
    let body = line.trim();
    let start = line.len() - line.trim_start().len();
    let (indent, rest) = line.split_at(start);
    let tail = &rest[body.len()..];
    let body: String = body.chars().take(120).collect();
    indent.chars().map(show).chain(body.chars()).chain(tail.chars().map(show)).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_block_and_its_first_difference() {
        let text = "fn a() {\n\treturn x\n}\nfn b() {\n\treturn y\n}\n";
        let closest = find(text, "fn b() {\n    return y;\n}");
        let difference = Some(Difference { line: 5, file: "→return y".into(), old: "····return y;".into() });
        assert_eq!(closest, Some(Closest { from: 4, to: 6, difference }));
    }

    #[test]
    fn nothing_alike_is_no_suggestion() {
        assert_eq!(find("alpha\nbeta\n", "completely other words"), None);
        assert_eq!(find("", "x"), None);
        assert_eq!(find("x\n", ""), None);
    }
}
