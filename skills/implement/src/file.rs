//! A text file as the tools see it: line feeds only, with the line ending kept aside and put back on writing. Also `write`,
//! `rename` and `remove`.

use std::borrow::Cow;

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::encoding::{Encoding, decode};
use skillhost_sdk::explore::{Knowledge, numbered};
use skillhost_sdk::walk::{describe, describe_write};
use skillhost_sdk::{Host, path};

use crate::placeholder;
use crate::syntax;
use crate::workspace::{Refusal, Told, Workspace};

pub(crate) const MAX_WRITE_CHARS: usize = 16_000;
/// How much of a file is attached to a refusal that would otherwise cost a turn of reading.
const MAX_ATTACHED_LINES: usize = 400;
const MAX_ATTACHED_BYTES: usize = 24_000;

/// A file's text with its line endings taken out.
pub(crate) struct TextFile {
    pub(crate) text: String,
    crlf: bool,
    encoding: Encoding,
}

impl TextFile {
    /// A file with mixed endings is left as it is: only then would putting them back change lines that nobody edited.
    pub(crate) fn decode(path: &str, content: &[u8]) -> Result<TextFile, Refusal> {
        let (text, encoding) = decode(content.to_vec())
            .ok_or_else(|| Refusal::Text(format!("{path} is binary: only a command can change it")))?;
        let crlf = text.contains("\r\n") && text.matches('\n').count() == text.matches("\r\n").count();
        Ok(TextFile { text: if crlf { text.replace("\r\n", "\n") } else { text }, crlf, encoding })
    }

    /// `text`, with line feeds only, as this file stores it.
    pub(crate) fn encode(&self, path: &str, text: &str) -> Result<Vec<u8>, Refusal> {
        let text = if self.crlf { Cow::Owned(text.replace('\n', "\r\n")) } else { Cow::Borrowed(text) };
        let name = self.encoding.name().unwrap_or_default();
        let stored = self.encoding.encode(&text);
        stored.map_err(|it| format!("{path} is stored as {name}, which has no `{it}`: write it in another way").into())
    }
}

/// The file's content, unless it is too large; `None` where there is none.
pub(crate) fn load(host: &dyn Host, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
    match host.load(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(describe(path, &error).into()),
    }
}

/// Refuses to change a file that the model does not know as it is, and shows it the part around `line`.
pub(crate) fn check_known(
    workspace: &mut Workspace<'_>,
    path: &str,
    content: &[u8],
    text: &str,
    line: usize,
) -> Result<(), Refusal> {
    let reason = match workspace.explorer.knowledge(path, content) {
        Knowledge::Current => return Ok(()),
        Knowledge::Unread => "was not read yet",
        Knowledge::Changed => "has changed since it was read",
    };
    workspace.explorer.saw(path, content);
    // The model may have named any line at all.
    let line = line.min(text.lines().count());
    let from = line.saturating_sub(MAX_ATTACHED_LINES / 2).max(1);
    let shown = numbered(text, from, from + MAX_ATTACHED_LINES - 1);
    let shown = skillhost_sdk::clip::clip(shown.trim_end(), MAX_ATTACHED_BYTES);
    Err(format!("{path} {reason}, so nothing was done. This is it now; try again:\n{shown}").into())
}

pub(crate) fn write(workspace: &mut Workspace<'_>, arguments: &Arguments) -> Told {
    let path = path::clean(arguments.text("path"))?;
    let text = arguments.text("text");
    workspace.check_not_after_failure(Some(&path))?;
    if text.chars().count() > MAX_WRITE_CHARS {
        return Err(format!(
            "`text` has more than {MAX_WRITE_CHARS} characters: write the beginning, then add the rest with edit"
        )
        .into());
    }
    let before = load(workspace.host, &path)?;
    let (before_text, content) = match &before {
        None => (None, text.as_bytes().to_vec()),
        Some(content) => {
            let file = TextFile::decode(&path, content)?;
            check_known(workspace, &path, content, &file.text, 1)?;
            let new = file.encode(&path, &text.replace("\r\n", "\n"))?;
            (Some(file.text), new)
        }
    };
    if before.as_ref() == Some(&content) {
        return Err(format!("{path} holds this text already; nothing to do").into());
    }
    if let Some(line) = placeholder::find(text, before_text.as_deref().unwrap_or_default()) {
        return Err(placeholder::refusal(&line).into());
    }
    store(workspace, &path, before.as_deref(), &content)?;
    let syntax = syntax::new_error(&path, before_text.as_deref(), text, 0..=0);
    let syntax = syntax.map(|error| format!("\n{error}")).unwrap_or_default();
    Ok(format!("{path} written, {} lines{syntax}", text.lines().count()))
}

/// Writes the file, which held `before`, and takes note of it.
pub(crate) fn store(
    workspace: &mut Workspace<'_>,
    path: &str,
    before: Option<&[u8]>,
    content: &[u8],
) -> Result<(), Refusal> {
    workspace.host.write(path, content).map_err(|error| describe_write(path, &error))?;
    workspace.wrote(path, before, content);
    Ok(())
}

pub(crate) fn rename(workspace: &mut Workspace<'_>, arguments: &Arguments) -> Told {
    let (from, to) = (path::clean(arguments.text("from"))?, path::clean(arguments.text("to"))?);
    workspace.check_not_after_failure(Some(&from))?;
    let content = whole(workspace.host, &from)?;
    if workspace.host.size(&to).is_ok() {
        return Err(format!("{to} exists already").into());
    }
    workspace.host.rename(&from, &to).map_err(|error| describe_write(&format!("{from} or {to}"), &error))?;
    let known = content.as_ref().is_some_and(|it| workspace.explorer.knowledge(&from, it) == Knowledge::Current);
    workspace.took_away(&from, content.as_deref());
    workspace.undo.changed(&to, None, workspace.generation);
    workspace.touched.insert(to.clone());
    if let Some(content) = content.filter(|_| known) {
        workspace.explorer.saw(&to, &content);
    }
    Ok(format!("{from} is now {to}"))
}

pub(crate) fn remove(workspace: &mut Workspace<'_>, arguments: &Arguments) -> Told {
    let path = path::clean(arguments.text("path"))?;
    workspace.check_not_after_failure(Some(&path))?;
    let content = whole(workspace.host, &path)?;
    workspace.host.remove(&path).map_err(|error| describe_write(&path, &error))?;
    workspace.took_away(&path, content.as_deref());
    Ok(format!("{path} removed"))
}

/// A file that has to be there; `None` where it is too large to be held, which is no reason not to move it.
fn whole(host: &dyn Host, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
    match host.load(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => Ok(None),
        Err(error) => Err(describe(path, &error).into()),
    }
}
