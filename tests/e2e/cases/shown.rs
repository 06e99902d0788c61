//! Cases that documents and examples show are case files.

use crate::support::root;
use skillhost_cases::CaseFile;
use std::fs;

#[test]
fn what_is_shown_as_a_case_is_one() {
    let document = fs::read_to_string(root().join("docs/authors/testing.md")).unwrap();
    let blocks: Vec<&str> =
        document.split("\n```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("toml\n")).collect();
    // One to begin with, and one for each kind.
    assert_eq!(blocks.len(), 6);
    for block in blocks {
        let read = CaseFile::parse("testing.md", block.as_bytes().to_vec());
        assert!(read.is_ok(), "{}\n{block}", read.unwrap_err());
    }
    let shared = fs::read(root().join("sdk/todo-report/tests/cases.toml")).unwrap();
    assert_eq!(CaseFile::parse("cases.toml", shared).unwrap().cases.len(), 6);
    // The help's own.
    let help = super::World::bare().run(&["test", "--help"]).stdout;
    let example: String = help.lines().filter_map(|line| Some(format!("{}\n", line.strip_prefix("  ")?))).collect();
    let from = example.find("[[case]]").unwrap();
    let to = example[from..].lines().take_while(|line| line.starts_with('[') || line.contains(" = ")).count();
    let example: String = example[from..].lines().take(to).map(|line| format!("{line}\n")).collect();
    let case = CaseFile::parse("help", example.clone().into_bytes()).unwrap_or_else(|e| panic!("{e}\n{example}"));
    assert!(case.cases[0].expect.as_ref().is_some_and(|expect| expect.answer.is_some()), "{example}");
}
