//! Whom a policy lets sign: a signer, or all whose identity begins like one.

use super::{IDENTITY, ISSUER, Signer};
use crate::text::escape_terminal;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// A signer as a policy names one. An identity that is a URL may end with `*`, behind at least a host and one step of its
/// path; an issuer is always named whole, since it is who vouches for the identity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SignerPattern(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    One(Signer),
    Beginning { identity: String, issuer: String },
}

/// Why a text is no pattern of signers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no signer: {reason}")]
pub struct SignerPatternError {
    /// Escaped.
    text: String,
    reason: &'static str,
}

impl SignerPattern {
    /// Whether `signer` is meant.
    pub fn matches(&self, signer: &Signer) -> bool {
        match (&self.0, signer) {
            (Kind::One(one), signer) => one == signer,
            (Kind::Beginning { identity, issuer }, Signer::Identity { identity: whose, issuer: by }) => {
                by == issuer && whose.starts_with(identity)
            }
            (Kind::Beginning { .. }, Signer::Key(_)) => false,
        }
    }
}

fn read(text: &str) -> Result<Kind, &'static str> {
    let stars = text.matches('*').count();
    if stars == 0 {
        return text.parse().map(Kind::One).map_err(
            |_| "write ed25519: and 64 hexadecimal digits in lower case, or sigstore:IDENTITY issuer:https://…",
        );
    }
    let one_star = "`*` stands once, at the end of an identity that is a URL: sigstore:https://HOST/OWNER/* issuer:URL";
    let (identity, issuer) = text.strip_prefix(IDENTITY).and_then(|rest| rest.split_once(ISSUER)).ok_or(one_star)?;
    let beginning = identity.strip_suffix('*').filter(|_| stars == 1).ok_or(one_star)?;
    // A host alone would let everybody sign who has an account there.
    let path = beginning.strip_prefix("https://").and_then(|rest| rest.split_once('/')).map(|(_, path)| path);
    let has_a_step = path.is_some_and(|path| path.contains('/') && !path.starts_with('/'));
    if !has_a_step || !beginning.ends_with(['/', '@']) {
        return Err("before `*` there are a host and a whole step of its path: https://HOST/OWNER/*");
    }
    Signer::identity(beginning, issuer).ok_or("its identity or its issuer holds blanks or what doesn't show")?;
    Ok(Kind::Beginning { identity: beginning.to_owned(), issuer: issuer.to_owned() })
}

impl FromStr for SignerPattern {
    type Err = SignerPatternError;

    fn from_str(text: &str) -> Result<Self, SignerPatternError> {
        read(text)
            .map(Self)
            .map_err(|reason| SignerPatternError { text: escape_terminal(text, 120).as_str().to_owned(), reason })
    }
}

impl TryFrom<String> for SignerPattern {
    type Error = SignerPatternError;

    fn try_from(text: String) -> Result<Self, SignerPatternError> {
        text.parse()
    }
}

impl fmt::Display for SignerPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::One(signer) => signer.fmt(f),
            Kind::Beginning { identity, issuer } => write!(f, "{IDENTITY}{identity}*{ISSUER}{issuer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const GITHUB: &str = "https://token.actions.githubusercontent.com";

    fn matches(pattern: &str, signer: &str) -> bool {
        let pattern: SignerPattern = pattern.parse().unwrap();
        assert_eq!(pattern.to_string().parse::<SignerPattern>().unwrap(), pattern);
        pattern.matches(&signer.parse().unwrap())
    }

    #[test]
    fn an_identity_counts_with_its_issuer() {
        let key = format!("ed25519:{}", "0a".repeat(32));
        assert!(matches(&key, &key));
        assert!(!matches(&key, &format!("ed25519:{}", "0b".repeat(32))));
        let release =
            format!("sigstore:https://github.com/acme/x/.github/workflows/r.yml@refs/tags/v1 issuer:{GITHUB}");
        assert!(matches(&release, &release));
        for pattern in
            ["acme/*", "acme/x/*", "acme/x/.github/workflows/r.yml@*", "acme/x/.github/workflows/r.yml@refs/tags/*"]
        {
            assert!(matches(&format!("sigstore:https://github.com/{pattern} issuer:{GITHUB}"), &release), "{pattern}");
        }
        assert!(!matches(&format!("sigstore:https://github.com/acme/y/* issuer:{GITHUB}"), &release));
        assert!(!matches("sigstore:https://github.com/acme/* issuer:https://accounts.example.com", &release));
        assert!(!matches(&format!("sigstore:https://github.com/acme/* issuer:{GITHUB}"), &key));
        let evil = format!("sigstore:https://github.com/acme-evil/x issuer:{GITHUB}");
        assert!(!matches(&format!("sigstore:https://github.com/acme/* issuer:{GITHUB}"), &evil));
    }

    #[test]
    fn r_11_a_pattern_that_everybody_could_meet_is_refused() {
        for bad in [
            "*",
            "ed25519:*",
            "sigstore:* issuer:https://i.example",
            "sigstore:*@acme.example issuer:https://i.example",
            "sigstore:release@* issuer:https://i.example",
            "sigstore:https://* issuer:https://i.example",
            "sigstore:https://github.com/* issuer:https://i.example",
            "sigstore:https://github.com//* issuer:https://i.example",
            "sigstore:https://github.com/acme* issuer:https://i.example",
            "sigstore:https://github.com/acme/*/x issuer:https://i.example",
            "sigstore:https://github.com/acme/* issuer:https://*",
            "sigstore:https://github.com/acme/*",
            "sigstore:a@acme.example",
        ] {
            assert!(bad.parse::<SignerPattern>().is_err(), "{bad}");
        }
    }
}
