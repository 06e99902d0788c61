//! a command sees and changes its worktree and nothing else.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use skillhost_sandbox::{Demand, Exit, Toolchains, Wall};
use support::{Trial, text};

#[tokio::test]
async fn x_01_the_hosts_files_do_not_exist() {
    for (level, trial) in Trial::offered().await {
        let secret = tempfile::NamedTempFile::new().unwrap();
        let other_tree = tempfile::tempdir().unwrap();
        std::fs::write(other_tree.path().join("theirs"), "theirs").unwrap();
        let places = [
            secret.path().to_str().unwrap(),
            other_tree.path().to_str().unwrap(),
            trial.tree.path().to_str().unwrap(),
            "/root/.bashrc",
            "/etc/shadow",
            "/etc/ssl/private",
            "/etc/gitconfig",
            "/etc/ssh",
            "/home/user",
            "/var/lib",
            "/var/log",
            "/sys/class",
            "/boot",
            "/old",
            "/scratch",
            "/proc/1/environ",
            "/proc/1/mem",
            "/proc/1/fd/0",
            "/proc/1/root/etc/shadow",
            "/proc/kcore",
            "/dev/vda",
            "/dev/mem",
            "/dev/kmsg",
            "/dev/tty",
        ];
        let script = format!(
            "for p in {}; do if head -c 1 \"$p\" 2>/dev/null | grep -q . || ls -A \"$p\"/ 2>/dev/null | grep -q .; \
         then echo \"FOUND $p\"; fi; done; ls -A \"$HOME\"",
            places.join(" ")
        );
        let outcome = trial.sh(&script).await;
        assert_eq!(text(&outcome), "", "{level}");
    }
}

#[tokio::test]
async fn x_01_the_hosts_environment_does_not_exist() {
    for (level, trial) in Trial::offered().await {
        let outcome = trial.sh("env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'").await;
        assert_eq!(outcome.exit, Exit::Code(0), "{level}");
        let text = text(&outcome);
        let known =
            ["HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "PATH", "PWD", "OLDPWD", "SHLVL", "_"];
        for line in text.lines().filter(|line| !line.is_empty()) {
            assert!(line.split_once('=').is_some_and(|(name, _)| known.contains(&name)), "{level}: {line}");
        }
        assert!(text.contains("HOME=/home/agent"), "{level}: {text}");
    }
}

#[tokio::test]
async fn x_02_only_the_worktree_and_scratch_can_be_written() {
    for (level, trial) in Trial::offered().await {
        let outcome = trial
        .sh("for d in / /usr /usr/bin /usr/local /etc /etc/ssl/certs /bin /lib /dev /proc /proc/sys/kernel /root /home /run /var /opt /sys /mnt; do \
             if touch $d/planted 2>/dev/null || mkdir $d/planted 2>/dev/null; then echo \"WROTE $d\"; fi; done; \
             for f in /etc/passwd /etc/hosts /usr/bin/env /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/self/oom_score_adj; do \
             if (echo x >> $f) 2>/dev/null; then echo \"WROTE $f\"; fi; done; \
             for d in /work /tmp /var/tmp $HOME /dev/shm; do touch $d/fine || echo \"CANNOT $d\"; done")
        .await;
        assert_eq!(text(&outcome), "", "{level}");
        assert!(trial.tree.path().join("fine").exists(), "{level}");
        assert!(!std::path::Path::new("/tmp/fine").exists());
    }
}

/// What belongs to the host though it is shown: where the host is root, the command is its owner.
#[tokio::test]
async fn x_02_neither_mode_nor_times_of_what_is_shown_can_be_changed() {
    const SHOWN: [&str; 7] =
        ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/usr/bin/env", "/etc/services"];
    let look = || {
        let state = |place: &str| {
            use std::os::unix::fs::MetadataExt;
            let metadata = std::fs::metadata(place).unwrap();
            // Other programs write to devices, which changes their times.
            (metadata.mode(), metadata.uid(), if place.starts_with("/dev") { 0 } else { metadata.mtime() })
        };
        SHOWN.map(state)
    };
    for (level, trial) in Trial::offered().await {
        let before = look();
        // The mode that it has already, so that a failure of this test doesn't break the machine.
        let script = format!(
            "import os\n\
             for place in {SHOWN:?}:\n\
             \x20   for name, change in (('mode', lambda: os.chmod(place, os.stat(place).st_mode & 0o777)),\n\
             \x20                        ('times', lambda: os.utime(place, (1, 1))),\n\
             \x20                        ('owner', lambda: os.chown(place, os.getuid(), os.getgid())),\n\
             \x20                        ('attribute', lambda: os.setxattr(place, 'user.planted', b'x')),\n\
             \x20                        ('name', lambda: os.rename(place, '/work/taken')),\n\
             \x20                        ('link', lambda: os.link(place, '/work/linked'))):\n\
             \x20       try: change(); print('CHANGED', name, place)\n\
             \x20       except OSError: pass\n\
             open('/dev/null', 'w').write('works')\n\
             assert len(os.urandom(8)) == 8 and open('/dev/zero', 'rb').read(2) == b'\\0\\0'\n"
        );
        let outcome = trial.python(&script).await;
        assert_eq!((text(&outcome).as_str(), outcome.exit), ("", Exit::Code(0)), "{level}");
        assert_eq!(look(), before, "{level}");
    }
}

#[tokio::test]
async fn x_02_links_out_of_the_worktree_lead_nowhere() {
    for (level, trial) in Trial::offered().await {
        let victim = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(victim.path(), "untouched").unwrap();
        std::os::unix::fs::symlink(victim.path(), trial.tree.path().join("link")).unwrap();
        let outcome = trial.sh("cat link 2>/dev/null; echo planted > link; cd ..; cat .. 2>/dev/null").await;
        assert!(!text(&outcome).contains("untouched"), "{level}");
        assert_eq!(std::fs::read_to_string(victim.path()).unwrap(), "untouched");
    }
}

#[tokio::test]
async fn x_12_a_socket_is_never_mounted_as_a_toolchain() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let toolchains = Toolchains::none().with_configured(std::slice::from_ref(&socket), &[]);
    let trial = Trial::with(toolchains, Default::default(), |support| support).await;
    let outcome = trial.sh(&format!("ls {} /run /var/run 2>/dev/null", socket.display())).await;
    assert!(!text(&outcome).contains("engine.sock"), "{}", text(&outcome));
}

