//! The network of a declared command: none, or a proxy that reaches the hosts of its list.

use crate::commands::CommandError;
use crate::ledger::DenialRow;
use skillhost_audit::{Auditor, Payloads};
use skillhost_core::name::CommandName;
use skillhost_core::project::{Network, Project};
use skillhost_core::text::escape_terminal;
use skillhost_egress::{Dialer, Journal, Proxy, Refused, Rules, Waits};
use skillhost_sandbox::{Level, Serve};
use std::io;
use std::sync::{Arc, Mutex};

/// What is said of a command's refusals at once; all of them are in the report.
const MAX_TOLD: usize = 5;

/// A command's network while it runs.
pub(crate) struct Opened {
    command: CommandName,
    journal: Arc<Journal>,
    proxy: Arc<Mutex<Option<Proxy>>>,
    abandoned: Denials,
}

/// What commands were refused, for the run to save.
pub(crate) type Denials = Arc<Mutex<Vec<DenialRow>>>;

/// Opens a command's network: what the sandbox gives it, and what has to be closed after it. Where nobody does, since the
/// command was cancelled, its refusals go to `abandoned`.
pub(crate) fn open(
    name: &CommandName,
    network: &Network,
    dialer: &Dialer,
    (auditor, payloads): (&Auditor, &Arc<Payloads>),
    abandoned: &Denials,
) -> (skillhost_sandbox::Network, Option<Opened>) {
    let Network::Hosts(hosts) = network else { return (skillhost_sandbox::Network::None, None) };
    let journal = Journal::new(auditor.clone(), Arc::clone(payloads));
    let (kept, abandoned) = (Arc::clone(&journal), Arc::clone(abandoned));
    let opened = Opened { command: name.clone(), journal: kept, proxy: Arc::default(), abandoned };
    let (place, dialer) = (Arc::clone(&opened.proxy), dialer.clone());
    let rules = Rules { command: name.clone(), hosts: hosts.clone() };
    let serve = Serve::new(move |listener| {
        let proxy = Proxy::start(listener, dialer.clone(), rules.clone(), Arc::clone(&journal), Waits::default())?;
        let mut place = place.lock().map_err(|_| io::Error::other("a thread panicked"))?;
        *place = Some(proxy);
        Ok(())
    });
    (skillhost_sandbox::Network::Proxy(serve), Some(opened))
}

impl Opened {
    /// Ends all connections; gives what was refused.
    pub(crate) async fn close(self) -> Result<Vec<Refused>, CommandError> {
        let proxy = self.proxy.lock().ok().and_then(|mut proxy| proxy.take());
        if let Some(proxy) = proxy {
            proxy.end().await;
        }
        let report = self.journal.finish();
        let unrecorded = |source| CommandError::Unrecorded { name: self.command.clone(), source };
        report.map(|report| report.refused).map_err(unrecorded)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        keep(&self.abandoned, &self.command, &self.journal.take_refused());
    }
}

/// Keeps what a command was refused, for the run to save.
pub(crate) fn keep(denials: &Denials, name: &CommandName, refused: &[Refused]) {
    if let Ok(mut denials) = denials.lock() {
        denials.extend(refused.iter().map(|refused| DenialRow::of_command(name, refused)));
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
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;
    use skillhost_audit::{Actor, Keyring, Log, Subject};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn x_03_what_a_cancelled_command_was_refused_is_kept_for_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let run: skillhost_core::name::RunId = "7f3k".parse().unwrap();
        let keys = Keyring::open(folder.path()).unwrap();
        let key = || keys.subject(Subject::Run(run.clone())).unwrap();
        let log = Log::open(&folder.path().join("audit.jsonl"), run.clone(), &key()).unwrap();
        let payloads = Arc::new(Payloads::open(&folder.path().join("payloads"), run.clone(), key()).unwrap());
        let journal = Journal::new(log.auditor(Actor::default()), payloads);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let command: CommandName = "setup".parse().unwrap();
        let rules = Rules { command: command.clone(), hosts: Vec::new() };
        let dialer = Dialer::new(skillhost_core::reach::Openings::default());
        let proxy = Proxy::start(listener, dialer, rules, Arc::clone(&journal), Waits::default()).unwrap();
        let abandoned = Denials::default();
        let proxy = Arc::new(Mutex::new(Some(proxy)));
        let opened = Opened { command, journal, proxy, abandoned: Arc::clone(&abandoned) };
        let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
        client.write_all(b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(abandoned.lock().unwrap().is_empty());
        // Whoever ran the command is dropped where it waits.
        drop(opened);
        let kept = std::mem::take(&mut *abandoned.lock().unwrap());
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].skill.as_str(), kept[0].what.as_str()), ("command setup", "evil.example:443"));
        assert!(kept[0].remedy.contains("evil.example"), "{}", kept[0].remedy);
    }

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
