//! Whole case files: read, compared with what came, and updated.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod lists;

use crate::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use skillhost_core::kind::Kind;
use skillhost_core::manifest::Manifest;
use skillhost_core::path::SkillPath;
use std::collections::BTreeMap;

fn parse(text: &str) -> CaseFile {
    CaseFile::parse("tests/cases.toml", text.as_bytes().to_vec()).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn refused(text: &str) -> String {
    CaseFile::parse("tests/cases.toml", text.as_bytes().to_vec()).unwrap_err().to_string()
}

fn answered(answer: Value) -> Happened {
    Happened {
        outcome: Outcome::Answered(answer),
        touched: [].into(),
        files: [].into(),
        denials: Vec::new(),
        commands: Vec::new(),
        log: Vec::new(),
        unmet: Vec::new(),
    }
}

fn wrote(path: &str, text: &str) -> Happened {
    let path = SkillPath::parse(path).unwrap();
    let files = [(path.clone(), Now::Holds(text.into()))].into();
    Happened { touched: [path].into(), files, ..answered(json!({})) }
}

fn whats(text: &str, happened: &Happened) -> Vec<String> {
    compare(&parse(text).cases[0], Kind::Tool, &BTreeMap::new(), happened).into_iter().map(|it| it.what).collect()
}

/// What an update makes of a file with one case, once it is seen that the case passes then.
fn updated(text: &str, happened: &Happened) -> String {
    updated_of(Kind::Tool, text, happened)
}

fn updated_of(kind: Kind, text: &str, happened: &Happened) -> String {
    let file = parse(text);
    let differences = compare(&file.cases[0], kind, &BTreeMap::new(), happened);
    let fixes: Vec<Fix> = differences.into_iter().flat_map(|it| it.fixes.unwrap()).collect();
    let text = update(&file.text, fixes.iter().map(|fix| (0, fix))).unwrap();
    assert_eq!(whats(&text, happened), [] as [&str; 0], "{text}");
    text
}

#[test]
fn everything_that_a_case_can_say_is_read() {
    let file = parse(
        r##"
[[case]]
name = "größer"
folder = "app"
tool = "count"
input = '{"a": null}'
subject = "change"
answers = ["yes"]
secrets = { TOKEN = ["https://a.example"] }
grants = { read = ["**"], exec = ["test"] }
limits = { cpu = "100ms" }
[case.files]
"a.txt" = "one\n"
b.from = "b.bin"
[case.change]
"a.txt" = { absent = true }
[[case.reply]]
expect = ["a.txt"]
tool_calls = [{ name = "read", arguments = { path = "a.txt" } }]
[[case.reply]]
text = "done"
stop = "length"
[[case.command]]
name = "test"
exit_code = 1
output = "no"
[[case.http]]
url = "https://a.example/x"
body = "{}"
[case.expect]
answer_has = { a = [1, "x"] }
denials = ["read b"]
log = ["began"]
commands = ["test"]
files = { c = { has = ["x"] }, d = { absent = true } }

[[case]]
name = "second"
"##,
    );
    let lines: Vec<usize> = file.cases.iter().map(|case| case.line).collect();
    assert_eq!(lines, [2, 37]);
    let case = &file.cases[0];
    assert_eq!(case.arguments().unwrap(), json!({ "a": null }));
    assert_eq!(named_files(case), [&SkillPath::parse("b.bin").unwrap()].into());
    let script = recording(&case.replies, skillhost_core::phase::Phase::Implement);
    let lines: Vec<Value> = script.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["reply"]["stop"], "tool-calls");
    assert_eq!(lines[1]["reply"]["parts"][0]["tool_call"]["id"], "call-1-1");
    assert_eq!((&lines[2]["turn"], &lines[2]["reply"]["stop"]), (&json!(2), &json!("length")));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let with = |more: &str| format!("[[case]]\nname = \"a\"\n{more}\n");
    for (text, told) in [
        (with("[case.expct]"), "tests/cases.toml:3: unknown field `expct`"),
        (with("[case.expect]\nanswr = 1"), "tests/cases.toml:4: unknown field `answr`"),
        (with("files.a.form = \"x\""), "tests/cases.toml:3: unknown field `form`"),
        (with("files.a = 7"), "tests/cases.toml:3: invalid type: integer `7`, expected a text, { from"),
        (with("files.a = { has = [\"x\"] }"), "tests/cases.toml:1: `files` gives a a text or"),
        (with("files.\"../x\" = \"\""), "tests/cases.toml:3: "),
        (with("files.\"/etc/passwd\" = \"\""), "tests/cases.toml:3: "),
        (with("files.\".\" = \"\""), "tests/cases.toml:1: a file has a path beneath the worktree"),
        (with("files.\".git/config\" = \"\""), "tests/cases.toml:3: "),
        (
            with("files = { a = \"\", a-b = \"\", \"a/b/c\" = \"\" }"),
            "tests/cases.toml:1: a/b/c can't lie beneath a, which is a file, too",
        ),
        (
            with("files.a = \"\"\nchange.\"a/b\" = \"\""),
            "tests/cases.toml:1: a/b can't lie beneath a, which is a file, too",
        ),
        (with("secrets = { TOKEN = [\"http://a.example\"] }"), "tests/cases.toml:3: "),
        (with("secrets = { \"a b\" = [] }"), "tests/cases.toml:3: "),
        (with("files.a = { from = \"../x\" }"), "tests/cases.toml:3: "),
        (with("[[case.reply]]\ntxt = \"x\""), "tests/cases.toml:4: unknown field `txt`"),
        (with("[[case.expect.findings]]\nseverty = \"minor\""), "tests/cases.toml:4: unknown field `severty`"),
        (with("expect = { error = \"oops\" }"), "tests/cases.toml:3: unknown variant `oops`"),
        (with("expect = { error = \"failed\", answer = 1 }"), "`error` and `answer` can't both be expected"),
        (with("expect = { error_has = \"x\" }"), "`error_has` needs `error`"),
        (with("input = { at = 2026-01-01 }"), "JSON has no dates"),
        (
            with("[[case.http]]\nurl = \"https://a.example/\"\nstatus = 42"),
            "tests/cases.toml:5: `status` is a number from",
        ),
        (with("[[case.http]]\nurl = \"a.example\""), "tests/cases.toml:4: `url` can't be \"a.example\": "),
        (
            with("[[case.http]]\nurl = \"https://a.example/\"\nmethod = \"get\""),
            "tests/cases.toml:5: `method` is written in upper case",
        ),
        (
            with("[[case.http]]\nurl = \"https://a.example/\"\nheaders.\"x y\" = \"1\""),
            "`headers` can't have a name \"x y\"",
        ),
        (
            with("[[case.http]]\nurl = \"https://a.example/\"\nheaders.x = \"1\\n2\""),
            "`headers` can't give x \"1\\n2\"",
        ),
        (with("grants = { raed = [\"**\"] }"), "tests/cases.toml:3: unknown field `raed`"),
        (with("[case.brief]\ngoal = \"x\"\nsteps = [{ id = \"1\", titel = \"x\" }]"), "unknown field `titel`"),
        ("[[case]]\nname = \" \"".to_owned(), "a case's `name` has 1 to"),
        ("[[case]]\nname = \"a\\nb\"".to_owned(), "a case's `name` has 1 to 120 characters, and no control character"),
        ("[[cases]]\nname = \"a\"".to_owned(), "tests/cases.toml:1: unknown field `cases`"),
        ("# nothing\n".to_owned(), "tests/cases.toml:1: it has no [[case]]"),
        ("[[case]\n".to_owned(), "tests/cases.toml:1: "),
        (format!("{}# {}", with(""), "x".repeat(300 << 10)), "larger than"),
    ] {
        let error = refused(&text);
        assert!(error.contains(told), "{error}\n{told}");
    }
    let bytes = b"[[case]]\n# \xff\n".to_vec();
    let error = CaseFile::parse("x.toml", bytes).unwrap_err().to_string();
    assert_eq!(error, "x.toml:2: it is not UTF-8 text");
}

