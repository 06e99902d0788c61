//! `keys new` and `sign`, and what policies make of signatures.

use crate::support::{Ran, World, ran, root};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A world with a file to sign, which nobody looks into.
fn world() -> World {
    let world = World::bare();
    fs::write(world.repo().join("tool.wasm"), "not yet a component").unwrap();
    world
}

fn key_file(world: &World, name: &str) -> PathBuf {
    world.state().join(format!("keys/signing/{name}.pem"))
}

fn succeeded(ran: Ran) -> Ran {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran
}

/// What openssl says; none where the machine has none.
fn openssl(world: &World, arguments: &[&str]) -> Option<Output> {
    Command::new("openssl").args(arguments).current_dir(world.repo()).output().ok()
}

#[test]
fn a_key_is_its_owners_alone_and_is_never_overwritten() {
    let world = world();
    let made = succeeded(world.run(&["keys", "new"]));
    let signer = made.stdout.trim().to_owned();
    assert!(
        signer.starts_with("ed25519:") && signer.len() == 72 && made.stderr.contains("Next: skillhost sign FILE"),
        "{made:#?}"
    );
    let file = key_file(&world, "default");
    let pem = fs::read_to_string(&file).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    world.run(&["keys", "new"]).failed(3, &["default.pem exists already", "no key is overwritten", "keys new NAME"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), pem);
    let left: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");

    let json = succeeded(world.run(&["keys", "new", "release", "--format", "json"])).json();
    assert_eq!(
        (json["schema"].as_str(), json["file"].as_str()),
        (Some("skillhost.key/1"), key_file(&world, "release").to_str())
    );
    assert_ne!(json["signer"], signer.as_str());
    for bad in ["../x", "Release", "a b", ""] {
        world.run(&["keys", "new", bad]).failed(2, &["can't be a key's name"]);
    }
    // A link that leads nowhere yet is there, too.
    symlink(world.home().join("elsewhere"), world.repo().join("out.pem")).unwrap();
    world.run(&["keys", "new", "--out", "out.pem"]).failed(3, &["exists already"]);
    assert!(!world.home().join("elsewhere").exists());
    world.run(&["keys", "new", "--out", "nowhere/out.pem"]).failed(3, &["nowhere/out.pem can't be written"]);
    let beside = succeeded(world.run(&["keys", "new", "--out", "mine.pem"]));
    assert!(beside.stderr.contains("--key ./mine.pem"), "{beside:#?}");
}

