//! The port over a server: what a watcher sees, what is kept, and why a call failed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use skillhost_audit::{Subject, SubjectKey};
use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;
use skillhost_fake_models::{Answer, FakeModels, Said};
use skillhost_models::{Allowance, Budget, CallSite, Models, ProviderConfig, ProviderKind, Roles, Setup, Turns};

struct Desk {
    port: ModelPort,
    told: Arc<Mutex<Vec<Event>>>,
    _folder: tempfile::TempDir,
}

fn desk(server: &FakeModels) -> Desk {
    let provider = ProviderConfig {
        kind: ProviderKind::OpenaiCompatible,
        url: Some(format!("{}/v1", server.url())),
        key_env: None,
        input_usd: None,
        output_usd: None,
        cached_input_usd: None,
        window: None,
    };
    let setup = Setup {
        providers: [("fake".to_owned(), provider)].into(),
        roles: Roles::from_project([("implement", "fake:m")]).unwrap(),
        ..Setup::default()
    };
    let run: RunId = "7f3k".parse().unwrap();
    let key = SubjectKey::ephemeral(Subject::Run(run.clone())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let budget = Budget::root("run", Allowance::default());
    let seen = Arc::clone(&told);
    let port = ModelPort {
        models: Arc::new(Models::open(setup).unwrap()),
        site: CallSite {
            agent: AgentId::main(),
            phase: Phase::Implement,
            role: "implement".parse().unwrap(),
            skill: None,
            round: 1,
            turns: Turns::default(),
            budget: budget.clone(),
            volatile: Arc::default(),
        },
        payloads: Arc::new(Payloads::open(&folder.path().join("payloads"), run.clone(), key).unwrap()),
        run,
        run_budget: budget,
        stronger: None,
        asked: Arc::default(),
        watcher: Watcher::new(move |_, event| seen.lock().unwrap().push(event)),
        answered: Arc::default(),
        failed: Arc::default(),
    };
    Desk { port, told, _folder: folder }
}

fn request(text: &str) -> wit::Request {
    wit::Request {
        tier: wit::Tier::Standard,
        system: None,
        messages: vec![wit::Message { speaker: wit::Speaker::User, parts: vec![wit::Part::Text(text.to_owned())] }],
        tools: Vec::new(),
        tool_choice: wit::ToolChoice::Auto,
        schema: None,
        max_output_tokens: Some(100),
    }
}

#[tokio::test]
async fn a_watcher_sees_a_reply_grow_and_not_each_piece_of_it() {
    let said = Said { reasoning: Some("why".into()), ..Said::text("x".repeat(3_000)) };
    let server = FakeModels::start([Answer::Reply(said)]).unwrap();
    let desk = desk(&server);
    desk.port.complete(request("go")).await.unwrap();
    let told = desk.told.lock().unwrap();
    let doing: Vec<_> = told
        .iter()
        .filter_map(|event| if let Event::Doing { what, .. } = event { Some(what.as_str()) } else { None })
        .collect();
    assert_eq!(doing, ["model thinks, 1 KiB", "model writes, 1 KiB", "model writes, 2 KiB", "model writes, 3 KiB"]);
    assert!(matches!(told.last(), Some(Event::Spent { tokens: 15, cost_micro_usd: None })), "{told:?}");
}

#[tokio::test]
async fn what_was_asked_and_said_is_kept_where_the_log_says() {
    let server = FakeModels::start([Answer::Reply(Said::text("yes"))]).unwrap();
    let desk = desk(&server);
    let sealed = desk.port.seal(&request("a question")).unwrap();
    assert_eq!(sealed.on, b"fake:m");
    let body = desk.port.payloads.get(BodyKind::Prompt, &sealed.payload.unwrap()).unwrap();
    assert_eq!(sealed.bytes, body.len() as u64);
    assert!(String::from_utf8(body).unwrap().contains("a question"));
    let told = desk.port.complete(request("a question")).await.unwrap();
    // The outcome has no readers; what it holds shows in how it is printed.
    let outcome = format!("{:?}", told.outcome);
    assert!(outcome.contains("\"tokens_in\": 10, \"tokens_out\": 5"), "{outcome}");
}

#[tokio::test]
async fn the_newest_failure_is_remembered_until_a_call_succeeds() {
    let refused = Answer::Error { status: 401, message: "no".into(), retry_after: None };
    let server = FakeModels::start([refused, Answer::Reply(Said::text("yes"))]).unwrap();
    let desk = desk(&server);
    assert!(matches!(desk.port.complete(request("x")).await, Err(Error::Failed(_))));
    assert!(desk.port.failed.lock().unwrap().as_ref().is_some_and(models::ModelError::is_configuration));
    desk.port.complete(request("x")).await.unwrap();
    assert!(desk.port.failed.lock().unwrap().is_none());
}
