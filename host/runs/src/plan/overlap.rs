//! Whether two globs could match the same path: how two steps about to touch the same files are found before they
//! begin. Never says no where the answer is yes.

/// Whether some path could match both globs.
pub fn may_overlap(one: &str, other: &str) -> bool {
    // Alternatives and classes across separators are beyond what is compared here.
    if [one, other].iter().any(|glob| glob.contains(['{', '[', '\\'])) {
        return literal_prefixes_agree(one, other);
    }
    let one: Vec<&str> = one.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let other: Vec<&str> = other.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    // reach[j]: whether the rests from here on overlap, computed from the ends towards the beginnings.
    let mut below = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            row[j] = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(&"**"), _) => below[j] || (j < other.len() && row[j + 1]),
                (_, Some(&"**")) => row[j + 1] || (i < one.len() && below[j]),
                (Some(a), Some(b)) => below[j + 1] && names_agree(a, b),
                _ => false,
            };
        }
        below = row;
    }
    below[0]
}

/// Whether some name could match both, told from what stands before the first and behind the last wildcard.
fn names_agree(one: &str, other: &str) -> bool {
    let wild = |part: &str| part.contains(['*', '?']);
    if !wild(one) && !wild(other) {
        return one == other;
    }
    let start = |part: &str| part.split(['*', '?']).next().unwrap_or_default().to_owned();
    let end = |part: &str| part.rsplit(['*', '?']).next().unwrap_or_default().to_owned();
    let prefixes = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    let suffixes = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
    prefixes(&start(one), &start(other)) && suffixes(&end(one), &end(other))
}

fn literal_prefixes_agree(one: &str, other: &str) -> bool {
    let start = |glob: &str| glob.split(['*', '?', '{', '[', '\\']).next().unwrap_or_default().to_owned();
    let (one, other) = (start(one), start(other));
    one.starts_with(&other) || other.starts_with(&one)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use skillhost_core::{glob::Globs, path::SkillPath};

    #[test]
    fn globs_overlap_where_a_path_could_match_both() {
        for (one, other) in [
            ("src/**", "src/a.rs"),
            ("**/*.rs", "src/**"),
            ("a/*/c", "a/b/*"),
            ("**", "x"),
            ("src/*.rs", "src/lead*"),
            ("{a,b}/x", "a/x"),
            ("a/**/z", "a/z"),
            ("src/a.rs", "src/a.rs"),
            ("a?", "ab"),
        ] {
            assert!(may_overlap(one, other) && may_overlap(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("src/**", "tests/**"),
            ("*.rs", "src/*.rs"),
            ("src/*.rs", "src/*.ts"),
            ("src/a*", "src/b*"),
            ("a/b", "a"),
            ("src/{a,b}", "tests/{a,b}"),
        ] {
            assert!(!may_overlap(one, other) && !may_overlap(other, one), "{one} {other}");
        }
        assert!(may_overlap(&"**/".repeat(300), &"a/".repeat(300)));
    }

    proptest! {
        #[test]
        fn a_path_that_matches_both_is_never_missed(
            one in "(\\*\\*/)?[ab*?]{1,2}(/(\\*\\*|[ab*?]{1,2})){0,3}",
            other in "(\\*\\*/)?[ab*?]{1,2}(/(\\*\\*|[ab*?]{1,2})){0,3}",
            path in "[ab]{1,2}(/[ab]{1,2}){0,3}",
        ) {
            let path = SkillPath::parse(&path).unwrap();
            let matches = |glob: &str| Globs::parse([glob]).is_ok_and(|globs| globs.matches(&path));
            if matches(&one) && matches(&other) {
                prop_assert!(may_overlap(&one, &other));
            }
        }
    }
}
