//! What stands in for models, commands, servers and people: what the case says, and nothing else. Gates and limits are the
//! host's.

use super::{probe, test, untimed, world};
use serde_json::json;

const REPLY: &str = "[[case.reply]]\nexpect = [\"hello\"]\ntext = \"yes\"\n";

#[test]
fn the_model_says_what_the_case_wants_said() {
    let answer = "[case.expect]\nanswer = { model = \"scripted\" }";
    let passes = probe("model", &format!("{REPLY}{answer}"));
    test(&world("probe", &passes), &[]).failed(0, &[]);
    let both = probe("model-all", &format!("{REPLY}{REPLY}[case.expect]\nanswer = {{ replies = 2 }}"));
    test(&world("probe", &both), &[]).failed(0, &[]);
    for (cases, told) in [
        (probe("model", &format!("{REPLY}{REPLY}{answer}")), "asked 1 of 2 times: reply 2 was never asked for"),
        (
            probe("model", answer),
            "asked again at turn 1, and the case has 0 of [[case.reply]]; what was asked ends with: hello",
        ),
        (passes.replace("[\"hello\"]", "[\"hello\", \"bye\"]"), "the request of turn 1 doesn't hold \"bye\""),
        (both.replacen("hello", "first", 1), "the request of turn 1 doesn't hold \"first\""),
        (both.replace(REPLY, ""), "asked again at turn 2, and the case has 0"),
        (probe("answer", &format!("{REPLY}[case.expect]\nanswer_has = {{}}")), "reply 1 was never asked for"),
    ] {
        let world = world("probe", &cases);
        let ran = test(&world, &[]);
        ran.failed(1, &[]);
        assert!(ran.stdout.contains(told), "{told}: {ran:#?}");
        // Never accepted, whatever else differs.
        let ran = test(&world, &["--update"]);
        ran.failed(1, &[]);
        assert!(ran.stdout.contains("  not updated: the "), "{ran:#?}");
        assert_eq!(super::cases(&world), cases);
    }
}

#[test]
fn commands_show_what_the_case_says_and_nothing_runs() {
    let command = "[[case.command]]\nname = \"test\"\nexit_code = 3\noutput = \"größer\"\n";
    let passes = [
        probe("exec", &format!("{command}[case.expect]\nanswer = {{ exit = 3 }}\ncommands = [\"test\"]")),
        probe("run-and-read", &format!("{command}[case.expect]\nanswer = {{ own = \"größer\", other = true }}")),
    ];
    test(&world("probe", &passes.concat()), &[]).failed(0, &[]);
    // Arguments need a grant of their own, and a command has to be declared.
    let denied = probe(
        "exec-arguments",
        &format!("{command}[case.expect]\nerror = \"denied\"\ndenials = [\"exec_arguments\"]\ncommands = []"),
    );
    test(&world("probe", &denied), &[]).failed(0, &[]);
    let ran = test(&world("probe", &probe("exec", "expect.error = \"invalid\"")), &[]);
    ran.failed(1, &[]);
    assert!(
        ran.stdout.contains("it ran the command \"test\", and the case has no [[case.command]] of that name"),
        "{ran:#?}"
    );
}

#[test]
fn a_person_answers_what_the_case_says() {
    let answers = "answers = [\"maybe\"]\nexpect.answer = { answer = \"maybe\" }";
    let world = world("probe", &probe("ask", answers));
    test(&world, &[]).failed(0, &[]);
    // Nobody there means the default, as in an unattended run.
    let world = super::world("probe", &probe("ask", "expect.answer = { answer = \"no\" }"));
    test(&world, &[]).failed(0, &[]);
    let world = super::world("probe", &probe("answer", &answers.replace("answer = \"maybe\"", "ok = true")));
    let ran = test(&world, &[]);
    ran.failed(1, &[]);
    assert!(ran.stdout.contains("the answer \"maybe\" was never asked for"), "{ran:#?}");
}

