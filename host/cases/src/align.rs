//! Two lists side by side: what is the same in both first, so that an item that came or went moves no other.

/// Most pairs of items that are looked at: where two lists differ in more, they are paired by position.
const MAX_PAIRS: usize = 250_000;

/// One place of two lists: an item of the old one, of the new one, or of both.
pub(crate) type Pair = (Option<usize>, Option<usize>);

/// Pairs the items of two lists, in the order of both: as many that are the same as can be. Those between two such pairs
/// are paired by their position there.
pub(crate) fn align(old: usize, new: usize, is_same: impl Fn(usize, usize) -> bool) -> Vec<Pair> {
    let least = old.min(new);
    let head = (0..least).take_while(|at| is_same(*at, *at)).count();
    let tail = (0..least - head).take_while(|at| is_same(old - 1 - at, new - 1 - at)).count();
    let (rows, columns) = (old - head - tail, new - head - tail);
    let mut pairs: Vec<Pair> = (0..head).map(|at| (Some(at), Some(at))).collect();
    let mut between = (head, head);
    for (row, column) in longest(rows, columns, |row, column| is_same(head + row, head + column)) {
        let same = (head + row, head + column);
        gap(between, same, &mut pairs);
        pairs.push((Some(same.0), Some(same.1)));
        between = (same.0 + 1, same.1 + 1);
    }
    gap(between, (old - tail, new - tail), &mut pairs);
    pairs.extend((0..tail).map(|at| (Some(old - tail + at), Some(new - tail + at))));
    pairs
}

/// Pairs what lies between two places by position.
fn gap(from: (usize, usize), to: (usize, usize), pairs: &mut Vec<Pair>) {
    let (old, new) = (to.0 - from.0, to.1 - from.1);
    let item = |at: usize, of: usize, from: usize| (at < of).then_some(from + at);
    pairs.extend((0..old.max(new)).map(|at| (item(at, old, from.0), item(at, new, from.1))));
}

/// The longest common subsequence.
fn longest(rows: usize, columns: usize, is_same: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    if rows.saturating_mul(columns) > MAX_PAIRS {
        return Vec::new();
    }
    // How long it is from each place on; a row and a column more than there are items.
    let width = columns + 1;
    let mut lengths = vec![0_u32; (rows + 1) * width];
    let mut same = vec![false; rows * columns];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let here = row * width + column;
            same[row * columns + column] = is_same(row, column);
            lengths[here] = match same[row * columns + column] {
                true => lengths[here + width + 1] + 1,
                false => lengths[here + width].max(lengths[here + 1]),
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut found = Vec::new();
    while row < rows && column < columns {
        let here = row * width + column;
        if same[row * columns + column] {
            found.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if lengths[here + width] >= lengths[here + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(old: &str, new: &str) -> String {
        let (olds, news): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
        let letter = |letters: &[char], at: Option<usize>| at.map_or('-', |at| letters[at]);
        let pairs = align(olds.len(), news.len(), |old, new| olds[old] == news[new]);
        pairs.iter().map(|(old, new)| format!("{}{} ", letter(&olds, *old), letter(&news, *new))).collect()
    }

    #[test]
    fn what_is_the_same_stands_side_by_side() {
        for (old, new, expected) in [
            ("", "", ""),
            ("abc", "abc", "aa bb cc "),
            ("abc", "xabc", "-x aa bb cc "),
            ("abc", "ac", "aa b- cc "),
            ("abc", "aBc", "aa bB cc "),
            ("abcd", "xbyd", "ax bb cy dd "),
            ("abc", "bca", "a- bb cc -a "),
            ("ab", "xyz", "ax by -z "),
            ("aab", "ab", "aa a- bb "),
        ] {
            assert_eq!(aligned(old, new), expected, "{old} {new}");
        }
        // Too much for that: each with the one at its place.
        let pairs = align(1000, 1000, |old, new| old == new + 1);
        assert!(pairs.iter().all(|(old, new)| old == new) && pairs.len() == 1000);
    }
}
