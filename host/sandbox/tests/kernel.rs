//! X-09, X-10, X-11: other processes, the kernel's risky parts, and terminals are out of reach.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use skillhost_sandbox::{Exit, Wall};
use support::{Trial, text};

#[tokio::test]
async fn x_09_the_hosts_processes_cannot_be_seen_or_signalled() {
    for (level, trial) in Trial::offered().await {
        let host = std::process::id();
        let outcome = trial
        .sh(&format!(
            "ls /proc | grep -xE '[0-9]+' | while read p; do tr '\\0' ' ' < /proc/$p/cmdline 2>/dev/null | grep -a 'kernel[-]' ; done 2>/dev/null; \
             for p in {host} 4000000; do kill -0 $p 2>/dev/null && [ ! -e /proc/$p ] && echo \"SIGNALLED $p\"; done; \
             ls /proc | grep -cxE '[0-9]+' | awk '$1 > 8 {{ print \"MANY\", $1 }}'; true"
        ))
        .await;
        assert_eq!(text(&outcome), "", "{level}");
    }
}

#[tokio::test]
async fn x_09_killing_everything_kills_only_what_is_inside() {
    for (level, trial) in Trial::offered().await {
        let outcome = trial
            .python("import os\nos.kill(1, 9)\nos.kill(1, 15)\nprint('init lives', flush=True)\nos.kill(0, 9)")
            .await;
        assert_eq!((text(&outcome).as_str(), outcome.exit), ("init lives\n", Exit::Signal(9)), "{level}");
        let outcome =
            trial.python("import os\nif os.fork() == 0: os.execlp('sleep', 'sleep', '600')\nos.kill(-1, 9)").await;
        // The caller is spared by the kernel; nothing outside was hit, or this test would not go on.
        assert_eq!(outcome.exit, Exit::Code(0), "{level}");
    }
}

/// Every way to reach a process, tried on every number that a process of the host could have.
#[tokio::test]
async fn x_09_a_process_of_the_host_lives_on() {
    let mut canary = std::process::Command::new("sleep").arg("86395").spawn().unwrap();
    for (level, trial) in Trial::offered().await {
        let script = format!(
            "import ctypes, os, resource\n\
             libc, own = ctypes.CDLL(None), set(os.listdir('/proc'))\n\
             for id in [{canary}, {host}, os.getppid() + 1000] + list(range(2, 70000)):\n\
             \x20   if id in (os.getpid(), 1) or str(id) in own: continue\n\
             \x20   try: os.kill(id, 9); print('SIGNALLED', id)\n\
             \x20   except OSError: pass\n\
             for id in ({canary}, {host}):\n\
             \x20   for name, reach in (('priority', lambda: os.setpriority(os.PRIO_PROCESS, id, 19)),\n\
             \x20                       ('affinity', lambda: os.sched_setaffinity(id, [0])),\n\
             \x20                       ('limits', lambda: resource.prlimit(id, resource.RLIMIT_NOFILE, (1, 1))),\n\
             \x20                       ('descriptor', lambda: os.pidfd_open(id)),\n\
             \x20                       ('group', lambda: os.setpriority(os.PRIO_PGRP, id, 19)),\n\
             \x20                       ('trace', lambda: (_ for _ in ()).throw(OSError) if libc.ptrace(0x4206, id, 0, 0) else 0)):\n\
             \x20       if not os.path.exists('/proc/%d' % id):\n\
             \x20           try: reach(); print('REACHED', name)\n\
             \x20           except OSError: pass\n\
             try: os.setpriority(os.PRIO_USER, os.getuid(), 19)\n\
             except OSError: pass\n",
            canary = canary.id(),
            host = std::process::id()
        );
        let outcome = trial.python(&script).await;
        assert_eq!((text(&outcome).as_str(), outcome.exit), ("", Exit::Code(0)), "{level}");
        assert!(canary.try_wait().unwrap().is_none(), "{level}: it was ended");
        let id = rustix::process::Pid::from_raw(canary.id().cast_signed());
        assert_eq!(
            rustix::process::getpriority_process(id).unwrap(),
            rustix::process::getpriority_process(None).unwrap()
        );
    }
    canary.kill().unwrap();
    canary.wait().unwrap();
}

#[tokio::test]
async fn x_09_init_cannot_be_taken_over() {
    for (level, trial) in Trial::offered().await {
        let outcome = trial
        .sh("for f in environ mem maps fd/0 fd/3 root cwd exe; do (: < /proc/1/$f) 2>/dev/null && echo \"OPENED $f\"; done; \
             ls -l /proc/1/fd 2>/dev/null | grep -e '->'; ls -l /proc/self/fd | grep -oE '[^ ]+$' | grep -vE '^(/dev/null|pipe:.*|/proc/.*|0)$'; true")
        .await;
        assert_eq!(text(&outcome), "", "{level}");
    }
}

