//! Hostile and careless servers on loopback: what one does is named in the second step of a request's path, and the test
//! in the first.

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use skillhost_test_support::authority::{Authority, Own, for_loopback};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

/// The servers of this process.
pub(crate) struct Servers {
    /// Without TLS, on 127.0.0.1.
    pub(crate) plain: u16,
    /// With TLS, on 127.0.0.1, which is `localhost` too.
    pub(crate) tls: u16,
    /// Another one.
    pub(crate) other: u16,
    /// With a certificate that nobody signed.
    pub(crate) unsigned: u16,
    /// The certificate to be trusted.
    pub(crate) authority: PathBuf,
    seen: Arc<Mutex<Vec<String>>>,
}

/// Starts them, once.
pub(crate) fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let seen = Arc::default();
        let (signed, unsigned, authority) = certificates();
        Servers {
            plain: serve(None, &seen),
            tls: serve(Some(Arc::clone(&signed)), &seen),
            other: serve(Some(signed), &seen),
            unsigned: serve(Some(unsigned), &seen),
            authority,
            seen,
        }
    })
}

impl Servers {
    /// Everything that arrived for a test, each request as it was sent.
    pub(crate) fn seen(&self, test: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|request| request.contains(&format!(" /{test}/"))).cloned().collect()
    }
}

/// For `localhost`: signed by an authority, and by itself; and the authority's own.
fn certificates() -> (Arc<ServerConfig>, Arc<ServerConfig>, PathBuf) {
    let authority = Authority::default();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("authority-{}.pem", std::process::id()));
    std::fs::write(&file, authority.certificate.pem()).unwrap();
    (authority.sign().config(), Own::by_itself(&for_loopback()).config(), file)
}

fn serve(tls: Option<Arc<ServerConfig>>, seen: &Arc<Mutex<Vec<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::clone(seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), tls, seen) = (stream, tls.clone(), Arc::clone(&seen)) else { continue };
            // A client that goes away in the middle is what most of these tests are about.
            std::thread::spawn(move || match tls {
                None => drop(answer(stream, &seen)),
                Some(config) => {
                    let connection = ServerConnection::new(config).unwrap();
                    drop(answer(StreamOwned::new(connection, stream), &seen));
                }
            });
        }
    });
    port
}

/// What is kept of a request.
const KEPT_BYTES: usize = 64 << 10;

/// Reads one request to its end; gives its beginning as it came, head and body.
fn request(stream: &mut impl Read) -> std::io::Result<String> {
    let (mut kept, mut part) = (Vec::new(), [0; 16 << 10]);
    let head_end = loop {
        if let Some(at) = kept.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut part)? {
            0 => return Ok(String::from_utf8_lossy(&kept).into_owned()),
            count => kept.extend_from_slice(&part[..count]),
        }
    };
    let head = String::from_utf8_lossy(&kept[..head_end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let is_chunked = head.contains("transfer-encoding: chunked");
    let (mut bytes, mut end) = (kept.len() - head_end, kept.clone());
    loop {
        let is_whole = if is_chunked { end.ends_with(b"0\r\n\r\n") } else { bytes >= length.unwrap_or(0) };
        if is_whole {
            break;
        }
        let count = stream.read(&mut part)?;
        if count == 0 {
            break;
        }
        bytes += count;
        end = [&end[end.len().saturating_sub(8)..], &part[..count]].concat();
        let room = KEPT_BYTES.saturating_sub(kept.len());
        kept.extend_from_slice(&part[..count.min(room)]);
    }
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

fn answer<S: Read + Write>(mut stream: S, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let request = request(&mut stream)?;
    seen.lock().unwrap().push(request.clone());
    let path = request.split(' ').nth(1).unwrap_or_default();
    let mut steps = path.split('/').skip(1);
    let (test, how) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    let sent = request.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("none");
    let token = sent.strip_prefix("Bearer ").unwrap_or(sent);
    let servers = || servers();
    let whole = |head: &str, body: &str| {
        format!("HTTP/1.1 200 OK\r\n{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
    };
    let redirect = |to: String| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    let chunked = |head: &str| format!("HTTP/1.1 200 OK\r\n{head}transfer-encoding: chunked\r\n\r\n");
    let reply = match how {
        "echo" => whole(&format!("x-echo: {sent}\r\nx-{token}: name\r\n"), &format!("you sent {sent}, {token}\n")),
        "echo-encoded" => whole("", &encoded(token)),
        "echo-gzip" => whole("content-encoding: gzip\r\n", "encoded"),
        "echo-trailer" => chunked("trailer: x-end\r\n") + &format!("2\r\nok\r\n0\r\nx-end: {token}\r\n\r\n"),
        "echo-pieces" => {
            stream.write_all(chunked("").as_bytes())?;
            for piece in format!("<{token}>").as_bytes().chunks(3) {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
                stream.write_all(&[piece, b"\r\n"].concat())?;
                stream.flush()?;
            }
            "0\r\n\r\n".to_owned()
        }
        "to-other" => redirect(format!("https://localhost:{}/{test}/echo", servers().other)),
        "to-plain" => redirect(format!("http://127.0.0.1:{}/{test}/echo", servers().plain)),
        "to-metadata" => redirect("http://169.254.169.254/latest/meta-data/".to_owned()),
        "to-file" => redirect("file:///etc/passwd".to_owned()),
        "stall" => {
            // Until the client gives up.
            let _ = stream.read(&mut [0; 16]);
            return Ok(());
        }
        "stall-body" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart")?;
            stream.flush()?;
            let _ = stream.read(&mut [0; 16]);
            return Ok(());
        }
        // What the path says, and then nothing more, or the end of the connection.
        "say-and-stall" | "say-and-cut" => {
            let guess = steps.next().unwrap_or_default();
            let text = format!("{}{guess}", "x".repeat(200));
            stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{text}").as_bytes())?;
            stream.flush()?;
            if how == "say-and-stall" {
                let _ = stream.read(&mut [0; 16]);
            }
            return Ok(());
        }
        "cut" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart".to_owned(),
        "endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            let part = vec![b'x'; 64 << 10];
            loop {
                stream.write_all(&part)?;
            }
        }
        "endless-head" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            loop {
                stream.write_all(b"x-more: and more and more and more and more and more and more\r\n")?;
            }
        }
        "endless-hints" => loop {
            stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")?;
        },
        "many-fields" => whole(&"x: y\r\n".repeat(1000), ""),
        "upgrade" => "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nraw".to_owned(),
        "gzip-transfer" => "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(),
        "two-lengths" => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk".to_owned(),
        "garbage" => "\0\u{1}no http at all\r\n\r\n".to_owned(),
        "silence" => return Ok(()),
        _ => whole("", "hello"),
    };
    stream.write_all(reply.as_bytes())?;
    stream.flush()
}

/// A token as careless servers show it.
fn encoded(token: &str) -> String {
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let json = serde_json::Value::from(token).to_string();
    let base64 = |text: &str| {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let group = |three: &[u8]| -> String {
            let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            (0..=three.len()).map(|at| char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize])).collect()
        };
        text.as_bytes().chunks(3).map(group).collect::<String>()
    };
    let basic: Vec<String> = ["", "u:", "me:"].iter().map(|user| base64(&format!("{user}{token}"))).collect();
    format!("{hex} {} {json} {} {percent}", hex.to_ascii_uppercase(), basic.join(" "))
}
