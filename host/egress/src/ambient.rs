//! The only place of this crate that opens sockets and asks the system's resolver.
#![allow(clippy::disallowed_methods, reason = "ambient authority is gathered here")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::{fs, io};
use tokio::net::{TcpListener, TcpStream};

/// Names that the machine's owner wrote down.
const HOSTS_FILE: &str = "/etc/hosts";

/// The addresses that the system knows for a name. Holds one of the runtime's blocking threads while it is asked.
pub(crate) async fn resolve(name: String) -> io::Result<Vec<IpAddr>> {
    let looked_up = tokio::task::spawn_blocking(move || {
        let hosts = fs::read_to_string(HOSTS_FILE).unwrap_or_default();
        let found = (asked(name, &hosts), 0).to_socket_addrs()?;
        Ok(found.map(|address| address.ip()).collect())
    });
    looked_up.await.map_err(io::Error::other).flatten()
}

/// A name as the resolver is asked for it: one with a dot is whole, and ends in a dot, or a search list would try it
/// beneath other domains as well. Entries of the hosts file are found without that alone.
fn asked(name: String, hosts: &str) -> String {
    let names = |line: &str| {
        let entry = line.split('#').next().unwrap_or_default();
        entry.split_whitespace().skip(1).any(|own| own.eq_ignore_ascii_case(&name))
    };
    if !name.contains('.') || hosts.lines().any(names) { name } else { format!("{name}.") }
}

/// A connection to an address that was judged.
pub(crate) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address).await
}

/// A server on loopback, and where it is.
pub(crate) async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_03_a_search_list_adds_nothing_to_a_whole_name() {
        let hosts = "127.0.0.1 localhost\n10.0.0.1\tregistry.corp.example registry # other.example\n#1.1.1.1 x.example";
        for (name, expected) in [
            ("api.example.com", "api.example.com."),
            ("localhost", "localhost"),
            ("registry.corp.example", "registry.corp.example"),
            ("other.example", "other.example."),
            ("x.example", "x.example."),
            ("10.0.0.1", "10.0.0.1."),
        ] {
            assert_eq!(asked(name.to_owned(), hosts), expected);
        }
    }
}
