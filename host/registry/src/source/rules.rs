//! What decides where may be looked for a skill: who named it, and the policies.

use super::error::Fault;
use skillhost_core::destination::{Destination, WebUrl};
use skillhost_core::reach::Openings;
use skillhost_core::reference::Reference;
use std::error::Error;
use std::sync::Arc;

/// Who named a reference, which decides how near it may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// Whoever uses this machine, or its policy: a loopback address is meant, and so is any file.
    User,
    /// A lock, which comes with a repository and may be anybody's: it leads to files beneath its own folder, to hosts that
    /// are no part of this machine and its networks, unless a policy opens them, and here to registries, servers with TLS
    /// and components alone.
    Lock,
}

/// Why policies don't allow a place, in words that name the rule.
pub type Denial = Box<dyn Error + Send + Sync>;

/// Judges a place by its name.
type Allow = dyn Fn(&Reference) -> Result<(), Denial> + Send + Sync;

/// What the policies of a machine say of places. Cheap to clone; the default is that of a machine without policies.
#[derive(Clone)]
pub struct Rules {
    pub(super) openings: Openings,
    allow: Arc<Allow>,
}

impl Rules {
    /// `openings` is what is open of the machine's own networks: without one of them, a name that leads to a private
    /// address is refused. `allow` judges each place that a skill may come from once somebody sends on to it.
    pub fn new(openings: Openings, allow: impl Fn(&Reference) -> Result<(), Denial> + Send + Sync + 'static) -> Self {
        Self { openings, allow: Arc::new(allow) }
    }

    /// Judges a place that a server sends on to, before anything of it is used.
    ///
    /// # Errors
    /// Where a policy doesn't allow it.
    pub fn judge(&self, from: &Destination, to: &WebUrl, named: &Reference) -> Result<(), Fault> {
        (self.allow)(named).map_err(|source| Fault::NotAllowed {
            destination: from.clone(),
            to: to.without_query().to_string(),
            source,
        })
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(Openings::default(), |_| Ok(()))
    }
}
