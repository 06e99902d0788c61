//! at every level: a command that takes too much, or stays, is ended with all that it started.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use std::future::pending;
use std::path::Path;
use std::time::Duration;

use skillhost_sandbox::{Exit, SandboxError};
use support::{Trial, text};

#[tokio::test]
async fn x_04_a_fork_bomb_is_ended_or_starved() {
    for (level, trial) in Trial::offered().await {
        let mut command = trial.command([
        "/usr/bin/python3",
        "-c",
        "import os, time\nwhile True:\n  try: os.fork()\n  except OSError: raise SystemExit(7) if os.getpid() == 2 else time.sleep(9)\n",
    ]);
        command.limits.processes = 200;
        let outcome = trial.run(&command).await.unwrap();
        // The watchdog ends it, or the kernel refuses the fork and the first process says so.
        assert!(matches!(outcome.exit, Exit::ProcessLimit | Exit::Code(7)), "{level}: {:?}", outcome.exit);
    }
}

#[tokio::test]
async fn x_06_scratch_and_shared_memory_are_full_at_their_size() {
    for (level, trial) in Trial::offered().await {
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
        assert_eq!(sizes, [16 << 20, 4 << 20], "{level}: {output}");
    }
}

#[tokio::test]
async fn x_06_the_worktree_cannot_grow_without_end() {
    // In plain sight; where the owner may write but not read; deeper than any path can name.
    for hide in [
        "",
        "os.mkdir('closed'); os.chdir('closed'); os.chmod('.', 0o300)",
        "for _ in range(30): os.mkdir('d' * 200); os.chdir('d' * 200)",
    ] {
        for (level, trial) in Trial::offered().await {
            let fill = "while True:\n  open('f%d' % i, 'wb').write(os.urandom(1 << 20)); i += 1";
            let script = format!("import os\ni = 0\n{hide}\n{fill}");
            let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
            command.limits.disk_bytes = 64 << 20;
            let outcome = trial.run(&command).await.unwrap();
            assert_eq!(outcome.exit, Exit::DiskLimit, "{level}, {hide}: {}", text(&outcome));
            // The next command in this tree has no more room because of it.
            if hide.starts_with("for") {
                let next = trial.command(["sleep", "60"]);
                assert_eq!(trial.run(&next).await.unwrap().exit, Exit::DiskLimit, "{level}");
            }
        }
    }
}

#[tokio::test]
async fn x_06_files_without_a_name_count() {
    // Held open; held open by a process that closes itself to others; only mapped.
    for (prepare, hold) in [
        ("", "kept.append(f)"),
        ("import ctypes; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)", "kept.append(f)"),
        ("", "kept.append(mmap.mmap(f.fileno(), 4096)); f.close()"),
    ] {
        for (level, trial) in Trial::offered().await {
            let script = format!(
                "import os, mmap\n{prepare}\nkept = []\nwhile True:\n  f = open('x', 'wb+'); os.unlink('x')\n  \
                 f.write(os.urandom(1 << 20)); f.flush()\n  {hold}"
            );
            let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
            command.limits.disk_bytes = 64 << 20;
            let outcome = trial.run(&command).await.unwrap();
            assert_eq!(outcome.exit, Exit::DiskLimit, "{level}, {prepare} {hold}: {}", text(&outcome));
        }
    }
}

#[tokio::test]
async fn x_06_downloads_count_as_the_trees() {
    // In plain sight, and without a name.
    for hold in [
        "open('/home/agent/.cache/f%d' % i, 'wb').write(b)",
        "f = open('/home/agent/.cache/x', 'wb+'); os.unlink('/home/agent/.cache/x'); f.write(b); f.flush(); kept.append(f)",
    ] {
        for (level, trial) in Trial::offered().await {
            let downloads = tempfile::tempdir().unwrap();
            let script = format!("import os\ni, kept = 0, []\nwhile True:\n  b = os.urandom(1 << 20); {hold}; i += 1");
            let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
            (command.lasting, command.limits.disk_bytes) = (Some(downloads.path().to_owned()), 64 << 20);
            let outcome = trial.run(&command).await.unwrap();
            assert_eq!(outcome.exit, Exit::DiskLimit, "{level}, {hold}: {}", text(&outcome));
        }
    }
}

#[tokio::test]
async fn x_06_many_commands_share_one_trees_room() {
    for (level, trial) in Trial::offered().await {
        std::fs::write(trial.tree.path().join("before"), vec![1; 80 << 20]).unwrap();
        let fill = |name: &str| {
            let script = format!("head -c 40M /dev/urandom > {name} && echo written && sleep $((N))");
            let mut command = trial.command(["sh", "-c", &script]);
            command.limits.disk_bytes = 64 << 20;
            command
        };
        // What was there before the first command is not its doing.
        assert_eq!(trial.run(&fill("one")).await.unwrap().exit, Exit::Code(0), "{level}");
        let mut second = fill("two");
        second.env.insert("N".into(), "100".into());
        assert_eq!(trial.run(&second).await.unwrap().exit, Exit::DiskLimit, "{level}");
    }
}

