//! Servers that answer wrongly, slowly, without end or not at all, while a skill is added, and while one is brought back that
//! the lock names. Each ends with what was wrong, and nothing is written.

use super::network::{forget, kept_files, nothing_was_installed};
use super::{NAME, component, lock_of, manifest_of};
use crate::support::{Ran, World};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use skillhost_core::text::is_deceptive;
use skillhost_test_support::registry::{INDEX, MANIFEST, Registry, WASM};
use skillhost_test_support::web::{MUCH, Reply, Server};
use std::fs;
use std::sync::{Arc, Mutex};

/// What clears a terminal, writes to its clipboard, and turns letters around.
const ESCAPES: &str = "\u{1b}[2J\u{1b}]52;c;eA==\u{7}\u{202e}";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/wasm\r\n";

/// The part of requests that is answered in another way, and how.
type Lie = Arc<Mutex<Option<(String, Reply)>>>;

/// An honest registry that lies in one place when it is told to, a project without skills, and one whose skill is not here.
struct Place {
    registry: Registry,
    component: Vec<u8>,
    lie: Lie,
    fresh: World,
    locked: World,
    lock: String,
}

impl Place {
    fn new() -> Self {
        let lie: Lie = Arc::default();
        let told = Arc::clone(&lie);
        let registry = Registry::with_rule(move |request| {
            let told = told.lock().unwrap();
            told.as_ref().filter(|(at, _)| request.target.contains(at)).map(|(_, reply)| reply.clone())
        });
        let component = component(&manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
        registry.publish(&component, "1.2.0");
        let (fresh, locked) = (World::with(&[]), World::with(&[]));
        locked.run(&["add", &registry.reference("1.2.0"), "--grant-requested"]).failed(0, &[]);
        forget(&locked);
        let lock = lock_of(&locked);
        Self { registry, component, lie, fresh, locked, lock }
    }

    /// Waits no longer than this for any of it.
    fn hurry(&self, time: &str) {
        for world in [&self.fresh, &self.locked] {
            let folder = world.home().join(".config/skillhost");
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("config.toml"), format!("[sources]\ntime = {time:?}\n")).unwrap();
        }
    }

    fn blob(&self) -> String {
        format!("/blobs/{}", Digest::of(&self.component))
    }

    /// Neither `add` nor `sync` takes it: both say this, and leave everything as it was.
    fn refuses(&self, at: &str, reply: Reply, code: i32, told: &str) {
        *self.lie.lock().unwrap() = Some((at.to_owned(), reply));
        let reference = self.registry.reference("1.2.0");
        let (added, synced) = std::thread::scope(|scope| {
            let added = scope.spawn(|| self.fresh.run(&["add", &reference, "--grant-requested"]));
            (added.join().unwrap(), self.locked.run(&["sync"]))
        });
        for ran in [&added, &synced] {
            ran.failed(code, &[told]);
            is_plain(ran);
        }
        nothing_was_installed(&self.fresh);
        assert_eq!((lock_of(&self.locked), kept_files(&self.locked)), (self.lock.clone(), 0));
    }

    /// What an honest registry would have said, with something else in one place.
    fn manifest(&self, change: impl FnOnce(&mut Value)) -> Reply {
        let mut manifest = self.registry.manifest_of(&self.component);
        change(&mut manifest);
        Reply::ok(MANIFEST, manifest.to_string())
    }
}

/// It says what is wrong and what to do, in words alone, and is not what is wrong.
fn is_plain(ran: &Ran) {
    let deceptive = |c: char| c != '\n' && is_deceptive(c);
    assert!(!ran.stdout.contains(deceptive) && !ran.stderr.contains(deceptive), "{ran:#?}");
    assert!(ran.stderr.contains("hint: ") && !ran.stderr.contains("panicked"), "{ran:#?}");
    assert!(ran.stderr.lines().all(|line| !line.starts_with("WARN") && !line.starts_with("ERROR")), "{ran:#?}");
}

fn raw(text: &str) -> Reply {
    Reply::Raw(text.as_bytes().to_vec())
}

