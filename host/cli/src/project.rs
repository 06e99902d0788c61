//! The repository, and the project's configuration at the base commit.

use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use skillhost_core::document::{self, MAX_DOCUMENT_BYTES};
use skillhost_core::lock::{self, Altered, Lock, LockError};
use skillhost_core::project::{self, Project};
use skillhost_worktree::{CommitId, Files, Reader, Repository, WorktreeError};
use std::path::{Path, PathBuf};

/// A project, as a run starts from it.
pub(crate) struct Base {
    pub(crate) repository: Repository,
    /// The branch that pull requests go to.
    pub(crate) branch: String,
    pub(crate) commit: CommitId,
    pub(crate) project: Project,
    pub(crate) lock: Option<ProjectLock>,
}

/// A project's lock, and where it is: relative sources begin in its folder.
#[derive(Debug, Clone)]
pub(crate) struct ProjectLock {
    pub(crate) lock: Lock,
    pub(crate) folder: PathBuf,
    /// Entries that aren't as they were written.
    pub(crate) altered: Vec<Altered>,
    /// The file in the working directory, which may hold another text; or the one that was named.
    pub(crate) path: PathBuf,
}

/// What settles a conflict in the lock.
pub(crate) const SETTLE: &str = "skillhost sync settles it where both sides added skills; commit it then";

pub(crate) fn find_repository() -> Result<Repository, Failure> {
    Ok(open(&here()?)?.repository().clone())
}

fn here() -> Result<PathBuf, Failure> {
    ambient::current_folder().map_err(|e| Failure::new(Exit::Usage, "the current folder is gone").because(e))
}

fn open(dir: &Path) -> Result<Reader, Failure> {
    Reader::open(dir).map_err(|e| worktree_failure(&e))
}

/// Errors of git are the repository's state, which the user can mend.
pub(crate) fn worktree_failure(error: &WorktreeError) -> Failure {
    Failure::of(Exit::Configuration, error).maybe_hint(error.hint())
}

/// Reads everything at the base commit, or from the files that were named instead.
pub(crate) fn read(
    rev: Option<&str>,
    config: Option<&Path>,
    lock: Option<&Path>,
    printer: Printer,
) -> Result<Base, Failure> {
    let reader = open(&here()?)?;
    let repository = reader.repository();
    let (branch, files, project) = at_base(&reader, rev, config)?;
    let commit = *files.commit();
    let Some(project) = project else { return Err(no_project(repository, &commit)) };
    let lock = read_lock(Some((repository, &files)), lock)?;
    if rev.is_none() && repository.branch_tip(&branch).is_none() {
        printer.warn(format!("there is no branch {branch} here: this starts from the commit {}", commit.short()));
    }
    if config.is_none() {
        warn_of_newer(repository, &commit, printer);
    }
    // Where it can't be told, nothing is said: what counts is the commit.
    if repository.has_uncommitted_changes().unwrap_or(false) {
        printer.warn(format!("uncommitted changes are not part of this; it starts from the commit {}", commit.short()));
    }
    Ok(Base { repository: repository.clone(), branch, commit, project, lock })
}

/// What a call needs of the project that its directory lies in, at that project's base commit or from the files that
/// were named instead; none of what isn't there.
pub(crate) fn around(
    dir: &Path,
    config: Option<&Path>,
    lock: Option<&Path>,
) -> Result<(Option<Project>, Option<ProjectLock>), Failure> {
    match Reader::open(dir) {
        Ok(reader) => {
            let (_, files, project) = at_base(&reader, None, config)?;
            Ok((project, read_lock(Some((reader.repository(), &files)), lock)?))
        }
        Err(WorktreeError::NoRepository { .. } | WorktreeError::NoCommits) => {
            Ok((read_project(None, config)?, read_lock(None, lock)?))
        }
        Err(error) => Err(worktree_failure(&error)),
    }
}

/// Branch and commit that a run starts from, with the files and the configuration there.
fn at_base<'a>(
    repository: &'a Reader,
    rev: Option<&str>,
    config: Option<&Path>,
) -> Result<(String, Files<'a>, Option<Project>), Failure> {
    // What the base is stands in the configuration, which is read at the base: the current branch's has the first word.
    let first = resolve(repository, rev.unwrap_or("HEAD"))?;
    let open = |commit| repository.files(commit).map_err(|e| worktree_failure(&e));
    let files = open(first)?;
    let project = read_project(Some((repository.repository(), &files)), config)?;
    let branch = match (rev, &project) {
        (Some(rev), _) if repository.branch_tip(rev).is_some() => rev.to_owned(),
        (_, Some(Project { base: Some(base), .. })) => base.clone(),
        _ => repository.head_branch().unwrap_or_else(|| "main".to_owned()),
    };
    let commit = match (rev, repository.branch_tip(&branch)) {
        (Some(_), _) => first,
        (None, Some(tip)) => tip,
        // A remote's branch, for example. Where nobody named one, it is what is checked out.
        (None, None) => match (resolve(repository, &branch), &project) {
            (Err(failure), Some(Project { base: Some(base), .. })) => {
                elsewhere(repository, base, first).ok_or(failure)?
            }
            (found, _) => found.unwrap_or(first),
        },
    };
    if commit == first {
        return Ok((branch, files, project));
    }
    let files = open(commit)?;
    let project = read_project(Some((repository.repository(), &files)), config)?;
    Ok((branch, files, project))
}

