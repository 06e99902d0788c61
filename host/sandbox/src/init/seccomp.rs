//! The system calls that a build or a test never needs, and that attacks on the kernel do.
//!
//! A list of what is refused, not of what is allowed: the programs that run here are any. Namespaces and Landlock
//! decide what can be reached; this decides how much of the kernel can be reached at all. Refusals are errors, not
//! signals, so that programs fall back: `clone3` and `io_uring` say "not implemented", as an old kernel would.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, sock_filter,
};

use super::Fault;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Installs all filters for this process and what it starts. Needs `no_new_privs`.
///
/// `memory_is_counted` says that a cgroup counts memory of every kind; the watchdog sees what processes map, and how
/// many sockets and descriptors there are. Then other memory of descriptors is refused, and so are System V objects, but
/// where `system_v_is_limited`.
pub(super) fn install(memory_is_counted: bool, system_v_is_limited: bool) -> Result<(), Fault> {
    let fault = |reason: String| Fault { step: "install the seccomp filter".into(), reason };
    for program in programs(memory_is_counted, system_v_is_limited).map_err(|error| fault(error.to_string()))? {
        seccompiler::apply_filter(&program).map_err(|error| fault(error.to_string()))?;
    }
    Ok(())
}

fn programs(memory_is_counted: bool, system_v_is_limited: bool) -> Result<Vec<BpfProgram>, BackendError> {
    let mut programs = vec![
        program(refused()?, libc::EPERM)?,
        program(not_implemented(memory_is_counted, system_v_is_limited), libc::ENOSYS)?,
        program(sockets()?, libc::EAFNOSUPPORT)?,
    ];
    if !memory_is_counted {
        // No error: a program that asks for larger buffers can't rely on getting them anyway.
        programs.push(program(buffers()?, 0)?);
    }
    if cfg!(target_arch = "x86_64") {
        programs.push(no_x32());
    }
    Ok(programs)
}

/// Each filter also kills a process that calls through another architecture's table (32-bit `int 0x80`).
fn program(rules: Rules, errno: i32) -> Result<BpfProgram, BackendError> {
    let arch = std::env::consts::ARCH.try_into()?;
    let action = SeccompAction::Errno(errno.cast_unsigned());
    SeccompFilter::new(rules, SeccompAction::Allow, action, arch)?.try_into()
}

/// Whatever the arguments are.
const REFUSED: &[i64] = &[
    // Other processes' memory and descriptors.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    // Namespaces and mounts.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    // Keys are not in any namespace that is entered here.
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    // Large parts of the kernel that were often broken.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    // The machine itself.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
];
/// Since Linux 6.15; the number is the same everywhere.
const OPEN_TREE_ATTR: i64 = 467;
/// Since Linux 6.6; the number is the same everywhere.
const FCHMODAT2: i64 = 452;

#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[i64] =
    &[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_uselib, libc::SYS_ustat, libc::SYS_sysfs];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[i64] = &[];

/// Calls that make or change a file, with the argument that holds the mode.
///
/// A set-user-id file in the worktree would belong to the user of the host, who is perhaps root, and work for everybody
/// on the machine.
#[cfg(target_arch = "x86_64")]
const WITH_MODE_HERE: &[(i64, u8)] =
    &[(libc::SYS_chmod, 1), (libc::SYS_creat, 1), (libc::SYS_mknod, 1), (libc::SYS_open, 2)];
#[cfg(not(target_arch = "x86_64"))]
const WITH_MODE_HERE: &[(i64, u8)] = &[];
const WITH_MODE: &[(i64, u8)] =
    &[(libc::SYS_fchmod, 1), (libc::SYS_fchmodat, 2), (FCHMODAT2, 2), (libc::SYS_mknodat, 2), (libc::SYS_openat, 3)];

/// Typing into a terminal for its user, mouse selections of the console, line disciplines.
const TERMINAL_REQUESTS: [u64; 3] = [0x5412, 0x541c, 0x5423];

fn refused() -> Result<Rules, BackendError> {
    let mut rules: Rules = REFUSED.iter().chain(REFUSED_HERE).map(|call| (*call, Vec::new())).collect();
    for (call, argument) in WITH_MODE.iter().chain(WITH_MODE_HERE) {
        let bit = |bit: u32| rule([(*argument, SeccompCmpOp::MaskedEq(bit.into()), bit.into())]);
        rules.insert(*call, vec![bit(libc::S_ISUID)?, bit(libc::S_ISGID)?]);
    }
    let terminal = TERMINAL_REQUESTS.map(|request| rule([(1, SeccompCmpOp::Eq, request)]));
    rules.insert(libc::SYS_ioctl, terminal.into_iter().collect::<Result<_, _>>()?);
    let namespaces = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    let flags = namespaces.map(|flag| flag.cast_unsigned().into());
    let clone = flags.map(|flag: u64| rule([(0, SeccompCmpOp::MaskedEq(flag), flag)]));
    rules.insert(libc::SYS_clone, clone.into_iter().collect::<Result<_, _>>()?);
    // Pages that the machine's owner reserved for others, and that no limit counts.
    for (call, argument, flag) in [(libc::SYS_mmap, 3, libc::MAP_HUGETLB), (libc::SYS_shmget, 2, libc::SHM_HUGETLB)] {
        let flag = u64::from(flag.cast_unsigned());
        rules.insert(call, vec![rule([(argument, SeccompCmpOp::MaskedEq(flag), flag)])?]);
    }
    // Only what it is now, a question, and no randomised addresses, which debuggers ask for.
    let personalities = [0, 0xffff_ffff, 0x0004_0000].map(|known| (0, SeccompCmpOp::Ne, known));
    rules.insert(libc::SYS_personality, vec![rule(personalities)?]);
    Ok(rules)
}

