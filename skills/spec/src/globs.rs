//! Whether two globs can match the same path, without looking at any.

use skillhost_sdk::glob::Globs;

/// Longest component that is compared by its characters; longer ones are taken to meet.
const MAX_COMPONENT_CHARS: usize = 64;
/// Components that are compared; of deeper globs, the beginning is.
const MAX_COMPONENTS: usize = 32;

/// Whether some path could match both. A group `{a,b}` is taken for anything where both globs have wildcards.
pub(crate) fn meet(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim().trim_start_matches("./"), b.trim().trim_start_matches("./"));
    let matches = |glob: &str, path: &str| Globs::parse([glob]).is_ok_and(|globs| globs.matches(path));
    match (is_literal(a), is_literal(b)) {
        (true, true) => a == b,
        (true, false) => matches(b, a),
        (false, true) => matches(a, b),
        (false, false) => {
            let (a, b) = (ungrouped(a), ungrouped(b));
            let parts = |glob: &'_ str| glob.split('/').take(MAX_COMPONENTS).map(str::to_owned).collect::<Vec<_>>();
            sequences_meet(&parts(&a), &parts(&b), |part| part == "**", |a, b| components_meet(a, b))
        }
    }
}

pub(crate) fn is_literal(glob: &str) -> bool {
    !glob.contains(['*', '?', '[', '{'])
}

/// With each group replaced by what covers it.
fn ungrouped(glob: &str) -> String {
    let mut text = String::new();
    let mut rest = glob;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((group, behind)) = behind.split_once('}') else { break };
        if group.contains('/') {
            // It reaches over components, so its own and all that follow could be anything.
            let head = format!("{text}{before}");
            return format!("{}**", &head[..head.rfind('/').map_or(0, |at| at + 1)]);
        }
        text.push_str(before);
        text.push('*');
        rest = behind;
    }
    text + rest
}

fn components_meet(a: &str, b: &str) -> bool {
    let parts = |text: &str| -> Vec<char> {
        let mut chars = vec![];
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            // A class is one character, which could be any.
            chars.push(if c == '[' && rest.clone().any(|end| end == ']') {
                rest.by_ref().find(|end| *end == ']');
                '?'
            } else {
                c
            });
        }
        chars
    };
    let (a, b) = (parts(a), parts(b));
    if a.len().max(b.len()) > MAX_COMPONENT_CHARS {
        return true;
    }
    sequences_meet(&a, &b, |c| *c == '*', |a, b| a == b || *a == '?' || *b == '?')
}

/// Whether two sequences, in which some items stand for any number of others, have something in common.
fn sequences_meet<T>(a: &[T], b: &[T], is_any: impl Fn(&T) -> bool, same: impl Fn(&T, &T) -> bool) -> bool {
    let mut reached = vec![vec![false; b.len() + 1]; a.len() + 1];
    reached[0][0] = true;
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if !reached[i][j] {
                continue;
            }
            let (left, right) = (a.get(i), b.get(j));
            let any = (left.is_some_and(&is_any), right.is_some_and(&is_any));
            // What stands for any number ends here, or takes one more item of the other side.
            if left.is_some() && (any.0 || any.1) {
                reached[i + 1][j] = true;
            }
            if right.is_some() && (any.0 || any.1) {
                reached[i][j + 1] = true;
            }
            if let ((false, false), Some(left), Some(right)) = (any, left, right)
                && same(left, right)
            {
                reached[i + 1][j + 1] = true;
            }
        }
    }
    reached[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_meet_where_a_path_could_match_both() {
        for (a, b) in [
            ("src/a.rs", "src/a.rs"),
            ("src/**", "src/a/b.rs"),
            ("src/*.rs", "src/a*"),
            ("**/test_*.py", "tests/**"),
            ("src/{a,b}.rs", "src/b.rs"),
            ("src/{a,b}/*.rs", "src/b/*"),
            ("{src/a,tests}/*", "src/a/*"),
            ("src/[ab].rs", "src/?.rs"),
            ("./src/a.rs", "src/*"),
            ("**", "*"),
        ] {
            assert!(meet(a, b) && meet(b, a), "{a} and {b}");
        }
        for (a, b) in [
            ("src/a.rs", "src/b.rs"),
            ("src/*.rs", "src/*.py"),
            ("src/a*", "src/b*"),
            ("src/*", "src/a/b.rs"),
            ("src/**/x", "tests/**"),
            ("src/{a,b}.rs", "src/c.rs"),
            ("src/*/a.rs", "src/a.rs"),
        ] {
            assert!(!meet(a, b) && !meet(b, a), "{a} and {b}");
        }
    }

    #[test]
    fn hostile_globs_cost_little() {
        let deep = "*/".repeat(5_000) + "a*";
        assert!(meet(&deep, &deep));
        let long = "*a".repeat(5_000);
        assert!(meet(&long, &"*b".repeat(5_000)), "it is not looked at");
        assert!(meet(&"{a,b}".repeat(200), "*"));
    }
}
