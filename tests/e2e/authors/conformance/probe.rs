//! Calls everything that the contract has, and writes down what came of it.

use serde_json::{Map, Value, json};
use skillhost_sdk::{
    Answer, Brief, Budget, ChangeKind, Error, Host, Implement, Level, Message, Part, Reply, Request, Severity, Speaker,
    Stop, Summary, Tier, ToolCall, ToolChoice, ToolDefinition, ToolResult, write_error,
};

struct Probe;

impl Implement for Probe {
    fn implement(host: &dyn Host, brief: Brief) -> Result<Summary, Error> {
        if let Some(error) = wanted(&brief.goal) {
            return Err(error);
        }
        let (file, seen) =
            if brief.findings.is_empty() { ("src/seen.json", see(host, &brief)) } else { ("src/again.json", again(&brief)) };
        host.write(file, Value::Object(seen).to_string().as_bytes()).map_err(|e| write_error(file, &e))?;
        Ok(Summary {
            title: "See all of it".to_owned(),
            what: "what ü".to_owned(),
            why: "why".to_owned(),
            breaking: vec!["breaks".to_owned()],
            rollback: "rollback".to_owned(),
            unfinished: vec!["unfinished".to_owned()],
            answers: brief.findings.into_iter().map(|it| Answer { finding: it.id, text: "answered".to_owned() }).collect(),
        })
    }
}

skillhost_sdk::export_implement!(Probe);

/// The error that a goal asks for.
fn wanted(goal: &str) -> Option<Error> {
    let text = "because ü".to_owned();
    Some(match goal {
        "denied" => Error::Denied(text),
        "invalid" => Error::Invalid(text),
        "exhausted" => Error::Exhausted(text),
        "cancelled" => Error::Cancelled,
        "too-large" => Error::TooLarge(u64::from(u32::MAX) + 1),
        "failed" => Error::Failed(text),
        _ => return None,
    })
}

fn see(host: &dyn Host, brief: &Brief) -> Map<String, Value> {
    let mut seen = Map::new();
    let mut tell = |name: &str, value: Value| drop(seen.insert(name.to_owned(), value));
    tell("brief", brief_of(brief));
    for level in [Level::Debug, Level::Info, Level::Warn, Level::Error] {
        host.log(level, "a line ü");
    }
    host.progress("half", Some(0.5));
    host.progress("some", None);

    let request = request(Tier::Standard, messages());
    tell("complete", of(host.complete(&request), |reply| reply_of(&reply)));
    let small = |tier| Request { messages: messages()[..1].to_vec(), ..plain(tier) };
    let parts = |replies: Vec<Result<Reply, Error>>| -> Value {
        replies.into_iter().map(|reply| of(reply, |reply| parts_of(&reply.parts))).collect()
    };
    tell("complete-all", parts(host.complete_all(&[small(Tier::Standard), small(Tier::Standard)])));
    tell("complete-all denied", parts(host.complete_all(&[small(Tier::Capable)])));
    tell("complete denied", of(host.complete(&small(Tier::Capable)), |reply| reply_of(&reply)));
    let much = Message { speaker: Speaker::User, parts: vec![Part::Text(large())] };
    let much = Request { messages: vec![much], ..plain(Tier::Standard) };
    tell("complete exhausted", of(host.complete(&much), |reply| reply_of(&reply)));
    tell("complete failed", of(host.complete(&small(Tier::Standard)), |reply| reply_of(&reply)));
    tell("window", of(host.window(Tier::Standard), Value::from));
    tell("window denied", of(host.window(Tier::Capable), Value::from));
    let Budget { tokens, cost } = host.remaining();
    tell("remaining", json!({ "tokens": tokens, "cost": cost }));

    let commands: Vec<Value> =
        host.commands().into_iter().map(|it| json!({ "name": it.name, "description": it.description })).collect();
    tell("commands", commands.into());
    tell("granted", host.granted().into());
    let run = |name: &str, arguments: &[String]| {
        of(host.run(name, arguments), |it| {
            json!({
                "id": it.id, "exit_code": it.exit_code, "output": it.output, "output_size": it.output_size,
                "duration_ms": it.duration_ms,
            })
        })
    };
    let ran = run("test", &[]);
    let id = ran["id"].as_str().unwrap_or_default().to_owned();
    tell("run", ran);
    tell("run denied", run("deploy", &[]));
    tell("run with arguments", run("test", &["x".to_owned()]));
    tell("output", of(host.output(&id, 2), Value::from));
    tell("output invalid", of(host.output("none", 0), Value::from));

    for (path, text) in [("src/ü/new.txt", "one\n"), ("src/greeting.txt", "hello\n"), ("length", "1\n")] {
        host.write(path, text.as_bytes()).unwrap_or_default();
    }
    let entries = |changes: Vec<skillhost_sdk::Change>| -> Value {
        changes.into_iter().map(|it| json!({ "path": it.path, "kind": kind_of(it.kind) })).collect()
    };
    tell("entries", of(host.changes(), entries));
    tell("diff", of(host.diff(&["length".to_owned()]), Value::from));
    host.write("src/large.txt", large().as_bytes()).unwrap_or_default();
    tell("diff too large", of(host.diff(&[]), Value::from));
    host.remove("src/large.txt").unwrap_or_default();
    tell("original", of(host.original("length", 1), |bytes| String::from_utf8_lossy(&bytes).into()));
    tell("original invalid", of(host.original("none", 0), |bytes| bytes.len().into()));
    tell("checkpoint", of(host.checkpoint("Half of it", &[]), |commit| commit.len().into()));
    let options = ["yes".to_owned(), "no".to_owned()];
    tell("ask", of(host.ask("Now?", &options, "no"), Value::from));
    seen
}

