//! A server on loopback that answers each request as a test says: well, wrongly, for ever or not at all.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Its fields, the names in lower case.
    pub fields: BTreeMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A reply with its length.
    Whole(u16, Vec<(String, String)>, Vec<u8>),
    /// These bytes, and the end of the connection.
    Raw(Vec<u8>),
    /// These bytes, and then nothing until the client goes.
    Stall(Vec<u8>),
    /// These bytes, and then more for ever.
    Endless(Vec<u8>),
}

impl Reply {
    /// A reply of a media type.
    pub fn ok(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(200, vec![("content-type".to_owned(), media_type.to_owned())], body.into())
    }

    /// A status without anything else.
    pub fn status(code: u16) -> Self {
        Self::Whole(code, Vec::new(), Vec::new())
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Self::status(307).with("location", to)
    }

    /// With one more field.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Whole(_, fields, _) = &mut self {
            fields.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

type Answer = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server. It lives as long as the test program.
#[derive(Clone)]
pub struct Server {
    /// Where it is, on 127.0.0.1.
    pub port: u16,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts one.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
        let (seen, answer): (_, Arc<Answer>) = (Arc::clone(&server.seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                // A client that goes away in the middle is what many tests are about.
                std::thread::spawn(move || drop(serve(stream, &seen, &*answer)));
            }
        });
        server
    }

    /// `127.0.0.1:PORT`.
    pub fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// All that was asked so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Request>>, answer: &Answer) -> std::io::Result<()> {
    let Some(request) = read(&mut stream)? else { return Ok(()) };
    seen.lock().unwrap().push(request.clone());
    match answer(&request) {
        Reply::Whole(status, fields, body) => {
            let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let length = if fields.contains("content-length: ") {
                String::new()
            } else {
                format!("content-length: {}\r\n", body.len())
            };
            stream.write_all(format!("HTTP/1.1 {status} X\r\n{fields}{length}connection: close\r\n\r\n").as_bytes())?;
            if request.method != "HEAD" {
                stream.write_all(&body)?;
            }
            stream.flush()
        }
        Reply::Raw(bytes) => stream.write_all(&bytes),
        Reply::Stall(bytes) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
            stream.read(&mut [0]).map(drop)
        }
        Reply::Endless(bytes) => {
            stream.write_all(&bytes)?;
            let part = vec![b'x'; 64 << 10];
            loop {
                stream.write_all(&part)?;
            }
        }
    }
}

fn read(stream: &mut TcpStream) -> std::io::Result<Option<Request>> {
    let (mut bytes, mut part) = (Vec::new(), [0; 16 << 10]);
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut part)? {
            0 => return Ok(None),
            count => bytes.extend_from_slice(&part[..count]),
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fields: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = fields.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        match stream.read(&mut part)? {
            0 => break,
            count => body.extend_from_slice(&part[..count]),
        }
    }
    Ok(Some(Request { method, target, fields, body }))
}
