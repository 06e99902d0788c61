//! What of a request a policy doesn't let through, and which of its keys says so: for prompts and errors.
//!
//! To enforce is [`Effective`](crate::capability::Effective)'s work. Here a pattern counts as let through only where
//! that shows from the texts, so what is told is never less than what is cut.

use super::Rule;
use crate::capability::{Capabilities, Ceiling};
use crate::limits::{Limits, PartialLimits};
use std::collections::BTreeSet;

/// What one key of a policy cuts from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The key, and what it says.
    pub rule: Rule,
    /// The capability or the limit: `http`, `time`.
    pub name: &'static str,
    /// The patterns and values of the request that are cut, or that at most a part of is left of.
    pub what: Vec<String>,
}

/// What `ceiling` cuts from `request`, by capability.
pub fn cuts(request: &Capabilities, ceiling: &Ceiling) -> Vec<Cut> {
    let read = ceiling.read.as_ref().map(|most| beyond(request.read.patterns(), most.patterns(), "**", glob_covers));
    let write = ceiling.write.as_ref().map(|most| beyond(request.write.patterns(), most.patterns(), "**", glob_covers));
    let texts = |urls: &crate::urls::Urls| urls.patterns().iter().map(ToString::to_string).collect::<Vec<_>>();
    let http = ceiling.http.as_ref().map(|most| beyond(&texts(&request.http), &texts(most), "", url_covers));
    let flag = |asked: bool, most: Option<bool>| (asked && most == Some(false)).then(|| vec!["true".to_owned()]);
    let found = [
        ("read", read),
        ("write", write),
        ("exec", ceiling.exec.as_ref().map(|most| missing(&request.exec, most))),
        ("model", ceiling.model.as_ref().map(|most| missing(&request.model, most))),
        ("http", http),
        ("secrets", ceiling.secrets.as_ref().map(|most| missing(&request.secrets, most))),
        ("exec_arguments", flag(request.exec_arguments, ceiling.exec_arguments)),
        ("protected", flag(request.protected, ceiling.protected)),
        ("ask", flag(request.ask, ceiling.ask)),
    ];
    let cut = |(name, what): (&'static str, Option<Vec<String>>)| {
        let what = what.filter(|what| !what.is_empty())?;
        let says = format!("[capabilities] {name} doesn't allow {}", what.join(", "));
        Some(Cut { rule: Rule::new(&["capabilities", name], says), name, what })
    };
    found.into_iter().filter_map(cut).collect()
}

/// Which limits `most` lowers below what is asked for.
pub fn limit_cuts(asked: &PartialLimits, most: &PartialLimits) -> Vec<Cut> {
    let (before, after) = (Limits::resolve(asked, &[]), Limits::resolve(asked, &[*most]));
    let of = |name: &'static str, before: String, after: String| {
        let rule = Rule::new(&["limits", name], format!("[limits] {name} = \"{after}\""));
        (before != after).then(|| Cut { rule, name, what: vec![before] })
    };
    [
        of("memory", before.memory.to_string(), after.memory.to_string()),
        of("cpu", before.cpu.to_string(), after.cpu.to_string()),
        of("time", before.time.to_string(), after.time.to_string()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn missing<T: Ord + ToString>(asked: &BTreeSet<T>, most: &BTreeSet<T>) -> Vec<String> {
    asked.difference(most).map(ToString::to_string).collect()
}

fn beyond(asked: &[String], most: &[String], all: &str, covers: fn(&str, &str) -> bool) -> Vec<String> {
    let is_covered = |pattern: &String| most.iter().any(|m| m == all || m == pattern || covers(m, pattern));
    asked.iter().filter(|pattern| !is_covered(pattern)).cloned().collect()
}

/// Whether the glob `most` is a folder without wildcards and all beneath it, and `asked` begins with that folder.
fn glob_covers(most: &str, asked: &str) -> bool {
    most.strip_suffix("**").is_some_and(|folder| {
        folder.ends_with('/') && !folder.contains(['*', '?', '[', '{', '\\']) && asked.starts_with(folder)
    })
}

/// Whether the pattern `most` is a beginning without other wildcards, and `asked` begins with it.
fn url_covers(most: &str, asked: &str) -> bool {
    most.strip_suffix('*').is_some_and(|begin| begin.ends_with('/') && !begin.contains('*') && asked.starts_with(begin))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::capability::Effective;
    use crate::glob::Globs;
    use crate::path::SkillPath;
    use crate::policy::Policy;
    use proptest::prelude::*;

    fn capabilities(toml: &str) -> Capabilities {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn each_cut_names_its_key() {
        let request = capabilities(
            "read = [\"**\"]\nwrite = [\"src/a/**\", \"docs/**\"]\nexec = [\"test\", \"deploy\"]\nhttp = [\"https://a.example/v1/*\", \"https://b.example/*\"]\nask = true\nprotected = true\n",
        );
        let policy = Policy::parse(
            "p",
            "[capabilities]\nread = [\"**\"]\nwrite = [\"src/**\"]\nexec = [\"test\"]\nhttp = [\"https://a.example/*\"]\nprotected = false\n",
        )
        .unwrap();
        let found = cuts(&request, &policy.capabilities);
        let told: Vec<&str> = found.iter().map(|cut| cut.rule.says.as_str()).collect();
        assert_eq!(
            told,
            [
                "[capabilities] write doesn't allow docs/**",
                "[capabilities] exec doesn't allow deploy",
                "[capabilities] http doesn't allow https://b.example/*",
                "[capabilities] protected doesn't allow true",
            ]
        );
        assert_eq!(found[0].rule.key, ["capabilities", "write"]);
        assert!(cuts(&request, &Policy::default().capabilities).is_empty());
    }

    #[test]
    fn a_lowered_limit_is_told() {
        let limits = |toml: &str| toml::from_str::<PartialLimits>(toml).unwrap();
        let found = limit_cuts(&limits("memory = \"512MiB\"\n"), &limits("memory = \"64MiB\"\ntime = \"4h\"\n"));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name, found[0].rule.says.as_str()), ("memory", "[limits] memory = \"64MiB\""));
        assert_eq!(found[0].what, ["512MiB"]);
    }

    proptest! {
        /// What is told as let through is let through.
        #[test]
        fn nothing_is_cut_that_is_not_told(
            asked in prop::collection::vec("(a|b|\\*\\*|\\*)(/(a|b|\\*\\*|\\*)){0,2}", 0..3),
            most in prop::collection::vec("(a|b|\\*\\*|\\*)(/(a|b|\\*\\*|\\*)){0,2}", 0..3), file in "[ab](/[ab]){0,2}",
        ) {
            let (Ok(asked), Ok(most)) = (Globs::parse(&asked), Globs::parse(&most)) else { return Ok(()) };
            let request = Capabilities { read: asked, ..Capabilities::default() };
            let ceiling = Ceiling { read: Some(most), ..Ceiling::default() };
            let file = SkillPath::parse(&file).unwrap();
            let is_cut = request.read.matches(&file)
                && !Effective::new(&request, &request, std::slice::from_ref(&ceiling)).read.matches(&file);
            prop_assert!(!is_cut || !cuts(&request, &ceiling).is_empty());
        }
    }
}
