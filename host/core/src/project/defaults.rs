//! What holds where a project says nothing.

use super::{Budget, Project, Protect, Spec, Verify};
use crate::duration::Span;
use crate::glob::Globs;
use std::collections::BTreeMap;

/// Of one execution of a command.
pub(super) fn timeout() -> Span {
    Span::seconds(600)
}

impl Default for Project {
    fn default() -> Self {
        Self {
            base: None,
            branch: "skillhost/{slug}-{run}".to_owned(),
            rounds: 3,
            skills: BTreeMap::new(),
            grants: BTreeMap::new(),
            models: BTreeMap::new(),
            budget: Budget::default(),
            commands: BTreeMap::new(),
            verify: Verify::default(),
            spec: Spec::default(),
            protect: Protect::default(),
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { tokens: 2_000_000, cost_usd: 5.0, time: Span::seconds(2 * 3600) }
    }
}

impl Default for Verify {
    fn default() -> Self {
        Self { commands: Vec::new(), baseline: true }
    }
}

impl Default for Spec {
    fn default() -> Self {
        let sections = [
            "Problem",
            "Modules",
            "Data model",
            "Routes",
            "Events",
            "Access control",
            "Edge cases",
            "Failure modes",
            "Risks",
            "Acceptance",
        ];
        Self { path: "specs/{slug}.md".to_owned(), sections: sections.map(str::to_owned).to_vec() }
    }
}

impl Default for Protect {
    fn default() -> Self {
        // What decides how later changes are checked, or what later agents are told.
        let paths = [
            "**/AGENTS.md",
            "AGENTS.md",
            ".github/**",
            ".gitlab-ci.yml",
            ".forgejo/**",
            "skillhost.toml",
            "skillhost.lock",
        ];
        Self { paths: Globs::parse(paths).unwrap_or_default() }
    }
}
