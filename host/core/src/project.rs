//! `skillhost.toml`: what a project declares. It is as untrusted as the repository: it can ask and narrow, and has no
//! way to name a URL that a key is sent to, a file outside the repository, or a variable of the user's environment.

mod defaults;

use crate::branch::check_template;
use crate::capability::Capabilities;
use crate::document::{self, DocumentError};
use crate::duration::Span;
use crate::glob::Globs;
use crate::kind::Kind;
use crate::name::{CommandName, is_branch_name};
use crate::path::SkillPath;
use crate::reach::HostPattern;
use crate::tier::Tier;
use crate::urls::Urls;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The file's name.
pub const FILE: &str = "skillhost.toml";
/// The command that runs in every fresh worktree and every gate's checkout before anything else.
pub const SETUP: &str = "setup";

/// A project's configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// The branch that pull requests go to; absent means the repository's current branch.
    pub base: Option<String>,
    /// Template of the run's branch: `{slug}` and `{run}` are replaced.
    pub branch: String,
    /// How often findings go back to their author.
    pub rounds: u32,
    /// Kind to reference of the skill.
    pub skills: BTreeMap<Kind, String>,
    /// Grants of the built-in skills, by kind.
    pub grants: BTreeMap<Kind, PartialGrant>,
    /// Role, or `role.tier`, to `provider:model`.
    pub models: BTreeMap<String, String>,
    /// What a run may spend.
    pub budget: Budget,
    /// Commands, by name.
    pub commands: BTreeMap<CommandName, Command>,
    /// The gates.
    pub verify: Verify,
    /// The spec's place and shape.
    pub spec: Spec,
    /// Paths whose change needs a grant of its own.
    pub protect: Protect,
}

/// What a run may spend; absent means the default.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Tokens, input and output together.
    pub tokens: u64,
    /// US dollars.
    pub cost_usd: f64,
    /// Wall clock of the whole run.
    pub time: Span,
}

/// A command that the project declares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The argument vector; no shell is involved.
    pub run: Vec<String>,
    /// What it is for, for skills and people.
    #[serde(default)]
    pub description: String,
    /// Wall clock of one execution.
    #[serde(default = "defaults::timeout")]
    pub timeout: Span,
    /// What it can reach.
    #[serde(default)]
    pub network: Network,
}

/// What a command can reach.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Network {
    /// An empty network with loopback.
    #[default]
    None,
    /// These hosts, through the host's proxy.
    Hosts(Vec<HostPattern>),
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelled {
            Word(String),
            Hosts(Vec<String>),
        }
        match Spelled::deserialize(deserializer)? {
            Spelled::Word(word) if word == "none" => Ok(Self::None),
            Spelled::Hosts(hosts) if hosts.is_empty() => Ok(Self::None),
            Spelled::Hosts(hosts) => {
                let hosts = hosts.into_iter().map(HostPattern::try_from).collect::<Result<_, _>>();
                hosts.map(Self::Hosts).map_err(|reason| serde::de::Error::custom(format!("network: {reason}")))
            }
            Spelled::Word(_) => Err(serde::de::Error::custom("network is \"none\" or a list of hosts")),
        }
    }
}

/// The gates, in this order, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Verify {
    /// Names of declared commands.
    pub commands: Vec<CommandName>,
    /// Whether a gate that counts its tests is run at the base commit, too, once in a run.
    pub baseline: bool,
}

/// The spec's place and shape.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spec {
    /// Where it is committed; `{slug}` is replaced.
    pub path: String,
    /// Headings that it must have.
    pub sections: Vec<String>,
}

/// Paths whose change needs the `protected` grant and is shown first in the pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Protect {
    /// Globs.
    pub paths: Globs,
}

/// A grant of a built-in skill: what is absent is the kind's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartialGrant {
    read: Option<Globs>,
    write: Option<Globs>,
    exec: Option<BTreeSet<CommandName>>,
    model: Option<BTreeSet<Tier>>,
    exec_arguments: Option<bool>,
    protected: Option<bool>,
    ask: Option<bool>,
}

