//! Requests of a skill over HTTP, through the whole program: to hosts that were granted and to no others, with secrets
//! that reach their own origin and nobody else.

use crate::servers::{Servers, servers};
use crate::support::{Lab, block_on, component, ended};
use ::http::{Method, Response};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use skillhost_audit::{Log, read_entries};
use skillhost_core::capability::Capabilities;
use skillhost_core::destination::WebUrl;
use skillhost_core::manifest;
use skillhost_core::name::SecretName;
use skillhost_core::urls::Urls;
use skillhost_engine::CallError;
use skillhost_engine::contract::Error;
use skillhost_engine::ports::{Http, HttpBody, HttpError, HttpRequest, Ports, Sealed};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const SECRET: &str = "tk-0123456789ABCdef+ghij.klm";
const HOLDER: &str = "<secret:TOKEN>";

/// A machine whose user has a secret for the first server, and whose policy opens loopback.
struct World {
    folder: TempDir,
    test: &'static str,
    policy: String,
    token: Option<&'static str>,
}

/// What the program did.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl World {
    fn new(test: &'static str) -> Self {
        let world = Self {
            folder: tempfile::tempdir().unwrap(),
            test,
            policy: "[network]\nprivate = [\"127.0.0.1\", \"[::1]\"]\n".to_owned(),
            token: Some(SECRET),
        };
        for name in ["home/.config/skillhost", "tree", "state"] {
            std::fs::create_dir_all(world.folder.path().join(name)).unwrap();
        }
        // The key of the compiled code that all share.
        let keys = world.folder.path().join("state/keys");
        std::fs::DirBuilder::new().mode(0o700).create(&keys).unwrap();
        for key in std::fs::read_dir(compiled().join("state/keys")).unwrap().map(|key| key.unwrap().path()) {
            std::fs::copy(&key, keys.join(key.file_name().unwrap())).unwrap();
        }
        let Servers { tls, plain, .. } = servers();
        world.configure(&format!(
            "[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{tls}\"]\n\
             [secrets.OTHER]\nenv = \"MY_TOKEN\"\nhosts = [\"http://127.0.0.1:{plain}\"]\n"
        ));
        world
    }

    fn configure(&self, text: &str) {
        std::fs::write(self.folder.path().join("home/.config/skillhost/config.toml"), text).unwrap();
    }

    /// The fetcher, whose manifest asks for all of these servers.
    fn fetcher() -> PathBuf {
        static FILE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
        FILE.get_or_init(|| {
            let Servers { plain, tls, other, unsigned, .. } = servers();
            let bare =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wasm32-wasip2/skill/guest_fetcher.wasm");
            let bare = std::fs::read(&bare).unwrap_or_else(|e| panic!("{}: {e}", bare.display()));
            let urls: Vec<String> = [
                format!("http://127.0.0.1:{plain}/*"),
                format!("https://localhost:{tls}/*"),
                format!("https://127.0.0.1:{tls}/*"),
                format!("https://localhost:{other}/*"),
                format!("https://localhost:{unsigned}/*"),
                "http://169.254.169.254/*".to_owned(),
                "http://[::ffff:169.254.169.254]/*".to_owned(),
                "https://*.example.com/*".to_owned(),
                "http://*.example.com/*".to_owned(),
            ]
            .into();
            let text = std::fs::read_to_string(
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/fetcher/skill.toml"),
            )
            .unwrap();
            let (before, after) = text.split_once("http = [").unwrap();
            let text = format!("{before}http = {}\n{}", json!(urls), after.split_once('\n').unwrap().1);
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fetcher-{}.wasm", std::process::id()));
            std::fs::write(&file, manifest::embed(&bare, &text).unwrap()).unwrap();
            file
        })
        .clone()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let path = |name: &str| self.folder.path().join(name);
        std::fs::write(path("policy.toml"), &self.policy).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_skillhost"));
        command.env_clear().env("HOME", path("home")).env("SSL_CERT_FILE", &servers().authority);
        command.env("XDG_CACHE_HOME", compiled().join("cache"));
        // A proxy that nobody asked for.
        command.env("https_proxy", "http://127.0.0.1:1").env("http_proxy", "http://127.0.0.1:1");
        command.env("ALL_PROXY", "http://127.0.0.1:1");
        if let Some(token) = self.token {
            command.env("MY_TOKEN", token);
        }
        command.arg("--state-dir").arg(path("state")).arg("--policy").arg(path("policy.toml"));
        let output = command.args(arguments).current_dir(path("tree")).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Calls the fetcher with these grants.
    fn call(&self, grants: &[String], input: &Value) -> Ran {
        let (fetcher, input) = (Self::fetcher(), input.to_string());
        let mut arguments = vec!["call", fetcher.to_str().unwrap(), "--input", &input];
        for grant in grants {
            arguments.extend(["--grant", grant]);
        }
        self.run(&arguments)
    }

    /// What each request gave.
    fn answers(&self, grants: &[String], input: &Value) -> Vec<Value> {
        let ran = self.call(grants, input);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        serde_json::from_str::<Value>(&ran.stdout).unwrap().as_array().unwrap().clone()
    }

    fn fetch(&self, grants: &[String], requests: &[Value]) -> Vec<Value> {
        self.answers(grants, &json!({ "how": "fetch", "requests": requests }))
    }

    /// A request to what one of the servers does.
    fn to(&self, port: u16, how: &str) -> Value {
        let (scheme, host) = if port == servers().plain { ("http", "127.0.0.1") } else { ("https", "localhost") };
        json!({ "scheme": scheme, "authority": format!("{host}:{port}"), "path": format!("/{}/{how}", self.test) })
    }

    /// The same with the secret's placeholder.
    fn with_secret(&self, port: u16, how: &str) -> Value {
        let mut request = self.to(port, how);
        request["headers"] = json!([["Authorization", format!("Bearer {HOLDER}")]]);
        request
    }

    /// What arrived at the servers.
    fn seen(&self) -> Vec<String> {
        servers().seen(self.test)
    }

    /// Every entry of every log.
    fn log(&self) -> Vec<Value> {
        let Ok(folder) = std::fs::read_dir(self.folder.path().join("state/sessions")) else { return Vec::new() };
        let files =
            folder.map(|entry| entry.unwrap().path()).filter(|file| file.extension().is_some_and(|e| e == "jsonl"));
        files
            .flat_map(|file| {
                read_entries(&file)
                    .unwrap()
                    .map(|entry| serde_json::to_value(entry.unwrap()).unwrap())
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn logged(&self, class: &str, key: &str, value: &str) -> usize {
        self.log().iter().filter(|entry| entry["class"] == class && entry[key] == value).count()
    }

    /// After an attack: the host answers, and the secret stands in no file, clear or encoded.
    fn is_unharmed(&self) {
        let hello = self.folder.path().join("hello.wasm");
        std::fs::write(&hello, component("hello")).unwrap();
        let ran = self.run(&["call", hello.to_str().unwrap(), "--input", r#"{"name": "you"}"#]);
        assert!(ran.code == Some(0) && ran.stdout.contains("Hello, you!"), "{ran:#?}");
        let forms = skillhost_core::secret::Forms::of([SECRET]);
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    assert!(!forms.stand_in(&std::fs::read(&path).unwrap()), "{}", path.display());
                }
            }
        }
    }
}

/// A folder with the guests compiled, and with the key that says so: compiling takes a while.
fn compiled() -> &'static Path {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("http");
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).unwrap();
        let hello = folder.join("hello.wasm");
        std::fs::write(&hello, component("hello")).unwrap();
        for component in [hello, World::fetcher()] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_skillhost"));
            command
                .env_clear()
                .env("XDG_CACHE_HOME", folder.join("cache"))
                .arg("--state-dir")
                .arg(folder.join("state"));
            // It is compiled, and then refuses what is no tool of it.
            let output = command.arg("call").arg(component).arg("no-tool").output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{output:?}");
        }
        folder
    })
}

