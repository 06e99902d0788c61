//! Capabilities: what a skill can do beyond computing, and how a request, a grant and a policy narrow each other.
//!
//! Effective = request ∩ grant ∩ policy. Globs and URL patterns aren't intersected as texts, which would be wrong in
//! corner cases: [`Effective`] keeps every layer, and a path is allowed where each layer allows it.

use crate::glob::{Globs, Layers};
use crate::name::{CommandName, SecretName};
pub use crate::tier::Tier;
use crate::urls::{UrlLayers, Urls};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One layer: what a manifest requests, or a grant gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Globs of files under `/repo` that may be read.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub read: Globs,
    /// Globs of files under `/repo` that may be created, changed and removed.
    #[serde(skip_serializing_if = "Globs::is_empty")]
    pub write: Globs,
    /// Commands of the project, by name.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub exec: BTreeSet<CommandName>,
    /// Tiers of model.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub model: BTreeSet<Tier>,
    /// URL patterns.
    #[serde(skip_serializing_if = "Urls::is_empty")]
    pub http: Urls,
    /// Names of secrets that the host puts into requests.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<SecretName>,
    /// May add arguments to declared commands.
    #[serde(skip_serializing_if = "is_false")]
    pub exec_arguments: bool,
    /// May change paths under `[protect]`.
    #[serde(skip_serializing_if = "is_false")]
    pub protected: bool,
    /// May ask a person.
    #[serde(skip_serializing_if = "is_false")]
    pub ask: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// A layer that caps only what it names: a policy. What is absent is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ceiling {
    /// See [`Capabilities::read`].
    pub read: Option<Globs>,
    /// See [`Capabilities::write`].
    pub write: Option<Globs>,
    /// See [`Capabilities::exec`].
    pub exec: Option<BTreeSet<CommandName>>,
    /// See [`Capabilities::model`].
    pub model: Option<BTreeSet<Tier>>,
    /// See [`Capabilities::http`].
    pub http: Option<Urls>,
    /// See [`Capabilities::secrets`].
    pub secrets: Option<BTreeSet<SecretName>>,
    /// See [`Capabilities::exec_arguments`].
    pub exec_arguments: Option<bool>,
    /// See [`Capabilities::protected`].
    pub protected: Option<bool>,
    /// See [`Capabilities::ask`].
    pub ask: Option<bool>,
}

/// What a skill can do in this project on this machine: every layer, each of which only narrows.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// What it may read.
    pub read: Layers,
    /// What it may write, protected paths aside.
    pub write: Layers,
    /// Commands that it may run.
    pub exec: BTreeSet<CommandName>,
    /// Tiers that it may call.
    pub model: BTreeSet<Tier>,
    /// URLs that it may send requests to.
    pub http: UrlLayers,
    /// Secrets that the host may put into them.
    pub secrets: BTreeSet<SecretName>,
    /// May add arguments to declared commands.
    pub exec_arguments: bool,
    /// May change paths under `[protect]`.
    pub protected: bool,
    /// May ask a person.
    pub ask: bool,
}

impl Effective {
    /// request ∩ grant ∩ every policy.
    pub fn new(request: &Capabilities, grant: &Capabilities, policies: &[Ceiling]) -> Self {
        let mut effective = Self {
            read: Layers::from([request.read.clone(), grant.read.clone()]),
            write: Layers::from([request.write.clone(), grant.write.clone()]),
            exec: request.exec.intersection(&grant.exec).cloned().collect(),
            model: request.model.intersection(&grant.model).copied().collect(),
            http: UrlLayers::from([request.http.clone(), grant.http.clone()]),
            secrets: request.secrets.intersection(&grant.secrets).cloned().collect(),
            exec_arguments: request.exec_arguments && grant.exec_arguments,
            protected: request.protected && grant.protected,
            ask: request.ask && grant.ask,
        };
        for policy in policies {
            effective.narrow(policy);
        }
        effective
    }