#[test]
fn a_case_has_to_be_one_for_the_skill() {
    let manifest = |kind: &str, more: &str| {
        Manifest::parse(&format!("[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"{kind}\"\n{more}")).unwrap()
    };
    let two = manifest("tool", "[[tool]]\nname = \"a\"\n[[tool]]\nname = \"b\"\n");
    let one = manifest("tool", "[[tool]]\nname = \"a\"\n");
    let review = manifest("review", "");
    for (manifest, more, told) in [
        (&one, "", Ok(Some("a"))),
        (&two, "tool = \"b\"", Ok(Some("b"))),
        (&two, "", Err("it has to name a `tool`: a, b")),
        (&two, "tool = \"c\"", Err("the skill has no tool `c`; it has a, b")),
        (&one, "brief = { goal = \"x\" }", Err("`brief` is not for a skill of kind `tool`")),
        (&one, "expect = { checks = [] }", Err("`expect.checks` is not for a skill of kind `tool`")),
        (&review, "brief = { goal = \"x\" }", Ok(None)),
        (&review, "", Err("a skill of kind `review` needs a `brief`")),
        (&review, "input = {}", Err("`input` is not for a skill of kind `review`")),
        (&review, "subject = \"spec\"\nbrief = { goal = \"x\" }", Err("its brief has no `spec`")),
    ] {
        let file = parse(&format!("[[case]]\nname = \"a\"\n{more}\n"));
        assert_eq!(file.cases[0].tool_of(manifest), told.map_err(str::to_owned), "{more}");
    }
}

