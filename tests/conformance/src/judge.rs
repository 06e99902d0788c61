//! Comparing what a case saw through the guard with what it saw on stock WASI, and both with what the case expects.

use crate::differences::Difference;
use crate::step::Step;
use anyhow::Result;
use std::collections::BTreeMap;

/// What is to be said about a case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The guard answered as stock WASI does.
    Passed,
    /// It differs as it is listed, for this reason, in these steps.
    Differs { reason: String, steps: Vec<Differing> },
    /// What is wrong, line by line.
    Failed(Vec<String>),
}

/// A step that the two answer differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Differing {
    pub(crate) what: String,
    pub(crate) stock: String,
    pub(crate) guard: String,
}

pub(crate) fn judge(stock: Result<Vec<Step>>, guard: Result<Vec<Step>>, listed: Option<&Difference>) -> Verdict {
    let (stock, guard) = match (stock, guard) {
        (Ok(stock), Ok(guard)) => (stock, guard),
        (stock, guard) => {
            let complaint = |host: &str, run: Result<Vec<Step>>| run.err().map(|error| format!("{host}: {error:#}"));
            return Verdict::Failed(
                [complaint("stock", stock), complaint("guard", guard)].into_iter().flatten().collect(),
            );
        }
    };
    let mut wrong = Vec::new();
    let mut found: Vec<Differing> = Vec::new();
    if stock.is_empty() || stock.len() != guard.len() {
        wrong.push(format!("{} steps on stock, {} through the guard", stock.len(), guard.len()));
    }
    for (stock, guard) in stock.iter().zip(&guard) {
        let Step { what, got, want } = stock;
        if got != want {
            wrong.push(format!("{what}: stock answers `{got}`, and the case expects `{want}`"));
        }
        if *what != guard.what {
            wrong.push(format!("{what}: through the guard this step is `{}`", guard.what));
        }
        if *got != guard.got {
            if found.iter().any(|other| other.what == *what) {
                wrong.push(format!("{what}: two steps of one name differ"));
            }
            found.push(Differing { what: what.clone(), stock: got.clone(), guard: guard.got.clone() });
        }
    }
    let nothing = BTreeMap::new();
    let expected = listed.map_or(&nothing, |listed| &listed.guard);
    for Differing { what, guard, .. } in &found {
        match expected.get(what) {
            Some(listed) if listed == guard => {}
            Some(listed) => wrong.push(format!("{what}: the guard answers `{guard}`, and `{listed}` is listed")),
            None => wrong.push(format!("{what}: the guard answers `{guard}`, which is not listed as a difference")),
        }
    }
    for what in expected.keys().filter(|what| !found.iter().any(|found| found.what == **what)) {
        wrong.push(format!("{what}: is listed as a difference, and is none any more"));
    }
    match listed {
        _ if !wrong.is_empty() => Verdict::Failed(wrong),
        Some(listed) => Verdict::Differs { reason: listed.reason.clone(), steps: found },
        None => Verdict::Passed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    fn steps(answers: &[(&str, &str)]) -> Vec<Step> {
        let step = |(what, got): &(&str, &str)| Step { what: (*what).into(), got: (*got).into(), want: "ok".into() };
        answers.iter().map(step).collect()
    }

    fn listed(what: &str, got: &str) -> Difference {
        Difference { reason: "links".into(), guard: [(what.to_owned(), got.to_owned())].into() }
    }

    #[test]
    fn what_differs_has_to_be_listed_exactly() {
        let same = || Ok(steps(&[("link", "ok"), ("stat", "ok")]));
        let other = || Ok(steps(&[("link", "no"), ("stat", "ok")]));
        let fails = |verdict| matches!(verdict, Verdict::Failed(_));
        assert_eq!(judge(same(), same(), None), Verdict::Passed);
        let found = vec![Differing { what: "link".into(), stock: "ok".into(), guard: "no".into() }];
        let differs = Verdict::Differs { reason: "links".into(), steps: found };
        assert_eq!(judge(same(), other(), Some(&listed("link", "no"))), differs);
        assert!(fails(judge(same(), other(), None)), "a difference that nobody listed");
        assert!(fails(judge(same(), other(), Some(&listed("link", "never")))), "another one than is listed");
        assert!(fails(judge(same(), same(), Some(&listed("link", "no")))), "one that is gone");
        assert!(fails(judge(other(), other(), None)), "stock doesn't do what the case expects");
        assert!(fails(judge(same(), Ok(steps(&[("link", "ok")])), None)), "a step too few");
        assert!(fails(judge(same(), Ok(steps(&[("link", "ok"), ("open", "ok")])), None)), "another step");
        assert!(fails(judge(Ok(Vec::new()), Ok(Vec::new()), None)), "a case that does nothing");
        assert!(fails(judge(same(), Err(anyhow!("trap")), None)), "a guest that ends");
        assert!(fails(judge(Err(anyhow!("trap")), same(), None)), "on either side");
    }
}
