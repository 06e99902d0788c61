//! A spec skill that does what a test's goal asks for, by a word like `spec:never`; without one it does its work.

use skillhost_sdk::{Brief, Criterion, Document, Error, Host, Spec, Specification, Step};

struct Rogue;

impl Spec for Rogue {
    fn draft(_host: &dyn Host, brief: Brief) -> Result<Specification, Error> {
        let how = brief.goal.split_whitespace().find_map(|word| word.strip_prefix("spec:")).unwrap_or_default();
        let is_first = brief.findings.is_empty();
        let Some(Document { path, text }) = brief.spec else {
            return Err(Error::Invalid("the brief has no document to fill".to_owned()));
        };
        // What it was told of its last draft is written down, so that a test can see that it was.
        let told: Vec<_> = brief.findings.iter().map(|finding| format!("Told: {}\n", finding.message)).collect();
        let text = match how {
            "never" => text,
            "late" if is_first => text,
            _ => filled(&text, &told.concat()),
        };
        let is_broken = how == "broken-plan" || how == "broken-plan-once" && is_first;
        let (steps, criteria) = if is_broken {
            (vec![step("1", "../outside/**", "C9"), step("1", "src/**", "C1")], vec![criterion("C1", "rm -rf /")])
        } else {
            (vec![step("1", "src/**", "C1")], vec![criterion("C1", "test")])
        };
        let document = Document { path, text };
        Ok(Specification { document, steps, criteria, assumptions: Vec::new(), answers: Vec::new() })
    }
}

/// The document with a sentence under each of its sections.
fn filled(text: &str, told: &str) -> String {
    let fill = |line: &str| match line.starts_with("## ") {
        true => format!("{line}\n\nThere has to be a file.\n{told}"),
        false => line.to_owned(),
    };
    text.lines().map(fill).collect::<Vec<_>>().join("\n") + "\n"
}

fn step(id: &str, files: &str, criterion: &str) -> Step {
    Step {
        id: id.to_owned(),
        title: "Write a file".to_owned(),
        instructions: "Write src/a.".to_owned(),
        files: vec![files.to_owned()],
        after: Vec::new(),
        criteria: vec![criterion.to_owned()],
    }
}

fn criterion(id: &str, command: &str) -> Criterion {
    Criterion { id: id.to_owned(), statement: "There is a file".to_owned(), command: Some(command.to_owned()) }
}

skillhost_sdk::export_spec!(Rogue);