/// The base where it is no local branch, as in a checkout that a CI system made: what was fetched of it, or the commit that is
/// checked out by itself, whose configuration has the word in any case.
fn elsewhere(repository: &Reader, base: &str, checked_out: CommitId) -> Option<CommitId> {
    let fetched = repository.resolve(&format!("refs/remotes/origin/{base}")).ok();
    fetched.or_else(|| repository.head_branch().is_none().then_some(checked_out))
}

fn resolve(repository: &Reader, rev: &str) -> Result<CommitId, Failure> {
    repository.resolve(rev).map_err(|e| worktree_failure(&e))
}

/// The files of a commit of a repository.
type At<'a> = Option<(&'a Repository, &'a Files<'a>)>;

fn read_project(at: At<'_>, named: Option<&Path>) -> Result<Option<Project>, Failure> {
    read_text(at, named, project::FILE)?
        .map(|(file, text)| Project::parse(&file, &text).map_err(|e| Failure::of(Exit::Configuration, &e)))
        .transpose()
}

fn read_lock(at: At<'_>, named: Option<&Path>) -> Result<Option<ProjectLock>, Failure> {
    let Some((file, text)) = read_text(at, named, lock::FILE)? else { return Ok(None) };
    let lock = Lock::parse(&file, &text).map_err(|e| {
        let hint = matches!(e, LockError::Conflict { .. }).then_some(SETTLE);
        Failure::of(Exit::Configuration, &e).maybe_hint(hint)
    })?;
    let path = match (named, at) {
        (Some(named), _) => ambient::absolute(named).map_err(|e| Failure::of(Exit::Configuration, &e))?,
        (None, Some((repository, _))) => repository.workdir().join(lock::FILE),
        (None, None) => return Ok(None),
    };
    let folder = path.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let altered = lock.altered(&text);
    Ok(Some(ProjectLock { lock, altered, folder, path }))
}

/// A file that was named, or that the commit holds.
fn read_text(at: At<'_>, named: Option<&Path>, usual: &str) -> Result<Option<(String, String)>, Failure> {
    let most = MAX_DOCUMENT_BYTES as u64;
    let (file, bytes) = match (named, at) {
        (Some(path), _) => {
            let file = path.display().to_string();
            let bytes = ambient::read(path, most)
                .map_err(|e| Failure::new(Exit::Configuration, format!("{file} can't be read")).because(e))?;
            (file, Some(bytes))
        }
        (None, Some((_, files))) => {
            let file = format!("{usual} (at {})", files.commit().short());
            let bytes = files.read(usual, most).map_err(|e| match e {
                WorktreeError::TooLarge { limit, .. } => {
                    Failure::new(Exit::Configuration, format!("{file}:1: larger than {limit} bytes"))
                }
                other => worktree_failure(&other),
            })?;
            (file, bytes)
        }
        (None, None) => return Ok(None),
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let text = document::text(&file, bytes).map_err(|e| Failure::of(Exit::Configuration, &e))?;
    Ok(Some((file, text)))
}

fn no_project(repository: &Repository, commit: &CommitId) -> Failure {
    let failure =
        Failure::new(Exit::Configuration, format!("the base commit {} has no {}", commit.short(), project::FILE));
    if ambient::exists(&repository.workdir().join(project::FILE)) {
        failure.hint("it is in your working directory: commit it, or name it with --config skillhost.toml")
    } else {
        failure.hint("skillhost init writes one; commit it then")
    }
}

/// Says so where the working directory holds another configuration than the one that is used. What it holds is the
/// repository's to choose, so a link or a device there is looked at and not read.
fn warn_of_newer(repository: &Repository, commit: &CommitId, printer: Printer) {
    for file in [project::FILE, lock::FILE] {
        let here = ambient::read_unlinked(&repository.workdir().join(file), MAX_DOCUMENT_BYTES as u64);
        let committed = repository.read_file(commit, file, MAX_DOCUMENT_BYTES as u64).ok().flatten();
        let differs = here.map_or(true, |here| here.is_some() && here != committed);
        if differs {
            printer.warn(format!(
                "{file} in your working directory differs from the base commit {}, whose one is used; commit it, or name it with --{}",
                commit.short(),
                if file == lock::FILE { "lock" } else { "config" }
            ));
        }
    }
}
