//! Skills in git repositories: `worktree` reads them, over the connections that policies allow.

use crate::ambient;
use skillhost_core::path::SkillPath;
use skillhost_core::reference::{GitPlace, GitReference, Reference};
use skillhost_egress::Dialer;
use skillhost_forge::{Client, WebError, read_files};
use skillhost_registry::source::{Class, Fault, Reach, Rules};
use skillhost_registry::{Attached, Fetched, MAX_ATTACHED_BYTES, MAX_COMPONENT_BYTES};
use skillhost_worktree::remote::{Limits, RemoteError, RemoteUrl};
use std::path::Path;

/// What a file beside a component is.
type Kind = fn(Vec<u8>) -> Attached;
/// What lies beside a component that is signed: how its name ends, and what it is.
const BESIDE: [(&str, Kind); 2] = [(".sig", Attached::Signature), (".sigstore.json", Attached::Bundle)];

/// Reads what a reference names, and the signatures beside it at the same commit. Nobody is logged in: a token of the user's
/// is for the forges that they push to. Where the repository's server sends on to another one, policies judge that, too.
pub(crate) async fn read(
    reference: GitReference,
    reach: Reach,
    dialer: Dialer,
    rules: Rules,
) -> Result<Fetched, Fault> {
    let url = match &reference.repository {
        GitPlace::Web(url) => url.to_string(),
        GitPlace::Folder(path) => path.clone(),
    };
    let url = RemoteUrl::parse(&url, Path::new("/")).map_err(fault)?;
    let names = std::iter::once("").chain(BESIDE.iter().map(|(ending, _)| *ending));
    let paths = names.map(|ending| SkillPath::parse(&format!("{}{ending}", reference.path)));
    let paths = paths.collect::<Result<Vec<_>, _>>().map_err(|e| Fault::Git {
        class: Class::Unavailable,
        hint: None,
        source: Box::new(e),
    })?;
    // Its directory is made even where nothing is fetched into it; it costs less than two ways.
    let scratch = ambient::temporary_folder().map_err(Fault::File)?;
    let limits = Limits { file_bytes: MAX_COMPONENT_BYTES, ..Limits::default() };
    let at = (url, reference.revision.clone(), paths);
    let client = match reach {
        Reach::Opened => Client::new(dialer),
        _ => Client::of_a_typed_url(dialer),
    };
    let read = read_files(client, scratch.path().to_owned(), at, limits).await.map_err(fault)?;
    if let Some(moved) = &read.moved_to {
        let there = GitReference { repository: GitPlace::Web(moved.clone()), ..reference };
        rules.judge(moved.destination(), moved, &Reference::Git(there))?;
    }
    let mut files = read.files.into_iter();
    let component = files.next().flatten().unwrap_or_default();
    let attached = files.zip(BESIDE).filter_map(|(bytes, (_, kind))| Some((bytes?, kind)));
    let attached = attached.map(|(bytes, kind)| match bytes.len() as u64 {
        0..=MAX_ATTACHED_BYTES => Ok(kind(bytes)),
        _ => Err(Fault::TooLarge { what: "a signature", most_bytes: MAX_ATTACHED_BYTES }),
    });
    let attached = attached.collect::<Result<Vec<_>, _>>()?;
    Ok(Fetched { attached, ..Fetched::new(component, Some(read.commit.to_string())) })
}

fn fault(error: RemoteError) -> Fault {
    let class = match &error {
        RemoteError::Refused { .. } | RemoteError::Redirected { .. } => Class::Denied,
        RemoteError::Connection { source, .. } if is_refusal(source) => Class::Denied,
        RemoteError::Protocol { .. } => Class::Integrity,
        error if error.is_limit() => Class::Limit,
        _ => Class::Unavailable,
    };
    let hint = match &error {
        RemoteError::Refused { .. } | RemoteError::NotFound { .. } => {
            Some("a repository that not everybody may read is cloned first: git+file:///PATH#REV:FILE".to_owned())
        }
        RemoteError::Connection { source, .. } if is_refusal(source) => {
            Some("where that is meant, a policy opens it: [network] private".to_owned())
        }
        error => error.hint(),
    };
    Fault::Git { class, hint, source: Box::new(error) }
}

/// Whether a connection was not made, since no policy opens the address.
fn is_refusal(error: &std::io::Error) -> bool {
    let web = error.get_ref().and_then(|error| error.downcast_ref::<WebError>());
    matches!(web, Some(WebError::Dial(error)) if error.is_refusal())
}
