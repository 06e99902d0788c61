//! Case files of a skill's tests: read, compared with what came, and updated.
//!
//! An input is a case file, an answer in JSON, and two lists of lines: what was expected of a list, and what came.

use super::{Target, join, source, texts};
use serde_json::{Value, json};
use skillhost_cases::{Case, CaseFile, Failing, Fix, Happened, Now, Outcome, compare, recording, update};
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use skillhost_core::phase::Phase;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const TARGET: Target = Target {
    name: "case_file",
    check,
    seeds,
    words: &[
        "[[case]]\n",
        "name = \"a\"\n",
        "[case.expect]\n",
        "answer = { n = 1 }\n",
        "answer_has = [{}, 1]\n",
        "[[case.expect.answer]]\n",
        "[[case.expect.answer.x]]\n",
        "error = \"denied\"\n",
        "files.\"a/b\" = ",
        "change.a = { absent = true }\n",
        "{ from = \"x\" }",
        "{ has = [\"x\"] }",
        "denials = [",
        " # why\n",
        "[[case.reply]]\n",
        "tool_calls = [{ name = \"read\" }]\n",
        "[[case.http]]\nurl = \"https://a.example\"\n",
        "secrets.TOKEN = [\"https://a.example\"]\n",
        "[case.brief]\ngoal = \"x\"\n",
        "expect = { answer = [1, 2] }\n",
        "\"\"\"",
        "\r\n",
        "../",
    ],
    mutations: 3_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let nested = "[[case]] # a\nname = \"a\"\n\n[case.expect]\nanswer = [\n  # one\n  { n = 1, m = [1, 2] }, # first\n  { n = 2 } # last\n]\n\n# b\n[[case]]\nname = \"b\"\nexpect = { answer_has = { x = 1 }, files = { a = \"1\" } }\n";
    vec![
        join([&source("sdk/todo-report/tests/cases.toml"), b"{\"todos\": []}", b"a\nb\nc", b"a\nc"]),
        join([nested.as_bytes(), b"[{\"n\": 0}, {\"n\": 1, \"m\": [2]}, {\"n\": 2}]", b"a\nb", b"x\na\nb"]),
        join([b"[[case]]\nname = \"a\"\n", b"7", b"", b"a"]),
    ]
}

fn check(data: &[u8]) {
    let [text, answer, old, new] = texts(data);
    let lines = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.chars().any(char::is_control)).take(40).map(str::to_owned).collect()
    };
    let (old, new) = (lines(&old), lines(&new));
    check_lists(&old, &new);
    check_findings(&old, &new);
    let file = match CaseFile::parse("x.toml", text.clone().into_bytes()) {
        Ok(file) => file,
        Err(error) => return super::project::check_error(&error, &text),
    };
    assert!(!file.cases.is_empty() && file.cases.is_sorted_by(|one, other| one.line <= other.line));
    for (index, case) in file.cases.iter().enumerate().take(4) {
        check_case(case);
        let outcome = match serde_json::from_str::<Value>(&answer) {
            Ok(answer) => Outcome::Answered(answer),
            Err(_) => Outcome::Failed(Failing::Failed, answer.clone()),
        };
        check_update(&text, index, case, &happened(outcome, &new, &answer));
    }
}

fn happened(outcome: Outcome, denials: &[String], file: &str) -> Happened {
    let path = SkillPath::parse("a/b").expect("a path");
    Happened {
        outcome,
        touched: BTreeSet::from([path.clone()]),
        files: BTreeMap::from([(path, Now::Holds(file.into()))]),
        denials: denials.to_vec(),
        commands: denials.to_vec(),
        log: Vec::new(),
        unmet: Vec::new(),
    }
}