#[tokio::test]
async fn x_06_a_single_file_cannot_grow_without_end() {
    for (level, trial) in Trial::offered().await {
        let mut command = trial.command(["sh", "-c", "exec head -c 1G /dev/zero > one"]);
        command.limits.disk_bytes = 16 << 20;
        // SIGXFSZ, from the limit on a single file.
        assert_eq!(trial.run(&command).await.unwrap().exit, Exit::Signal(25), "{level}");
        assert_eq!(std::fs::metadata(trial.tree.path().join("one")).unwrap().len(), 16 << 20);
    }
}

#[tokio::test]
async fn x_07_endless_output_is_cut_and_ended() {
    for (level, trial) in Trial::offered().await {
        let mut command = trial.command(["yes", "\u{1b}[2J"]);
        command.output_limit_bytes = 100_000;
        let outcome = trial.run(&command).await.unwrap();
        assert_eq!(outcome.exit, Exit::OutputLimit, "{level}");
        assert_eq!(outcome.output.len(), 100_000);
        assert!(outcome.output_size > 100_000);
    }
}

/// A process that outlives its command where it can, and holds a lock on `lock` while it lives.
const DAEMON: &str = include_str!("../../../tests/fixtures/daemon.py");

fn is_locked(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

#[tokio::test]
async fn x_08_a_daemon_does_not_outlive_the_command() {
    for (level, trial) in Trial::offered().await {
        let outcome = trial.python(DAEMON).await;
        assert_eq!(outcome.exit, Exit::Code(0), "{level}: {}", text(&outcome));
        assert!(!is_locked(&trial.tree.path().join("lock")));
    }
}

#[tokio::test]
async fn x_08_time_ends_daemons_too() {
    for (level, trial) in Trial::offered().await {
        let script = format!(
            "{DAEMON}print('up', flush=True)\nimport signal\nsignal.pthread_sigmask(0, signal.valid_signals())\nwhile True: time.sleep(1)"
        );
        let mut command = trial.command(["/usr/bin/python3", "-c", &script]);
        command.timeout = Duration::from_secs(2);
        let outcome = trial.run(&command).await.unwrap();
        assert_eq!(outcome.exit, Exit::TimedOut, "{level}");
        assert!(!is_locked(&trial.tree.path().join("lock")));
    }
}

#[tokio::test]
async fn x_08_cancelling_ends_everything() {
    for (level, trial) in Trial::offered().await {
        let script = format!("{DAEMON}print('up', flush=True)\nwhile True: time.sleep(1)");
        let command = trial.command(["/usr/bin/python3", "-c", &script]);
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut tell = Some(tell);
        let cancel = async {
            let _ = told.await;
        };
        let tell_once = |_: &[u8]| {
            let _ = tell.take().map(|tell| tell.send(()));
        };
        let outcome = trial.sandbox.run(&command, cancel, tell_once).await.unwrap();
        assert_eq!(outcome.exit, Exit::Cancelled, "{level}");
        assert!(!is_locked(&trial.tree.path().join("lock")), "{level}");
    }
}

/// In init's place: it never reports, and takes its time to end when it is let go.
const SLOW: &str = "#!/bin/sh\n: > 'PLACE/started'\ncat > /dev/null\nsleep 0.3\n: > 'PLACE/ended'\n";

#[tokio::test]
async fn cancelling_the_set_up_ends_everything_too() {
    let trial = Trial::new().await;
    let place = tempfile::tempdir().unwrap();
    let (program, started) = (place.path().join("slow"), place.path().join("started"));
    support::write_program(&program, &SLOW.replace("PLACE", &place.path().display().to_string()));
    let sandbox = trial.sandbox.clone().with_program(&program);
    let cancel = async {
        while !started.exists() {
            tokio::task::yield_now().await;
        }
    };
    let refused = sandbox.run(&trial.command(["true"]), cancel, |_| {}).await.unwrap_err();
    assert!(matches!(refused, SandboxError::Cancelled), "{refused}");
    assert!(place.path().join("ended").exists());
}

#[tokio::test]
async fn x_08_dropping_the_future_ends_everything() {
    for (level, trial) in Trial::offered().await {
        let script = format!("{DAEMON}print('up', flush=True)\nwhile True: time.sleep(1)");
        let command = trial.command(["/usr/bin/python3", "-c", &script]);
        let (tell, told) = tokio::sync::oneshot::channel();
        let mut tell = Some(tell);
        tokio::select! {
            ended = trial.sandbox.run(&command, pending(), |_| {
                let _ = tell.take().map(|tell| tell.send(()));
            }) => unreachable!("{level}: {ended:?}"),
            _ = told => {}
        }
        // Blocks until the last process that holds the lock is gone.
        let lock = std::fs::File::open(trial.tree.path().join("lock")).unwrap();
        tokio::task::spawn_blocking(move || lock.lock()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn x_08_the_hosts_death_ends_everything() {
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

/// Processes that run a program which nothing else runs.
fn count_of(program: &Path) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path().join("exe"));
    processes.filter(|exe| std::fs::read_link(exe).is_ok_and(|exe| exe == program)).count()
}

#[tokio::test]
async fn x_08_the_supervisor_goes_though_nobody_waits_for_it() {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().canonicalize().unwrap().join("init");
    support::copy_program(&support::init(), &program);
    let trial = Trial::new().await;
    let sandbox = trial.sandbox.clone().with_program(&program);
    for _ in 0..5 {
        let outcome = sandbox.run(&trial.command(["true"]), pending(), |_| {}).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0));
    }
    let all_gone = async {
        while count_of(&program) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all_gone).await.unwrap();
}

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
