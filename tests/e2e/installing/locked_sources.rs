//! Where a lock leads. It comes with a repository or a pull request, so it may be anybody's.

use super::{NAME, component, has_lock, kept, lock_of, manifest_of, publish, put};
use crate::support::{Ran, World};
use skillhost_core::digest::Digest;
use skillhost_test_support::git_server::{Access, bare, git, start, start_with};
use skillhost_test_support::registry::Registry;
use skillhost_test_support::web::{Reply, Server};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

fn skill() -> Vec<u8> {
    component(&manifest_of(NAME, "1.2.0", "read = [\"**\"]"))
}

/// A lock that somebody else wrote, with one skill from this place.
fn lock_from(source: &str, digest: &Digest) -> String {
    format!(
        "version = 1\n\n[[skill]]\nname = \"{NAME}\"\nversion = \"1.2.0\"\nsource = \"{source}\"\ndigest = \"{digest}\"\n\
         [skill.grant]\nread = [\"**\"]\n"
    )
}

/// A project that came with such a lock.
fn cloned(source: &str, digest: &Digest) -> World {
    World::with(&[("src/a.rs", "x\n"), ("skillhost.lock", &lock_from(source, digest))])
}

fn shows(ran: &Ran, digest: &Digest) -> bool {
    let hex = digest.hex();
    [&ran.stdout, &ran.stderr].iter().any(|text| text.contains(&hex[..12]))
}

#[test]
fn r_17_a_lock_alone_leads_to_nothing_on_this_machine() {
    let digest = Digest::of(&skill());
    let server = Server::start(|_| Reply::ok("application/wasm", skill()));
    let place = server.place();
    for source in [
        format!("http://{place}/v1.24/containers/json"),
        format!("git+http://{place}/skills.git#main:x.wasm"),
        "git+file:///srv/skills.git#main:x.wasm".to_owned(),
    ] {
        let world = cloned(&source, &digest);
        for arguments in [&["sync"][..], &["sync", "--locked"], &["update"], &["update", NAME, "--keep-grants"]] {
            let ran = world.run(arguments);
            let hint = format!("hint: skillhost update {NAME} --source ");
            ran.failed(4, &[&format!("{source} can't be fetched"), &hint, "where you know what is there"]);
        }
        world.run(&["sync", "--check"]).failed(6, &["is not in the store"]);
        world.run(&["call", NAME, "check"]).failed(6, &["is not in the store"]);
    }
    // Other private addresses were never anything but closed, whoever names them.
    for source in ["https://169.254.169.254/latest/meta-data/", "oci://10.0.0.1/acme/tool:1", "https://[fd00::1]/x"] {
        cloned(source, &digest).run(&["sync"]).failed(4, &["which only a policy can open"]);
    }
    assert!(server.seen().is_empty(), "{:?}", server.seen());
}

