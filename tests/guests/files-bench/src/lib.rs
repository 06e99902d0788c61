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

/// Makes `count` files of some bytes in `folder`, and removes them; gives the bytes.
pub fn create_all(folder: &Path, count: u64) -> io::Result<u64> {
    let text = [b'x'; 1024];
    let name = |n| folder.join(format!("new-{n:04}.txt"));
    for n in 0..count {
        fs::write(name(n), text)?;
    }
    for n in 0..count {
        fs::remove_file(name(n))?;
    }
    Ok(count * text.len() as u64)
}

/// Reads one file whole; gives its bytes.
pub fn read_big(folder: &Path) -> io::Result<u64> {
    Ok(fs::read(folder.join("big.bin"))?.len() as u64)
}

/// Asks the size of the same file `count` times; gives the bytes.
pub fn stat_again(folder: &Path, count: u64) -> io::Result<u64> {
    let file = folder.join("file-0000.txt");
    (0..count).try_fold(0, |bytes, _| Ok(bytes + fs::metadata(&file)?.len()))
}

/// Files that `create_all` is asked to make.
pub const NEW_FILES: u64 = 200;
/// Questions that `stat_again` is asked to ask.
pub const QUESTIONS: u64 = 10_000;

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
                "create" => super::create_all(folder, super::NEW_FILES),
                "big" => super::read_big(Path::new("/repo")),
                "again" => super::stat_again(folder, super::QUESTIONS),
                _ => super::stat_all(folder),
            };
            bytes.map(|bytes| bytes.to_string()).map_err(|e| Error::Failed(e.to_string()))
        }
    }

    skillhost_sdk::export_tool!(Files);
}
