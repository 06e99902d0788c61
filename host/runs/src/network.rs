//! The network of a declared command: none, or a proxy that reaches the hosts of its list.

use crate::commands::CommandError;
use skillhost_audit::{Auditor, Payloads};
use skillhost_core::name::CommandName;
use skillhost_core::project::{Network, Project};
use skillhost_core::text::escape_terminal;
use skillhost_egress::{Dialer, Journal, Proxy, Refused, Rules};
use skillhost_sandbox::{Level, Serve};
use std::io;
use std::sync::{Arc, Mutex};

/// What is said of a command's refusals at once; all of them are in the report.
const MAX_TOLD: usize = 5;

/// A command's network while it runs.
pub(crate) struct Opened {
    journal: Arc<Journal>,
    proxy: Arc<Mutex<Option<Proxy>>>,
}

/// Opens a command's network: what the sandbox gives it, and what has to be closed after it.
pub(crate) fn open(
    name: &CommandName,
    network: &Network,
    dialer: &Dialer,
    (auditor, payloads): (&Auditor, &Arc<Payloads>),
) -> (skillhost_sandbox::Network, Option<Opened>) {
    let Network::Hosts(hosts) = network else { return (skillhost_sandbox::Network::None, None) };
    let journal = Journal::new(auditor.clone(), Arc::clone(payloads));
    let opened = Opened { journal: Arc::clone(&journal), proxy: Arc::default() };
    let (place, dialer) = (Arc::clone(&opened.proxy), dialer.clone());
    let rules = Rules { command: name.clone(), hosts: hosts.clone() };
    let serve = Serve::new(move |listener| {
        let proxy = Proxy::start(listener, dialer.clone(), rules.clone(), Arc::clone(&journal))?;
        let mut place = place.lock().map_err(|_| io::Error::other("a thread panicked"))?;
        *place = Some(proxy);
        Ok(())
    });
    (skillhost_sandbox::Network::Proxy(serve), Some(opened))
}

impl Opened {
    /// Ends all connections; gives what was refused.
    pub(crate) async fn close(self, name: &CommandName) -> Result<Vec<Refused>, CommandError> {
        let proxy = self.proxy.lock().ok().and_then(|mut proxy| proxy.take());
        if let Some(proxy) = proxy {
            proxy.end().await;
        }
        let report = self.journal.finish();
        report.map(|report| report.refused).map_err(|source| CommandError::Unrecorded { name: name.clone(), source })
    }
}

/// What people are told of a command's refusals, a line each.
pub(crate) fn tell(name: &CommandName, refused: &[Refused]) -> Vec<String> {
    let line = |refused: &Refused| format!("{name} was refused {}; to allow it: {}", refused.what, refused.remedy);
    let mut lines: Vec<String> = refused.iter().take(MAX_TOLD).map(line).collect();
    if let Some(more) = refused.len().checked_sub(MAX_TOLD).filter(|more| *more > 0) {
        lines.push(format!("{name} was refused {more} other places"));
    }
    lines
}

/// How a command's network was held, as records say it.
pub(crate) fn word(network: &Network, level: &Level) -> &'static str {
    match (level, network) {
        (Level::Unsandboxed, _) => "open",
        (_, Network::None) => "none",
        (_, Network::Hosts(_)) => "hosts",
    }
}

/// What has to be said before a run without a sandbox: a list is no wall there.
pub(crate) fn warning(project: &Project, level: &Level) -> Option<String> {
    let lists = project.commands.iter().filter(|(_, command)| command.network != Network::None);
    let names: Vec<String> = lists.map(|(name, _)| format!("`{name}`")).collect();
    let is_open = *level == Level::Unsandboxed && !names.is_empty();
    is_open.then(|| {
        let names = escape_terminal(&names.join(", "), 200).to_string();
        format!(
            "without a sandbox nothing holds commands to their hosts: the lists of {names} are an offer, not a wall"
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn refusals_are_told_shortly() {
        let refused: Vec<Refused> =
            (0..7).map(|n| Refused { what: format!("h{n}.example:443"), remedy: "that".to_owned() }).collect();
        let lines = tell(&"setup".parse().unwrap(), &refused);
        assert_eq!(lines.len(), 6);
        assert_eq!(lines[0], "setup was refused h0.example:443; to allow it: that");
        assert_eq!(lines[5], "setup was refused 2 other places");
    }

    #[test]
    fn a_list_is_a_wall_in_a_sandbox_alone() {
        let hosts = Network::Hosts(vec!["example.com".parse().unwrap()]);
        assert_eq!(word(&Network::None, &Level::Full), "none");
        assert_eq!(word(&hosts, &Level::Full), "hosts");
        assert_eq!(word(&Network::None, &Level::Unsandboxed), "open");
        let text = "[commands.setup]\nrun = [\"a\"]\nnetwork = [\"example.com\"]\n";
        let project = Project::parse("f", text).unwrap();
        assert!(warning(&project, &Level::Unsandboxed).unwrap().contains("`setup`"));
        assert_eq!(warning(&project, &Level::Full), None);
        assert_eq!(warning(&Project::default(), &Level::Unsandboxed), None);
    }
}
