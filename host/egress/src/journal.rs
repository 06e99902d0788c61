//! What one command reached, in the audit log: an intent before each connection, its outcome after, and each refusal.
//!
//! A command may connect as often as it likes, so only the first connections have entries of their own; one intent then
//! covers all others, and its outcome counts them. The same holds for refusals.

use crate::meter::Meter;
use skillhost_audit::{
    AuditError, Auditor, BodyKind, Class, Count, Counts, Event, Intent, Kind, Outcome, Payloads, Status,
};
use skillhost_core::destination::Destination;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections, and refusals, of one command that have entries of their own.
const MAX_SINGLE: u64 = 100;
/// Different places that are kept by name beyond those.
const MAX_PLACES: usize = 1_000;

/// Writes what one command reaches. Held by whoever runs the command.
pub struct Journal {
    auditor: Auditor,
    payloads: Arc<Payloads>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: u64,
    refusals: u64,
    refused: Vec<Refused>,
    /// Covers connections beyond the single ones.
    rest: Option<Intent>,
    rest_counts: Counts,
    rest_places: BTreeSet<String>,
    failed: Option<AuditError>,
    is_closed: bool,
}

/// What a command asked for and did not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Host and port, fit for a terminal.
    pub what: String,
    /// The line that would allow it.
    pub remedy: String,
}

/// What it came to.
#[derive(Debug, Default)]
pub struct Report {
    /// Connections that were allowed.
    pub connections: u64,
    /// Different refusals, at most a hundred.
    pub refused: Vec<Refused>,
    /// How often in all.
    pub refusals: u64,
}

impl Journal {
    /// In whose name, and where bodies are sealed.
    pub fn new(auditor: Auditor, payloads: Arc<Payloads>) -> Arc<Self> {
        Arc::new(Self { auditor, payloads, state: Mutex::default() })
    }

    /// Announces a connection; without that there is none. Waits for the disk.
    ///
    /// # Errors
    /// Where it can't be recorded, or all of it has been.
    pub(crate) fn begin(self: &Arc<Self>, destination: &Destination) -> Result<Entry, AuditError> {
        let mut state = self.state();
        if state.is_closed {
            return Err(AuditError::LogClosed);
        }
        state.connections += 1;
        let single = if state.connections <= MAX_SINGLE {
            let name = destination.to_string();
            let event = Event::granted(Class::Network, Kind::Connect)
                .on(self.auditor.commit(Class::Network, name.as_bytes()))
                .payload(self.payloads.put(BodyKind::Destination, name.as_bytes())?);
            // The next one may begin while this waits for the disk.
            drop(state);
            Some(self.auditor.intent(event)?)
        } else {
            if state.rest.is_none() {
                state.rest = Some(self.auditor.intent(Event::granted(Class::Network, Kind::Connect))?);
            }
            None
        };
        let (journal, meter) = (Arc::clone(self), Arc::default());
        let place = destination.to_string();
        Ok(Entry { journal, place, address: None, meter, status: Status::Failed, single })
    }

    /// Records a refusal that no intent came before.
    pub(crate) fn refuse(&self, what: &str, remedy: &str) {
        let mut state = self.state();
        state.note_refused(what, remedy);
        if state.refusals <= MAX_SINGLE {
            let wished = self.auditor.commit(Class::Network, what.as_bytes());
            let event = Event::denied(Class::Network, Kind::Connect).on(wished);
            let written = self
                .payloads
                .put(BodyKind::Destination, what.as_bytes())
                .and_then(|payload| self.auditor.decision(event.payload(payload)));
            state.failed = state.failed.take().or(written.err());
        }
    }

    /// Closes it, when the command and all its connections have ended.
    ///
    /// # Errors
    /// Where something of it could not be recorded.
    pub fn finish(&self) -> Result<Report, AuditError> {
        let mut state = self.state();
        self.close(&mut state)?;
        let refused = std::mem::take(&mut state.refused);
        Ok(Report { connections: state.connections, refused, refusals: state.refusals })
    }

    /// What was refused and nobody was told of yet.
    pub fn take_refused(&self) -> Vec<Refused> {
        std::mem::take(&mut self.state().refused)
    }

    /// Writes what has no entry yet, once.
    fn close(&self, state: &mut State) -> Result<(), AuditError> {
        if std::mem::replace(&mut state.is_closed, true) {
            return Ok(());
        }
        if let Some(rest) = state.rest.take() {
            let places = std::mem::take(&mut state.rest_places).into_iter().collect::<Vec<_>>().join("\n");
            let payload = self.payloads.put(BodyKind::Destination, places.as_bytes())?;
            rest.outcome(Outcome::done().counts(&state.rest_counts).payload(payload))?;
        }
        if let Some(more) = state.refusals.checked_sub(MAX_SINGLE).filter(|more| *more > 0) {
            self.auditor.decision(Event::denied(Class::Network, Kind::Connect).count(Count::Denials, more))?;
        }
        state.failed.take().map_or(Ok(()), Err)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Whoever ran the command was ended before it could ask; each connection has held it, so all have their outcomes.
        let mut state = std::mem::take(self.state.get_mut().unwrap_or_else(PoisonError::into_inner));
        let _ = self.close(&mut state);
    }
}

impl State {
    fn note_refused(&mut self, what: &str, remedy: &str) {
        self.refusals += 1;
        let refused = Refused { what: what.to_owned(), remedy: remedy.to_owned() };
        if (self.refused.len() as u64) < MAX_SINGLE && !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }
}

/// A connection that was announced. Its outcome is written when it is dropped, however it ended.
pub(crate) struct Entry {
    journal: Arc<Journal>,
    place: String,
    address: Option<IpAddr>,
    meter: Arc<Meter>,
    status: Status,
    /// None where it is counted with others.
    single: Option<Intent>,
}

impl Entry {
    /// It was made, to this address; what passes is counted by the meter that is returned.
    pub(crate) fn connected(&mut self, address: SocketAddr) -> Arc<Meter> {
        self.address = Some(address.ip());
        self.status = Status::Done;
        Arc::clone(&self.meter)
    }

    /// Its address is one that no policy opens.
    pub(crate) fn refused(&mut self, address: IpAddr, remedy: &str) {
        self.address = Some(address);
        self.status = Status::Denied;
        self.journal.state().note_refused(&self.place, remedy);
    }

    /// Nobody answered.
    pub(crate) fn timed_out(&mut self) {
        self.status = Status::TimedOut;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let (read, written) = (self.meter.read(), self.meter.written());
        let place = match self.address {
            Some(address) => format!("{} {address}", self.place),
            None => self.place.clone(),
        };
        match self.single.take() {
            Some(intent) => {
                let payload = self.journal.payloads.put(BodyKind::Destination, place.as_bytes());
                let outcome = Outcome::of(self.status).count(Count::BytesIn, read).count(Count::BytesOut, written);
                let written = payload.and_then(|payload| intent.outcome(outcome.payload(payload)));
                let mut state = self.journal.state();
                state.failed = state.failed.take().or(written.err());
            }
            None => {
                let mut state = self.journal.state();
                state.rest_counts.add(Count::Calls, 1);
                state.rest_counts.add(Count::BytesIn, read);
                state.rest_counts.add(Count::BytesOut, written);
                if state.rest_places.len() < MAX_PLACES {
                    state.rest_places.insert(place);
                }
            }
        }
    }
}