fn check_case(case: &Case) {
    assert!(!case.name.trim().is_empty());
    let files: BTreeSet<&SkillPath> = case.files.keys().chain(case.change.keys()).collect();
    for path in files.iter().filter_map(|path| path.parent()) {
        assert!(!files.contains(&path) && !path.as_str().contains(".."), "{path} is a file and a directory");
    }
    let script = recording(&case.replies, Phase::Implement);
    assert!(script.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{script}");
    assert_eq!(script.lines().count(), case.replies.len() + 1);
}

/// What is accepted reads as a case file in which the case passes and the others are as they were, and to accept it again
/// changes nothing. What stands around all of it stays.
fn check_update(text: &str, index: usize, case: &Case, happened: &Happened) {
    let beside = BTreeMap::new();
    let fixes_of = |case: &Case| -> Option<Vec<Fix>> {
        compare(case, Kind::Tool, &beside, happened)
            .into_iter()
            .map(|difference| difference.fixes)
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat())
    };
    let Some(fixes) = fixes_of(case) else { return };
    let around = format!("# first\n{text}\n# last\n");
    let Ok(once) = update(&around, fixes.iter().map(|fix| (index, fix))) else { return };
    assert!(once.starts_with("# first\n") && once.ends_with("\n# last\n"), "a comment is lost:\n{once}");
    let (before, after) = (CaseFile::parse("x", around.into_bytes()), CaseFile::parse("x", once.clone().into_bytes()));
    let (Ok(before), Ok(after)) = (before, after) else {
        // Who accepts it reads it again, and refuses what is too deep or too large, or no JSON.
        let Outcome::Answered(answer) = &happened.outcome else { panic!("it can't be read again:\n{once}") };
        let is_odd = answer.to_string().contains("$__toml") || depth(answer) > 16 || once.len() > 100_000;
        assert!(is_odd, "it can't be read again:\n{once}");
        return;
    };
    for (at, (before, after)) in before.cases.iter().zip(&after.cases).enumerate() {
        if at == index {
            assert_eq!(fixes_of(after), Some(Vec::new()), "it would fail again:\n{once}");
        } else {
            assert_eq!(
                Case { line: 0, ..before.clone() },
                Case { line: 0, ..after.clone() },
                "another changed:\n{once}"
            );
        }
    }
    assert_eq!(before.cases.len(), after.cases.len());
    assert_eq!(
        update(&once, fixes.iter().map(|fix| (index, fix))).as_ref(),
        Ok(&once),
        "to accept it again changes it"
    );
}

fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        _ => None,
    };
    1 + deepest.unwrap_or(0)
}

/// Items that stay keep their lines, with the comments on them and above them.
fn check_lists(old: &[String], new: &[String]) {
    let line = |(at, item): (usize, &String)| format!("  # above {at}\n  {}, # behind {at}\n", json!(item));
    let all: Vec<String> = old.iter().enumerate().map(line).collect();
    let text = format!("[[case]]\nname = \"a\"\nexpect.denials = [ # list\n{}  # end\n]\n", all.concat());
    let fix = Fix::Key { at: vec!["denials".to_owned()], value: Some(json!(new)) };
    let once = update(&text, [(0, &fix)]).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    let read = CaseFile::parse("x", once.clone().into_bytes()).unwrap_or_else(|e| panic!("{e}:\n{once}"));
    assert_eq!(read.cases[0].expect.as_ref().map(|expect| &expect.denials[..]), Some(new), "{once}");
    assert_eq!(update(&once, [(0, &fix)]).as_ref(), Ok(&once));
    assert!(once.contains("[ # list\n") && once.contains("  # end\n"), "{once}");
    let is_once = |item: &String| [old, new].iter().all(|list| list.iter().filter(|it| *it == item).count() <= 1);
    let is_part = |part: &[String], whole: &[String]| {
        let mut whole = whole.iter();
        part.iter().all(|item| whole.any(|it| it == item))
    };
    if old.iter().chain(new).all(is_once) && (is_part(old, new) || is_part(new, old)) {
        for (line, _) in all.iter().zip(old).filter(|(_, item)| new.contains(item)) {
            assert!(once.contains(line), "{line} is not there:\n{once}");
        }
    }
}

/// The same of tables on lines of their own.
fn check_findings(old: &[String], new: &[String]) {
    let entry = |item: &String| format!("# {item}\n[[case.expect.findings]]\nmessage = {}\n", json!(item));
    let text: String = ["[[case]]\nname = \"a\"\n".to_owned()].into_iter().chain(old.iter().map(entry)).collect();
    let text = format!("{text}\n[[case]]\nname = \"b\"\n");
    let list: Vec<Value> = new.iter().map(|item| json!({ "message": item })).collect();
    let fix = Fix::Key { at: vec!["findings".to_owned()], value: Some(json!(list)) };
    let once = update(&text, [(0, &fix)]).unwrap_or_else(|e| panic!("{e}:\n{text}"));
    let read = CaseFile::parse("x", once.clone().into_bytes()).unwrap_or_else(|e| panic!("{e}:\n{once}"));
    assert_eq!(read.cases.len(), 2);
    assert_eq!(json!(read.cases[0].expect.as_ref().and_then(|expect| expect.findings.clone())), json!(list), "{once}");
    assert_eq!(update(&once, [(0, &fix)]).as_ref(), Ok(&once));
}
