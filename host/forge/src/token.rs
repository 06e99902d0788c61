//! Tokens: where they are found, and that they show nowhere.

use crate::site::{Site, shown};
use crate::yaml;
use reqwest::header::HeaderValue;
use serde_json::Value;
use skillhost_core::destination::{Scheme, WebUrl};
use skillhost_core::secret::{Forms, is_value};
use skillhost_core::user::ForgeKind;
use skillhost_worktree::remote::Credentials;
use std::fmt;

/// What stands in a token's place.
const SCRUBBED: &str = "[token]";

/// A forge's token. It has no way out but into the headers of requests to its forge.
#[derive(Clone)]
pub struct Token {
    text: String,
    forms: Forms,
}

impl Token {
    /// A token from its text; none where it could not be sent, or told apart from other texts.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        is_value(text).then(|| Self { text: text.to_owned(), forms: Forms::of([text]) })
    }

    /// What git sends instead of a password.
    pub fn credentials(&self, kind: ForgeKind) -> Credentials {
        let user = match kind {
            ForgeKind::Gitlab => "oauth2",
            ForgeKind::Github | ForgeKind::Forgejo => "x-access-token",
        };
        Credentials::new(user, self.text.as_str())
    }

    /// The value of an `Authorization` field, marked so that no log prints it.
    pub(crate) fn header(&self, kind: ForgeKind) -> Option<HeaderValue> {
        let scheme = match kind {
            ForgeKind::Forgejo => "token",
            ForgeKind::Github | ForgeKind::Gitlab => "Bearer",
        };
        let mut value = HeaderValue::from_str(&format!("{scheme} {}", self.text)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The text without the token, plain or encoded.
    pub fn scrub(&self, text: &str) -> String {
        self.forms.scrub(text, SCRUBBED)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// The variables that a forge's token is looked for in, first to last. The usual ones are for the forge that everybody knows
/// by that kind: a token of one is not sent to another, which may be anybody's.
pub fn usual_variables(site: &Site) -> Vec<&str> {
    match (&site.token_env, site.kind) {
        (Some(own), _) => vec![own],
        (None, ForgeKind::Github) if site.is_built_in => vec!["GH_TOKEN", "GITHUB_TOKEN"],
        (None, ForgeKind::Github) => vec!["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"],
        (None, ForgeKind::Gitlab) if site.is_built_in => vec!["GITLAB_TOKEN"],
        (None, ForgeKind::Forgejo) if site.is_built_in => vec!["FORGEJO_TOKEN", "GITEA_TOKEN"],
        (None, ForgeKind::Gitlab | ForgeKind::Forgejo) => Vec::new(),
    }
}

/// The file of a forge's own program, in the folder of users' configurations.
pub fn usual_file(kind: ForgeKind) -> &'static str {
    match kind {
        ForgeKind::Github => "gh/hosts.yml",
        ForgeKind::Gitlab => "glab-cli/config.yml",
        ForgeKind::Forgejo => "tea/config.yml",
    }
}

/// The token that such a file holds for a host.
pub fn token_in(kind: ForgeKind, text: &str, host: &str) -> Option<Token> {
    let file = yaml::read(text)?;
    let found = match kind {
        ForgeKind::Github => file.get(host)?.get("oauth_token"),
        ForgeKind::Gitlab => file.get("hosts")?.get(host)?.get("token"),
        ForgeKind::Forgejo => {
            let is_its = |login: &&Value| {
                let url = login.get("url").and_then(Value::as_str).and_then(|url| WebUrl::parse(url).ok());
                url.is_some_and(|url| keeps_secrets(&url) && shown(url.destination(), url.scheme()) == host)
            };
            file.get("logins")?.as_array()?.iter().find(is_its)?.get("token")
        }
    };
    found.and_then(Value::as_str).and_then(Token::new)
}

/// Whether nobody on the way reads what is sent there.
fn keeps_secrets(url: &WebUrl) -> bool {
    let address = url.destination().host().address();
    url.scheme() == Scheme::Https || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const TOKEN: &str = "tk-0123456789abcdef";

    #[test]
    fn tokens_are_found_where_the_forges_programs_keep_them() {
        let gh = format!(
            "github.com:\n    user: me\n    oauth_token: {TOKEN}\n    git_protocol: https\nother.example:\n    user: x\n"
        );
        let glab = format!(
            "check_update: true\nhosts:\n    gitlab.com:\n        token: {TOKEN}\n        api_protocol: https\n"
        );
        let tea = format!("logins:\n- name: a\n  url: https://codeberg.org\n  token: {TOKEN}\n  insecure: false\n");
        for (kind, text, host) in [
            (ForgeKind::Github, &gh, "github.com"),
            (ForgeKind::Gitlab, &glab, "gitlab.com"),
            (ForgeKind::Forgejo, &tea, "codeberg.org"),
        ] {
            let token = token_in(kind, text, host).unwrap();
            assert_eq!(token.scrub(&format!("no {TOKEN}!")), "no [token]!");
            assert!(token_in(kind, text, "evil.example").is_none() && token_in(kind, text, "other.example").is_none());
            assert!(token_in(kind, "a: [", host).is_none());
        }
    }

    #[test]
    fn a_forge_at_a_port_is_another_one() {
        let gh =
            format!("127.0.0.1:3000:\n    oauth_token: {TOKEN}\n\"git.example:8443\":\n    oauth_token: {TOKEN}\n");
        let glab = format!(
            "hosts:\n    127.0.0.1:3000:\n        token: {TOKEN}\n    \"git.example:8443\":\n        token: {TOKEN}\n"
        );
        let tea = |url: &str| format!("logins:\n- name: a\n  url: {url}\n  token: {TOKEN}\n");
        for host in ["127.0.0.1:3000", "git.example:8443"] {
            assert!(
                token_in(ForgeKind::Github, &gh, host).is_some() && token_in(ForgeKind::Gitlab, &glab, host).is_some()
            );
        }
        for host in ["127.0.0.1", "git.example", "127.0.0.1:3001"] {
            assert!(
                token_in(ForgeKind::Github, &gh, host).is_none() && token_in(ForgeKind::Gitlab, &glab, host).is_none()
            );
        }
        for (url, host) in [
            ("http://127.0.0.1:3000", "127.0.0.1:3000"),
            ("http://127.0.0.1:3000/", "127.0.0.1:3000"),
            ("http://127.0.0.1", "127.0.0.1"),
            ("https://git.example:8443", "git.example:8443"),
            ("https://git.example:443/a", "git.example"),
        ] {
            assert!(token_in(ForgeKind::Forgejo, &tea(url), host).is_some(), "{url}");
        }
        for (url, host) in [
            ("http://127.0.0.1:3000", "127.0.0.1"),
            ("http://127.0.0.1:3000", "127.0.0.1:30001"),
            ("https://git.example:8443", "git.example"),
            ("https://git.example", "git.example:8443"),
            // Without TLS, for anybody on the way.
            ("http://git.example", "git.example"),
            ("http://127.0.0.1.git.example", ".git.example"),
            ("http://127.0.0.1:3000@git.example", "git.example"),
        ] {
            assert!(token_in(ForgeKind::Forgejo, &tea(url), host).is_none(), "{url} {host}");
        }
    }

    #[test]
    fn o_09_a_token_shows_nowhere() {
        let token = Token::new(TOKEN).unwrap();
        let shown =
            format!("{token:?} {:?} {:?}", token.header(ForgeKind::Github), token.credentials(ForgeKind::Gitlab));
        assert!(!shown.contains("0123456789"), "{shown}");
        for bad in ["", "short", "with a blank 0123456789", "line\nline-0123456789"] {
            assert!(Token::new(bad).is_none(), "{bad}");
        }
    }
}
