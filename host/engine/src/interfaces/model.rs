//! `model`: the tier must be granted; keys, budgets and providers are the port's.

use super::absent;
use crate::contract::Error;
use crate::contract::model::{Budget, Host, Reply, Request, Tier};
use crate::gate::{Passage, Wish};
use crate::state::CallState;
use skillhost_core::tier;

/// Requests that one call of `complete-all` may hold.
const MAX_REQUESTS: usize = 16;

fn wish(tier: Tier) -> Wish<'static> {
    Wish::Model(match tier {
        Tier::Cheap => tier::Tier::Cheap,
        Tier::Standard => tier::Tier::Standard,
        Tier::Capable => tier::Tier::Capable,
    })
}

impl Host for CallState {
    async fn complete(&mut self, request: Request) -> wasmtime::Result<Result<Reply, Error>> {
        let passage = match self.gate.check(wish(request.tier))? {
            Ok(passage) => passage,
            Err(denied) => return Ok(Err(denied)),
        };
        let Some(port) = self.outside.ports.model.clone() else { return Ok(Err(absent("model"))) };
        let passage = match port.seal(&request) {
            Ok(sealed) => passage.with(&sealed),
            Err(error) => return Ok(Err(error)),
        };
        self.beyond(passage.pass_told(async move { port.complete(request).await })).await?
    }

    async fn complete_all(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Reply, Error>>> {
        let refuse = |error: Error| Ok(requests.iter().map(|_| Err(error.clone())).collect());
        if requests.len() > MAX_REQUESTS {
            return refuse(Error::Invalid(format!("at most {MAX_REQUESTS} requests at once")));
        }
        // All or none: a batch is one decision for the skill.
        let mut passages = Vec::with_capacity(requests.len());
        for request in &requests {
            match self.gate.check(wish(request.tier))? {
                Ok(passage) => passages.push(passage),
                Err(denied) => return refuse(denied),
            }
        }
        let Some(port) = self.outside.ports.model.clone() else { return refuse(absent("model")) };
        let sealed = match requests.iter().map(|request| port.seal(request)).collect::<Result<Vec<_>, _>>() {
            Ok(sealed) => sealed,
            Err(error) => return refuse(error),
        };
        let passages = passages.into_iter().zip(&sealed).map(|(passage, sealed)| passage.with(sealed));
        let intents = passages.map(Passage::begin).collect::<wasmtime::Result<Vec<_>>>()?;
        // All at once to the port, which gives them their numbers in this order and bounds how many run.
        let replies = self.beyond(async move { port.complete_all(requests).await }).await?;
        intents.into_iter().zip(replies).map(|(intent, reply)| intent.end(reply)).collect()
    }

    fn window(&mut self, tier: Tier) -> wasmtime::Result<Result<u64, Error>> {
        if let Err(denied) = self.gate.check(wish(tier))? {
            return Ok(Err(denied));
        }
        Ok(match &self.outside.ports.model {
            Some(port) => port.window(tier),
            None => Err(absent("model")),
        })
    }

    fn remaining(&mut self) -> wasmtime::Result<Budget> {
        // Who may call no model has nothing left, and is told nothing of what others have.
        let port = self.outside.ports.model.as_ref().filter(|_| !self.gate.capabilities().model.is_empty());
        Ok(port.map_or(Budget { tokens: Some(0), cost: Some(0) }, |port| port.remaining()))
    }
}