#[test]
fn two_cases_of_one_name_are_found_across_files() {
    let one = parse("[[case]]\nname = \"a\"\n[[case]]\nname = \"b\"\n");
    assert_eq!(shared_name(std::slice::from_ref(&one)), None);
    let other = CaseFile { file: "tests/more.toml".to_owned(), ..one.clone() };
    let told = shared_name(&[one, other]).unwrap();
    assert_eq!(told, "tests/more.toml:1: the name \"a\" is that of tests/cases.toml:1 already");
}

const EXPECT: &str = "[[case]]\nname = \"a\"\n[case.expect]\n";

#[test]
fn what_differs_is_told() {
    let with = |more: &str| format!("{EXPECT}{more}\n");
    let of = |outcome| Happened { outcome, ..answered(Value::Null) };
    let seven = answered(json!({ "n": 7, "list": [{ "x": 1, "y": null }] }));
    for (more, happened, told) in [
        ("answer = { n = 7, list = [{ x = 1 }] }", &seven, &[][..]),
        ("answer = { n = 7 }", &seven, &["another answer"]),
        ("answer_has = { n = 7 }", &seven, &[]),
        ("answer_has = { list = [{}] }", &seven, &[]),
        ("answer_has = { list = [{}, {}] }", &seven, &["another answer"]),
        ("answer_has = { m = 7 }", &seven, &["another answer"]),
        ("answer_has = \"orl\"", &answered(json!("world")), &[]),
        ("error = \"failed\"", &seven, &["it answered, and should have failed"]),
        ("error = \"failed\"", &of(Outcome::Failed(Failing::Failed, "x".into())), &[]),
        (
            "error = \"failed\"\nerror_has = \"y\"",
            &of(Outcome::Failed(Failing::Failed, "x".into())),
            &["it failed otherwise"],
        ),
        ("answer = 1", &of(Outcome::Failed(Failing::TooLarge, "9".into())), &["it failed otherwise"]),
        ("answer = 1", &of(Outcome::Unanswered("it trapped".into())), &["it ended without an answer: it trapped"]),
        ("", &wrote("a", "x"), &["a was written, and the case doesn't name it"]),
        ("files.a = \"x\"", &wrote("a", "x"), &[]),
        ("files.a = { has = [\"x\"] }", &wrote("a", "xyz"), &[]),
        ("files.a = { has = [\"q\"] }", &wrote("a", "xyz"), &["a lacks what it should have"]),
        ("files.a = { absent = true }", &wrote("a", "x"), &["a is there"]),
        ("files.a = \"x\"", &wrote("a", "y"), &["a is another"]),
        ("files.a = \"x\"", &answered(json!(1)), &["a is not there"]),
        ("files.a = { absent = true }", &answered(json!(1)), &[]),
        ("denials = [\"exec x\"]", &seven, &["other denials"]),
        ("log = [\"b\"]", &Happened { log: vec!["info: abc".into()], ..seven.clone() }, &[]),
        ("log = [\"q\"]", &seven, &["no line of its log has \"q\""]),
        ("commands = []", &Happened { commands: vec!["test".into()], ..seven.clone() }, &["other commands were run"]),
        ("", &Happened { denials: vec!["ask".into()], ..seven.clone() }, &["other denials"]),
        (
            "",
            &Happened { denials: vec!["ask".into()], ..of(Outcome::Unanswered("it trapped".into())) },
            &["it ended without an answer: it trapped", "other denials"],
        ),
        ("", &Happened { unmet: vec!["reply 1".into()], ..seven.clone() }, &["reply 1"]),
    ] {
        assert_eq!(whats(&with(more), happened), told, "{more}");
    }
    assert_eq!(whats("[[case]]\nname = \"a\"\n", &seven), ["the case expects nothing yet"]);
}

