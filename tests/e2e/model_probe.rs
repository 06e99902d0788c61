//! `skillhost doctor --models`, against servers that can and that can't.

use crate::recordings::{configure, provider};
use crate::support::{Ran, World, ran};
use serde_json::{Value, json};
use skillhost_fake_models::{Answer, Call, FakeModels, Said};

const PRICE: &str = "input_usd = 1\noutput_usd = 10";

fn able() -> Vec<Answer> {
    let call = |word: &str, number: u32| Call {
        id: word.to_owned(),
        name: "note".to_owned(),
        arguments: json!({ "word": word, "number": number }),
    };
    let calls =
        |calls: Vec<Call>| Answer::Reply(Said { calls, input_tokens: 100, output_tokens: 20, ..Said::default() });
    vec![
        calls(vec![call("heron", 7)]),
        Answer::Reply(Said::text(r#"{"word":"heron","numbers":[1,2,3]}"#)),
        calls(vec![call("heron", 1), call("egret", 2), call("stork", 3)]),
    ]
}

fn doctor(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(&[&["doctor", "--models"][..], arguments].concat());
    ran(command.env("E2E_KEY", "sk-e2e-0123456789abcdefghij").output().unwrap())
}

#[test]
fn each_protocol_is_probed_from_the_command_line() {
    for kind in ["anthropic", "openai", "openai-compatible", "ollama"] {
        let world = World::bare();
        let server = FakeModels::start(able()).unwrap();
        configure(&world, &provider("fake", kind, &server, PRICE));
        let ran = doctor(&world, &["--model", "fake:m-1"]);
        assert_eq!(ran.code, Some(0), "{kind} {ran:#?}");
        for text in [
            "fake:m-1 for every role",
            "✓ reach it: m-1 answered",
            "✓ call a tool: with the arguments that were asked for",
            "✓ keep to a schema: JSON alone",
            "✓ call tools in parallel: 3 calls in one answer",
            "tokens/s",
            "asking used 255 tokens, 0.0006 USD",
        ] {
            assert!(ran.stdout.contains(text), "{kind} {text}: {ran:#?}");
        }
        assert!(!ran.stdout.contains("hint"), "{kind} {ran:#?}");
        assert_eq!(server.received().len(), 3);
    }
}

#[test]
fn the_models_of_the_project_are_each_asked_once() {
    let [good, bad] =
        [able(), vec![Answer::Reply(Said::text("no \u{1b}[2Jtool")); 3]].map(FakeModels::start).map(Result::unwrap);
    let toml = "[models]\nspec = \"good:m\"\nimplement = \"good:m\"\n\"implement.capable\" = \"bad:n\"\n";
    let world = World::with(&[("skillhost.toml", toml)]);
    configure(&world, &[provider("good", "openai", &good, ""), provider("bad", "ollama", &bad, "")].concat());
    let ran = doctor(&world, &["--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let document = ran.json();
    assert_eq!(document["schema"], "skillhost.doctor-models/1");
    let models = document["models"].as_array().unwrap();
    let of = |model: &str| models.iter().find(|tried| tried["model"] == model).unwrap();
    assert_eq!((models.len(), &of("good:m")["roles"]), (2, &json!(["implement", "spec"])));
    assert_eq!((&of("good:m")["is_fit"], &of("good:m")["cost_micro_usd"]), (&json!(true), &Value::Null));
    let bad_one = of("bad:n");
    assert_eq!((&bad_one["roles"], &bad_one["is_fit"]), (&json!(["implement.capable"]), &json!(false)));
    assert_eq!(bad_one["findings"][1]["holds"], false);
    assert!(bad_one["hint"].as_str().unwrap().contains("calling tools"), "{bad_one}");
    assert!(!ran.stdout.contains("\\u001b[") && !ran.stdout.contains('\u{1b}'), "{ran:#?}");
    assert_eq!((good.received().len(), bad.received().len()), (3, 3));
}

#[test]
fn a_refused_key_is_told_and_nothing_is_asked_where_nothing_is_meant() {
    let refused = Answer::Error { status: 401, message: "bad key {key}".to_owned(), retry_after: None };
    let server = FakeModels::start([refused]).unwrap();
    let world = World::with(&[("README.md", "x")]);
    configure(&world, &provider("fake", "anthropic", &server, ""));
    doctor(&world, &[]).failed(3, &["no model is configured here", "--model PROVIDER:MODEL"]);
    doctor(&world, &["--model", "nonsense"]).failed(2, &["is not PROVIDER:MODEL"]);
    world.run(&["doctor", "--model", "fake:m"]).failed(2, &["--models"]);
    assert_eq!(server.received().len(), 0);
    let ran = doctor(&world, &["--model", "fake:m"]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stdout.contains("✗ reach it: fake refused the key with status 401: bad key [key]"), "{ran:#?}");
    assert!(ran.stdout.contains("hint: check the value of E2E_KEY"), "{ran:#?}");
}
