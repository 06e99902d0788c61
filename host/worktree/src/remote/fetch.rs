//! Reading files of a repository elsewhere.

use crate::ambient;
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::objects;
use crate::remote::advertisement::Advertisement;
use crate::remote::directory::Directory;
use crate::remote::error::RemoteError;
use crate::remote::exchange::{Exchange, Service};
use crate::remote::http::GitHttp;
use crate::remote::packet::{self, FLUSH, Packet, SideBand, expect, line};
use crate::remote::url::RemoteUrl;
use crate::remote::{directory, pack};
use crate::repository::read_from;
use skillhost_core::destination::WebUrl;
use skillhost_core::path::SkillPath;
use std::io::{Cursor, Read};
use std::path::Path;
use std::time::Duration;

/// What reading files of a repository elsewhere may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Of a file, in bytes.
    pub file_bytes: u64,
    /// Of the pack that brings it, in bytes, compressed: the files of a whole commit are in it.
    pub pack_bytes: u64,
    /// For the pack.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 64 << 20, pack_bytes: 512 << 20, time: Duration::from_secs(600) }
    }
}

/// Files, and the commit that they were read at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What the revision stands for.
    pub commit: CommitId,
    /// The content of each file that was asked for, in that order. Only the first has to be there.
    pub files: Vec<Option<Vec<u8>>>,
    /// Where the repository's own server sent on to, within its origin; none where it didn't. Whoever may take nothing from
    /// there has to look at it.
    pub moved_to: Option<WebUrl>,
}

/// What reading needs of whoever asks.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Brings the connections.
    pub http: &'a dyn GitHttp,
    /// An existing directory of the host's own; a repository is made in it, and removed again.
    pub scratch: &'a Path,
}

/// Reads a regular file of a repository elsewhere, and others beside it that may be there. `revision` is a branch, a tag, a full ref or a whole commit id; where a
/// tag and a branch have one name, it is the tag's, as for git. Blocks, so call it where that is allowed.
///
/// Over HTTP, the files of that one commit are fetched, and its history only where the server insists. A directory of
/// this machine is read as it stands, and nothing in it is executed.
///
/// # Errors
/// Where there is no such repository, revision or file, a limit is exceeded, or somebody breaks the protocol.
pub fn read_files(
    place: Place<'_>,
    url: &RemoteUrl,
    revision: &str,
    paths: &[SkillPath],
    limits: Limits,
) -> Result<Fetched, RemoteError> {
    let unknown = || RemoteError::Revision { revision: revision.chars().take(80).collect() };
    if !is_revision(revision) {
        return Err(unknown());
    }
    match url {
        RemoteUrl::Ssh { .. } => Err(RemoteError::Ssh),
        RemoteUrl::Directory(directory) => {
            let git = Directory::open(directory)?.git()?;
            let id = directory::named(&git, &names(revision))?.ok_or_else(unknown)?;
            read(&git, id, paths, limits, unknown)
        }
        RemoteUrl::Http { url, credentials } => {
            let (exchange, advertised) = Exchange::begin(place.http, url, credentials.as_ref(), Service::Fetch)?;
            let wants = wants(&advertised, revision).ok_or_else(unknown)?;
            let temporary = ambient::temporary_directory(place.scratch)?;
            let own = temporary.path().join("git");
            drop(ambient::init_git_directory(&own)?);
            fetch(&exchange, &advertised, &wants, &own.join("objects/pack"), limits)?;
            let git = ambient::open_git_directory(&own)?;
            let fetched = read(&git, wants.named, paths, limits, unknown)?;
            Ok(Fetched { moved_to: exchange.moved_to().cloned(), ..fetched })
        }
    }
}

/// Whether a text can name a commit here: a name of a ref, whole or its end, and no expression.
fn is_revision(revision: &str) -> bool {
    !revision.starts_with('-') && git2::Reference::is_valid_name(&format!("refs/heads/{revision}"))
}

/// The refs that a revision may stand for, in git's order; none where it is a whole id.
fn names(revision: &str) -> Names {
    match revision.parse::<CommitId>() {
        Ok(id) => Names::Id(id),
        Err(_) if revision == "HEAD" || revision.starts_with("refs/") => Names::Refs(vec![revision.to_owned()]),
        Err(_) => Names::Refs(["refs/tags/", "refs/heads/"].map(|place| format!("{place}{revision}")).into()),
    }
}

pub(super) enum Names {
    Id(CommitId),
    Refs(Vec<String>),
}

