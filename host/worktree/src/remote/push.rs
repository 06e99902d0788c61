//! Pushing a run's branch, and nothing else.
//!
//! A push never forces: the remote's branch is absent, or it is at a commit of the run's own, which the host pushed
//! before. Anything else was done by somebody else, and is left alone. What the remote is told is where its branch was
//! seen, so that it refuses where somebody is faster.

use crate::ambient;
use crate::branch;
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::objects;
use crate::remote::advertisement::Advertisement;
use crate::remote::directory::Directory;
use crate::remote::error::RemoteError;
use crate::remote::exchange::{Exchange, Service};
use crate::remote::fetch::Place;
use crate::remote::http::Credentials;
use crate::remote::packet::{self, Bounded, FLUSH, Packet, SideBand, line};
use crate::remote::url::RemoteUrl;
use crate::repository::Repository;
use git2::{ErrorCode, OdbLookupFlags, Oid};
use skillhost_core::name::RunId;
use std::collections::BTreeSet;
use std::io::{Cursor, Read, Seek as _, SeekFrom, Write as _};

/// Largest pack that is pushed.
const MAX_PACK_BYTES: u64 = 2 << 30;
/// Largest answer to a push.
const MAX_REPORT_BYTES: u64 = 1 << 20;
/// Most commits of one run's branch.
const MAX_OWN_COMMITS: usize = 10_000;
/// Most refs of the remote that are taken for granted to be there with all that they reach.
const MAX_COMMON_REFS: usize = 20_000;
/// The id that stands for none.
const NONE: &str = "0000000000000000000000000000000000000000";

/// What is pushed.
#[derive(Debug, Clone, Copy)]
pub struct Push<'a> {
    /// The run that it is of.
    pub run: &'a RunId,
    /// The branch, which carries the run's id; it has the same name there.
    pub branch: &'a str,
    /// Where the branch began.
    pub base: CommitId,
    /// Where it goes to.
    pub commit: CommitId,
    /// Who pushes; none where the URL says so, or nobody needs to be told.
    pub credentials: Option<&'a Credentials>,
}

/// What came of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The remote's branch is new, or was moved on.
    Moved,
    /// It was there already.
    UpToDate,
}

impl Repository {
    /// Pushes a run's branch. Blocks, so call it where that is allowed.
    ///
    /// # Errors
    /// Where the name isn't the run's own, the remote's branch was moved by somebody else, or the remote refuses.
    pub fn push(&self, place: Place<'_>, url: &RemoteUrl, push: Push<'_>) -> Result<Pushed, RemoteError> {
        branch::check_name(push.run, push.branch)?;
        let git = self.open_git()?;
        let own = own_commits(&git, push)?;
        match url {
            RemoteUrl::Ssh { .. } => Err(RemoteError::Ssh),
            RemoteUrl::Directory(directory) => into_directory(&git, &Directory::open(directory)?, push, &own),
            RemoteUrl::Http { url, credentials } => {
                let credentials = push.credentials.or(credentials.as_ref());
                let (exchange, advertised) = Exchange::begin(place.http, url, credentials, Service::Push)?;
                over_http(&git, place, &exchange, &advertised, push, &own)
            }
        }
    }

    /// Where a remote of the user's configuration is pushed to; none where there is none of this name.
    ///
    /// # Errors
    /// Where the name is none that git would take, or what is configured is no URL that can be reached.
    pub fn remote(&self, name: &str) -> Result<Option<RemoteUrl>, RemoteError> {
        if !git2::Remote::is_valid_name(name) || name.starts_with('-') {
            return Ok(None);
        }
        let file = self.common_directory().join("config");
        let config = ambient::read_configuration(&file)?;
        let configured = |key: &str| config.get_string(&format!("remote.{name}.{key}")).ok();
        let Some(url) = configured("pushurl").or_else(|| configured("url")) else { return Ok(None) };
        RemoteUrl::parse(&url, self.workdir()).map(Some)
    }
}

/// The commits that the run made, newest first.
fn own_commits(git: &git2::Repository, push: Push<'_>) -> Result<BTreeSet<Oid>, RemoteError> {
    let mut walk = git.revwalk()?;
    walk.push(push.commit.oid())?;
    walk.hide(push.base.oid())?;
    let own = walk.take(MAX_OWN_COMMITS).collect::<Result<_, _>>()?;
    Ok(own)
}

/// Whether there is something to push onto what the remote's branch is at.
fn may_move(seen: Option<Oid>, push: Push<'_>, own: &BTreeSet<Oid>) -> Result<bool, RemoteError> {
    match seen {
        None => Ok(true),
        Some(seen) if seen == push.commit.oid() => Ok(false),
        Some(seen) if own.contains(&seen) => Ok(true),
        Some(_) => Err(moved(push)),
    }
}

fn moved(push: Push<'_>) -> RemoteError {
    RemoteError::Moved { name: push.branch.to_owned() }
}

