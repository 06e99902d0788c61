//! `diff`: the change against the base commit.

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::clip::{clip, line};
use skillhost_sdk::{Document, Error, path};

use crate::workspace::{Refusal, Told, Workspace};

const MAX_DIFF_BYTES: usize = 24_000;
const MAX_LINE_BYTES: usize = 1_000;
/// More paths than this the host does not take at once.
const MAX_DIFF_PATHS: usize = 1_000;

pub(crate) fn diff(workspace: &Workspace<'_>, arguments: &Arguments) -> Told {
    let paths = arguments.texts("paths").iter().map(|path| path::clean(path)).collect::<Result<Vec<_>, _>>()?;
    whole_diff(workspace, &paths)
}

/// The diff without the spec, which the host wrote.
pub(crate) fn own_diff(workspace: &Workspace<'_>, spec: Option<&Document>) -> Told {
    let mut paths = workspace.changed_paths();
    let all = paths.len();
    paths.retain(|path| spec.is_none_or(|spec| spec.path != *path));
    match paths.len() {
        0 => Ok("no change".into()),
        own if own == all || own > MAX_DIFF_PATHS => whole_diff(workspace, &[]),
        _ => whole_diff(workspace, &paths),
    }
}

/// The diff, or the list of files where it is too large.
fn whole_diff(workspace: &Workspace<'_>, paths: &[String]) -> Told {
    match workspace.host.diff(paths) {
        Ok(diff) if diff.is_empty() => Ok("no change".into()),
        Ok(diff) => {
            let lines: Vec<_> = diff.lines().map(|text| line(text, MAX_LINE_BYTES)).collect();
            Ok(clip(&lines.join("\n"), MAX_DIFF_BYTES))
        }
        Err(Error::TooLarge(bytes)) => Ok(format!(
            "the diff has {bytes} bytes: name some of the paths\n{}",
            clip(&workspace.changed_paths().join("\n"), MAX_DIFF_BYTES)
        )),
        Err(Error::Denied(what) | Error::Invalid(what) | Error::Failed(what)) => Err(what.into()),
        Err(error) => Err(Refusal::Over(error)),
    }
}
