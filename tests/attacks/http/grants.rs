//! what was granted is reached and nothing else is, whatever way it is spelled and whoever sends the skill there.

use super::{SECRET, World, all, token};
use crate::servers::{Servers, servers};
use serde_json::{Value, json};

#[test]
fn r_14_a_granted_url_is_reached_with_what_was_asked() {
    let world = World::new("granted");
    let Servers { tls, plain, .. } = servers();
    let mut post = world.to(*tls, "ok");
    post["method"] = json!("POST");
    post["body"] = json!("from the skill");
    post["headers"] = json!([["X-Mine", "yes"], ["Content-Type", "text/plain"]]);
    let answers = world.fetch(&[all(*tls), all(*plain)], &[post, world.to(*plain, "ok")]);
    for answer in &answers {
        assert_eq!((&answer["status"], &answer["body"]), (&json!(200), &json!("hello")), "{answer}");
    }
    let seen = world.seen();
    assert!(seen[0].starts_with("POST /granted/ok HTTP/1.1\r\n") && seen[0].contains("x-mine: yes"), "{seen:?}");
    assert!(seen[0].contains(&format!("host: localhost:{tls}\r\n")) && seen[0].contains("from the skill"), "{seen:?}");
    assert!(seen[1].starts_with("GET /granted/ok HTTP/1.1\r\n"), "{seen:?}");
    let log = world.log();
    let ends: Vec<_> = log.iter().filter(|e| e["class"] == "network" && e["step"] == "outcome").collect();
    assert_eq!(ends.len(), 2, "{log:#?}");
    assert_eq!((&ends[0]["outcome"], &ends[0]["http_status"]), (&json!("done"), &json!(200)));
    assert_eq!(ends[0]["counts"], json!({ "bytes_in": 5, "bytes_out": 14 }));
    let begins: Vec<_> = log.iter().filter(|e| e["class"] == "network" && e["step"] == "intent").collect();
    assert!(begins.iter().all(|e| e["commitment"].is_string() && e["payload"].is_string()), "{begins:#?}");
    let text = log.iter().map(ToString::to_string).collect::<String>();
    assert!(!text.contains("localhost") && !text.contains("granted/ok"), "{text}");
    world.is_unharmed();
}

#[test]
fn r_14_what_was_not_granted_is_denied_and_told() {
    let world = World::new("denied");
    let Servers { tls, other, plain, .. } = servers();
    let at =
        |scheme: &str, authority: &str, path: &str| json!({ "scheme": scheme, "authority": authority, "path": path });
    let here = format!("localhost:{tls}");
    let requests = [
        at("https", &format!("localhost:{other}"), "/denied/ok/x"),
        at("http", &format!("127.0.0.1:{plain}"), "/denied/ok/x"),
        at("https", &format!("127.0.0.1:{tls}"), "/denied/ok/x"),
        at("https", &here, "/denied/secret"),
        at("https", &here, "/denied/ok/../secret"),
        at("https", &here, "/denied/ok/%2e%2e/secret"),
        at("https", &here, "/denied/ok/..%2fsecret"),
        at("https", &here, "/denied/ok/..%5Csecret"),
        at("https", &here, "/denied/ok/..;/secret"),
        at("https", &here, "//denied/ok/x"),
        at("https", &here, "/%64enied/ok/x"),
        at("http", &here, "/denied/ok/x"),
        at("https", "localhost", "/denied/ok/x"),
        at("https", &format!("user@{here}"), "/denied/ok/x"),
        at("https", &format!("user:pass@{here}"), "/denied/ok/x"),
        at("https", &format!("localhost.:{tls}"), "/denied/ok/x"),
        at("https", &format!("loc\u{430}lhost:{tls}"), "/denied/ok/x"),
        at("https", &format!("127.1:{tls}"), "/denied/ok/x"),
        at("https", &format!("2130706433:{tls}"), "/denied/ok/x"),
        at("https", &format!("0x7f000001:{tls}"), "/denied/ok/x"),
        at("https", &format!("0177.0.0.1:{tls}"), "/denied/ok/x"),
        at("https", &format!("[::ffff:127.0.0.1]:{tls}"), "/denied/ok/x"),
        at("https", &format!("localhost:{tls}:{other}"), "/denied/ok/x"),
        at("https", &format!("localhost:0{tls}"), "/denied/ok/x"),
        at("https", "", &format!("//{here}/denied/ok/x")),
        at("file", "", "/etc/passwd"),
        at("https", "api.example.com", "/"),
    ];
    let grant = format!("http=https://localhost:{tls}/denied/ok/*");
    let ran = world.call(&[grant], &json!({ "how": "fetch", "requests": requests }));
    let answers: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answers.len(), requests.len());
    for (request, answer) in requests.iter().zip(&answers) {
        // Some are no request at all, by Wasmtime's own parser.
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(matches!(error, "HttpRequestDenied" | "authority" | "path" | "scheme"), "{request} {answer}");
    }
    assert_eq!(world.seen(), Vec::<String>::new());
    let remedy = format!("to grant it: --grant 'http=https://localhost:{other}/denied/ok/x'");
    assert!(ran.stderr.contains(&remedy), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing can, by that name") && !ran.stderr.contains("\u{430}"), "{}", ran.stderr);
    let denied = answers.iter().filter(|answer| answer["error"] == "HttpRequestDenied").count();
    assert_eq!((world.logged("network", "decision", "denied"), world.logged("network", "step", "intent")), (denied, 0));
    world.is_unharmed();
}