#[test]
fn servers_answer_what_the_case_says_and_nothing_is_sent() {
    let case = |name: &str, url: &str, more: &str| {
        format!(
            "[[case]]\nname = \"{name}\"\ninput = {{ how = \"fetch\", requests = [{{ {url} }}] }}\n{more}\n\
             [[case.http]]\nurl = \"https://api.example.com/a\"\nstatus = 404\nheaders = {{ x-one = \"1\" }}\nbody = \"gone\"\n"
        )
    };
    const A: &str = "authority = \"api.example.com\", path = \"/a\"";
    let asked = case("asked", A, "expect.answer_has = [{ status = 404, body = \"gone\" }]");
    let denied = case(
        "denied",
        "authority = \"evil.example\"",
        "expect = { answer_has = [{}], denials = [\"http https://evil.example/\"] }",
    );
    let world = world("fetcher", &format!("{asked}{denied}"));
    let ran = test(&world, &["--format", "json"]);
    assert_eq!((ran.code, &ran.json()["passed"]), (Some(0), &json!(2)), "{ran:#?}");
    // A secret goes where the case says that the user lets it go, over TLS, and in a field for credentials.
    let secret = |name: &str, field: &str, more: &str| {
        let headers = format!("{A}, headers = [[\"{field}\", \"Bearer <secret:TOKEN>\"]]");
        case(
            name,
            &headers,
            &format!("grants = {{ http = [\"https://api.example.com/*\"], secrets = [\"TOKEN\"] }}\n{more}"),
        )
    };
    const TOKEN: &str = "secrets = { TOKEN = [\"https://api.example.com\"] }\n";
    let nowhere = "expect = { answer_has = [{}], denials = [\"secrets TOKEN to https://api.example.com\"] }";
    let other = TOKEN.replace("api", "other");
    let all = [
        secret("goes", "Authorization", &format!("{TOKEN}expect.answer_has = [{{ status = 404 }}]")),
        secret("nowhere", "Authorization", nowhere),
        secret("empty", "Authorization", &format!("secrets = {{ TOKEN = [] }}\n{nowhere}")),
        secret("elsewhere", "Authorization", &format!("{other}{nowhere}")),
        secret("shown", "Referer", &format!("{TOKEN}expect.answer_has = [{{ error = \"HttpRequestDenied\" }}]")),
    ];
    let ran = test(&super::world("fetcher", &all.concat()), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let unknown = case("unknown", &A.replace("/a", "/b"), "expect.answer_has = [{}]");
    let ran = test(&super::world("fetcher", &unknown), &[]);
    ran.failed(1, &[]);
    let told = "it asked GET https://api.example.com/b, and the case has no [[case.http]] for it";
    assert!(ran.stdout.contains(told), "{ran:#?}");
}

#[test]
fn grants_are_the_manifests_or_less() {
    let read = |more: &str| {
        format!(
            "[[case]]\nname = \"reads\"\ninput = {{ how = \"read\", path = \"/repo/a.txt\" }}\nfiles.\"a.txt\" = \"x\"\n{more}\n"
        )
    };
    test(&world("probe", &read("expect.answer = { text = \"x\" }")), &[]).failed(0, &[]);
    let less = read("grants = { write = [\"**\"] }\nexpect = { error = \"failed\", denials = [\"read a.txt\"] }");
    test(&world("probe", &less), &[]).failed(0, &[]);
    // A denial that nobody expects is a failure.
    let ran = test(&world("probe", &less.replace(", denials = [\"read a.txt\"]", "")), &[]);
    ran.failed(1, &[]);
    assert!(ran.stdout.contains("  other denials\n") && ran.stdout.contains("+read a.txt"), "{ran:#?}");
    // More than the manifest asks for is nothing.
    let more = "[[case]]\nname = \"greets\"\ninput = { name = \"Ada\" }\ngrants = { read = [\"**\"], ask = true }\nexpect.answer_has = {}\n";
    test(&world("hello", more), &[]).failed(0, &[]);
    // A policy narrows, as everywhere.
    let world = world("probe", &read("expect.answer = { text = \"x\" }"));
    crate::authors::put(&world, "policy.toml", b"[capabilities]\nread = [\"docs/**\"]\n");
    test(&world, &["--policy", "policy.toml"]).failed(1, &["narrowed by policy: "]);
}

#[test]
fn a_limit_fails_a_case_and_is_named() {
    for (how, more, told) in [
        ("spin", "", "it computed for more than 200 ms without a call to the outside and was ended"),
        ("spin", "limits = { cpu = \"50ms\" }\n", "it computed for more than 50 ms"),
        ("eat-memory", "limits = { memory = \"16MiB\" }\n", "it needs more than 16 MiB of memory and was ended"),
        ("trap", "", "it trapped: "),
        ("not-json", "", "the result of `misbehave`: not JSON"),
    ] {
        let case = probe(how, &format!("{more}expect.error = \"failed\""));
        let world = world("probe", &case);
        let ran = test(&world, &[]);
        ran.failed(1, &[]);
        assert!(ran.stdout.contains(&format!("it ended without an answer: {told}")), "{ran:#?}");
        test(&world, &["--update"]).failed(1, &[]);
        assert_eq!(super::cases(&world), case, "what has no answer is not accepted");
    }
}

#[test]
fn a_change_is_there_against_its_base() {
    let files = "files = { \"a.txt\" = \"one\\n\", \"gone.txt\" = \"x\" }\nchange = { \"a.txt\" = \"two\\n\", \"gone.txt\" = { absent = true } }\n";
    let diff = "[[case]]\nname = \"diff\"\ninput = { how = \"diff\", path = \"a.txt\" }\n";
    let original = "[[case]]\nname = \"original\"\ninput = { how = \"original\", path = \"gone.txt\" }\n";
    let diffed = "diff --git a/a.txt b/a.txt\\nindex 5626abf..f719efd 100644\\n--- a/a.txt\\n+++ b/a.txt\\n@@ -1 +1 @@\\n-one\\n+two\\n";
    let all = [
        probe("entries", &format!("{files}expect.answer = {{ entries = 2 }}")),
        format!("{diff}{files}expect.answer = {{ diff = \"{diffed}\" }}\n"),
        format!("{original}{files}expect.answer = {{ bytes = 1 }}\n"),
        "[[case]]\nname = \"writes\"\ninput = { how = \"write-and-diff\", path = \"/repo/new.txt\" }\nexpect = { answer = { entries = 1 }, files.\"new.txt\" = \"written by the probe\" }\n".to_owned(),
        // There is a branch to commit to.
        probe("checkpoint", "expect.answer_has = {}"),
    ];
    let ran = test(&world("probe", &all.concat()), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}

#[test]
fn files_afterwards_have_to_be_named() {
    let writes = |expect: &str| {
        format!(
            "[[case]]\nname = \"writes\"\ninput = {{ how = \"write\", path = \"/repo/a.txt\" }}\nexpect = {{ answer_has = {{}}, {expect} }}\n"
        )
    };
    test(&world("probe", &writes("files.\"a.txt\" = { has = [\"by the\"] }")), &[]).failed(0, &[]);
    // Of no encoding.
    let binary = writes("files = { \"a.txt\" = { has = [\"by the\"] }, b = { from = \"b.bin\" } }");
    let world = world("probe", &format!("{binary}files.b = {{ from = \"b.bin\" }}\n"));
    crate::authors::put(&world, "tests/b.bin", b"\xff\x00\xfe");
    test(&world, &[]).failed(0, &[]);
    crate::authors::put(&world, "tests/cases.toml", format!("{binary}files.b = \"text\"\n").as_bytes());
    let ran = test(&world, &[]);
    assert!(ran.stdout.contains("b is another: 3 bytes were expected, and 4 came"), "{ran:#?}");
    let world = super::world;
    for (expect, told) in [
        ("", "a.txt was written, and the case doesn't name it"),
        ("files.\"a.txt\" = { absent = true }", "a.txt is there"),
        ("files.\"a.txt\" = \"else\"", "a.txt is another"),
        ("files = { \"a.txt\" = { has = [\"else\"] } }", "a.txt lacks what it should have"),
        ("files = { \"a.txt\" = { has = [\"by\"] }, b = \"x\" }", "b is not there"),
    ] {
        let ran = test(&world("probe", &writes(expect).replace(", }", " }")), &[]);
        ran.failed(1, &[]);
        assert!(untimed(&ran.stdout).contains(&format!("  {told}\n")), "{told}: {ran:#?}");
    }
}

#[test]
fn what_is_logged_can_be_expected() {
    let case = |text: &str| {
        probe("log-and-ask", &format!("expect = {{ answer = {{ answer = \"no\" }}, log = [\"{text}\"] }}"))
    };
    test(&world("probe", &case("info: before")), &[]).failed(0, &[]);
    let ran = test(&world("probe", &case("after")), &[]);
    ran.failed(1, &[]);
    assert!(
        ran.stdout.contains("no line of its log has \"after\"") && ran.stdout.contains("+info: before"),
        "{ran:#?}"
    );
}
