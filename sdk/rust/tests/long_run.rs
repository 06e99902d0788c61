//! Hundreds of turns in a small window.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{QUESTION, rendered, run};
use skillhost_sdk::mock::{Host, calls, text};
use skillhost_sdk::{Error, Part, Reply, Request};

/// What a model of this many bytes for ten tokens counts.
fn counted(request: &Request, bytes_for_ten: usize) -> u64 {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall(call) => call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => result.content.len(),
    };
    let parts: usize = request.messages.iter().flat_map(|message| &message.parts).map(part).sum();
    let tools: usize = request.tools.iter().map(|tool| tool.parameters.len() + tool.description.len()).sum();
    ((parts + tools + request.system.as_ref().map_or(0, String::len)) * 10 / bytes_for_ten) as u64
}

/// One of 300 turns: now one call, now several, long and short, failed, talkative, with a plan now and then.
fn varied(count: usize) -> Reply {
    let random = count.wrapping_mul(2_654_435_761) >> 7;
    let one = |id: usize| {
        let name = ["read", "read", "read", "fail", "run", "write"][(random >> (id * 3)) % 6];
        let subject = format!("src/{}.rs", (random >> 4) % 40);
        let bytes = [200, 24_000, 4_000, 10_000, 800][(random >> (id * 2)) % 5];
        (name, format!(r#"{{"path":"{subject}","name":"c{}","bytes":{bytes}}}"#, random % 3))
    };
    let mut wanted: Vec<(&str, String)> = (0..1 + random % 4).map(one).collect();
    if count % 30 == 7 {
        wanted.push(("plan", format!(r#"{{"text":"plan of {count} {}"}}"#, "p".repeat(3_000))));
    }
    let ids: Vec<String> = (0..wanted.len()).map(|id| format!("t{count}-{id}")).collect();
    let named: Vec<(&str, &str, &str)> =
        ids.iter().zip(&wanted).map(|(id, (name, arguments))| (id.as_str(), *name, arguments.as_str())).collect();
    let mut reply = calls(&named);
    reply.parts.insert(0, Part::Reasoning(format!("because {count}")));
    reply.parts.insert(1, Part::Text("w".repeat([100, 1_000, 16_000][random % 3])));
    reply
}

/// Runs 300 turns; the largest request with its reply, as the model counts them.
fn simulate(window: u64, bytes_for_ten: usize, counts: bool) -> u64 {
    let model = move |request: &Request, count: usize| {
        let mut reply = match rendered(request).contains(QUESTION) {
            true => text(&format!("## Done\n{}\n## Dead ends\nnone", "d".repeat(2_000))),
            false => varied(count),
        };
        reply.usage.input_tokens = if counts { counted(request, bytes_for_ten) } else { 0 };
        reply
    };
    let host = (0..40).fold(Host::new(), |host, id| host.file(&format!("src/{id}.rs"), "one"));
    let host = host.window_tokens(window).model(model);
    let result = run(&host, 300);
    assert!(matches!(&result, Err(Error::Exhausted(what)) if what.starts_with("300 turns")), "{result:?}");
    let requests = host.requests.into_inner();
    assert_eq!(requests.len(), 300);
    let mut peak = 0;
    for request in &requests {
        assert_eq!((&request.system, &request.tools), (&requests[0].system, &requests[0].tools));
        assert_eq!(request.messages[..2], requests[0].messages[..2]);
        check_turns(request);
        peak = peak.max(counted(request, bytes_for_ten) + request.max_output_tokens.map_or(8_192, u64::from));
    }
    let asked = requests.iter().filter(|request| rendered(request).contains(QUESTION)).count();
    assert!(asked > 2 && asked < 60, "{asked}");
    peak
}

/// Whole turns: each call has its result behind it and each result its call, and reasoning is what it was.
fn check_turns(request: &Request) {
    let mut open: Vec<&str> = vec![];
    for message in &request.messages[2..] {
        let mut turn = None;
        for part in &message.parts {
            match part {
                Part::Reasoning(text) => turn = text.strip_prefix("because "),
                Part::ToolCall(call) => {
                    assert!(call.id.starts_with(&format!("t{}-", turn.unwrap())), "{}", call.id);
                    open.push(&call.id);
                }
                Part::ToolResult(result) => {
                    assert!(!open.is_empty() && open.remove(0) == result.id, "{}", result.id);
                }
                Part::Text(_) => {}
            }
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn three_hundred_turns_stay_within_a_window_of_64k_tokens() {
    // Tokens of four bytes, of three, and of two and a half, which only the provider's count tells; and no count at all.
    for (bytes_for_ten, counts) in [(40, true), (30, true), (25, true), (30, false)] {
        let peak = simulate(64_000, bytes_for_ten, counts);
        assert!(peak <= 64_000, "{bytes_for_ten} {counts}: {peak}");
    }
}

#[test]
fn other_windows_hold_as_well() {
    for window in [32_000, 128_000] {
        let peak = simulate(window, 35, true);
        assert!(peak <= window, "{window}: {peak}");
    }
}
