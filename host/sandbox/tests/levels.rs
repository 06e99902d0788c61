//! X-14: the level is proven, and never lowered in silence.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use skillhost_sandbox::{Command, Demand, Exit, Level, LimitsHeldBy, Sandbox, SandboxError, Support, Toolchains, Wall};
use support::{Trial, text};

async fn run(demand: Demand, change: impl FnOnce(Support) -> Support) -> Result<Level, SandboxError> {
    let trial = Trial::with(Toolchains::none(), demand, change).await;
    let outcome = trial.run(&trial.command(["true"])).await?;
    assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
    Ok(outcome.attestation.level)
}

#[tokio::test]
async fn this_machine_attests_the_full_level() {
    let trial = Trial::new().await;
    let outcome = trial.run(&trial.command(["true"])).await.unwrap();
    assert_eq!(outcome.attestation.level, Level::Full);
    let observed = outcome.attestation.observed.unwrap();
    assert!(observed.no_new_privs && observed.seccomp && observed.landlock);
    assert_eq!((observed.capabilities, observed.processes), (0, 1));
    assert_eq!(observed.interfaces, [("lo".to_owned(), true)]);
}

#[tokio::test]
async fn x_14_an_old_landlock_is_refused_or_named() {
    let old = |support: Support| support.with_landlock_abi(1);
    let refused = run(Demand::Full, old).await.unwrap_err();
    assert!(refused.to_string().contains("Landlock (version 1 is too old)"), "{refused}");
    assert_eq!(run(Demand::AllowReduced, old).await.unwrap(), Level::Reduced { missing: vec![Wall::Landlock] });
}

#[tokio::test]
async fn x_14_each_lesser_wall_can_be_missing_and_is_named() {
    for wall in Wall::ALL.into_iter().filter(|wall| !wall.is_essential()) {
        let without = |support: Support| support.without(wall, "switched off");
        assert!(matches!(run(Demand::Full, without).await, Err(SandboxError::LevelUnavailable { .. })), "{wall}");
        assert_eq!(run(Demand::AllowReduced, without).await.unwrap(), Level::Reduced { missing: vec![wall] });
    }
}

#[tokio::test]
async fn x_14_without_user_namespaces_nothing_runs() {
    for demand in [Demand::Full, Demand::AllowReduced] {
        let refused = run(demand, |support| support.without(Wall::UserNamespace, "switched off")).await.unwrap_err();
        let SandboxError::LevelUnavailable { missing } = refused else { unreachable!("{refused}") };
        assert_eq!(missing[0].wall, Wall::UserNamespace);
        assert!(!missing[0].hint.is_empty());
    }
}

#[tokio::test]
async fn x_14_a_wall_that_was_said_to_be_there_and_is_not_stops_the_command() {
    // A machine without Landlock that claims to have it: attested as missing, so nothing starts.
    let lie = |support: Support| Support { landlock_abi: 0, ..support };
    let refused = run(Demand::Full, lie).await.unwrap_err();
    assert!(matches!(refused, SandboxError::AttestationMismatch { .. }), "{refused}");
}

#[tokio::test]
async fn x_14_a_program_that_is_no_init_is_refused() {
    let tree = tempfile::tempdir().unwrap();
    for program in ["/bin/true", "/does/not/exist"] {
        let sandbox = Sandbox::new(Support::everything(), Toolchains::none(), Demand::Full).with_program(program);
        let refused = sandbox.run(&Command::new(["true"], tree.path()), std::future::pending(), |_| {}).await;
        assert!(refused.is_err(), "{program}");
    }
}

/// A program in init's place that says what the host wants to hear, and is in no sandbox.
const LIAR: &str = r#"#!/usr/bin/python3
import json, os, struct, subprocess, sys
plan = json.loads(sys.stdin.buffer.read(struct.unpack('<I', sys.stdin.buffer.read(4))[0]))['Run']
own = {name: os.stat('/proc/self/ns/' + name).st_ino for name in ('user', 'mnt', 'pid', 'net', 'ipc', 'uts')}
# What is true of the namespaces it makes, where it makes some; a child that waits, where it needs one.
decoy = subprocess.Popen(DECOY + ['sh', '-c', 'echo; exec sleep 60'], stdout=subprocess.PIPE) if DECOY else None
if decoy: decoy.stdout.read(1)
of_decoy = lambda name: os.stat('/proc/%d/ns/%s' % (decoy.pid, 'pid_for_children' if name == 'pid' else name)).st_ino
name = lambda name: of_decoy(name) if ['unshare'] == DECOY[:1] else own[name] + 1
mounts = [{'point': mount['target'], 'writable': mount['writable']} for mount in plan['mounts']]
of_proc = 'acpi bus config.gz fs interrupts irq kallsyms kcore key-users keys kmsg modules scsi sysrq-trigger timer_list vmallocinfo'
mounts += [{'point': place, 'writable': False} for place in plan['masks'] + ['/proc/' + name for name in of_proc.split()]]
ready = {'namespaces': [(n, name(n)) for n in own], 'uid_map': '1000 0 1', 'no_new_privs': True, 'capabilities': 0,
    'seccomp': True, 'landlock': True, 'interfaces': [('lo', True)], 'listeners': [], 'inheritable': 0,
    'mounts': mounts, 'processes': 1}