fn all(port: u16) -> String {
    let (scheme, host) = if port == servers().plain { ("http", "127.0.0.1") } else { ("https", "localhost") };
    format!("http={scheme}://{host}:{port}/*")
}

fn token() -> String {
    "secrets=TOKEN".to_owned()
}

#[test]
fn r_14_a_granted_url_is_reached_with_what_was_asked() {
    let world = World::new("granted");
    let Servers { tls, plain, .. } = servers();
    let mut post = world.to(*tls, "ok");
    post["method"] = json!("POST");
    post["body"] = json!("from the skill");
    post["headers"] = json!([["X-Mine", "yes"], ["Content-Type", "text/plain"]]);
    let answers = world.fetch(&[all(*tls), all(*plain)], &[post, world.to(*plain, "ok")]);
    for answer in &answers {
        assert_eq!((&answer["status"], &answer["body"]), (&json!(200), &json!("hello")), "{answer}");
    }
    let seen = world.seen();
    assert!(seen[0].starts_with("POST /granted/ok HTTP/1.1\r\n") && seen[0].contains("x-mine: yes"), "{seen:?}");
    assert!(seen[0].contains(&format!("host: localhost:{tls}\r\n")) && seen[0].contains("from the skill"), "{seen:?}");
    assert!(seen[1].starts_with("GET /granted/ok HTTP/1.1\r\n"), "{seen:?}");
    let log = world.log();
    let ends: Vec<_> = log.iter().filter(|e| e["class"] == "network" && e["step"] == "outcome").collect();
    assert_eq!(ends.len(), 2, "{log:#?}");
    assert_eq!((&ends[0]["outcome"], &ends[0]["http_status"]), (&json!("done"), &json!(200)));
    assert_eq!(ends[0]["counts"], json!({ "bytes_in": 5, "bytes_out": 14 }));
    let begins: Vec<_> = log.iter().filter(|e| e["class"] == "network" && e["step"] == "intent").collect();
    assert!(begins.iter().all(|e| e["commitment"].is_string() && e["payload"].is_string()), "{begins:#?}");
    let text = log.iter().map(ToString::to_string).collect::<String>();
    assert!(!text.contains("localhost") && !text.contains("granted/ok"), "{text}");
    world.is_unharmed();
}

