//! Requests of a skill over HTTP, through the whole program: to hosts that were granted and to no others, with secrets
//! that reach their own origin and nobody else.

mod echoes;
mod floods;
mod grants;
mod hostile_servers;
mod requests;
mod secrets;

use crate::servers::{Servers, servers};
use crate::support::component;
use serde_json::{Value, json};
use skillhost_audit::read_entries;
use skillhost_core::manifest;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
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

    /// The fetcher, whose manifest asks for all of these servers, and for files, which only a manifest can.
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
            let text =
                format!("{before}read = [\"**\"]\nhttp = {}\n{}", json!(urls), after.split_once('\n').unwrap().1);
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
