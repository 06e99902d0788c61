//! The values of secrets, and where the user lets each of them go.

use crate::web::is_private;
use http::header::RANGE;
use http::{HeaderMap, HeaderName, HeaderValue};
use skillhost_core::destination::WebUrl;
use skillhost_core::name::SecretName;
use skillhost_core::secret::{Forms, MIN_SECRET_BYTES, is_value, named_in, placeholder};
use skillhost_core::urls::Origin;
use skillhost_core::user::SecretSource;
use skillhost_engine::ports::HttpError;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What servers read before a credential; `Basic` is followed by an encoded one.
const SCHEMES: [&str; 4] = ["bearer", "token", "apikey", "bot"];
/// A field that carries a credential has one of these words in its name.
const CREDENTIALS: [&str; 8] = ["authorization", "auth", "token", "key", "apikey", "secret", "password", "credential"];
/// Fields of one request, names and values: more than the largest secret beside what a skill may send itself.
const MAX_FIELDS_BYTES: usize = 32 << 10;

/// Secrets that were granted, by name.
#[derive(Default)]
pub struct Secrets(BTreeMap<SecretName, Secret>);

#[derive(Clone)]
struct Secret {
    value: String,
    origins: Vec<Origin>,
}

/// Why a secret that was granted can't be used. No error holds its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The user doesn't say where it comes from.
    #[error("the secret {0} was granted, and config.toml doesn't name it")]
    Unknown(SecretName),
    /// It may be sent nowhere.
    #[error("the secret {0} may be sent to no host")]
    NoHost(SecretName),
    /// Its variable isn't set.
    #[error("the secret {name} was granted, and its variable {variable} is not set")]
    Missing {
        /// The secret.
        name: SecretName,
        /// Where it should be.
        variable: String,
    },
    /// It could not be sent, or not be told apart from other text.
    #[error("the secret {name} in {variable} is shorter than {MIN_SECRET_BYTES} bytes, too long, or holds blanks")]
    Invalid {
        /// The secret.
        name: SecretName,
        /// Where it is.
        variable: String,
    },
}

impl SecretError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown(name) => {
                format!("under [secrets.{name}]: env = \"VARIABLE\" and hosts = [\"https://…\"], or don't grant it")
            }
            Self::NoHost(name) => format!("name its origins under [secrets.{name}]: hosts = [\"https://…\"]"),
            Self::Missing { variable, .. } => format!("set {variable}, or don't grant the secret"),
            Self::Invalid { .. } => {
                "in replies it could not be told apart from other text, so it can't be kept from a skill".to_owned()
            }
        }
    }
}

impl Secrets {
    /// Reads those that were granted, from the user's variables.
    ///
    /// # Errors
    /// Names the first that can't be used.
    pub fn read<'a>(
        sources: &BTreeMap<SecretName, SecretSource>,
        granted: impl IntoIterator<Item = &'a SecretName>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SecretError> {
        let read = |name: &SecretName| {
            let source = sources.get(name).ok_or_else(|| SecretError::Unknown(name.clone()))?;
            if source.hosts.is_empty() {
                return Err(SecretError::NoHost(name.clone()));
            }
            let (name, variable_name) = (name.clone(), source.env.clone());
            let Some(value) = variable(&source.env) else {
                return Err(SecretError::Missing { name, variable: variable_name });
            };
            let value = value.trim().to_owned();
            if !is_value(&value) {
                return Err(SecretError::Invalid { name, variable: variable_name });
            }
            Ok((name, Secret { value, origins: source.hosts.clone() }))
        };
        granted.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Those of these names.
    pub(super) fn only(&self, names: &BTreeSet<SecretName>) -> Self {
        let named = self.0.iter().filter(|(name, _)| names.contains(*name));
        Self(named.map(|(name, secret)| (name.clone(), secret.clone())).collect())
    }

    /// How all of them show in texts.
    pub(super) fn forms(&self) -> Forms {
        Forms::of(self.0.values().map(|secret| secret.value.as_str()))
    }

