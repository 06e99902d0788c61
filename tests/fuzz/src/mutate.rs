//! A small mutator that knows nothing of the structure but its words: what a stable toolchain runs in seconds.

use skillhost_test_support::random::Random;

/// Longest input that mutation makes of a short one.
const MAX_GROWN_BYTES: usize = 64 << 10;

/// An input like `base`: one to eight changes, with pieces of `other`.
pub(crate) fn mutate(base: &[u8], other: &[u8], words: &[&str], random: &mut Random) -> Vec<u8> {
    let mut data = base.to_vec();
    for _ in 0..=random.below(8) {
        change(&mut data, other, words, random);
    }
    data.truncate(MAX_GROWN_BYTES.max(base.len()));
    data
}

fn change(data: &mut Vec<u8>, other: &[u8], words: &[&str], random: &mut Random) {
    let at = random.below(data.len() + 1);
    let end = at + random.below((data.len() - at + 1).min(32));
    match random.below(8) {
        0 if at < data.len() => data[at] ^= 1 << random.below(8),
        1 if at < data.len() => data[at] = random.byte(),
        2 => drop(data.drain(at..end)),
        3 => {
            let piece = data[at..end].to_vec();
            insert(data, at, &piece);
        }
        4 => {
            let from = random.below(other.len() + 1);
            let to = from + random.below((other.len() - from + 1).min(64));
            insert(data, at, &other[from..to]);
        }
        5 => insert(data, at, random.one_of(words).unwrap_or_default().as_bytes()),
        6 => {
            data.truncate(end);
            data.extend_from_slice(random.one_of(words).unwrap_or_default().as_bytes());
        }
        _ if random.below(4) == 0 => data.truncate(at),
        _ => insert(data, at, &[random.byte()]),
    }
}

fn insert(data: &mut Vec<u8>, at: usize, piece: &[u8]) {
    drop(data.splice(at..at, piece.iter().copied()));
}
