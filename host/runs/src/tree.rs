//! Read access to the files of one commit: all that conventions and detection see of a repository.

use skillhost_core::path::SkillPath;
use std::collections::BTreeMap;

/// The regular files of a commit. Links, submodules and names that no [`SkillPath`] can hold are not among them.
pub trait Tree {
    /// The paths of all files, sorted.
    fn list(&self) -> Vec<SkillPath>;

    /// The first `max_bytes` bytes of a file; none where there is no such file.
    fn read(&self, path: &SkillPath, max_bytes: usize) -> Option<Vec<u8>>;
}

/// A tree in memory.
impl Tree for BTreeMap<SkillPath, Vec<u8>> {
    fn list(&self) -> Vec<SkillPath> {
        self.keys().cloned().collect()
    }

    fn read(&self, path: &SkillPath, max_bytes: usize) -> Option<Vec<u8>> {
        self.get(path).map(|bytes| bytes[..bytes.len().min(max_bytes)].to_vec())
    }
}

/// The beginning of a text file; none where there is no such file, or where it is not text.
///
/// A character that the limit cuts in two is left out.
pub fn read_text(tree: &dyn Tree, path: &SkillPath, max_bytes: usize) -> Option<String> {
    let bytes = tree.read(path, max_bytes)?;
    if bytes.contains(&0) {
        return None;
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.to_owned()),
        Err(error) if error.error_len().is_none() => {
            Some(String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned())
        }
        Err(_) => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A tree from paths and texts.
    pub(crate) fn tree(files: &[(&str, &str)]) -> BTreeMap<SkillPath, Vec<u8>> {
        files.iter().map(|(path, text)| (SkillPath::parse(path).unwrap(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn text_is_utf_8_without_nul() {
        let mut files = tree(&[("a", "zażółć"), ("binary", "a\0b"), ("bom", "\u{feff}x")]);
        files.insert(SkillPath::parse("latin").unwrap(), vec![b'a', 0xff, b'b']);
        let read = |path: &str, max| read_text(&files, &SkillPath::parse(path).unwrap(), max);
        assert_eq!(read("a", 100).unwrap(), "zażółć");
        assert_eq!(read("a", 4).unwrap(), "zaż");
        assert_eq!(read("a", 3).unwrap(), "za");
        assert_eq!(read("bom", 100).unwrap(), "x");
        assert!(read("binary", 100).is_none());
        assert!(read("latin", 100).is_none());
        assert!(read("absent", 100).is_none());
    }
}