    /// Whether a secret may go to this URL.
    pub fn carries(&self, name: &SecretName, url: &WebUrl) -> bool {
        let goes = |secret: &Secret| secret.origins.iter().any(|origin| origin.is_of(url));
        is_private(url) && self.0.get(name).is_some_and(goes)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields with the values of these secrets in place of their placeholders.
    ///
    /// # Errors
    /// Where one may not go there, not in this field or not in this form, or the fields are too large with them.
    pub fn put_into(&self, mut headers: HeaderMap, names: &[SecretName], url: &WebUrl) -> Result<HeaderMap, HttpError> {
        for (field, value) in &mut headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            if named_in(&text).next().is_none() {
                continue;
            }
            let (scheme, holder) = split_scheme(&text);
            let name = names.iter().find(|name| placeholder(name) == holder).filter(|_| is_credential(field));
            // Decided before, by the gate; once more where it matters.
            let name = name.filter(|name| self.carries(name, url)).ok_or(HttpError::Denied)?;
            let secret = self.0.get(name).ok_or(HttpError::Denied)?;
            let whole = format!("{scheme}{}", secret.value);
            *value = HeaderValue::from_str(&whole).map_err(|_| HttpError::Invalid("a field that can't be sent"))?;
            value.set_sensitive(true);
        }
        if !names.is_empty() && headers.contains_key(RANGE) {
            // Whoever is told of a secret in parts knows the whole.
            return Err(HttpError::Invalid("a request that carries a secret can't ask for a range"));
        }
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if bytes > MAX_FIELDS_BYTES {
            return Err(HttpError::Invalid("its fields are too large with the secrets in them"));
        }
        Ok(headers)
    }
}

/// A scheme with its blank, where there is one, and what follows. A value stands alone, or a skill could choose what it is
/// echoed or encoded together with.
fn split_scheme(text: &str) -> (&str, &str) {
    let at = text.find(' ').filter(|at| SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(&text[..*at])));
    text.split_at(at.map_or(0, |at| at + 1))
}

