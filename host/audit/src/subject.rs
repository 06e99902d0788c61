use std::fmt;

use skillhost_core::name::RunId;

/// Whose a body is, so that it can be erased with all others of the same subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// A run.
    Run(RunId),
    /// A person, by whatever name the host's user knows them.
    Person(String),
}

impl Subject {
    /// A person's name never stands in a file name or in the clear beside their bodies.
    pub(crate) fn tag(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => write!(f, "run:{run}"),
            Self::Person(name) => write!(f, "person:{}", name.escape_debug()),
        }
    }
}
