//! Pull requests, at servers that speak the forges' documented interfaces.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

use skillhost_core::user::{ForgeConfig, ForgeKind};
use skillhost_egress::Dialer;
use skillhost_forge::{Client, Forge, ForgeError, PullRequest, Site, Token};
use skillhost_test_support::forge_server::{self, Kind};
use skillhost_test_support::web::{Reply, Server};
use skillhost_worktree::remote::RemoteUrl;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const TOKEN: &str = "tk-0123456789abcdef";
const KINDS: [(Kind, ForgeKind); 3] =
    [(Kind::Github, ForgeKind::Github), (Kind::Gitlab, ForgeKind::Gitlab), (Kind::Forgejo, ForgeKind::Forgejo)];

/// The host's side, for a remote whose forge is at `url`.
fn forge(kind: ForgeKind, url: &str, patience: Duration) -> Forge {
    let remote = RemoteUrl::parse("https://git.corp.example/owner/repo.git", Path::new("/")).unwrap();
    let config = ForgeConfig { kind, url: Some(url.to_owned()), token_env: None };
    let site = Site::of(&remote, &BTreeMap::from([("git.corp.example".to_owned(), config)])).unwrap().unwrap();
    let client = Client::of_the_users_own(Dialer::new(Default::default())).with_patience(patience);
    Forge::new(client, site, Token::new(TOKEN).unwrap())
}

fn request(body: &str, is_draft: bool) -> PullRequest {
    PullRequest {
        head: "skillhost/goal-k3x9p2ab".to_owned(),
        base: "main".to_owned(),
        title: "Greet\neverybody".to_owned(),
        body: body.to_owned(),
        is_draft,
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn one_branch_has_one_pull_request_which_is_brought_up_to_date() {
    for (kind, own) in KINDS {
        let server = forge_server::Forge::start(kind, TOKEN, |_, answer| answer);
        let forge = forge(own, &server.url(), PATIENCE);
        for (nth, (body, is_draft)) in
            [("a", true), ("b", true), ("c", false), ("d", false), ("e", true)].iter().enumerate()
        {
            let opened = forge.publish(&request(body, *is_draft)).await.unwrap();
            let pull = server.only();
            assert_eq!((opened.number, pull.body.as_str(), pull.is_draft), (1, *body, *is_draft), "{kind:?} {nth}");
            assert!(pull.title.ends_with("Greet everybody") && opened.url.is_some());
        }
    }
}

#[tokio::test]
async fn a_fork_with_a_branch_of_the_same_name_is_somebody_elses() {
    for (kind, own) in KINDS {
        let server = forge_server::Forge::start(kind, TOKEN, |_, answer| answer);
        let theirs = forge_server::Pull {
            head: request("", true).head,
            base: "main".to_owned(),
            title: "Draft: not yours".to_owned(),
            body: "theirs".to_owned(),
            is_draft: true,
            is_of_fork: true,
            ..forge_server::Pull::default()
        };
        server.state.lock().unwrap().pulls.push(theirs);
        let forge = forge(own, &server.url(), PATIENCE);
        for (body, is_draft) in [("a", true), ("b", false)] {
            assert_eq!(forge.publish(&request(body, is_draft)).await.unwrap().number, 2, "{kind:?}");
        }
        let state = server.state.lock().unwrap();
        assert_eq!((state.pulls.len(), state.pulls[0].body.as_str(), state.pulls[1].body.as_str()), (2, "theirs", "b"));
        assert!(state.pulls[0].is_draft && state.faults.is_empty(), "{state:?}");
    }
}

#[tokio::test]
async fn what_a_person_closed_stays_closed() {
    for (kind, own) in KINDS {
        let server = forge_server::Forge::start(kind, TOKEN, |_, answer| answer);
        let forge = forge(own, &server.url(), PATIENCE);
        forge.publish(&request("a", true)).await.unwrap();
        server.state.lock().unwrap().pulls[0].is_closed = true;
        let error = forge.publish(&request("b", false)).await.unwrap_err();
        assert!(matches!(error, ForgeError::Closed { number: 1, .. }), "{error}");
        assert_eq!(server.only().body, "a");
    }
}

#[tokio::test]
async fn r_16_a_forge_that_stalls_is_not_waited_for() {
    for (_, own) in KINDS {
        let server = Server::start(|_| Reply::Stall(Vec::new()));
        let error =
            forge(own, &server.url(), Duration::from_millis(50)).publish(&request("a", true)).await.unwrap_err();
        assert!(error.is_limit(), "{error}");
    }
}

#[tokio::test]
async fn r_14_r_15_a_token_is_not_sent_on() {
    let other = Server::start(|_| Reply::of(200, "application/json", "[]"));
    let to = other.url();
    let server = Server::start(move |request| Reply::redirect(&format!("{to}{}", request.path())));
    for (_, own) in KINDS {
        let error = forge(own, &server.url(), PATIENCE).publish(&request("a", true)).await.unwrap_err();
        assert!(matches!(error, ForgeError::Redirected { .. }), "{error}");
    }
    assert!(other.seen().is_empty() && server.seen().len() == KINDS.len());
}

#[tokio::test]
async fn o_01_o_09_no_answer_shows_a_token_or_moves_a_cursor() {
    let said = format!("{{\"message\":\"\\u001b[2J {TOKEN}\",\"error\":\"\\r\\n\"}}");
    let server = Server::start(move |_| Reply::of(422, "application/json", said.as_str()));
    for (_, own) in KINDS {
        let error = forge(own, &server.url(), PATIENCE).publish(&request("a", true)).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains(TOKEN) && !text.contains(['\u{1b}', '\r', '\n']) && text.contains("422"), "{text}");
    }
    // An address that is none of the web is not shown.
    let server = Server::start(|request| match request.method.as_str() {
        "GET" => Reply::of(200, "application/json", "[]"),
        _ => Reply::of(
            201,
            "application/json",
            "{\"number\":1,\"iid\":1,\"html_url\":\"javascript:1\",\"web_url\":\"file:///x\"}",
        ),
    });
    for own in [ForgeKind::Github, ForgeKind::Gitlab] {
        let opened = forge(own, &server.url(), PATIENCE).publish(&request("a", true)).await.unwrap();
        assert_eq!(opened.url, None);
    }
}

#[tokio::test]
async fn a_token_in_a_text_is_taken_out_and_a_long_text_is_cut() {
    let server = forge_server::Forge::start(Kind::Github, TOKEN, |_, answer| answer);
    let text = format!("{TOKEN} {}", "é".repeat(100_000));
    forge(ForgeKind::Github, &server.url(), PATIENCE).publish(&request(&text, true)).await.unwrap();
    let body = server.only().body;
    assert!(!body.contains(TOKEN) && body.chars().count() <= 65_536 && body.ends_with("`PR.md` of the run.\n"));
}
