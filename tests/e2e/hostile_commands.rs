//! X: declared commands that are hostile, in real runs: what they reach for lies outside and is as it was afterwards, the
//! host answers, and its records say what happened.

use crate::gates::commands;
use crate::main_job::{entry, run_folder, text};
use crate::scripts::{CONFIG, Script, greeting};
use crate::support::ran;
use crate::terminal::Terminal;
use crate::trap::{GOAL, LEVELS, Trap, said};
use serde_json::{Value, json};
use std::fs;

/// One line for each attempt that got through: `REACHED` and what.
const REACH: &str = r#"
for place in @HOME @HOME/.ssh/id_ed25519 @STATE/keys @EARLIER @EARLIER/tree @EARLIER/ledger.db @REPO @REPO/.git/config /root/.ssh \
  /home/*/.ssh /etc/shadow /proc/1/environ /proc/1/root/etc/shadow /proc/@PROCESS/environ /sys/kernel /dev/mem /var/lib; do
  if head -c 1 "$place" 2>/dev/null | grep -q . || ls -A "$place"/ 2>/dev/null | grep -q .; then echo "REACHED $place"; fi
done
for place in @HOME/planted @STATE/planted @EARLIER/tree/planted @REPO/.git/hooks/pre-commit /usr/bin/planted /etc/planted /planted; do
  (mkdir -p "$(dirname $place)" && echo planted > $place) 2>/dev/null && [ -e /proc/self/root$place ] && case $place in /tmp/*) ;; *) echo "REACHED $place";; esac
done
ln -s @REPO/.git/config link && echo planted >> link 2>/dev/null
ln -s @HOME/.bashrc rc; echo planted >> rc 2>/dev/null
env | grep -i -e key -e token -e secret -e docker -e display -e ssh | sed 's/^/REACHED /'
kill -9 @PROCESS 2>/dev/null && [ ! -d /proc/@PROCESS ] && echo "REACHED process"
kill -9 -1 2>/dev/null
chmod 666 /dev/null 2>/dev/null && echo "REACHED mode of /dev/null"
for line in 'su -c id' 'sudo -n id' 'mount -t tmpfs none /tmp'; do timeout 5 $line </dev/null 2>/dev/null | grep uid=0 | sed 's/^/REACHED /'; done
/usr/bin/python3 - <<'PY'
import os, socket
def attempt(name, family, address):
    try:
        s = socket.socket(family); s.settimeout(3); s.connect(address); print('REACHED', name)
    except OSError: pass
attempt('host', socket.AF_INET, ('127.0.0.1', @PORT))
attempt('internet', socket.AF_INET, ('1.1.1.1', 80))
attempt('metadata', socket.AF_INET, ('169.254.169.254', 80))
attempt('internet 6', socket.AF_INET6, ('2606:4700:4700::1111', 80))
attempt('engine', socket.AF_UNIX, '@HOME/engine.sock')
attempt('docker', socket.AF_UNIX, '/var/run/docker.sock')
attempt('bus', socket.AF_UNIX, '/run/dbus/system_bus_socket')
try: socket.getaddrinfo('example.com', 80); print('REACHED names')
except OSError: pass
for fd in range(3, 1024):
    try: os.fstat(fd); print('REACHED descriptor', fd)
    except OSError: pass
for name in ('/dev/tty', '/dev/console', '/dev/pts/0'):
    try: os.open(name, os.O_RDWR | os.O_NOCTTY); print('REACHED', name)
    except OSError: pass
if [fd for fd in (0, 1, 2) if os.isatty(fd)]: print('REACHED a terminal')
PY
"#;

#[test]
fn x_01_x_02_x_03_x_09_x_12_x_13_a_hostile_command_reaches_nothing() {
    let mut trap = Trap::new(REACH, CONFIG);
    for (lacks, flags, level) in LEVELS {
        let (ran, document) = trap.run(lacks, flags);
        let said = said(&trap, &ran, &document, level);
        assert!(!said.contains("REACHED"), "{level}: {said}");
        assert_eq!((ran.code, said.contains("1 passed")), (Some(0), true), "{level}: {ran:#?} {said}");
    }
}

/// What a command takes too much of, and how its gate ends. The disk fills by what is allocated, some GB in a second.
const GREEDY: [(&str, &str, &str); 6] = [
    (
        "processes",
        "import os, time\nwhile True:\n  try: os.fork()\n  except OSError: time.sleep(1)",
        // Whichever it reaches first.
        "too many processes|too much memory",
    ),
    ("memory", "b = []\nwhile True: b.append(b'x' * (64 << 20))", "too much memory"),
    ("output", "while True: print('y' * 4096)", "printed too much"),
    (
        "files",
        "import os, time\nfor n in range(400):\n  f = open('f%d' % n, 'wb'); os.posix_fallocate(f.fileno(), 0, 256 << 20); time.sleep(.1)",
        "wrote too much",
    ),
    (
        "unlinked",
        "import os, time\nkept = []\nfor n in range(400):\n  f = open('f', 'wb'); os.unlink('f'); kept.append(f)\n  \
         os.posix_fallocate(f.fileno(), 0, 256 << 20); time.sleep(.1)",
        "wrote too much",
    ),
    // A hundred times its room in holes is nothing; a byte beyond what one file may have is too much.
    (
        "sparse",
        "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\nfor n in range(400): open('f%d' % n, 'wb').truncate(2 << 30)\n\
         f = open('f', 'wb'); f.seek(9 << 30); f.write(b'x'); f.flush()",
        "signal 25",
    ),
];

#[test]
fn x_04_x_05_x_06_x_07_a_command_that_takes_too_much_is_ended_and_logged() {
    let names = GREEDY.map(|(name, ..)| name);
    let commands_of = |(name, script, _): (&str, &str, &str)| {
        format!("[commands.{name}]\nrun = [\"/usr/bin/python3\", \"-c\", {script:?}]\ntimeout = \"2m\"\n")
    };
    let config = CONFIG
        .replace("exec = [\"test\"]", "exec = []")
        .replace("commands = [\"test\"]", &format!("commands = {names:?}"))
        + &GREEDY.map(commands_of).concat();
    let mut trap = Trap::new("", &config);
    // Nobody but the gates runs them.
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").finishes(1);
    let script = script.reviews("change-review", 1, &[]);
    for (lacks, flags, level) in LEVELS {
        let (ran, document) = trap.plays(&script, lacks, flags);
        assert_eq!((ran.code, &document["sandbox"]), (Some(1), &json!(level)), "{ran:#?}");
        let gates = document["gates"].as_array().unwrap();
        assert_eq!(gates.len(), GREEDY.len(), "{document:#}");
        for ((name, _, exit), gate) in GREEDY.iter().zip(gates) {
            let is_so = exit.split('|').any(|exit| text(&gate["exit"]).contains(exit));
            assert!(gate["name"] == *name && is_so, "{level}, {name}: {gate:#}");
            assert_eq!(gate["sandbox"], level);
            assert!(["cgroup", "watchdog"].contains(&text(&gate["limits_held_by"])), "{level}, {name}: {gate:#}");
        }
        let logged = commands(&trap.world, &ran);
        assert_eq!(logged.len(), GREEDY.len(), "{level}: {logged:#?}");
        for ((name, _, exit), (_, logged)) in GREEDY.iter().zip(logged) {
            let outcome = if exit.starts_with("signal") { "failed" } else { "exhausted" };
            assert_eq!(logged["outcome"], outcome, "{level}, {name}: {logged}");
        }
    }
}

/// A daemon that outlives its command where it can, and holds a lock in the tree.
const DAEMON: &str = concat!("/usr/bin/python3 - <<'PY'\n", include_str!("../fixtures/daemon.py"), "PY\n");

#[test]
fn x_08_nothing_outlives_its_command() {
    let mut trap = Trap::new(DAEMON, CONFIG);
    for (lacks, flags, level) in LEVELS {
        let (ran, document) = trap.run(lacks, flags);
        assert_eq!(ran.code, Some(0), "{level}: {ran:#?}");
        said(&trap, &ran, &document, level);
        let lock = fs::File::open(run_folder(&trap.world, &entry(&ran)).join("tree/lock")).unwrap();
        lock.try_lock().unwrap_or_else(|error| panic!("{level}: the daemon lives: {error}"));
    }
}

/// At a terminal, which the host has and a command has not: it types for nobody and draws nothing.
#[test]
fn x_11_a_command_has_no_terminal_to_control() {
    let attack = r#"
printf '\033[2J\033]52;c;aGVsbG8=\007' > /dev/tty 2>/dev/null && echo 'REACHED /dev/tty'
/usr/bin/python3 - <<'PY'
import fcntl, glob, os
for name in ['/dev/tty', '/dev/console', '/proc/1/fd/0', '/proc/1/fd/1', '/proc/1/fd/2'] + glob.glob('/dev/pts/[0-9]*') + glob.glob('/proc/[0-9]*/fd/*'):
    try: fd = os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError: continue
    if os.isatty(fd): print('REACHED', name)
for fd in (0, 1, 2):
    for request in (0x5412, 0x541c, 0x540e):
        try: fcntl.ioctl(fd, request, b'x'); print('REACHED ioctl', fd, hex(request))
        except OSError: pass
PY
"#;
    for (flags, level) in [(&[][..], "full"), (&["--dangerously-unsandboxed"], "unsandboxed")] {
        // Unsandboxed it can open what the user can, but none of it is its own.
        let attack = if level == "full" {
            attack.to_owned()
        } else {
            attack
                .replace("glob.glob('/dev/pts/[0-9]*') + glob.glob('/proc/[0-9]*/fd/*')", "[]")
                .replace("'/dev/console', ", "")
        };
        let mut trap = Trap::new(&attack, CONFIG);
        fs::write(trap.world.home().join("go"), "").unwrap();
        let before = trap.outside();
        let model = trap.world.model(&greeting().text());
        let arguments = [&["run", GOAL, "--format", "json", "--no-prompt", "--model", &model], flags].concat();
        let shown = Terminal::go(&trap.world, &arguments, &[]).end();
        assert_eq!(shown.code, Some(0), "{shown:#?}");
        assert!(!shown.stdout.contains("\u{1b}]52") && !shown.stdout.contains("\u{1b}[2J"), "{shown:#?}");
        trap.is_unchanged(&before, &shown);
        let runs = trap.world.run(&["runs", "--format", "json"]).json();
        let id = text(&runs["runs"][0]["id"]).to_owned();
        let document = trap.world.run(&["show", &id, "--format", "json"]).json();
        let gate = &document["gates"][0];
        assert_eq!(gate["sandbox"], level);
        assert!(!text(&gate["output"]).contains("REACHED"), "{level}: {gate:#}");
    }
}

/// Ignored files and caches that a later command would execute: none of what one left is there for the next, nor can a
/// cache be changed that many commands share.
#[test]
fn x_15_what_one_command_poisons_the_next_does_not_find() {
    let attack = r#"
for place in node_modules/.bin/check target/debug/check __pycache__/check.pyc .venv/bin/python "$HOME/.cache/check" /tmp/check /var/tmp/check \
  "$HOME/.npmrc" "$HOME/.config/pip/pip.conf" "$HOME/.cargo/config.toml" .git/hooks/pre-commit; do
  if [ -e "$place" ]; then echo "POISONED $place"; fi
  mkdir -p "$(dirname "$place")" && echo 'echo POISONED' > "$place" && chmod 755 "$place"
done
for cache in "$CARGO_HOME/registry/cache" "$CARGO_HOME/registry/src" "$CARGO_HOME/registry/index" "$CARGO_HOME/git/db" "$RUSTUP_HOME/toolchains" \
  "$PYENV_ROOT/shims" "$NVM_DIR/versions" /usr/lib/python3/dist-packages /usr/lib/node_modules /usr/local/lib; do
  [ -d "$cache" ] && (echo planted > "$cache/planted") 2>/dev/null && echo "POISONED $cache"
done
for folder in $(echo "$PATH" | tr : ' '); do (echo planted > "$folder/planted") 2>/dev/null && echo "POISONED $folder"; done
"#;
    // Two gates and the author's own run, each of which would find what another left.
    let config = CONFIG.replace("commands = [\"test\"]", "commands = [\"test\", \"again\"]")
        + "[commands.again]\nrun = [\"sh\", \"test.sh\"]\ntimeout = \"5m\"\n";
    let mut trap = Trap::new(attack, &config);
    trap.world.commit(&[(".gitignore", "node_modules/\ntarget/\n__pycache__/\n.venv/\n")]);
    for (lacks, flags, level) in LEVELS {
        let (ran, document) = trap.run(lacks, flags);
        assert_eq!(ran.code, Some(0), "{level}: {ran:#?}");
        let said = said(&trap, &ran, &document, level);
        assert_eq!(document["gates"].as_array().map(Vec::len), Some(2));
        assert!(!said.contains("POISONED"), "{level}: {said}");
        // The author's run left it in its tree, and none of it was committed.
        let tree = run_folder(&trap.world, &entry(&ran)).join("tree");
        assert!(tree.join("node_modules/.bin/check").exists() && !tree.join(".git").exists());
        let branch = text(&entry(&ran)["branch"]).to_owned();
        let files = trap.world.git(&["ls-tree", "-r", "--name-only", &branch]);
        assert!(!files.contains("check") && !files.contains(".venv"), "{files}");
    }
}

/// Without a sandbox a command can do what the user can; what is promised is its environment, its end, and that it is said.
#[test]
fn x_14_unsandboxed_is_said_and_keeps_what_is_promised() {
    let attack = "env | sed 's/^/VARIABLE /'; sleep 86393 & echo $! > child";
    let mut trap = Trap::new(attack, CONFIG);
    let before = trap.outside();
    let model = trap.world.model(&greeting().text());
    let mut command =
        trap.world.command(&["run", GOAL, "--format", "json", "--model", &model, "--dangerously-unsandboxed"]);
    let ran = ran(command.env("SOME_TOKEN", "CANARY").output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    trap.is_unchanged(&before, &ran);
    let run = entry(&ran);
    let document: Value = serde_json::from_slice(&fs::read(text(&run["run_json"])).unwrap()).unwrap();
    let said = said(&trap, &ran, &document, "unsandboxed");
    assert!(said.contains("VARIABLE PATH=") && !said.contains("SOME_TOKEN"), "{said}");
    assert_eq!(document["gates"][0]["limits_held_by"], json!("nothing"));
    let child = fs::read_to_string(run_folder(&trap.world, &run).join("tree/child")).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/cmdline", child.trim())).unwrap_or_default();
    assert!(!state.contains("86393"), "what it left in its group lives");
}
