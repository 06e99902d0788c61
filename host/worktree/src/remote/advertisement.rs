//! What a server says first: its refs, and what it can do.

use crate::id::CommitId;
use crate::remote::error::RemoteError;
use crate::remote::exchange::Service;
use crate::remote::packet::{Packet, expect, line};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// Most refs.
const MAX_REFS: usize = 1_000_000;
/// The id that stands for none.
const NONE: &[u8] = b"0000000000000000000000000000000000000000";

/// The refs of a repository elsewhere, and the capabilities of its server.
#[derive(Debug, Default)]
pub(super) struct Advertisement {
    pub(super) refs: BTreeMap<String, git2::Oid>,
    capabilities: BTreeSet<String>,
}

impl Advertisement {
    /// Reads what answers the first request.
    pub(super) fn read(from: &mut impl Read, service: Service) -> Result<Self, RemoteError> {
        let announced = format!("# service={}", service.name());
        if !matches!(expect(from)?, Packet::Data(data) if line(&data) == announced.as_bytes()) {
            return Err(RemoteError::protocol("its announcement"));
        }
        let mut read = Self::default();
        let mut is_first = true;
        if expect(from)? != Packet::Flush {
            return Err(RemoteError::protocol("its announcement"));
        }
        while let Packet::Data(data) = expect(from)? {
            let data = line(&data);
            if let Some(text) = data.strip_prefix(b"ERR ") {
                return Err(RemoteError::said(text));
            }
            let (named, capabilities) = match data.iter().position(|b| *b == 0).filter(|_| is_first) {
                Some(end) => (&data[..end], &data[end + 1..]),
                None => (data, &b""[..]),
            };
            if is_first {
                read.capabilities = words(capabilities);
                read.check_format()?;
            }
            is_first = false;
            read.add(named)?;
        }
        Ok(read)
    }

    fn add(&mut self, named: &[u8]) -> Result<(), RemoteError> {
        let malformed = || RemoteError::protocol("its list of refs");
        if named.starts_with(b"shallow ") {
            return Ok(());
        }
        let (id, name) = named.split_at_checked(40).ok_or_else(malformed)?;
        let name = name.strip_prefix(b" ").ok_or_else(malformed)?;
        if id == NONE {
            // An empty repository says what it can do, and names no ref.
            return Ok(());
        }
        let id = std::str::from_utf8(id).ok().and_then(|id| id.parse::<CommitId>().ok()).ok_or_else(malformed)?;
        if self.refs.len() >= MAX_REFS {
            return Err(RemoteError::TooMuch { limit: MAX_REFS as u64, what: "refs" });
        }
        // One that is no text can't be asked for. `^{}` marks what a tag stands for, which the object itself tells, too.
        if let Some(name) = std::str::from_utf8(name).ok().filter(|name| !name.ends_with("^{}")) {
            self.refs.insert(name.to_owned(), id.oid());
        }
        Ok(())
    }

    fn check_format(&self) -> Result<(), RemoteError> {
        let format = self.capabilities.iter().find_map(|capability| capability.strip_prefix("object-format="));
        match format {
            None | Some("sha1") => Ok(()),
            Some(_) => Err(crate::error::WorktreeError::ObjectFormat.into()),
        }
    }

    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// The capabilities that a request may name: those of `wanted` that the server has.
    pub(super) fn common(&self, wanted: &[&str]) -> String {
        let common = wanted.iter().filter(|capability| self.can(capability));
        common.map(|capability| format!(" {capability}")).collect()
    }

    /// Fails where the server lacks what nobody can do without.
    pub(super) fn require(&self, capability: &str) -> Result<(), RemoteError> {
        if self.can(capability) { Ok(()) } else { Err(RemoteError::protocol("its server is too old")) }
    }
}

fn words(text: &[u8]) -> BTreeSet<String> {
    String::from_utf8_lossy(text).split_ascii_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::remote::packet::{FLUSH, write};

    const ID: &str = "1111111111111111111111111111111111111111";

    fn read(lines: &[&str]) -> Result<Advertisement, RemoteError> {
        let mut bytes = Vec::new();
        write(&mut bytes, "# service=git-upload-pack\n");
        bytes.extend_from_slice(FLUSH);
        lines.iter().for_each(|line| write(&mut bytes, line));
        bytes.extend_from_slice(FLUSH);
        Advertisement::read(&mut bytes.as_slice(), Service::Fetch)
    }

    #[test]
    fn refs_and_capabilities_are_told_apart() {
        let first = format!("{ID} HEAD\0side-band-64k shallow agent=git/2\n");
        let read = read(&[&first, &format!("{ID} refs/heads/main\n"), &format!("{ID} refs/tags/v1^{{}}\n")]).unwrap();
        assert_eq!(read.refs.keys().collect::<Vec<_>>(), ["HEAD", "refs/heads/main"]);
        assert_eq!(read.common(&["side-band-64k", "ofs-delta", "shallow"]), " side-band-64k shallow");
        assert!(super::Advertisement::require(&read, "ofs-delta").is_err());
    }

    #[test]
    fn an_empty_repository_has_no_refs() {
        let none = String::from_utf8(NONE.to_vec()).unwrap();
        let read = read(&[&format!("{none} capabilities^{{}}\0report-status\n")]).unwrap();
        assert!(read.refs.is_empty() && read.can("report-status"));
    }

    #[test]
    fn r_16_what_is_no_list_of_refs_is_an_error() {
        for bad in ["", "x", ID, &ID.replace('1', "g"), &format!("{ID}\trefs/heads/main")] {
            assert!(read(&[bad]).is_err(), "{bad:?}");
        }
        let said = read(&["ERR no\u{1b}[31m\n"]).unwrap_err().to_string();
        assert!(said.ends_with("said: no\\u{1b}[31m"), "{said}");
        let other = read(&[&format!("{ID} HEAD\0object-format=sha256\n")]).unwrap_err();
        assert!(other.to_string().contains("sha1"), "{other}");
    }
}