#[test]
fn pages_and_failures_of_a_registry_are_told_and_nothing_is_installed() {
    let place = Place::new();
    let page = |status| Reply::of(status, "text/html; charset=utf-8", format!("<!doctype html><h1>{ESCAPES}</h1>"));
    let said = format!(r#"{{"errors":[{{"code":"TOOMANYREQUESTS","message":{}}}]}}"#, json!(ESCAPES));
    let blob = place.blob();
    for (reply, code, told) in [
        (page(200), 3, "sent a web page"),
        (page(404), 3, "has no such artifact"),
        (page(500), 3, "answered 500 Internal Server Error"),
        (page(403), 4, "answered 403 Forbidden"),
        (Reply::of(429, "application/json", said), 3, "answered 429 Too Many Requests TOOMANYREQUESTS"),
        (Reply::of(503, "text/plain", ESCAPES), 3, "answered 503"),
        (Reply::status(799), 3, "answered 799"),
        (Reply::status(401).with("www-authenticate", "Basic realm=\"\u{202e}\""), 4, "answered 401"),
        (Reply::redirect("file:///etc/passwd"), 4, "redirects to something else than a URL of the web"),
        (Reply::redirect("http://169.254.169.254/latest/"), 4, "to a place without TLS"),
        (Reply::redirect("\u{202e}"), 4, "redirects "),
    ] {
        place.refuses("/manifests/1.2.0", reply.clone(), code, told);
        let told = told.replace("artifact", "blob");
        place.refuses(&blob, reply, code, &told);
    }
    // Signatures may be missing; that nobody can say whether there are some is another thing.
    place.refuses("/referrers/", page(500), 3, "answered 500");
    place.refuses("/manifests/sha256-", page(429), 3, "answered 429");
    // All of it is a page: a router that wants a log-in, for example.
    place.refuses("/", page(200), 3, "sent a web page");
    // And then all is well again.
    *place.lie.lock().unwrap() = None;
    place.fresh.run(&["add", &place.registry.reference("1.2.0"), "--grant-requested"]).failed(0, &[]);
    place.locked.run(&["sync"]).failed(0, &["fetched licence-check 1.2.0"]);
}

#[test]
fn r_01_r_04_r_06_r_07_what_a_registry_lies_about_is_told_and_nothing_is_installed() {
    let place = Place::new();
    let (blob, size) = (place.blob(), place.component.len());
    let with_tail = |more: &[u8]| Reply::ok(WASM, [place.component.as_slice(), more].concat());
    let mut other = place.component.clone();
    other[size - 1] ^= 1;
    for (reply, code, told) in [
        (with_tail(b"x"), 6, format!("the component was said to have {size} bytes and has {}", size + 1)),
        (Reply::ok(WASM, &place.component[1..]), 6, format!("and has {}", size - 1)),
        (Reply::ok(WASM, other.as_slice()), 6, format!("the component is {}", Digest::of(&other))),
        (with_tail(b"").with("content-encoding", "gzip"), 3, "sent the component compressed".to_owned()),
        (with_tail(b"").with("content-length", "1"), 6, "and has 1".to_owned()),
    ] {
        place.refuses(&blob, reply, code, &told);
    }
    let at = "/manifests/1.2.0";
    let digest = Digest::of(b"another").to_string();
    for (reply, code, told) in [
        (place.manifest(|manifest| manifest["layers"][0]["size"] = json!(7)), 6, "was said to have 7 bytes"),
        (place.manifest(|manifest| manifest["layers"][0]["size"] = json!(1_u64 << 40)), 5, "is larger than"),
        (
            place.manifest(|manifest| manifest["layers"][0]["mediaType"] = json!(ESCAPES)),
            6,
            "has a layer of type `\\u{1b}",
        ),
        (place.manifest(|manifest| manifest["config"]["mediaType"] = json!(ESCAPES)), 6, "is of `\\u{1b}"),
        (place.manifest(|manifest| manifest["layers"][0]["digest"] = json!(ESCAPES)), 6, "than a SHA-256 digest"),
        (place.manifest(|manifest| manifest["schemaVersion"] = json!(ESCAPES)), 6, "can't be read: `invalid type"),
        (place.manifest(|manifest| manifest["manifests"] = json!([])), 6, "has both layers and manifests"),
        (place.manifest(|_| {}).with("docker-content-digest", &digest), 6, &format!("and not {digest}")),
        (Reply::ok(INDEX, place.registry.manifest_of(&place.component).to_string()), 6, "is something else than"),
        (Reply::ok("application/json", ESCAPES), 6, "`application/json`, which is no manifest"),
        (Reply::ok(MANIFEST, ESCAPES), 6, "can't be read"),
        (Reply::ok("\u{202e}", "{}"), 6, "comes without a media type"),
    ] {
        place.refuses(at, reply, code, told);
    }
}

#[test]
fn r_05_r_16_a_registry_that_breaks_off_or_goes_on_for_ever_is_left() {
    let place = Place::new();
    let blob = place.blob();
    let endless = |head: &str, part| Reply::Endless(head.as_bytes().to_vec(), part);
    let broken = "broke off or is no HTTP";
    for (reply, code, told) in [
        (raw(""), 3, broken),
        (raw(&format!("{ESCAPES}\r\n\r\n")), 3, broken),
        (raw(&format!("HTTP/1.1 200 {ESCAPES}\r\n\r\n")), 3, broken),
        (raw(&format!("HTTP/1.1 200 OK\r\ncontent-type: {ESCAPES}\r\n\r\n")), 3, broken),
        (raw("HTTP/1.1 200 OK\r\ncontent-"), 3, broken),
        (raw("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"), 3, broken),
        (endless("HTTP/1.1 200 OK\r\n", b"x-more: and more and more and more\r\n"), 3, broken),
        (endless("HTTP/1.1 200 OK\r\nx-more: ", MUCH), 3, broken),
        (endless("", MUCH), 3, broken),
    ] {
        place.refuses("/manifests/1.2.0", reply.clone(), code, told);
        place.refuses(&blob, reply, code, told);
    }
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {MANIFEST}\r\n");
    place.refuses("/manifests/1.2.0", raw(&format!("{head}content-length: 999\r\n\r\n{{")), 3, broken);
    place.refuses("/manifests/1.2.0", endless(&format!("{head}\r\n"), MUCH), 5, "the manifest is larger than");
    let size = place.component.len();
    place.refuses(&blob, raw(&format!("{HEAD}content-length: {size}\r\n\r\n\0asm")), 3, broken);
    place.refuses(&blob, endless(&format!("{HEAD}\r\n"), MUCH), 6, "was said to have");
    place.refuses(
        "/referrers/",
        endless(&format!("HTTP/1.1 200 OK\r\ncontent-type: {INDEX}\r\n\r\n"), MUCH),
        5,
        "larger",
    );
}

#[test]
fn r_16_a_registry_that_keeps_somebody_waiting_is_left() {
    let place = Place::new();
    place.hurry("300ms");
    let (blob, size) = (place.blob(), place.component.len());
    let ended = "it took longer than 300ms";
    let whole = format!("{HEAD}content-length: {size}\r\n\r\n");
    let stalls = |text: &str| Reply::Stall(text.as_bytes().to_vec());
    let trickles = |text: &str| Reply::Trickle(text.as_bytes().to_vec());
    for at in ["/v2/", "/manifests/1.2.0", &blob, "/referrers/"] {
        for reply in [
            stalls(""),
            trickles("HTTP/1.1 200 OK\r\nx-slow: "),
            Reply::Endless(Vec::new(), b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
        ] {
            place.refuses(at, reply, 5, ended);
        }
    }
    for reply in
        [stalls(&whole), trickles(&whole), trickles(&format!("{HEAD}transfer-encoding: chunked\r\n\r\nffff\r\n"))]
    {
        place.refuses(&blob, reply, 5, ended);
    }
}

#[test]
fn r_05_r_14_r_16_a_server_of_files_or_repositories_is_left_likewise() {
    let place = Place::new();
    let world = &place.fresh;
    let refused = |reply: Reply, code: i32, told: &str| {
        let server = Server::start(move |_| reply.clone());
        for reference in [format!("{}/l.wasm", server.url()), format!("git+{}/skills.git#main:l.wasm", server.url())] {
            let ran = world.run(&["add", &reference, "--grant-requested"]);
            ran.failed(code, &[told]);
            is_plain(&ran);
            nothing_was_installed(world);
        }
    };
    // A page is no repository either.
    let page = |status| Reply::of(status, "text/html", format!("<html>{ESCAPES}"));
    refused(page(200), 3, "127.0.0.1");
    refused(page(404), 3, "has no such");
    refused(page(500), 3, "500");
    refused(page(403), 4, "403");
    refused(Reply::redirect("http://169.254.169.254/"), 4, "");
    refused(raw(&format!("{ESCAPES}\r\n\r\n")), 3, "127.0.0.1");
    place.hurry("300ms");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-advertisement\r\n\r\nfff0";
    for reply in [
        Reply::Stall(Vec::new()),
        Reply::Stall(head.as_bytes().to_vec()),
        Reply::Trickle(head.as_bytes().to_vec()),
        Reply::Trickle(b"HTTP/1.1 200 OK\r\nx-slow: ".to_vec()),
    ] {
        refused(reply, 5, "it took longer than 300ms");
    }
}
