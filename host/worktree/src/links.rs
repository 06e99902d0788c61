//! Where a symbolic link may lead.

use skillhost_core::path::is_git_name;

/// Whether a link at `place`, relative to the root, with this target stays inside the tree.
///
/// It is read as text, so that the answer can't change with what stands at the target. `..` is taken only at the
/// beginning, and never more often than there are directories above the link: with `..` after a name, the place that
/// is meant would depend on whether that name is a link itself. So links that are each judged alone can't leave the
/// tree together.
pub(crate) fn stays_inside(place: &[u8], target: &[u8]) -> bool {
    if target.is_empty() || target[0] == b'/' || target.iter().any(|b| matches!(b, 0 | b'\\')) {
        return false;
    }
    let mut above = place.iter().filter(|b| **b == b'/').count();
    let mut named = false;
    for component in target.split(|b| *b == b'/') {
        match component {
            b"" | b"." => {}
            b".." if named || above == 0 => return false,
            b".." => above -= 1,
            name if is_git_name(name) => return false,
            _ => named = true,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_15_a_link_leads_into_the_tree_or_nowhere() {
        for good in ["x", "../x", "../../x", "./x/y", "../.", "x/", "..x/y"] {
            assert!(stays_inside(b"a/b/link", good.as_bytes()), "{good}");
        }
        let bad =
            ["", "/etc/passwd", "../../../x", "x/../../../..", "x/..", "../../.git/config", "GIT~1", "a\0b", "a\\b"];
        for bad in bad {
            assert!(!stays_inside(b"a/b/link", bad.as_bytes()), "{bad}");
        }
        assert!(!stays_inside(b"link", b".."));
    }
}
