//! What the tests of this crate share: models that point at a scripted server.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "tests; each of them uses a part")]

use std::sync::Arc;
use std::time::Duration;

use skillhost_core::capability::Tier;
use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;
use skillhost_fake_models::{Answer, FakeModels};
use skillhost_models::{
    Allowance, Budget, CallSite, Message, Models, Part, ProviderConfig, Request, Roles, Setup, Speaker, ToolChoice,
    ToolDefinition, Tuning, Turns, Volatile,
};

/// The key of every test.
pub const KEY: &str = "sk-test-0123456789abcdefghij";

/// What a test knows of a protocol.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// The `kind` of its providers.
    pub kind: &'static str,
    /// What its URL has behind the origin.
    pub path: &'static str,
    /// Where a request says how long the reply may be.
    limit: &'static str,
    /// Whether a reply says how much of its input came from a cache.
    pub tells_of_its_cache: bool,
}

/// Every protocol.
pub const PROTOCOLS: [Protocol; 4] = [
    Protocol { kind: "anthropic", path: "", limit: "/max_tokens", tells_of_its_cache: true },
    Protocol { kind: "openai", path: "/v1", limit: "/max_output_tokens", tells_of_its_cache: true },
    Protocol { kind: "openai-compatible", path: "/v1", limit: "/max_tokens", tells_of_its_cache: true },
    Protocol { kind: "ollama", path: "", limit: "/options/num_predict", tells_of_its_cache: false },
];

impl Protocol {
    /// How long a reply may be.
    pub fn limit(&self, body: &serde_json::Value) -> u64 {
        body.pointer(self.limit).unwrap().as_u64().unwrap()
    }
}

pub fn serve(script: impl IntoIterator<Item = Answer>) -> FakeModels {
    FakeModels::start(script).unwrap()
}

pub fn provider(server: &FakeModels, Protocol { kind, path, .. }: Protocol) -> ProviderConfig {
    let text = format!(
        "kind = '{kind}'\nurl = '{}{path}'\nkey_env = 'KEY'\ninput_usd = 1\ncached_input_usd = 0.1\noutput_usd = 10\nwindow = 5000",
        server.url()
    );
    toml::from_str(&text).unwrap()
}

pub fn quick() -> Tuning {
    Tuning { attempts: 3, first_delay: Duration::ZERO, max_delay: Duration::ZERO, ..Tuning::default() }
}

pub fn setup(server: &FakeModels, protocol: Protocol) -> Setup {
    Setup {
        providers: [("fake".to_owned(), provider(server, protocol))].into(),
        roles: Roles::from_project([("implement", "fake:model-1")]).unwrap(),
        tuning: quick(),
        variable: |name| (name == "KEY").then(|| KEY.to_owned()),
        ..Setup::default()
    }
}

/// The same, recorded into a file.
pub fn recording(server: &FakeModels, protocol: Protocol, file: &std::path::Path) -> Models {
    let mut models = models(server, protocol);
    models.record_to(file).unwrap();
    models
}

pub fn models(server: &FakeModels, protocol: Protocol) -> Models {
    Models::open(setup(server, protocol)).unwrap()
}

pub fn site() -> CallSite {
    site_with(Budget::root("run", Allowance::default()), Volatile::default())
}

pub fn site_with(budget: Budget, volatile: Volatile) -> CallSite {
    CallSite {
        agent: AgentId::main(),
        phase: Phase::Implement,
        role: "implement".parse().unwrap(),
        skill: None,
        round: 1,
        turns: Turns::default(),
        budget,
        volatile: Arc::new(volatile),
    }
}

pub fn message(speaker: Speaker, parts: Vec<Part>) -> Message {
    Message { speaker, parts }
}

pub fn ask(text: &str) -> Request {
    Request {
        tier: Tier::Standard,
        system: Some("You are one engineer.".to_owned()),
        messages: vec![message(Speaker::User, vec![Part::Text(text.to_owned())])],
        tools: vec![ToolDefinition {
            name: "read".to_owned(),
            description: "Reads a file".to_owned(),
            parameters: r#"{"type":"object","properties":{"path":{"type":"string"}}}"#.to_owned(),
        }],
        tool_choice: ToolChoice::Auto,
        schema: None,
        max_output_tokens: Some(100),
    }
}
