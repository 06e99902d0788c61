//! A small HTTP server on loopback, which answers as a test says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Largest body that a test sends.
const MAX_BODY_BYTES: u64 = 256 << 20;

/// A request, as it came.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, for example.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Behind the `?`.
    pub query: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Whole.
    pub body: Vec<u8>,
}

impl Request {
    /// A header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// A reply.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Names and values, but for the length.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Sends the body again and again, until nobody reads it.
    pub is_endless: bool,
    /// Says nothing, and keeps the connection.
    pub is_silent: bool,
    /// Ends the connection without a word.
    pub is_cut: bool,
}

impl Response {
    /// A plain one.
    pub fn of(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }.with("content-type", content_type)
    }

    /// With one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// None, though the connection stays.
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    /// None, and no connection any more.
    pub fn cut() -> Self {
        Self { is_cut: true, ..Self::default() }
    }
}

/// A server that runs until its process ends, and what it was asked.
#[derive(Clone)]
pub struct Server {
    /// Where it is.
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts one.
    pub fn start(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, answer) = (Arc::clone(&server.seen), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || {
                    let _ = serve(stream, &seen, answer.as_ref());
                });
            }
        });
        server
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(&Request) -> Response + Send + Sync),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read(&mut reader)? {
        seen.lock().unwrap().push(request.clone());
        let response = answer(&request);
        if response.is_cut {
            return Ok(());
        }
        if response.is_silent {
            // Until the other side gives up.
            std::io::copy(&mut reader, &mut std::io::sink())?;
            return Ok(());
        }
        let mut head = format!("HTTP/1.1 {} Status\r\n", response.status);
        for (name, value) in &response.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !response.is_endless {
            head.push_str(&format!("content-length: {}\r\n", response.body.len()));
        }
        writer.write_all(format!("{head}\r\n").as_bytes())?;
        writer.write_all(&response.body)?;
        if response.is_endless {
            loop {
                writer.write_all(&response.body)?;
            }
        }
        writer.flush()?;
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request { method, path: path.to_owned(), query: query.to_owned(), ..Request::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    if let Some(length) = request.header("content-length") {
        let length: u64 = length.parse().unwrap();
        assert!(length < MAX_BODY_BYTES);
        reader.take(length).read_to_end(&mut request.body)?;
    } else if request.header("transfer-encoding").is_some() {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let length = u64::from_str_radix(line.trim(), 16).unwrap();
            reader.take(length).read_to_end(&mut request.body)?;
            reader.read_line(&mut String::new())?;
            if length == 0 {
                break;
            }
        }
    }
    Ok(Some(request))
}