impl Project {
    /// Reads a project's configuration; `file` names it in errors.
    ///
    /// # Errors
    /// Where a key is unknown, a value is not what it should be, or names don't fit together.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        let project: Self = document::parse(file, text)?;
        project.check().map_err(|(key, reason)| {
            let line = text.lines().position(|line| is_about(line, &key)).map_or(1, |at| at + 1);
            DocumentError { file: file.to_owned(), line, reason }
        })?;
        Ok(project)
    }

    /// What the shape alone doesn't hold: each complaint with the key or the table that it is about.
    fn check(&self) -> Result<(), (String, String)> {
        for (name, command) in &self.commands {
            if command.run.is_empty() || command.run[0].is_empty() || command.run.iter().any(|arg| arg.contains('\0')) {
                return Err((format!("commands.{name}"), format!("commands.{name}: run is empty or holds a NUL")));
            }
        }
        for (at, name) in self.verify.commands.iter().enumerate() {
            let gate = |reason: &str| ("commands".to_owned(), format!("verify.commands: `{name}` {reason}"));
            if name.as_str() == SETUP {
                return Err(gate("runs before every gate, and can't be one itself"));
            }
            if self.verify.commands[..at].contains(name) {
                return Err(gate("is named twice"));
            }
            if !self.commands.contains_key(name) {
                return Err(gate(&format!(
                    "is not declared; add [commands.{name}] with run = [\"PROGRAM\", \"ARGUMENT\"]"
                )));
            }
        }
        if SkillPath::parse(&self.spec.path.replace("{slug}", "x")).is_err() {
            return Err(("path".to_owned(), "spec.path is not a path inside the repository".to_owned()));
        }
        if self.base.as_deref().is_some_and(|base| !is_branch_name(base)) {
            return Err(("base".to_owned(), "base is not the name of a branch".to_owned()));
        }
        if let Err(error) = check_template(&self.branch) {
            return Err(("branch".to_owned(), error.to_string()));
        }
        if self.rounds == 0 || self.rounds > 10 {
            return Err(("rounds".to_owned(), "rounds is from 1 to 10".to_owned()));
        }
        if !(self.budget.cost_usd.is_finite() && self.budget.cost_usd >= 0.0) {
            return Err(("cost_usd".to_owned(), "budget.cost_usd is a number of dollars, 0 or more".to_owned()));
        }
        Ok(())
    }

    /// The grant of the built-in skill of `kind`: the safe default, narrowed or widened by `[grants.KIND]`.
    pub fn grant(&self, kind: Kind) -> Capabilities {
        let given = self.grants.get(&kind).cloned().unwrap_or_default();
        let writes = kind == Kind::Implement;
        let uses_models = matches!(kind, Kind::Spec | Kind::Review | Kind::Implement);
        Capabilities {
            read: given.read.unwrap_or_else(Globs::all),
            write: given.write.unwrap_or_else(|| if writes { Globs::all() } else { Globs::none() }),
            exec: given.exec.unwrap_or_else(|| {
                if writes { self.verify.commands.iter().cloned().collect() } else { BTreeSet::new() }
            }),
            model: given
                .model
                .unwrap_or_else(|| if uses_models { Tier::ALL.iter().copied().collect() } else { BTreeSet::new() }),
            http: Urls::default(),
            secrets: BTreeSet::new(),
            exec_arguments: given.exec_arguments.unwrap_or(false),
            protected: given.protected.unwrap_or(false),
            ask: given.ask.unwrap_or(kind == Kind::Spec),
        }
    }

    /// The reference of the skill that does the work of `kind`.
    pub fn skill(&self, kind: Kind) -> String {
        self.skills.get(&kind).cloned().unwrap_or_else(|| format!("builtin:{kind}"))
    }

    /// The command that runs before anything else, where one is declared.
    pub fn setup(&self) -> Option<&Command> {
        self.commands.iter().find(|(name, _)| name.as_str() == SETUP).map(|(_, command)| command)
    }
}

