//! A machine for hostile commands to reach for: what lies outside is looked at before each run and after it.

use crate::gates::commands;
use crate::main_job::{entry, text};
use crate::sandbox_levels::Lacks;
use crate::scripts::{Script, greeting, project};
use crate::support::{Ran, World, ran};
use serde_json::Value;
use skillhost_test_support::tree::{Found, picture};
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

pub const GOAL: &str = "Greet everybody";

/// The levels that are offered, each on a machine that gives it, with what a run says of it.
pub const LEVELS: [(Lacks, &[&str], &str); 5] = [
    (Lacks::Nothing, &[], "full"),
    (Lacks::Namespaces("ipc"), &["--allow-reduced-sandbox"], "reduced (without IPC namespaces)"),
    (Lacks::Namespaces("uts"), &["--allow-reduced-sandbox"], "reduced (without UTS namespaces)"),
    (Lacks::Filtered("landlock"), &["--allow-reduced-sandbox"], "reduced (without Landlock)"),
    (Lacks::Filtered("seccomp"), &["--allow-reduced-sandbox"], "reduced (without seccomp)"),
];

/// A repository whose test is `attack`, an earlier run with a tree of its own, a home with secrets in it, a process and
/// sockets of the host's.
pub struct Trap {
    pub world: World,
    earlier: PathBuf,
    process: Child,
    tcp: TcpListener,
    unix: UnixListener,
}

/// What lies outside: what git says of the repository, mode and owner of devices and of files of the system, and places.
pub struct Outside {
    repository: Vec<String>,
    devices: [(u32, u32); 5],
    files: BTreeMap<PathBuf, Found>,
}

impl Trap {
    pub fn new(attack: &str, config: &str) -> Self {
        let world = World::with(&project());
        assert_eq!(world.goal(GOAL, &greeting().text(), &[]).code, Some(0));
        let runs = fs::read_dir(world.state().join("runs")).unwrap();
        let earlier = runs.flatten().find(|run| run.path().join("tree").is_dir()).unwrap().path();
        fs::create_dir_all(world.home().join(".ssh")).unwrap();
        for name in [".ssh/id_ed25519", ".netrc", ".bashrc"] {
            fs::write(world.home().join(name), "CANARY\n").unwrap();
        }
        let unix = UnixListener::bind(world.home().join("engine.sock")).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        unix.set_nonblocking(true).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let process = Command::new("sleep").arg("86396").spawn().unwrap();
        let trap = Self { world, earlier, process, tcp, unix };
        let attack = trap.fill(attack);
        trap.world.commit(&[("test.sh", &format!("{attack}\ngrep -qs hello src/greeting.txt && echo '1 passed'\n"))]);
        trap.world.commit(&[("skillhost.toml", config)]);
        trap
    }

    /// An attack's places, as they are here.
    fn fill(&self, attack: &str) -> String {
        let port = self.tcp.local_addr().unwrap().port().to_string();
        let places = [
            ("@HOME", self.world.home()),
            ("@STATE", self.world.state()),
            ("@REPO", self.world.repo()),
            ("@EARLIER", self.earlier.clone()),
            ("@PROCESS", self.process.id().to_string().into()),
            ("@PORT", port.into()),
        ];
        places.iter().fold(attack.to_owned(), |text, (name, place)| text.replace(name, place.to_str().unwrap()))
    }

    /// Everything outside that no command may touch.
    pub fn outside(&mut self) -> Outside {
        // What the host keeps for itself from run to run: the compiled skills, and the locks of its folders.
        let is_the_hosts = |name: &Path| name.ends_with(".cache/skillhost");
        let git =
            ["config", "hooks", "info", "HEAD", "packed-refs"].map(|name| self.world.repo().join(".git").join(name));
        let places = [self.world.home(), self.earlier.clone(), self.world.state().join("keys")];
        let seen = git.iter().chain(&places).flat_map(|place| {
            picture(place, is_the_hosts).into_iter().map(move |(name, found)| (place.join(name), found))
        });
        let files = seen.collect();
        let devices = ["/dev/null", "/dev/zero", "/dev/urandom", "/usr/bin/env", "/etc/passwd"].map(|device| {
            let metadata = fs::metadata(device).unwrap();
            (metadata.mode(), metadata.uid())
        });
        assert!(self.process.try_wait().unwrap().is_none(), "the host's process was ended");
        assert!(self.tcp.accept().is_err() && self.unix.accept().is_err(), "a socket of the host's was reached");
        Outside { repository: self.world.footprint(), devices, files }
    }

    /// Nothing outside is another than `before`.
    pub fn is_unchanged(&mut self, before: &Outside, ran: &Ran) {
        let after = self.outside();
        // The run's own key is new, and it alone.
        let is_new_key = |place: &Path| place.parent().is_some_and(|folder| folder.ends_with("keys/subjects"));
        assert_eq!((&after.repository, after.devices), (&before.repository, before.devices), "{ran:#?}");
        let (before, after) = (&before.files, &after.files);
        let added = after.keys().filter(|place| !before.contains_key(*place) && !is_new_key(place));
        let places = before.keys().filter(|place| before.get(*place) != after.get(*place)).chain(added);
        let changed: Vec<_> = places.map(|place| (place, before.get(place), after.get(place))).collect();
        assert!(changed.is_empty(), "{changed:#?} {ran:#?}");
    }

    /// A whole run, and what it left; nothing outside has changed, and the host answers.
    pub fn run(&mut self, lacks: Lacks, flags: &[&str]) -> (Ran, Value) {
        self.plays(&greeting(), lacks, flags)
    }

    /// The same, with another script.
    pub fn plays(&mut self, script: &Script, lacks: Lacks, flags: &[&str]) -> (Ran, Value) {
        let before = self.outside();
        let model = self.world.model(&script.text());
        let arguments = [&["run", GOAL, "--format", "json", "--model", &model], flags].concat();
        let done = ran(lacks.command(&self.world, &arguments).output().unwrap());
        self.is_unchanged(&before, &done);
        let listed = self.world.run(&["runs", "--format", "json"]).json();
        assert_eq!(listed["runs"].as_array().map(Vec::is_empty), Some(false), "{listed:#}");
        let run = entry(&done);
        assert_eq!(self.world.run(&["show", text(&run["run"])]).code, Some(0));
        let document = serde_json::from_slice(&fs::read(text(&run["run_json"])).unwrap()).unwrap();
        (done, document)
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the gate printed, and that every record says at which level.
pub fn said(trap: &Trap, ran: &Ran, document: &Value, level: &str) -> String {
    let gates = document["gates"].as_array().unwrap();
    assert!(!gates.is_empty() && gates.iter().all(|gate| gate["sandbox"] == level), "{level}: {document:#}");
    assert_eq!(document["sandbox"], level);
    let log = commands(&trap.world, ran);
    assert!(!log.is_empty() && log.iter().all(|(_, outcome)| outcome["outcome"] != "failed"), "{log:#?}");
    gates.iter().map(|gate| text(&gate["output"])).collect()
}