os.write(2, json.dumps({'Ready': ready}).encode() + b'\n')
if os.read(0, 1) == b'g':
    open(os.path.join([m for m in plan['mounts'] if m['target'] == '/work'][0]['source'], 'ran'), 'w').close()
    os.write(2, b'{"Ended":{"code":0,"signal":null}}\n')
if decoy: decoy.kill()
"#;

#[tokio::test]
async fn x_14_an_init_that_lies_starts_nothing() {
    let spaces = "['unshare', '--user', '--map-root-user', '--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child']";
    // No child at all; one in the host's own namespaces; one that is in namespaces, without being PID 1 there.
    for (decoy, why) in [("[]", "0 children"), ("['env']", "not PID 1"), (spaces, "not PID 1")] {
        let tree = tempfile::tempdir().unwrap();
        let program = tree.path().join("liar");
        support::write_program(&program, &LIAR.replace("DECOY", decoy));
        let place = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::new(Support::everything(), Toolchains::none(), Demand::Full).with_program(&program);
        let command = Command::new(["true"], place.path());
        let refused = sandbox.run(&command, std::future::pending(), |_| {}).await.unwrap_err();
        let SandboxError::AttestationMismatch { what } = &refused else { unreachable!("{refused}") };
        assert!(what.contains(why), "{decoy}: {what}");
        assert!(!place.path().join("ran").exists(), "{decoy}: {what}");
    }
}

#[tokio::test]
async fn x_14_unsandboxed_is_said_and_still_limited() {
    let trial = Trial::with(Toolchains::none(), Demand::DangerouslyUnsandboxed, |support| support).await;
    let outcome = trial.run(&trial.command(["sh", "-c", "pwd; env | grep -c CARGO"])).await.unwrap();
    assert_eq!(outcome.attestation.level, Level::Unsandboxed);
    assert_eq!(text(&outcome), format!("{}\n0\n", trial.tree.path().canonicalize().unwrap().display()));
    let mut command = trial.command(["yes"]);
    command.output_limit_bytes = 1000;
    assert_eq!(trial.run(&command).await.unwrap().exit, Exit::OutputLimit);
    // A session of its own, so no terminal to type into.
    let outcome =
        trial.run(&trial.command(["sh", "-c", "test $(ps -o sid= $$) = $$ && ! cat /dev/tty"])).await.unwrap();
    assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
    let mut command = trial.command(["sh", "-c", "sleep 600 & sleep 600"]);
    command.timeout = std::time::Duration::from_millis(200);
    assert_eq!(trial.run(&command).await.unwrap().exit, Exit::TimedOut);
}

#[tokio::test]
async fn x_14_what_holds_the_limits_is_what_held_them() {
    let machine = skillhost_sandbox::probe_with(&support::init()).await.unwrap();
    // Without a cgroup where there could be one; and where none is delegated, nothing that was said before makes one.
    for said in [LimitsHeldBy::Watchdog, LimitsHeldBy::Cgroup] {
        let claim = |support: Support| Support { limits_held_by: said, ..support };
        let trial = Trial::with(Toolchains::none(), Demand::Full, claim).await;
        let outcome = trial.run(&trial.command(["true"])).await.unwrap();
        let held = if said == machine.limits_held_by { said } else { LimitsHeldBy::Watchdog };
        assert_eq!(outcome.attestation.limits_held_by, held, "{said}");
    }
    assert_eq!(machine.cgroup_hint.is_some(), machine.limits_held_by == LimitsHeldBy::Watchdog, "it is said why");
}

/// The arguments with which init's program attempts one thing, as `doctor` has it do.
fn attempt(what: &str, process: u32) -> [String; 2] {
    let nowhere = "/nonexistent/file";
    let target = format!(
        r#"["{what}",{{"secret":"{nowhere}","home":null,"planted":"{nowhere}","process":{process},"pid_namespace":1,"port":1}}]"#
    );
    ["skillhost-sandbox-attempt".to_owned(), target]
}

#[tokio::test]
async fn the_numbers_inside_are_not_taken_for_the_hosts() {
    let place = tempfile::tempdir().unwrap();
    let program = place.path().canonicalize().unwrap().join("init");
    support::copy_program(&support::init(), &program);
    let toolchains = Toolchains::none().with_configured(std::slice::from_ref(&program), &[]);
    let trial = Trial::with(toolchains, Demand::Full, |support| support).await;
    // In a container the host itself is one of these.
    for process in [1, 2, 3] {
        let [argument, target] = attempt("Processes", process);
        let outcome = trial.run(&trial.command([program.to_str().unwrap(), &argument, &target])).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0), "{process}: {}", text(&outcome));
    }
}

#[test]
fn an_attempt_says_what_it_got_through_and_what_it_could_not_try() {
    let code = |what: &str, folder: &str| {
        let mut program = std::process::Command::new(support::init());
        program.args(attempt(what, std::process::id())).current_dir(folder).output().unwrap().status.code()
    };
    // Without a sandbox the host's process is there; and where no file can be made, none can be made set-user-id.
    assert_eq!(code("Processes", "/"), Some(1));
    assert_eq!(code("SetUserId", "/proc"), Some(2));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code("SetUserId", folder.path().to_str().unwrap()), Some(1));
}

#[test]
fn all_of_this_holds_for_an_ordinary_user() {
    support::again_as_an_ordinary_user("all_of_this_holds_for_an_ordinary_user");
}
