//! Skills from git repositories: behind a server that speaks git over HTTP, and in a folder of this machine.

use super::network::{forget, with};
use super::{NAME, component, kept, key, lock_of, manifest_of};
use crate::support::{World, ran};
use serde_json::json;
use skillhost_core::lock::Lock;
use skillhost_registry::signature::sign;
use skillhost_test_support::authority::Authority;
use skillhost_test_support::git_server::{Access, answering, bare, git, start};
use skillhost_test_support::web::Server;
use std::fs;
use std::path::{Path, PathBuf};

const FILE: &str = "skills/licence-check.wasm";

/// Commits a version of the skill, signed by the first publisher, and gives it a tag.
fn release(clone: &Path, version: &str, capabilities: &str) {
    let bytes = component(&manifest_of(NAME, version, capabilities));
    fs::create_dir_all(clone.join("skills")).unwrap();
    fs::write(clone.join(FILE), &bytes).unwrap();
    fs::write(clone.join(format!("{FILE}.sig")), sign(&bytes, &key(1)).to_text()).unwrap();
    git(clone, &["add", "."]);
    git(clone, &["commit", "--quiet", "-m", version]);
    git(clone, &["tag", &format!("v{version}")]);
    git(clone, &["push", "--quiet", "origin", "HEAD:refs/heads/main", "--tags"]);
}

/// A folder that a server may give, with a repository `skills.git` in it; and a clone of that.
fn served(world: &World) -> (PathBuf, PathBuf) {
    let served = world.home().join("served");
    fs::create_dir(&served).unwrap();
    let place = bare(&served, "skills.git");
    git(&served, &["clone", "--quiet", place.to_str().unwrap(), "clone"]);
    let clone = served.join("clone");
    (served, clone)
}

#[test]
fn a_skill_of_a_repository_is_added_by_revision_and_path() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let (served, clone) = served(&world);
    release(&clone, "1.2.0", "read = [\"**\"]");
    release(&clone, "1.3.0", "read = [\"**\"]\nask = true");
    let server = start(&served, Access::default());
    let at = |revision: &str, path: &str| format!("git+http://{}/skills.git#{revision}:{path}", server.address);

    let signer = key(1).signer().to_string();
    let inspected = world.run(&["inspect", &at("v1.2.0", FILE), "--format", "json"]).json();
    assert_eq!((&inspected["version"], &inspected["signature"]), (&json!("1.2.0"), &json!(signer)));
    world.run(&["add", &at("v1.2.0", FILE), "--grant-requested"]).failed(0, &["signed by ed25519:"]);
    let lock = lock_of(&world);
    assert!(lock.contains(&format!("source = \"{}\"\n", at("v1.2.0", FILE))) && lock.contains(&signer), "{lock}");
    world.commit(&[]);
    assert_eq!(world.run(&["call", NAME, "check"]).json(), json!({"missing": ["src/a.rs"]}));

    // Another revision is another version of the same skill; the same file elsewhere is not.
    let next = at("v1.3.0", FILE);
    world.run(&["update", NAME, "--source", &next]).failed(4, &["1.2.0 → 1.3.0", "+ ask you"]);
    let folder = format!("git+file://{}#v1.3.0:{FILE}", served.join("skills.git").display());
    world.run(&["add", &folder, "--grant-requested"]).failed(6, &["licence-check"]);
    assert_eq!(world.run(&["inspect", &folder, "--format", "json"]).json()["version"], "1.3.0");

    // A tag that moves is not followed.
    let digest = Lock::parse("lock", &lock).unwrap().skills[0].digest;
    fs::remove_file(kept(&world, &digest)).unwrap();
    world.run(&["sync", "--locked"]).failed(0, &["1 fetched"]);
    fs::remove_file(kept(&world, &digest)).unwrap();
    git(&served.join("skills.git"), &["tag", "--force", "v1.2.0", "v1.3.0"]);
    world.run(&["sync"]).failed(6, &["gives another component than skillhost.lock pins"]);

    for (revision, path, exit, reason) in [
        ("v9", FILE, 3, "names no branch, tag or whole commit id"),
        ("main", "skills/other.wasm", 3, "has no regular file"),
        ("main", "skills", 3, "has no regular file"),
    ] {
        world.run(&["inspect", &at(revision, path)]).failed(exit, &[reason]);
    }
}

