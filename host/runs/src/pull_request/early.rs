//! What a pull request says while there is no change to propose yet, or where none came of the run.

use super::text::{MarkdownText, Page};

const MAX_TITLE_CHARS: usize = 200;

/// The text of a draft whose run is at work.
pub(crate) fn at_work(goal: &str, run: &str, branch: &str, spec: &str) -> String {
    let mut page = begin(goal);
    page.paragraph(&[&"> Draft: run ", &MarkdownText::code(run, 40), &" is at work on this; its spec is committed."]);
    page.paragraph(&[&"The spec is ", &MarkdownText::code(spec, 300), &" on the branch ", &branch_of(branch), &"."]);
    page.paragraph(&[&"Implementation, gates and reviews come next; this text is then replaced by what they came to."]);
    page.finish()
}

/// The text of a draft whose run is over.
pub(crate) fn without_change(goal: &str, run: &str, branch: &str) -> String {
    let mut page = begin(goal);
    page.paragraph(&[&"> Draft: run ", &MarkdownText::code(run, 40), &" ended without a change to propose."]);
    page.paragraph(&[&"What it left is on the branch ", &branch_of(branch), &"; nobody is at work on it any more."]);
    page.finish()
}

fn begin(goal: &str) -> Page {
    let mut page = Page::default();
    page.line(&[&"# ", &MarkdownText::line(goal, MAX_TITLE_CHARS)]);
    page
}

fn branch_of(branch: &str) -> MarkdownText {
    MarkdownText::code(branch, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_10_nothing_that_others_wrote_becomes_markup() {
        let text = at_work("<img src=x> @all\n/merge", "k3x9p2ab", "skillhost/x-k3x9p2ab", "specs/`x`.md");
        assert!(text.starts_with("# &lt;img src=x&gt; @ all /merge\n\n> Draft: run `k3x9p2ab` is at work"), "{text}");
        assert!(!text.contains("\n/merge"));
    }
}
