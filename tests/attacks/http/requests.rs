//! what a request may be: one request, as long as it says, and none that can't be audited.

use super::{World, all};
use crate::servers::servers;
use crate::support::{Lab, block_on, ended};
use ::http::{Method, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use skillhost_audit::Log;
use skillhost_core::capability::Capabilities;
use skillhost_core::destination::WebUrl;
use skillhost_core::name::SecretName;
use skillhost_core::urls::Urls;
use skillhost_engine::CallError;
use skillhost_engine::contract::Error;
use skillhost_engine::ports::{Http, HttpBody, HttpError, HttpRequest, Ports, Sealed};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

#[test]
fn r_14_methods_and_fields_that_change_what_a_request_is_are_refused() {
    let world = World::new("fields");
    let tls = servers().tls;
    let method = |method: &str| {
        let mut request = world.to(tls, "ok");
        request["method"] = json!(method);
        request
    };
    let field = |name: &str, value: &str| {
        let mut request = world.to(tls, "ok");
        request["headers"] = json!([[name, value]]);
        request
    };
    let requests = [
        method("CONNECT"),
        method("TRACE"),
        method("connect"),
        method("PRI"),
        method("GET / HTTP/1.1\r\nx:"),
        field("Host", "evil.example"),
        field("host", "evil.example"),
        field("Connection", "upgrade"),
        field("Upgrade", "websocket"),
        field("Transfer-Encoding", "chunked"),
        field("TE", "gzip"),
        field("Proxy-Authorization", "x"),
        field("Keep-Alive", "x"),
        field("Expect", "100-continue"),
        field("X-A", "b\r\nHost: evil.example"),
        field("X-A", "b\nx: y"),
        field("X-A\r\nHost", "b"),
        field("X-A", "b\0"),
        field("X-A: b", "c"),
        field("Content-Length", "5"),
        field("Content-Length", "+0"),
        field("Content-Length", "5, 6"),
    ];
    let answers = world.fetch(&[all(tls)], &requests);
    for (request, answer) in requests.iter().zip(&answers) {
        assert!(answer["error"].is_string() && answer["status"].is_null(), "{request} {answer}");
    }
    assert_eq!(world.seen(), Vec::<String>::new());
    world.is_unharmed();
}

#[test]
fn r_14_a_body_is_as_long_as_it_says() {
    let world = World::new("length");
    let tls = servers().tls;
    let post = |length: Option<&str>, body: &str| {
        let mut request = world.to(tls, "ok");
        request["method"] = json!("POST");
        request["body"] = json!(body);
        request["wait_ms"] = json!(500);
        request["headers"] = json!(length.map(|length| vec![["Content-Length", length]]).unwrap_or_default());
        request
    };
    let smuggled = "GET /length/smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    let answers =
        world.fetch(&[all(tls)], &[post(Some("0"), smuggled), post(Some("500"), "short"), post(None, smuggled)]);
    assert_eq!((&answers[1]["status"], &answers[2]["status"]), (&Value::Null, &json!(200)), "{answers:?}");
    let requests: Vec<String> = world.seen().into_iter().filter(|seen| seen.starts_with("GET")).collect();
    assert_eq!(requests, Vec::<String>::new());
    assert!(world.seen().iter().all(|seen| seen.starts_with("POST /length/ok ")), "{:?}", world.seen());
    world.is_unharmed();
}

/// Stops the log when something is about to be sent.
#[derive(Default)]
struct Unlogged {
    log: Mutex<Option<Arc<Log>>>,
    sent: AtomicU32,
}

impl Http for Unlogged {
    fn carries(&self, _secret: &SecretName, _url: &WebUrl) -> bool {
        false
    }

    fn seal(&self, _method: &Method, _url: &WebUrl, _secrets: &[SecretName]) -> Result<Sealed, Error> {
        if let Some(log) = self.log.lock().unwrap().take() {
            log.close().unwrap();
        }
        Ok(Sealed { on: Vec::new(), payload: None, bytes: 0 })
    }

    fn send(&self, _request: HttpRequest) -> BoxFuture<'static, Result<Response<HttpBody>, HttpError>> {
        self.sent.fetch_add(1, SeqCst);
        async { Err(HttpError::Unreachable) }.boxed()
    }
}

#[test]
fn a_10_a_request_that_can_not_be_audited_is_not_sent() {
    block_on(async {
        let lab = Lab::new();
        let fetcher = lab.engine.load(&std::fs::read(World::fetcher()).unwrap()).await.unwrap();
        let grant = Capabilities { http: Urls::parse(["https://*.example.com/*"]).unwrap(), ..Capabilities::default() };
        let input = json!({ "how": "fetch", "requests": [{ "authority": "api.example.com" }] });
        let outside = Arc::new(Unlogged::default());
        let call = || {
            let ports = Ports { http: Some(Arc::clone(&outside) as _), ..Ports::default() };
            lab.call(&fetcher, &grant, ports)
        };
        let called = call().tool(&lab.engine, "fetch", &input).await.unwrap();
        assert_eq!(called.answer.unwrap()[0]["error"], "DestinationUnavailable");
        assert_eq!(outside.sent.load(SeqCst), 1);
        *outside.log.lock().unwrap() = Some(lab.audit());
        let cut = call().tool(&lab.engine, "fetch", &input).await.map(|called| called.answer).unwrap_err();
        assert!(matches!(cut.error, CallError::Audit(_)), "{:?}", cut.error);
        assert_eq!(outside.sent.load(SeqCst), 1);
        lab.held_without_log([ended("done")]).await;
        // Where there is no way out, whatever was granted, it is denied.
        let lab = Lab::new();
        let fetcher = lab.engine.load(&std::fs::read(World::fetcher()).unwrap()).await.unwrap();
        let called = lab.call(&fetcher, &grant, Ports::default()).tool(&lab.engine, "fetch", &input).await.unwrap();
        assert_eq!(called.answer.unwrap()[0]["error"], "HttpRequestDenied");
        lab.held([ended("done")]).await;
    });
}
