//! A real registry, Debian's `docker-registry`, on loopback: without TLS, or with TLS and a password.

use crate::authority::{Authority, for_loopback, of_years};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Who may come in where a password is asked for.
pub const USER: &str = "tester";
/// With what.
pub const PASSWORD: &str = "correct horse";
/// The same as `htpasswd -B` keeps it.
const KEPT: &str = "tester:$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2\n";

/// A registry, ended when it is dropped.
pub struct Distribution {
    /// Where it is, on 127.0.0.1.
    pub port: u16,
    program: Child,
    folder: TempDir,
}

/// How it is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Without TLS, by anybody.
    None,
    /// Without TLS, with a password.
    Password,
    /// With TLS and a password.
    TlsAndPassword,
    /// With TLS, and a certificate whose time is over.
    Expired,
}

impl Distribution {
    /// Starts one.
    pub fn start(guard: Guard) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_certificates(folder.path(), guard == Guard::Expired);
        fs::write(folder.path().join("passwords"), KEPT).unwrap();
        // A port that is free now may be taken by the time that the registry wants it.
        (0..10).find_map(|_| start(guard, &folder)).map_or_else(
            || panic!("docker-registry doesn't start, and this test needs it: apt-get install docker-registry"),
            |(program, port)| Self { port, program, folder },
        )
    }

    /// `127.0.0.1:PORT`.
    pub fn place(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What `wkg oci`, another client of registries, does with `acme/NAME` here, without TLS. `cargo xtask test` installs it.
    pub fn wkg(&self, action: &str, name: &str, more: &[&str]) {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/wkg");
        let mut command = Command::new(&program);
        command.args(["oci", action, &format!("{}/acme/{name}", self.place()), "--insecure", &self.place()]).args(more);
        // Nobody's credentials.
        let output = command.env("HOME", self.folder.path()).env_remove("DOCKER_CONFIG").output();
        let output = output.unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` installs it", program.display()));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The certificate to be trusted.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The same as TLS libraries take it.
    pub fn authority_der(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("authority.der")).unwrap()
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn start(guard: Guard, folder: &TempDir) -> Option<(Child, u16)> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut configuration = format!(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    \
         rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n  secret: test\n",
        path("storage")
    );
    if matches!(guard, Guard::TlsAndPassword | Guard::Expired) {
        configuration += &format!("  tls:\n    certificate: {}\n    key: {}\n", path("own.pem"), path("own.key"));
    }
    if matches!(guard, Guard::Password | Guard::TlsAndPassword) {
        configuration += &format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", path("passwords"));
    }
    fs::write(folder.path().join("config.yml"), configuration).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(folder.path().join("config.yml")).env_remove("REGISTRY_CONFIGURATION_PATH");
    let mut program = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    loop {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        if program.try_wait().is_ok_and(|ended| ended.is_some()) {
            return None;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // Somebody else may have answered.
    program.try_wait().is_ok_and(|ended| ended.is_none()).then_some((program, port))
}

fn write_certificates(folder: &Path, is_expired: bool) {
    let authority = Authority::default();
    let own = authority.sign_as(if is_expired { of_years(2020, 2021) } else { for_loopback() });
    for (name, bytes) in [
        ("authority.pem", authority.certificate.pem().into_bytes()),
        ("authority.der", authority.certificate.der().to_vec()),
        ("own.pem", own.certificate.pem().into_bytes()),
        ("own.key", own.key.serialize_pem().into_bytes()),
    ] {
        fs::write(folder.join(name), bytes).unwrap();
    }
}