#[test]
fn a_signature_stands_beside_its_file_and_is_made_anew() {
    let world = world();
    let signer = succeeded(world.run(&["keys", "new"])).stdout;
    let signed = succeeded(world.run(&["sign", "tool.wasm"]));
    assert_eq!(signed.stdout, signer);
    let place = world.repo().join("tool.wasm.sig");
    let text = fs::read_to_string(&place).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((file["schema"].as_str(), file["size"].as_u64()), (Some("skillhost.signature/1"), Some(19)));
    assert_eq!(file["signer"].as_str(), Some(signer.trim()));
    // The same bytes, the same signature.
    let json = succeeded(world.run(&["sign", "tool.wasm", "--format", "json"])).json();
    assert_eq!((fs::read_to_string(&place).unwrap(), json["digest"].clone()), (text.clone(), file["digest"].clone()));
    // A link in its place is replaced, not followed.
    fs::remove_file(&place).unwrap();
    fs::write(world.home().join("victim"), "untouched").unwrap();
    symlink(world.home().join("victim"), &place).unwrap();
    succeeded(world.run(&["sign", "tool.wasm"]));
    assert_eq!(fs::read_to_string(world.home().join("victim")).unwrap(), "untouched");
    assert!(place.symlink_metadata().unwrap().is_file());
    // Where it can't be written, nothing is left.
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    world.run(&["sign", "tool.wasm"]).failed(3, &["tool.wasm.sig can't be written"]);
    let names: Vec<_> = fs::read_dir(world.repo()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn what_can_not_be_signed_or_signed_with_is_told() {
    let world = world();
    world.run(&["sign", "tool.wasm"]).failed(2, &["there is no key `default`", "skillhost keys new default"]);
    world.run(&["sign", "tool.wasm", "--key", "release"]).failed(2, &["there is no key `release`"]);
    world.run(&["sign", "tool.wasm", "--key", "./none.pem"]).failed(2, &["none.pem can't be read"]);
    world.run(&["sign", "tool.wasm", "--key", "."]).failed(2, &["can't be read", "regular file"]);
    succeeded(world.run(&["keys", "new"]));
    world.run(&["sign", "nothing.wasm"]).failed(2, &["nothing.wasm can't be read"]);
    world.run(&["sign", "."]).failed(2, &["regular file"]);
    let pem = fs::read_to_string(key_file(&world, "default")).unwrap();
    let secret = pem.lines().nth(1).unwrap();
    for (text, why) in [
        ("", "no Ed25519 key"),
        ("secret", "no Ed25519 key"),
        (&pem[..70], "no Ed25519 key"),
        (&pem.replace("BEGIN PRIVATE", "BEGIN PUBLIC"), "no Ed25519 key"),
        (&pem.replace("PRIVATE", "ENCRYPTED PRIVATE"), "encrypted with a passphrase"),
    ] {
        fs::write(world.repo().join("bad.pem"), text).unwrap();
        let ran = world.run(&["-vvv", "sign", "tool.wasm", "--key", "./bad.pem"]);
        ran.failed(3, &["the key in ./bad.pem can't be used", why, "hint: "]);
        assert!(!ran.stderr.contains(secret), "{ran:#?}");
    }
    assert!(!world.repo().join("tool.wasm.sig").exists());
    // A key that others can read works, with a warning.
    fs::write(world.repo().join("open.pem"), &pem).unwrap();
    fs::set_permissions(world.repo().join("open.pem"), fs::Permissions::from_mode(0o644)).unwrap();
    let ran = succeeded(world.run(&["sign", "tool.wasm", "--key", "./open.pem"]));
    assert!(ran.stderr.contains("warning: others can read the key ./open.pem"), "{ran:#?}");
}

#[test]
fn o_09_a_key_in_the_environment_signs_and_is_never_shown() {
    let world = world();
    let signer = succeeded(world.run(&["keys", "new", "ci"])).stdout;
    let pem = fs::read_to_string(key_file(&world, "ci")).unwrap();
    let with = |value: &str, arguments: &[&str]| {
        let mut command = world.command(arguments);
        ran(command.env("SKILLHOST_SIGNING_KEY", value).stdin(Stdio::null()).output().unwrap())
    };
    let ran = succeeded(with(&pem, &["-vvv", "sign", "tool.wasm"]));
    assert_eq!(ran.stdout, signer);
    let secret = pem.lines().nth(1).unwrap();
    let signature = fs::read_to_string(world.repo().join("tool.wasm.sig")).unwrap();
    assert!(![&ran.stdout, &ran.stderr, &signature].iter().any(|text| text.contains(secret)), "{ran:#?}");
    let wrong = with(&pem.replace("PRIVATE", "SECRET"), &["-vvv", "sign", "tool.wasm"]);
    wrong.failed(3, &["the key in SKILLHOST_SIGNING_KEY can't be used"]);
    assert!(!wrong.stderr.contains(secret), "{wrong:#?}");
    // What is named counts before it.
    let named = succeeded(world.run(&["keys", "new"])).stdout;
    assert_eq!(succeeded(with(&pem, &["sign", "tool.wasm", "--key", "default"])).stdout, named);
}

#[test]
fn openssl_makes_and_reads_the_same_keys_and_verifies_what_they_sign() {
    let world = world();
    let public = |file: &str| {
        let output = openssl(&world, &["pkey", "-in", file, "-pubout", "-outform", "DER"])?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(format!("ed25519:{}\n", hex(&output.stdout[output.stdout.len() - 32..])))
    };
    let Some(made) = openssl(&world, &["genpkey", "-algorithm", "ed25519", "-out", "theirs.pem"]) else { return };
    assert!(made.status.success());
    let signed = succeeded(world.run(&["sign", "tool.wasm", "--key", "./theirs.pem"]));
    assert_eq!(Some(signed.stdout), public("theirs.pem"));

    let ours = succeeded(world.run(&["keys", "new", "--out", "ours.pem"]));
    assert_eq!(Some(ours.stdout), public("ours.pem"));
    succeeded(world.run(&["sign", "tool.wasm", "--key", "./ours.pem"]));
    let text = fs::read_to_string(world.repo().join("tool.wasm.sig")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let statement = format!("skillhost.signature/1\n{}\n{}\n", file["digest"].as_str().unwrap(), file["size"]);
    fs::write(world.repo().join("statement"), statement).unwrap();
    fs::write(world.repo().join("signature"), unhex(file["signature"].as_str().unwrap())).unwrap();
    let verify = ["pkeyutl", "-verify", "-rawin", "-inkey", "ours.pem", "-in", "statement", "-sigfile", "signature"];
    let verified = openssl(&world, &verify).unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));

    // An encrypted key signs by way of the variable.
    let encrypt = ["pkcs8", "-topk8", "-in", "ours.pem", "-out", "locked.pem", "-passout", "pass:x"];
    assert!(openssl(&world, &encrypt).unwrap().status.success());
    world.run(&["sign", "tool.wasm", "--key", "./locked.pem"]).failed(3, &["SKILLHOST_SIGNING_KEY=\"$(openssl pkey"]);
    let opened = openssl(&world, &["pkey", "-in", "locked.pem", "-passin", "pass:x"]).unwrap();
    let mut command = world.command(&["sign", "tool.wasm"]);
    let opened = String::from_utf8(opened.stdout).unwrap();
    let signed = succeeded(ran(command.env("SKILLHOST_SIGNING_KEY", opened).output().unwrap()));
    assert_eq!(Some(signed.stdout), public("ours.pem"));
}

#[test]
fn r_10_r_11_a_policy_takes_what_is_signed_by_whom_it_names_and_nothing_else() {
    let world = world();
    let [mine, other] =
        ["mine", "other"].map(|name| succeeded(world.run(&["keys", "new", name])).stdout.trim().to_owned());
    let policy = |text: &str| fs::write(world.repo().join("policy.toml"), text).unwrap();
    let call = || world.run(&["--policy", "policy.toml", "call", "./tool.wasm"]);
    let sign = |key: &str| drop(succeeded(world.run(&["sign", "tool.wasm", "--key", key])));
    // What goes on is no component, and is refused for that.
    let goes_on = "./tool.wasm can't be loaded";

    policy("# ours\n[sources]\nsigned = \"required\"\n");
    call().failed(
        4,
        &["policy denies file:./tool.wasm", "policy.toml:3: [sources] signed = \"required\", and it isn't signed"],
    );
    sign("mine");
    call().failed(3, &[goes_on]);
    policy(&format!("[sources]\nsigners = [\n  \"{other}\",\n]\n"));
    call().failed(4, &["policy.toml:2: [sources] signers names nobody who signed it"]);
    policy(&format!("[sources]\nsigners = [\"{other}\", \"{mine}\"]\n"));
    call().failed(3, &[goes_on]);
    // The bytes are others than those that were signed.
    fs::write(world.repo().join("tool.wasm"), "something else").unwrap();
    call().failed(6, &["file:./tool.wasm is not what was signed", "over another component"]);
    // The signature is taken away.
    fs::remove_file(world.repo().join("tool.wasm.sig")).unwrap();
    call().failed(4, &["policy.toml:2: [sources] signers names who may sign, and it isn't signed"]);
    policy("[sources.signed]\n\"*\" = \"required\"\n\"file:./*\" = \"warn\"\n");
    call().failed(
        3,
        &[
            "warning: file:./tool.wasm is used all the same: policy.toml:3: [sources.signed] \"file:./*\" = \"warn\"",
            goes_on,
        ],
    );
    // A bundle that nobody vouches for.
    fs::write(world.repo().join("tool.wasm.sigstore.json"), "{}").unwrap();
    call().failed(6, &["Sigstore bundle 1: it can't be read"]);
    policy("[sources]\nsigned = \"warn\"\n[sigstore]\ntrusted_root = \"/nowhere/root.json\"\n");
    call().failed(3, &["the trust root /nowhere/root.json can't be used"]);
}

#[test]
fn r_11_a_bundle_counts_by_its_identity_and_the_instance_that_the_policy_names() {
    let world = World::bare();
    let fixtures = root().join("tests/fixtures/sigstore");
    for name in
        ["blob.txt", "staging.txt"].iter().flat_map(|name| [(*name).to_owned(), format!("{name}.sigstore.json")])
    {
        fs::copy(fixtures.join(&name), world.repo().join(&name)).unwrap();
    }
    let issuer = "issuer:https://github.com/login/oauth";
    let call = |file: &str, policy: String| {
        fs::write(world.repo().join("policy.toml"), policy).unwrap();
        world.run(&["--policy", "policy.toml", "call", file])
    };
    let by = |identity: &str, issuer: &str| format!("[sources]\nsigners = [\"sigstore:{identity} {issuer}\"]\n");
    call("./blob.txt", by("w.vollprecht@gmail.com", issuer)).failed(3, &["./blob.txt can't be loaded"]);
    call("./blob.txt", by("w.vollprecht@gmail.com", "issuer:https://example.com")).failed(4, &["signers names nobody"]);
    call("./blob.txt", by("somebody@example.com", issuer)).failed(4, &["signers names nobody"]);
    let required = "[sources]\nsigned = \"required\"\n";
    call("./staging.txt", required.to_owned()).failed(6, &["staging.txt is not what was signed", "doesn't verify"]);
    let staging = format!("{required}[sigstore]\ntrusted_root = {:?}\n", fixtures.join("staging_root.json"));
    call("./staging.txt", staging.clone()).failed(3, &["./staging.txt can't be loaded"]);
    call("./blob.txt", staging.clone()).failed(6, &["blob.txt is not what was signed", "doesn't verify"]);
    // Two policies that name different ones.
    fs::create_dir_all(world.home().join(".config/skillhost")).unwrap();
    let other = "[sources]\nsigned = \"off\"\n[sigstore]\ntrusted_root = \"/etc/other.json\"\n";
    fs::write(world.home().join(".config/skillhost/policy.toml"), other).unwrap();
    let told = ["different trust roots", "policy.toml:4: [sigstore] trusted_root = \"/etc/other.json\""];
    call("./staging.txt", staging).failed(3, &told);
}

#[test]
fn a_denial_names_the_line_of_the_policy() {
    let world = world();
    fs::create_dir_all(world.home().join(".config/skillhost")).unwrap();
    let users = world.home().join(".config/skillhost/policy.toml");
    fs::write(&users, "[sources]\n\nallow = [\n  \"builtin:*\",\n  \"oci://r.example/*\",\n]\n").unwrap();
    let denied = format!("{}:3: [sources] allow doesn't name it", users.display());
    world.run(&["call", "./tool.wasm"]).failed(4, &["policy denies file:./tool.wasm", &denied]);
    fs::write(&users, "[sources]\nallow = [\"oci://r.example*\"]\n").unwrap();
    world.run(&["call", "./tool.wasm"]).failed(3, &["policy.toml:2", "`oci://r.example*` is no pattern of sources"]);
    fs::write(&users, "[capabilities]\nmodel = [\"cheap\"]\n[limits]\ntime = \"1s\"\n").unwrap();
    let ran = world.run(&["call", "builtin:verify", "--grant", "model=capable"]);
    let told = [
        "narrowed by policy",
        "policy.toml:2: [capabilities] model doesn't allow",
        "policy.toml:4: [limits] time = \"1s\"",
    ];
    for text in told {
        assert!(ran.stderr.contains(text), "{text} is not in {ran:#?}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
