//! Whether another turn can be paid, and fits: a last turn that the host refuses is none.
//!
//! The host reserves the worst case before each call, and counts as this module does: a token for three bytes of the request,
//! and the longest reply. So the turn before the last begins only while two such calls fit, and what a result adds in between.

use crate::{Budget, Part, Request, Usage};

/// The longest reply, where a request does not say one.
const REPLY_TOKENS: u64 = 8_192;
/// What the results of one turn add: one of the largest, 24,000 bytes.
const RESULT_TOKENS: u64 = 8_000;
/// What surrounds each message and each tool.
const FRAME_TOKENS: u64 = 16;

/// A request's tokens, on the high side.
pub(crate) fn input_tokens(request: &Request) -> u64 {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall(call) => call.id.len() + call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => result.id.len() + result.content.len(),
    };
    let parts: usize = request.messages.iter().flat_map(|message| &message.parts).map(part).sum();
    let tools: usize =
        request.tools.iter().map(|tool| tool.name.len() + tool.description.len() + tool.parameters.len()).sum();
    let bytes = request.system.as_ref().map_or(0, String::len) + parts + tools;
    let frames = 1 + request.messages.len() + request.tools.len();
    (bytes as u64).div_ceil(3) + frames as u64 * FRAME_TOKENS
}

/// Whether the budget covers no two calls like the coming one, which has `input` tokens.
pub(crate) fn ends(left: &Budget, input: u64, price: Option<Price>) -> bool {
    let (input, output) = (2 * input + RESULT_TOKENS, 2 * REPLY_TOKENS);
    let cost = price.map(|price| price.worst(input, output));
    left.tokens.is_some_and(|left| left < input + output) || left.cost.zip(cost).is_some_and(|(left, cost)| left < cost)
}

/// Whether a request of `input` tokens leaves no room in the window for one after it. A small window is used up to its half.
pub(crate) fn fills(window: u64, input: u64) -> bool {
    input > window - (2 * REPLY_TOKENS + RESULT_TOKENS).min(window / 2)
}

/// Millionths of a US dollar for a token of input, inferred from what a call cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price(f64);

impl Price {
    /// None where the provider's price is not known. Price lists differ in what else costs how much of it; each figure here
    /// errs towards the dearer end: cached input a tenth, output five times as much.
    pub(crate) fn of(usage: &Usage) -> Option<Price> {
        let fresh = usage.input_tokens.saturating_sub(usage.cached_input_tokens) as f64;
        let units = fresh + usage.cached_input_tokens as f64 / 10.0 + usage.output_tokens as f64 * 5.0;
        (units > 0.0).then(|| usage.cost.map(|cost| Price(cost as f64 / units))).flatten()
    }

    /// What a call costs at most: all input written to the cache, output eight times as much.
    fn worst(self, input: u64, output: u64) -> u64 {
        (self.0 * (input as f64 * 1.25 + output as f64 * 8.0)).ceil() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_worst_cases_and_a_result_have_to_fit() {
        let needed = 2 * (1_000 + REPLY_TOKENS) + RESULT_TOKENS;
        let left = |tokens| Budget { tokens: Some(tokens), cost: None };
        assert!(ends(&left(needed - 1), 1_000, None));
        assert!(!ends(&left(needed), 1_000, None));
        assert!(!ends(&Budget { tokens: None, cost: None }, u64::MAX / 4, None));
    }

    #[test]
    fn money_ends_a_budget_as_well() {
        let usage = Usage { input_tokens: 1_000, cached_input_tokens: 0, output_tokens: 0, cost: Some(3_000) };
        let price = Price::of(&usage);
        let left = |cost| Budget { tokens: None, cost: Some(cost) };
        // (2 × 1,000 + 8,000) × 1.25 and 2 × 8,192 × 8, three millionths each.
        assert!(ends(&left(430_715), 1_000, price));
        assert!(!ends(&left(430_716), 1_000, price));
        assert!(!ends(&left(0), 1_000, Price::of(&Usage { cost: None, ..usage })), "without a price nothing is known");
    }

    #[test]
    fn a_window_keeps_room_for_a_reply_and_what_follows() {
        assert!(!fills(200_000, 175_616));
        assert!(fills(200_000, 175_617));
        assert!(!fills(8_000, 4_000));
        assert!(fills(8_000, 4_001));
    }
}
