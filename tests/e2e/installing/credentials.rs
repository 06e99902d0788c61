//! Skills of a real registry that asks for TLS and a password: each way to keep one, and those who have none.

use super::network::{forget, kept_files, nothing_was_installed, with};
use super::{NAME, component, lock_of, manifest_of};
use crate::support::{Ran, World, wait_until};
use skillhost_test_support::distribution::{Distribution, Guard, PASSWORD, USER};
use std::fs;
use std::path::Path;
use std::process::Command;

/// `tester:correct horse`, and with another password.
const ENCODED: &str = "dGVzdGVyOmNvcnJlY3QgaG9yc2U=";
const WRONG: &str = "dGVzdGVyOmh1bnRlcjI=";

type Variables = Vec<(&'static str, String)>;

/// A registry with two versions of the skill.
struct Place {
    registry: Distribution,
}

impl Place {
    fn new() -> Self {
        let place = Self { registry: Distribution::start(Guard::TlsAndPassword) };
        let world = World::with(&[]);
        for (version, asks) in [("1.2.0", "read = [\"**\"]"), ("1.3.0", "")] {
            fs::write(world.repo().join("l.wasm"), component(&manifest_of(NAME, version, asks))).unwrap();
            let pushed = place.run(&world, &place.environment(PASSWORD), &["push", "./l.wasm", &place.tag(version)]);
            assert_eq!(pushed.code, Some(0), "{pushed:#?}");
        }
        place
    }

    fn tag(&self, tag: &str) -> String {
        format!("oci://{}/acme/licence-check:{tag}", self.registry.place())
    }

    /// Runs the program, which shows nobody's password.
    fn run(&self, world: &World, variables: &Variables, arguments: &[&str]) -> Ran {
        let authority = self.registry.authority();
        let mut all = vec![("SSL_CERT_FILE", authority.to_str().unwrap())];
        all.extend(variables.iter().map(|(name, value)| (*name, value.as_str())));
        let ran = with(world, &all, arguments);
        for secret in [PASSWORD, ENCODED, "hunter2", WRONG] {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{ran:#?}");
        }
        ran
    }

    fn environment(&self, password: &str) -> Variables {
        vec![
            ("SKILLHOST_REGISTRY", self.registry.place()),
            ("SKILLHOST_REGISTRY_USER", USER.to_owned()),
            ("SKILLHOST_REGISTRY_PASSWORD", password.to_owned()),
        ]
    }

    /// A file as Docker and Podman keep it, with `HOST` for the registry.
    fn keeps(&self, file: &Path, text: &str) {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text.replace("HOST", &self.registry.place())).unwrap();
    }

    /// Docker's configuration, in a home.
    fn docker(&self, world: &World, text: &str) -> Variables {
        self.keeps(&world.home().join(".docker/config.json"), text);
        Vec::new()
    }

    /// One that names a helper, and the helper, which does this.
    fn helper(&self, world: &World, does: &str) -> Variables {
        self.docker(world, r#"{"credHelpers":{"HOST":"test-keys"}}"#);
        let bin = world.home().join("bin");
        fs::create_dir_all(&bin).unwrap();
        // By another process, since one that this one holds open for writing can't be started.
        let mut write = Command::new("sh");
        write.args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", does]);
        assert!(write.arg(bin.join("docker-credential-test-keys")).status().unwrap().success());
        vec![("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()))]
    }
}

#[test]
fn each_way_to_keep_credentials_opens_a_registry() {
    let place = Place::new();
    let auths = format!(r#"{{"auths":{{"HOST":{{"auth":"{ENCODED}"}}}}}}"#);
    let asked = format!(
        "read asked; [ \"$1 $asked\" = 'get {}' ] && echo '{{\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'",
        place.registry.place()
    );
    type Way<'a> = &'a dyn Fn(&World) -> Variables;
    let ways: [Way<'_>; 5] = [
        &|_| place.environment(PASSWORD),
        &|world| place.docker(world, &auths),
        &|world| {
            place.keeps(&world.home().join("elsewhere/config.json"), &auths);
            vec![("DOCKER_CONFIG", world.home().join("elsewhere").to_str().unwrap().to_owned())]
        },
        &|world| place.helper(world, &asked),
        &|world| {
            place.keeps(&world.home().join("run/containers/auth.json"), &auths);
            vec![("XDG_RUNTIME_DIR", world.home().join("run").to_str().unwrap().to_owned())]
        },
    ];
    for way in ways {
        let world = World::with(&[]);
        let variables = way(&world);
        let run = |arguments: &[&str]| place.run(&world, &variables, arguments);
        run(&["add", &place.tag("1.2.0"), "--grant-requested"]).failed(0, &["licence-check may:"]);
        forget(&world);
        run(&["sync", "--locked"]).failed(0, &["fetched licence-check 1.2.0"]);
        run(&["update", NAME, "--source", &place.tag("1.3.0")]).failed(0, &["1.2.0 → 1.3.0", "- read files"]);
        assert!(lock_of(&world).contains(&format!("source = \"{}\"\n", place.tag("1.3.0"))));
        run(&["sync", "--check"]).failed(0, &["1 skill checked"]);
    }
}

#[test]
fn r_15_without_the_right_credentials_nothing_is_fetched_or_written() {
    let place = Place::new();
    let tag = place.tag("1.2.0");
    let locked = World::with(&[]);
    place.run(&locked, &place.environment(PASSWORD), &["add", &tag, "--grant-requested"]).failed(0, &[]);
    let lock = lock_of(&locked);
    forget(&locked);
    let wrong = format!(r#"{{"auths":{{"HOST":{{"auth":"{WRONG}"}}}}}}"#);
    type Way<'a> = &'a dyn Fn(&World) -> Variables;
    let ways: [(Way<'_>, i32, &str); 7] = [
        (&|_| Vec::new(), 4, "401"),
        (&|_| place.environment("hunter2"), 4, "401"),
        (&|world| place.docker(world, &wrong), 4, "401"),
        // The right ones, of another registry.
        (&|world| place.docker(world, &wrong.replace(WRONG, ENCODED).replace("HOST", "HOST.example")), 4, "401"),
        (&|world| place.docker(world, r#"{"auths":{"HOST":{"auth":"hunter2!"}}}"#), 3, "can't be used"),
        (&|world| place.helper(world, "echo hunter2; exit 1"), 3, "docker-credential-test-keys failed"),
        (&|world| place.helper(world, "echo '<html>hunter2'"), 3, "no credentials that can be read"),
    ];
    for (way, code, told) in ways {
        let fresh = World::with(&[]);
        let added = place.run(&fresh, &way(&fresh), &["add", &tag, "--grant-requested"]);
        added.failed(code, &[told, "hint: "]);
        nothing_was_installed(&fresh);
        let variables = way(&locked);
        for arguments in [&["sync"][..], &["update"], &["update", NAME, "--source", &place.tag("1.3.0")]] {
            place.run(&locked, &variables, arguments).failed(code, &[told, "hint: "]);
            assert_eq!((lock_of(&locked), kept_files(&locked)), (lock.clone(), 0));
        }
    }
    // What the environment says counts before what is kept, also where it is wrong.
    place.docker(&locked, &wrong.replace(WRONG, ENCODED));
    place.run(&locked, &place.environment("hunter2"), &["sync"]).failed(4, &["401", "docker login"]);
    place.run(&locked, &Vec::new(), &["sync"]).failed(0, &["fetched licence-check 1.2.0"]);
}

#[test]
fn r_16_a_helper_that_never_answers_is_ended() {
    let place = Place::new();
    let world = World::with(&[]);
    let variables = place.helper(&world, "echo $$ > \"$HOME/helper\"; exec sleep 600");
    let config = world.home().join(".config/skillhost");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "[sources]\ntime = \"2s\"\n").unwrap();
    let ran = place.run(&world, &variables, &["add", &place.tag("1.2.0")]);
    ran.failed(5, &["it took longer than 2s", "[sources] time"]);
    nothing_was_installed(&world);
    let Ok(id) = fs::read_to_string(world.home().join("helper")) else { return };
    // Nobody may have collected it yet.
    let is_over = || {
        let state = fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        !state.contains("(sleep)") || state.contains(") Z")
    };
    wait_until("the helper is gone", is_over);
}