#[test]
fn r_14_what_was_not_granted_is_denied_and_told() {
    let world = World::new("denied");
    let Servers { tls, other, plain, .. } = servers();
    let at =
        |scheme: &str, authority: &str, path: &str| json!({ "scheme": scheme, "authority": authority, "path": path });
    let here = format!("localhost:{tls}");
    let requests = [
        at("https", &format!("localhost:{other}"), "/denied/ok/x"),
        at("http", &format!("127.0.0.1:{plain}"), "/denied/ok/x"),
        at("https", &format!("127.0.0.1:{tls}"), "/denied/ok/x"),
        at("https", &here, "/denied/secret"),
        at("https", &here, "/denied/ok/../secret"),
        at("https", &here, "/denied/ok/%2e%2e/secret"),
        at("https", &here, "/denied/ok/..%2fsecret"),
        at("https", &here, "/denied/ok/..%5Csecret"),
        at("https", &here, "/denied/ok/..;/secret"),
        at("https", &here, "//denied/ok/x"),
        at("https", &here, "/%64enied/ok/x"),
        at("http", &here, "/denied/ok/x"),
        at("https", "localhost", "/denied/ok/x"),
        at("https", &format!("user@{here}"), "/denied/ok/x"),
        at("https", &format!("user:pass@{here}"), "/denied/ok/x"),
        at("https", &format!("localhost.:{tls}"), "/denied/ok/x"),
        at("https", &format!("loc\u{430}lhost:{tls}"), "/denied/ok/x"),
        at("https", &format!("127.1:{tls}"), "/denied/ok/x"),
        at("https", &format!("2130706433:{tls}"), "/denied/ok/x"),
        at("https", &format!("0x7f000001:{tls}"), "/denied/ok/x"),
        at("https", &format!("0177.0.0.1:{tls}"), "/denied/ok/x"),
        at("https", &format!("[::ffff:127.0.0.1]:{tls}"), "/denied/ok/x"),
        at("https", &format!("localhost:{tls}:{other}"), "/denied/ok/x"),
        at("https", &format!("localhost:0{tls}"), "/denied/ok/x"),
        at("https", "", &format!("//{here}/denied/ok/x")),
        at("file", "", "/etc/passwd"),
        at("https", "api.example.com", "/"),
    ];
    let grant = format!("http=https://localhost:{tls}/denied/ok/*");
    let ran = world.call(&[grant], &json!({ "how": "fetch", "requests": requests }));
    let answers: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(answers.len(), requests.len());
    for (request, answer) in requests.iter().zip(&answers) {
        // Some are no request at all, by Wasmtime's own parser.
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(matches!(error, "HttpRequestDenied" | "authority" | "path" | "scheme"), "{request} {answer}");
    }
    assert_eq!(world.seen(), Vec::<String>::new());
    let remedy = format!("to grant it: --grant 'http=https://localhost:{other}/denied/ok/x'");
    assert!(ran.stderr.contains(&remedy), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing can, by that name") && !ran.stderr.contains("\u{430}"), "{}", ran.stderr);
    let denied = answers.iter().filter(|answer| answer["error"] == "HttpRequestDenied").count();
    assert_eq!((world.logged("network", "decision", "denied"), world.logged("network", "step", "intent")), (denied, 0));
    world.is_unharmed();
}

#[test]
fn r_14_spellings_of_one_host_are_one_host() {
    let world = World::new("spelled");
    let tls = servers().tls;
    let mut request = world.to(tls, "ok");
    request["authority"] = json!(format!("LOCALHOST:{tls}"));
    request["path"] = json!("/x/../spelled/ok?q=1");
    let answers = world.fetch(&[format!("http=https://localhost:{tls}/spelled/*")], &[request]);
    assert_eq!(answers[0]["status"], 200, "{answers:?}");
    // What was judged is what was sent.
    assert!(world.seen()[0].starts_with("GET /spelled/ok?q=1 HTTP/1.1\r\n"), "{:?}", world.seen());
    assert!(world.seen()[0].contains(&format!("host: localhost:{tls}\r\n")));
}

#[test]
fn r_14_nothing_is_granted_by_a_manifest_or_past_a_policy() {
    let mut world = World::new("unasked");
    let Servers { tls, other, .. } = servers();
    let requests = [world.to(*tls, "ok"), world.to(*other, "ok")];
    let denied = |answers: &[Value]| answers.iter().map(|a| a["error"] == "HttpRequestDenied").collect::<Vec<_>>();
    assert_eq!(denied(&world.fetch(&[], &requests)), [true, true]);
    world.policy += &format!("[capabilities]\nhttp = [\"https://localhost:{other}/*\"]\n");
    assert_eq!(denied(&world.fetch(&[all(*tls), all(*other)], &requests)), [true, false]);
    world.policy += "secrets = []\n";
    let ran = world.call(&[all(*other), token()], &json!({ "how": "environment" }));
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), json!([]), "{ran:#?}");
    world.is_unharmed();
}

