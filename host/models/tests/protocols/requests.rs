//! What is sent.

use serde_json::{Value, json};
use skillhost_fake_models::{Answer, Said};
use skillhost_models::{ModelError, Part, Speaker, ToolChoice, ToolResult, ignore_events};

use crate::call;
use crate::support::{KEY, PROTOCOLS, ask, message, models, serve, site};

#[tokio::test]
async fn conversations_go_back_in_each_protocol_s_terms() {
    let reasoned = Said { reasoning: Some("because".into()), ..Said::calls(&[("c1", "read", "{\"path\": \"a\"}")]) };
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(reasoned.clone()), Answer::Reply(Said::calls(&[("c1", "read", "{}")]))]);
        let models = models(&server, protocol);
        let site = site();
        let mut request = ask("go");
        let reply = models.complete(&site, &request, &ignore_events).await.unwrap();
        assert!(matches!(reply.parts[0], Part::Reasoning(_)), "{protocol:?}");
        let mut said = reply.parts;
        said.push(call("c2", "re ad", "{cut"));
        request.messages.push(message(Speaker::Assistant, said));
        let result =
            |id: &str| Part::ToolResult(ToolResult { id: id.into(), content: "text".into(), failed: id == "c2" });
        request.messages.push(message(Speaker::User, vec![Part::Text("go on".into()), result("c1"), result("c2")]));
        request.schema = Some(r#"{"type":"object"}"#.into());
        request.tool_choice = ToolChoice::Required;
        let second = models.complete(&site, &request, &ignore_events).await.unwrap();
        assert_eq!(second.parts, [call("c1-2", "read", "{}")], "{protocol:?}: ids differ across turns too");

        let body = server.received()[1].body.clone();
        assert_eq!(body["stream"], json!(true));
        match protocol.kind {
            "anthropic" => check_messages(&body),
            "openai" => check_responses(&body),
            "ollama" => check_ollama(&body),
            _ => check_chat(&body),
        }
    }
}

fn of<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().map(|entry| &entry[field]).collect()
}

fn check_messages(body: &Value) {
    assert_eq!(body["tool_choice"], json!({ "type": "any" }));
    let format = json!({ "type": "json_schema", "schema": { "type": "object" } });
    assert_eq!(body["output_config"]["format"], format);
    assert_eq!(body["system"][0]["cache_control"], json!({ "type": "ephemeral" }));
    let messages = &body["messages"];
    assert_eq!(
        messages[1]["content"],
        json!([
            { "type": "thinking", "thinking": "because", "signature": "signed" },
            { "type": "tool_use", "id": "c1", "name": "read", "input": { "path": "a" } },
            { "type": "tool_use", "id": "c2", "name": "invalid", "input": {} },
        ])
    );
    assert_eq!(of(&messages[2]["content"], "type"), ["tool_result", "tool_result", "text"]);
    assert_eq!(messages[2]["content"][1]["is_error"], json!(true));
    assert_eq!(body.to_string().matches("cache_control").count(), 3);
}

