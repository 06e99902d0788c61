//! The skills that ship with the host, inside the program.

use skillhost_core::kind::Kind;

/// The component of `builtin:NAME`; none where there is no such skill.
pub(crate) fn component(name: &str) -> Option<&'static [u8]> {
    Some(match Kind::from_word(name)? {
        Kind::Spec => include_bytes!(env!("SKILLHOST_SKILL_SPEC")),
        Kind::Review => include_bytes!(env!("SKILLHOST_SKILL_REVIEW")),
        Kind::Implement => include_bytes!(env!("SKILLHOST_SKILL_IMPLEMENT")),
        Kind::Verify => include_bytes!(env!("SKILLHOST_SKILL_VERIFY")),
        Kind::Tool => return None,
    })
}
