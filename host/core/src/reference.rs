//! References: where a skill comes from, as people write it and the lock keeps it.
//!
//! Each has one spelling, so that two references are the same place where their texts are the same. What a URL library
//! would repair, and every letter that looks like another, is refused: the reference is what people read in a review.

use crate::destination::{Destination, Scheme, WebUrl};
use crate::digest::Digest;
use crate::name::{SkillName, is_branch_name};
use crate::text::{escape_terminal, is_deceptive};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Component, Path};
use std::str::FromStr;

/// Longest reference, in bytes.
pub const MAX_REFERENCE_BYTES: usize = 1024;
/// Longest tag of a registry.
const MAX_TAG_BYTES: usize = 128;

/// Where a skill comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Reference {
    /// `builtin:NAME`: it comes with the program.
    Builtin(SkillName),
    /// `file:PATH`, or a path that begins with `.` or `/`. In a lock it is seen from the lock's folder.
    File(String),
    /// `https://…`: one file of the web.
    Web(WebUrl),
    /// `oci://HOST/NAME:TAG`, with `@sha256:…` instead of or behind the tag.
    Oci(OciReference),
    /// `git+https://…#REV:PATH` or `git+file:///…#REV:PATH`: one file of a repository.
    Git(GitReference),
}

/// An artifact of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciReference {
    /// The registry. It is spoken to with TLS, unless it is a loopback address.
    pub registry: Destination,
    /// Whether the text named the port.
    has_port: bool,
    /// The repository there: lower-case parts with slashes between them.
    pub repository: String,
    /// What moves: `1.2.0`, `latest`. One of tag and digest is there.
    pub tag: Option<String>,
    /// Digest of the manifest: what doesn't move.
    pub digest: Option<Digest>,
}

/// A file of a git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitReference {
    /// Where the repository is.
    pub repository: GitPlace,
    /// A branch, a tag or a commit.
    pub revision: String,
    /// The file's path from the repository's top: no `.`, no `..`, no empty part.
    pub path: String,
}

/// Where a git repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitPlace {
    /// Behind https, or behind http on a loopback address.
    Web(WebUrl),
    /// On this machine: an absolute path.
    Folder(String),
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no skill: {reason}")]
pub struct ReferenceError {
    /// The text, escaped.
    text: String,
    reason: String,
}

impl Reference {
    /// Whether what it names comes with the program.
    pub fn is_builtin(&self) -> bool {
        matches!(self, Self::Builtin(_))
    }