/// The objects that the remote lacks, which has all that these commits reach.
fn missing<'a>(
    git: &'a git2::Repository,
    push: Push<'_>,
    there: impl Iterator<Item = Oid>,
) -> Result<git2::PackBuilder<'a>, RemoteError> {
    let mut walk = git.revwalk()?;
    walk.push(push.commit.oid())?;
    let odb = git.odb()?;
    for id in there.take(MAX_COMMON_REFS) {
        // What the remote names may be unknown here, which must not make packs be looked for each time, or no commit.
        if odb.exists_ext(id, OdbLookupFlags::NO_REFRESH)
            && let Ok(Some(commit)) = objects::commit_of(git, id)
        {
            walk.hide(commit.oid())?;
        }
    }
    let mut pack = git.packbuilder()?;
    pack.insert_walk(&mut walk)?;
    Ok(pack)
}

fn over_http(
    git: &git2::Repository,
    place: Place<'_>,
    exchange: &Exchange<'_>,
    advertised: &Advertisement,
    push: Push<'_>,
    own: &BTreeSet<Oid>,
) -> Result<Pushed, RemoteError> {
    let name = format!("refs/heads/{}", push.branch);
    let seen = advertised.refs.get(&name).copied();
    if !may_move(seen, push, own)? {
        return Ok(Pushed::UpToDate);
    }
    advertised.require("report-status")?;
    let banded = advertised.can("side-band-64k");
    let capabilities = advertised.common(&["report-status", "side-band-64k"]);
    let mut head = Vec::new();
    let old = seen.map_or_else(|| NONE.to_owned(), |id| id.to_string());
    packet::write(&mut head, &format!("{old} {} {name}\0{capabilities}", push.commit));
    head.extend_from_slice(FLUSH);

    let mut pack = missing(git, push, advertised.refs.values().copied())?;
    let mut file = ambient::temporary_file(place.scratch)?;
    let mut written = 0;
    let mut failed = None;
    let built = pack.foreach(|bytes| {
        written += bytes.len() as u64;
        failed = file.write_all(bytes).err();
        written <= MAX_PACK_BYTES && failed.is_none()
    });
    if written > MAX_PACK_BYTES {
        return Err(WorktreeError::TooLarge { bytes: written, limit: MAX_PACK_BYTES }.into());
    }
    let not_written = |error| WorktreeError::io("write", place.scratch, error);
    if let Some(error) = failed {
        return Err(not_written(error).into());
    }
    built?;
    file.seek(SeekFrom::Start(0)).map_err(not_written)?;

    let length = head.len() as u64 + written;
    let reply = exchange.post(length, Box::new(Cursor::new(head).chain(file)))?;
    let reply = Bounded::new(reply, MAX_REPORT_BYTES, "bytes in answer to a push");
    match banded {
        true => report(&mut SideBand::new(reply), &name, push),
        false => report(&mut { reply }, &name, push),
    }
}

/// What the remote says came of it.
fn report(from: &mut impl Read, name: &str, push: Push<'_>) -> Result<Pushed, RemoteError> {
    let rejected = |reason: &[u8]| {
        let reason = RemoteError::quoted(reason);
        RemoteError::Rejected { name: push.branch.to_owned(), reason }
    };
    let unpacked = match packet::expect(from)? {
        Packet::Data(data) => data,
        Packet::Flush => return Err(RemoteError::protocol("its report")),
    };
    match line(&unpacked).strip_prefix(b"unpack ") {
        Some(b"ok") => {}
        Some(reason) => return Err(rejected(reason)),
        None => return Err(RemoteError::protocol("its report")),
    }
    while let Some(Packet::Data(data)) = packet::read(from)? {
        let data = line(&data);
        if data.strip_prefix(b"ok ") == Some(name.as_bytes()) {
            return Ok(Pushed::Moved);
        }
        let refused = data.strip_prefix(b"ng ").and_then(|rest| rest.strip_prefix(name.as_bytes()));
        if let Some(reason) = refused {
            return Err(rejected(reason));
        }
    }
    Err(RemoteError::protocol("its report"))
}

/// Copies what is missing, then moves the branch by compare-and-swap. No hook of that repository runs.
fn into_directory(
    git: &git2::Repository,
    directory: &Directory,
    push: Push<'_>,
    own: &BTreeSet<Oid>,
) -> Result<Pushed, RemoteError> {
    let there = directory.git()?;
    let name = format!("refs/heads/{}", push.branch);
    let seen = branch::target(&there, &name)?;
    if !may_move(seen, push, own)? {
        return Ok(Pushed::UpToDate);
    }
    // A branch that is checked out there, or will be with its first commit, belongs to whoever works there.
    if there.find_reference("HEAD").is_ok_and(|head| head.symbolic_target_bytes() == Some(name.as_bytes())) {
        return Err(moved(push));
    }
    let mut refs = Vec::new();
    for reference in there.references()?.take(MAX_COMMON_REFS) {
        refs.extend(reference?.target());
    }
    let odb = there.odb()?;
    let has_all = |id: &Oid| odb.exists(*id);
    missing(git, push, refs.into_iter().filter(has_all))?.write(&directory.packs(), 0o444)?;
    odb.refresh()?;
    let commit = push.commit.oid();
    let swapped = match seen {
        Some(seen) => there.reference_matching(&name, commit, true, seen, "skillhost: push"),
        None => there.reference(&name, commit, false, "skillhost: push"),
    };
    match swapped {
        Ok(_) => Ok(Pushed::Moved),
        Err(e) if matches!(e.code(), ErrorCode::Modified | ErrorCode::NotFound | ErrorCode::Exists) => Err(moved(push)),
        Err(e) => Err(e.into()),
    }
}