/// A container engine, the session's and the system's bus, a display and an agent for keys, where programs look for
/// them: by path, by variable and by abstract name.
#[tokio::test]
async fn x_12_the_hosts_services_are_not_there() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let name = format!("skillhost-test-bus-{}", std::process::id());
    let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let agent = folder.path().join("agent.sock");
    let _agent = UnixListener::bind(&agent).unwrap();
    for (level, trial) in Trial::offered().await {
        let script = format!(
            "import os, socket, glob\n\
             places = ['/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/run/podman/podman.sock',\n\
             \x20   '/run/dbus/system_bus_socket', '/run/user/1000/bus', '/run/user/0/bus', '/tmp/.X11-unix/X0', {agent:?},\n\
             \x20   '\\0/tmp/.X11-unix/X0', '\\0{name}', '/run/systemd/private', '/dev/log', '/run/nscd/socket']\n\
             for place in places:\n\
             \x20   for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n\
             \x20       try: socket.socket(socket.AF_UNIX, kind).connect(place); print('REACHED', place)\n\
             \x20       except OSError: pass\n\
             for name in ('DOCKER_HOST', 'DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY', 'SSH_AUTH_SOCK', 'XDG_RUNTIME_DIR'):\n\
             \x20   if name in os.environ: print('VARIABLE', name)\n\
             for folder, _, names in os.walk('/'):\n\
             \x20   if folder.startswith(('/proc', '/usr')): continue\n\
             \x20   for name in names:\n\
             \x20       mode = os.lstat(os.path.join(folder, name)).st_mode\n\
             \x20       if (mode >> 12) in (0o14, 0o1): print('SOCKET OR FIFO', folder, name)\n\
             print(open('/proc/net/unix').read().count('\\n'))\n",
            agent = agent.display().to_string()
        );
        let outcome = trial.python(&script).await;
        // The heading of the list alone.
        assert_eq!((text(&outcome).as_str(), outcome.exit), ("1\n", Exit::Code(0)), "{level}");
    }
}

/// The system's own, where there are any.
#[tokio::test]
async fn x_13_the_systems_set_user_id_programs_give_no_root() {
    for (level, trial) in Trial::offered().await {
        let outcome = trial
            .sh("for line in 'su -c id' 'su root -c id' 'sudo -n id' 'pkexec id' 'newgrp root' 'ping -c 1 -W 1 127.0.0.1' \
                 'mount -t tmpfs none /tmp' 'chsh -s /bin/true' 'passwd -d root' 'newuidmap 1 0 0 1' 'fusermount3 /tmp'; do \
                 timeout 5 $line </dev/null >out 2>&1; grep -H 'uid=0' out; done; \
                 grep -E '^(Uid|Gid|CapEff|NoNewPrivs)' /proc/self/status; grep -c :: /etc/passwd")
            .await;
        let status = "Uid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n0\n";
        assert_eq!(text(&outcome), status, "{level}");
    }
}