#[test]
fn r_17_what_its_reader_names_is_fetched_from_then_on() {
    let server = Server::start(|request| match request.path().ends_with(".wasm") {
        true => Reply::ok("application/wasm", skill()),
        false => Reply::status(404),
    });
    let place = server.place();
    let (source, digest) = (format!("http://{place}/acme/1.wasm"), Digest::of(&skill()));
    let world = cloned(&source, &digest);
    let before = lock_of(&world);
    let fetches_again = |arguments: &[&str]| {
        fs::remove_file(kept(&world, &digest)).unwrap();
        world.run(arguments)
    };
    world.run(&["sync"]).failed(4, &["hint: or a policy names it, under [sources] allow"]);
    world.run(&["update", NAME, "--source", &source]).failed(0, &["skillhost.lock is as it was"]);
    assert_eq!(lock_of(&world), before);
    fetches_again(&["sync"]).failed(0, &["fetched licence-check 1.2.0"]);
    fetches_again(&["sync", "--locked"]).failed(0, &["1 fetched"]);
    fetches_again(&["update"]).failed(0, &["is the newest of"]);
    // Nothing beside it is known by that.
    let asked = server.seen().len();
    world.write(&[("skillhost.lock", &before.replace("acme/1.wasm", "acme/2.wasm"))]);
    world.run(&["update"]).failed(4, &["can't be fetched"]);
    assert_eq!(server.seen().len(), asked);

    // To add it is to name it, too: here, and in another checkout of this user's.
    let world = World::with(&[]);
    world.run(&["add", &source, "--grant-requested"]).failed(0, &[]);
    fs::remove_file(kept(&world, &digest)).unwrap();
    let other = world.home().join("other");
    git(&world.repo(), &["clone", "--quiet", ".", other.to_str().unwrap()]);
    fs::copy(world.repo().join("skillhost.lock"), other.join("skillhost.lock")).unwrap();
    world.run(&["-C", other.to_str().unwrap(), "sync"]).failed(0, &["1 fetched"]);

    // On a machine of somebody else's, a policy knows it, or nobody does.
    let world = cloned(&source, &digest);
    let policy = world.home().join("policy.toml");
    let with_policy = |text: &str| {
        fs::write(&policy, text).unwrap();
        let ran = world.run(&["--policy", policy.to_str().unwrap(), "sync"]);
        let _ = fs::remove_file(kept(&world, &digest));
        ran
    };
    for (text, code) in [
        (format!("[sources]\nallow = [\"http://{place}/*\"]\n"), 0),
        (format!("[network]\nprivate = [\"{place}\"]\n"), 0),
        ("[sources]\nallow = [\"https://*\"]\n".to_owned(), 4),
        ("[sources]\nallow = [\"http://127.0.0.1:1/*\"]\n".to_owned(), 4),
        ("[network]\nprivate = [\"10.0.0.0/8\"]\n".to_owned(), 4),
        (String::new(), 4),
    ] {
        let ran = with_policy(&text);
        assert_eq!(ran.code, Some(code), "{text}: {ran:#?}");
    }
}

#[test]
fn r_17_a_registry_on_a_loopback_address_is_asked_for_artifacts_alone() {
    let registry = Registry::start();
    registry.publish(&skill(), "1");
    let (source, digest) = (registry.reference("1"), Digest::of(&skill()));
    // As on another machine of the same team: nobody added it here.
    let world = cloned(&source, &digest);
    world.run(&["sync"]).failed(0, &["fetched licence-check 1.2.0"]);
    let asked = registry.server.seen();
    assert!(asked.iter().all(|request| request.target.starts_with("/v2/") && request.method == "GET"), "{asked:?}");
}

#[test]
fn r_17_a_repository_on_this_machine_is_read_where_its_reader_named_it() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let served = world.home().join("served");
    fs::create_dir(&served).unwrap();
    let place = bare(&served, "skills.git");
    release(&served, &place, &skill());
    let (server, digest) = (start(&served, Access::default()), Digest::of(&skill()));
    let source = format!("git+file://{}#main:x.wasm", place.display());
    world.write(&[("skillhost.lock", &lock_from(&source, &digest))]);
    world.run(&["sync"]).failed(0, &["1 fetched"]);
    fs::remove_file(kept(&world, &digest)).unwrap();
    for file in ["src/a.rs", "absent.wasm"] {
        world.write(&[("skillhost.lock", &lock_from(&source.replace("x.wasm", file), &digest))]);
        world.run(&["sync"]).failed(4, &["it leads out of the lock's folder"]);
    }
    {
        let source = format!("git+http://{}/skills.git#main:x.wasm", server.address);
        world.write(&[("skillhost.lock", &lock_from(&source, &digest))]);
        let asked = server.seen().len();
        world.run(&["sync"]).failed(4, &["can't be fetched", "--source "]);
        assert_eq!(server.seen().len(), asked);
        world.run(&["update", NAME, "--source", &source]).failed(0, &[]);
        fs::remove_file(kept(&world, &digest)).unwrap();
        world.run(&["sync"]).failed(0, &["1 fetched"]);
        fs::remove_file(kept(&world, &digest)).unwrap();
    }
}

