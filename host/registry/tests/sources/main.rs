//! Sources of the network: honest ones, and those that lie in one place.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

mod credentials;
mod documents;
mod push;
mod real;
mod redirects;
mod referrers;
mod web;

use skillhost_core::manifest;
use skillhost_core::reference::{OciReference, Reference};
use skillhost_registry::Fetched;
use skillhost_registry::source::{Class, FetchError, NamedBy, Rules, Sources, Waits, fetch};
use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::time::Duration;

/// Nobody waits for a minute here.
const WAITS: Waits =
    Waits { connect: Duration::from_secs(20), silence: Duration::from_secs(20), total: Duration::from_secs(60) };

/// With an environment that has these variables and no others.
fn sources(variables: &[(&str, &str)]) -> Sources {
    let known: BTreeMap<String, OsString> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    Sources::new("/nowhere", Rules::default()).with_variables(move |name| known.get(name).cloned()).with_waits(WAITS)
}

async fn fetched(reference: &str) -> Result<Fetched, FetchError> {
    fetch(&reference.parse().unwrap(), NamedBy::User, &sources(&[])).await
}

/// Fetches in vain; gives the class and all that is said.
async fn refused(reference: &str, from: &Sources) -> (Class, String) {
    let error = fetch(&reference.parse().unwrap(), NamedBy::User, from).await.expect_err(reference);
    (error.class(), told(&error))
}

/// An error with its causes.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

fn oci(reference: &str) -> OciReference {
    match reference.parse() {
        Ok(Reference::Oci(reference)) => reference,
        other => panic!("{other:?}"),
    }
}

/// A component with a manifest.
fn skill() -> Vec<u8> {
    let text = "[skill]\nname = \"tool\"\nversion = \"1.2.0\"\nkind = \"tool\"\ndescription = \"Does something.\"\n\n\
                [[tool]]\nname = \"do\"\ndescription = \"Does it.\"\nparameters = { type = \"object\" }\n";
    manifest::embed(&wat::parse_str("(component)").unwrap(), text).unwrap()
}