/// Calls that programs do without. A filter cannot see the flags of `clone3` and the mode of `openat2`.
fn not_implemented(memory_is_counted: bool, system_v_is_limited: bool) -> Rules {
    let mut calls = vec![
        libc::SYS_clone3,
        libc::SYS_openat2,
        libc::SYS_io_uring_setup,
        libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
    ];
    if !memory_is_counted {
        // Memory that belongs to a descriptor, and to no process; pages that a pipe keeps when their process lets go.
        calls.extend([libc::SYS_memfd_create, libc::SYS_memfd_secret, libc::SYS_vmsplice]);
        if !system_v_is_limited {
            calls.extend([libc::SYS_shmget, libc::SYS_semget, libc::SYS_msgget]);
        }
    }
    calls.into_iter().map(|call| (call, Vec::new())).collect()
}

/// Families that a test needs on loopback: local, IPv4, IPv6, and the list of interfaces. Others (vsock, packet,
/// Bluetooth, …) and other protocols would load modules into the kernel.
fn sockets() -> Result<Rules, BackendError> {
    use SeccompCmpOp::{Eq, Ne};
    let number = |value: i32| u64::from(value.cast_unsigned());
    let (v4, v6, netlink) = (number(libc::AF_INET), number(libc::AF_INET6), number(libc::AF_NETLINK));
    let protocols = [0, libc::IPPROTO_TCP, libc::IPPROTO_UDP, libc::IPPROTO_ICMP, libc::IPPROTO_ICMPV6];
    let other_protocol = |family: u64| {
        let others = protocols.iter().map(|protocol| (2, Ne, number(*protocol)));
        rule([(0, Eq, family)].into_iter().chain(others))
    };
    let other_family = [number(libc::AF_UNIX), v4, v6, netlink].map(|family| (0, Ne, family));
    let other_netlink = [(0, Eq, netlink), (2, Ne, number(libc::NETLINK_ROUTE))];
    let rules = vec![rule(other_family)?, rule(other_netlink)?, other_protocol(v4)?, other_protocol(v6)?];
    // Of a pair both ends are here; families that most machines load a module for have pairs too.
    let other_pair = vec![rule([(0, Ne, number(libc::AF_UNIX))])?];
    Ok(BTreeMap::from([(libc::SYS_socket, rules), (libc::SYS_socketpair, other_pair)]))
}

/// Sizes of a socket's buffers, which the watchdog takes to be the default.
fn buffers() -> Result<Rules, BackendError> {
    let sizes = [libc::SO_SNDBUF, libc::SO_RCVBUF].map(|option| {
        let number = |value: i32| u64::from(value.cast_unsigned());
        rule([(1, SeccompCmpOp::Eq, number(libc::SOL_SOCKET)), (2, SeccompCmpOp::Eq, number(option))])
    });
    Ok(BTreeMap::from([(libc::SYS_setsockopt, sizes.into_iter().collect::<Result<_, _>>()?)]))
}

/// The conditions of one rule, all of which must hold: argument, comparison, value.
fn rule(conditions: impl IntoIterator<Item = (u8, SeccompCmpOp, u64)>) -> Result<SeccompRule, BackendError> {
    let conditions = conditions.into_iter().map(|(index, op, value)| SeccompCondition::new(index, Dword, op, value));
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}

/// The x32 table has the same architecture but numbers of its own, which no rule above names.
fn no_x32() -> BpfProgram {
    const X32_BIT: u32 = 0x4000_0000;
    const LOAD_NUMBER: u16 = 0x20;
    const JUMP_IF_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    vec![
        sock_filter { code: LOAD_NUMBER, jt: 0, jf: 0, k: 0 },
        sock_filter { code: JUMP_IF_AT_LEAST, jt: 0, jf: 1, k: X32_BIT },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned() },
        sock_filter { code: RETURN, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW },
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_filter_fits_the_kernel() {
        const MOST_INSTRUCTIONS: usize = 4096;
        for program in programs(false, false).unwrap() {
            assert!(!program.is_empty() && program.len() < MOST_INSTRUCTIONS, "{}", program.len());
        }
    }
}