/// Commits a file `x.wasm` to a bare repository.
pub fn release(folder: &Path, place: &Path, bytes: &[u8]) {
    let name = format!("clone-of-{}", place.file_name().unwrap().to_str().unwrap());
    git(folder, &["clone", "--quiet", place.to_str().unwrap(), &name]);
    let clone = folder.join(name);
    fs::write(clone.join("x.wasm"), bytes).unwrap();
    git(&clone, &["add", "."]);
    git(&clone, &["commit", "--quiet", "-m", "x"]);
    git(&clone, &["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
}

#[test]
fn r_17_a_lock_tells_nothing_of_files_outside_of_its_folder() {
    let place = tempfile::tempdir().unwrap();
    let secret = place.path().join("secret");
    fs::write(&secret, "hunter2").unwrap();
    let (pinned, own) = (Digest::of(&skill()), Digest::of(b"hunter2"));
    let world = cloned("file:./x.wasm", &pinned);
    symlink(&secret, world.repo().join("link.wasm")).unwrap();
    symlink(place.path(), world.repo().join("folder")).unwrap();
    symlink("/nowhere/at/all", world.repo().join("dangling.wasm")).unwrap();
    let up = format!("{}{}", "../".repeat(16), secret.display().to_string().trim_start_matches('/'));
    for file in [
        secret.to_str().unwrap(),
        &up,
        "./link.wasm",
        "./folder/secret",
        // Whether anything is there is nobody's business either.
        "./dangling.wasm",
        "/nowhere/at/all",
        "/dev/zero",
        "/proc/self/environ",
    ] {
        // Where its digest is guessed, that is not told either.
        for digest in [&pinned, &own] {
            world.commit(&[("skillhost.lock", &lock_from(&format!("file:{file}"), digest))]);
            for (arguments, code) in
                [(&["sync"][..], 4), (&["update"], 4), (&["call", NAME, "check"], 6), (&["sync", "--check"], 6)]
            {
                let ran = world.run(arguments);
                assert_eq!(ran.code, Some(code), "{file} {arguments:?}: {ran:#?}");
                assert!(digest == &own || !shows(&ran, &own), "{ran:#?}");
                if arguments[0] != "sync" || arguments.len() == 1 {
                    assert!(ran.stderr.contains("it leads out of the lock's folder"), "{file}: {ran:#?}");
                }
            }
        }
    }
    // What is no component, beneath the folder: its digest would help to guess at it, so it isn't told.
    put(&world, "x.wasm", b"hunter2");
    world.commit(&[("skillhost.lock", &lock_from("file:./x.wasm", &pinned))]);
    for arguments in [&["sync"][..], &["call", NAME, "check"]] {
        let ran = world.run(arguments);
        ran.failed(6, &[&format!("expected {pinned}, found what is no component")]);
        assert!(!shows(&ran, &own), "{ran:#?}");
    }
    // What never ends, or waits, is not read.
    fs::remove_file(world.repo().join("x.wasm")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, world.repo().join("x.wasm"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    world.run(&["sync"]).failed(3, &["the file can't be read", "it is not a regular file"]);
    world.run(&["call", NAME, "check"]).failed(6, &["it is not a regular file"]);
    fs::remove_file(world.repo().join("x.wasm")).unwrap();
    fs::File::create(world.repo().join("x.wasm")).unwrap().set_len(1 << 40).unwrap();
    world.run(&["sync"]).failed(5, &["is larger than"]);
    fs::remove_file(world.repo().join("x.wasm")).unwrap();
}

#[test]
fn r_17_a_file_elsewhere_is_used_where_its_reader_named_it() {
    let place = tempfile::tempdir().unwrap();
    let (file, digest) = (place.path().canonicalize().unwrap().join("x.wasm"), Digest::of(&skill()));
    fs::write(&file, skill()).unwrap();
    let world = World::with(&[("src/a.rs", "x\n")]);
    // A link that leads out of the project is named by where it leads: a lock is not followed through it later.
    symlink(&file, world.repo().join("link.wasm")).unwrap();
    let inside = publish(&world, "skills/v2.wasm", &manifest_of("inside", "1.0.0", ""));
    symlink("v2.wasm", world.repo().join("skills/current.wasm")).unwrap();
    world.run(&["add", "./link.wasm", "--grant-requested"]).failed(0, &[]);
    world.run(&["add", "./skills/current.wasm"]).failed(0, &[]);
    let lock = lock_of(&world);
    assert!(lock.contains(&format!("source = \"file:{}\"\n", file.display())), "{lock}");
    assert!(lock.contains("source = \"file:./skills/current.wasm\"\n") && inside == "./skills/v2.wasm", "{lock}");
    world.commit(&[]);
    fs::remove_dir_all(world.home().join(".cache/skillhost/components")).unwrap();
    world.run(&["sync", "--locked"]).failed(0, &["2 fetched"]);
    fs::remove_file(kept(&world, &digest)).unwrap();
    assert_eq!(world.run(&["call", NAME, "check"]).code, Some(0));

    // Elsewhere a component is taken from its place by whoever finds it there, and nothing else.
    let world = cloned(&format!("file:{}", file.display()), &digest);
    world.run(&["sync"]).failed(0, &["1 fetched"]);
    let world = cloned(&format!("file:{}", file.display()), &Digest::of(b"another"));
    assert!(has_lock(&world));
    world.run(&["sync"]).failed(6, &[&format!("found {digest}")]);
    fs::write(&file, "hunter2").unwrap();
    world.run(&["sync"]).failed(4, &["it leads out of the lock's folder"]);
}

#[test]
fn r_18_a_redirect_leads_no_further_than_policies_allow() {
    let elsewhere = Server::start(|_| Reply::ok("application/wasm", skill()));
    let to = format!("http://{}/x.wasm?token=hunter2", elsewhere.place());
    let server = Server::start(move |request| match request.target.as_str() {
        "/skills/away.wasm" => Reply::redirect(&to),
        "/skills/up.wasm" => Reply::redirect("/uploads/x.wasm"),
        "/skills/down.wasm" => Reply::redirect("/skills/v2/x.wasm"),
        "/skills/v2/x.wasm" | "/uploads/x.wasm" => Reply::ok("application/wasm", skill()),
        _ => Reply::status(404),
    });
    let world = World::with(&[]);
    let served = world.home().join("served");
    fs::create_dir(&served).unwrap();
    for name in ["skills.git", "uploads.git"] {
        release(&served, &bare(&served, name), &skill());
    }
    let git_server = start_with(&served, Access::default(), |request| {
        let to = format!("/uploads.git/info/refs?{}", request.query());
        let is_asked = request.path() == "/moved.git/info/refs";
        is_asked.then(|| Reply::status(301).with("location", &to))
    });
    let policy = world.home().join("policy.toml");
    let text = format!(
        "[network]\nprivate = [\"127.0.0.1\"]\n[sources]\nallow = [\"http://{}/skills/*\", \"git+http://{git}/moved.git#*\", \
         \"git+http://{git}/skills.git#*\"]\n",
        server.place(),
        git = git_server.address
    );
    fs::write(&policy, text).unwrap();
    let run = |arguments: &[&str]| world.run(&[&["--policy", policy.to_str().unwrap()], arguments].concat());
    let web = |name: &str| format!("http://{}/skills/{name}.wasm", server.place());
    let repository = |name: &str| format!("git+http://{}/{name}.git#main:x.wasm", git_server.address);
    for reference in [web("away"), web("up"), repository("moved")] {
        let asked = server.seen().len();
        for command in ["add", "inspect"] {
            let ran = run(&[command, &reference]);
            ran.failed(4, &[" redirects to http://127.0.0.1:", "policy.toml:4: [sources] allow doesn't name it"]);
            ran.failed(4, &["hint: a policy that trusts this place names it, too"]);
            assert!(!ran.stderr.contains("hunter2"), "{ran:#?}");
        }
        assert!(!server.seen()[asked..].iter().any(|request| request.target.contains("uploads")));
    }
    assert!(elsewhere.seen().is_empty() && !has_lock(&world));
    for reference in [web("down"), repository("skills")] {
        run(&["inspect", &reference]).failed(0, &[]);
    }
    // Without a policy that names places, a repository may have moved.
    world.run(&["inspect", &repository("moved")]).failed(0, &[]);
}
