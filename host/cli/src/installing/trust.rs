//! Whose signature a component carries, and whether that is enough here.
//!
//! To verify a signature takes longer than to load a skill, so this host remembers, under a key of its own, that it
//! verified one: for these bytes, this signer and these policies. Whoever can write the cache can't make it remember.

use crate::calling::policies::Policies;
use crate::failure::Failure;
use crate::installing::signers;
use crate::places::Places;
use crate::terminal::printer::Printer;
use skillhost_audit::Keyring;
use skillhost_core::digest::Digest;
use skillhost_core::lock::Locked;
use skillhost_core::reference::Reference;
use skillhost_core::signer::Signer;
use skillhost_registry::signature::{self, SignatureError, Signed};
use skillhost_registry::{Attached, Fetched, Store};

/// What the key is for, and nothing else.
const CONTEXT: &str = "skillhost 2026 verified signatures";

/// Signatures that were verified.
pub(crate) struct Trust<'a> {
    places: &'a Places,
    policies: &'a Policies,
    printer: Printer,
    /// Nothing is remembered.
    only_looks: bool,
}

/// A component that came from somewhere, with what was attached to it.
pub(crate) struct Candidate<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) component: &'a [u8],
    pub(crate) digest: Digest,
    pub(crate) attached: &'a [Attached],
}