#[test]
fn r_14_private_addresses_need_a_policy_whatever_is_granted() {
    let mut world = World::new("private");
    let Servers { tls, plain, .. } = servers();
    let metadata = json!({ "scheme": "http", "authority": "169.254.169.254", "path": "/latest/meta-data/" });
    let mapped = json!({ "scheme": "http", "authority": "[::ffff:169.254.169.254]", "path": "/" });
    let grants = [
        all(*tls),
        all(*plain),
        "http=http://169.254.169.254/*".to_owned(),
        "http=http://[::ffff:169.254.169.254]/*".to_owned(),
    ];
    let requests = [metadata, mapped, world.to(*tls, "ok"), world.to(*plain, "ok")];
    let open = world.fetch(&grants, &requests);
    // The second is spelled in two ways by two readers, and so by none.
    assert_eq!(
        (&open[0]["error"], &open[1]["error"]),
        (&json!("DestinationIpProhibited"), &json!("HttpRequestDenied"))
    );
    assert!(open[2..].iter().all(|a| a["status"] == 200), "{open:?}");
    world.policy.clear();
    let closed = world.fetch(&grants, &requests);
    assert!(closed.iter().all(|a| a["status"].is_null()), "{closed:?}");
    assert_eq!((world.seen().len(), world.logged("network", "outcome", "denied")), (2, 4));
    world.is_unharmed();
}

#[test]
fn r_14_a_redirect_is_a_reply_and_each_step_is_judged() {
    let world = World::new("redirect");
    let Servers { tls, other, .. } = servers();
    for (how, second) in [
        ("to-other", json!("HttpRequestDenied")),
        ("to-plain", json!("HttpRequestDenied")),
        ("to-metadata", json!("HttpRequestDenied")),
        ("to-file", Value::Null),
    ] {
        let input = json!({ "how": "follow", "requests": [world.with_secret(*tls, how)] });
        let answers = world.answers(&[all(*tls), token()], &input);
        assert_eq!(answers[0]["status"], 302, "{how}: {answers:?}");
        assert_eq!(answers[1]["status"], Value::Null, "{how}: {answers:?}");
        assert!(second.is_null() || answers[1]["error"] == second, "{how}: {answers:?}");
    }
    assert_eq!(world.seen().len(), 4);
    // Where the other host is granted, too, the secret still doesn't go there.
    let input = json!({ "how": "follow", "requests": [world.with_secret(*tls, "to-other")] });
    let answers = world.answers(&[all(*tls), all(*other), token()], &input);
    assert_eq!((&answers[0]["status"], &answers[1]["error"]), (&json!(302), &json!("HttpRequestDenied")));
    assert_eq!((world.seen().len(), world.seen().iter().filter(|seen| seen.contains(SECRET)).count()), (5, 5));
    world.is_unharmed();
}

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

#[test]
fn r_15_a_secret_reaches_its_origin_and_the_skill_sees_a_placeholder() {
    let world = World::new("secret");
    let tls = servers().tls;
    let variables = world.answers(&[all(tls), token()], &json!({ "how": "environment" }));
    assert_eq!(variables, [json!(["TOKEN", HOLDER])]);
    let answers = world.fetch(&[all(tls), token()], &[world.with_secret(tls, "ok")]);
    assert_eq!(answers[0]["status"], 200, "{answers:?}");
    let seen = world.seen();
    assert!(seen.len() == 1 && seen[0].contains(&format!("authorization: Bearer {SECRET}\r\n")), "{seen:?}");
    assert!(seen[0].contains("accept-encoding: identity"), "{seen:?}");
    assert_eq!(world.logged("secret", "decision", "granted"), 1);
    world.is_unharmed();
}

