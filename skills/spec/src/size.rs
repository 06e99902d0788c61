//! How large a spec may be, by the number of files that its plan touches.

use skillhost_sdk::glob::Globs;
use skillhost_sdk::{Host, Step, walk};

use crate::globs::is_literal;

/// The most that a plan may have, whatever it touches; more are several goals.
pub(crate) const MAX_STEPS: usize = 12;
/// The same for criteria.
pub(crate) const MAX_CRITERIA: usize = 15;
/// The most words of any document.
const MAX_WORDS: usize = 1_500;

/// What a plan that touches so many files may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) files: usize,
    pub(crate) words: usize,
    pub(crate) steps: usize,
    pub(crate) criteria: usize,
}

impl Size {
    pub(crate) fn of(files: usize) -> Size {
        let (words, steps, criteria) = match files {
            0..=3 => (300, 3, 5),
            4..=10 => (800, 8, 10),
            _ => (MAX_WORDS, MAX_STEPS, MAX_CRITERIA),
        };
        Size { files, words, steps, criteria }
    }

    /// The size of a plan with these steps.
    pub(crate) fn of_plan(host: &dyn Host, steps: &[Step]) -> Size {
        Size::of(files(host, steps))
    }
}

/// Before the plan is known.
pub(crate) fn too_long(words: usize, size: Option<Size>) -> Option<String> {
    let max = size.map_or(MAX_WORDS, |size| size.words);
    let about = size.map_or(String::new(), |size| format!(" for a change of {} files", size.files));
    // A model can't count its words, so half more than it is asked for passes.
    (words > max + max / 2)
        .then(|| format!("the document has {words} words, and {max} are enough{about}: shorten the longest sections"))
}

/// The files that a plan touches: those that its globs match, or one for each glob of files that are yet to be.
fn files(host: &dyn Host, steps: &[Step]) -> usize {
    let mut globs: Vec<&String> = steps.iter().flat_map(|step| &step.files).collect();
    globs.sort();
    globs.dedup();
    let tree =
        if globs.iter().all(|glob| is_literal(glob)) { vec![] } else { walk::walk(host, "").unwrap_or_default().files };
    let matched = |glob: &String| match Globs::parse([glob]) {
        Ok(parsed) if !is_literal(glob) => tree.iter().filter(|path| parsed.matches(path)).count().max(1),
        _ => 1,
    };
    globs.into_iter().map(matched).fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    fn step(files: &[&str]) -> Step {
        let files = files.iter().map(|glob| (*glob).to_owned()).collect();
        Step {
            id: "1".into(),
            title: String::new(),
            instructions: String::new(),
            files,
            after: vec![],
            criteria: vec![],
        }
    }

    #[test]
    fn what_a_spec_may_have_grows_with_its_files() {
        let table = [(1, (300, 3, 5)), (3, (300, 3, 5)), (4, (800, 8, 10)), (10, (800, 8, 10)), (11, (1_500, 12, 15))];
        for (files, (words, steps, criteria)) in table {
            assert_eq!(Size::of(files), Size { files, words, steps, criteria });
        }
    }

    #[test]
    fn a_glob_counts_for_the_files_that_it_matches_and_for_one_that_is_yet_to_be() {
        let host = mock::Host::new().file("src/a.rs", "").file("src/b.rs", "").file("tests/c.rs", "");
        let count = |globs: &[&str]| Size::of_plan(&host, &[step(globs), step(globs)]).files;
        assert_eq!(count(&["src/a.rs", "src/new.rs"]), 2);
        assert_eq!(count(&["src/**", "docs/**"]), 3);
        assert_eq!(count(&["**"]), 3);
        assert_eq!(count(&[]), 0);
    }

    #[test]
    fn a_document_may_be_half_longer_than_it_was_asked_to_be() {
        let size = Size::of(2);
        assert_eq!(too_long(450, Some(size)), None);
        let why = too_long(451, Some(size));
        assert_eq!(
            why.as_deref(),
            Some(
                "the document has 451 words, and 300 are enough for a change of 2 files: shorten the longest sections"
            )
        );
        assert_eq!((too_long(2_250, None), too_long(2_251, None).is_some()), (None, true));
    }
}
