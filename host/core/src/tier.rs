//! The tiers of model.

use crate::words::words;

words! {
    /// How capable a model is asked for; a project says which model that is.
    Tier {
        /// Small and quick.
        Cheap = "cheap",
        /// The usual one.
        Standard = "standard",
        /// The strongest.
        Capable = "capable",
    }
}

impl Tier {
    /// The next one up; the strongest is its own.
    pub fn stronger(self) -> Self {
        match self {
            Self::Cheap => Self::Standard,
            Self::Standard | Self::Capable => Self::Capable,
        }
    }
}
