//! Where a run of lines stands among others under some notion of sameness, in time that grows with the lines and not with their
//! product: a file of a million equal lines is no trap.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The positions in `lines` at which `sought` begins, by what `normal` makes of each line. What a collision lets through the
/// caller sees by itself.
pub(crate) fn occurrences<T: Hash>(
    lines: &[&str],
    sought: &[&str],
    normal: impl Fn(&str) -> T,
    most: usize,
) -> Vec<usize> {
    let print = |line: &&str| {
        let mut hasher = DefaultHasher::new();
        normal(line).hash(&mut hasher);
        hasher.finish()
    };
    let sought: Vec<u64> = sought.iter().map(print).collect();
    if sought.is_empty() {
        return vec![];
    }
    let shorter = borders(&sought);
    let (mut found, mut matched) = (vec![], 0);
    for (index, line) in lines.iter().enumerate() {
        let line = print(line);
        while matched > 0 && (matched == sought.len() || sought[matched] != line) {
            matched = shorter[matched - 1];
        }
        matched += usize::from(sought[matched] == line);
        if matched == sought.len() {
            found.push(index + 1 - matched);
            if found.len() == most {
                break;
            }
        }
    }
    found
}

/// For each prefix, the length of the longest shorter one that it ends with (Knuth, Morris, Pratt).
fn borders(sought: &[u64]) -> Vec<usize> {
    let mut borders = vec![0; sought.len()];
    for end in 1..sought.len() {
        let mut length: usize = borders[end - 1];
        while length > 0 && sought[length] != sought[end] {
            length = borders[length - 1];
        }
        borders[end] = length + usize::from(sought[length] == sought[end]);
    }
    borders
}

#[cfg(test)]
mod tests {
    use super::occurrences;

    fn at(lines: &str, sought: &str) -> Vec<usize> {
        let split = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        let (lines, sought): (&'static str, &'static str) = (lines.to_owned().leak(), sought.to_owned().leak());
        occurrences(&split(lines), &split(sought), |line| line.to_lowercase(), 5)
    }

    #[test]
    fn all_places_are_found_also_where_they_overlap() {
        assert_eq!(at("a b A b a", "a b a"), [0, 2]);
        assert_eq!(at("x x x x", "x x"), [0, 1, 2]);
        assert_eq!(at("a a b a a a b", "a a a b"), [3]);
        assert_eq!(at("a b", "a b c"), [] as [usize; 0]);
        assert_eq!(at("x x x x x x x x", "x"), [0, 1, 2, 3, 4], "no more than were asked for");
    }
}
