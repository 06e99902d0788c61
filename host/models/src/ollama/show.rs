//! What a server says of a model: how large its window is.

use serde_json::{Value, json};

use crate::config::LOCAL_WINDOW_TOKENS;

/// What stands in the place of `chat` in the path.
pub(crate) const SHOW: &str = "show";

/// More than any model has: what is beyond is no window.
const MAX_WINDOW_TOKENS: u64 = 100_000_000;

/// The body of `POST …/api/show`.
pub(crate) fn show(model: &str) -> Value {
    json!({ "model": model })
}

/// The window to ask a model for, by what the server says of it; none where it says nothing.
///
/// What the model was made for is the most. On this machine a window takes memory whether it is used or not, so less is
/// asked for there, unless whoever set the model up said how much.
pub(crate) fn window_tokens(shown: &Value, is_hosted: bool) -> Option<u64> {
    let facts = shown.get("model_info").and_then(Value::as_object);
    let lengths = facts.into_iter().flatten().filter(|(name, _)| name.ends_with(".context_length"));
    let made_for = lengths.filter_map(|(_, length)| sound(length.as_u64())).min();
    match (made_for, set_up(shown)) {
        (Some(made_for), Some(set_up)) => Some(made_for.min(set_up)),
        (Some(made_for), None) if is_hosted => Some(made_for),
        (Some(made_for), None) => Some(made_for.min(LOCAL_WINDOW_TOKENS)),
        (None, set_up) => set_up,
    }
}

/// `num_ctx` in the model's parameters, which are lines of a name and a value.
fn set_up(shown: &Value) -> Option<u64> {
    let parameters = shown.get("parameters")?.as_str()?;
    let value = parameters.lines().find_map(|line| line.trim().strip_prefix("num_ctx")?.strip_prefix([' ', '\t']))?;
    sound(value.trim().parse().ok())
}

fn sound(tokens: Option<u64>) -> Option<u64> {
    tokens.filter(|tokens| (1..=MAX_WINDOW_TOKENS).contains(tokens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_what_the_model_has_and_the_machine_bears() {
        let shown = |parameters: &str, length: Value| json!({ "parameters": parameters, "model_info": { "general.architecture": "q", "q.context_length": length } });
        let set = "stop                           \"<|im_end|>\"\nnum_ctx                        16384\ntop_p 0.9";
        for (shown, here, hosted) in [
            (shown("", json!(8_192)), Some(8_192), Some(8_192)),
            (shown("top_k 20", json!(262_144)), Some(LOCAL_WINDOW_TOKENS), Some(262_144)),
            (shown(set, json!(262_144)), Some(16_384), Some(16_384)),
            (shown(set, json!(4_096)), Some(4_096), Some(4_096)),
            (json!({ "parameters": set }), Some(16_384), Some(16_384)),
            (
                json!({ "model_info": { "a.context_length": 9_000, "b.context_length": 5_000 } }),
                Some(5_000),
                Some(5_000),
            ),
        ] {
            assert_eq!((window_tokens(&shown, false), window_tokens(&shown, true)), (here, hosted), "{shown}");
        }
    }

    #[test]
    fn m_04_what_is_no_window_is_none() {
        let odd =
            [json!(0), json!(-1), json!(1.5), json!("8192"), json!(u64::MAX), json!(MAX_WINDOW_TOKENS + 1), json!([])];
        let of_length = odd.map(|length| json!({ "model_info": { "q.context_length": length } }));
        let parameters =
            ["num_ctx", "num_ctx -1", "num_ctx 0", "num_ctx 99999999999999999999", "num_ctx8192", "xnum_ctx 8"];
        let of_parameters = parameters.map(|parameters| json!({ "parameters": parameters }));
        let others = [json!(null), json!([]), json!("x"), json!({ "model_info": [], "parameters": {} })];
        for shown in of_length.into_iter().chain(of_parameters).chain(others) {
            assert_eq!((window_tokens(&shown, false), window_tokens(&shown, true)), (None, None), "{shown}");
        }
    }
}
