//! What a change is measured by: a plan that touches some of it needs a line in the document that says so.
//!
//! Without that line a verifier fails the change, and a review of it ends with an open finding, however well it is made: better
//! to have it said here, where a review of the spec looks at the reason.

use skillhost_sdk::{Brief, Host, checks, intact};

use crate::plan::Plan;

/// Words of a step that changes what a test expects, beside adding some.
const EXPECTS: &[&str] = &["expected value", "expected result", "expectation", "existing test", "existing assertion"];
/// Words of a step that changes how near is near enough.
const BOUNDS: &[&str] = &["threshold", "tolerance", "epsilon", "coverage", "timeout"];

pub(crate) fn problems(host: &dyn Host, plan: &Plan, document: &str, brief: &Brief) -> Vec<String> {
    let programs = checks::programs(host);
    let mut problems = Vec::new();
    for step in &plan.steps {
        let says = step.instructions.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| says.contains(word));
        for path in step.files.iter().filter(|path| !path.contains(['*', '?', '[', '{'])) {
            let asked = [document, &brief.goal];
            let (what, is_said) = if let Some(what) = checks::measure(path, &programs) {
                (what, checks::announces(&asked, path))
            } else if intact::looks_like_test(path) && has(BOUNDS) {
                ("a file of tests", checks::announces_bounds(&asked, path))
            } else if intact::looks_like_test(path) && has(EXPECTS) {
                ("a file of tests", asked.iter().any(|text| intact::announces_expectation(text, path)))
            } else if checks::may_set_bars(path) && has(BOUNDS) {
                ("a file of thresholds", checks::announces(&asked, path))
            } else {
                continue;
            };
            if host.size(path).is_ok() && !is_said {
                problems.push(format!(
                    "`{path}` is {what}, step {} changes it, and no line of the document says so: name the file on a line \
                     that says what is changed there, and why; of a test what it expects now, or the new tolerance",
                    step.id
                ));
            }
        }
    }
    problems.dedup();
    problems
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::plan::Plan;
    use skillhost_sdk::{Step, mock};

    fn of(path: &str, instructions: &str, document: &str) -> Vec<String> {
        let step = Step {
            id: "1".into(),
            title: String::new(),
            instructions: instructions.into(),
            files: vec![path.into()],
            after: vec![],
            criteria: vec![],
        };
        let host = ["tests/a.rs", ".github/workflows/ci.yml", "test.sh", "jest.config.js", "src/a.rs"]
            .iter()
            .fold(mock::Host::new(), |host, path| host.file(path, "x\n"))
            .file("skillhost.toml", "[commands.test]\nrun = [\"sh\", \"test.sh\"]\n");
        problems(&host, &Plan { steps: vec![step], ..Plan::default() }, document, &mock::brief("goal"))
    }

    #[test]
    fn what_measures_the_change_has_to_be_named() {
        for (path, instructions) in [
            (".github/workflows/ci.yml", "Cache the build."),
            ("test.sh", "Run the new suite."),
            ("skillhost.toml", "Declare a command."),
            ("tests/a.rs", "Adapt the expected value of `adds`."),
            ("tests/a.rs", "Raise the tolerance."),
            ("jest.config.js", "Lower the coverage threshold."),
        ] {
            let found = of(path, instructions, "Nothing is said.");
            assert_eq!(found.len(), 1, "{path}: {instructions}");
            assert!(found[0].starts_with(&format!("`{path}` is ")), "{found:?}");
            assert!(
                of(path, instructions, &format!("- `{path}` is changed: it expects more, and the tolerance is 2."))
                    .is_empty(),
                "{path}"
            );
        }
        for (path, instructions) in [
            ("tests/a.rs", "Add a test that fails without it."),
            ("src/a.rs", "Change the threshold."),
            ("tests/new.rs", "Adapt the expected value."),
            (".github/workflows/new.yml", "Add a pipeline."),
            ("tests/**", "Adapt the expected value."),
        ] {
            assert!(of(path, instructions, "").is_empty(), "{path}: {instructions}");
        }
    }
}
