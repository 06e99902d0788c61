//! Where a request marks what the next one will repeat.
//!
//! A mark covers everything before it: tools, then the system prompt, then the messages. The server finds a beginning that
//! an earlier request marked within 20 blocks before a mark of this one, and takes four marks. A loop that only appends
//! needs them at the system prompt, which runs share; behind what an agent is told first, which stays where older results
//! are masked; and at the last two turns of the user, so that a turn of many blocks is found again, too. Before the
//! first reply, what siblings share is marked instead: the first message.

use serde_json::{Map, Value, json};

/// Puts the marks into a body.
pub(super) fn mark(body: &mut Map<String, Value>) {
    // What stands last covers the others.
    let prompt = if body.contains_key("system") { "system" } else { "tools" };
    mark_last(body.get_mut(prompt), |_| true);
    let Some(messages) = body.get_mut("messages").and_then(Value::as_array_mut) else { return };
    for at in places(messages) {
        let content = messages.get_mut(at).and_then(|message| message.get_mut("content"));
        mark_last(content, |block| !block["type"].as_str().unwrap_or_default().ends_with("thinking"));
    }
}

/// The messages to mark, three at most.
fn places(messages: &[Value]) -> Vec<usize> {
    let last = messages.len().saturating_sub(1);
    let told = messages.iter().take_while(|message| message["role"] == "user").count().saturating_sub(1);
    let mut places = if told == last {
        vec![0, last]
    } else {
        let before = messages[..last].iter().rposition(|message| message["role"] == "user");
        vec![told, before.unwrap_or(told), last]
    };
    places.dedup();
    places
}

/// Marks the last entry of a list that can have a mark.
fn mark_last(entries: Option<&mut Value>, can: impl Fn(&Value) -> bool) {
    let entries = entries.and_then(Value::as_array_mut);
    if let Some(Value::Object(entry)) = entries.and_then(|entries| entries.iter_mut().rev().find(|entry| can(entry))) {
        entry.insert("cache_control".into(), json!({ "type": "ephemeral" }));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// A request of so many messages, `u` and `a` by turns as spelled, with what is marked in it.
    fn marks(with_system: bool, roles: &str) -> Vec<String> {
        let message = |role| {
            let role = if role == 'u' { "user" } else { "assistant" };
            json!({ "role": role, "content": [{ "type": "text" }, { "type": "thinking" }] })
        };
        let mut body = Map::new();
        body.insert("tools".into(), json!([{ "name": "a" }, { "name": "b" }]));
        if with_system {
            body.insert("system".into(), json!([{ "type": "text" }]));
        }
        body.insert("messages".into(), roles.chars().map(message).collect());
        mark(&mut body);
        let marked = |value: &Value| value.to_string().contains("cache_control");
        let mut found: Vec<String> = ["tools", "system"]
            .into_iter()
            .filter(|field| body.get(*field).is_some_and(marked))
            .map(str::to_owned)
            .collect();
        assert!(!marked(&body["tools"][0]), "the last alone");
        let messages = body["messages"].as_array().unwrap();
        assert!(messages.iter().all(|message| !marked(&message["content"][1])), "reasoning takes no mark");
        found.extend((0..messages.len()).filter(|at| marked(&messages[*at])).map(|at| at.to_string()));
        found
    }

    #[test]
    fn what_is_repeated_is_marked_and_never_more_than_four_times() {
        for (roles, marked) in [
            ("u", vec!["system", "0"]),
            ("uu", vec!["system", "0", "1"]),
            ("uuu", vec!["system", "0", "2"]),
            ("uuau", vec!["system", "1", "3"]),
            ("uuauau", vec!["system", "1", "3", "5"]),
            ("uuauaua", vec!["system", "1", "5", "6"]),
            ("au", vec!["system", "0", "1"]),
            ("", vec!["system"]),
        ] {
            assert_eq!(marks(true, roles), marked, "{roles}");
        }
        assert_eq!(marks(false, "u"), ["tools", "0"]);
    }

    #[test]
    fn each_request_of_a_loop_marks_where_the_one_before_ended() {
        let mut roles = "uu".to_owned();
        for _ in 0..10 {
            let end = roles.len() - 1;
            roles.push_str("au");
            assert!(marks(true, &roles).contains(&end.to_string()), "{roles}");
        }
    }
}
