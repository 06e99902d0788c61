//! Tries the way out: a server of this machine's own, which only a policy could open.

use crate::ambient;
use crate::dial::{DialError, Dialer, Resolve};
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_core::destination::Destination;
use skillhost_core::measured::Measured;
use skillhost_core::reach::Openings;
use std::io;
use std::net::{IpAddr, Ipv4Addr};

/// A name server that says of every name that it is this machine.
struct Deceiver;

impl Resolve for Deceiver {
    fn resolve(&self, _name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        async { Ok(vec![Ipv4Addr::LOCALHOST.into()]) }.boxed()
    }
}

/// Asks for a server on loopback by its address, and by a name that leads there.
pub async fn measure() -> Measured {
    let tried = "reach a server of this machine, by its address and by a name that leads there";
    match attempt().await {
        Ok(true) => Measured::new(tried, true, "refused both times, though it takes connections"),
        Ok(false) => Measured::new(tried, false, "it was reached"),
        Err(error) => Measured::new(tried, false, error.to_string()),
    }
}

/// Whether it was refused.
async fn attempt() -> io::Result<bool> {
    let (_listener, address) = ambient::listen().await?;
    // That it can be reached at all: otherwise nothing would have been tried.
    drop(ambient::connect(address).await?);
    let dialer = Dialer::new(Openings::default()).with_resolver(Deceiver);
    for host in ["127.0.0.1", "deceiver.example"] {
        let destination = format!("{host}:{}", address.port());
        let destination = Destination::parse(&destination).map_err(io::Error::other)?;
        match dialer.connect(&destination).await {
            Err(DialError::Special { .. }) => {}
            Err(error) => return Err(io::Error::other(error)),
            Ok(_) => return Ok(false),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn x_03_a_server_of_this_machine_is_refused() {
        let measured = measure().await;
        assert!(measured.holds, "{measured:?}");
    }
}