#[test]
fn what_is_shown_of_files_is_bounded() {
    let files: String = (0..5).map(|at| format!("files.f{at} = {{ from = \"large\" }}\n")).collect();
    let beside = BTreeMap::from([(SkillPath::parse("large").unwrap(), vec![b'x'; 20 << 20])]);
    let mut happened = wrote("f0", "x");
    for at in 1..5 {
        happened.files.insert(SkillPath::parse(&format!("f{at}")).unwrap(), Now::Holds(b"x".to_vec()));
    }
    let told = compare(&parse(&format!("{EXPECT}{files}")).cases[0], Kind::Tool, &beside, &happened);
    let shown: Vec<bool> = told.iter().map(|it| it.texts.is_some()).collect();
    assert_eq!(shown, [true, true, true, false, false]);
    assert_eq!(told[4].what, "f4 is another; too much differs to show all of it");
}

#[test]
fn findings_and_checks_are_told_in_the_contracts_words() {
    let findings = json!({ "verdicts": [], "findings": [
        { "id": "", "severity": "Minor", "category": "c", "at": { "path": "a", "line": 2 }, "quote": null, "message": "m", "suggestion": null },
    ]});
    let expect = "[[case.expect.findings]]\nseverity = \"minor\"\nat = { path = \"a\", line = 2 }\n";
    let text = format!("[[case]]\nname = \"a\"\n{expect}");
    assert_eq!(whats(&text, &answered(findings.clone())), [] as [&str; 0]);
    assert_eq!(whats(&format!("{text}{expect}"), &answered(findings.clone())), ["other findings"]);
    assert_eq!(whats(&text.replace("minor", "major"), &answered(findings.clone())), ["other findings"]);
    // A tool may answer in the same shape.
    let empty = "[[case]]\nname = \"a\"\n";
    let filled = updated(empty, &answered(findings.clone()));
    assert!(filled.contains("[case.expect]\nanswer = {"), "{filled}");
    let filled = updated_of(Kind::Review, empty, &answered(findings));
    assert!(filled.contains("[[case.expect.findings]]") && filled.contains("severity = \"minor\""), "{filled}");
    let checks = json!([{ "id": "C1", "outcome": "NotRun", "evidence": [], "detail": "d" }]);
    let text = format!("{EXPECT}checks = [{{ id = \"C1\", outcome = \"not-run\" }}]\n");
    assert_eq!(whats(&text, &answered(checks.clone())), [] as [&str; 0]);
    assert_eq!(whats(&text, &answered(json!([]))), ["other checks"]);
    assert!(updated(&format!("{EXPECT}checks = []\n"), &answered(checks.clone())).contains("not-run"));
    let filled = updated_of(Kind::Verify, empty, &answered(checks.clone()));
    assert!(filled.contains("[[case.expect.checks]]") && filled.contains("not-run"), "{filled}");
    assert!(updated(empty, &answered(checks)).contains("[[case.expect.answer]]"));
    // None of them, too.
    assert!(updated_of(Kind::Verify, empty, &answered(json!([]))).contains("checks = []"));
}

