//! A file of the web, from servers that send it, and from those that do something else.

use crate::{WAITS, fetched, refused, sources};
use skillhost_core::reach::Openings;
use skillhost_registry::source::{Class, NamedBy, Rules, Sources, Waits, fetch};
use skillhost_registry::{Attached, MAX_COMPONENT_BYTES};
use skillhost_test_support::web::{MUCH, Reply, Server};
use std::time::Duration;

/// A server with one file.
fn serving(reply: Reply) -> (Server, String) {
    let server =
        Server::start(move |request| if request.target == "/x.wasm" { reply.clone() } else { Reply::status(404) });
    let url = format!("http://{}/x.wasm", server.place());
    (server, url)
}

#[tokio::test]
async fn a_file_comes_with_its_signatures() {
    let server = Server::start(|request| match request.target.as_str() {
        "/x.wasm?a=b" => Reply::ok("application/wasm", "component"),
        "/x.wasm.sig?a=b" => Reply::ok("application/json", "signature"),
        _ => Reply::status(404),
    });
    let fetched = fetched(&format!("http://{}/x.wasm?a=b", server.place())).await.unwrap();
    assert_eq!((fetched.component.as_slice(), fetched.resolved), (&b"component"[..], None));
    assert_eq!(fetched.attached, [Attached::Signature(b"signature".to_vec())]);
    assert!(server.seen().iter().all(|request| request.fields["accept-encoding"] == "identity"));
}

#[tokio::test]
async fn a_page_in_the_place_of_a_file_is_told_as_one() {
    for reply in [
        Reply::ok("text/html; charset=utf-8", "<p>Download"),
        Reply::ok("application/octet-stream", "\n <!DOCTYPE html><p>Download"),
    ] {
        let (class, told) = refused(&serving(reply).1, &sources(&[])).await;
        assert!(class == Class::Unavailable && told.ends_with("sent a web page"), "{told}");
    }
    let (class, told) = refused(&serving(Reply::status(404)).1, &sources(&[])).await;
    assert!(class == Class::Unavailable && told.ends_with("has no such file"), "{told}");
    let (class, told) = refused(&serving(Reply::status(403)).1, &sources(&[])).await;
    assert!(class == Class::Denied && told.contains("403"), "{told}");
}

#[tokio::test]
async fn r_05_r_07_a_file_without_end_or_with_a_false_length_is_refused() {
    let endless = Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), MUCH);
    let (class, told) = refused(&serving(endless).1, &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("larger than"), "{told}");
    let length =
        |length: &str| Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nx").into_bytes());
    let (class, told) = refused(&serving(length(&(MAX_COMPONENT_BYTES + 1).to_string())).1, &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("larger than"), "{told}");
    for said in ["2", "-1", "99999999999999999999999"] {
        let (class, told) = refused(&serving(length(said)).1, &sources(&[])).await;
        assert!(class == Class::Unavailable && told.contains("broke off or is no HTTP"), "{said}: {told}");
    }
    let compressed = Reply::ok("application/wasm", "bomb").with("content-encoding", "gzip");
    let (class, told) = refused(&serving(compressed).1, &sources(&[])).await;
    assert!(class == Class::Unavailable && told.contains("compressed"), "{told}");
    let (class, told) = refused(&serving(Reply::Raw(b"\0\x01no http\r\n\r\n".to_vec())).1, &sources(&[])).await;
    assert!(class == Class::Unavailable && told.contains("no HTTP"), "{told}");
}

#[tokio::test]
async fn r_14_redirects_stay_where_they_may() {
    let (_, elsewhere) = serving(Reply::ok("application/wasm", "internal"));
    for (to, word) in [
        (elsewhere.as_str(), "no connection"),
        ("http://169.254.169.254/latest/meta-data/", "without TLS"),
        ("http://localhost/x", "without TLS"),
        ("https://127.0.0.1/x", "another scheme"),
        ("file:///etc/passwd", "something else than a URL"),
        ("data:,x", "something else than a URL"),
        ("http://user@127.0.0.1/", "something else than a URL"),
        ("/x.wasm", "too often"),
    ] {
        let (server, url) = serving(Reply::redirect(to));
        let (class, told) = refused(&url, &sources(&[])).await;
        assert!(class == Class::Denied && told.contains(word), "{to}: {told}");
        assert!(server.seen().len() <= 6, "{to}");
    }
    // To the same server, and to another one that a policy opens.
    let server = Server::start(|request| match request.target.as_str() {
        "/x.wasm" => Reply::redirect("/y"),
        "/y" => Reply::ok("application/wasm", "component"),
        _ => Reply::status(404),
    });
    let url = format!("http://{}/x.wasm", server.place());
    assert_eq!(fetched(&url).await.unwrap().component, b"component");
    let open = Openings::from_iter([vec!["127.0.0.1".parse().unwrap()]]);
    let opened = Sources::new("/", Rules::new(open, |_| Ok(()))).with_waits(WAITS);
    let (_, to) = serving(Reply::redirect(&elsewhere));
    let there = fetch(&to.parse().unwrap(), NamedBy::User, &opened).await.unwrap();
    assert_eq!(there.component, b"internal");
}

#[tokio::test]
async fn r_16_a_server_that_stalls_is_left() {
    let short = Waits { silence: Duration::from_millis(50), ..WAITS };
    for reply in [
        Reply::Stall(Vec::new()),
        Reply::Stall(b"HTTP/1.1 200".to_vec()),
        Reply::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart".to_vec()),
    ] {
        let (_, url) = serving(reply);
        let (class, told) = refused(&url, &sources(&[]).with_waits(short)).await;
        assert!(class == Class::Limit && told.ends_with("stalled"), "{told}");
    }
    // Nor does it help to send a little all the time.
    let total = Waits { total: Duration::from_millis(50), ..WAITS };
    let (_, url) = serving(Reply::Stall(b"HTTP/1.1 200 OK\r\n\r\npart".to_vec()));
    let (class, told) = refused(&url, &sources(&[]).with_waits(total)).await;
    assert!(class == Class::Limit && told.contains("longer than"), "{told}");
}
