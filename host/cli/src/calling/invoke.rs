//! One call of a skill by its kind, whoever asks for it.

use serde::Serialize;
use skillhost_core::kind::Kind;
use skillhost_engine::contract::{Brief, Error, Subject};
use skillhost_engine::{Call, Called, Engine, Unanswered, supervised};
use std::sync::Arc;

/// What a skill is given.
pub(crate) enum Given {
    /// A tool, with its arguments.
    Tool(String, serde_json::Value),
    /// A brief; what a review reads is the brief's spec where there is one, else the change, unless it is named.
    Brief(Box<Brief>, Option<Subject>),
}

/// Makes the call; its answer is JSON.
pub(crate) async fn invoke(
    engine: Arc<Engine>,
    kind: Kind,
    call: Call,
    given: Given,
) -> Result<Called<serde_json::Value>, Box<Unanswered>> {
    let called = supervised(|watch| async move {
        let call = Call { watch: Some(watch), ..call };
        match (kind, given) {
            (Kind::Spec, Given::Brief(brief, _)) => call.spec(&engine, *brief).await.map(to_json),
            (Kind::Review, Given::Brief(brief, subject)) => {
                let told = || brief.spec.clone().map_or(Subject::Change, Subject::Spec);
                let subject = subject.unwrap_or_else(told);
                call.review(&engine, *brief, subject).await.map(to_json)
            }
            (Kind::Verify, Given::Brief(brief, _)) => call.verify(&engine, *brief).await.map(to_json),
            (_, Given::Brief(brief, _)) => call.implement(&engine, *brief).await.map(to_json),
            (_, Given::Tool(name, arguments)) => call.tool(&engine, &name, &arguments).await,
        }
    });
    called.await
}

fn to_json<T: Serialize>(called: Called<T>) -> Called<serde_json::Value> {
    let Called { answer, done } = called;
    let answer =
        answer.and_then(|value| serde_json::to_value(value).map_err(|e| Error::Failed(format!("not JSON: {e}"))));
    Called { answer, done }
}
