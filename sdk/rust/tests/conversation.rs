//! The loop's own rules, over a toolbox with two tools.
#![allow(clippy::unwrap_used, reason = "tests")]

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::conversation::{Called, Conversation, Limits, Toolbox, user};
use skillhost_sdk::mock::{Host, calls, reply, text};
use skillhost_sdk::{Error, Part, Stop, Tier, ToolCall, ToolDefinition, schema};

#[derive(Default)]
struct Echo {
    ran: Vec<String>,
    refused: Vec<String>,
    only_finish: bool,
}

impl Toolbox for Echo {
    type Output = String;

    fn definitions(&self) -> Vec<ToolDefinition> {
        ["echo", "finish"].map(|name| schema::tool(name, "", &[("text", schema::text(""))])).into()
    }

    fn unasked(&self) -> Vec<ToolDefinition> {
        vec![schema::tool("shout", "", &[("text", schema::text(""))])]
    }

    fn refused(&mut self, name: &str, raw: &str) {
        self.refused.push(format!("{name} {raw}"));
    }

    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<String> {
        let text = arguments.text("text").to_owned();
        match name {
            "finish" => Called::Done(text),
            _ if self.only_finish => Called::Failed("only finish".into()),
            _ => {
                self.ran.push(text.clone());
                Called::Told(text)
            }
        }
    }

    fn said(&mut self, _text: &str) -> Called<String> {
        Called::Failed("call a tool".into())
    }

    fn last_turn(&mut self) -> String {
        self.only_finish = true;
        "last turn".into()
    }

    fn hand_back(&self) -> String {
        format!("did {}", self.ran.join(","))
    }
}

fn run(host: &Host) -> (Result<String, Error>, Echo) {
    let mut echo = Echo::default();
    let limits = Limits { turns: 8, notice_at: 2 };
    let result = Conversation::new(host, Tier::Standard, "system", vec![user("go")]).run(&mut echo, limits);
    (result, echo)
}

