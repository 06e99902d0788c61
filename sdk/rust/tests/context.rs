//! What is dropped from a conversation that grows, and what stays.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{QUESTION, rendered, run};
use skillhost_sdk::mock::{Host, calls, reply, text};
use skillhost_sdk::{Error, Part, Reply, Request, Stop};

/// A tool, its path or command, and the length of its result.
fn call(id: usize, name: &str, subject: &str, bytes: usize) -> Reply {
    let field = if name == "run" { "name" } else { "path" };
    calls(&[(&format!("c{id}"), name, &format!(r#"{{"{field}":"{subject}","bytes":{bytes}}}"#))])
}

fn plan(text: &str) -> Reply {
    calls(&[("plan", "plan", &format!(r#"{{"text":"{text}"}}"#))])
}

fn finish() -> Reply {
    calls(&[("end", "finish", "{}")])
}

/// A host that plays these, and then ends; its requests.
fn requests(host: Host, replies: Vec<Reply>) -> Vec<Request> {
    let host = replies.into_iter().map(uncounted).fold(host, Host::reply).reply(finish());
    run(&host, 200).unwrap();
    host.requests.into_inner()
}

/// A reply of a server that doesn't count, so that the estimate stands: a token for three bytes.
fn uncounted(mut reply: Reply) -> Reply {
    reply.usage.input_tokens = 0;
    reply
}

fn result(request: &Request, id: &str) -> Option<String> {
    let mut parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.find_map(|part| match part {
        Part::ToolResult(result) if result.id == id => Some(result.content.clone()),
        _ => None,
    })
}

fn is_masked(request: &Request, id: usize) -> bool {
    result(request, &format!("c{id}")).is_some_and(|text| text.ends_with("dropped]"))
}

#[test]
fn old_results_are_masked_in_one_batch_beyond_60k_tokens() {
    // 4,000 tokens each: the sixteenth request has more than 60,000.
    let replies = (0..18).map(|id| call(id, "read", &format!("src/{id}.rs"), 12_000)).collect();
    let sent = requests(Host::new(), replies);
    let masked: Vec<usize> = sent
        .iter()
        .map(|request| {
            (0..18).filter(|id| result(request, &format!("c{id}")).is_some() && is_masked(request, *id)).count()
        })
        .collect();
    let first = masked.iter().position(|count| *count > 0).unwrap();
    assert_eq!(first, 15, "{masked:?}");
    // Seven of the newest are 30,000 tokens, less what stands around them.
    assert_eq!(masked[first..], [8, 8, 8, 8], "once, and then left alone");
    assert_eq!(result(&sent[first], "c0").unwrap(), "[read src/0.rs 1–9 dropped]");
    assert!(result(&sent[first], "c14").unwrap().len() > 12_000);
}

#[test]
fn the_newest_ten_stay_and_less_than_20k_tokens_are_not_worth_it() {
    // 40 results of 1,500 tokens are 60,000; ten of them stay.
    let replies = (0..45).map(|id| call(id, "read", &format!("{id}"), 4_500)).collect();
    let sent = requests(Host::new(), replies);
    let first = sent.iter().find(|request| is_masked(request, 0)).unwrap();
    let masked =
        (0..45).filter(|id| result(first, &format!("c{id}")).is_some_and(|text| text.ends_with("dropped]"))).count();
    let all = (0..45).filter(|id| result(first, &format!("c{id}")).is_some()).count();
    assert_eq!(all - masked, 10, "{all}");

    // What the model says itself can't be masked: 60,000 tokens of it, and results of 15,000.
    let long = |id: usize| {
        let mut reply = call(id, "read", &format!("{id}"), 2_000);
        reply.parts.insert(0, Part::Text("y".repeat(8_000)));
        reply
    };
    let sent = requests(Host::new(), (0..24).map(long).collect());
    assert!(!is_masked(sent.last().unwrap(), 0), "20,000 tokens of results, and ten stay");
}

#[test]
fn a_line_says_that_a_file_changed_since() {
    let host = Host::new().file("src/0.rs", "one").file("src/1.rs", "one");
    let mut replies: Vec<Reply> = (0..18).map(|id| call(id, "read", &format!("src/{id}.rs"), 12_000)).collect();
    replies.insert(2, call(90, "write", "src/0.rs", 0));
    let sent = requests(host, replies);
    assert_eq!(result(sent.last().unwrap(), "c0").unwrap(), "[read src/0.rs 1–9 dropped; changed since]");
    assert_eq!(result(sent.last().unwrap(), "c1").unwrap(), "[read src/1.rs 1–9 dropped]");
}

#[test]
fn to_look_again_at_what_was_dropped_is_no_repeat() {
    let look = |id| call(id, "look", "a", 12_000);
    let mut replies = vec![look(90), look(91)];
    replies.extend((0..18).map(|id| call(id, "read", &format!("{id}"), 12_000)));
    replies.push(look(92));
    let sent = requests(Host::new(), replies);
    let last = sent.last().unwrap();
    assert_eq!(result(last, "c91").unwrap(), "[look a dropped]");
    assert!(result(last, "c92").unwrap().len() > 12_000);
}

#[test]
fn failures_keep_500_characters_and_the_last_run_of_a_command_all() {
    let mut replies = vec![
        call(0, "fail", "a", 3_000),
        call(1, "run", "test", 3_000),
        call(2, "run", "test", 3_000),
        call(3, "run", "lint", 3_000),
        plan("first look"),
    ];
    replies.extend((10..30).map(|id| call(id, "read", &format!("{id}"), 12_000)));
    let sent = requests(Host::new(), replies);
    let last = sent.last().unwrap();
    let failure = result(last, "c0").unwrap();
    assert!(failure.starts_with("it failed xxx") && failure.len() < 560, "{failure}");
    assert!(failure.ends_with("x\n[2510 more characters were dropped]"), "{failure}");
    assert_eq!(result(last, "c1").unwrap(), "[run test dropped]");
    assert!([2, 3].iter().all(|id| result(last, &format!("c{id}")).unwrap().len() > 3_000));
    assert_eq!(result(last, "plan").unwrap(), "stored");
}

#[test]
fn the_plan_is_repeated_after_masking_and_every_20_turns() {
    let plan_in = |request: &Request| rendered(request).matches("[Your plan, as you stored it:]\\nsmall steps").count();
    let mut replies = vec![plan("small steps")];
    replies.extend((0..18).map(|id| call(id, "read", &format!("{id}"), 12_000)));
    let sent = requests(Host::new(), replies);
    let masked = sent.iter().position(|request| result(request, "c0").is_some() && is_masked(request, 0)).unwrap();
    assert_eq!((plan_in(&sent[masked - 1]), plan_in(&sent[masked])), (0, 1));

    let mut replies = vec![plan("small steps")];
    replies.extend((0..45).map(|id| call(id, "read", &format!("{id}"), 10)));
    let sent = requests(Host::new(), replies);
    assert_eq!([19, 20, 39, 40, 45].map(|turn| plan_in(&sent[turn])), [0, 1, 1, 2, 2]);
}

/// A reply that says much and does little, with its reasoning: nothing of it can be masked.
fn talk(id: usize) -> Reply {
    let mut reply = call(id, "read", &format!("src/{id}.rs"), 10);
    reply.parts.insert(0, Part::Reasoning(format!("because {id}")));
    reply.parts.insert(1, Part::Text(format!("Word {id}. {}", "y".repeat(15_000))));
    reply
}

#[test]
fn a_hand_off_stands_for_what_masking_could_not_drop() {
    let said = "## Goal\nGreet\n## Done\nLooked\n## Remaining\nWrite\n## Decisions and why\nNone\n## Files\nsrc/7.rs\n\
                ## Failing tests\nNone\n## Dead ends\nNone";
    // 5,000 tokens each: after 20 of them there are more than 100,000.
    let mut replies: Vec<Reply> = vec![plan("small steps")];
    replies.extend((0..20).map(talk));
    replies.push(text(said));
    replies.push(talk(50));
    let sent = requests(Host::new(), replies);
    let asked: Vec<usize> = (0..sent.len()).filter(|at| rendered(&sent[*at]).contains(QUESTION)).collect();
    assert_eq!(asked, [21]);
    let (question, after) = (&sent[21], &sent[22]);
    assert_eq!(question.tools, after.tools);
    assert_eq!(question.messages[..question.messages.len() - 1], sent[20].messages[..sent[20].messages.len() - 1]);

    assert_eq!(after.messages[..2], sent[0].messages[..2], "the prefix");
    let hand_off = format!("{:?}", after.messages[2]);
    assert!(hand_off.contains("## Remaining\\nWrite\\n") && hand_off.contains("# Where you are"), "{hand_off}");
    let told = rendered(after);
    assert!(told.contains("[Your plan, as you stored it:]\\nsmall steps"), "notes come after it");
    let kept: Vec<usize> = (0..20).filter(|id| told.contains(&format!("Word {id}. "))).collect();
    assert_eq!(kept, [17, 18, 19], "20,000 tokens, cut at whole turns");
    let reasoned: Vec<usize> = (0..20).filter(|id| told.contains(&format!("because {id}\""))).collect();
    assert_eq!(reasoned, kept, "with their reasoning");
}

#[test]
fn a_hand_off_is_made_without_a_model_where_it_answers_badly() {
    for answer in
        [text("I can't do that."), reply(vec![], Stop::End), reply(vec![Part::Text("no".into())], Stop::Refused)]
    {
        let mut replies = vec![plan("small steps"), call(90, "run", "test", 10), call(91, "fail", "a", 10)];
        replies.extend((0..20).map(talk));
        replies.push(answer);
        let sent = requests(Host::new().file("src/7.rs", ""), replies);
        let hand_off = format!("{:?}", sent.last().unwrap().messages[2]);
        for known in [
            "## Done\\nchanged nothing",
            "## Remaining\\nsmall steps",
            "- src/7.rs",
            "- run test: exit 0",
            "- fail a: it failed",
        ] {
            assert!(hand_off.contains(known), "{known}: {hand_off}");
        }
        assert!(!hand_off.contains("I can't do that"), "{hand_off}");
    }
}

#[test]
fn a_budget_without_a_turn_to_spare_makes_it_without_a_model() {
    // The 20th request has 95,000 tokens. Two like the 21st and a result need 230,000, and a question between them more.
    for (budget, asked) in [(240_000, 0), (500_000, 1)] {
        let host = Host::new().budget_tokens(budget);
        let free = |mut reply: Reply| {
            reply.usage.output_tokens = 0;
            uncounted(reply)
        };
        let host = (0..21).map(talk).map(free).fold(host, Host::reply).reply(finish());
        run(&host, 200).unwrap();
        let sent = host.requests.into_inner();
        assert_eq!(sent.iter().filter(|request| rendered(request).contains(QUESTION)).count(), asked, "{budget}");
        assert!(rendered(sent.last().unwrap()).contains("# Where you are"), "{budget}");
    }
}

#[test]
fn asking_for_a_hand_off_takes_one_of_the_turns() {
    let host = (0..20)
        .map(talk)
        .chain([text("## Done\nx")])
        .chain((30..40).map(talk))
        .map(uncounted)
        .fold(Host::new(), Host::reply);
    assert!(matches!(run(&host, 25), Err(Error::Exhausted(what)) if what.starts_with("25 turns")));
    assert_eq!(host.requests.borrow().len(), 25);
}
