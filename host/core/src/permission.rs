//! One thing that a skill may do, as a `--grant` flag names it: `write=src/**`, `exec=test`, `ask`.
//!
//! [`Capabilities`] are lists of these. One by one they are shown, asked for, compared and granted.

use crate::capability::{Capabilities, Ceiling, Tier};
use crate::glob::Globs;
use crate::name::{CommandName, SecretName};
use crate::text::escape_terminal;
use crate::urls::{UrlPattern, Urls};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One thing that a skill may do. They are in order of what they could do harm with, gravest first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Change paths under `[protect]`.
    Protected,
    /// Create, change and remove files that this glob matches.
    Write(String),
    /// Send requests to URLs of this pattern.
    Http(String),
    /// Use this secret in them.
    Secret(SecretName),
    /// Add arguments to declared commands.
    ExecArguments,
    /// Run this declared command.
    Exec(CommandName),
    /// Call models of this tier.
    Model(Tier),
    /// Read files that this glob matches.
    Read(String),
    /// Ask a person.
    Ask,
}

/// Why a text is no permission.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PermissionError(String);

impl Permission {
    /// The capability, as manifests spell it.
    pub fn capability(&self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::Write(_) => "write",
            Self::Http(_) => "http",
            Self::Secret(_) => "secrets",
            Self::ExecArguments => "exec_arguments",
            Self::Exec(_) => "exec",
            Self::Model(_) => "model",
            Self::Read(_) => "read",
            Self::Ask => "ask",
        }
    }

    /// What of it: a glob, a pattern, a name; none where it is granted as a whole.
    pub fn value(&self) -> Option<String> {
        match self {
            Self::Protected | Self::ExecArguments | Self::Ask => None,
            Self::Write(text) | Self::Http(text) | Self::Read(text) => Some(text.clone()),
            Self::Secret(name) => Some(name.to_string()),
            Self::Exec(name) => Some(name.to_string()),
            Self::Model(tier) => Some(tier.to_string()),
        }
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        let wrong =
            |why: &dyn fmt::Display| PermissionError(escape_terminal(&format!("{text}: {why}"), 400).to_string());
        match text.split_once('=') {
            Some(("read", glob)) => Globs::parse([glob]).map(|_| Self::Read(glob.to_owned())).map_err(|e| wrong(&e)),
            Some(("write", glob)) => Globs::parse([glob]).map(|_| Self::Write(glob.to_owned())).map_err(|e| wrong(&e)),
            Some(("http", url)) => url.parse::<UrlPattern>().map(|_| Self::Http(url.to_owned())).map_err(|e| wrong(&e)),
            Some(("exec", name)) => name.parse().map(Self::Exec).map_err(|e| wrong(&e)),
            Some(("secrets", name)) => name.parse().map(Self::Secret).map_err(|e| wrong(&e)),
            Some(("model", tier)) => {
                Tier::from_word(tier).map(Self::Model).ok_or_else(|| wrong(&"there is no such tier"))
            }
            None if text == "protected" => Ok(Self::Protected),
            None if text == "exec_arguments" => Ok(Self::ExecArguments),
            None if text == "ask" => Ok(Self::Ask),
            _ => Err(wrong(&"there is no such capability")),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.capability())?;
        self.value().map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

impl Capabilities {
    /// All of it, one by one, gravest first.
    pub fn permissions(&self) -> Vec<Permission> {
        let mut all = Vec::new();
        all.extend(self.protected.then_some(Permission::Protected));
        all.extend(self.write.patterns().iter().cloned().map(Permission::Write));
        all.extend(self.http.patterns().iter().map(|url| Permission::Http(url.to_string())));
        all.extend(self.secrets.iter().cloned().map(Permission::Secret));
        all.extend(self.exec_arguments.then_some(Permission::ExecArguments));
        all.extend(self.exec.iter().cloned().map(Permission::Exec));
        all.extend(self.model.iter().copied().map(Permission::Model));
        all.extend(self.read.patterns().iter().cloned().map(Permission::Read));
        all.extend(self.ask.then_some(Permission::Ask));
        all
    }

    /// These permissions, and nothing else: in an order that is the same for the same ones, and without those that
    /// another covers, so that what is granted is short to read.
    ///
    /// # Errors
    /// Where there are more of one capability than a list may hold.
    pub fn of(permissions: impl IntoIterator<Item = Permission>) -> Result<Self, PermissionError> {
        let mut needed: Vec<(Permission, Self)> = Vec::new();
        for permission in permissions.into_iter().collect::<BTreeSet<_>>() {
            if needed.iter().any(|(_, alone)| alone.covers(&permission)) {
                continue;
            }
            let alone = Self::exactly([permission.clone()])?;
            needed.retain(|(other, _)| !alone.covers(other));
            needed.push((permission, alone));
        }
        Self::exactly(needed.into_iter().map(|(permission, _)| permission))
    }

    fn exactly(permissions: impl IntoIterator<Item = Permission>) -> Result<Self, PermissionError> {
        let mut these = Self::default();
        let (mut read, mut write, mut http) = (Vec::new(), Vec::new(), Vec::new());
        for permission in permissions {
            match permission {
                Permission::Protected => these.protected = true,
                Permission::ExecArguments => these.exec_arguments = true,
                Permission::Ask => these.ask = true,
                Permission::Read(glob) => read.push(glob),
                Permission::Write(glob) => write.push(glob),
                Permission::Http(url) => http.push(url),
                Permission::Secret(name) => drop(these.secrets.insert(name)),
                Permission::Exec(name) => drop(these.exec.insert(name)),
                Permission::Model(tier) => drop(these.model.insert(tier)),
            }
        }
        let globs = |patterns| Globs::parse::<String>(patterns).map_err(|e| PermissionError(e.to_string()));
        (these.read, these.write) = (globs(read)?, globs(write)?);
        these.http = Urls::parse(http).map_err(PermissionError)?;
        Ok(these)
    }

    /// Whether all that `permission` gives is in here, as far as that can be told from the patterns: a yes is one, and a
    /// no may be wrong.
    pub fn covers(&self, permission: &Permission) -> bool {
        match permission {
            Permission::Protected => self.protected,
            Permission::ExecArguments => self.exec_arguments,
            Permission::Ask => self.ask,
            Permission::Read(glob) => self.read.covers(glob),
            Permission::Write(glob) => self.write.covers(glob),
            Permission::Http(url) => url.parse().is_ok_and(|url| self.http.covers(&url)),
            Permission::Secret(name) => self.secrets.contains(name),
            Permission::Exec(name) => self.exec.contains(name),
            Permission::Model(tier) => self.model.contains(tier),
        }
    }
}

/// What a ceiling leaves of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// All of it.
    All,
    /// A part: which one is decided for each path and URL.
    Part,
    /// Nothing.
    Nothing,
}

