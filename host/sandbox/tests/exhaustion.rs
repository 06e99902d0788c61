//! a command that takes too much, or stays, is ended with all that it started.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::future::pending;
use std::path::Path;
use std::time::Duration;

use skillhost_sandbox::Exit;
use support::{Trial, text};

#[tokio::test]
async fn x04_a_fork_bomb_is_ended_or_starved() {
    let trial = Trial::new().await;
    let mut command = trial.command([
        "/usr/bin/python3",
        "-c",
        "import os, time\nwhile True:\n  try: os.fork()\n  except OSError: raise SystemExit(7) if os.getpid() == 2 else time.sleep(9)\n",
    ]);
    command.limits.processes = 200;
    let outcome = trial.run(&command).await.unwrap();
    // The watchdog ends it, or the kernel refuses the fork and the first process says so.
    assert!(matches!(outcome.exit, Exit::ProcessLimit | Exit::Code(7)), "{:?}", outcome.exit);
}

#[tokio::test]
async fn x05_memory_is_limited() {
    let trial = Trial::new().await;
    let mut command = trial.command(["/usr/bin/python3", "-c", "b = []\nwhile True: b.append(b'x' * (8 << 20))"]);
    command.limits.memory_bytes = 256 << 20;
    let outcome = trial.run(&command).await.unwrap();
    assert_eq!(outcome.exit, Exit::MemoryLimit, "{}", text(&outcome));
}

#[tokio::test]
async fn x05_memory_is_counted_over_all_processes() {
    let trial = Trial::new().await;
    let script =
        "import os, time\nfor _ in range(7): os.fork() or (b := b'x' * (64 << 20), time.sleep(60))\ntime.sleep(60)";
    let mut command = trial.command(["/usr/bin/python3", "-c", script]);
    command.limits.memory_bytes = 256 << 20;
    assert_eq!(trial.run(&command).await.unwrap().exit, Exit::MemoryLimit);
}

/// System V segments that are filled and let go of, so that they are no process's.
const SEGMENTS: &str = "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\nc.shmat.restype = ctypes.c_void_p\n\
    for _ in range(1000):\n\
    \x20 i = c.shmget(0, 8 << 20, 0o1600)\n\
    \x20 if i < 0: raise SystemExit(os.strerror(ctypes.get_errno()))\n\
    \x20 p = c.shmat(i, None, 0)\n  ctypes.memset(p, 1, 8 << 20)\n  c.shmdt(ctypes.c_void_p(p))\n";

#[tokio::test]
async fn x05_memory_cannot_hide_from_the_watchdog() {
    let trial = Trial::new().await;
    // Shared between processes; held by descriptors alone; in a process that closes itself to others.
    for script in [
        "import mmap\nb = []\nwhile True: b.append(mmap.mmap(-1, 8 << 20)); b[-1].write(b'x' * (8 << 20))",
        "import os\nb = []\nwhile True: b.append(os.memfd_create('m')); os.write(b[-1], b'x' * (8 << 20))",
        "import ctypes\nctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\nb = []\nwhile True: b.append(b'x' * (8 << 20))",
        SEGMENTS,
    ] {
        let mut command = trial.command(["/usr/bin/python3", "-c", script]);
        command.limits.memory_bytes = 256 << 20;
        let outcome = trial.run(&command).await.unwrap();
        // Either there are no such calls, or few segments.
        let refusals = ["Function not implemented", "No space left on device"];
        let refused = refusals.iter().any(|refusal| text(&outcome).contains(refusal));
        assert!(outcome.exit == Exit::MemoryLimit || refused, "{:?} {}", outcome.exit, text(&outcome));
    }
}

#[tokio::test]
async fn x06_scratch_and_shared_memory_are_full_at_their_size() {
    let trial = Trial::new().await;
    let mut command = trial.command([
        "sh",
        "-c",
        "for d in /tmp /var/tmp $HOME /dev/shm; do head -c 64M /dev/zero > $d/big; done 2>&1; \
         cat /tmp/big /var/tmp/big $HOME/big | wc -c; wc -c < /dev/shm/big",
    ]);
    command.limits.scratch_bytes = 16 << 20;
    command.limits.shared_memory_bytes = 4 << 20;
    let output = text(&trial.run(&command).await.unwrap());
    assert!(output.contains("No space left"), "{output}");
    let sizes: Vec<u64> = output.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(sizes, [16 << 20, 4 << 20], "{output}");
}