#[test]
fn a_repository_is_followed_over_tls_and_in_a_folder() {
    let authority = Authority::default();
    for is_served in [true, false] {
        let world = World::with(&[("src/a.rs", "x\n")]);
        let (served, clone) = served(&world);
        release(&clone, "1.2.0", "read = [\"**\"]");
        let first = git(&clone, &["rev-parse", "HEAD"]);
        release(&clone, "1.3.0", "read = [\"**\"]\nask = true");
        let repository = match is_served {
            true => Server::start_tls(&authority.sign(), answering(&served, Access::default(), |_| None)).url(),
            false => format!("file://{}", served.display()),
        };
        let at = |revision: &str, path: &str| format!("git+{repository}/skills.git#{revision}:{path}");
        let file = world.home().join("authority.pem");
        fs::write(&file, authority.certificate.pem()).unwrap();
        let run = |arguments: &[&str]| with(&world, &[("SSL_CERT_FILE", file.to_str().unwrap())], arguments);

        // By a commit, which nothing can move; then by a tag, and by a branch.
        run(&["add", &at(&first, FILE), "--grant-requested"]).failed(0, &["licence-check 1.2.0", "signed by ed25519:"]);
        assert!(lock_of(&world).contains(&format!("source = \"{}\"\n", at(&first, FILE))));
        world.commit(&[]);
        forget(&world);
        run(&["sync", "--locked"]).failed(0, &["fetched licence-check 1.2.0"]);
        assert_eq!(run(&["call", NAME, "check"]).json(), json!({"missing": ["src/a.rs"]}));
        let next = at("v1.3.0", FILE);
        run(&["update", NAME, "--source", &next]).failed(4, &["1.2.0 → 1.3.0 · signer unchanged", "+ ask you"]);
        run(&["update", NAME, "--source", &next, "--grant", "ask"]).failed(0, &[]);
        run(&["update", NAME, "--source", &at("main", FILE)]).failed(0, &["1.3.0 → 1.3.0"]);
        let before = lock_of(&world);
        run(&["update"]).failed(0, &["licence-check 1.3.0 is the newest"]);
        release(&clone, "1.4.0", "");
        forget(&world);
        run(&["sync"]).failed(6, &["gives another component than skillhost.lock pins"]);
        assert_eq!(lock_of(&world), before);
        run(&["update"]).failed(0, &["1.3.0 → 1.4.0", "- ask you"]);
        run(&["sync", "--check"]).failed(0, &["1 skill checked"]);

        // Another path is another place, and what isn't there changes nothing.
        let before = lock_of(&world);
        run(&["update", NAME, "--source", &at("main", "x.wasm")]).failed(6, &["is another place than"]);
        run(&["update", NAME, "--source", &at("v9", FILE)]).failed(3, &["names no branch, tag or whole commit id"]);
        run(&["update", NAME, "--source", &at(&"1".repeat(40), FILE)]).failed(3, &["names no branch, tag or"]);
        assert_eq!(lock_of(&world), before);
    }
}

#[test]
fn r_15_a_private_repository_is_told_from_a_broken_one_and_gets_no_token() {
    let world = World::with(&[]);
    let served = world.home().join("served");
    fs::create_dir(&served).unwrap();
    bare(&served, "skills.git");
    let server = start(&served, Access { basic: Some("me:secret".to_owned()), is_private: true });
    let reference = format!("git+http://{}/skills.git#main:x.wasm", server.address);
    let mut command = world.command(&["inspect", &reference]);
    command.env("GITHUB_TOKEN", "ghp_0123456789abcdefghij").env("GH_TOKEN", "ghp_0123456789abcdefghij");
    let ran = ran(command.output().unwrap());
    ran.failed(4, &["refused access with status 401", "hint: "]);
    assert!(server.seen().iter().all(|request| request.header("authorization").is_none()));
}
