//! a secret that a server sends back doesn't reach the skill, in whole, in part or encoded.

use super::{SECRET, World, all, token};
use crate::servers::{Servers, servers};
use serde_json::{Value, json};

#[test]
fn r_15_a_secret_that_comes_back_is_masked() {
    let world = World::new("echoed");
    let tls = servers().tls;
    let how = ["echo", "echo-encoded", "echo-pieces", "echo-trailer"];
    let requests: Vec<Value> = how.iter().map(|how| world.with_secret(tls, how)).collect();
    // A server may keep it for a request that doesn't carry it.
    let ran = world.call(&[all(tls), token()], &json!({ "how": "fetch", "requests": requests }));
    let answers: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let forms = skillhost_core::secret::Forms::of([SECRET]);
    assert!(!forms.stand_in(ran.stdout.as_bytes()) && !forms.stand_in(ran.stderr.as_bytes()), "{ran:#?}");
    let blank = " ".repeat(SECRET.len());
    assert_eq!(answers[0]["body"], json!(format!("you sent Bearer {blank}, {blank}\n")));
    let headers = answers[0]["headers"].to_string();
    assert!(headers.contains("x-echo") && !headers.to_ascii_lowercase().contains("tk-0123"), "{headers}");
    assert_eq!(answers[1]["status"], 200);
    assert_eq!(answers[2]["body"], json!(format!("<{blank}>")));
    assert_eq!((&answers[3]["status"], &answers[3]["body"]), (&json!(200), &json!("ok")));
    assert!(world.seen().iter().all(|seen| seen.contains(SECRET)) && world.seen().len() == 4);
    world.is_unharmed();
}

#[test]
fn r_15_what_is_held_back_of_a_reply_tells_no_part_of_a_secret() {
    let world = World::new("guessed");
    let Servers { tls, other, .. } = servers();
    // By a server that nobody lets have the secret.
    for how in ["say-and-stall", "say-and-cut"] {
        let ask = |guess: &str| {
            let mut request = world.to(*other, &format!("{how}/{guess}"));
            request["wait_ms"] = json!(500);
            request
        };
        for size in [1, 8, SECRET.len() - 1] {
            let guesses = [&SECRET[..size], &"~".repeat(size)].map(ask);
            let answers = world.fetch(&[all(*tls), all(*other), token()], &guesses);
            assert_eq!(answers[0], answers[1], "{how} {size}");
            let (body, error) = (answers[0]["body"].as_str().unwrap(), answers[0]["error"].as_str());
            assert!(error.is_some() && body.len() > 100 && body.len() < 200 && !body.contains('t'), "{answers:?}");
        }
        // Whoever was granted none gets everything at once.
        let answers = world.fetch(&[all(*other)], &[ask(&SECRET[..8])]);
        assert!(answers[0]["body"].as_str().unwrap().ends_with(&format!("x{}", &SECRET[..8])), "{answers:?}");
    }
    world.is_unharmed();
}

#[test]
fn r_15_an_encoded_reply_is_refused_where_a_secret_could_hide() {
    let world = World::new("hidden");
    let tls = servers().tls;
    let answers = world.fetch(&[all(tls), token()], &[world.with_secret(tls, "echo-gzip"), world.to(tls, "echo-gzip")]);
    assert!(answers.iter().all(|a| a["error"] == "HttpResponseContentCoding"), "{answers:?}");
    let answers = world.fetch(&[all(tls)], &[world.to(tls, "echo-gzip"), world.to(tls, "gzip-transfer")]);
    assert_eq!((&answers[0]["status"], &answers[1]["status"]), (&json!(200), &Value::Null), "{answers:?}");
    world.is_unharmed();
}
