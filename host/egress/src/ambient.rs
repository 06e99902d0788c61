//! The only place of this crate that opens sockets and asks the system's resolver.
#![allow(clippy::disallowed_methods, reason = "ambient authority is gathered here")]

use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpStream;

/// The addresses that the system knows for a name.
pub(crate) async fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((name, 0)).await?;
    Ok(found.map(|address| address.ip()).collect())
}

/// A connection to an address that was judged.
pub(crate) async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address).await
}
