//! What decides where may be looked for a skill: who named it, and the policies.

use super::error::Fault;
use skillhost_core::destination::{Destination, Scheme, WebUrl};
use skillhost_core::reach::Openings;
use skillhost_core::reference::{GitPlace, Reference, is_beneath};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

/// Who named a reference, which decides how near it may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// Whoever uses this machine, or its policy: a loopback address is meant, and so is any file.
    User,
    /// A lock, which comes with a repository and may be anybody's.
    Lock,
}

/// How near a reference may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To any file, and to a loopback address that it names.
    Meant,
    /// To files beneath the folder that it is seen from, through no link out of it.
    Beneath,
    /// To a component on this machine; of anything else nothing is learned, not even whether it is there.
    Component,
    /// To no address of this machine and its networks, unless a policy opens it.
    Opened,
}

impl NamedBy {
    /// How near this reference may lead. Here a lock leads to registries and to servers that have a certificate for this
    /// machine, whatever else listens beside them: they are asked for artifacts alone, or meant to be of the web.
    pub fn reach(self, reference: &Reference) -> Reach {
        let of_web = |url: &WebUrl| if url.scheme() == Scheme::Https { Reach::Meant } else { Reach::Opened };
        match (self, reference) {
            (Self::User, _) | (Self::Lock, Reference::Builtin(_) | Reference::Oci(_)) => Reach::Meant,
            (Self::Lock, Reference::File(path)) if is_beneath(Path::new(path)) => Reach::Beneath,
            (Self::Lock, Reference::File(_)) => Reach::Component,
            (Self::Lock, Reference::Web(url)) => of_web(url),
            (Self::Lock, Reference::Git(git)) => match &git.repository {
                GitPlace::Web(url) => of_web(url),
                GitPlace::Folder(_) => Reach::Component,
            },
        }
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_a_lock_names_leads_as_near_as_its_kind_may() {
        for (reference, expected) in [
            ("file:./x.wasm", Reach::Beneath),
            ("file:./a/../x.wasm", Reach::Beneath),
            ("file:../x.wasm", Reach::Component),
            ("file:./a/../../x.wasm", Reach::Component),
            ("/opt/x.wasm", Reach::Component),
            ("git+file:///srv/x.git#main:x.wasm", Reach::Component),
            ("https://127.0.0.1/x.wasm", Reach::Meant),
            ("http://127.0.0.1/x.wasm", Reach::Opened),
            ("git+https://127.0.0.1/x.git#main:x.wasm", Reach::Meant),
            ("git+http://127.0.0.1/x.git#main:x.wasm", Reach::Opened),
            ("oci://127.0.0.1:5000/x:1", Reach::Meant),
        ] {
            let reference = reference.parse().unwrap();
            assert_eq!(NamedBy::Lock.reach(&reference), expected, "{reference}");
            assert_eq!(NamedBy::User.reach(&reference), Reach::Meant, "{reference}");
        }
    }
}
