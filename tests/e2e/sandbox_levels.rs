//! What a run says of the sandbox that its commands had, on machines that offer less.

use crate::scripts::{greeting, project};
use crate::support::{Ran, World, ran};
use serde_json::Value;
use std::fs;
use std::process::Command;

const GOAL: &str = "Greet everybody";
const IPC: Lacks = Lacks::Namespaces("ipc");
const USER: Lacks = Lacks::Namespaces("user");

/// A machine that lacks something.
#[derive(Clone, Copy, Debug)]
pub enum Lacks {
    /// Nothing.
    Nothing,
    /// Namespaces of this kind: the program begins in a user namespace, in which their number is limited to none.
    Namespaces(&'static str),
    /// What a filter around the whole program refuses, as a container engine's does.
    Filtered(&'static str),
}

/// A filter that refuses a system call with an error: number on x86-64 and on AArch64, argument and its bits (0 for any).
const FILTERS: [(&str, [u32; 2], i32, u8, u32); 4] = [
    ("user", [272, 97], 1, 0, 0x1000_0000),
    ("landlock", [444, 444], 38, 0, 0),
    ("seccomp", [317, 277], 22, 0, 0),
    // PR_SET_SECCOMP.
    ("seccomp", [157, 167], 22, 0, 22),
];

/// Installs filters as classic BPF and becomes the program.
const FILTER: &str = "import ctypes, os, platform, struct, sys\n\
    arm = platform.machine() != 'x86_64'\n\
    line = lambda code, jt, jf, k: struct.pack('HBBI', code, jt, jf, k)\n\
    program = b''\n\
    for numbers, errno, argument, bits in eval(sys.argv[1]):\n\
    \x20   refuse = line(6, 0, 0, 0x50000 | errno)\n\
    \x20   look = line(0x20, 0, 0, 16 + 8 * argument) + (line(0x15, 0, 1, bits) if bits == 22 else line(0x45, 0, 1, bits)) if bits else b''\n\
    \x20   program += line(0x20, 0, 0, 0) + line(0x15, 0, (len(look) + 8) // 8, numbers[arm]) + look + refuse\n\
    program += line(6, 0, 0, 0x7fff0000)\n\
    libc, text = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(program)\n\
    class Fprog(ctypes.Structure): _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.c_void_p)]\n\
    assert libc.prctl(38, 1, 0, 0, 0) == 0\n\
    assert libc.prctl(22, 2, ctypes.byref(Fprog(len(program) // 8, ctypes.addressof(text))), 0, 0) == 0, ctypes.get_errno()\n\
    os.execv(sys.argv[2], sys.argv[2:])\n";

impl Lacks {
    /// The program on such a machine.
    pub fn command(self, world: &World, arguments: &[&str]) -> Command {
        let direct = world.command(arguments);
        let mut machine = match self {
            Self::Nothing => return direct,
            Self::Namespaces(name) => {
                let mut machine = Command::new("unshare");
                let limit = format!("echo 0 > /proc/sys/user/max_{name}_namespaces && exec \"$@\"");
                machine.args(["--user", "--map-root-user", "sh", "-c", &limit, "sh"]);
                machine
            }
            Self::Filtered(what) => {
                let filters = FILTERS.iter().filter(|(name, ..)| *name == what);
                let filters = filters.map(|(_, numbers, errno, argument, bits)| (numbers, errno, argument, bits));
                let mut machine = Command::new("/usr/bin/python3");
                machine.args(["-c", FILTER, &format!("{:?}", filters.collect::<Vec<_>>())]);
                machine
            }
        };
        machine.arg(direct.get_program()).args(direct.get_args()).current_dir(world.repo()).env_clear();
        machine.envs(direct.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
        machine
    }

    fn run(self, world: &World, arguments: &[&str]) -> Ran {
        ran(self.command(world, arguments).output().unwrap())
    }
}

fn goal<'a>(model: &'a str, flags: &[&'a str]) -> Vec<&'a str> {
    [&["run", GOAL, "--format", "json", "--model", model], flags].concat()
}

/// The level stands in the result, in `run.json` for every gate, and in `PR.md`.
fn says(ran: &Ran, level: &str) {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = ran.json()["runs"][0].clone();
    let read = |key: &str| fs::read_to_string(entry[key].as_str().unwrap()).unwrap();
    let document: Value = serde_json::from_str(&read("run_json")).unwrap();
    let gates = document["gates"].as_array().unwrap();
    let told = [&entry["sandbox"], &document["sandbox"]].into_iter().chain(gates.iter().map(|gate| &gate["sandbox"]));
    assert!(told.clone().count() > 2 && told.clone().all(|told| told == level), "{level}: {document:#}");
    let request = read("pull_request");
    assert!(request.contains(&format!("- sandbox level: {level}\n")), "{level}: {request}");
}

/// Nothing was begun and nothing spent.
fn began_nothing(world: &World) {
    assert!(!world.state().join("runs").exists());
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn x_14_where_every_wall_stands_a_reduced_sandbox_is_a_full_one() {
    let world = World::with(&project());
    let model = world.model(&greeting().text());
    says(&world.run(&goal(&model, &["--allow-reduced-sandbox"])), "full");
}

#[test]
fn x_14_without_a_wall_a_run_is_refused_or_says_which() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    let refused = IPC.run(&world, &goal(&model, &[]));
    refused.failed(4, &["error: ", "IPC namespaces", "hint: ", "skillhost doctor", "--allow-reduced-sandbox"]);
    began_nothing(&world);
    let reduced = IPC.run(&world, &goal(&model, &["--allow-reduced-sandbox"]));
    says(&reduced, "reduced (without IPC namespaces)");
    assert_eq!(world.footprint(), before);

    let doctor = IPC.run(&world, &["doctor"]);
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    assert!(doctor.stdout.contains("✗ IPC namespaces") && doctor.stdout.contains("hint: "), "{doctor:#?}");
}

#[test]
fn x_14_without_user_namespaces_nothing_begins() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    for flags in [&[][..], &["--allow-reduced-sandbox"]] {
        let refused = USER.run(&world, &goal(&model, flags));
        refused.failed(4, &["error: ", "user namespaces", "hint: ", "skillhost doctor"]);
        assert_eq!(refused.json()["exit_code"], 4);
        began_nothing(&world);
    }
    assert_eq!(world.footprint(), before);

    let doctor = USER.run(&world, &["doctor"]);
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    for text in ["command sandbox: refused", "✗ user namespaces", "hint: ", "user.max_user_namespaces"] {
        assert!(doctor.stdout.contains(text), "{text}: {doctor:#?}");
    }
    let doctor = USER.run(&world, &["doctor", "--format", "json"]);
    assert_eq!((doctor.code, &doctor.json()["sandbox"]), (Some(1), &Value::from("refused")));
}

#[test]
fn x_14_a_run_without_a_sandbox_says_so_everywhere() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    says(&USER.run(&world, &goal(&model, &["--dangerously-unsandboxed"])), "unsandboxed");
    assert_eq!(world.footprint(), before);
}

/// What a filter around the whole program refuses, as that of a container engine does, isn't there.
#[test]
fn x_14_what_a_container_refuses_is_missed_and_named() {
    for (what, name) in [("landlock", "Landlock"), ("seccomp", "seccomp")] {
        let lacks = Lacks::Filtered(what);
        let world = World::with(&project());
        let before = world.footprint();
        let model = world.model(&greeting().text());
        lacks.run(&world, &goal(&model, &[])).failed(4, &["error: ", name, "hint: ", "--allow-reduced-sandbox"]);
        began_nothing(&world);
        says(&lacks.run(&world, &goal(&model, &["--allow-reduced-sandbox"])), &format!("reduced (without {name})"));
        assert_eq!(world.footprint(), before);
    }
    let world = World::with(&project());
    let model = world.model(&greeting().text());
    for flags in [&[][..], &["--allow-reduced-sandbox"]] {
        let refused = Lacks::Filtered("user").run(&world, &goal(&model, flags));
        refused.failed(4, &["error: ", "user namespaces", "Operation not permitted", "hint: "]);
        began_nothing(&world);
    }
}

/// What was tried, by its words, and whether the wall held.
fn measured(document: &Value, wall: &str) -> Vec<(String, bool)> {
    let walls = document["walls"].as_array().unwrap();
    let tried = walls.iter().find(|tried| tried["wall"] == wall).unwrap();
    let measured = tried["measured"].as_array().unwrap().iter();
    measured.map(|one| (one["tried"].as_str().unwrap().to_owned(), one["holds"].as_bool().unwrap())).collect()
}

#[test]
fn doctor_tries_every_wall_and_says_what_came_of_it() {
    let world = World::bare();
    let doctor = world.run(&["doctor", "--format", "json"]);
    assert_eq!((doctor.code, doctor.stderr.as_str()), (Some(0), ""), "{doctor:#?}");
    let document = doctor.json();
    assert_eq!((&document["schema"], &document["sandbox"]), (&"skillhost.doctor/1".into(), &"full".into()));
    for (wall, attempts) in [("component", 3), ("files", 3), ("commands", 11), ("network", 1), ("git", 1)] {
        let measured = measured(&document, wall);
        assert_eq!(measured.len(), attempts, "{measured:#?}");
        assert!(measured.iter().all(|(_, holds)| *holds), "{measured:#?}");
    }
    assert!(document["walls"].to_string().contains("openat2"), "{document:#}");
    let told = world.run(&["doctor"]).stdout;
    for text in
        ["the component\n", "the file guard\n", "command sandbox: full\n", "git\n", "  ✓ mount something: refused"]
    {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(!told.contains('✗'), "{told}");
}

/// Without a wall, what it alone stops gets through, and that is said of it and of nothing else.
#[test]
fn doctor_tells_the_truth_where_a_wall_is_missing() {
    let nest = "enter another user namespace";
    for (lacks, through) in [
        (Lacks::Filtered("seccomp"), &[nest, "make a set-user-id file"][..]),
        (Lacks::Filtered("landlock"), &[]),
        (Lacks::Namespaces("uts"), &[]),
        (USER, &["start a command"]),
        (Lacks::Filtered("user"), &["start a command"]),
    ] {
        let world = World::bare();
        let doctor = lacks.run(&world, &["doctor", "--format", "json"]);
        assert_eq!(doctor.code, Some(1), "{lacks:?}: {doctor:#?}");
        let document = doctor.json();
        let failed: Vec<_> =
            ["component", "files", "commands", "network", "git"].map(|wall| measured(&document, wall)).concat();
        let failed: Vec<_> = failed.iter().filter(|(_, holds)| !holds).map(|(tried, _)| tried.as_str()).collect();
        assert_eq!(failed, through, "{lacks:?}: {document:#}");
        let told = lacks.run(&world, &["doctor"]).stdout;
        assert!(told.contains("hint: ") && told.contains('✗'), "{lacks:?}: {told}");
    }
}

#[test]
fn doctor_measures_for_an_ordinary_user() {
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let id = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        // The other tests are an ordinary user's already.
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (program, home) = (place.path().join("skillhost"), place.path().join("home"));
    fs::copy(env!("CARGO_BIN_EXE_skillhost"), &program).unwrap();
    fs::create_dir(&home).unwrap();
    std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut doctor = Command::new(program);
    doctor.env_clear().env("HOME", &home).env("TMPDIR", &home).env("PATH", "/usr/bin:/bin").current_dir("/");
    let doctor = ran(doctor.arg("doctor").uid(NOBODY).gid(NOBODY).output().unwrap());
    assert_eq!(doctor.code, Some(0), "{doctor:#?}");
    assert!(doctor.stdout.contains("command sandbox: full") && !doctor.stdout.contains('✗'), "{doctor:#?}");
}
