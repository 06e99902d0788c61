//! The name of a run's branch, from the project's template.

use crate::name::RunId;
use std::fmt;

/// Longest branch name, in bytes: room for a folder and a lock file beside it on every file system.
pub const MAX_BRANCH_BYTES: usize = 200;
/// Longest text that stands for `{slug}`, in bytes.
pub const MAX_SLUG_BYTES: usize = 40;

/// A branch name that git accepts, without `refs/heads/`, and that no other run has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchName(String);

/// Why a template gives no branch name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BranchError {
    /// Two runs would share the branch.
    #[error("the branch template has no `{{run}}` in it, so that two runs would share a branch")]
    NoRun,
    /// A placeholder that doesn't exist.
    #[error("the branch template has a placeholder that is neither `{{slug}}` nor `{{run}}`")]
    Placeholder,
    /// Git would refuse it, or read it as something else.
    #[error("the branch template gives a name that can't be a run's branch: {rule}")]
    Name {
        /// What is wrong with it.
        rule: &'static str,
    },
}

impl BranchName {
    /// Fills `{slug}` and `{run}` in a template.
    ///
    /// # Errors
    /// Where `{run}` is missing, or the result is not a name for a branch of this run.
    pub fn from_template(template: &str, slug: &str, run: &RunId) -> Result<Self, BranchError> {
        if !template.contains("{run}") {
            return Err(BranchError::NoRun);
        }
        // Neither can hold a brace, so that the order doesn't matter.
        let name = template.replace("{slug}", slug).replace("{run}", run.as_str());
        if name.contains(['{', '}']) {
            return Err(BranchError::Placeholder);
        }
        check_name(run, &name).map_err(|rule| BranchError::Name { rule })?;
        Ok(Self(name))
    }

    /// The name, without `refs/heads/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks a template before there is a run, with the longest names that it can be filled with.
///
/// # Errors
/// As [`BranchName::from_template`].
pub fn check_template(template: &str) -> Result<(), BranchError> {
    let run = RunId::from_random([0, 1, 2, 3, 4, 5, 6, 7]);
    BranchName::from_template(template, &"x".repeat(MAX_SLUG_BYTES), &run).map(drop)
}

/// Checks that a name is a branch of this run: the run's id is a whole word of it, and never all of it. So no template
/// can lead to `main` or to another run's branch.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(run: &RunId, name: &str) -> Result<(), &'static str> {
    if let Some(rule) = broken_rule(name) {
        return Err(rule);
    }
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    if name == run.as_str() || !words.any(|word| word == run.as_str()) {
        return Err("the run's id is not a word of it, beside others");
    }
    Ok(())
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What breaks git's own rules for a branch's name, narrowed to printable ASCII.
fn broken_rule(name: &str) -> Option<&'static str> {
    let component =
        |component: &str| component.starts_with('.') || component.ends_with('.') || component.ends_with(".lock");
    if name.is_empty() || name.len() > MAX_BRANCH_BYTES {
        Some("it is empty or too long")
    } else if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.+=@#,".contains(&b)) {
        Some("it has a character other than letters, digits and `/-_.+=@#,`")
    } else if name.split('/').any(str::is_empty) {
        Some("it begins or ends with `/`, or has two in a row")
    } else if name.starts_with('-') || name.split('/').any(component) || name.contains("..") || name.contains("@{") {
        Some("it begins with `-`, or a part of it begins or ends with `.`, ends with `.lock`, or holds `..` or `@{`")
    } else if name == "@" || name.eq_ignore_ascii_case("HEAD") || name.to_ascii_lowercase().starts_with("refs/") {
        Some("it means something else to git")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn named(template: &str) -> Result<String, BranchError> {
        let run: RunId = "7f3k".parse().unwrap();
        BranchName::from_template(template, "lead-capture", &run).map(|name| name.to_string())
    }

    #[test]
    fn a_template_is_filled() {
        assert_eq!(named("skillhost/{slug}-{run}").unwrap(), "skillhost/lead-capture-7f3k");
        assert_eq!(named("{run}/x").unwrap(), "7f3k/x");
    }

    #[test]
    fn g_07_a_template_cannot_name_a_shared_branch() {
        assert_eq!(named("main"), Err(BranchError::NoRun));
        assert_eq!(named("{slug}"), Err(BranchError::NoRun));
        assert_eq!(named("x/{user}-{run}"), Err(BranchError::Placeholder));
        // A run that is called like a branch doesn't own the branch.
        for bad in ["{run}", "{slug}{run}", "x{run}"] {
            assert!(named(bad).is_err() && check_template(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_git_refuses_are_refused() {
        for bad in [
            "-{run}",
            "/{run}",
            "{run}/x//y",
            "a//{run}",
            ".a/{run}",
            "a/.{run}",
            "{run}/x.lock",
            "{run}/x.lock/y",
            "a..{run}",
            "a b{run}",
            "a~{run}",
            "a^{run}",
            "a:{run}",
            "a?{run}",
            "a*{run}",
            "a[{run}",
            "a\\{run}",
            "a\u{7f}{run}",
            "a\n{run}",
            "{run}/x./y",
            "refs/heads/{run}",
            "REFS/tags/{run}",
            "ü{run}",
            "a@{{run}}",
        ] {
            // Behind a word of its own, so that only the rule itself can be broken.
            let bad = bad.replace("{run}", "{run}-x");
            assert!(named(&bad).is_err() && check_template(&bad).is_err(), "{bad}");
        }
        assert!(named(&format!("{}/{{run}}", "a".repeat(300))).is_err());
        for bad in ["", "@", "HEAD", "head"] {
            assert!(broken_rule(bad).is_some(), "{bad}");
        }
        assert!(broken_rule("main").is_none() && broken_rule("release/1.2").is_none());
    }

    proptest! {
        #[test]
        fn no_template_panics(template in "[a-z{}/.@\\-\\\\ ~]{0,20}(\\{run\\})?") {
            if let Ok(name) = named(&template) {
                prop_assert!(broken_rule(&name).is_none() && name.contains("7f3k"));
                prop_assert!(check_template(&template).is_ok());
            }
        }
    }
}
