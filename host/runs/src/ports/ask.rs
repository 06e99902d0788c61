//! `ask`: an unattended run takes the default and records it.

use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_engine::contract::Error;
use skillhost_engine::ports::Ask;
use std::sync::{Arc, Mutex};

/// Longest part of a question that is kept, in characters.
const KEPT_CHARS: usize = 300;

/// Answers with defaults.
#[derive(Clone, Default)]
pub(crate) struct AskPort {
    taken: Arc<Mutex<Vec<String>>>,
}

impl AskPort {
    /// The questions that were answered so, each with its default.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().map(|taken| taken.clone()).unwrap_or_default()
    }
}

impl Ask for AskPort {
    fn ask(&self, question: String, _options: Vec<String>, default: String) -> BoxFuture<'_, Result<String, Error>> {
        let cut = |text: &str| text.chars().take(KEPT_CHARS).collect::<String>();
        if let Ok(mut taken) = self.taken.lock() {
            taken.push(format!("{} — taken without asking: {}", cut(&question), cut(&default)));
        }
        async move { Ok(default) }.boxed()
    }
}