/// Whether a field is for credentials. Servers repeat others to anybody, log them or act on them: `Origin`, `Referer`,
/// `User-Agent`, `Cookie`, `Destination`, `X-Forwarded-For`.
fn is_credential(field: &HeaderName) -> bool {
    field.as_str().split('-').any(|word| CREDENTIALS.contains(&word))
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const VALUE: &str = "tk-0123456789abcdef";

    fn name(text: &str) -> SecretName {
        text.parse().unwrap()
    }

    fn sources() -> BTreeMap<SecretName, SecretSource> {
        let source =
            |host: &str| SecretSource { env: "V".to_owned(), hosts: vec![host.parse().unwrap()], skills: Vec::new() };
        BTreeMap::from([
            (name("A"), source("https://a.example")),
            (name("B"), source("http://127.0.0.1:80")),
            (name("NOWHERE"), SecretSource { env: "V".to_owned(), hosts: Vec::new(), skills: Vec::new() }),
        ])
    }

    fn secrets() -> Secrets {
        Secrets::read(&sources(), &[name("A"), name("B")], |_| Some(format!("{VALUE}\n"))).unwrap()
    }

    #[test]
    fn r_15_a_secret_goes_to_its_origin_alone() {
        let secrets = secrets();
        for (secret, url, expected) in [
            ("A", "https://a.example/x", true),
            ("A", "https://a.example:8443/x", false),
            ("A", "http://a.example/x", false),
            ("A", "https://b.example/x", false),
            ("A", "http://127.0.0.1/", false),
            ("B", "http://127.0.0.1/x", true),
            ("B", "https://127.0.0.1/x", false),
            ("C", "https://a.example/", false),
        ] {
            let url = WebUrl::parse(url).unwrap();
            assert_eq!(secrets.carries(&name(secret), &url), expected, "{secret} {url}");
            let mut headers = HeaderMap::new();
            headers.insert("authorization", format!("Bearer <secret:{secret}>").parse().unwrap());
            let put = secrets.put_into(headers, &[name(secret)], &url);
            assert_eq!(put.is_ok(), expected);
            if let Ok(headers) = put {
                assert_eq!(headers["authorization"].as_bytes(), format!("Bearer {VALUE}").as_bytes());
                assert!(!format!("{headers:?}").contains(VALUE));
            }
        }
        assert!(!format!("{secrets:?}").contains(VALUE));
    }

    #[test]
    fn r_15_what_a_skill_was_not_granted_is_neither_sent_for_it_nor_looked_for() {
        let (all, a, b) = (secrets(), name("A"), name("B"));
        let url = WebUrl::parse("https://a.example/").unwrap();
        let none = all.only(&BTreeSet::new());
        assert!(none.forms().is_empty() && !none.carries(&a, &url));
        let one = all.only(&BTreeSet::from([b.clone()]));
        assert!(!one.forms().is_empty() && !one.carries(&a, &url));
        assert!(one.carries(&b, &WebUrl::parse("http://127.0.0.1/").unwrap()));
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer <secret:A>".parse().unwrap());
        assert_eq!(one.put_into(headers, &[a], &url).unwrap_err(), HttpError::Denied);
    }

    #[test]
    fn a_placeholder_that_nobody_checked_is_not_sent() {
        let mut headers = HeaderMap::new();
        headers.insert("x-key", "<secret:A> <secret:B>".parse().unwrap());
        let url = WebUrl::parse("https://a.example/").unwrap();
        assert_eq!(secrets().put_into(headers, &[name("A")], &url).unwrap_err(), HttpError::Denied);
    }

    #[test]
    fn r_15_a_value_stands_alone_in_a_field_for_credentials() {
        let secrets = secrets();
        let url = WebUrl::parse("https://a.example/").unwrap();
        let put = |field: &'static str, value: &str| {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(field), value.parse().unwrap())]);
            secrets.put_into(headers, &[name("A")], &url).map(|headers| headers[field].to_str().unwrap().to_owned())
        };
        for (field, value) in [
            ("authorization", "Bearer <secret:A>"),
            ("authorization", "token <secret:A>"),
            ("authorization", "<secret:A>"),
            ("x-api-key", "<secret:A>"),
            ("private-token", "<secret:A>"),
        ] {
            assert_eq!(put(field, value).unwrap(), value.replace("<secret:A>", VALUE));
        }
        for (field, value) in [
            ("authorization", "Basic <secret:A>"),
            ("authorization", "Bearer x<secret:A>"),
            ("authorization", "Bearer  <secret:A>"),
            ("authorization", "Bearer <secret:A>x"),
            ("authorization", "<secret:A><secret:A>"),
            ("authorization", "<secret:A>, <secret:A>"),
            ("x-api-key", "padding <secret:A>"),
            ("cookie", "<secret:A>"),
            ("host", "<secret:A>"),
            ("referer", "<secret:A>"),
            ("user-agent", "<secret:A>"),
            ("x-forwarded-for", "<secret:A>"),
            ("destination", "<secret:A>"),
            ("origin", "<secret:A>"),
            ("x", "<secret:A>"),
        ] {
            assert_eq!(put(field, value).unwrap_err(), HttpError::Denied, "{field}: {value}");
        }
    }

    #[test]
    fn d_05_fields_are_bounded_with_the_secrets_in_them() {
        let value = "x".repeat(8 << 10);
        let secrets = Secrets::read(&sources(), &[name("A")], |_| Some(value.clone())).unwrap();
        let url = WebUrl::parse("https://a.example/").unwrap();
        let put = |count: usize| {
            let mut headers = HeaderMap::new();
            for _ in 0..count {
                headers.append("x-key", "<secret:A>".parse().unwrap());
            }
            secrets.put_into(headers, &[name("A")], &url)
        };
        assert!(put(3).is_ok() && matches!(put(4).unwrap_err(), HttpError::Invalid(_)));
    }

    #[test]
    fn what_is_missing_is_said_before_the_call() {
        let read = |secret: &str, value: Option<&str>| {
            Secrets::read(&sources(), &[name(secret)], |_| value.map(str::to_owned)).unwrap_err()
        };
        assert_eq!(read("OTHER", None), SecretError::Unknown(name("OTHER")));
        assert_eq!(read("NOWHERE", Some(VALUE)), SecretError::NoHost(name("NOWHERE")));
        assert!(matches!(read("A", None), SecretError::Missing { .. }));
        for bad in ["tiny-value", "with a blank in the middle", ""] {
            let error = read("A", Some(bad));
            assert!(
                matches!(&error, SecretError::Invalid { .. }) && (bad.is_empty() || !error.to_string().contains(bad))
            );
        }
    }
}
