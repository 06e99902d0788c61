//! `skillhost.lock`.

use super::{Target, text};
use skillhost_core::digest::Digest;
use skillhost_core::lock::{FILE, Lock, LockError, VERSION, settle};

pub(super) const TARGET: Target = Target {
    name: "lock",
    check,
    seeds,
    words: &[
        "version = 1\n",
        "[[skill]]\n",
        "[skill.grant]\n",
        "name = \"a\"\n",
        "digest = \"sha256:",
        "source = \"file:./x\"\n",
        "signer = ",
        "read = [\"**\"]\n",
        "version = \"1.0.0\"\n",
    ],
    mutations: 5_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let entry = |name: &str| {
        let (digest, key) = (Digest::of(name.as_bytes()), "0a".repeat(32));
        format!(
            "[[skill]]\nname = \"{name}\"\nversion = \"1.2.0-rc.1\"\nsource = \"oci://registry.example.com/{name}:1\"\ndigest = \"{digest}\"\nsigner = \"ed25519:{key}\"\n[skill.grant]\nread = [\"**\"]\nexec = [\"test\"]\nmodel = [\"cheap\"]\nprotected = true\n"
        )
    };
    let lock = |entries: &[String]| format!("version = 1\n{}", entries.concat()).into_bytes();
    let conflict = ["<<<<<<< a\n", &entry("a"), "=======\n", &entry("b"), ">>>>>>> b\n"].map(str::to_owned);
    vec![lock(&[]), lock(&[entry("a")]), lock(&[entry("licence-check"), entry("b")]), lock(&conflict)]
}

fn check(data: &[u8]) {
    let text = text(data);
    let lock = match Lock::parse(FILE, &text) {
        Ok(lock) => lock,
        Err(LockError::Document(error)) => return super::project::check_error(&error, &text),
        // What git left is settled, or told, and never both sides' in one entry.
        Err(_) => return drop(settle(&text)),
    };
    assert_eq!(lock.version, VERSION);
    for skill in &lock.skills {
        assert_eq!(lock.find(skill.name.as_str()), Some(skill), "a name leads to one entry");
    }
    let written = lock.to_text();
    assert_eq!(Lock::parse(FILE, &written).as_ref(), Ok(&lock), "written and read again: {written}");
}
