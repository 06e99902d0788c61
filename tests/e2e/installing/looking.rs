//! What only looks writes nothing, whatever it finds: no file is made or changed in the state, the cache or the project.

use super::{NAME, digest_of, kept, key, lock_of, manifest_of, publish, sign_file};
use crate::support::World;
use skillhost_core::digest::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A signed skill in the lock, as on a machine whose cache was brought along, and whose state has never been.
fn world() -> World {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    sign_file(&world, "l.wasm", 1);
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    world.commit(&[]);
    fs::remove_dir_all(world.state()).unwrap();
    fs::remove_dir_all(world.home().join(".cache/skillhost/verified")).unwrap();
    world
}

/// Every folder, and every file with the digest of what is in it.
fn all(folder: &Path) -> BTreeMap<PathBuf, Option<Digest>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        found.insert(folder.clone(), None);
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() && !path.is_symlink() {
                true => folders.push(path),
                false => drop(found.insert(path.clone(), fs::read(&path).ok().map(|bytes| Digest::of(&bytes)))),
            }
        }
    }
    found
}

/// What is wrong, and how `sync --check` ends.
type Case = (fn(&World), i32, &'static str);

#[test]
fn to_look_writes_nothing_whatever_is_found() {
    let store = |world: &World| kept(world, &digest_of(world, "l.wasm"));
    let cases: [Case; 9] = [
        (|_| {}, 0, "1 skill checked"),
        (|world| fs::remove_file(kept(world, &digest_of(world, "l.wasm"))).unwrap(), 6, "is not in the store"),
        (|world| fs::remove_dir_all(world.home().join(".cache")).unwrap(), 6, "is not in the store"),
        (
            |world| {
                let file = kept(world, &digest_of(world, "l.wasm"));
                fs::remove_file(&file).and_then(|()| fs::write(&file, "another")).unwrap();
            },
            6,
            "is not what it was",
        ),
        (
            |world| {
                let digits = key(1).signer().digits();
                let signature = kept(world, &digest_of(world, "l.wasm")).with_extension(format!("{digits}.sig"));
                fs::remove_file(signature).unwrap();
            },
            6,
            "it is not signed by",
        ),
        (|world| edit(world, "1.2.0", "1.2.1"), 6, "says 1.2.1, and the component 1.2.0"),
        (|world| edit(world, "version = 1", "version = 9"), 3, "a newer skillhost wrote it"),
        (|world| edit(world, "version = 1\n", "version = 1\n<<<<<<< ours\n=======\n>>>>>>> theirs\n"), 3, "conflict"),
        (
            |world| {
                let config = world.home().join(".config/skillhost");
                fs::create_dir_all(&config).unwrap();
                fs::write(config.join("policy.toml"), "[sources]\nallow = [\"oci://*\"]\n").unwrap();
            },
            4,
            "policy denies file:./l.wasm",
        ),
    ];
    for (wrong, code, told) in cases {
        let world = world();
        assert!(store(&world).exists());
        wrong(&world);
        let folder = world.repo().parent().unwrap().to_owned();
        let before = all(&folder);
        for _ in 0..2 {
            world.run(&["sync", "--check"]).failed(code, &[told]);
            world.run(&["list"]);
            assert_eq!(all(&folder), before, "{told}");
        }
    }
}

/// The project's lock with other words in it, which nobody wrote a sum for.
fn edit(world: &World, from: &str, to: &str) {
    let lock = lock_of(world);
    assert!(lock.contains(from), "{from} is not in {lock}");
    let lines = lock.replacen(from, to, 1);
    let unsummed: Vec<&str> = lines.lines().filter(|line| !line.starts_with("# sum")).collect();
    world.write(&[("skillhost.lock", &format!("{}\n", unsummed.join("\n")))]);
}