#[test]
fn r_15_a_secret_goes_nowhere_else() {
    let world = World::new("elsewhere");
    let Servers { plain, tls, other, .. } = servers();
    let grants = [
        all(*plain),
        all(*tls),
        all(*other),
        format!("http=https://127.0.0.1:{tls}/*"),
        "http=https://*.example.com/*".to_owned(),
        "http=http://*.example.com/*".to_owned(),
        token(),
    ];
    let field = |name: &str, value: &str| {
        let mut request = world.to(*tls, "echo");
        request["headers"] = json!([[name, value]]);
        request
    };
    let with_path = |path: &str| {
        let mut request = world.to(*tls, "echo");
        request["path"] = json!(path);
        request
    };
    let mut by_address = world.with_secret(*tls, "echo");
    by_address["authority"] = json!(format!("127.0.0.1:{tls}"));
    let mut by_name = world.with_secret(*tls, "echo");
    by_name["authority"] = json!("api.example.com");
    let mut in_clear = by_name.clone();
    in_clear["scheme"] = json!("http");
    let mut in_a_part = world.with_secret(*tls, "echo");
    in_a_part["headers"] = json!([["Authorization", HOLDER], ["Range", "bytes=0-3"]]);
    let requests = [
        world.with_secret(*other, "echo"),
        world.with_secret(*plain, "echo"),
        by_address,
        by_name,
        in_clear,
        field("Authorization", "<secret:OTHER>"),
        field("Authorization", "<secret:MY_TOKEN>"),
        field("Authorization", "<secret:PATH>"),
        field("Authorization", &format!("{HOLDER} <secret:OTHER>")),
        field("Authorization", &format!("padding {HOLDER}")),
        field("Authorization", &format!("Basic {HOLDER}")),
        field("Origin", HOLDER),
        field("Cookie", HOLDER),
        field("X", "<secret:>"),
        with_path(&format!("/elsewhere/echo?key={HOLDER}")),
        with_path("/elsewhere/echo/%3Csecret:TOKEN%3E"),
        with_path("/elsewhere/echo/%3csecret%3aTOKEN%3e"),
        in_a_part,
    ];
    let ran = world.call(&grants, &json!({ "how": "fetch", "requests": requests }));
    let answers: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    for (request, answer) in requests.iter().zip(&answers) {
        assert!(answer["error"].is_string() && answer["status"].is_null(), "{request} {answer}");
    }
    assert_eq!(world.seen(), Vec::<String>::new());
    let told = format!("hosts = [\"https://localhost:{other}\"] under [secrets.TOKEN] in config.toml");
    assert!(ran.stderr.contains(&told) && ran.stderr.contains("over TLS alone"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--grant 'secrets=OTHER'"), "{}", ran.stderr);
    assert!(world.logged("secret", "decision", "denied") >= 10, "{:#?}", world.log());
    world.is_unharmed();
}

#[test]
fn r_15_a_lock_grants_what_it_names() {
    let world = World::new("locked");
    let Servers { tls, other, .. } = servers();
    let fetcher = World::fetcher();
    let digest = skillhost_core::digest::Digest::of(&std::fs::read(&fetcher).unwrap());
    let lock = format!(
        "version = 1\n[[skill]]\nname = \"fetcher\"\nversion = \"1.0.0\"\nsource = \"file:{}\"\ndigest = \"{digest}\"\n\
         [skill.grant]\nhttp = [\"https://localhost:{tls}/locked/*\"]\nsecrets = [\"TOKEN\"]\n",
        fetcher.display()
    );
    std::fs::write(world.folder.path().join("lock"), &lock).unwrap();
    let requests = [world.with_secret(*tls, "ok"), world.to(*other, "ok")];
    let input = json!({ "how": "fetch", "requests": requests }).to_string();
    let call = ["call", "fetcher", "--lock", "../lock", "--input", &input];
    let ran = world.run(&call);
    assert!(ran.code == Some(0) && ran.stdout.contains("hello"), "{ran:#?}");
    let told = format!("http = [\"https://localhost:{other}/locked/ok\"] under [skill.grant] of fetcher");
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    assert!(world.seen().len() == 1 && world.seen()[0].contains(SECRET));
    for (bad, word) in [("secrets = [\"A B\"]", "secret's name"), ("http = [\"localhost\"]", "https://")] {
        let (whole, _) = lock.split_once("http = ").unwrap();
        std::fs::write(world.folder.path().join("lock"), format!("{whole}{bad}\n")).unwrap();
        let ran = world.run(&call);
        assert!(ran.code == Some(3) && ran.stderr.contains(word), "{ran:#?}");
    }
    world.is_unharmed();
}

#[test]
fn what_a_skill_asks_for_is_told_in_plain_words() {
    let world = World::new("inspected");
    let ran = world.run(&["inspect", World::fetcher().to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for text in [
        &format!("! send to        http://127.0.0.1:{}/*, https://", servers().plain),
        "! use secrets    OTHER, TOKEN, sent only where your config.toml lets them go",
        "Together, reading files and reaching hosts let it send your source there.",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
}

#[test]
fn r_15_a_project_names_no_secret() {
    let world = World::new("project");
    let config = world.folder.path().join("skillhost.toml");
    for text in [
        "[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://evil.example\"]\n",
        "[grants.spec]\nsecrets = [\"TOKEN\"]\n",
        "[grants.spec]\nhttp = [\"https://evil.example/*\"]\n",
    ] {
        std::fs::write(&config, text).unwrap();
        let ran = world.run(&["call", "builtin:spec", "--config", config.to_str().unwrap()]);
        assert!(ran.code == Some(3) && ran.stderr.contains("unknown"), "{ran:#?}");
    }
}

#[test]
fn r_15_over_http_a_secret_stays_on_this_machine() {
    let world = World::new("loopback");
    let plain = servers().plain;
    let mut request = world.to(plain, "ok");
    request["headers"] = json!([["X-Key", "<secret:OTHER>"]]);
    let answers = world.fetch(&[all(plain), "secrets=OTHER".to_owned()], &[request]);
    assert_eq!(answers[0]["status"], 200, "{answers:?}");
    assert!(world.seen()[0].contains(&format!("x-key: {SECRET}\r\n")));
    for host in ["http://api.example.com", "http://10.0.0.1", "http://localhost"] {
        world.configure(&format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"{host}\"]\n"));
        let ran = world.call(&[all(plain), token()], &json!({ "how": "environment" }));
        assert!(ran.code == Some(3) && ran.stderr.contains("TLS"), "{ran:#?}");
    }
}

#[test]
fn r_15_a_secret_that_comes_back_is_masked() {
    let world = World::new("echoed");
    let tls = servers().tls;
    let how = ["echo", "echo-encoded", "echo-pieces", "echo-trailer"];
    let requests: Vec<Value> = how.iter().map(|how| world.with_secret(tls, how)).collect();
    // A server may keep it for a request that doesn't carry it.
    let ran = world.call(&[all(tls), token()], &json!({ "how": "fetch", "requests": requests }));
    let answers: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    let forms = skillhost_core::secret::Forms::of([SECRET]);
    assert!(!forms.stand_in(ran.stdout.as_bytes()) && !forms.stand_in(ran.stderr.as_bytes()), "{ran:#?}");
    let blank = " ".repeat(SECRET.len());
    assert_eq!(answers[0]["body"], json!(format!("you sent Bearer {blank}, {blank}\n")));
    let headers = answers[0]["headers"].to_string();
    assert!(headers.contains("x-echo") && !headers.to_ascii_lowercase().contains("tk-0123"), "{headers}");
    assert_eq!(answers[1]["status"], 200);
    assert_eq!(answers[2]["body"], json!(format!("<{blank}>")));
    assert_eq!((&answers[3]["status"], &answers[3]["body"]), (&json!(200), &json!("ok")));
    assert!(world.seen().iter().all(|seen| seen.contains(SECRET)) && world.seen().len() == 4);
    world.is_unharmed();
}

#[test]
fn r_15_what_is_held_back_of_a_reply_tells_no_part_of_a_secret() {
    let world = World::new("guessed");
    let Servers { tls, other, .. } = servers();
    // By a server that nobody lets have the secret.
    for how in ["say-and-stall", "say-and-cut"] {
        let ask = |guess: &str| {
            let mut request = world.to(*other, &format!("{how}/{guess}"));
            request["wait_ms"] = json!(500);
            request
        };
        for size in [1, 8, SECRET.len() - 1] {
            let guesses = [&SECRET[..size], &"~".repeat(size)].map(ask);
            let answers = world.fetch(&[all(*tls), all(*other), token()], &guesses);
            assert_eq!(answers[0], answers[1], "{how} {size}");
            let (body, error) = (answers[0]["body"].as_str().unwrap(), answers[0]["error"].as_str());
            assert!(error.is_some() && body.len() > 100 && body.len() < 200 && !body.contains('t'), "{answers:?}");
        }
        // Whoever was granted none gets everything at once.
        let answers = world.fetch(&[all(*other)], &[ask(&SECRET[..8])]);
        assert!(answers[0]["body"].as_str().unwrap().ends_with(&format!("x{}", &SECRET[..8])), "{answers:?}");
    }
    world.is_unharmed();
}

#[test]
fn r_15_an_encoded_reply_is_refused_where_a_secret_could_hide() {
    let world = World::new("hidden");
    let tls = servers().tls;
    let answers = world.fetch(&[all(tls), token()], &[world.with_secret(tls, "echo-gzip"), world.to(tls, "echo-gzip")]);
    assert!(answers.iter().all(|a| a["error"] == "HttpResponseContentCoding"), "{answers:?}");
    let answers = world.fetch(&[all(tls)], &[world.to(tls, "echo-gzip"), world.to(tls, "gzip-transfer")]);
    assert_eq!((&answers[0]["status"], &answers[1]["status"]), (&json!(200), &Value::Null), "{answers:?}");
    world.is_unharmed();
}

#[test]
fn r_15_a_secret_that_can_not_be_used_is_told_before_the_call() {
    let mut world = World::new("missing");
    let tls = servers().tls;
    let grants = [all(tls), token()];
    let input = json!({ "how": "fetch", "requests": [world.with_secret(tls, "ok")] });
    for (token, config, texts) in [
        (None, None, ["variable MY_TOKEN is not set", "hint: set MY_TOKEN"]),
        (Some("short"), None, ["shorter than 16 bytes", "hint: in replies"]),
        (Some(SECRET), Some(""), ["config.toml doesn't name it", "[secrets.TOKEN]"]),
        (Some(SECRET), Some("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = []\n"), ["to no host", "hosts ="]),
        (Some(SECRET), Some("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\n"), ["hosts", "config.toml"]),
    ] {
        world.token = token;
        if let Some(config) = config {
            world.configure(config);
        }
        let ran = world.call(&grants, &input);
        assert!(ran.code == Some(3) && texts.iter().all(|text| ran.stderr.contains(text)), "{ran:#?}");
        assert!(!ran.stderr.contains(SECRET));
    }
    assert_eq!(world.seen(), Vec::<String>::new());
}

#[test]
fn r_15_a_server_that_nobody_vouches_for_is_sent_nothing() {
    let world = World::new("unsigned");
    let Servers { unsigned, .. } = servers();
    world.configure(&format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{unsigned}\"]\n"));
    let answers = world.fetch(&[all(*unsigned), token()], &[world.with_secret(*unsigned, "ok")]);
    assert_eq!(answers[0]["error"], "TlsCertificateError", "{answers:?}");
    assert_eq!(world.seen(), Vec::<String>::new());
    world.is_unharmed();
}

#[test]
fn r_16_a_server_that_stalls_is_left_at_the_deadline() {
    let world = World::new("stalled");
    let tls = servers().tls;
    let waiting = |how: &str| {
        let mut request = world.to(tls, how);
        request["wait_ms"] = json!(300);
        request
    };
    let answers = world.fetch(&[all(tls)], &["stall", "stall-body", "endless-hints"].map(waiting));
    assert_eq!(answers[0]["error"], "HttpResponseTimeout", "{answers:?}");
    // Wasmtime gives no code for what ends a body.
    assert_eq!((&answers[1]["error"], &answers[1]["body"]), (&json!("stream"), &json!("part")));
    assert!(answers[2]["error"].is_string(), "{answers:?}");
    assert!(world.logged("network", "outcome", "timed-out") >= 2, "{:#?}", world.log());
    world.is_unharmed();
}

#[test]
fn r_16_a_call_that_waits_ends_at_its_own_limit() {
    let mut world = World::new("waiting");
    let tls = servers().tls;
    world.policy += "[limits]\ntime = \"1s\"\n";
    for how in ["stall", "stall-body", "endless"] {
        let ran = world.call(&[all(tls)], &json!({ "how": "fetch", "requests": [world.to(tls, how)] }));
        assert!(ran.code == Some(5) && ran.stderr.contains("took longer than"), "{how}: {ran:#?}");
    }
    let log = world.log();
    let intents = log.iter().filter(|e| e["class"] == "network" && e["step"] == "intent").count();
    let outcomes = log.iter().filter(|e| e["class"] == "network" && e["step"] == "outcome").count();
    assert_eq!((intents, outcomes), (3, 3), "{log:#?}");
    world.is_unharmed();
}

#[test]
fn r_16_what_is_no_reply_is_an_error() {
    let world = World::new("broken");
    let tls = servers().tls;
    let how = ["endless-head", "many-fields", "upgrade", "gzip-transfer", "garbage", "silence", "two-lengths"];
    let answers = world.fetch(&[all(tls)], &how.map(|how| world.to(tls, how)));
    for (how, answer) in how.iter().zip(&answers) {
        assert!(answer["error"].is_string(), "{how}: {answer}");
    }
    let cut = world.fetch(&[all(tls)], &[world.to(tls, "cut")]);
    assert_eq!((&cut[0]["error"], &cut[0]["body"]), (&json!("stream"), &json!("part")), "{cut:?}");
    let ended = |how: &str| world.logged("network", "outcome", how);
    assert_eq!((ended("exhausted"), ended("failed")), (2, 6), "{:#?}", world.log());
    world.is_unharmed();
}

#[test]
fn d_05_requests_are_limited_and_floods_of_denied_ones_summarised() {
    let world = World::new("flood");
    let Servers { plain, tls, .. } = servers();
    let flood = |request: Value, times: u64| json!({ "how": "repeat", "requests": [request], "times": times });
    let ran = world.call(&[all(*tls)], &flood(world.to(*plain, "ok"), 5000));
    assert_eq!(serde_json::from_str::<Value>(&ran.stdout).unwrap(), json!({ "HttpRequestDenied": 5000 }));
    assert_eq!(world.logged("network", "decision", "denied"), 100);
    let counted = world.log().iter().any(|e| e["class"] == "skill" && e["counts"]["denials"] == 5000);
    assert!(counted, "{:#?}", world.log().last());

    let most = u64::from(skillhost_engine::http::MAX_REQUESTS);
    let mut request = world.to(*plain, "ok");
    request["unread"] = json!(true);
    let ran = world.call(&[all(*plain)], &flood(request, most + 5));
    assert_eq!(
        serde_json::from_str::<Value>(&ran.stdout).unwrap(),
        json!({ "200": most, "ConnectionLimitReached": 5 }),
        "{}",
        ran.stderr
    );
    world.is_unharmed();
}

#[test]
fn d_05_requests_at_a_time_are_limited() {
    let world = World::new("together");
    let tls = servers().tls;
    let mut request = world.to(tls, "stall");
    request["wait_ms"] = json!(2000);
    let answers = world.answers(&[all(tls)], &json!({ "how": "together", "requests": vec![request; 20] }));
    let of = |error: &str| answers.iter().filter(|answer| answer["error"] == error).count();
    assert_eq!((of("HttpResponseTimeout"), of("ConnectionLimitReached")), (16, 4), "{answers:?}");
    world.is_unharmed();
}

#[test]
fn d_03_what_is_never_sent_takes_little_of_the_hosts_memory() {
    let world = World::new("hoard");
    let ran = world.call(&[], &json!({ "how": "hoard" }));
    // It ends by itself, or at the limit of resources; what it holds until then is bounded.
    if let Ok(held) = serde_json::from_str::<Value>(&ran.stdout) {
        assert!(held["bytes"].as_u64().unwrap() < 128 << 20, "{held}");
    } else {
        assert_eq!(ran.code, Some(1), "{ran:#?}");
    }
    world.is_unharmed();
}

#[test]
fn d_05_more_than_a_call_may_send_is_cut_off() {
    let world = World::new("large");
    let plain = servers().plain;
    let mut request = world.to(plain, "ok");
    request["method"] = json!("POST");
    request["body_bytes"] = json!(skillhost_engine::http::MAX_BYTES_OUT + 1);
    let answers = world.fetch(&[all(plain)], &[request]);
    assert!(answers[0]["error"].is_string(), "{answers:?}");
    assert_eq!(world.logged("network", "outcome", "exhausted"), 1, "{:#?}", world.log());
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

#[test]
fn waiting_and_asking_is_not_computing() {
    let mut world = World::new("computing");
    let plain = servers().plain;
    world.policy += "[limits]\ncpu = \"1s\"\n";
    let input = json!({ "how": "spin-and-fetch", "requests": [world.to(plain, "ok")], "times": 10 });
    let answers = world.answers(&[all(plain)], &input);
    assert_eq!(answers, vec![json!(200); 10]);
}

#[test]
fn x_03_sockets_still_end_the_call() {
    let world = World::new("socket");
    let ran = world.call(&[all(servers().plain)], &json!({ "how": "socket" }));
    assert!(ran.code == Some(1) && ran.stderr.contains("no network"), "{ran:#?}");
    assert_eq!(world.logged("network", "step", "intent"), 0);
    world.is_unharmed();
}
