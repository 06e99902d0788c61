//! Repositories over HTTP, by git's own `http-backend`.

use crate::web::{Reply, Request, Server};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Who may push, and read where it says so.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// `user:password`; none where anybody may do anything.
    pub basic: Option<String>,
    /// Whether reading needs it, too.
    pub is_private: bool,
}

/// Serves the bare repositories in a folder, each under its name.
pub fn start(folder: &Path, access: Access) -> Server {
    start_with(folder, access, |_| None)
}

/// The same; a test answers some requests itself.
pub fn start_with(
    folder: &Path,
    access: Access,
    first: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> Server {
    Server::start(answering(folder, access, first))
}

/// What such a server answers.
pub fn answering(
    folder: &Path,
    access: Access,
    first: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let folder = folder.to_owned();
    move |request| first(request).unwrap_or_else(|| answer(&folder, &access, request))
}

/// Makes a bare repository that takes pushes over HTTP; gives its place.
pub fn bare(folder: &Path, name: &str) -> PathBuf {
    let place = folder.join(name);
    git(folder, &["init", "--quiet", "--bare", "--initial-branch=main", name]);
    git(&place, &["config", "http.receivepack", "true"]);
    place
}

/// Git, as somebody with no configuration would run it; gives what it says.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Test", "-c", "user.email=test@localhost"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn answer(folder: &Path, access: &Access, request: &Request) -> Reply {
    let is_push = request.path().ends_with("git-receive-pack") || request.query().ends_with("git-receive-pack");
    if let Some(basic) = access.basic.as_ref().filter(|_| is_push || access.is_private)
        && request.header("authorization") != Some(&format!("Basic {}", STANDARD.encode(basic)))
    {
        return Reply::of(401, "text/html", "<h1>Unauthorized</h1>").with("www-authenticate", "Basic realm=\"git\"");
    }
    cgi(folder, request)
}

fn cgi(folder: &Path, request: &Request) -> Reply {
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", request.path())
        .env("QUERY_STRING", request.query())
        .env("CONTENT_TYPE", request.header("content-type").unwrap_or_default())
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stdin, body) = (child.stdin.take().unwrap(), Arc::new(request.body.clone()));
    let writer = std::thread::spawn(move || stdin.write_all(&body));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    let end = output.stdout.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(output.stdout.len());
    let (head, body) = output.stdout.split_at(end);
    let (mut code, mut fields) = (200, Vec::new());
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.eq_ignore_ascii_case("status") {
            true => code = value.split_whitespace().next().unwrap().parse().unwrap(),
            false => fields.push((name.to_owned(), value.trim().to_owned())),
        }
    }
    Reply::Whole(code, fields, body.get(4..).unwrap_or_default().to_vec())
}
