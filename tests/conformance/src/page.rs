//! `docs/conformance.md`: what was compared, what differs and why. It is made from the table and the run.

use crate::differences::Differences;
use crate::judge::{Differing, Verdict};
use std::collections::BTreeMap;
use std::fmt;

/// How the cases ended so far.
#[derive(Default)]
pub(crate) struct Page {
    /// By case, with the target that it ran as.
    cases: BTreeMap<String, (&'static str, Verdict)>,
}

/// How many cases ended how.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Totals {
    passed: usize,
    differs: usize,
    pub(crate) failed: usize,
}

impl Totals {
    fn add(&mut self, verdict: &Verdict) {
        *match verdict {
            Verdict::Passed => &mut self.passed,
            Verdict::Differs { .. } => &mut self.differs,
            Verdict::Failed(_) => &mut self.failed,
        } += 1;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, differs, failed } = self;
        write!(f, "{} cases: {passed} passed, {differs} differ as listed, {failed} failed", passed + differs + failed)
    }
}

const HEAD: &str = "\
# How the guarded file system behaves

A skill sees `/repo` through the host's own file guard ([sandbox.md](sandbox.md#2-the-file-guard)), and its language's file
API is to work there as anywhere. `cargo xtask conformance` runs cases in the shape of the public WASI tests, built for
`wasm32-wasip2` (the standard library, and `wasi:filesystem` itself) and for `wasm32-wasip1` (the standard library, and
preview 1 through the adapter), each twice: as the product calls a skill, with everything granted, and on stock
`wasmtime-wasi`. Each step of a case has to answer the same, and what the case expects. Where it does not, the difference
is listed here; a difference that is not listed fails, and so does one that is gone.

This page is written by `cargo xtask conformance` from `tests/conformance/differences.toml`; a test holds that it is true.

";

impl Page {
    pub(crate) fn add(&mut self, target: &'static str, case: &str, verdict: Verdict) {
        self.cases.insert(case.to_owned(), (target, verdict));
    }

    pub(crate) fn has(&self, case: &str) -> bool {
        self.cases.contains_key(case)
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.cases.values().for_each(|(_, verdict)| totals.add(verdict));
        totals
    }

    pub(crate) fn text(&self, differences: &Differences) -> String {
        let mut groups: BTreeMap<(&str, &str), Totals> = BTreeMap::new();
        for (case, (target, verdict)) in &self.cases {
            let group = case.rsplit_once('/').map_or("", |(group, _)| group);
            groups.entry((group, target)).or_default().add(verdict);
        }
        let mut text =
            format!("{HEAD}{}.\n\n| cases | target | as stock | differ |\n|---|---|---|---|\n", self.totals());
        for ((group, target), Totals { passed, differs, .. }) in groups {
            text.push_str(&format!("| `{group}` | {target} | {passed} | {differs} |\n"));
        }
        text.push_str("\n## What differs, and why\n");
        for (id, reason) in &differences.reason {
            text.push_str(&format!("\n### {}\n{}\n\n", reason.title, reason.text.trim()));
            text.push_str("| case | step | stock | guard |\n|---|---|---|---|\n");
            for (case, (_, verdict)) in &self.cases {
                match verdict {
                    Verdict::Differs { reason, steps } if reason == id => {
                        steps.iter().for_each(|step| text.push_str(&row(case, step)));
                    }
                    _ => {}
                }
            }
        }
        text
    }
}

fn row(case: &str, Differing { what, stock, guard }: &Differing) -> String {
    let cell = |text: &str| if text.is_empty() { "nothing".to_owned() } else { text.replace('|', "\\|") };
    format!("| `{case}` | {} | {} | {} |\n", cell(what), cell(stock), cell(guard))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differences::Reason;

    #[test]
    fn the_page_counts_what_it_was_told() {
        let mut page = Page::default();
        page.add("wasm32-wasip2", "p2/open/one", Verdict::Passed);
        let step = Differing { what: "link".into(), stock: "ok".into(), guard: "not-permitted".into() };
        let differs = Verdict::Differs { reason: "links".into(), steps: vec![step] };
        page.add("wasm32-wasip2", "p2/open/two", differs);
        let reason = Reason { title: "Links".into(), text: "Why.".into() };
        let mut differences = Differences::default();
        differences.reason.insert("links".into(), reason);
        let text = page.text(&differences);
        assert!(text.contains("### Links\nWhy.\n"), "{text}");
        assert!(text.contains("| `p2/open/two` | link | ok | not-permitted |"), "{text}");
        assert!(text.contains("2 cases: 1 passed, 1 differ as listed, 0 failed."), "{text}");
        assert!(text.contains("| `p2/open` | wasm32-wasip2 | 1 | 1 |"), "{text}");
        assert!(page.has("p2/open/one") && !page.has("p2/open/three"));
        page.add("wasm32-wasip2", "p2/open/three", Verdict::Failed(Vec::new()));
        assert_eq!(page.totals().failed, 1);
    }
}
