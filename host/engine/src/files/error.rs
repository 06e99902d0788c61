//! What an operation on files ends with when it does not succeed.
//!
//! Unlike `TrappableError` of `wasmtime-wasi`, making one captures no backtrace: "no such file" is an everyday answer.

use super::bindings::types::ErrorCode;
use rustix::io::Errno;
use skillhost_core::path::PathError;
use wasmtime::component::ResourceTableError;

/// Why an operation on files failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum FsError {
    /// The system or a quota said no; the guest sees the code.
    Code(ErrorCode),
    /// A rule said no; the guest sees the code, and the record keeps the denial.
    Denied(ErrorCode),
    /// The guest broke the component model's own rules: it ends.
    Trap(wasmtime::Error),
}

pub(super) type FsResult<T> = Result<T, FsError>;

/// The path itself is refused, or where it leads.
pub(super) const OUT_OF_BOUNDS: FsError = FsError::Denied(ErrorCode::NotPermitted);
/// The grant does not cover the path.
pub(super) const NOT_GRANTED: FsError = FsError::Denied(ErrorCode::Access);

impl From<ErrorCode> for FsError {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<Errno> for FsError {
    fn from(errno: Errno) -> Self {
        Self::Code(code(errno))
    }
}

impl From<PathError> for FsError {
    fn from(error: PathError) -> Self {
        match error {
            PathError::TooLong => Self::Code(ErrorCode::NameTooLong),
            PathError::Empty => Self::Code(ErrorCode::NoEntry),
            PathError::Character => Self::Code(ErrorCode::Invalid),
            _ => OUT_OF_BOUNDS,
        }
    }
}

impl From<ResourceTableError> for FsError {
    fn from(error: ResourceTableError) -> Self {
        match error {
            ResourceTableError::Full => Self::Code(ErrorCode::Quota),
            other => Self::Trap(other.into()),
        }
    }
}

/// The code that stands for a system error. What has no code of its own is `io`.
pub(super) fn code(errno: Errno) -> ErrorCode {
    match errno {
        Errno::ACCESS => ErrorCode::Access,
        Errno::AGAIN => ErrorCode::WouldBlock,
        Errno::BADF => ErrorCode::BadDescriptor,
        Errno::BUSY => ErrorCode::Busy,
        Errno::DQUOT => ErrorCode::Quota,
        Errno::EXIST => ErrorCode::Exist,
        Errno::FBIG => ErrorCode::FileTooLarge,
        Errno::ILSEQ => ErrorCode::IllegalByteSequence,
        Errno::INTR => ErrorCode::Interrupted,
        Errno::INVAL => ErrorCode::Invalid,
        Errno::ISDIR => ErrorCode::IsDirectory,
        Errno::LOOP => ErrorCode::Loop,
        Errno::MLINK => ErrorCode::TooManyLinks,
        Errno::NAMETOOLONG => ErrorCode::NameTooLong,
        Errno::NOENT => ErrorCode::NoEntry,
        Errno::NOMEM | Errno::MFILE | Errno::NFILE => ErrorCode::InsufficientMemory,
        Errno::NOSPC => ErrorCode::InsufficientSpace,
        Errno::NOTDIR => ErrorCode::NotDirectory,
        Errno::NOTEMPTY => ErrorCode::NotEmpty,
        Errno::NOTSUP => ErrorCode::Unsupported,
        Errno::NODEV => ErrorCode::NoDevice,
        Errno::NXIO => ErrorCode::NoSuchDevice,
        Errno::OVERFLOW => ErrorCode::Overflow,
        Errno::PERM | Errno::XDEV => ErrorCode::NotPermitted,
        Errno::ROFS => ErrorCode::ReadOnly,
        Errno::SPIPE => ErrorCode::InvalidSeek,
        Errno::TXTBSY => ErrorCode::TextFileBusy,
        _ => ErrorCode::Io,
    }
}
