//! Lists that are updated: what stays in them keeps its text.

use super::*;

/// What an update makes of the expected denials.
fn denied(list: &str, came: &[&str]) -> String {
    let happened = Happened { denials: came.iter().map(|it| (*it).to_owned()).collect(), ..answered(json!(1)) };
    let text = updated(&format!("{EXPECT}denials = {list}\n"), &happened);
    text.strip_prefix(&format!("{EXPECT}denials = ")).unwrap().trim_end().to_owned()
}

#[test]
fn what_did_not_change_of_a_list_keeps_its_text_and_its_comments() {
    let lines = "[ # all of them\n  # why a\n  'a', # first\n  \"b\", # second\n\n  \"c\", # third\n  # no more\n]";
    for (came, expected) in [
        (&["b", "c"][..], lines.replace("\n  # why a\n  'a', # first", "")),
        (&["a", "c"], lines.replace("\n  \"b\", # second", "")),
        (&["a", "b"], lines.replace("\n\n  \"c\", # third", "")),
        (&["x", "a", "b", "c"], lines.replace("\n  # why a", "\n  \"x\",\n  # why a")),
        (&["a", "b", "x", "c"], lines.replace("\n\n", "\n  \"x\",\n\n")),
        (&["a", "b", "c", "x"], lines.replace("# third", "# third\n  \"x\",")),
        (&["a", "x", "c"], lines.replace("\"b\"", "\"x\"")),
        (&["c"], "[ # all of them\n\n  \"c\", # third\n  # no more\n]".to_owned()),
        (&[], "[ # all of them\n  # no more\n]".to_owned()),
    ] {
        assert_eq!(denied(lines, came), expected, "{came:?}");
        assert_eq!(denied(&lines.replace('\n', "\r\n"), came).replace("\r\n", "\n"), expected, "{came:?}");
    }
    for (list, came, expected) in [
        ("['a', \"b\"]", &["b"][..], "[\"b\"]"),
        ("[ 'a', \"b\" ]", &["b"], "[ \"b\" ]"),
        ("['a', \"b\"]", &["x", "a", "b"], "[\"x\", 'a', \"b\"]"),
        ("['a', \"b\"]", &["a", "x", "b", "y"], "['a', \"x\", \"b\", \"y\"]"),
        (
            "[\n  'a', # first\n  \"b\" # second\n]",
            &["a", "b", "x"],
            "[\n  'a', # first\n  \"b\", # second\n  \"x\"\n]",
        ),
        ("[\n  'a', # first\n  \"b\" # second\n]", &["a"], "[\n  'a' # first\n]"),
        ("['a', # first\n  \"b\", \"c\"]", &["a", "c"], "['a', # first\n  \"c\"]"),
        ("['a' # first\n, \"b\"]", &["a"], "['a' # first\n]"),
        ("[ # none\n]", &["a"], "[ # none\n\"a\"\n]"),
    ] {
        assert_eq!(denied(list, came), expected, "{list} {came:?}");
    }
}

#[test]
fn a_finding_that_came_or_went_moves_no_other() {
    let finding = |message: &str| json!({ "id": "", "severity": "Minor", "category": "c", "at": { "path": "a", "line": 1 }, "quote": null, "message": message, "suggestion": null });
    let came = |messages: &[&str]| {
        answered(json!({ "verdicts": [], "findings": messages.iter().map(|it| finding(it)).collect::<Vec<_>>() }))
    };
    let entry = |more: &str| format!("# About {more}.\n[[case.expect.findings]] # {more}\nmessage = '{more}'\n\n");
    let text = |entries: &[&str]| {
        format!(
            "[[case]]\nname = \"a\"\n\n{}[[case]]\nname = \"b\"\n",
            entries.iter().map(|it| entry(it)).collect::<String>()
        )
    };
    let before = text(&["one", "two", "three"]);
    assert_eq!(updated_of(Kind::Review, &before, &came(&["one", "three"])), text(&["one", "three"]));
    assert_eq!(updated_of(Kind::Review, &before, &came(&["two", "three"])), text(&["two", "three"]));
    let more = updated_of(Kind::Review, &before, &came(&["new", "one", "two", "three"]));
    assert!(more.find("message = \"new\"") < more.find("# About one.") && more.contains(&before[21..]), "{more}");
    let more = updated_of(Kind::Review, &before, &came(&["one", "two", "new", "three"]));
    assert!(more.find("# About two.") < more.find("message = \"new\""), "{more}");
    assert!(more.find("message = \"new\"") < more.find("# About three.") && more.contains(&entry("three")), "{more}");
}
