//! A file of this machine, with its signatures beside it. One that is to be beneath its folder is opened there: no link
//! leads out of it.

use super::error::Fault;
use super::rules::Reach;
use crate::ambient;
use crate::fetched::{Attached, Fetched, MAX_ATTACHED_BYTES, MAX_COMPONENT_BYTES};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

pub(super) async fn fetch(folder: &Path, path: &str, reach: Reach) -> Result<Fetched, Fault> {
    let place = Place { folder: folder.to_owned(), reach };
    let path = PathBuf::from(path);
    // A file may be on a network of its own.
    let read = tokio::task::spawn_blocking(move || place.fetch(&path));
    read.await.map_err(|e| Fault::File(io::Error::other(e)))?
}

/// Where files are looked for.
struct Place {
    folder: PathBuf,
    reach: Reach,
}

impl Place {
    fn fetch(&self, path: &Path) -> Result<Fetched, Fault> {
        let component =
            self.read(path, MAX_COMPONENT_BYTES).map_err(|e| failed(e, "the component", MAX_COMPONENT_BYTES))?;
        let beside = |extension: &str| {
            ambient::if_there(self.read(&with(path, extension), MAX_ATTACHED_BYTES))
                .map_err(|e| failed(e, "a signature", MAX_ATTACHED_BYTES))
        };
        let signature = beside(".sig")?.map(Attached::Signature);
        let bundle = beside(".sigstore.json")?.map(Attached::Bundle);
        let attached = signature.into_iter().chain(bundle).collect();
        Ok(Fetched { attached, ..Fetched::new(component, None) })
    }

    fn read(&self, path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
        match self.reach {
            Reach::Beneath => ambient::read_beneath(&self.folder, path, most_bytes),
            _ => ambient::read_regular(&self.folder.join(path), most_bytes),
        }
    }
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
        io::ErrorKind::CrossesDevices => Fault::Outside,
        _ => Fault::File(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use crate::source::{Class, FetchError, NamedBy, Rules, Sources, fetch};
    use crate::{Attached, Fetched, MAX_ATTACHED_BYTES, MAX_COMPONENT_BYTES};
    use skillhost_core::digest::Digest;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    async fn read(folder: &TempDir, reference: &str, by: NamedBy) -> Result<Fetched, FetchError> {
        fetch(&reference.parse().unwrap(), by, &Sources::new(folder.path(), Rules::default())).await
    }

    async fn class(folder: &TempDir, reference: &str, by: NamedBy) -> Class {
        read(folder, reference, by).await.unwrap_err().class()
    }

    #[tokio::test]
    async fn a_file_comes_with_its_signatures() {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("x.wasm"), "component").unwrap();
        fs::write(folder.path().join("x.wasm.sig"), "signature").unwrap();
        fs::write(folder.path().join("x.wasm.sigstore.json"), "bundle").unwrap();
        for by in [NamedBy::User, NamedBy::Lock] {
            let fetched = read(&folder, "./x.wasm", by).await.unwrap();
            assert_eq!((fetched.component.as_slice(), fetched.resolved.as_ref()), (&b"component"[..], None));
            assert_eq!(fetched.digest, Digest::of(b"component"));
            assert_eq!(
                fetched.attached,
                [Attached::Signature(b"signature".to_vec()), Attached::Bundle(b"bundle".to_vec())]
            );
        }
        let absolute = format!("file:{}", folder.path().join("x.wasm").display());
        assert_eq!(read(&folder, &absolute, NamedBy::User).await.unwrap().component, b"component");
    }

    #[tokio::test]
    async fn r_05_what_has_no_end_or_is_no_file_is_not_read() {
        let folder = TempDir::new().unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, folder.path().join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        let sparse = fs::File::create(folder.path().join("large")).unwrap();
        sparse.set_len(MAX_COMPONENT_BYTES + 1).unwrap();
        fs::write(folder.path().join("x.wasm"), "component").unwrap();
        let sparse = fs::File::create(folder.path().join("x.wasm.sig")).unwrap();
        sparse.set_len(MAX_ATTACHED_BYTES + 1).unwrap();
        for by in [NamedBy::User, NamedBy::Lock] {
            for (reference, expected) in [
                ("./absent.wasm", Class::Unavailable),
                ("./absent/x.wasm", Class::Unavailable),
                ("./", Class::Unavailable),
                ("./pipe", Class::Unavailable),
                ("./large", Class::Limit),
                ("./x.wasm", Class::Limit),
            ] {
                assert_eq!(class(&folder, reference, by).await, expected, "{reference} {by:?}");
            }
        }
        assert_eq!(class(&folder, "file:/dev/zero", NamedBy::User).await, Class::Unavailable);
    }

    #[tokio::test]
    async fn r_17_a_lock_leads_to_files_beneath_its_folder_and_to_no_others() {
        let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let secret = outside.path().join("secret");
        fs::write(&secret, "of the user's own").unwrap();
        fs::create_dir(folder.path().join("skills")).unwrap();
        fs::write(folder.path().join("skills/v2.wasm"), "component").unwrap();
        symlink("v2.wasm", folder.path().join("skills/current.wasm")).unwrap();
        symlink(&secret, folder.path().join("link.wasm")).unwrap();
        symlink(outside.path(), folder.path().join("folder")).unwrap();
        symlink("/nowhere/at/all", folder.path().join("dangling.wasm")).unwrap();
        symlink("/proc/self/fd/0", folder.path().join("magic.wasm")).unwrap();
        for reference in ["./skills/current.wasm", "file:./skills/../skills/v2.wasm"] {
            assert_eq!(read(&folder, reference, NamedBy::Lock).await.unwrap().component, b"component", "{reference}");
        }
        let absolute = format!("file:{}", secret.display());
        let up = format!("file:../{}/secret", outside.path().file_name().unwrap().to_str().unwrap());
        let own = format!("file:{}", folder.path().join("skills/v2.wasm").display());
        for reference in [
            absolute.as_str(),
            &up,
            &own,
            "./link.wasm",
            "./folder/secret",
            // Nobody learns whether it is there.
            "./dangling.wasm",
            "file:/nowhere/at/all",
            "file:/dev/zero",
            "file:/proc/self/environ",
            "./magic.wasm",
        ] {
            let error = read(&folder, reference, NamedBy::Lock).await.unwrap_err();
            assert_eq!(error.class(), Class::Denied, "{reference}: {:?}", error.fault);
        }
        // A component is one wherever it lies: its digest is what the lock's reader agreed to.
        fs::write(outside.path().join("x.wasm"), COMPONENT).unwrap();
        let elsewhere = format!("file:{}", outside.path().join("x.wasm").display());
        assert_eq!(read(&folder, &elsewhere, NamedBy::Lock).await.unwrap().component, COMPONENT);
        // Whoever types it means it.
        for reference in [absolute.as_str(), "./link.wasm", "./folder/secret"] {
            let read = read(&folder, reference, NamedBy::User).await.unwrap();
            assert_eq!(read.component, b"of the user's own", "{reference}");
        }
        // A signature is no way around.
        symlink(&secret, folder.path().join("skills/v2.wasm.sig")).unwrap();
        assert_eq!(class(&folder, "./skills/v2.wasm", NamedBy::Lock).await, Class::Denied);
    }
}