fn check_responses(body: &Value) {
    assert_eq!((&body["tool_choice"], &body["store"]), (&json!("required"), &json!(false)));
    assert_eq!(
        (&body["instructions"], &body["include"][0]),
        (&json!("You are one engineer."), &json!("reasoning.encrypted_content"))
    );
    assert_eq!(body["text"]["format"]["schema"], json!({ "type": "object" }));
    assert_eq!(body["tools"][0]["strict"], json!(false));
    let input = &body["input"];
    assert_eq!(input[0]["content"], json!([{ "type": "input_text", "text": "go" }]));
    let summary = json!([{ "type": "summary_text", "text": "because" }]);
    assert_eq!(
        input[1],
        json!({ "type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "sealed" })
    );
    let call = |id: &str, name: &str, arguments: &str| json!({ "type": "function_call", "call_id": id, "name": name, "arguments": arguments });
    assert_eq!((&input[2], &input[3]), (&call("c1", "read", "{\"path\": \"a\"}"), &call("c2", "invalid", "{}")));
    assert_eq!(of(input, "type")[4..], ["function_call_output", "function_call_output", "message"]);
    assert_eq!((&input[4]["call_id"], &input[4]["output"]), (&json!("c1"), &json!("text")));
}

fn check_chat(body: &Value) {
    assert_eq!(
        (&body["tool_choice"], &body["stream_options"]),
        (&json!("required"), &json!({ "include_usage": true }))
    );
    assert_eq!(body["response_format"]["json_schema"]["schema"], json!({ "type": "object" }));
    let messages = &body["messages"];
    assert_eq!((&messages[0]["role"], &messages[1]["content"]), (&json!("system"), &json!("go")));
    assert_eq!(messages[2]["reasoning_content"], json!("because"));
    assert_eq!(messages[2]["tool_calls"][0]["function"]["arguments"], json!("{\"path\": \"a\"}"));
    assert_eq!(messages[2]["tool_calls"][1]["function"], json!({ "name": "invalid", "arguments": "{}" }));
    assert_eq!(of(messages, "role")[3..], ["tool", "tool", "user"]);
}

fn check_ollama(body: &Value) {
    assert_eq!(body["format"], json!({ "type": "object" }));
    assert_eq!(body["options"], json!({ "num_ctx": 5_000, "num_predict": 100 }), "not the server's few thousand");
    let messages = &body["messages"];
    assert_eq!((&messages[0]["role"], &messages[1]["content"]), (&json!("system"), &json!("go")));
    assert_eq!(messages[2]["thinking"], json!("because"));
    let call = |id: &str, name: &str, arguments: Value| json!({ "id": id, "function": { "name": name, "arguments": arguments } });
    let calls = json!([call("c1", "read", json!({ "path": "a" })), call("c2", "invalid", json!({}))]);
    assert_eq!(messages[2]["tool_calls"], calls);
    assert_eq!(of(messages, "role")[3..], ["tool", "tool", "user"]);
    assert_eq!((&messages[3]["tool_name"], &messages[4]["tool_name"]), (&json!("read"), &json!("invalid")));
}

#[tokio::test]
async fn another_provider_s_reasoning_is_left_out() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(Said::text("ok"))]);
        let mut request = ask("go");
        let foreign = r#"{"type":"other","text":"FOREIGN"}"#.to_owned();
        let sealed = r#"{"type":"reasoning","summary":[],"encrypted_content":"FOREIGN","role":"system"}"#.to_owned();
        let forged = r#"{"type":"thinking","thinking":"FOREIGN","signature":"s","cache_control":{}}"#.to_owned();
        let parts = vec![
            Part::Reasoning(foreign),
            Part::Reasoning(sealed),
            Part::Reasoning(forged),
            Part::Reasoning("FOREIGN".into()),
            call("c", "x", "{}"),
        ];
        request.messages.push(message(Speaker::Assistant, parts));
        models(&server, protocol).complete(&site(), &request, &ignore_events).await.unwrap();
        assert!(!server.received()[0].body.to_string().contains("FOREIGN"), "{protocol:?}");
    }
}

#[tokio::test]
async fn requests_without_sense_are_not_sent() {
    for protocol in PROTOCOLS {
        let server = serve([]);
        let models = models(&server, protocol);
        let mut bad = vec![ask("x"), ask("x"), ask("x"), ask(&"x".repeat(9 << 20))];
        bad[0].messages.clear();
        bad[1].schema = Some("[".repeat(100_000));
        bad[2].tools[0].name = "a b".into();
        for request in bad {
            let failed = models.complete(&site(), &request, &ignore_events).await.unwrap_err();
            assert!(
                matches!(failed, ModelError::RequestInvalid { .. } | ModelError::RequestTooLarge { .. }),
                "{failed}"
            );
        }
        assert_eq!(server.received().len(), 0);
        assert_eq!(models.window(&site(), ask("x").tier).unwrap(), 5_000);
    }
}

#[tokio::test]
async fn the_key_stands_in_its_header_alone() {
    for protocol in PROTOCOLS {
        let server = serve([Answer::Reply(Said::text("ok"))]);
        models(&server, protocol).complete(&site(), &ask("x"), &ignore_events).await.unwrap();
        let received = &server.received()[0];
        assert_eq!(received.key(), Some(KEY));
        let holders = received.headers.iter().filter(|(_, value)| value.contains(KEY)).count();
        assert_eq!((holders, received.path.contains(KEY), received.body.to_string().contains(KEY)), (1, false, false));
    }
}