/// Whether a line of TOML sets `key`, or begins the table of that name.
fn is_about(line: &str, key: &str) -> bool {
    let line = line.trim_start();
    let named = match line.strip_prefix('[') {
        Some(table) => table.split(']').next(),
        None => line.split('=').next(),
    };
    named.is_some_and(|named| named.trim().replace('"', "") == key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const GOOD: &str = r#"
base = "main"
rounds = 2
[grants.implement]
write = ["src/**"]
exec = ["test"]
[models]
spec = "anthropic:m"
"implement.cheap" = "local:m"
[budget]
tokens = 2_000_000
cost_usd = 5.00
time = "2h"
[commands.test]
run = ["npm", "test"]
timeout = "10m"
network = "none"
[commands.setup]
run = ["npm", "ci"]
network = ["packages.example.com"]
[verify]
commands = ["test"]
[protect]
paths = [".github/**", "AGENTS.md"]
"#;

    #[test]
    fn reads_what_the_contract_shows() {
        let project = Project::parse(FILE, GOOD).unwrap();
        assert_eq!(project.setup().unwrap().network, Network::Hosts(vec!["packages.example.com".parse().unwrap()]));
        assert_eq!(project.grant(Kind::Implement).write.patterns(), ["src/**"]);
        assert!(project.grant(Kind::Review).write.is_empty());
        assert!(project.grant(Kind::Verify).model.is_empty());
        assert_eq!(project.skill(Kind::Spec), "builtin:spec");
        assert_eq!(Project::parse(FILE, "").unwrap(), Project::default());
    }

    #[test]
    fn an_error_names_file_line_and_key() {
        for (from, to, line, word) in [
            ("rounds", "ruonds", 3, "ruonds"),
            ("commands = [\"test\"]", "commands = [\"lint\"]", 22, "lint"),
            ("\"10m\"", "\"10 m\"", 16, "duration"),
            ("network = \"none\"", "network = \"all\"", 17, "network"),
            ("network = \"none\"", "network = [\"example.com\", \"http://a.example/\"]", 17, "`http://a.example/`"),
            ("network = \"none\"", "network = [\"a@b.example\"]", 17, "behind the `@`"),
            ("network = \"none\"", "network = [\"0x7f.1\"]", 17, "127.0.0.1: write that"),
            ("network = \"none\"", "network = [\"*\"]", 17, "network: `*`"),
            ("network = \"none\"", "network = [\"example.com:0\"]", 17, "a port is"),
            ("rounds = 2", "rounds = 0", 3, "rounds"),
            ("rounds = 2", "# branch\nbranch = \"feature {run}\"", 4, "the branch template gives a name"),
            ("rounds = 2", "branch = \"x/{run}-{user}\"", 3, "placeholder"),
            ("rounds = 2", "branch = \"x/{slug}\"", 3, "no `{run}`"),
            ("commands = [\"test\"]", "commands = [\"setup\"]", 22, "`setup` runs before every gate"),
            ("commands = [\"test\"]", "commands = [\"test\", \"test\"]", 22, "`test` is named twice"),
            ("\"src/**\"", "\"/etc/**\"", 5, "absolute"),
        ] {
            let error = Project::parse(FILE, &GOOD.replace(from, to)).unwrap_err();
            assert!(error.to_string().contains(word) && error.file == FILE, "{error}");
            assert!(error.line == line || error.line == line - 1, "{error}: expected line {line}");
        }
    }

    #[test]
    fn o_01_the_base_is_the_name_of_a_branch() {
        for good in ["main", "release/1.2", "größe", "a@b", "feature-x_y"] {
            assert!(Project::parse(FILE, &format!("base = \"{good}\"")).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@",
            "HEAD",
            "HEAD^{/(\\u001b]52;…)?}",
            "main@{yesterday}",
            "main:file",
            "-x",
            "a b",
            "a..b",
            "x~1",
            "refs/heads/x",
            "a\\u009b2J",
            "a\\u202eb",
            "a/.b",
            "a.lock",
            "/a",
            "a/",
            "a.",
            "a\\\\b",
            "*",
        ] {
            let error = Project::parse(FILE, &format!("base = \"{bad}\"")).unwrap_err();
            assert!(error.reason.contains("not the name of a branch") && error.line == 1, "{bad}: {error}");
        }
    }

    #[test]
    fn m_10_cannot_name_a_url_a_key_or_a_provider() {
        for text in
            ["[providers.x]\nurl = \"http://a\"", "[models]\nspec = { url = \"http://a\" }", "key_env = \"HOME\""]
        {
            assert!(Project::parse(FILE, text).is_err(), "{text}");
        }
    }
}