/// More than a diff or the budget has room for.
fn large() -> String {
    "0123456789\n".repeat(40_000)
}

fn again(brief: &Brief) -> Map<String, Value> {
    let mut seen = Map::new();
    seen.insert("brief".to_owned(), brief_of(brief));
    seen
}

fn plain(tier: Tier) -> Request {
    Request {
        tier,
        system: None,
        messages: Vec::new(),
        tools: Vec::new(),
        tool_choice: ToolChoice::Auto,
        schema: None,
        max_output_tokens: None,
    }
}

fn request(tier: Tier, messages: Vec<Message>) -> Request {
    let look = ToolDefinition {
        name: "look".to_owned(),
        description: "Looks.".to_owned(),
        parameters: r#"{"type":"object","properties":{}}"#.to_owned(),
    };
    Request {
        system: Some("a system".to_owned()),
        messages,
        tools: vec![look],
        tool_choice: ToolChoice::Required,
        max_output_tokens: Some(99),
        ..plain(tier)
    }
}

fn messages() -> Vec<Message> {
    let call = ToolCall { id: "1".to_owned(), name: "look".to_owned(), arguments: "{}".to_owned() };
    let result = ToolResult { id: "1".to_owned(), content: "seen".to_owned(), failed: true };
    let said = vec![Part::Text("ü".to_owned()), Part::Reasoning("because".to_owned()), Part::ToolCall(call)];
    vec![
        Message { speaker: Speaker::User, parts: vec![Part::Text("ünï 🦀".to_owned())] },
        Message { speaker: Speaker::Assistant, parts: said },
        Message { speaker: Speaker::User, parts: vec![Part::ToolResult(result)] },
    ]
}

fn of<T>(result: Result<T, Error>, value: impl FnOnce(T) -> Value) -> Value {
    match result {
        Ok(it) => value(it),
        Err(Error::Denied(text)) => format!("denied: {text}").into(),
        Err(Error::Invalid(text)) => format!("invalid: {text}").into(),
        Err(Error::Exhausted(text)) => format!("exhausted: {text}").into(),
        Err(Error::Cancelled) => "cancelled".into(),
        Err(Error::TooLarge(size)) => format!("too-large: {size}").into(),
        Err(Error::Failed(text)) => format!("failed: {text}").into(),
    }
}

fn reply_of(reply: &Reply) -> Value {
    let stop = match reply.stop {
        Stop::End => "end",
        Stop::ToolCalls => "tool-calls",
        Stop::Length => "length",
        Stop::Refused => "refused",
    };
    let usage = &reply.usage;
    let usage = json!({
        "input_tokens": usage.input_tokens, "cached_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens, "cost": usage.cost,
    });
    json!({ "parts": parts_of(&reply.parts), "stop": stop, "usage": usage, "model": reply.model })
}

fn parts_of(parts: &[Part]) -> Value {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => json!({ "text": text }),
            Part::Reasoning(text) => json!({ "reasoning": text }),
            Part::ToolCall(it) => json!({ "tool_call": { "id": it.id, "name": it.name, "arguments": it.arguments } }),
            Part::ToolResult(it) => json!({ "tool_result": { "id": it.id, "content": it.content, "failed": it.failed } }),
        })
        .collect()
}

fn kind_of(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
    }
}

fn severity_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Nit => "nit",
        Severity::Minor => "minor",
        Severity::Major => "major",
        Severity::Blocker => "blocker",
    }
}

fn brief_of(brief: &Brief) -> Value {
    let document = |it: &skillhost_sdk::Document| json!({ "path": it.path, "text": it.text });
    let all = |values: Vec<Value>| Value::Array(values);
    json!({
        "run": brief.run, "agent": brief.agent, "goal": brief.goal, "base": brief.base,
        "conventions": all(brief.conventions.iter().map(document).collect()),
        "spec": brief.spec.as_ref().map(document),
        "steps": all(brief.steps.iter().map(|it| json!({
            "id": it.id, "title": it.title, "instructions": it.instructions, "files": it.files, "after": it.after,
            "criteria": it.criteria,
        })).collect()),
        "criteria": all(brief.criteria.iter().map(|it| json!({
            "id": it.id, "statement": it.statement, "command": it.command,
        })).collect()),
        "findings": all(brief.findings.iter().map(|it| json!({
            "id": it.id, "severity": severity_of(it.severity), "category": it.category,
            "at": it.at.as_ref().map(|at| json!({ "path": at.path, "line": at.line })),
            "quote": it.quote, "message": it.message, "suggestion": it.suggestion,
        })).collect()),
        "answers": all(brief.answers.iter().map(|it| json!({ "finding": it.finding, "text": it.text })).collect()),
        "gates": all(brief.gates.iter().map(|it| json!({
            "evidence": it.evidence, "name": it.name, "exit_code": it.exit_code, "tests": it.tests, "output": it.output,
        })).collect()),
    })
}
