//! Whether another turn can be paid: a last turn that the host refuses is none.
//!
//! The host reserves the worst case before each call, and counts as this module does: a token for three bytes of the request,
//! and the longest reply. So the turn before the last begins only while two such calls fit, and what a result adds in between.

use crate::{Budget, Message, Part, Reply, Request, Usage};

/// The longest reply, where a request does not say one.
const REPLY_TOKENS: u64 = 8_192;
/// What the results of one turn add: one of the largest, 24,000 bytes.
const RESULT_TOKENS: u64 = 8_000;
/// What surrounds each message and each tool.
const FRAME_TOKENS: u64 = 16;

/// A request's tokens, on the high side.
pub(crate) fn input_tokens(request: &Request) -> u64 {
    let tools = request.tools.iter();
    let tools: usize = tools.map(|tool| tool.name.len() + tool.description.len() + tool.parameters.len()).sum();
    let bytes = request.system.as_ref().map_or(0, String::len) + message_bytes(&request.messages) + tools;
    let frames = 1 + request.messages.len() + request.tools.len();
    (bytes as u64).div_ceil(3) + frames as u64 * FRAME_TOKENS
}

/// What messages have in a request.
pub(crate) fn message_tokens(messages: &[Message]) -> u64 {
    (message_bytes(messages) as u64).div_ceil(3) + messages.len() as u64 * FRAME_TOKENS
}

/// What a reply has, sent back with the next request.
pub(crate) fn reply_tokens(reply: &Reply) -> u64 {
    (reply.parts.iter().map(part_bytes).sum::<usize>() as u64).div_ceil(3) + 2 * FRAME_TOKENS
}

fn message_bytes(messages: &[Message]) -> usize {
    messages.iter().flat_map(|message| &message.parts).map(part_bytes).sum()
}

fn part_bytes(part: &Part) -> usize {
    match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall(call) => call.id.len() + call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => result.id.len() + result.content.len(),
    }
}

/// Whether the coming call, which has `input` tokens, has to be the last: the budget covers no two of them, or less than one and
/// a half of the `last` one and a result.
pub(crate) fn ends(left: &Budget, input: u64, last: u64, price: Option<Price>) -> bool {
    let (input, output) = (2 * input + RESULT_TOKENS, 2 * REPLY_TOKENS);
    let cost = price.map(|price| price.worst(input, output));
    let tokens = (input + output).max(last.saturating_add(last / 2).saturating_add(RESULT_TOKENS));
    left.tokens.is_some_and(|left| left < tokens) || left.cost.zip(cost).is_some_and(|(left, cost)| left < cost)
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
        assert!(ends(&left(needed - 1), 1_000, 0, None));
        assert!(!ends(&left(needed), 1_000, 0, None));
        assert!(!ends(&Budget { tokens: None, cost: None }, u64::MAX / 4, 0, None));
    }

    #[test]
    fn money_ends_a_budget_as_well() {
        let usage = Usage { input_tokens: 1_000, cached_input_tokens: 0, output_tokens: 0, cost: Some(3_000) };
        let price = Price::of(&usage);
        let left = |cost| Budget { tokens: None, cost: Some(cost) };
        // (2 × 1,000 + 8,000) × 1.25 and 2 × 8,192 × 8, three millionths each.
        assert!(ends(&left(430_715), 1_000, 0, price));
        assert!(!ends(&left(430_716), 1_000, 0, price));
        assert!(
            !ends(&left(0), 1_000, 0, Price::of(&Usage { cost: None, ..usage })),
            "without a price nothing is known"
        );
    }

    #[test]
    fn less_than_one_and_a_half_of_the_last_call_and_a_result_is_the_end() {
        let left = |tokens| Budget { tokens: Some(tokens), cost: None };
        // A provider that counts more than the estimate.
        assert!(ends(&left(157_999), 1_000, 100_000, None));
        assert!(!ends(&left(158_000), 1_000, 100_000, None));
        assert!(ends(&left(u64::MAX - 1), 1_000, u64::MAX, None));
    }
}