fn echo(id: &str, text: &str) -> skillhost_sdk::Reply {
    calls(&[(id, "echo", &format!(r#"{{"text":"{text}"}}"#))])
}

fn finish() -> skillhost_sdk::Reply {
    calls(&[("f", "finish", r#"{"text":"done"}"#)])
}

#[test]
fn parallel_calls_run_in_order_and_each_gets_a_result() {
    let host = Host::new()
        .reply(calls(&[
            ("1", "echo", r#"{"text":"a"}"#),
            ("2", "nope", "{}"),
            ("3", "echo", r#"{"text":"b","x":1}"#),
            ("4", "echo", r#"{"text":"c"}"#),
        ]))
        .reply(finish());
    let (result, echo) = run(&host);
    assert_eq!((result.unwrap().as_str(), echo.ran.join("")), ("done", "ac".to_owned()));
    assert_eq!(echo.refused, ["nope {}", r#"echo {"text":"b","x":1}"#]);
    assert_eq!(host.tool_result("2").unwrap(), ("there is no tool `nope`; the tools are echo, finish".into(), true));
    assert_eq!(host.tool_result("3").unwrap(), ("there is no field `x`; the fields are text".into(), true));
    assert_eq!(host.tool_result("4").unwrap(), ("c".into(), false));
}

#[test]
fn messages_are_only_appended() {
    let host = Host::new().reply(echo("1", "a")).reply(echo("2", "b")).reply(finish());
    run(&host).0.unwrap();
    let requests = host.requests.borrow();
    for pair in requests.windows(2) {
        assert_eq!(pair[1].messages[..pair[0].messages.len()], pair[0].messages[..]);
    }
    let first = format!("{:?}", requests[0].messages);
    assert!(first.contains("# Budget\\n8 turns."), "the budget stands at the end of what came first: {first}");
}

#[test]
fn duplicate_and_empty_ids_are_told_apart() {
    let host = Host::new()
        .reply(calls(&[
            ("1", "echo", r#"{"text":"a"}"#),
            ("1", "echo", r#"{"text":"b"}"#),
            ("", "echo", r#"{"text":"c"}"#),
        ]))
        .reply(finish());
    assert_eq!(run(&host).1.ran.join(""), "abc");
    let requests = host.requests.borrow();
    let ids: std::collections::HashSet<String> = requests[1]
        .messages
        .iter()
        .flat_map(|message| &message.parts)
        .filter_map(|part| if let Part::ToolResult(result) = part { Some(result.id.clone()) } else { None })
        .collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[test]
fn ids_are_told_apart_over_the_whole_conversation() {
    let host = Host::new().reply(echo("1", "a")).reply(echo("1", "b")).reply(finish());
    run(&host).0.unwrap();
    let requests = host.requests.borrow();
    let results: Vec<(String, String)> = requests[2]
        .messages
        .iter()
        .flat_map(|message| &message.parts)
        .filter_map(|part| match part {
            Part::ToolResult(result) => Some((result.id.clone(), result.content.clone())),
            _ => None,
        })
        .collect();
    assert_eq!((results.len(), results[0].1.as_str(), results[1].1.as_str()), (2, "a", "b"));
    assert_ne!(results[0].0, results[1].0);
}

#[test]
fn a_tool_that_nobody_offered_can_be_taken() {
    let host = Host::new().reply(calls(&[("1", "shout", r#"{"text":"a"}"#)])).reply(finish());
    assert_eq!(run(&host).1.ran, ["a"]);
    assert!(host.requests.borrow()[0].tools.iter().all(|tool| tool.name != "shout"));
}

#[test]
fn a_text_that_was_cut_says_so() {
    let host = Host::new().reply(reply(vec![Part::Text("so lo".into())], Stop::Length)).reply(text("so long"));
    let mut conversation = Conversation::new(&host, Tier::Standard, "system", vec![user("go")]);
    let said = [conversation.ask(None).unwrap(), conversation.ask(None).unwrap()];
    assert_eq!(said.map(|said| (said.text, said.cut)), [("so lo".to_owned(), true), ("so long".to_owned(), false)]);
}

#[test]
fn the_third_reply_without_a_call_ends_it() {
    let host = Host::new()
        .reply(text("hm"))
        .reply(echo("1", "a"))
        .reply(text("hm"))
        .reply(text("hm"))
        .reply(text("hm"))
        .reply(finish());
    assert!(matches!(run(&host).0, Err(Error::Failed(why)) if why.contains("3 times without calling a tool")));
    assert_eq!(host.replies_left(), 1, "a call in between began the count anew");
}

#[test]
fn cut_arguments_never_run_and_are_replayed_as_an_empty_object() {
    let cut = || calls(&[("1", "echo", r#"{"text":"a"#)]);
    let host = Host::new().reply(cut()).reply(finish());
    let (result, echo) = run(&host);
    assert!(result.is_ok() && echo.ran.is_empty());
    assert_eq!(echo.refused, [r#"echo {"text":"a"#]);
    assert!(host.tool_result("1").unwrap().0.contains("cut off"));
    let replayed = Part::ToolCall(ToolCall { id: "1".into(), name: "echo".into(), arguments: "{}".into() });
    assert!(host.requests.borrow()[1].messages.iter().any(|message| message.parts.contains(&replayed)));

    let host = Host::new().reply(cut()).reply(cut()).reply(cut());
    assert!(matches!(run(&host).0, Err(Error::Failed(why)) if why.contains("could not be read 3 times")));
}

#[test]
fn a_reply_cut_for_its_length_is_asked_for_again() {
    let host = Host::new().reply(reply(vec![Part::Text("so lo".into())], Stop::Length)).reply(finish());
    assert!(run(&host).0.is_ok());
    assert!(format!("{:?}", host.requests.borrow()[1].messages.last()).contains("cut off"));
}

#[test]
fn repeats_are_skipped_and_then_stopped() {
    let host = Host::new()
        .reply(echo("1", "a"))
        .reply(echo("2", "a"))
        .reply(echo("3", "a"))
        .reply(echo("4", "a"))
        .reply(echo("5", "a"));
    let (result, echo) = run(&host);
    assert!(matches!(result, Err(Error::Failed(why)) if why.contains("five times")));
    assert_eq!((echo.ran.len(), echo.refused.len()), (2, 2));
    let told = host.tool_result("3").unwrap();
    assert!(told.1 && told.0.starts_with("Not run: the same call was made 3 times"), "{told:?}");
}

#[test]
fn a_call_that_was_cut_never_runs_even_where_it_can_be_read() {
    let cut = |_: u8| {
        let call = |id: &str, text: &str| ToolCall {
            id: id.into(),
            name: "echo".into(),
            arguments: serde_json::json!({ "text": text }).to_string(),
        };
        reply(vec![Part::ToolCall(call("1", "whole")), Part::ToolCall(call("2", "a pa"))], Stop::Length)
    };
    let host = Host::new().reply(cut(0)).reply(finish());
    let (result, echo) = run(&host);
    assert_eq!((result.unwrap(), echo.ran), ("done".to_owned(), vec!["whole".to_owned()]));
    assert_eq!(echo.refused.len(), 1);
}

#[test]
fn what_never_fits_is_a_circle_as_well() {
    let unknown = || calls(&[("", "dance", "{\"text\":\"x\"}")]);
    let host = (0..6).fold(Host::new(), |host, _| host.reply(unknown()));
    let (result, echo) = run(&host);
    assert!(matches!(&result, Err(Error::Failed(why)) if why.contains("five times")), "{result:?}");
    assert_eq!(echo.refused.len(), 5);
}

#[test]
fn turns_are_counted_and_announced() {
    let mut host = Host::new();
    for turn in 1..=8 {
        host = host.reply(echo(&turn.to_string(), &turn.to_string()));
    }
    let (result, _) = run(&host);
    assert!(matches!(result, Err(Error::Exhausted(what)) if what == "8 turns\ndid 1,2,3,4,5,6,7,8"));
    assert!(format!("{:?}", host.requests.borrow()[2].messages.last()).contains("2 of 8 turns are used"));
}

#[test]
fn the_end_of_the_budget_leaves_one_turn_to_finish() {
    // Two calls may take 8,192 tokens of output each, and the results in between 8,000; the rest is the request.
    let host = Host::new().budget_tokens(25_500).reply(echo("1", "a")).reply(finish());
    assert!(run(&host).0.is_ok());
    assert!(format!("{:?}", host.requests.borrow()[1].messages.last()).contains("last turn"));
    assert!(!format!("{:?}", host.requests.borrow()[0].messages.last()).contains("last turn"));

    let host = Host::new().budget_tokens(25_500).reply(echo("1", "a")).reply(echo("2", "b")).reply(finish());
    assert!(matches!(run(&host).0, Err(Error::Exhausted(what)) if what == "the budget\ndid a"));
}

fn last_turn_of(host: &Host) -> Option<usize> {
    let requests = host.requests.borrow();
    requests.iter().position(|request| format!("{:?}", request.messages.last()).contains("last turn"))
}

#[test]
fn the_end_of_the_money_leaves_one_turn_to_finish() {
    let paid = |id: &str| {
        let mut reply = echo(id, id);
        reply.usage.cost = Some(1_500);
        reply
    };
    // The first call tells the price; two more and a result could cost 152,000.
    for (budget, turn) in [(150_000, Some(1)), (200_000, None)] {
        let host = Host::new().budget_cost(budget).reply(paid("1")).reply(finish());
        assert!(run(&host).0.is_ok());
        assert_eq!(last_turn_of(&host), turn, "{budget}");
    }
}

#[test]
fn a_prefix_that_fills_the_window_leaves_one_turn_to_finish() {
    let limits = Limits { turns: 8, notice_at: 2 };
    let run = |host: &Host| {
        let messages = vec![user("x".repeat(60_000))];
        Conversation::new(host, Tier::Standard, "system", messages).run(&mut Echo::default(), limits)
    };
    for (window, turn) in [(40_000, None), (30_000, Some(0))] {
        let host = Host::new().window_tokens(window).reply(finish());
        assert!(run(&host).is_ok());
        assert_eq!(last_turn_of(&host), turn, "{window}");
    }
    let host = Host::new().window_tokens(30_000).reply(echo("1", "b"));
    assert!(matches!(run(&host), Err(Error::Exhausted(what)) if what == "the model's window\ndid "));
}

#[test]
fn results_of_one_reply_share_what_the_window_has() {
    let long = |id: &str| (id.to_owned(), format!(r#"{{"text":"{}"}}"#, id.repeat(24_000)));
    let long = ["a", "b", "c"].map(long);
    let reply = calls(&long.each_ref().map(|(id, arguments)| (id.as_str(), "echo", arguments.as_str())));
    let host = Host::new().window_tokens(128_000).reply(reply.clone()).reply(finish());
    run(&host).0.unwrap();
    assert!(["a", "b", "c"].iter().all(|id| host.tool_result(id).unwrap().0.len() == 24_000));

    let host = Host::new().window_tokens(64_000).reply(reply).reply(finish());
    let (result, echo) = run(&host);
    assert_eq!((result.unwrap().as_str(), echo.ran.len(), echo.refused.len()), ("done", 2, 1));
    let told = ["a", "b", "c"].map(|id| host.tool_result(id).unwrap().0);
    assert_eq!(told[0].len(), 24_000);
    assert!(told[1].contains("are not shown: the results of one reply are too long together"), "{}", told[1].len());
    assert_eq!(told[2], "Not executed: the results before this one leave no room. Call it again.");
}

#[test]
fn a_host_that_is_exhausted_gets_the_hand_back() {
    let host = Host::new().reply(echo("1", "a")).reply_error(Error::Exhausted("tokens".into()));
    assert!(matches!(run(&host).0, Err(Error::Exhausted(what)) if what == "tokens\ndid a"));
    let host = Host::new().reply(echo("1", &"a".repeat(9_000))).reply_error(Error::Exhausted("tokens".into()));
    assert!(matches!(run(&host).0, Err(Error::Exhausted(what)) if what.len() <= 2_048 && what.ends_with("not shown]")));
    let host = Host::new().reply_error(Error::Cancelled);
    assert!(matches!(run(&host).0, Err(Error::Cancelled)));
}

#[test]
fn a_refusal_is_a_failure() {
    let host = Host::new().reply(reply(vec![Part::Text("I can't".into())], Stop::Refused));
    assert!(matches!(run(&host).0, Err(Error::Failed(why)) if why == "scripted refused: I can't"));
}
