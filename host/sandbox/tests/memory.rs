//! a command that takes too much memory is ended, wherever it keeps it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::time::Duration;

use skillhost_sandbox::{Exit, Wall};
use support::{Trial, text};

const LIMIT_BYTES: u64 = 256 << 20;

/// A loop that takes more and more of one kind, in Python, up to 10 GB of it.
const KINDS: [(&str, &str); 14] = [
    ("of its own", "kept = []\nfor _ in range(1250): kept.append(b'x' * (8 << 20))"),
    ("of many processes", "for _ in range(7): os.fork() or (b := b'x' * (64 << 20), time.sleep(60))\ntime.sleep(60)"),
    (
        "shared between processes",
        "kept = []\nfor _ in range(1250): kept.append(mmap.mmap(-1, 8 << 20)); kept[-1].write(b'x' * (8 << 20))",
    ),
    (
        "of a descriptor",
        "kept = []\nfor _ in range(1250): kept.append(os.memfd_create('m')); os.write(kept[-1], b'x' * (8 << 20))",
    ),
    (
        "of a process that is closed to others",
        "c.prctl(4, 0, 0, 0, 0)\nkept = []\nfor _ in range(1250): kept.append(b'x' * (8 << 20))",
    ),
    (
        "in segments that are attached by nobody",
        "c.shmat.restype = ctypes.c_void_p\nfor _ in range(1250):\n  p = c.shmat(ok(c.shmget(0, 8 << 20, 0o1600)), None, 0)\n  \
         ctypes.memset(p, 1, 8 << 20)\n  c.shmdt(ctypes.c_void_p(p))",
    ),
    ("in semaphores", "for _ in range(5000): ok(c.semget(0, 250, 0o600)), ok(c.semget(0, 32000, 0o600))"),
    (
        "in messages",
        "for _ in range(32000):\n  q = ok(c.msgget(0, 0o600))\n  while c.msgsnd(q, b'\\1' + b'\\0' * 8100, 8000, 0o4000) == 0: pass",
    ),
    (
        "in tables that lead to no page",
        "c.mmap.restype = ctypes.c_void_p\np = c.mmap(None, ctypes.c_size_t(1 << 42), 1, 0x4022, -1, 0)\n\
         c.madvise(ctypes.c_void_p(p), ctypes.c_size_t(1 << 42), 15)\nfor i in range(2000000): ctypes.string_at(p + (i << 21), 1)",
    ),
    ("in local sockets", "kept = []\nfor _ in range(5000):\n  kept += socket.socketpair()\n  fill(kept[-1])"),
    (
        "in sockets with large buffers",
        "kept = []\nfor _ in range(5000):\n  kept += socket.socketpair()\n  \
         kept[-1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 26)\n  fill(kept[-1])",
    ),
    (
        "in TCP connections",
        "kept = []\ns = socket.create_server(('127.0.0.1', 0), backlog=4096)\nfor _ in range(5000):\n  \
         kept.append(socket.create_connection(s.getsockname())); kept.append(s.accept()[0])\n  fill(kept[-1]); fill(kept[-2])",
    ),
    (
        "in pipes",
        "def fill_pipe():\n  r, w = os.pipe(); os.set_blocking(w, False)\n  try:\n    while True: os.write(w, b'x' * 65536)\n  \
         except BlockingIOError: pass\nfor _ in range(4): os.fork()\nfor _ in range(30000): fill_pipe()\ntime.sleep(60)",
    ),
    (
        "in pages that a pipe keeps",
        "class V(ctypes.Structure): _fields_ = [('p', ctypes.c_void_p), ('n', ctypes.c_size_t)]\n\
         for _ in range(5000):\n  m = mmap.mmap(-1, 4 << 20, flags=0x22); m.madvise(14); m.write(b'x' * (4 << 20)); r, w = os.pipe()\n  \
         a = ctypes.addressof(ctypes.c_char.from_buffer(m))\n  ok(c.vmsplice(w, ctypes.byref(V((a + (2 << 20)) & -(2 << 20), 4096)), 1, 0))",
    ),
];

const PRELUDE: &str = "import ctypes, mmap, os, resource, socket, time\n\
    c = ctypes.CDLL(None, use_errno=True)\n\
    def ok(r):\n\
    \x20   if r < 0: raise SystemExit(os.strerror(ctypes.get_errno()))\n\
    \x20   return r\n\
    def fill(s):\n\
    \x20   s.setblocking(False)\n\
    \x20   try:\n\
    \x20       while True: s.send(b'x' * 65536)\n\
    \x20   except OSError: pass\n";

/// The versions of Landlock make no difference to memory.
fn counts(level: &str) -> bool {
    !level.starts_with("full, Landlock")
}

#[tokio::test]
async fn x_05_memory_of_every_kind_is_limited() {
    for (level, trial) in Trial::offered_with(Wall::Seccomp).await.into_iter().filter(|(level, _)| counts(level)) {
        for (kind, script) in KINDS {
            let mut command = trial.command(["/usr/bin/python3", "-c", &format!("{PRELUDE}{script}")]);
            command.limits.memory_bytes = LIMIT_BYTES;
            let outcome = trial.run(&command).await.unwrap();
            // It is ended, or there are no such calls, or few of such objects.
            let refusals = ["Function not implemented", "No space left on device", "Invalid argument"];
            let refused = outcome.exit == Exit::Code(1) && refusals.iter().any(|why| text(&outcome).contains(why));
            assert!(
                outcome.exit == Exit::MemoryLimit || refused,
                "{level}, {kind}: {:?} {}",
                outcome.exit,
                text(&outcome)
            );
        }
    }
}

/// The kinds that need no filter to be seen.
#[tokio::test]
async fn x_05_memory_of_processes_is_limited_at_every_level() {
    for (level, trial) in Trial::offered().await.into_iter().filter(|(level, _)| counts(level)) {
        for (kind, script) in &KINDS[..3] {
            let mut command = trial.command(["/usr/bin/python3", "-c", &format!("{PRELUDE}{script}")]);
            command.limits.memory_bytes = LIMIT_BYTES;
            assert_eq!(trial.run(&command).await.unwrap().exit, Exit::MemoryLimit, "{level}, {kind}");
        }
    }
}

/// To read how much each of many processes has, the watchdog waits for whoever changes it, and these do nothing else.
#[tokio::test]
async fn x_05_processes_that_keep_the_watchdog_waiting_are_ended() {
    let trial = Trial::new().await;
    let script = "c.mmap.restype = ctypes.c_void_p\nfor _ in range(250):\n  if os.fork() == 0:\n    \
                  kept = b'x' * (4 << 20)\n    size = ctypes.c_size_t(16 << 20)\n    \
                  p = ctypes.c_void_p(c.mmap(None, size, 3, 0x8022, -1, 0))\n    \
                  while True: c.mprotect(p, size, 1), c.mprotect(p, size, 3)\ntime.sleep(600)";
    let mut command = trial.command(["/usr/bin/python3", "-c", &format!("{PRELUDE}{script}")]);
    (command.limits.memory_bytes, command.timeout) = (LIMIT_BYTES * 2, Duration::from_secs(90));
    let outcome = trial.run(&command).await.unwrap();
    assert_eq!(outcome.exit, Exit::MemoryLimit, "{}", text(&outcome));
}

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