/// What a server is asked for.
struct Wants {
    /// What the revision stands for.
    named: git2::Oid,
    ids: Vec<git2::Oid>,
    /// Whether a commit's history is not asked for.
    is_shallow: bool,
}

/// None where the revision can't be there.
fn wants(advertised: &Advertisement, revision: &str) -> Option<Wants> {
    let can_shallow = advertised.can("shallow");
    let refs = match names(revision) {
        Names::Refs(refs) => refs,
        Names::Id(id) => {
            let named = id.oid();
            // Branches and tags alone: servers give the commits of forks, too, and of whoever proposes something.
            let is_public = |name: &str| name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
            if advertised.refs.iter().any(|(name, tip)| is_public(name) && *tip == named) {
                return Some(Wants { named, ids: vec![named], is_shallow: can_shallow });
            }
            // It may lie beneath any of them, which their history shows.
            let ids: std::collections::BTreeSet<_> =
                advertised.refs.iter().filter(|(name, _)| is_public(name)).map(|(_, id)| *id).collect();
            let ids: Vec<_> = ids.into_iter().collect();
            return (!ids.is_empty()).then_some(Wants { named, ids, is_shallow: false });
        }
    };
    let named = *refs.iter().find_map(|name| advertised.refs.get(name))?;
    Some(Wants { named, ids: vec![named], is_shallow: can_shallow })
}

/// Asks for objects, and stores the pack that comes.
fn fetch(
    exchange: &Exchange<'_>,
    advertised: &Advertisement,
    wants: &Wants,
    packs: &Path,
    limits: Limits,
) -> Result<(), RemoteError> {
    advertised.require("side-band-64k")?;
    let capabilities = advertised.common(&["side-band-64k", "ofs-delta", "no-progress", "shallow"]);
    let mut request = Vec::new();
    for (nth, id) in wants.ids.iter().enumerate() {
        let capabilities = if nth == 0 { capabilities.as_str() } else { "" };
        packet::write(&mut request, &format!("want {id}{capabilities}\n"));
    }
    if wants.is_shallow {
        packet::write(&mut request, "deepen 1\n");
    }
    request.extend_from_slice(FLUSH);
    packet::write(&mut request, "done\n");
    let mut reply = exchange.post(request.len() as u64, Box::new(Cursor::new(request)))?;
    if wants.is_shallow {
        skip_cuts(&mut reply)?;
    }
    match expect(&mut reply)? {
        Packet::Data(data) if line(&data) == b"NAK" => {}
        Packet::Data(data) => return Err(refusal(&data)),
        Packet::Flush => return Err(RemoteError::protocol("its answer to what was wanted")),
    }
    pack::store(SideBand::new(reply), packs, limits.pack_bytes, limits.time)
}

/// The commits whose parents don't come: at most as many as were asked for.
fn skip_cuts(reply: &mut impl Read) -> Result<(), RemoteError> {
    const MAX_CUTS: usize = 64;
    for _ in 0..=MAX_CUTS {
        match expect(reply)? {
            Packet::Flush => return Ok(()),
            Packet::Data(data) if data.starts_with(b"shallow ") => {}
            Packet::Data(data) => return Err(refusal(&data)),
        }
    }
    Err(RemoteError::protocol("where it cut the history"))
}

fn refusal(data: &[u8]) -> RemoteError {
    match line(data).strip_prefix(b"ERR ") {
        Some(text) => RemoteError::said(text),
        None => RemoteError::protocol("its answer to what was wanted"),
    }
}

fn read(
    git: &git2::Repository,
    id: git2::Oid,
    paths: &[SkillPath],
    limits: Limits,
    unknown: impl Fn() -> RemoteError,
) -> Result<Fetched, RemoteError> {
    let is_missing =
        |error: &WorktreeError| matches!(error, WorktreeError::Git(e) if e.code() == git2::ErrorCode::NotFound);
    let commit = match objects::commit_of(git, id) {
        Ok(commit) => commit.ok_or_else(&unknown)?,
        Err(error) if is_missing(&error) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    };
    let tree = objects::tree_of(git, commit.oid())?;
    let read = |path: &SkillPath| read_from(git, &tree, path.as_str(), limits.file_bytes);
    let files = paths.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    match (paths.first(), files.first()) {
        (Some(path), Some(None)) => Err(RemoteError::NoFile { commit: commit.to_string(), path: path.to_string() }),
        _ => Ok(Fetched { commit, files, moved_to: None }),
    }
}