#[tokio::test]
async fn x_13_set_user_id_programs_gain_nothing_and_none_is_made() {
    for (level, trial) in Trial::offered_with(Wall::Seccomp).await {
        std::fs::copy("/usr/bin/id", trial.tree.path().join("id")).unwrap();
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(trial.tree.path().join("id"), std::fs::Permissions::from_mode(0o6755)).unwrap();
        let outcome =
            trial.sh("./id -u; grep -E 'CapEff|CapPrm|CapBnd' /proc/self/status | cut -f2 | sort -u; id -u").await;
        assert_eq!(text(&outcome), "1000\n0000000000000000\n1000\n", "{level}");
        let outcome = trial
            .python(
                "import os, ctypes, stat\n\
             open('f','w').close()\n\
             def attempt(name, what):\n\
             \x20   try: what()\n\
             \x20   except OSError: pass\n\
             for bits in (0o4755, 0o2755):\n\
             \x20   attempt('chmod', lambda: os.chmod('f', bits))\n\
             \x20   attempt('fchmod', lambda: os.fchmod(os.open('f', os.O_RDONLY), bits))\n\
             \x20   attempt('open', lambda: os.open('g%o' % bits, os.O_CREAT|os.O_WRONLY, bits))\n\
             \x20   attempt('mknod', lambda: os.mknod('h%o' % bits, stat.S_IFREG|bits))\n\
             libc = ctypes.CDLL(None)\n\
             libc.syscall(452, -100, b'f', 0o4755, 0)\n\
             how = (ctypes.c_uint64*3)(os.O_CREAT|os.O_WRONLY, 0o4755, 0)\n\
             libc.syscall(437, -100, b'i', how, 24)\n",
            )
            .await;
        assert_eq!(outcome.exit, Exit::Code(0), "{level}: {}", text(&outcome));
        for entry in std::fs::read_dir(trial.tree.path()).unwrap().flatten().filter(|entry| entry.file_name() != "id") {
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o6000, 0, "{level}: {:?} has mode {mode:o}", entry.file_name());
        }
    }
}

#[tokio::test]
async fn x_02_x_15_downloads_outlast_a_command_and_nothing_that_it_puts_there_leads_out() {
    let downloads = tempfile::tempdir().unwrap();
    let user = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(user.path().join(".cargo/registry/cache")).unwrap();
    std::fs::write(user.path().join(".cargo/registry/cache/a.crate"), "the user's").unwrap();
    let variable = |name: &str| (name == "HOME").then(|| user.path().as_os_str().to_owned());
    let trial = Trial::with(Toolchains::find(variable, &[]), Demand::Full, |support| support).await;
    let run = async |script: &str| {
        let mut command = trial.command(["sh", "-c", script]);
        command.lasting = Some(downloads.path().to_owned());
        text(&trial.run(&command).await.unwrap())
    };
    let first = "echo kept > ~/.cargo/kept; mkdir -p ~/.cargo/registry; echo gone > ~/gone
        rm -rf ~/.cargo ~/.npm 2>&1 | grep -c busy; echo kept > ~/.cargo/kept
        ln -s /old/etc ~/.cargo/registry; ln -s / ~/.cache/root; ln -s ../../../../etc ~/.m2/up; echo done";
    assert!(run(first).await.ends_with("done\n"));
    // With a toolchain's place at a link of the command's, and without one.
    let second =
        "cat ~/.cargo/kept; ls ~/gone 2>/dev/null; ls ~/.cargo/registry/ 2>/dev/null; ls ~/.cache/root/root 2>/dev/null
        ls -d ~/.m2; cat ~/.cargo/registry/cache/a.crate 2>/dev/null; echo done";
    assert_eq!(run(second).await, "kept\n/home/agent/.m2\ndone\n");
    // What the user has was neither shown nor changed, and without the folder all is as it was.
    let plain = trial.sh("cat ~/.cargo/registry/cache/a.crate; ls ~/.cargo/kept 2>/dev/null; echo done").await;
    assert_eq!(text(&plain), "the user'sdone\n");
    let names = |folder: &std::path::Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!(names(&user.path().join(".cargo/registry/cache")), 1);
}

#[tokio::test]
async fn a_throwaway_repository_is_seen_as_dot_git_for_the_command_alone() {
    let trial = Trial::new().await;
    let repository = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("git").args(["init", "-q", "--bare"]).arg(repository.path()).status();
    assert!(made.unwrap().success());
    let config = repository.path().join("config");
    let text_of = std::fs::read_to_string(&config).unwrap().replace("bare = true", "bare = false");
    std::fs::write(&config, text_of).unwrap();
    let mut command = trial.command(["git", "status", "--porcelain"]);
    command.repository = Some(repository.path().to_owned());
    std::fs::write(trial.tree.path().join("new"), "").unwrap();
    // The next command can come at once.
    for _ in 0..10 {
        let outcome = trial.run(&command).await.unwrap();
        assert_eq!(text(&outcome), "?? new\n");
        assert!(!trial.tree.path().join(".git").exists());
    }
    std::fs::write(trial.tree.path().join(".git"), "gitdir: /elsewhere").unwrap();
    let refused = trial.run(&command).await.unwrap_err();
    assert!(matches!(refused, skillhost_sandbox::SandboxError::TreeHasGit));
}

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
