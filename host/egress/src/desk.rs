//! Who decides for one command: is the place on its list, can that be recorded, is the address allowed.

use crate::dial::{DialError, Dialer};
use crate::journal::{Entry, Journal};
use crate::meter::Metered;
use hyper::StatusCode;
use skillhost_core::destination::Destination;
use skillhost_core::host::HostError;
use skillhost_core::name::CommandName;
use skillhost_core::reach::{HostPattern, WEB_PORTS, opens_by_name};
use std::sync::Arc;

/// What a command may reach.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The command, as the project names it.
    pub command: CommandName,
    /// Its list.
    pub hosts: Vec<HostPattern>,
}

impl Rules {
    fn allow(&self, destination: &Destination) -> bool {
        self.hosts.iter().any(|pattern| pattern.allows(destination))
    }

    /// The line of `skillhost.toml` that would allow it.
    fn remedy(&self, destination: &Destination) -> String {
        let is_usual = WEB_PORTS.contains(&destination.port());
        let wanted = if is_usual { destination.host().to_string() } else { destination.to_string() };
        let hosts = self.hosts.iter().map(ToString::to_string).chain([wanted]);
        let hosts: Vec<String> = hosts.map(|host| format!("\"{host}\"")).collect();
        format!("[commands.{}] network = [{}] in skillhost.toml", self.command, hosts.join(", "))
    }
}

/// The way out of one command.
pub(crate) struct Desk {
    pub(crate) dialer: Dialer,
    pub(crate) rules: Rules,
    pub(crate) journal: Arc<Journal>,
}

/// Why a request is not carried out; what its client is told. Names nothing of the host's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the command `{command}` may not reach {destination}; to allow it: {remedy}")]
    NotListed { command: CommandName, destination: Destination, remedy: String },
    #[error("{error}; to allow it: {remedy}")]
    Special { error: DialError, remedy: String },
    #[error("{0}")]
    Failed(DialError),
    #[error("the connection can't be recorded, so it isn't made")]
    Unrecorded,
    #[error("the request names no host: {0}")]
    Host(#[from] HostError),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("the server answered in no way that can be passed on")]
    Reply,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NotListed { .. } | Self::Special { .. } => StatusCode::FORBIDDEN,
            Self::Failed(DialError::TimedOut { .. }) => StatusCode::GATEWAY_TIMEOUT,
            Self::Failed(_) | Self::Reply => StatusCode::BAD_GATEWAY,
            Self::Unrecorded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Host(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl Desk {
    /// A connection to a place, recorded, to an address that was judged.
    pub(crate) async fn connect(&self, destination: &Destination) -> Result<(Metered, Entry), Refusal> {
        if !self.rules.allow(destination) {
            let (command, remedy) = (self.rules.command.clone(), self.rules.remedy(destination));
            self.journal.refuse(&destination.to_string(), &remedy);
            return Err(Refusal::NotListed { command, destination: destination.clone(), remedy });
        }
        let (journal, to) = (Arc::clone(&self.journal), destination.clone());
        // Waits for the disk.
        let begun = tokio::task::spawn_blocking(move || journal.begin(&to)).await;
        let Ok(Ok(mut entry)) = begun else { return Err(Refusal::Unrecorded) };
        match self.dialer.connect(destination).await {
            Ok(connection) => {
                let meter = entry.connected(connection.address);
                Ok((Metered::new(connection.stream, meter), entry))
            }
            Err(error) => {
                if let DialError::Special { address, .. } = &error {
                    let remedy = if opens_by_name(*address) {
                        format!("[network] private = [\"{}\"] in policy.toml", destination.host())
                    } else {
                        "[network] private in policy.toml, by address: no name opens this".to_owned()
                    };
                    entry.refused(*address, &remedy);
                    return Err(Refusal::Special { error, remedy });
                }
                if matches!(error, DialError::TimedOut { .. }) {
                    entry.timed_out();
                }
                Err(Refusal::Failed(error))
            }
        }
    }

    /// Records a request that names no place that could be allowed.
    pub(crate) fn refuse_malformed(&self) {
        self.journal.refuse("a malformed request", "a proxy's client that asks for `host:port` or `http://host/…`");
    }
}
