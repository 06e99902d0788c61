//! The block of a file that is most like `old`. It only ever suggests.

use std::cmp::Ordering;

/// Less alike than this is no suggestion.
const MIN_SIMILARITY: f64 = 0.6;
/// Beyond these, looking costs more than the suggestion is worth.
const MAX_FILE_LINES: usize = 6_000;
const MAX_OLD_LINES: usize = 40;
const MAX_LINE_CHARS: usize = 300;

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
    let mut best = None;
    // How unlike a block may be; beyond that, the rest of its lines need no look.
    let mut most = (1.0 - MIN_SIMILARITY) * old.len() as f64;
    for first in 0..=file.len() - old.len() {
        let mut unlike = 0.0;
        for (old, file) in old_pairs.iter().zip(&file_pairs[first..]) {
            unlike += 1.0 - similarity(old, file);
            if unlike > most {
                break;
            }
        }
        if unlike < most || best.is_none() && unlike <= most {
            (best, most) = (Some(first), unlike);
        }
    }
    let from = best?;
    let difference = (0..old.len()).find(|&index| file[from + index] != old[index]).map(|index| Difference {
        line: from + index + 1,
        file: visible(file[from + index]),
        old: visible(old[index]),
    });
    Some(Closest { from: from + 1, to: from + old.len(), difference })
}

/// Neighbouring characters, leading and trailing whitespace apart, in order of their codes.
fn pairs(line: &str) -> Vec<u64> {
    let line = line.trim();
    let code = |(a, b): (char, char)| u64::from(u32::from(a)) << 32 | u64::from(u32::from(b));
    let mut pairs: Vec<u64> =
        std::iter::once(' ').chain(line.chars()).zip(line.chars().take(MAX_LINE_CHARS)).map(code).collect();
    pairs.sort_unstable();
    pairs
}

/// How many pairs two lines have in common.
fn common(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b, mut count) = (a, b, 0);
    while let (Some((first, rest_a)), Some((second, rest_b))) = (a.split_first(), b.split_first()) {
        match first.cmp(second) {
            Ordering::Less => a = rest_a,
            Ordering::Greater => b = rest_b,
            Ordering::Equal => (a, b, count) = (rest_a, rest_b, count + 1),
        }
    }
    count
}

/// Dice's coefficient; 1 for two empty lines.
fn similarity(a: &[u64], b: &[u64]) -> f64 {
    match a.len() + b.len() {
        0 => 1.0,
        total => (2 * common(a, b)) as f64 / total as f64,
    }
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

    #[test]
    fn the_worst_file_costs_little() {
        let line = |index: usize| format!("{}{index}", "ab".repeat(150));
        let text: String = (0..MAX_FILE_LINES / 4).map(|index| line(index) + "\n").collect();
        let old: String = (0..MAX_OLD_LINES).map(|index| format!("{}\n", line(index * 7).replace('b', "c"))).collect();
        assert_eq!(find(&text, &old), None);
    }
}