/// Whose signature is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'a> {
    /// Anybody's, or nobody's where the policies don't mind.
    Any,
    /// This one's rather than another's.
    Rather(&'a Signer),
    /// This one's.
    Only(&'a Signer),
}

impl<'a> Wanted<'a> {
    pub(crate) fn rather(signer: Option<&'a Signer>) -> Self {
        signer.map_or(Self::Any, Self::Rather)
    }
}

impl<'a> Trust<'a> {
    pub(crate) fn new(places: &'a Places, policies: &'a Policies, printer: Printer) -> Self {
        Self { places, policies, printer, only_looks: false }
    }

    /// The same for what only looks: what is verified then is not remembered, since nothing is written.
    pub(crate) fn only_looking(self, only_looks: bool) -> Self {
        Self { only_looks, ..self }
    }

    /// Who signed a component that was fetched, with the signature: the one who is wanted, else the first whom the policies
    /// take. Gives nobody where it is unsigned and may be.
    pub(crate) fn judge(&self, candidate: &Candidate<'_>, wanted: Wanted<'_>) -> Result<Option<Signed>, Failure> {
        let Candidate { reference, component, digest, attached } = candidate;
        let failed = |e: &SignatureError| signers::failure(reference, e);
        let verified =
            signature::verify(component, attached, &signers::trust(self.policies)?).map_err(|e| failed(&e))?;
        let mut signers: Vec<&Signer> = verified.signers().iter().collect();
        match wanted {
            Wanted::Any => {}
            Wanted::Rather(one) => signers.sort_by_key(|signer| *signer != one),
            Wanted::Only(one) => {
                verified.require(one).map_err(|e| failed(&e))?;
                signers = vec![one];
            }
        }
        let mut refused = None;
        for signer in &signers {
            match self.accept(reference, std::slice::from_ref(*signer)) {
                Ok(()) => {
                    self.remember(digest, signer);
                    return Ok(verified.of(signer));
                }
                Err(failure) => drop(refused.get_or_insert(failure)),
            }
        }
        match refused {
            Some(failure) => Err(failure),
            None => self.accept(reference, &[]).map(|()| None),
        }
    }

    /// Whether the policies take a skill that is signed so; what they warn of is told.
    pub(crate) fn accept(&self, reference: &Reference, signers: &[Signer]) -> Result<(), Failure> {
        let warned = self.policies.check_signers(reference, signers)?;
        warned.iter().for_each(|warning| self.printer.warn(warning));
        Ok(())
    }

    /// Whether a locked skill may be loaded: its source and signer are allowed, and the signature of the signer that the
    /// lock names was verified, now or before. `attached` gives what was kept with it.
    pub(crate) fn check(
        &self,
        locked: &Locked,
        component: &[u8],
        attached: impl FnOnce() -> Vec<Attached>,
    ) -> Result<(), Failure> {
        let reference = &locked.source;
        self.policies.check_source(reference)?;
        let Some(signer) = &locked.signer else {
            if !self.policies.judge_signatures() {
                return Ok(());
            }
            // Nobody is pinned: then whoever signed it has to be somebody whom the policies take.
            let attached = attached();
            let candidate = Candidate { reference, component, digest: locked.digest, attached: &attached };
            return self.judge(&candidate, Wanted::Any).map(drop);
        };
        if self.remembers(&locked.digest, signer) {
            return self.accept(reference, std::slice::from_ref(signer));
        }
        let attached = attached();
        let candidate = Candidate { reference, component, digest: locked.digest, attached: &attached };
        self.judge(&candidate, Wanted::Only(signer)).map(drop).map_err(|failure| match attached.is_empty() {
            true => failure.hint("skillhost sync fetches the signature that the lock expects"),
            false => failure,
        })
    }

    /// The same of a component that was just fetched, and is the one that the lock names: gives the signature that the
    /// lock wants, which is to be kept.
    pub(crate) fn check_fetched(&self, locked: &Locked, fetched: &Fetched) -> Result<Option<Signed>, Failure> {
        let (reference, Fetched { component, digest, attached, .. }) = (&locked.source, fetched);
        self.policies.check_source(reference)?;
        let Some(signer) = &locked.signer else {
            if !self.policies.judge_signatures() {
                return Ok(None);
            }
            return self.judge(&Candidate { reference, component, digest: *digest, attached }, Wanted::Any);
        };
        match self.judge(&Candidate { reference, component, digest: *digest, attached }, Wanted::Only(signer)) {
            // It was verified here once, and its bytes are the same: what its source has lost since takes nothing away.
            Err(_) if self.remembers(digest, signer) => {
                self.accept(reference, std::slice::from_ref(signer)).map(|()| None)
            }
            judged => judged,
        }
    }

    fn remembers(&self, digest: &Digest, signer: &Signer) -> bool {
        let Ok(Some(keyring)) = Keyring::find(&self.places.state) else { return false };
        let Ok(tag) = self.tag(&keyring, digest, signer) else { return false };
        let noted = Store::new(&self.places.cache).noted(digest, signer);
        // Compared by the hash, in a time that tells nothing.
        noted.is_some_and(|noted| <[u8; blake3::OUT_LEN]>::try_from(noted).is_ok_and(|noted| tag == noted))
    }

    /// Where it can't be written, the next load verifies again.
    fn remember(&self, digest: &Digest, signer: &Signer) {
        if self.only_looks {
            return;
        }
        let store = Store::new(&self.places.cache);
        let written = Keyring::open(&self.places.state).map_err(std::io::Error::other).and_then(|keyring| {
            let tag = self.tag(&keyring, digest, signer)?;
            store.note(digest, signer, tag.as_bytes(), &store.hold())
        });
        if let Err(error) = written {
            tracing::info!(%digest, %error, "that a signature was verified could not be remembered");
        }
    }

    fn tag(&self, keyring: &Keyring, digest: &Digest, signer: &Signer) -> std::io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&keyring.derived(CONTEXT));
        let policies = self.policies.digest.map(|digest| digest.to_string()).unwrap_or_default();
        // A key is judged by nothing but itself; an identity by a root that may lose an authority.
        let root = match signer {
            Signer::Key(_) => String::new(),
            Signer::Identity { .. } => {
                signers::root_digest(self.policies).map_err(|_| std::io::ErrorKind::InvalidData)?.to_string()
            }
        };
        for part in [digest.to_string(), signer.to_string(), policies, root] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Ok(hasher.finalize())
    }
}
