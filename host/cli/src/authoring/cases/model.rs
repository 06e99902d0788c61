//! The model of a case: the host plays its replies back as it plays any recording, and here it is seen whether the skill
//! asks as the case says.

use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_cases::Reply;
use skillhost_core::text::escape_terminal;
use skillhost_engine::contract::{Error, model as wit};
use skillhost_engine::ports::{Model, Sealed, Told};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a message quotes of a request, in characters.
const QUOTED_CHARS: usize = 200;

/// Most turns that are told of: each after the first wrong one may be wrong because of it.
const MAX_UNMET: usize = 20;

/// A model that says what a case wants said.
pub(super) struct Scripted {
    player: Arc<dyn Model>,
    replies: Vec<Reply>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    turns: usize,
    unmet: Vec<String>,
}

impl Scripted {
    pub(super) fn new(player: Arc<dyn Model>, replies: &[Reply]) -> Self {
        Self { player, replies: replies.to_vec(), seen: Mutex::default() }
    }

    /// What of the script was not met, once the skill is done.
    pub(super) fn unmet(&self) -> Vec<String> {
        let seen = self.seen();
        let mut unmet = seen.unmet.clone();
        if seen.turns < self.replies.len() {
            let (turns, all) = (seen.turns, self.replies.len());
            unmet.push(format!("the model was asked {turns} of {all} times: reply {} was never asked for", turns + 1));
        }
        unmet
    }

    /// Counts a turn; gives why it is not the one of the script.
    fn turn(&self, request: &wit::Request) -> Result<(), Error> {
        let mut seen = self.seen();
        seen.turns += 1;
        let (turn, all) = (seen.turns, self.replies.len());
        let wrong = match self.replies.get(turn - 1) {
            None => Some(format!(
                "the model was asked again at turn {turn}, and the case has {all} of [[case.reply]]; what was asked ends with: {}",
                texts(request).last().map(end).unwrap_or_default()
            )),
            Some(reply) => {
                let is_missing = |text: &&String| !texts(request).any(|held| held.contains(text.as_str()));
                let missing = reply.expect.iter().find(is_missing);
                missing.map(|text| format!("the request of turn {turn} doesn't hold {text:?}"))
            }
        };
        let Some(wrong) = wrong else { return Ok(()) };
        if seen.unmet.len() < MAX_UNMET {
            seen.unmet.push(wrong.clone());
        }
        Err(Error::Failed(wrong))
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for Scripted {
    fn seal(&self, request: &wit::Request) -> Result<Sealed, Error> {
        self.player.seal(request)
    }

    fn complete(&self, request: wit::Request) -> BoxFuture<'_, Result<Told<wit::Reply>, Error>> {
        async move {
            let turn = self.turn(&request);
            // Played in any case, so that both count the same turns.
            let played = self.player.complete(request).await;
            turn.and(played)
        }
        .boxed()
    }

    fn complete_all(&self, requests: Vec<wit::Request>) -> BoxFuture<'_, Vec<Result<Told<wit::Reply>, Error>>> {
        async move {
            let turns: Vec<_> = requests.iter().map(|request| self.turn(request)).collect();
            let played = self.player.complete_all(requests).await;
            turns.into_iter().zip(played).map(|(turn, played)| turn.and(played)).collect()
        }
        .boxed()
    }

    fn window(&self, tier: wit::Tier) -> Result<u64, Error> {
        self.player.window(tier)
    }

    fn remaining(&self) -> wit::Budget {
        self.player.remaining()
    }
}

/// Every text of a request, in the order in which a model reads them.
fn texts(request: &wit::Request) -> impl Iterator<Item = &str> {
    let tools = request.tools.iter().flat_map(|tool| [&tool.name, &tool.description, &tool.parameters]);
    let parts = request.messages.iter().flat_map(|message| &message.parts).flat_map(|part| match part {
        wit::Part::Text(text) | wit::Part::Reasoning(text) => [text.as_str(), ""],
        wit::Part::ToolCall(call) => [call.name.as_str(), call.arguments.as_str()],
        wit::Part::ToolResult(result) => ["", result.content.as_str()],
    });
    let texts =
        tools.map(String::as_str).chain(request.system.as_deref()).chain(request.schema.as_deref()).chain(parts);
    texts.filter(|text| !text.is_empty())
}

fn end(text: &str) -> String {
    let skipped = text.chars().count().saturating_sub(QUOTED_CHARS);
    escape_terminal(&text.chars().skip(skipped).collect::<String>(), 2 * QUOTED_CHARS).to_string()
}