/// Each line is a call and the error that it must have.
const CALLS: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#define REFUSED(name, call, want) do { errno = 0; long r = (long)(call); \
  if (r != -1 || errno != (want)) { printf("%s: %ld %s\n", name, r, strerror(errno)); } } while (0)
static int child(void *x) { return 0; }
static char stack[65536];
int main(void) {
  int flags[] = { CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP };
  for (int i = 0; i < 7; i++) {
    REFUSED("unshare", unshare(flags[i]), EPERM);
    REFUSED("clone", clone(child, stack + sizeof stack, flags[i] | SIGCHLD, 0), EPERM);
  }
  struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
  REFUSED("clone3", syscall(SYS_clone3, &args, sizeof args), ENOSYS);
  REFUSED("setns", setns(open("/proc/self/ns/net", O_RDONLY), 0), EPERM);
  REFUSED("mount", mount("none", "/tmp", "tmpfs", 0, 0), EPERM);
  REFUSED("remount", mount("none", "/usr", 0, MS_REMOUNT | MS_BIND, 0), EPERM);
  REFUSED("umount", umount2("/proc/sys", MNT_DETACH), EPERM);
  REFUSED("chroot", chroot("/tmp"), EPERM);
  REFUSED("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"), EPERM);
  for (int n = 428; n <= 433; n++) REFUSED("new mounts", syscall(n, -1, "/", 0, 0, 0, 0), EPERM);
  REFUSED("mount_setattr", syscall(442, -100, "/usr", 0, 0, 0), EPERM);
  REFUSED("ptrace", ptrace(PTRACE_TRACEME, 0, 0, 0), EPERM);
  REFUSED("ptrace 1", ptrace(PTRACE_SEIZE, 1, 0, 0), EPERM);
  REFUSED("process_vm_readv", syscall(SYS_process_vm_readv, 1, 0, 0, 0, 0, 0), EPERM);
  REFUSED("process_vm_writev", syscall(SYS_process_vm_writev, 1, 0, 0, 0, 0, 0), EPERM);
  REFUSED("pidfd_getfd", syscall(438, 3, 0, 0), EPERM);
  REFUSED("kcmp", syscall(SYS_kcmp, 1, 1, 0, 0, 0), EPERM);
  REFUSED("io_uring_setup", syscall(425, 8, 0), ENOSYS);
  REFUSED("io_uring_enter", syscall(426, 0, 0, 0, 0, 0), ENOSYS);
  REFUSED("io_uring_register", syscall(427, 0, 0, 0, 0), ENOSYS);
  REFUSED("keyctl", syscall(SYS_keyctl, 0, -3, 0), EPERM);
  REFUSED("add_key", syscall(SYS_add_key, "user", "a", "b", 1, -3), EPERM);
  REFUSED("request_key", syscall(SYS_request_key, "user", "a", 0, -3), EPERM);
  REFUSED("bpf", syscall(SYS_bpf, 0, 0, 0), EPERM);
  REFUSED("perf_event_open", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0), EPERM);
  REFUSED("userfaultfd", syscall(SYS_userfaultfd, 0), EPERM);
  REFUSED("init_module", syscall(SYS_init_module, 0, 0, ""), EPERM);
  REFUSED("finit_module", syscall(SYS_finit_module, 0, "", 0), EPERM);
  REFUSED("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0), EPERM);
  REFUSED("reboot", syscall(SYS_reboot, 0, 0, 0, 0), EPERM);
  REFUSED("syslog", syscall(SYS_syslog, 3, 0, 0), EPERM);
  REFUSED("name_to_handle_at", syscall(SYS_name_to_handle_at, -100, "/usr", 0, 0, 0), EPERM);
  REFUSED("open_by_handle_at", syscall(SYS_open_by_handle_at, -100, 0, 0), EPERM);
  REFUSED("personality", personality(0x0800000), EPERM);
  REFUSED("openat2", syscall(437, -100, "/usr", 0, 0), ENOSYS);
  REFUSED("huge pages", mmap(0, 2 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0), EPERM);
  if (syscall(SYS_shmget, 0, 2 << 20, 04000 | 0600) != -1) puts("huge segment");
  REFUSED("vsock", socket(40, SOCK_STREAM, 0), EAFNOSUPPORT);
  REFUSED("packet", socket(AF_PACKET, SOCK_RAW, 0x300), EAFNOSUPPORT);
  REFUSED("raw", socket(AF_INET, SOCK_RAW, 255), EAFNOSUPPORT);
  if (open("/proc/1/mem", O_RDWR) != -1 || open("/proc/1/mem", O_RDONLY) != -1) puts("memory of PID 1");
  REFUSED("swapon", syscall(SYS_swapon, "/work/x", 0), EPERM);
  REFUSED("quotactl", syscall(SYS_quotactl, 0, 0, 0, 0), EPERM);
  REFUSED("fanotify", syscall(SYS_fanotify_init, 0, 0), EPERM);
  REFUSED("settimeofday", syscall(SYS_settimeofday, 0, 0), EPERM);
  REFUSED("move_pages", syscall(SYS_move_pages, 1, 0, 0, 0, 0, 0), EPERM);
  REFUSED("process_madvise", syscall(440, 3, 0, 0, 0, 0), EPERM);
  if (setpriority(PRIO_PROCESS, 0, -5) == 0) puts("a higher priority");
  struct sched_param first = { .sched_priority = 1 };
  if (sched_setscheduler(0, SCHED_FIFO, &first) == 0) puts("real time");
  int pair[2];
  REFUSED("socketpair", socketpair(AF_INET, SOCK_STREAM, 0, pair), EAFNOSUPPORT);
  REFUSED("socketpair, another family", socketpair(AF_TIPC, SOCK_SEQPACKET, 0, pair), EAFNOSUPPORT);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) printf("no local pair: %s\n", strerror(errno));
  int pty = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (pty < 0) printf("no pty: %s\n", strerror(errno));
  REFUSED("TIOCSTI", ioctl(pty, 0x5412, "x"), EPERM);
  REFUSED("TIOCSTI, high bits", syscall(SYS_ioctl, pty, 0x100005412UL, "x"), EPERM);
  REFUSED("TIOCLINUX", ioctl(pty, 0x541c, "\x02"), EPERM);
  REFUSED("TIOCSETD", ioctl(pty, 0x5423, "\x00\x00\x00\x00"), EPERM);