    fn narrow(&mut self, policy: &Ceiling) {
        if let Some(read) = &policy.read {
            self.read.narrow(read.clone());
        }
        if let Some(write) = &policy.write {
            self.write.narrow(write.clone());
        }
        if let Some(exec) = &policy.exec {
            self.exec.retain(|name| exec.contains(name));
        }
        if let Some(model) = &policy.model {
            self.model.retain(|tier| model.contains(tier));
        }
        if let Some(http) = &policy.http {
            self.http.narrow(http.clone());
        }
        if let Some(secrets) = &policy.secrets {
            self.secrets.retain(|name| secrets.contains(name));
        }
        self.exec_arguments &= policy.exec_arguments.unwrap_or(true);
        self.protected &= policy.protected.unwrap_or(true);
        self.ask &= policy.ask.unwrap_or(true);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::destination::WebUrl;
    use crate::path::SkillPath;
    use proptest::prelude::*;

    fn layer(read: &[&str], exec: &[&str], protected: bool) -> Capabilities {
        Capabilities {
            read: Globs::parse(read).unwrap(),
            exec: exec.iter().map(|name| name.parse().unwrap()).collect(),
            protected,
            ..Capabilities::default()
        }
    }

    #[test]
    fn nothing_is_granted_by_default() {
        let request = layer(&["**"], &["test"], true);
        let effective = Effective::new(&request, &Capabilities::default(), &[]);
        assert!(!effective.read.matches(&SkillPath::parse("a").unwrap()));
        assert!(effective.exec.is_empty() && !effective.protected);
        assert!(!Effective::default().read.matches(&SkillPath::root()));
    }

    #[test]
    fn a_grant_gives_no_more_than_the_manifest_requests() {
        let effective =
            Effective::new(&layer(&["src/**"], &["test"], false), &layer(&["**"], &["test", "lint"], true), &[]);
        assert!(effective.read.matches(&SkillPath::parse("src/a").unwrap()));
        assert!(!effective.read.matches(&SkillPath::parse("docs/a").unwrap()));
        assert_eq!(effective.exec.len(), 1);
        assert!(!effective.protected);
    }

    #[test]
    fn r_15_a_url_and_a_secret_are_allowed_where_each_layer_allows_them() {
        let layer = |urls: &[&str], secrets: &[&str]| Capabilities {
            http: Urls::parse(urls).unwrap(),
            secrets: secrets.iter().map(|name| name.parse().unwrap()).collect(),
            ..Capabilities::default()
        };
        let url = WebUrl::parse("https://a.example/v1/x").unwrap();
        let request = layer(&["https://a.example/*"], &["A", "B"]);
        let policy = |text: &str| toml::from_str::<Ceiling>(text).unwrap();
        for (grant, policies, urls, secrets) in [
            (Capabilities::default(), vec![], false, 0),
            (layer(&["https://a.example/v1/*"], &["A", "C"]), vec![], true, 1),
            (layer(&["https://b.example/*"], &["C"]), vec![], false, 0),
            (request.clone(), vec![policy("http = ['https://a.example/v1/*']\nsecrets = ['B']")], true, 1),
            (request.clone(), vec![policy("http = []"), policy("secrets = []")], false, 0),
            (request.clone(), vec![policy("ask = false")], true, 2),
        ] {
            let effective = Effective::new(&request, &grant, &policies);
            assert_eq!((effective.http.matches(&url), effective.secrets.len()), (urls, secrets), "{grant:?}");
        }
        assert!(toml::from_str::<Capabilities>("http = ['api.example.com']").is_err());
        assert!(toml::from_str::<Capabilities>("secrets = ['a b']").is_err());
    }

    fn patterns() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("(\\*\\*|[ab]/\\*\\*|[ab]|\\*)", 0..3)
    }

    proptest! {
        #[test]
        fn each_layer_only_narrows(request in patterns(), grant in patterns(), cap in prop::option::of(patterns()), file in "[ab](/[ab]){0,2}") {
            let to_layer = |p: &Vec<String>| Capabilities { read: Globs::parse(p).unwrap(), write: Globs::parse(p).unwrap(), ..Capabilities::default() };
            let policy = Ceiling { read: cap.as_ref().map(|p| Globs::parse(p).unwrap()), ..Ceiling::default() };
            let file = SkillPath::parse(&file).unwrap();
            let with = Effective::new(&to_layer(&request), &to_layer(&grant), std::slice::from_ref(&policy));
            let without = Effective::new(&to_layer(&request), &to_layer(&grant), &[]);
            prop_assert!(!with.read.matches(&file) || without.read.matches(&file));
            let expected = to_layer(&request).read.matches(&file) && to_layer(&grant).read.matches(&file)
                && policy.read.is_none_or(|globs| globs.matches(&file));
            prop_assert_eq!(with.read.matches(&file), expected);
        }
    }
}
