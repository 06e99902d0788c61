//! The phases of a run.

use crate::kind::Kind;
use crate::words::words;

words! {
    /// A phase of a run in which a skill works.
    Phase {
        /// The spec is written.
        Spec = "spec",
        /// The spec is attacked.
        SpecReview = "spec-review",
        /// The change is made.
        Implement = "implement",
        /// The gates ran; their results are judged.
        Verify = "verify",
        /// The change is attacked.
        ChangeReview = "change-review",
    }
}

impl Phase {
    /// The kind of skill that works in this phase.
    pub fn kind(self) -> Kind {
        match self {
            Phase::Spec => Kind::Spec,
            Phase::SpecReview | Phase::ChangeReview => Kind::Review,
            Phase::Implement => Kind::Implement,
            Phase::Verify => Kind::Verify,
        }
    }
}