#[test]
fn an_update_keeps_comments_and_what_is_right() {
    let text = r##"# Cases of mine.
[[case]] # the first
name = "a" # its name

[case.expect]
# What it says.
answer = { n = 1, same = 'literal' } # behind it
denials = [] # none

[case.expect.files]
"a" = "old\n" # a file

# The second one.
[[case]]
name = "b"
"##;
    let happened = Happened { outcome: Outcome::Answered(json!({ "n": 2, "same": "literal" })), ..wrote("a", "new\n") };
    let expected = text.replace("n = 1", "n = 2").replace("\"old\\n\"", "\"\"\"\nnew\n\"\"\"");
    assert_eq!(updated(text, &happened), expected);
    let failed = Happened { outcome: Outcome::Failed(Failing::Denied, "no".into()), ..wrote("a", "old\n") };
    let expected = text.replace(
        "# What it says.\nanswer = { n = 1, same = 'literal' } # behind it\ndenials = [] # none\n",
        "denials = [] # none\nerror = \"denied\"\nerror_has = \"no\"\n",
    );
    assert_eq!(updated(text, &failed), expected);
}

#[test]
fn an_update_writes_what_was_not_there() {
    let text = "[[case]]\nname = \"a\"\n\n[[case]]\nname = \"b\"\n";
    let happened = Happened { denials: vec!["ask".into()], ..wrote("docs/größe.md", "a\"b\n") };
    let first = updated(text, &happened);
    assert!(first.contains("[case.expect.files]\n\"docs/größe.md\" = "), "{first}");
    let inline = "[[case]]\nname = \"a\"\nexpect = { files = {} }\n";
    assert!(updated(inline, &happened).contains("expect = { files = {"), "{}", updated(inline, &happened));
    for answer in [json!([null]), json!(u64::MAX)] {
        let file = parse(text);
        let fixes = compare(&file.cases[0], Kind::Tool, &BTreeMap::new(), &answered(answer)).remove(0).fixes.unwrap();
        assert!(matches!(update(text, [(0, &fixes[0])]), Err(Refused::Unwritable(_))));
    }
    let written = parse("case = [{ name = \"a\" }]");
    let fix = Fix::set(&["answer"], json!(1));
    assert_eq!(update(&written.text, [(0, &fix)]), Err(Refused::Shape));
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(Value::from),
        "\\PC{0,8}|[\"'\\\\\n\r\t#=]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|\\PC{1,4}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}|([\\[\\]{}=\"'.#\n a-z0-9]{0,200})") {
        let _ = CaseFile::parse("x", text.clone().into_bytes());
        let _ = CaseFile::parse("x", format!("{EXPECT}{text}").into_bytes());
        let _ = update(&text, [(0, &Fix::set(&["files", "a"], json!(1)))]);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = CaseFile::parse("x", bytes);
    }

    #[test]
    fn a_case_passes_once_it_was_updated(before in json_value(), key in "answer|answer_has", after in json_value(), path in "[a-c]{1,3}(/[a-c .]{1,3})?", file in "\\PC{0,20}\n?") {
        let expect = toml::Table::from_iter([(key, toml::Value::try_from(&before).unwrap())]);
        let case = toml::Table::from_iter([("name".to_owned(), "a".into()), ("expect".to_owned(), toml::Value::Table(expect))]);
        let text = toml::Table::from_iter([("case".to_owned(), toml::Value::Array(vec![case.into()]))]).to_string();
        if let Ok(path) = SkillPath::parse(&path)
            && !path.is_root()
        {
            updated(&text, &Happened { outcome: Outcome::Answered(after.clone()), ..wrote(path.as_str(), &file) });
        }
    }

    #[test]
    fn every_file_that_is_touched_is_told(expected in "[ab]", touched in "[ab]", text in "[xy]") {
        let happened = wrote(&touched, "x");
        let told = whats(&format!("{EXPECT}files.{expected} = \"{text}\"\n"), &happened);
        prop_assert_eq!(told.is_empty(), expected == touched && text == "x");
    }
}
