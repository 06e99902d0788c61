//! `--report`: what other programs read of a run or a call, however it ended.

use crate::main_job::signal;
use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World, ran, root, wait_until};
use quick_junit::{Report, TestCase, TestCaseStatus};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const GOAL: &str = "Greet everybody";
const EVIL: &str = "]]>&<failure/>\u{1b}[2J\n::set-output name=a::b\n##[error]c </testsuites>";

/// Both reports, in a folder of the world's.
pub struct Reports {
    pub junit: PathBuf,
    pub sarif: PathBuf,
}

impl Reports {
    pub fn of(world: &World) -> Self {
        Self { junit: world.home().join("junit.xml"), sarif: world.home().join("report.sarif") }
    }

    pub fn flags(&self) -> [String; 2] {
        [format!("--report=junit={}", self.junit.display()), format!("--report=sarif={}", self.sarif.display())]
    }

    pub fn junit(&self) -> Report {
        let text = fs::read_to_string(&self.junit).unwrap();
        Report::deserialize_from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
    }

    /// Checked against the standard's schema.
    pub fn sarif(&self) -> Value {
        let schema = fs::read_to_string(root().join("tests/fixtures/schemas/sarif-2.1.0.json")).unwrap();
        let mut schema: Value = serde_json::from_str(&schema).unwrap();
        // This one is no regular expression: it has a bracket too many.
        for of in ["run", "toolComponent"] {
            schema["definitions"][of]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
        }
        let validator = jsonschema::validator_for(&schema).unwrap();
        let document = serde_json::from_str(&fs::read_to_string(&self.sarif).unwrap()).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{document:#}");
        document
    }
}

fn reported(world: &World, arguments: &[&str]) -> (Ran, Reports) {
    let reports = Reports::of(world);
    let flags = reports.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    (world.run(&[arguments, &flags].concat()), reports)
}

fn cases(report: &Report) -> Vec<&TestCase> {
    report.test_suites.iter().flat_map(|suite| &suite.test_cases).collect()
}

fn case<'a>(report: &'a Report, class: &str, name: &str) -> &'a TestCase {
    let found = cases(report).into_iter().find(|case| {
        case.classname.as_ref().is_some_and(|it| it.as_str() == format!("skillhost.{class}"))
            && case.name.as_str().contains(name)
    });
    found.unwrap_or_else(|| panic!("no {class} {name} in {report:#?}"))
}

fn passed(case: &TestCase) -> bool {
    matches!(case.status, TestCaseStatus::Success { .. })
}

#[test]
fn o_12_a_run_with_findings_is_told_in_both_formats() {
    let world = World::with(&project());
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("major", EVIL)],
    );
    let model = world.model(&script.text());
    let (ran, reports) = reported(&world, &["run", GOAL, "--model", &model]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");

    let junit = reports.junit();
    assert_eq!(junit.test_suites.len(), 1);
    let gate = case(&junit, "gate", "test");
    assert!(passed(gate) && gate.time.is_some(), "{gate:#?}");
    assert!(passed(case(&junit, "check", "C1 The greeting says hello")), "{junit:#?}");
    assert!(passed(case(&junit, "review", "spec-review")));
    let review = case(&junit, "review", "change-review");
    let TestCaseStatus::NonSuccess { description: Some(text), .. } = &review.status else { panic!("{review:#?}") };
    assert!(text.as_str().contains("F1 major src/greeting.txt:1: ]]>&<failure/>"), "{text:?}");
    assert!(!passed(case(&junit, "goal", GOAL)));
    let text = fs::read_to_string(&reports.junit).unwrap();
    assert!(!text.contains('\u{1b}') && text.matches("</testsuites>").count() == 1, "{text}");

    let sarif = reports.sarif();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1, "{sarif:#}");
    let first = &results[0];
    assert_eq!((&first["level"], &first["ruleId"]), (&"error".into(), &"review/edge-cases".into()));
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&"src/greeting.txt".into(), &1.into())
    );
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!((&invocation["exitCode"], &invocation["executionSuccessful"]), (&1.into(), &true.into()));
    assert!(!fs::read_to_string(&reports.sarif).unwrap().contains("##["));
    // A second run of the same finds the same.
    let again = reported(&world, &["run", GOAL, "--model", &model]).1.sarif();
    let print = |document: &Value| document["runs"][0]["results"][0]["partialFingerprints"].clone();
    assert_eq!(print(&again), print(&sarif));
    assert!(print(&sarif).is_object());
}

