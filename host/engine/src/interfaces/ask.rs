//! `ask`: a question to a person, where that was granted.

use super::absent;
use crate::contract::Error;
use crate::contract::skillhost::skill::ask::Host;
use crate::gate::Wish;
use crate::state::CallState;

/// Options that one question may offer.
const MAX_OPTIONS: usize = 20;

impl Host for CallState {
    async fn ask(
        &mut self,
        question: String,
        options: Vec<String>,
        default: String,
    ) -> wasmtime::Result<Result<String, Error>> {
        let passage = match self.gate.check(Wish::Ask)? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        if options.len() > MAX_OPTIONS {
            return Ok(Err(Error::Invalid(format!("at most {MAX_OPTIONS} options"))));
        }
        let Some(port) = self.outside.ports.ask.clone() else { return Ok(Err(absent("ask"))) };
        self.beyond(passage.pass(async move { port.ask(question, options, default).await })).await?
    }
}