#[tokio::test]
async fn x06_the_worktree_cannot_grow_without_end() {
    // In plain sight; where the owner may write but not read; deeper than any path can name.
    for hide in [
        "",
        "os.mkdir('closed'); os.chdir('closed'); os.chmod('.', 0o300)",
        "for _ in range(30): os.mkdir('d' * 200); os.chdir('d' * 200)",
    ] {
        let trial = Trial::new().await;
        let fill = "while True:\n  open('f%d' % i, 'wb').write(os.urandom(1 << 20)); i += 1";
        let script = format!("import os\ni = 0\n{hide}\n{fill}");
        let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
        command.limits.disk_bytes = 64 << 20;
        let outcome = trial.run(&command).await.unwrap();
        assert_eq!(outcome.exit, Exit::DiskLimit, "{hide}: {}", text(&outcome));
        // The next command in this tree has no more room because of it.
        if hide.starts_with("for") {
            let next = trial.command(["sleep", "60"]);
            assert_eq!(trial.run(&next).await.unwrap().exit, Exit::DiskLimit);
        }
    }
}

#[tokio::test]
async fn x06_files_without_a_name_count() {
    // Held open; held open by a process that closes itself to others; only mapped.
    for (prepare, hold) in [
        ("", "kept.append(f)"),
        ("import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", "kept.append(f)"),
        ("", "kept.append(mmap.mmap(f.fileno(), 4096)); f.close()"),
    ] {
        let trial = Trial::new().await;
        let script = format!(
            "import os, mmap\n{prepare}\nkept = []\nwhile True:\n  f = open('x', 'wb+'); os.unlink('x')\n  \
             f.write(os.urandom(1 << 20)); f.flush()\n  {hold}"
        );
        let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
        command.limits.disk_bytes = 64 << 20;
        let outcome = trial.run(&command).await.unwrap();
        assert_eq!(outcome.exit, Exit::DiskLimit, "{prepare} {hold}: {}", text(&outcome));
    }
}

#[tokio::test]
async fn x_06_downloads_count_as_the_trees() {
    let trial = Trial::new().await;
    let downloads = tempfile::tempdir().unwrap();
    // In plain sight, and without a name.
    for hold in [
        "open('/home/agent/.cache/f%d' % i, 'wb').write(b)",
        "f = open('/home/agent/.cache/x', 'wb+'); os.unlink('/home/agent/.cache/x'); f.write(b); f.flush(); kept.append(f)",
    ] {
        let script = format!("import os\ni, kept = 0, []\nwhile True:\n  b = os.urandom(1 << 20); {hold}; i += 1");
        let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
        (command.lasting, command.limits.disk_bytes) = (Some(downloads.path().to_owned()), 64 << 20);
        let outcome = trial.run(&command).await.unwrap();
        assert_eq!(outcome.exit, Exit::DiskLimit, "{hold}: {}", text(&outcome));
        std::fs::remove_dir_all(downloads.path().join(".cache")).unwrap();
    }
}

#[tokio::test]
async fn x06_many_commands_share_one_trees_room() {
    let trial = Trial::new().await;
    std::fs::write(trial.tree.path().join("before"), vec![1; 80 << 20]).unwrap();
    let fill = |name: &str| {
        let mut command =
            trial.command(["sh", "-c", &format!("head -c 40M /dev/urandom > {name} && echo written && sleep $((N))")]);
        command.limits.disk_bytes = 64 << 20;
        command
    };
    // What was there before the first command is not its doing.
    assert_eq!(trial.run(&fill("one")).await.unwrap().exit, Exit::Code(0));
    let mut second = fill("two");
    second.env.insert("N".into(), "100".into());
    assert_eq!(trial.run(&second).await.unwrap().exit, Exit::DiskLimit);
}

#[tokio::test]
async fn x06_a_single_file_cannot_grow_without_end() {
    let trial = Trial::new().await;
    let mut command = trial.command(["sh", "-c", "exec head -c 1G /dev/zero > one"]);
    command.limits.disk_bytes = 16 << 20;
    // SIGXFSZ, from the limit on a single file.
    assert_eq!(trial.run(&command).await.unwrap().exit, Exit::Signal(25));
    assert_eq!(std::fs::metadata(trial.tree.path().join("one")).unwrap().len(), 16 << 20);
}

