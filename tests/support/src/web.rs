//! A server on loopback that answers each request as a test says: well, wrongly, for ever or not at all; with TLS or without.
//! Each reply ends its connection.

use crate::authority::Own;
use rustls::{ServerConnection, StreamOwned};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Much, as [`Reply::Endless`] says it again and again.
pub const MUCH: &[u8] = &[b'x'; 64 << 10];
/// Between two bytes of a trickle.
const PAUSE: Duration = Duration::from_millis(20);

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Its fields, the names in lower case.
    pub fields: BTreeMap<String, String>,
    /// Its body, whole.
    pub body: Vec<u8>,
}

impl Request {
    /// Without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Behind the `?`.
    pub fn query(&self) -> &str {
        self.target.split_once('?').unwrap_or_default().1
    }

    /// A field, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
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
    /// These bytes, and then one more every now and then until the client goes.
    Trickle(Vec<u8>),
    /// These bytes, and then the others again and again.
    Endless(Vec<u8>, &'static [u8]),
}

impl Reply {
    /// A reply with a status and a media type.
    pub fn of(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Whole(status, vec![("content-type".to_owned(), media_type.to_owned())], body.into())
    }

    /// The same where all is well.
    pub fn ok(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::of(200, media_type, body)
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
    pub address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts one without TLS.
    pub fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(None, answer)
    }

    /// Starts one that shows this certificate.
    pub fn start_tls(own: &Own, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(Some(own), answer)
    }

    fn start_with(own: Option<&Own>, answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if own.is_some() { "https" } else { "http" };
        let server = Self { address: listener.local_addr().unwrap(), scheme, seen: Arc::default() };
        let (seen, answer): (_, Arc<Answer>) = (Arc::clone(&server.seen), Arc::new(answer));
        let config = own.map(Own::config);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer, config) = (Arc::clone(&seen), Arc::clone(&answer), config.clone());
                // A client that goes away in the middle is what many tests are about.
                thread::spawn(move || match config {
                    None => drop(serve(stream, &seen, &*answer)),
                    Some(config) => {
                        let connection = ServerConnection::new(config).unwrap();
                        drop(serve(StreamOwned::<_, TcpStream>::new(connection, stream), &seen, &*answer));
                    }
                });
            }
        });
        server
    }

    /// `127.0.0.1:PORT`.
    pub fn place(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// All that was asked so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(stream: impl Read + Write, seen: &Mutex<Vec<Request>>, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let Some(request) = read(&mut reader)? else { return Ok(()) };
    seen.lock().unwrap().push(request.clone());
    let reply = answer(&request);
    let stream = reader.get_mut();
    match reply {
        Reply::Whole(status, fields, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\n");
            for (name, value) in &fields {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
                head.push_str(&format!("content-length: {}\r\n", body.len()));
            }
            stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
            if request.method != "HEAD" {
                stream.write_all(&body)?;
            }
        }
        Reply::Raw(bytes) => stream.write_all(&bytes)?,
        Reply::Stall(bytes) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
            std::io::copy(stream, &mut std::io::sink())?;
        }
        Reply::Trickle(bytes) => {
            stream.write_all(&bytes)?;
            loop {
                stream.write_all(b"x")?;
                stream.flush()?;
                thread::sleep(PAUSE);
            }
        }
        Reply::Endless(bytes, part) => {
            stream.write_all(&bytes)?;
            loop {
                stream.write_all(part)?;
            }
        }
    }
    stream.flush()
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let first = line(reader)?;
    let mut words = first.split_whitespace().map(str::to_owned);
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let mut request = Request { method, target, ..Request::default() };
    while let Some((name, value)) = line(reader)?.split_once(':') {
        request.fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if let Some(length) = request.header("content-length").map(|length| length.parse().unwrap()) {
        reader.take(length).read_to_end(&mut request.body)?;
    } else if request.header("transfer-encoding").is_some() {
        loop {
            let length = u64::from_str_radix(&line(reader)?, 16).unwrap_or(0);
            reader.take(length).read_to_end(&mut request.body)?;
            line(reader)?;
            if length == 0 {
                break;
            }
        }
    }
    Ok(Some(request))
}

/// One line, without its end.
fn line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
