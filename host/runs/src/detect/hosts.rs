//! The hosts that a lock file's packages come from, so that set-up may reach those and no others.

use skillhost_core::host::Host;
use std::collections::BTreeSet;

/// A lock file that names more hosts than this is not a lock file.
const MAX_HOSTS: usize = 16;

/// Hosts of the `https` addresses in a lock file, in the lines that say where a package comes from.
pub(super) fn hosts(lock: &str) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for line in lock.lines() {
        let says_where =
            ["resolved", "url", "registry", "source", "tarball", "index"].iter().any(|key| line.contains(key));
        if !says_where {
            continue;
        }
        for rest in line.split("https://").skip(1) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-')).unwrap_or(rest.len());
            let host = rest[..end].to_ascii_lowercase();
            // `user@host` names no host that can be granted.
            if host.contains('.') && Host::parse(&host).is_ok() && !rest[end..].starts_with(['@', ':']) {
                hosts.insert(host);
            }
            if hosts.len() == MAX_HOSTS {
                return hosts;
            }
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_stand_in_lock_files() {
        let lock = "\"resolved\": \"https://packages.example.com/a/-/a-1.tgz\",\n  resolved \"https://Other.example.org/b.tgz#1\"\n\
            url = \"https://files.example.net/x\"\n\"funding\": \"https://sponsor.example\"\n";
        let expected = ["files.example.net", "other.example.org", "packages.example.com"];
        assert_eq!(hosts(lock).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_no_host_is_left_out() {
        assert!(
            hosts("resolved https://0x7f.1/x https://user@evil.example/x https://localhost/x https://-a.b/ https://a..b/ https://")
                .is_empty()
        );
        let many: String = (0..1000).map(|n| format!("url https://h{n}.example/\n")).collect();
        assert_eq!(hosts(&many).len(), MAX_HOSTS);
    }
}