#[test]
fn r_14_spellings_of_one_host_are_one_host() {
    let world = World::new("spelled");
    let tls = servers().tls;
    let mut request = world.to(tls, "ok");
    request["authority"] = json!(format!("LOCALHOST:{tls}"));
    request["path"] = json!("/x/../spelled/ok?q=1");
    let answers = world.fetch(&[format!("http=https://localhost:{tls}/spelled/*")], &[request]);
    assert_eq!(answers[0]["status"], 200, "{answers:?}");
    // What was judged is what was sent.
    assert!(world.seen()[0].starts_with("GET /spelled/ok?q=1 HTTP/1.1\r\n"), "{:?}", world.seen());
    assert!(world.seen()[0].contains(&format!("host: localhost:{tls}\r\n")));
}

#[test]
fn r_14_nothing_is_granted_by_a_manifest_or_past_a_policy() {
    let mut world = World::new("unasked");
    let Servers { tls, other, .. } = servers();
    let requests = [world.to(*tls, "ok"), world.to(*other, "ok")];
    let denied = |answers: &[Value]| answers.iter().map(|a| a["error"] == "HttpRequestDenied").collect::<Vec<_>>();
    assert_eq!(denied(&world.fetch(&[], &requests)), [true, true]);
    world.policy += &format!("[capabilities]\nhttp = [\"https://localhost:{other}/*\"]\n");
    assert_eq!(denied(&world.fetch(&[all(*tls), all(*other)], &requests)), [true, false]);
    world.policy += "secrets = []\n";
    let ran = world.call(&[all(*other), token()], &json!({ "how": "environment" }));
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), json!([]), "{ran:#?}");
    world.is_unharmed();
}

#[test]
fn r_14_private_addresses_need_a_policy_whatever_is_granted() {
    let mut world = World::new("private");
    let Servers { tls, plain, .. } = servers();
    let metadata = json!({ "scheme": "http", "authority": "169.254.169.254", "path": "/latest/meta-data/" });
    let mapped = json!({ "scheme": "http", "authority": "[::ffff:169.254.169.254]", "path": "/" });
    let grants = [
        all(*tls),
        all(*plain),
        "http=http://169.254.169.254/*".to_owned(),
        "http=http://[::ffff:169.254.169.254]/*".to_owned(),
    ];
    let requests = [metadata, mapped, world.to(*tls, "ok"), world.to(*plain, "ok")];
    let open = world.fetch(&grants, &requests);
    // The second is spelled in two ways by two readers, and so by none.
    assert_eq!(
        (&open[0]["error"], &open[1]["error"]),
        (&json!("DestinationIpProhibited"), &json!("HttpRequestDenied"))
    );
    assert!(open[2..].iter().all(|a| a["status"] == 200), "{open:?}");
    world.policy.clear();
    let closed = world.fetch(&grants, &requests);
    assert!(closed.iter().all(|a| a["status"].is_null()), "{closed:?}");
    assert_eq!((world.seen().len(), world.logged("network", "outcome", "denied")), (2, 4));
    world.is_unharmed();
}

#[test]
fn r_14_a_redirect_is_a_reply_and_each_step_is_judged() {
    let world = World::new("redirect");
    let Servers { tls, other, .. } = servers();
    for (how, second) in [
        ("to-other", json!("HttpRequestDenied")),
        ("to-plain", json!("HttpRequestDenied")),
        ("to-metadata", json!("HttpRequestDenied")),
        ("to-file", Value::Null),
    ] {
        let input = json!({ "how": "follow", "requests": [world.with_secret(*tls, how)] });
        let answers = world.answers(&[all(*tls), token()], &input);
        assert_eq!(answers[0]["status"], 302, "{how}: {answers:?}");
        assert_eq!(answers[1]["status"], Value::Null, "{how}: {answers:?}");
        assert!(second.is_null() || answers[1]["error"] == second, "{how}: {answers:?}");
    }
    assert_eq!(world.seen().len(), 4);
    // Where the other host is granted, too, the secret still doesn't go there.
    let input = json!({ "how": "follow", "requests": [world.with_secret(*tls, "to-other")] });
    let answers = world.answers(&[all(*tls), all(*other), token()], &input);
    assert_eq!((&answers[0]["status"], &answers[1]["error"]), (&json!(302), &json!("HttpRequestDenied")));
    assert_eq!((world.seen().len(), world.seen().iter().filter(|seen| seen.contains(SECRET)).count()), (5, 5));
    world.is_unharmed();
}

#[test]
fn what_a_skill_asks_for_is_told_in_plain_words() {
    let world = World::new("inspected");
    let ran = world.run(&["inspect", World::fetcher().to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for text in [
        &format!("! reach         http://127.0.0.1:{}/*, https://", servers().plain),
        "! use secrets   OTHER, TOKEN\n                  only where your config.toml lets each of them go",
        "let it send your source there.",
        "the secrets OTHER, TOKEN let it act there as you.",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
}

#[test]
fn x_03_sockets_still_end_the_call() {
    let world = World::new("socket");
    let ran = world.call(&[all(servers().plain)], &json!({ "how": "socket" }));
    assert!(ran.code == Some(1) && ran.stderr.contains("no network"), "{ran:#?}");
    assert_eq!(world.logged("network", "step", "intent"), 0);
    world.is_unharmed();
}