    /// Whether it is a place of one machine, which is another one elsewhere: a loopback address, a repository in a folder,
    /// a file that doesn't lie beneath the folder that its path is seen from. Links are not looked at. A server on a loopback
    /// address with TLS is none, nor is a registry: what else listens there answers to neither.
    pub fn is_of_one_machine(&self) -> bool {
        match self {
            Self::Builtin(_) => false,
            Self::File(path) => !is_beneath(Path::new(path)),
            Self::Web(url) => is_plainly_here(url),
            Self::Oci(_) => false,
            Self::Git(reference) => match &reference.repository {
                GitPlace::Web(url) => is_plainly_here(url),
                GitPlace::Folder(_) => true,
            },
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let failed = |reason: String| ReferenceError { text: escape_terminal(text, 120).as_str().to_owned(), reason };
        if text.len() > MAX_REFERENCE_BYTES {
            return Err(failed(format!("it is longer than {MAX_REFERENCE_BYTES} bytes")));
        }
        if text.chars().any(is_deceptive) {
            return Err(failed("it holds characters that don't show".to_owned()));
        }
        parse(text).map_err(failed)
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    if let Some(name) = text.strip_prefix("builtin:") {
        return name.parse().map(Reference::Builtin).map_err(|e| format!("{e}"));
    }
    if let Some(path) = text.strip_prefix("file:") {
        return file(path);
    }
    if text.starts_with(['.', '/']) {
        return file(text);
    }
    if let Some(rest) = text.strip_prefix("oci://") {
        return OciReference::read(rest).map(Reference::Oci);
    }
    if let Some(rest) = text.strip_prefix("git+") {
        return GitReference::read(rest).map(Reference::Git);
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        if text.contains('#') {
            return Err("a file of the web has no `#`".to_owned());
        }
        return private(text).map(Reference::Web);
    }
    Err("write ./FILE, https://…, oci://HOST/NAME:TAG, git+https://…#REV:PATH, or builtin:NAME".to_owned())
}

fn file(path: &str) -> Result<Reference, String> {
    if path.is_empty() || path.starts_with("//") {
        return Err("a file's path is missing".to_owned());
    }
    Ok(Reference::File(path.to_owned()))
}

/// A URL with TLS, or of this machine.
fn private(text: &str) -> Result<WebUrl, String> {
    let url = WebUrl::parse(text).map_err(|e| e.to_string())?;
    if url.scheme() == Scheme::Http && !is_loopback(url.destination()) {
        return Err("without TLS anybody on the way could change it; http is for loopback addresses".to_owned());
    }
    Ok(url)
}

fn is_loopback(destination: &Destination) -> bool {
    destination.host().address().is_some_and(|address| address.is_loopback())
}

/// Whether it is a server of this machine that is spoken to without TLS.
fn is_plainly_here(url: &WebUrl) -> bool {
    url.scheme() == Scheme::Http && is_loopback(url.destination())
}

/// Whether a file's path stays in the folder that it is seen from, at each of its steps. Links are not looked at: whoever
/// opens it sees to them.
pub fn is_beneath(path: &Path) -> bool {
    let depth = path.components().try_fold(0_usize, |depth, step| match step {
        Component::Normal(_) => Some(depth + 1),
        Component::CurDir => Some(depth),
        Component::ParentDir => depth.checked_sub(1),
        Component::RootDir | Component::Prefix(_) => None,
    });
    depth.is_some()
}

impl OciReference {
    fn read(text: &str) -> Result<Self, String> {
        let (place, digest) = match text.split_once('@') {
            Some((place, digest)) => (place, Some(digest.parse::<Digest>().map_err(|e| e.to_string())?)),
            None => (text, None),
        };
        let (registry, path) = place.split_once('/').ok_or("it has no name: oci://HOST/NAME:TAG")?;
        let has_port = registry.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let registry = Destination::parse_or(registry, Scheme::Https.default_port()).map_err(|e| e.to_string())?;
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !repository.split('/').all(is_repository_part) {
            return Err("a repository's name is made of lower-case letters, digits, and `.`, `_` or `-` between them"
                .to_owned());
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err("a tag is made of letters, digits, `_`, `.` and `-`, 128 at most".to_owned());
        }
        if tag.is_none() && digest.is_none() {
            return Err(
                "it names neither a tag nor a digest: oci://HOST/NAME:TAG or oci://HOST/NAME@sha256:…".to_owned()
            );
        }
        Ok(Self { registry, has_port, repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
    }

    /// Whether it is spoken to without TLS: only where nobody is on the way.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.registry)
    }

    /// The same artifact, and no other whatever its tag names later.
    pub fn pinned(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// Host and port, as the reference names them: what credentials are looked up by.
    pub fn registry_name(&self) -> String {
        if self.has_port { self.registry.to_string() } else { self.registry.host().to_string() }
    }
}

/// Runs of letters and digits with `.`, `_`, `__` or hyphens between them: the distribution's grammar.
fn is_repository_part(part: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_separator = |s: &str| s.is_empty() || matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-');
    part.starts_with(is_plain) && part.ends_with(is_plain) && part.split(is_plain).all(is_separator)
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= MAX_TAG_BYTES
        && tag.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

impl GitReference {
    fn read(text: &str) -> Result<Self, String> {
        let shape = "write git+https://HOST/REPOSITORY#REV:PATH";
        let (repository, file) =
            text.split_once('#').ok_or_else(|| format!("it names no revision and path: {shape}"))?;
        let (revision, path) = file.split_once(':').ok_or_else(|| format!("it names no path: {shape}"))?;
        let repository = match repository.strip_prefix("file://") {
            Some(folder) if folder.starts_with('/') && !folder.starts_with("//") => GitPlace::Folder(folder.to_owned()),
            Some(_) => return Err("a repository on this machine is named by its absolute path".to_owned()),
            None => GitPlace::Web(private(repository)?),
        };
        if !is_branch_name(revision) {
            return Err("a revision is a branch, a tag or a commit".to_owned());
        }
        if path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err("a path begins at the repository's top, and has no `.` and no `..`".to_owned());
        }
        Ok(Self { repository, revision: revision.to_owned(), path: path.to_owned() })
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin(name) => write!(f, "builtin:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Web(url) => url.fmt(f),
            Self::Oci(reference) => reference.fmt(f),
            Self::Git(reference) => reference.fmt(f),
        }
    }
}

impl fmt::Display for OciReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.registry_name(), self.repository)?;
        self.tag.as_ref().map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.as_ref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

impl fmt::Display for GitReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.repository {
            GitPlace::Web(url) => write!(f, "git+{url}")?,
            GitPlace::Folder(path) => write!(f, "git+file://{path}")?,
        }
        write!(f, "#{}:{}", self.revision, self.path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_is_beneath_where_none_of_its_steps_leaves_the_folder() {
        for path in ["x.wasm", "./x.wasm", "a/../x.wasm", "a/./b/../../x.wasm", "."] {
            assert!(is_beneath(Path::new(path)), "{path}");
            assert!(!Reference::File(path.to_owned()).is_of_one_machine(), "{path}");
        }
        for path in ["/x.wasm", "../x.wasm", "a/../../x.wasm", "../folder/x.wasm", "./../x.wasm", "/", ".."] {
            assert!(!is_beneath(Path::new(path)), "{path}");
            assert!(Reference::File(path.to_owned()).is_of_one_machine(), "{path}");
        }
    }

    #[test]
    fn each_kind_is_read_and_shown() {
        let digest = Digest::of(b"x");
        for (text, shown) in [
            ("builtin:spec", "builtin:spec"),
            ("file:./x.wasm", "file:./x.wasm"),
            ("./x.wasm", "file:./x.wasm"),
            ("/opt/x.wasm", "file:/opt/x.wasm"),
            ("https://example.com/x.wasm", "https://example.com/x.wasm"),
            ("http://127.0.0.1:8080/x.wasm", "http://127.0.0.1:8080/x.wasm"),
            ("oci://Registry.example.com/acme/x:1.2.0", "oci://registry.example.com/acme/x:1.2.0"),
            ("oci://127.0.0.1:5000/x:1", "oci://127.0.0.1:5000/x:1"),
            ("oci://[::1]/x:1", "oci://[::1]/x:1"),
            (&format!("oci://r.example:443/a/b_c/d--e@{digest}"), &format!("oci://r.example:443/a/b_c/d--e@{digest}")),
            (&format!("oci://r.example/a:v1@{digest}"), &format!("oci://r.example/a:v1@{digest}")),
            ("git+https://git.example/a.git#v1.0:skills/x.wasm", "git+https://git.example/a.git#v1.0:skills/x.wasm"),
            ("git+file:///srv/a.git#main:x.wasm", "git+file:///srv/a.git#main:x.wasm"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), shown);
            assert_eq!(shown.parse::<Reference>().unwrap(), reference);
        }
    }

    #[test]
    fn r_09_what_looks_like_another_place_is_refused() {
        for bad in [
            "",
            "x",
            "spec/../x",
            "builtin:spec/../x",
            "builtin:Spec",
            "file:",
            "http://example.com/x.wasm",
            "https://user@example.com/x.wasm",
            "https://example.com/x.wasm#y",
            "https://ехample.com/x.wasm",
            "oci://r.example",
            "oci://r.example/x",
            "oci://r.example/x:",
            "oci://r.example/X:1",
            "oci://r.example/a/../x:1",
            "oci://r.example//x:1",
            "oci://r.example/-x:1",
            "oci://r.example/a___b:1",
            "oci://r.example/a.-b:1",
            "oci://r.example/ѕpec:1",
            "oci://r.example/x:1@sha256:ABC",
            "oci://r.example/x@sha512:00",
            "oci://user:pass@r.example/x:1",
            "oci://r.example./x:1",
            "oci://0x7f.1/x:1",
            "git+https://git.example/a.git",
            "git+https://git.example/a.git#main",
            "git+https://git.example/a.git#--upload-pack=x:y",
            "git+https://git.example/a.git#main:../x",
            "git+https://git.example/a.git#main:/x",
            "git+http://git.example/a.git#main:x",
            "git+ssh://git.example/a.git#main:x",
            "git+ext::sh -c x#main:x",
            "git+file://host/a.git#main:x",
            "./x\u{202e}.wasm",
        ] {
            assert!(bad.parse::<Reference>().is_err(), "{bad:?}");
        }
        assert!(format!("oci://r.example/{}:1", "a".repeat(1100)).parse::<Reference>().is_err());
    }

    #[test]
    fn r_17_a_place_of_one_machine_is_told_from_one_that_is_the_same_everywhere() {
        let is_of_one_machine = |text: &str| text.parse::<Reference>().unwrap().is_of_one_machine();
        for here in [
            "/opt/x.wasm",
            "file:../x.wasm",
            "file:./a/../../x.wasm",
            "git+file:///srv/a.git#main:x.wasm",
            "http://127.0.0.1:8080/x.wasm",
            "git+http://[::1]:3000/a.git#main:x.wasm",
        ] {
            assert!(is_of_one_machine(here), "{here}");
        }
        for everywhere in [
            "builtin:spec",
            "./x.wasm",
            "file:./a/../x.wasm",
            "file:a/./b.wasm",
            "https://example.com/x.wasm",
            "oci://localhost.example.com/x:1",
            "oci://127.0.0.1:5000/x:1",
            "oci://[::1]/x:1",
            "https://127.9.9.9/x.wasm",
            "git+https://127.0.0.1/a.git#main:x.wasm",
            "git+https://git.example/a.git#main:x.wasm",
        ] {
            assert!(!is_of_one_machine(everywhere), "{everywhere}");
        }
    }

    #[test]
    fn a_refusal_shows_no_escape() {
        let error = "oci://\u{1b}[2J".parse::<Reference>().unwrap_err().to_string();
        assert!(!error.contains('\u{1b}') && error.contains("names no skill"), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_reads_back(text in "(oci://|git\\+|https://|file:|builtin:)?[ -~а]{0,80}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }
    }
}
