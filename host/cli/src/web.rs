//! The way out for requests of skills: the program's dialer, and the user's secrets.

use crate::ambient;
use crate::failure::{Exit, Failure};
use skillhost_core::name::SecretName;
use skillhost_core::user::User;
use skillhost_egress::Dialer;
use skillhost_models::ProviderConfig;
use skillhost_runs::web::{Secrets, Web};
use std::collections::BTreeSet;

/// Sets it up for skills that were granted these secrets together. A secret that can't be used is told now, before
/// anything is called.
pub(crate) fn open(
    dialer: Dialer,
    granted: &BTreeSet<SecretName>,
    user: impl FnOnce() -> Result<User<ProviderConfig>, Failure>,
) -> Result<Web, Failure> {
    let secrets = if granted.is_empty() {
        Secrets::default()
    } else {
        let read = Secrets::read(&user()?.secrets, granted, ambient::variable);
        read.map_err(|e| Failure::of(Exit::Configuration, &e).hint(e.hint()))?
    };
    Ok(Web::new(dialer, secrets))
}
