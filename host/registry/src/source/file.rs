//! A file of this machine, with its signatures beside it.

use super::error::Fault;
use crate::ambient;
use crate::fetched::{Attached, Fetched, MAX_ATTACHED_BYTES, MAX_COMPONENT_BYTES};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub(super) async fn fetch(path: &Path) -> Result<Fetched, Fault> {
    let path = path.to_owned();
    // A file may be on a network of its own.
    let read = tokio::task::spawn_blocking(move || read(&path));
    read.await.map_err(|e| Fault::File(io::Error::other(e)))?
}

fn read(path: &Path) -> Result<Fetched, Fault> {
    let component = ambient::read_regular(path, MAX_COMPONENT_BYTES)
        .map_err(|e| failed(e, "the component", MAX_COMPONENT_BYTES))?;
    let beside = |extension: &str| {
        ambient::read_regular_if_there(&with(path, extension), MAX_ATTACHED_BYTES)
            .map_err(|e| failed(e, "a signature", MAX_ATTACHED_BYTES))
    };
    let signature = beside(".sig")?.map(Attached::Signature);
    let bundle = beside(".sigstore.json")?.map(Attached::Bundle);
    let attached = signature.into_iter().chain(bundle).collect();
    Ok(Fetched { attached, ..Fetched::new(component, None) })
}

/// `x.wasm` to `x.wasm.sig`.
fn with(path: &Path, extension: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(extension);
    name.into()
}

fn failed(error: io::Error, what: &'static str, most_bytes: u64) -> Fault {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Fault::TooLarge { what, most_bytes },
        _ => Fault::File(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use crate::source::{Class, Sources, fetch};
    use crate::{Attached, MAX_ATTACHED_BYTES, MAX_COMPONENT_BYTES};
    use skillhost_core::digest::Digest;
    use skillhost_core::reach::Openings;
    use std::fs;
    use tempfile::TempDir;

    async fn class(folder: &TempDir, reference: &str) -> Class {
        let sources = Sources::new(folder.path(), Openings::default());
        fetch(&reference.parse().unwrap(), &sources).await.unwrap_err().class()
    }

    #[tokio::test]
    async fn a_file_comes_with_its_signatures() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("x.wasm"), "component").unwrap();
        fs::write(folder.path().join("x.wasm.sig"), "signature").unwrap();
        fs::write(folder.path().join("x.wasm.sigstore.json"), "bundle").unwrap();
        let sources = Sources::new(folder.path(), Openings::default());
        let fetched = fetch(&"./x.wasm".parse().unwrap(), &sources).await.unwrap();
        assert_eq!((fetched.component.as_slice(), fetched.resolved.as_ref()), (&b"component"[..], None));
        assert_eq!(fetched.digest, Digest::of(b"component"));
        assert_eq!(
            fetched.attached,
            [Attached::Signature(b"signature".to_vec()), Attached::Bundle(b"bundle".to_vec())]
        );
        let absolute = format!("file:{}", folder.path().join("x.wasm").display());
        assert_eq!(fetch(&absolute.parse().unwrap(), &sources).await.unwrap().component, fetched.component);
    }

    #[tokio::test]
    async fn r_05_what_has_no_end_or_is_no_file_is_not_read() {
        let folder = TempDir::new().unwrap();
        assert_eq!(class(&folder, "./absent.wasm").await, Class::Unavailable);
        assert_eq!(class(&folder, "./").await, Class::Unavailable);
        assert_eq!(class(&folder, "file:/dev/zero").await, Class::Unavailable);
        rustix::fs::mknodat(rustix::fs::CWD, folder.path().join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        assert_eq!(class(&folder, "./pipe").await, Class::Unavailable);
        let sparse = fs::File::create(folder.path().join("large")).unwrap();
        sparse.set_len(MAX_COMPONENT_BYTES + 1).unwrap();
        assert_eq!(class(&folder, "./large").await, Class::Limit);
        fs::write(folder.path().join("x.wasm"), "component").unwrap();
        let sparse = fs::File::create(folder.path().join("x.wasm.sig")).unwrap();
        sparse.set_len(MAX_ATTACHED_BYTES + 1).unwrap();
        assert_eq!(class(&folder, "./x.wasm").await, Class::Limit);
    }
}
