//! Recordings: there and back, scripted, changed, and hostile.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests, which look into files themselves")]

mod support;

use skillhost_core::capability::Tier;
use skillhost_core::phase::Phase;
use skillhost_fake_models::{Answer, Said};
use skillhost_models::{
    Allowance, Budget, CallSite, ModelError, Models, Part, RecordingError, Replay, Request, Roles, Setup, Stop, Turns,
    Volatile, ignore_events,
};
use support::{KEY, PROTOCOLS, ask, recording, serve, site, site_with};

fn replaying(file: &std::path::Path) -> Models {
    let overrides = [format!("replay:{}", file.display()).parse().unwrap()];
    let roles = Roles::from_project([("implement", "fake:m")]).unwrap().with_overrides(overrides);
    Models::open(Setup { roles, ..Setup::default() }).unwrap()
}

fn in_run(run: &str) -> CallSite {
    let state = format!("/state/runs/{run}");
    site_with(Budget::root("run", Allowance::default()), Volatile::new([(run, "run"), (&state, "run-dir")]))
}

#[tokio::test]
async fn a_recording_plays_back_in_another_run() {
    for protocol in PROTOCOLS {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recording.jsonl");
        let odd = r#"{"path": "a", "path": "b"}"#;
        let server = serve([
            Answer::Reply(Said {
                cached_input_tokens: 3,
                ..Said::calls(&[("c1", "read", "{\"path\":\"7f3k\"}"), ("c2", "read", odd)])
            }),
            Answer::Reply(Said::text("evidence 7f3k-2")),
        ]);
        let question = |run: &str, seconds: &str| {
            ask(&format!(
                "in /state/runs/{run}/tree: finished in {seconds} s, sha256:{}",
                seconds[seconds.len() - 1..].repeat(64)
            ))
        };
        let live = {
            let models = recording(&server, protocol, &file);
            let site = in_run("7f3k");
            let first = models.complete(&site, &question("7f3k", "1.23"), &ignore_events).await.unwrap();
            let second = models.complete(&site, &question("7f3k", "4567.8"), &ignore_events).await.unwrap();
            (first, second)
        };
        let models = replaying(&file);
        let site = in_run("9abc");
        let first = models.complete(&site, &question("9abc", "0.01"), &ignore_events).await.unwrap();
        let second = models.complete(&site, &question("9abc", "1234.5"), &ignore_events).await.unwrap();
        assert_eq!((first.usage, first.stop, &first.model), (live.0.usage, live.0.stop, &live.0.model));
        let Part::ToolCall(call) = &first.parts[0] else { unreachable!("{first:?}") };
        assert_eq!(call.arguments, "{\"path\":\"9abc\"}");
        assert_eq!(first.parts[1], live.0.parts[1], "odd arguments come back byte by byte");
        assert_eq!(second.parts, [Part::Text("evidence 9abc-2".into())]);
        assert_eq!(site.budget.spent().tokens, 13 + 5 + 10 + 5);
    }
}

#[tokio::test]
async fn another_request_fails_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording.jsonl");
    let server = serve([Answer::Reply(Said::text("ok"))]);
    let models = recording(&server, PROTOCOLS[0], &file);
    models.complete(&site(), &ask("one\ntwo\nthree"), &ignore_events).await.unwrap();
    let mut other = ask("one\nTWO\u{1b}\nthree");
    other.max_output_tokens = None;
    let failed = replaying(&file).complete(&site(), &other, &ignore_events).await.unwrap_err();
    let shown = failed.to_string();
    assert!(
        shown.starts_with(
            "line 2 of the recording has another request for agent main, phase implement, round 1, turn 1:"
        ),
        "{shown}"
    );
    assert!(shown.contains("request.messages[0].parts[0].text, line 2: recorded `two`, now `TWO\\u{"), "{shown}");
    assert!(shown.contains("request.max_output_tokens: recorded `100`, now nothing"), "{shown}");
    assert!(failed.hint().is_some() && !shown.contains('\u{1b}'));
}

