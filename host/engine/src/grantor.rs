//! The line that would grant what was denied. People copy it, and what it grants is chosen by the guest: so it is quoted
//! for where it goes, names exactly one file or command, and is left out where nothing of that name can be granted.

use skillhost_core::destination::WebUrl;
use skillhost_core::glob::Globs;
use skillhost_core::kind::Kind;
use skillhost_core::name::{CommandName, SecretName, SkillName};
use skillhost_core::path::SkillPath;
use skillhost_core::text::is_deceptive;
use skillhost_core::tier::Tier;
use skillhost_core::urls::UrlPattern;

/// Where no line grants it.
const NOTHING: &str = "nothing can, by that name";

/// Who grants capabilities to a skill: decides what a denial tells people to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantor {
    /// The flags of `skillhost call`.
    Flags,
    /// The project's `[grants.KIND]`.
    Project(Kind),
    /// The lock's entry of this name.
    Lock(SkillName),
}

/// Whether a capability is granted as a whole.
pub(crate) fn is_flag(capability: &str) -> bool {
    matches!(capability, "exec_arguments" | "protected" | "ask")
}

impl Grantor {
    /// The line that would grant `capability` of `what`: a path, a command, a tier. For a flag, `what` doesn't matter.
    pub fn remedy(&self, capability: &str, what: &str) -> String {
        if is_flag(capability) {
            return self.line(capability, None);
        }
        let value = match capability {
            "read" | "write" => SkillPath::parse(what).ok().and_then(|path| literal(&path)),
            "exec" => what.parse::<CommandName>().ok().map(|name| name.to_string()),
            "model" => Tier::from_word(what).map(|tier| tier.to_string()),
            "http" => url(what),
            "secrets" => what.parse::<SecretName>().ok().map(|name| name.to_string()),
            _ => None,
        };
        value.map_or_else(|| NOTHING.to_owned(), |value| self.line(capability, Some(&value)))
    }

    /// The line that would grant `capability` of every file.
    pub(crate) fn remedy_for_all(&self, capability: &str) -> String {
        self.line(capability, Some("**"))
    }

    fn line(&self, capability: &str, value: Option<&str>) -> String {
        match (self, value) {
            (Self::Flags, None) => format!("--grant {capability}"),
            (Self::Flags, Some(value)) => format!("--grant {}", shell(&format!("{capability}={value}"))),
            (Self::Project(kind), None) => format!("{capability} = true under [grants.{kind}] in skillhost.toml"),
            (Self::Project(kind), Some(value)) => {
                format!("{capability} = [{}] under [grants.{kind}] in skillhost.toml", toml(value))
            }
            (Self::Lock(name), None) => {
                format!("{capability} = true under [skill.grant] of {name} in skillhost.lock")
            }
            (Self::Lock(name), Some(value)) => {
                format!("{capability} = [{}] under [skill.grant] of {name} in skillhost.lock", toml(value))
            }
        }
    }
}

/// A glob that matches this path alone; none for what is no path, or what can't be shown as it is.
pub(crate) fn literal(path: &SkillPath) -> Option<String> {
    if path.is_root() || path.as_str().chars().any(is_deceptive) {
        return None;
    }
    let mut glob = String::with_capacity(path.as_str().len());
    for c in path.as_str().chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '!') {
            glob.push('\\');
        }
        glob.push(c);
    }
    Globs::parse([&glob]).is_ok().then_some(glob)
}

/// A pattern that matches this URL, with any query, and no other; none for what is no URL.
fn url(text: &str) -> Option<String> {
    WebUrl::parse(text).ok().and_then(|url| url_pattern(text, &url))
}

/// The same for a URL, and its text without a query.
pub(crate) fn url_pattern(text: &str, url: &WebUrl) -> Option<String> {
    if url.path().contains('*') {
        return None;
    }
    text.parse::<UrlPattern>().ok().filter(|pattern| pattern.matches(url)).map(|pattern| pattern.to_string())
}

/// One word of a shell, whatever is in it.
fn shell(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A basic string of TOML, which takes what JSON takes, once no control characters are left.
fn toml(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_name_is_granted_as_it_is() {
        assert_eq!(Grantor::Flags.remedy("read", "src/a b.rs"), "--grant 'read=src/a b.rs'");
        assert_eq!(Grantor::Flags.remedy("exec", "test:unit"), "--grant 'exec=test:unit'");
        assert_eq!(Grantor::Flags.remedy("ask", "true"), "--grant ask");
        assert_eq!(Grantor::Flags.remedy("http", "https://h.example/v1/a"), "--grant 'http=https://h.example/v1/a'");
        assert_eq!(Grantor::Flags.remedy("secrets", "TOKEN"), "--grant 'secrets=TOKEN'");
        assert_eq!(Grantor::Flags.remedy("read", "true"), "--grant 'read=true'");
        let project = Grantor::Project(Kind::Spec);
        assert_eq!(project.remedy("model", "cheap"), "model = [\"cheap\"] under [grants.spec] in skillhost.toml");
    }

    #[test]
    fn a_line_grants_one_file_and_runs_nothing() {
        assert_eq!(Grantor::Flags.remedy("read", "**"), r"--grant 'read=\*\*'");
        assert_eq!(Grantor::Flags.remedy("write", "it's; rm -rf x"), r"--grant 'write=it'\''s; rm -rf x'");
        let project = Grantor::Project(Kind::Spec);
        assert_eq!(project.remedy("read", "a\"]\u{0}").as_str(), NOTHING, "a NUL is in no path");
        assert_eq!(project.remedy("read", "a\"b"), r#"read = ["a\"b"] under [grants.spec] in skillhost.toml"#);
    }

    #[test]
    fn what_no_grant_can_name_has_no_remedy() {
        for (capability, what) in [
            ("exec", "test; rm"),
            ("exec", "--help"),
            ("model", "best"),
            ("read", "../x"),
            ("read", "/etc/passwd"),
            ("read", ".git/config"),
            ("read", "."),
            ("write", "a\u{202e}b"),
            ("write", r"a\nb"),
            ("http", "x"),
            ("http", "https://user@h.example/"),
            ("http", "https://h.example/a*"),
            ("http", "https://h.example/a%2f..%2fb"),
            ("secrets", "A to https://h.example"),
        ] {
            assert_eq!(Grantor::Flags.remedy(capability, what), NOTHING, "{capability} {what}");
        }
    }

    proptest! {
        #[test]
        fn a_remedy_matches_its_path_and_no_other(path in "[a-c*?!{}\\[\\],'\" -]{1,12}", other in "[a-c]{1,6}") {
            if let Ok(path) = SkillPath::parse(&path)
                && let Some(glob) = literal(&path)
            {
                let globs = Globs::parse([&glob]).unwrap();
                prop_assert!(globs.matches(&path), "{glob} {path}");
                let other = SkillPath::parse(&other).unwrap();
                prop_assert_eq!(globs.matches(&other), other == path);
            }
        }
    }
}
