//! Works through a folder with the standard library's own file API. The functions are public, so that the benchmark can
//! call the very same code natively.
#![allow(clippy::disallowed_methods, reason = "a guest: what it reaches is the host's decision")]

use std::fs;
use std::io;
use std::path::Path;

/// Lists `folder`, opens each file and reads it; gives the bytes.
pub fn read_all(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        bytes += fs::read(entry?.path())?.len() as u64;
    }
    Ok(bytes)
}

/// Lists `folder` and asks each file's size; gives the bytes.
pub fn stat_all(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        bytes += fs::metadata(entry?.path())?.len();
    }
    Ok(bytes)
}

/// The component around them; natively there is none.
#[cfg(target_arch = "wasm32")]
mod component {
    use skillhost_sdk::{Error, Host, Tool};
    use std::path::Path;

    struct Files;

    impl Tool for Files {
        fn call(_host: &dyn Host, name: String, _arguments: String) -> Result<String, Error> {
            let folder = Path::new("/repo/many");
            let bytes = match name.as_str() {
                "read" => super::read_all(folder),
                _ => super::stat_all(folder),
            };
            bytes.map(|bytes| bytes.to_string()).map_err(|e| Error::Failed(e.to_string()))
        }
    }

    skillhost_sdk::export_tool!(Files);
}