#[tokio::test]
async fn a_scripted_model_answers_what_it_expects() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scripted.jsonl");
    std::fs::write(&file, concat!(
        r#"{"schema":"skillhost.recording/1","authored":true}"#, "\n",
        r##"{"agent":"main","phase":"implement","round":1,"turn":1,"expect":["lead-capture"],"reply":{"parts":[{"text":"# Lead capture …"}],"stop":"end","usage":{"input_tokens":900,"output_tokens":400,"cost":7},"model":"claude-opus-9"}}"##, "\n\n",
        r#"{"agent":"main","phase":"implement","round":1,"turn":2,"reply":{"parts":[{"tool_call":{"id":"1","name":"write","arguments":{"path":"src/a.rs","text":"…"}}}],"stop":"end","usage":{"input_tokens":900,"output_tokens":40},"model":"scripted"}}"#, "\n",
        r#"{"agent":"main","phase":"verify","round":2,"turn":1,"reply":{"parts":[],"stop":"end","usage":{"input_tokens":1,"output_tokens":1},"model":"scripted"}}"#,
    )).unwrap();
    let models = replaying(&file);
    let here = site();
    let failed = models.complete(&site(), &ask("something else"), &ignore_events).await.unwrap_err();
    assert!(
        matches!(&failed, ModelError::Recording(RecordingError::TextMissing { line: 2, text, .. }) if text == "lead-capture")
    );

    let first = models.complete(&here, &ask("add a lead-capture page"), &ignore_events).await.unwrap();
    assert_eq!((first.parts, first.usage.cost), (vec![Part::Text("# Lead capture …".into())], Some(0)));
    assert_eq!(first.model, "scripted", "whatever was written there");
    assert_eq!(models.scripts().collect::<Vec<_>>(), [file.as_path()]);
    let second = models.complete(&here, &ask("go on"), &ignore_events).await.unwrap();
    let Part::ToolCall(call) = &second.parts[0] else { unreachable!("{second:?}") };
    assert_eq!((call.arguments.as_str(), second.stop), (r#"{"path":"src/a.rs","text":"…"}"#, Stop::ToolCalls));

    let failed = models.complete(&here, &ask("go on"), &ignore_events).await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "the recording has no call for agent main, phase implement, round 1, turn 3; for this agent and phase it has (round.turn) 1.1, 1.2"
    );
    let elsewhere = CallSite { phase: Phase::Spec, ..site() };
    let failed = models.complete(&elsewhere, &ask("x"), &ignore_events).await.unwrap_err();
    assert!(failed.to_string().ends_with("it has none for this agent and phase"));
}

#[tokio::test]
async fn a_recording_tells_the_window_that_its_run_was_told() {
    const DEFAULT: u64 = 200_000;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording.jsonl");
    let server = serve([Answer::Reply(Said::text("ok")), Answer::Reply(Said::text("ok"))]);
    let live = recording(&server, PROTOCOLS[3], &file);
    let cheap = Request { tier: Tier::Cheap, ..ask("x") };
    let later = CallSite { round: 2, ..site() };
    live.complete(&later, &cheap, &ignore_events).await.unwrap();
    live.complete(&later, &ask("x"), &ignore_events).await.unwrap();
    assert_eq!(live.window(&later, Tier::Standard).unwrap(), 5_000);
    drop(live);

    let told = |models: &Models, site: &CallSite, tier| models.window(site, tier).unwrap();
    let models = replaying(&file);
    for (site, tier, window) in [
        (&later, Tier::Cheap, 5_000),
        (&later, Tier::Standard, 5_000),
        (&later, Tier::Capable, DEFAULT),
        (&site(), Tier::Standard, DEFAULT),
        (&CallSite { phase: Phase::Spec, ..later.clone() }, Tier::Standard, DEFAULT),
    ] {
        assert_eq!(told(&models, site, tier), window, "round {} {tier}", site.round);
    }
    // What is recorded of a replay is what that told.
    let again = folder.path().join("again.jsonl");
    let mut models = replaying(&file);
    models.record_to(&again).unwrap();
    let site = CallSite { turns: Turns::default(), ..later };
    models.complete(&site, &cheap, &ignore_events).await.unwrap();
    assert_eq!(told(&replaying(&again), &site, Tier::Cheap), 5_000);

    // Lines of before, and scripts, may say nothing; a script says it for every tier.
    let line = |window: &str| {
        let header = r#"{"schema":"skillhost.recording/1","authored":true}"#;
        let reply = r#"{"parts":[],"stop":"end","usage":{"input_tokens":1,"output_tokens":1},"model":"scripted"}"#;
        format!(
            r#"{header}
{{"agent":"main","phase":"implement","round":2,"turn":7{window},"reply":{reply}}}
"#
        )
    };
    for (window, tokens) in [("", DEFAULT), (r#","window_tokens":16000"#, 16_000)] {
        std::fs::write(&file, line(window)).unwrap();
        assert_eq!(told(&replaying(&file), &site, Tier::Capable), tokens);
    }
}

#[tokio::test]
async fn a_request_that_holds_a_key_is_recorded_without_it_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("recording.jsonl");
    let server = serve([Answer::Reply(Said::text("ok"))]);
    let request = ask(&format!("a file of the repository holds {KEY}"));
    recording(&server, PROTOCOLS[0], &file).complete(&site(), &request, &ignore_events).await.unwrap();
    assert!(!std::fs::read_to_string(&file).unwrap().contains(KEY));
    let overrides = [format!("replay:{}", file.display()).parse().unwrap()];
    let roles = Roles::default().with_overrides(overrides);
    let models = Models::open(Setup { roles, ..support::setup(&server, PROTOCOLS[0]) }).unwrap();
    assert!(models.scripts().next().is_none());
    models.complete(&site(), &request, &ignore_events).await.unwrap();
}

