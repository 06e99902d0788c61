//! The proxy against clients and servers that say anything.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use futures::FutureExt;
use skillhost_audit::{Count, Decision, Status, Step};
use skillhost_egress::Waits;
use std::time::Duration;
use support::{Lab, OK, Server, read_all};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_listed_host_is_reached_both_ways_and_the_log_says_so() {
    let server = Server::new(OK).await;
    let port = server.port();
    let lab = Lab::new(&[&format!("good.example:{port}")]).await;
    let answer =
        lab.say(&format!("GET http://good.example:{port}/a?b HTTP/1.1\r\nHost: good.example:{port}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    let mut tunnel = lab.tunnel(&format!("good.example:{port}")).await;
    tunnel.write_all(b"any bytes\r\n\r\n").await.unwrap();
    assert_eq!(read_all(&mut tunnel).await, OK);
    drop(tunnel);
    let report = lab.end().await;
    assert_eq!((report.connections, report.refusals), (2, 0));
    let heard = server.heard();
    assert!(heard[0].starts_with("GET /a?b HTTP/1.1\r\n") && heard[1] == "any bytes\r\n\r\n", "{heard:?}");
    let place = format!("good.example:{port} 127.0.0.1");
    assert_eq!(lab.outcomes(), [(Status::Done, place.clone()), (Status::Done, place)]);
    let entries = lab.entries();
    assert_eq!(entries.len(), 4);
    assert!(
        entries.iter().all(|entry| entry.step != Step::Intent || lab.body(entry) == format!("good.example:{port}"))
    );
    let last = entries.last().unwrap();
    assert_eq!((last.counts.get(Count::BytesOut), last.counts.get(Count::BytesIn)), (13, OK.len() as u64));
}

#[tokio::test]
async fn x_03_other_hosts_ports_and_spellings_are_refused_with_the_line_that_would_allow_them() {
    let server = Server::new(OK).await;
    let port = server.port();
    let lab = Lab::new(&["good.example", &format!("good.example:{port}"), "inside.example", "mixed.example"]).await;
    for (target, status, word) in [
        (format!("other.example:{port}"), 403, "network = [\"good.example\", "),
        ("good.example:22".to_owned(), 403, "\"good.example:22\"]"),
        (format!("127.0.0.1:{port}"), 403, "[commands.setup]"),
        (format!("sub.good.example:{port}"), 403, "[commands.setup]"),
        ("inside.example:443".to_owned(), 403, "[network] private = [\"inside.example\"] in policy.toml"),
        ("mixed.example:443".to_owned(), 403, "policy.toml"),
        (format!("2130706433:{port}"), 400, "127.0.0.1"),
        (format!("0x7f.1:{port}"), 400, "127.0.0.1"),
        (format!("good.example.:{port}"), 400, "dot"),
        (format!("good.example:x@127.0.0.1:{port}"), 400, ""),
        (format!("good.example:{port}@127.0.0.1:{port}"), 400, ""),
        ("good.example".to_owned(), 400, ""),
        ("good.example:0".to_owned(), 400, ""),
        (format!("good.example:{port}/x"), 400, ""),
        (format!("http://good.example:{port}/"), 400, ""),
        ("/".to_owned(), 400, ""),
        ("*".to_owned(), 400, ""),
    ] {
        let answer = lab.say(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(word), "{target}: {answer}");
        assert!(!answer.contains("10.1.2.3"), "{answer}");
    }
    let report = lab.end().await;
    assert_eq!(server.heard(), Vec::<String>::new());
    let refused = |what: &str| report.refused.iter().any(|refused| refused.what == what);
    assert!(refused("inside.example:443") && refused("good.example:22"), "{report:?}");
    assert!(report.refused.iter().all(|refused| refused.remedy.contains(' ')), "{report:?}");
    // What is refused by its name is a decision, and never an intent; what is refused by its address has both.
    let (intents, rest): (Vec<_>, Vec<_>) = lab.entries().into_iter().partition(|entry| entry.step != Step::Decision);
    assert_eq!(intents.iter().filter(|entry| entry.outcome == Some(Status::Denied)).count(), 2);
    assert!(rest.iter().all(|entry| entry.decision == Some(Decision::Denied)) && rest.len() >= 4);
    assert!(lab.outcomes().contains(&(Status::Denied, "inside.example:443 10.1.2.3".to_owned())));
}

#[tokio::test]
async fn x_03_the_host_header_says_what_the_target_says() {
    let server = Server::new(OK).await;
    let port = server.port();
    let (good, other) = (format!("good.example:{port}"), format!("other.example:{port}"));
    let lab = Lab::new(&[&good]).await;
    for request in [
        format!("GET http://{good}/ HTTP/1.1\r\nHost: {other}\r\n\r\n"),
        format!("GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\nHost: {other}\r\n\r\n"),
        format!("CONNECT {good} HTTP/1.1\r\nHost: {other}\r\n\r\n"),
        format!("GET http://user:pass@{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("GET http://{good}@{other}/ HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("GET https://{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("GET ftp://{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("GET file:///etc/passwd HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("GET http://{good}\\@{other}/ HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("CONNECT {good} HTTP/1.1\r\nHost: {good}\r\nContent-Length: 4\r\n\r\nabcd"),
        format!("CONNECT {good} HTTP/1.1\r\nHost: {good}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        let answer = lab.say(&request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{request}: {answer}");
    }
    lab.end().await;
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn x_03_a_second_request_on_a_connection_reaches_nobody() {
    let (good, other) = (Server::new(OK).await, Server::new(OK).await);
    let (g, o) = (format!("good.example:{}", good.port()), format!("other.example:{}", other.port()));
    let lab = Lab::new(&[&g]).await;
    let second = format!("GET http://{o}/ HTTP/1.1\r\nHost: {o}\r\n\r\n");
    for first in [
        format!("GET http://{g}/ HTTP/1.1\r\nHost: {g}\r\nConnection: keep-alive\r\n\r\n"),
        format!("GET http://{g}/ HTTP/1.1\r\nHost: {g}\r\nProxy-Connection: keep-alive\r\n\r\n"),
        format!(
            "POST http://{g}/ HTTP/1.1\r\nHost: {g}\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!("POST http://{g}/ HTTP/1.1\r\nHost: {g}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("POST http://{g}/ HTTP/1.1\r\nHost: {g}\r\nContent-Length: 4, 4\r\n\r\nabcd"),
        format!("GET http://{g}/ HTTP/1.1\r\nHost: {g}\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
        format!("GET http://{g}/a\r\nX: y\r\n\r\n"),
        format!("GET http://{g}/%0d%0aX:%20y HTTP/1.1\r\nHost: {g}\r\n\r\n"),
    ] {
        let answer = lab.say(&format!("{first}{second}")).await;
        assert!(answer.matches("HTTP/1.1").count() <= 1, "{first}: {answer}");
    }
    lab.end().await;
    assert_eq!(other.heard(), Vec::<String>::new());
    for heard in good.heard() {
        assert!(!heard.contains("other.example") && !heard.to_lowercase().contains("upgrade:"), "{heard}");
    }
}

#[tokio::test]
async fn x_03_bytes_after_connect_belong_to_the_checked_host() {
    let (good, other) = (Server::new(OK).await, Server::new(OK).await);
    let (g, o) = (format!("good.example:{}", good.port()), format!("other.example:{}", other.port()));
    let lab = Lab::new(&[&g]).await;
    let answer = lab.say(&format!("CONNECT {g} HTTP/1.1\r\nHost: {g}\r\n\r\nCONNECT {o} HTTP/1.1\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
    lab.end().await;
    assert_eq!((good.heard(), other.heard()), (vec![format!("CONNECT {o} HTTP/1.1\r\n\r\n")], Vec::new()));
}

#[tokio::test]
async fn r_14_redirects_are_passed_on_and_where_they_lead_is_checked_again() {
    for (location, asked) in [
        ("http://other.example/", "GET http://other.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n"),
        ("http://169.254.169.254/", "GET http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n"),
        ("file:///etc/passwd", "GET file:///etc/passwd HTTP/1.1\r\nHost: good.example\r\n\r\n"),
        ("https://inside.example/", "CONNECT inside.example:443 HTTP/1.1\r\nHost: inside.example:443\r\n\r\n"),
    ] {
        let server =
            Server::new(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")).await;
        let good = format!("good.example:{}", server.port());
        let lab = Lab::new(&[&good, "inside.example"]).await;
        let answer = lab.say(&format!("GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 302") && answer.contains(&format!("location: {location}")), "{answer}");
        let answer = lab.say(asked).await;
        assert!(answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.1 400"), "{location}: {answer}");
        assert_eq!(lab.end().await.refusals, 1);
        assert_eq!(server.heard().len(), 1);
    }
}

#[tokio::test]
async fn r_15_what_is_meant_for_a_proxy_reaches_no_server() {
    let server = Server::new(
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nProxy-Authenticate: Basic\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\
         Keep-Alive: timeout=5\r\nX-Kept: 1\r\n\r\nok",
    )
    .await;
    let good = format!("good.example:{}", server.port());
    let lab = Lab::new(&[&good]).await;
    let answer = lab
        .say(&format!(
            "GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\nProxy-Authorization: Basic c2VjcmV0\r\nProxy-Connection: close\r\n\
             Proxy-Secret: x\r\nConnection: X-Private, close\r\nX-Private: secret\r\nTE: trailers\r\nKeep-Alive: 1\r\n\
             Authorization: Bearer for-the-server\r\nX-Kept: 1\r\n\r\n"
        ))
        .await;
    lab.end().await;
    let heard = server.heard().remove(0).to_lowercase();
    assert!(heard.contains("x-kept: 1") && heard.contains("authorization: bearer for-the-server"), "{heard}");
    assert_eq!(heard.matches("connection:").count(), 1, "{heard}");
    for gone in ["proxy-", "x-private", "te:", "keep-alive", "c2vjcmv0"] {
        assert!(!heard.contains(gone), "{gone}: {heard}");
    }
    assert!(answer.contains("x-kept: 1"), "{answer}");
    for gone in ["x-hop", "proxy-authenticate", "keep-alive"] {
        assert!(!answer.to_lowercase().contains(gone), "{gone}: {answer}");
    }
}

#[tokio::test]
async fn r_15_a_tunnel_carries_nothing_of_the_request_that_opened_it() {
    let server = Server::new(OK).await;
    let good = format!("good.example:{}", server.port());
    let lab = Lab::new(&[&good]).await;
    let answer = lab
        .say(&format!(
            "CONNECT {good} HTTP/1.1\r\nHost: {good}\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\nbytes\r\n\r\n"
        ))
        .await;
    assert!(answer.ends_with("hello"), "{answer}");
    lab.end().await;
    assert_eq!(server.heard(), ["bytes\r\n\r\n"]);
}

#[tokio::test]
async fn r_16_endless_heads_are_cut_and_endless_bodies_hold_no_memory() {
    let endless_head = Server::with(|mut stream| {
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
            while stream.write_all(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await.is_ok() {}
        }
        .boxed()
    })
    .await;
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = std::sync::Arc::clone(&taken);
    let endless_line = Server::with(move |mut stream| {
        let count = std::sync::Arc::clone(&count);
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Filler: ").await;
            while stream.write_all(&[b'a'; 4096]).await.is_ok() {
                count.fetch_add(4096, std::sync::atomic::Ordering::Relaxed);
            }
        }
        .boxed()
    })
    .await;
    let (head, line) = (format!("a.example:{}", endless_head.port()), format!("b.example:{}", endless_line.port()));
    let lab = Lab::new(&[&head, &line]).await;
    for place in [&head, &line] {
        let answer = lab.say(&format!("GET http://{place}/ HTTP/1.1\r\nHost: {place}\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    }
    // What was under way in the kernel, and the little that was read of it.
    assert!(taken.load(std::sync::atomic::Ordering::Relaxed) < 64 << 20);
    // A client's own.
    let many = "X-Filler: a\r\n".repeat(10_000);
    let answer = lab.say(&format!("GET http://{head}/ HTTP/1.1\r\nHost: {head}\r\n{many}\r\n")).await;
    assert!(!answer.contains("200 OK"), "{answer}");

    // A body that its client doesn't read stops its server: what is under way is bounded.
    let sent = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = std::sync::Arc::clone(&sent);
    let endless_body = Server::with(move |mut stream| {
        let count = std::sync::Arc::clone(&count);
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'a'; 4096]).await.is_ok() {
                count.fetch_add(4096, std::sync::atomic::Ordering::Relaxed);
            }
        }
        .boxed()
    })
    .await;
    let body = format!("c.example:{}", endless_body.port());
    let other = Lab::new(&[&body]).await;
    let mut client = tokio::net::TcpStream::connect(other.address).await.unwrap();
    client.write_all(format!("GET http://{body}/ HTTP/1.1\r\nHost: {body}\r\n\r\n").as_bytes()).await.unwrap();
    client.read_exact(&mut [0; 4096]).await.unwrap();
    other.end().await;
    assert!(sent.load(std::sync::atomic::Ordering::Relaxed) < 64 << 20);
    let outcomes = other.outcomes();
    assert_eq!(outcomes, [(Status::Done, format!("{body} 127.0.0.1"))], "ended while it went on, and told");
    lab.end().await;
}

#[tokio::test]
async fn r_16_servers_that_stall_hold_nobody_else_up() {
    let stalling = Server::with(|stream| {
        async move {
            futures::future::pending::<()>().await;
            drop(stream);
        }
        .boxed()
    })
    .await;
    let quick = Server::new(OK).await;
    let (stall, good) = (format!("slow.example:{}", stalling.port()), format!("good.example:{}", quick.port()));
    let lab = Lab::new(&[&stall, &good]).await;
    let mut waiting = Vec::new();
    for _ in 0..100 {
        let mut client = tokio::net::TcpStream::connect(lab.address).await.unwrap();
        client.write_all(format!("GET http://{stall}/ HTTP/1.1\r\nHost: {stall}\r\n\r\n").as_bytes()).await.unwrap();
        waiting.push(client);
    }
    let answer = lab.say(&format!("GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n")).await;
    assert!(answer.ends_with("hello"), "{answer}");
    // Ending the command ends them all.
    lab.end().await;
    for mut client in waiting {
        assert!(!read_all(&mut client).await.contains("200"));
    }
}

#[tokio::test]
async fn r_16_a_connection_on_which_nothing_passes_is_ended() {
    let server = Server::with(|stream| {
        async move {
            // Says nothing, for as long as the connection lasts.
            read_all(&mut { stream }).await;
        }
        .boxed()
    })
    .await;
    let place = format!("good.example:{}", server.port());
    let waits = Waits { silence: Duration::from_millis(20), ..Waits::default() };
    let lab = Lab::with(&[&place], waits).await;
    let mut tunnel = lab.tunnel(&place).await;
    // Nobody here ends it: neither client, nor server, nor the command.
    assert_eq!(read_all(&mut tunnel).await, "");
    let waits = Waits { request: Duration::from_millis(20), ..Waits::default() };
    let hurried = Lab::with(&[&place], waits).await;
    assert!(!hurried.say("GET / HTTP/1.1\r\n").await.starts_with("HTTP/1.1 200"));
    assert_eq!((lab.end().await.connections, hurried.end().await.connections), (1, 0));
    assert_eq!(lab.outcomes(), [(Status::Done, format!("{place} 127.0.0.1"))]);
}

/// More connections than are logged one by one, and as many refusals, each to another place.
async fn flood(lab: &Lab, good: &str) {
    for n in 0..130 {
        let answer = lab.say(&format!("GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n")).await;
        assert!(answer.ends_with("hello"), "{answer}");
        let other = format!("h{n}.example:80");
        assert!(lab.say(&format!("CONNECT {other} HTTP/1.1\r\nHost: {other}\r\n\r\n")).await.contains("403"));
    }
}

#[tokio::test]
async fn x_03_a_flood_is_counted_and_not_written_down_one_by_one() {
    let server = Server::new(OK).await;
    let good = format!("good.example:{}", server.port());
    let lab = Lab::new(&[&good]).await;
    flood(&lab, &good).await;
    let report = lab.end().await;
    assert_eq!((report.connections, report.refusals, report.refused.len()), (130, 130, 100));
    let entries = lab.entries();
    // A hundred intents with their outcomes, one for the rest; a hundred refusals, one for the rest.
    assert_eq!(entries.len(), 2 * 101 + 101);
    let calls: u64 = entries.iter().map(|entry| entry.counts.get(Count::Calls)).sum();
    let denials: u64 = entries.iter().map(|entry| entry.counts.get(Count::Denials)).sum();
    assert_eq!((calls, denials), (30, 30));
    assert!(lab.outcomes().iter().any(|(_, body)| *body == format!("{good} 127.0.0.1")));
}

#[tokio::test]
async fn x_03_what_a_cancelled_command_reached_is_told_all_the_same() {
    let server = Server::new(OK).await;
    let good = format!("good.example:{}", server.port());
    let lab = Lab::new(&[&good]).await;
    flood(&lab, &good).await;
    lab.cancel().await;
    let entries = lab.entries();
    assert_eq!(entries.len(), 2 * 101 + 101);
    let calls: u64 = entries.iter().map(|entry| entry.counts.get(Count::Calls)).sum();
    let denials: u64 = entries.iter().map(|entry| entry.counts.get(Count::Denials)).sum();
    assert_eq!((calls, denials), (30, 30));
}

#[tokio::test]
async fn a_connection_that_can_not_be_recorded_is_not_made() {
    let server = Server::new(OK).await;
    let good = format!("good.example:{}", server.port());
    let lab = Lab::new(&[&good]).await;
    lab.log.close().unwrap();
    for request in [
        format!("GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\n\r\n"),
        format!("CONNECT {good} HTTP/1.1\r\nHost: {good}\r\n\r\n"),
    ] {
        assert!(lab.say(&request).await.starts_with("HTTP/1.1 503"));
    }
    assert_eq!(server.heard(), Vec::<String>::new());
}