impl Ceiling {
    /// What it leaves of `permission`.
    pub fn leaves(&self, permission: &Permission) -> Left {
        let whole = |is_left: bool| if is_left { Left::All } else { Left::Nothing };
        let globs = |cap: &Option<Globs>, glob: &str| match cap {
            None => Left::All,
            Some(cap) if cap.covers(glob) => Left::All,
            Some(cap) => {
                if cap.is_empty() {
                    Left::Nothing
                } else {
                    Left::Part
                }
            }
        };
        match permission {
            Permission::Protected => whole(self.protected != Some(false)),
            Permission::ExecArguments => whole(self.exec_arguments != Some(false)),
            Permission::Ask => whole(self.ask != Some(false)),
            Permission::Read(glob) => globs(&self.read, glob),
            Permission::Write(glob) => globs(&self.write, glob),
            Permission::Http(url) => match (&self.http, url.parse::<UrlPattern>()) {
                (None, _) => Left::All,
                (Some(cap), Ok(url)) if cap.covers(&url) => Left::All,
                (Some(cap), Ok(url)) if cap.patterns().iter().any(|one| one.may_overlap(&url)) => Left::Part,
                _ => Left::Nothing,
            },
            Permission::Secret(name) => whole(self.secrets.as_ref().is_none_or(|cap| cap.contains(name))),
            Permission::Exec(name) => whole(self.exec.as_ref().is_none_or(|cap| cap.contains(name))),
            Permission::Model(tier) => whole(self.model.as_ref().is_none_or(|cap| cap.contains(tier))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::destination::WebUrl;
    use crate::path::SkillPath;
    use proptest::prelude::*;

    const ALL: [&str; 9] = [
        "protected",
        "write=src/**",
        "http=https://api.example.com/v1/*",
        "secrets=TOKEN",
        "exec_arguments",
        "exec=test:unit",
        "model=cheap",
        "read=**",
        "ask",
    ];

    fn of(texts: &[&str]) -> Capabilities {
        Capabilities::of(texts.iter().map(|text| text.parse().unwrap())).unwrap()
    }

    #[test]
    fn capabilities_are_lists_of_permissions() {
        let mut turned = ALL;
        turned.reverse();
        let all = of(&turned);
        assert_eq!(all.permissions().iter().map(ToString::to_string).collect::<Vec<_>>(), ALL);
        assert_eq!(Capabilities::of(all.permissions()).unwrap(), all);
        assert_eq!(of(&["read=b", "read=a", "read=b"]).read.patterns(), ["a", "b"]);
        let short = of(&["read=src/**", "read=**", "read=**/*", "write=src/a", "write=src/**", "write=docs/*"]);
        assert_eq!((short.read.patterns(), short.write.patterns().len()), (&["**".to_owned()][..], 2));
        for bad in
            ["", "everything", "read", "read=/etc/**", "write=../x", "exec=a b", "model=best", "http=x", "ask=true"]
        {
            assert!(bad.parse::<Permission>().is_err(), "{bad}");
        }
        assert!(!"read=\u{1b}[2J/..".parse::<Permission>().unwrap_err().to_string().contains('\u{1b}'));
    }

    #[test]
    fn a_permission_is_covered_by_what_gives_at_least_as_much() {
        for (whole, covered, beyond) in [
            (of(&["read=**"]), vec!["read=src/**", "read=**", "read=a"], vec!["write=a", "ask"]),
            (
                of(&["write=src/**"]),
                vec!["write=src/**", "write=src/a/*.rs"],
                vec!["write=**", "write=src", "write=srcs/x", "write=src*/x"],
            ),
            (of(&["write=src/*"]), vec!["write=src/*", "write=src/a"], vec!["write=src/**", "write=src/a/b"]),
            (of(&["write=src/**"]), vec![], vec!["write={src/a,b}"]),
            (
                of(&["http=https://a.example/v1/*"]),
                vec!["http=https://a.example/v1/*", "http=https://a.example/v1/x/*"],
                vec![
                    "http=https://a.example/*",
                    "http=https://b.example/v1/x",
                    "http=http://a.example/v1/x",
                    "http=https://a.example/v*/x",
                ],
            ),
            (
                of(&["http=https://*.example.com/*"]),
                vec!["http=https://api.example.com/*", "http=https://*.eu.example.com/v1/x"],
                vec![
                    "http=https://example.com/*",
                    "http=https://badexample.com/*",
                    "http=https://*.badexample.com/*",
                    "http=https://api.example.com:8443/*",
                ],
            ),
            (
                of(&["exec=test", "model=cheap", "secrets=A"]),
                vec!["exec=test", "model=cheap", "secrets=A"],
                vec!["exec=lint", "model=capable", "secrets=B"],
            ),
        ] {
            assert!(covered.iter().all(|one| whole.covers(&one.parse().unwrap())), "{covered:?}");
            assert!(beyond.iter().all(|one| !whole.covers(&one.parse().unwrap())), "{beyond:?}");
        }
    }

    #[test]
    fn a_ceiling_leaves_all_a_part_or_nothing() {
        let ceiling: Ceiling = toml::from_str(
            "write = [\"src/**\"]\nread = []\nexec = [\"test\"]\nhttp = [\"https://a.example/v1/*\"]\nask = false\n",
        )
        .unwrap();
        for (permission, left) in [
            ("write=src/a", Left::All),
            ("write=**", Left::Part),
            ("read=a", Left::Nothing),
            ("exec=test", Left::All),
            ("exec=lint", Left::Nothing),
            ("http=https://a.example/v1/x", Left::All),
            ("http=https://a.example/*", Left::Part),
            ("http=https://b.example/*", Left::Nothing),
            ("ask", Left::Nothing),
            ("protected", Left::All),
            ("secrets=A", Left::All),
        ] {
            assert_eq!(ceiling.leaves(&permission.parse().unwrap()), left, "{permission}");
        }
    }

    proptest! {
        #[test]
        fn what_is_covered_matches_no_more(whole in "(\\*\\*|[ab]/\\*\\*|[ab]/\\*|[ab]/[ab]|\\{a,b\\}/\\*\\*)", part in "[ab*]{1,2}(/[ab*]{1,2}){0,2}", file in "[ab]{1,2}(/[ab]{1,2}){0,3}") {
            if let Ok(globs) = Globs::parse([&part]) {
                let whole = Globs::parse([&whole]).unwrap();
                let file = SkillPath::parse(&file).unwrap();
                prop_assert!(!whole.covers(&part) || !globs.matches(&file) || whole.matches(&file));
            }
        }

        #[test]
        fn what_is_covered_reaches_no_more(whole in "/([ab*]/){0,2}[ab]?\\*?", part in "/([ab*]/){0,2}[ab]?\\*?", path in "/([ab]{1,2}/){0,2}[ab]?") {
            let pattern = |path: &str| format!("https://h.example{path}").parse::<UrlPattern>();
            if let (Ok(whole), Ok(part)) = (pattern(&whole), pattern(&part)) {
                let url = WebUrl::parse(&format!("https://h.example{path}")).unwrap();
                prop_assert!(!whole.covers(&part) || !part.matches(&url) || whole.matches(&url));
                prop_assert!(whole.may_overlap(&part) || !part.matches(&url) || !whole.matches(&url));
            }
        }
    }
}