#[tokio::test]
async fn a_replay_ends_at_the_budget_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scripted.jsonl");
    std::fs::write(&file, "{\"schema\":\"skillhost.recording/1\",\"authored\":true}\n").unwrap();
    let budget = Budget::root("run", Allowance { tokens: Some(50), cost: None });
    let failed = replaying(&file)
        .complete(&site_with(budget, Volatile::default()), &ask("x"), &ignore_events)
        .await
        .unwrap_err();
    assert!(matches!(failed, ModelError::Exhausted(_)), "{failed}");
}

#[test]
fn hostile_recordings_are_refused_with_their_line() {
    let header = r#"{"schema":"skillhost.recording/1","authored":true}"#;
    let recorded = r#"{"schema":"skillhost.recording/1"}"#;
    let line = |extra: &str, parts: &str| {
        format!(
            r#"{{"agent":"main","phase":"spec","round":1,"turn":1{extra},"reply":{{"parts":[{parts}],"stop":"end","usage":{{"input_tokens":1,"output_tokens":1}},"model":"m"}}}}"#
        )
    };
    let plain = line("", "");
    let digest = format!(r#","request_digest":"sha256:{}","request":{{}}"#, "0".repeat(64));
    let table: Vec<(usize, String)> = vec![
        (1, String::new()),
        (1, "\u{0}\u{1b}[2J".into()),
        (1, r#"{"schema":"skillhost.recording/2"}"#.into()),
        (1, r#"{"schema":"skillhost.recording/1","keys":"x"}"#.into()),
        (2, format!("{header}\n{{")),
        (2, format!("{header}\n{}", line(r#","surprise":1"#, ""))),
        (2, format!("{header}\n{}", line(r#","window_tokens":0"#, ""))),
        (2, format!("{header}\n{}", line(r#","window_tokens":-1"#, ""))),
        (2, format!("{header}\n{}", line(r#","window_tokens":1e9"#, ""))),
        (2, format!("{header}\n{}", line(&digest, ""))),
        (2, format!("{recorded}\n{plain}")),
        (2, format!("{recorded}\n{}", line(&digest, ""))),
        (3, format!("{header}\n{plain}\n{plain}")),
        (2, format!("{header}\n{}", plain.replace("\"turn\":1", "\"turn\":0"))),
        (2, format!("{header}\n{}", plain.replace("\"turn\":1", "\"turn\":-1"))),
        (2, format!("{header}\n{}", plain.replace("\"turn\":1", "\"turn\":4294967296"))),
        (2, format!("{header}\n{}", plain.replace("spec", "deploy"))),
        (2, format!("{header}\n{}", plain.replace("main", "../main"))),
        (2, format!("{header}\n{}", line("", r#"{"text":"a","reasoning":"b"}"#))),
        (2, format!("{header}\n{}", line("", r#"{"image":"a"}"#))),
        (2, format!("{header}\n{}", line("", r#"{"tool_result":{"id":"1","content":"x"}}"#))),
        (2, format!("{header}\n{}", line("", &vec![r#"{"text":"a"}"#; 513].join(",")))),
        (2, format!("{header}\n{}", line("", &format!(r#"{{"text":"{}"}}"#, "a".repeat((8 << 20) + 1))))),
        (2, format!("{header}\n{}", "[".repeat(100_000))),
        (2, format!("{header}\n{}", line(&format!(r#","expect":[{}]"#, vec!["\"a\""; 65].join(",")), ""))),
    ];
    for (number, text) in table {
        let excerpt: String = text.chars().take(200).collect();
        let error = Replay::parse(&text).err().unwrap_or_else(|| unreachable!("accepted: {excerpt}"));
        assert!(matches!(error, RecordingError::LineInvalid { line, .. } if line == number), "{excerpt}: {error}");
        let shown = error.to_string();
        assert!(shown.len() < 2_000 && !shown.contains('\u{1b}'), "{shown}");
    }
    assert!(Replay::parse(&format!("{header}\n{plain}\n")).unwrap().is_authored());
}

#[test]
fn an_existing_file_is_not_overwritten_and_a_folder_is_no_recording() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.txt");
    std::fs::write(&file, "mine").unwrap();
    let failed = Models::open(Setup::default()).unwrap().record_to(&file).unwrap_err();
    assert!(matches!(failed, ModelError::Recording(RecordingError::Uncreatable { .. })), "{failed}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    assert!(matches!(Replay::open(folder.path()), Err(RecordingError::Unreadable { .. })));
    let shown = Replay::open(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(!shown.contains(&folder.path().display().to_string()), "{shown}");
}