#[test]
fn several_goals_are_suites_of_one_document() {
    let world = World::with(&project());
    // The second one's gate fails: it greets nobody.
    let model = world.model(&greeting().text());
    let (ran, reports) = reported(&world, &["run", GOAL, "Greet the others", "--jobs", "1", "--model", &model]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let junit = reports.junit();
    let names: Vec<&str> = junit.test_suites.iter().map(|suite| suite.name.as_str()).collect();
    assert!(names[0].starts_with("Greet everybody (") && names[1].starts_with("Greet the others ("), "{names:?}");
    assert!(cases(&junit).iter().all(|case| passed(case)), "{junit:#?}");
    let sarif = reports.sarif();
    let ids: Vec<&str> = (0..2).map(|at| sarif["runs"][at]["automationDetails"]["id"].as_str().unwrap()).collect();
    assert!(ids[0].starts_with("skillhost/1/") && ids[1].starts_with("skillhost/2/"), "{ids:?}");
}

#[test]
fn a_gate_that_failed_is_a_failure_with_its_output() {
    let world = World::with(&project());
    // The author may not run the tests, so only the gate can tell.
    world.commit(&[("skillhost.toml", &CONFIG.replace("exec = [\"test\"]", "exec = []"))]);
    let script = Script::specified().writes(1, "src/greeting.txt", "goodbye\n").finishes(1);
    let model = world.model(&script.reviews("change-review", 1, &[]).text());
    let (ran, reports) = reported(&world, &["run", GOAL, "--model", &model]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let junit = reports.junit();
    let gate = case(&junit, "gate", "test");
    let TestCaseStatus::NonSuccess { message: Some(message), .. } = &gate.status else { panic!("{gate:#?}") };
    assert!(message.as_str().contains("sh test.sh: exit 1"), "{message:?}");
    let told = reports.sarif()["runs"][0]["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains("gate/test") && told.contains("exit 1"), "{told}");
}

/// The exit code is what it is without a report, and the report says why.
#[test]
fn a_report_is_there_however_a_command_ended() {
    let world = World::with(&project());
    let probe = root().join("target/guests/probe.wasm").to_str().unwrap().to_owned();
    let policy = world.home().join("policy.toml");
    fs::write(&policy, "[sources]\nallow = [\"oci://registry.example.com/*\"]\n").unwrap();
    let policy = policy.to_str().unwrap();
    let read = r#"{"how": "read", "path": "/repo/length"}"#;
    let model = world.model(&greeting().text());
    let cases: [(&[&str], i32, &str); 6] = [
        (&["run", GOAL, "--config", "absent.toml"], 3, "absent.toml can't be read"),
        (&["run", GOAL, "--policy", policy, "--model", &model], 4, "policy denies builtin:"),
        (&["call", "builtin:verify"], 2, "is not a brief"),
        (&["call", &probe, "--input", r#"{"how": "trap"}"#], 1, "ended without an answer"),
        (&["call", &probe, "--input", r#"{"how": "spin"}"#], 5, "ended without an answer"),
        (&["call", &probe, "--input", read], 1, "failed: "),
    ];
    for (arguments, code, why) in cases {
        let bare = world.run(arguments);
        let (ran, reports) = reported(&world, arguments);
        assert_eq!((ran.code, bare.code), (Some(code), Some(code)), "{arguments:?} {ran:#?}");
        let junit = reports.junit();
        let kind = if arguments[0] == "run" { "goal" } else { "call" };
        let ending = case(&junit, kind, if kind == "goal" { GOAL } else { arguments[1] });
        let TestCaseStatus::NonSuccess { description: Some(text), .. } = &ending.status else { panic!("{ending:#?}") };
        assert!(text.as_str().contains(why), "{why}: {text:?}");
        let sarif = reports.sarif();
        assert_eq!(sarif["runs"][0]["invocations"][0]["exitCode"], code);
        assert!(sarif.to_string().contains(why), "{sarif:#}");
        fs::remove_file(&reports.junit).unwrap();
    }
    // What the last one was denied stands there with what would grant it.
    let (_, reports) = reported(&world, &["call", &probe, "--input", read]);
    let junit = reports.junit();
    let TestCaseStatus::Skipped { message: Some(message), .. } = &case(&junit, "grant", "read length").status else {
        panic!("{junit:#?}")
    };
    assert!(message.as_str().contains("--grant 'read=length'"), "{message:?}");
}

#[test]
fn an_interrupted_run_is_told_too() {
    let world = World::with(&project());
    let model = world.model(&Script::specified().writes(1, "src/greeting.txt", "wait\n").tests(1).text());
    let reports = Reports::of(&world);
    let flags = reports.flags();
    let mut command = world.command(&["run", GOAL, "--model", &model, &flags[0], &flags[1]]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the command waits", || world.has_started());
    assert!(!reports.junit.exists(), "nothing stands there before the end");
    signal(&child, "INT");
    ran(child.wait_with_output().unwrap()).failed(130, &["error: interrupted"]);
    let junit = reports.junit();
    assert!(!passed(case(&junit, "goal", GOAL)) && passed(case(&junit, "review", "spec-review")), "{junit:#?}");
    assert_eq!(reports.sarif()["runs"][0]["invocations"][0]["exitCode"], 130);
}

#[test]
fn an_interrupted_call_is_told_too() {
    let world = World::bare();
    let reports = Reports::of(&world);
    let flags = reports.flags();
    let probe = root().join("target/guests/probe.wasm").display().to_string();
    let sleep = r#"{"how": "sleep"}"#;
    let mut command = world.command(&["call", &probe, "--input", sleep, &flags[0], &flags[1]]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = |entry: fs::DirEntry| fs::read_to_string(entry.path()).is_ok_and(|log| log.lines().count() > 0);
    wait_until("the call is in the log", || {
        let logs = fs::read_dir(world.state().join("sessions")).into_iter().flatten();
        logs.flatten().any(begun)
    });
    signal(&child, "TERM");
    ran(child.wait_with_output().unwrap()).failed(130, &["error: interrupted"]);
    assert!(!passed(case(&reports.junit(), "call", &probe)));
    assert_eq!(reports.sarif()["runs"][0]["invocations"][0]["exitCode"], 130);
}

#[test]
fn a_report_that_can_not_be_written_is_told_before_anything_is_done() {
    let world = World::with(&project());
    let model = world.model(&greeting().text());
    let folder = world.home().join("a-folder");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", world.home().join("link.xml")).unwrap();
    let file = |name: &str| format!("junit={}", world.home().join(name).display());
    let same = file("same.xml");
    let cases = [
        (vec!["junit=/nowhere/at/all/x.xml".to_owned()], "can't be written"),
        (vec![file("a-folder")], "no file"),
        (vec![file("link.xml")], "no file"),
        (vec!["junit=/dev/null".to_owned()], "no file"),
        (vec![same.clone(), same.replace("junit", "sarif")], "two reports"),
        (vec!["junit=".to_owned()], "names no file"),
        (vec!["html=x".to_owned()], "junit=FILE, sarif=FILE or code-quality=FILE"),
    ];
    for (flags, why) in cases {
        let mut arguments = vec!["run", GOAL, "--model", &model];
        flags.iter().for_each(|flag| arguments.extend(["--report", flag]));
        world.run(&arguments).failed(2, &[why]);
    }
    assert!(!world.state().join("runs").exists(), "no run was begun");
    assert!(Path::new("/etc/hostname").exists() || !world.home().join("same.xml").exists());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    // Nothing is left beside a report.
    let (ran, reports) = reported(&world, &["call", "builtin:verify"]);
    assert_eq!(ran.code, Some(2));
    let names: Vec<_> = fs::read_dir(world.home()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(reports.junit.exists() && !names.iter().any(|it| it.to_string_lossy().contains("draft")), "{names:?}");
    assert!(!names.iter().any(|it| it.to_string_lossy().starts_with(".skillhost-")), "{names:?}");
}