#[tokio::test]
async fn x07_endless_output_is_cut_and_ended() {
    let trial = Trial::new().await;
    let mut command = trial.command(["yes", "\u{1b}[2J"]);
    command.output_limit_bytes = 100_000;
    let outcome = trial.run(&command).await.unwrap();
    assert_eq!(outcome.exit, Exit::OutputLimit);
    assert_eq!(outcome.output.len(), 100_000);
    assert!(outcome.output_size > 100_000);
}

/// A process that leaves its session, its parent and its output behind, and holds a lock on `lock` while it lives.
const DAEMON: &str = "import os, fcntl, time\n\
    r, w = os.pipe()\n\
    if os.fork() == 0:\n\
    \x20   os.setsid()\n\
    \x20   if os.fork() == 0:\n\
    \x20       f = open('lock', 'w'); fcntl.flock(f, fcntl.LOCK_EX)\n\
    \x20       os.write(w, b'x')\n\
    \x20       for fd in (0, 1, 2, r, w): os.close(fd)\n\
    \x20       while True: time.sleep(1)\n\
    \x20   os._exit(0)\n\
    os.read(r, 1)\n";

fn is_locked(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

#[tokio::test]
async fn x08_a_daemon_does_not_outlive_the_command() {
    let trial = Trial::new().await;
    let outcome = trial.python(DAEMON).await;
    assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
    assert!(!is_locked(&trial.tree.path().join("lock")));
}

#[tokio::test]
async fn x08_time_ends_daemons_too() {
    let trial = Trial::new().await;
    let script = format!(
        "{DAEMON}print('up', flush=True)\nimport signal\nsignal.pthread_sigmask(0, signal.valid_signals())\nwhile True: time.sleep(1)"
    );
    let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
    command.timeout = Duration::from_secs(2);
    let outcome = trial.run(&command).await.unwrap();
    assert_eq!(outcome.exit, Exit::TimedOut);
    assert!(!is_locked(&trial.tree.path().join("lock")));
}

#[tokio::test]
async fn cancelling_ends_everything() {
    let trial = Trial::new().await;
    let script = format!("{DAEMON}print('up', flush=True)\nwhile True: time.sleep(1)");
    let command = trial.command(["/usr/bin/python3", "-c", &script]);
    let (tell, told) = tokio::sync::oneshot::channel();
    let mut tell = Some(tell);
    let cancel = async {
        let _ = told.await;
    };
    let outcome = trial
        .sandbox
        .run(&command, cancel, |_| {
            let _ = tell.take().map(|tell| tell.send(()));
        })
        .await
        .unwrap();
    assert_eq!(outcome.exit, Exit::Cancelled);
    assert!(!is_locked(&trial.tree.path().join("lock")));
}

#[tokio::test]
async fn dropping_the_future_ends_everything() {
    let trial = Trial::new().await;
    let script = format!("{DAEMON}print('up', flush=True)\nwhile True: time.sleep(1)");
    let command = trial.command(["/usr/bin/python3", "-c", &script]);
    let (tell, told) = tokio::sync::oneshot::channel();
    let mut tell = Some(tell);
    tokio::select! {
        _ = trial.sandbox.run(&command, pending(), |_| {
            let _ = tell.take().map(|tell| tell.send(()));
        }) => unreachable!(),
        _ = told => {}
    }
    // Blocks until the last process that holds the lock is gone.
    let lock = std::fs::File::open(trial.tree.path().join("lock")).unwrap();
    tokio::task::spawn_blocking(move || lock.lock()).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_hosts_death_ends_everything() {
    let trial = Trial::new().await;
    let script = format!("{DAEMON}open('up', 'w').close()\nwhile True: time.sleep(1)");
    // A host of its own, which is killed without a chance to clean up.
    let mut host = std::process::Command::new(support::init())
        .arg(trial.tree.path())
        .args(["/usr/bin/python3", "-c", &script])
        .spawn()
        .unwrap();
    while !trial.tree.path().join("up").exists() {
        assert!(host.try_wait().unwrap().is_none(), "the host ended by itself");
        tokio::task::yield_now().await;
    }
    host.kill().unwrap();
    host.wait().unwrap();
    // Blocks until the last process that holds the lock is gone.
    let lock = std::fs::File::open(trial.tree.path().join("lock")).unwrap();
    tokio::task::spawn_blocking(move || lock.lock()).await.unwrap().unwrap();
}

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
