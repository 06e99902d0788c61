//! Where `run --push` and `run --open-pr` send what a run comes to. Everything that can be wrong with it is told before the
//! run begins, and a token is looked for only where its forge is known.

use crate::ambient;
use crate::args;
use crate::failure::{Exit, Failure};
use skillhost_core::user::User;
use skillhost_egress::Dialer;
use skillhost_forge::{Client, Forge, Site, Token, token_in, usual_file, usual_variables};
use skillhost_models::ProviderConfig;
use skillhost_runs::publish::Publish;
use skillhost_worktree::Repository;
use skillhost_worktree::remote::{RemoteError, RemoteUrl};
use std::sync::Arc;

/// The remote where none is named.
const ORIGIN: &str = "origin";
/// Largest configuration of a forge's own program.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Prepares it; none where nothing is to leave this machine. Opens no connection.
pub(crate) fn open(
    arguments: &args::Publish,
    repository: &Repository,
    user: &User<ProviderConfig>,
    dialer: &Dialer,
) -> Result<Option<Publish>, Failure> {
    let named = match (&arguments.push, arguments.open_pr) {
        (Some(named), _) => named,
        (None, true) => ORIGIN,
        (None, false) => return Ok(None),
    };
    let remote = remote(named, repository)?;
    let site = Site::of(&remote, &user.forges).map_err(|e| Failure::of(Exit::Configuration, &e))?;
    let token = site.as_ref().map(token).transpose()?.flatten();
    // Where the token goes: the origin that belongs to the forge, and nothing else that stands in the remote's URL.
    let credentials = site.as_ref().zip(token.as_ref()).map(|(site, token)| token.credentials(site.kind));
    let remote = match (&site, remote) {
        (Some(site), RemoteUrl::Ssh { .. }) => RemoteUrl::Http { url: site.git().clone(), credentials: None },
        (None, RemoteUrl::Ssh { .. }) => return Err(refused(Exit::Configuration, &RemoteError::Ssh)),
        (_, remote) => remote,
    };
    let client = Client::of_the_users_own(dialer.clone());
    let forge = match (arguments.open_pr, site, token) {
        (false, ..) => None,
        (true, Some(site), Some(token)) => Some(Arc::new(Forge::new(client.clone(), site, token))),
        (true, Some(site), None) => return Err(no_token(&site)),
        (true, None, _) => return Err(no_forge(&remote)),
    };
    Ok(Some(Publish { remote, credentials, client, forge }))
}

/// A remote of the repository, or a URL.
fn remote(named: &str, repository: &Repository) -> Result<RemoteUrl, Failure> {
    if let Some(remote) = repository.remote(named).map_err(|e| refused(Exit::Configuration, &e))? {
        return Ok(remote);
    }
    let looks_like_url = named.contains([':', '/']) || named.starts_with('-');
    if !looks_like_url {
        return Err(refused(Exit::Usage, &RemoteError::Unknown { name: named.to_owned() }));
    }
    let here =
        ambient::current_folder().map_err(|e| Failure::new(Exit::Usage, "the current folder is gone").because(e))?;
    RemoteUrl::parse(named, &here).map_err(|e| refused(Exit::Usage, &e))
}

/// The token of a forge: from the environment, or from what the forge's own program keeps.
fn token(site: &Site) -> Result<Option<Token>, Failure> {
    for name in usual_variables(site) {
        let Some(value) = ambient::variable(name).filter(|value| !value.trim().is_empty()) else { continue };
        return Token::new(&value).map(Some).ok_or_else(|| {
            Failure::new(Exit::Configuration, format!("the token in {name} can't be used"))
                .hint("a token is at least 16 letters, digits and signs, without blanks")
        });
    }
    let Some(own) = ambient::config_folder() else { return Ok(None) };
    let file = own.with_file_name(usual_file(site.kind));
    // Whatever is wrong with another program's file, it holds no token then.
    let text =
        ambient::read_if_there(&file, MAX_FILE_BYTES).ok().flatten().and_then(|text| String::from_utf8(text).ok());
    Ok(text.and_then(|text| token_in(site.kind, &text, &site.host())))
}

fn refused(exit: Exit, error: &RemoteError) -> Failure {
    Failure::of(exit, error).maybe_hint(error.hint())
}

fn no_token(site: &Site) -> Failure {
    let variables = match usual_variables(site).as_slice() {
        [] => "name its variable in config.toml (token_env)".to_owned(),
        variables => format!("set {}", variables.join(" or ")),
    };
    Failure::new(Exit::Configuration, format!("there is no token for {}", site.host())).hint(format!(
        "{variables}, or sign in with the forge's own program ({} in your configuration folder)",
        usual_file(site.kind)
    ))
}

fn no_forge(remote: &RemoteUrl) -> Failure {
    let host = match remote {
        RemoteUrl::Http { url, .. } => url.destination().to_string(),
        _ => "HOST".to_owned(),
    };
    Failure::new(
        Exit::Configuration,
        format!("no forge is known for {remote}, so there is nowhere to open a pull request"),
    )
    .hint(format!(
        "name it in config.toml: [forges.\"{host}\"] kind = \"forgejo\" (or github, gitlab), token_env = \"…\"; \
             without that, no token is sent there"
    ))
}