#ifdef __x86_64__
  REFUSED("x32", syscall(0x40000000 | 101, 0, 0, 0, 0), ENOSYS);
  REFUSED("modify_ldt", syscall(SYS_modify_ldt, 0, 0, 0), EPERM);
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) { long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20)); _exit(0); }
  waitpid(pid, &status, 0);
  if (!WIFSIGNALED(status)) printf("i386: %d\n", status);
#endif
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) puts("new privileges");
  puts("done");
  return 0;
}
"#;

#[tokio::test]
async fn x_10_the_kernels_risky_parts_are_refused() {
    for (level, trial) in Trial::offered_with(Wall::Seccomp).await {
        let outcome = trial.c(CALLS).await;
        assert_eq!(text(&outcome), "done\n", "{level}");
    }
}

/// Where no filter refuses them, namespaces within namespaces still change nothing of what was hidden or closed.
#[tokio::test]
async fn x_10_nested_namespaces_open_nothing() {
    let canary = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(canary.path(), "untouched").unwrap();
    for (level, trial) in Trial::offered().await {
        let script = format!(
            "unshare --user --map-root-user --mount --pid --fork sh -c '\
             mount -o remount,rw,bind /usr; mount -o remount,rw /; touch /usr/planted /planted; umount -l /usr/local/etc; \
             umount -l /proc/kcore /proc/keys; mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t ext4 /dev/vda /mnt; \
             mount -t cgroup2 none /mnt; mount --bind / /mnt; pivot_root /mnt /mnt; cat {canary}; echo x > {canary}; \
             chmod 666 /dev/null; kill -9 1; mknod /work/disk b 254 0; cat /work/disk | head -c 1; ls /work/../root' >out 2>&1; \
             grep -c untouched out; ls -A /usr/local/etc; ls /planted /usr/planted 2>/dev/null; echo lives",
            canary = canary.path().display()
        );
        let outcome = trial.sh(&script).await;
        assert_eq!(text(&outcome), "0\nlives\n", "{level}");
        assert_eq!(std::fs::read_to_string(canary.path()).unwrap(), "untouched", "{level}");
        assert!(
            !std::path::Path::new("/usr/planted").exists() && !std::path::Path::new("/planted").exists(),
            "{level}"
        );
        assert!(!trial.tree.path().join("disk").exists(), "{level}");
    }
}

#[tokio::test]
async fn x_11_there_is_no_terminal_and_no_inherited_descriptor() {
    for (level, trial) in Trial::offered().await {
        // The host holds an inheritable descriptor, as a careless library might.
        let secret = tempfile::tempfile().unwrap();
        let copy = rustix::io::dup(&secret).unwrap();
        rustix::io::fcntl_setfd(&copy, rustix::io::FdFlags::empty()).unwrap();
        let outcome = trial
            .python(
                "import os\n\
             for fd in range(1024):\n\
             \x20   try: os.fstat(fd)\n\
             \x20   except OSError: continue\n\
             \x20   print(fd, os.isatty(fd), os.readlink('/proc/self/fd/%d' % fd).split(':')[0])\n\
             try: os.open('/dev/tty', os.O_RDWR); print('TERMINAL')\n\
             except OSError: pass\n\
             print(os.getsid(0), os.stat('/dev/stdout') == os.fstat(1), os.read(0, 1))\n",
            )
            .await;
        assert_eq!(text(&outcome), "0 False /dev/null\n1 False pipe\n2 False pipe\n1 True b''\n", "{level}");
    }
}

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
