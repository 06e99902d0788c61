use std::{io, path::PathBuf};

/// Why something could not be audited, sealed or read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A file of the state directory could not be used.
    #[error("cannot {operation} {}", path.display())]
    File {
        /// What was tried, as a verb.
        operation: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A private file is readable or owned by somebody else.
    #[error("{} {reason}", path.display())]
    FileUntrusted {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, as a predicate.
        reason: &'static str,
    },
    /// Something else stands where a private file or folder belongs.
    #[error("{} {reason}", path.display())]
    FileUnexpected {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, as a predicate.
        reason: &'static str,
    },
    /// The entry could not be written, so its effect must not happen.
    #[error("cannot write to the audit log")]
    LogWrite(#[source] io::Error),
    /// The entry could not be brought to disk, so its effect must not happen.
    #[error("cannot flush the audit log to disk")]
    LogFlush(#[source] io::Error),
    /// An earlier write failed, for this reason; the log takes no more entries.
    #[error("the audit log is stopped, since an earlier entry could not be written")]
    LogStopped(#[source] io::Error),
    /// The log was closed at the end of its run.
    #[error("the audit log is closed")]
    LogClosed,
    /// Another process writes this log.
    #[error("another process is writing the audit log {}", .0.display())]
    LogBusy(PathBuf),
    /// The last complete line is no entry.
    #[error("the audit log {} ends in a line that is no entry", .0.display())]
    LogDamaged(PathBuf),
    /// The log belongs to another run.
    #[error("the audit log {} belongs to another run", .0.display())]
    LogForeign(PathBuf),
    /// An entry would be over the size limit.
    #[error("an audit entry of {bytes} bytes is over the limit")]
    EntryTooLarge {
        /// Its size, newline included.
        bytes: usize,
    },
    /// A key file has the wrong size, or doesn't open with the machine's key.
    #[error("the key file {} is damaged, or from another machine", .0.display())]
    KeyDamaged(PathBuf),
    /// No such body is stored.
    #[error("the payload {0} is missing")]
    PayloadMissing(skillhost_core::digest::Digest),
    /// A body is not what was sealed, or was sealed for another place.
    #[error("a sealed body was altered, or belongs to another place")]
    BodyAltered,
    /// A body was sealed under a key that no longer exists.
    #[error("a sealed body can't be read: its key was erased")]
    BodyErased,
    /// A body is over the size limit.
    #[error("a body of {bytes} bytes is over the limit")]
    BodyTooLarge {
        /// Its size.
        bytes: u64,
    },
    /// The system gave no random bytes.
    #[error("cannot get random bytes from the system")]
    Random(#[source] io::Error),
}

impl AuditError {
    /// What the user can do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::FileUntrusted { path, .. } => Some(format!(
                "make it yours alone: chown \"$(id -u)\" {0} && chmod go-rwx {0}; if others could read it, use a new --state-dir",
                shell_quoted(path)
            )),
            Self::LogWrite(source) | Self::LogFlush(source) | Self::LogStopped(source) | Self::File { source, .. }
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                Some("free some disk space (skillhost gc), or use another --state-dir".to_owned())
            }
            Self::LogBusy(_) => Some("wait for the other process to end".to_owned()),
            Self::KeyDamaged(_) => {
                Some("restore the state directory's keys from where it was moved, or use a new --state-dir".to_owned())
            }
            _ => None,
        }
    }

    pub(crate) fn file(operation: &'static str, path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { operation, path, source }
    }
}

fn shell_quoted(path: &std::path::Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
