//! a secret reaches its own origin and nobody else, and only the user says which that is.

use super::{HOLDER, SECRET, World, all, token};
use crate::servers::{Servers, servers};
use serde_json::{Value, json};

#[test]
fn r_15_a_secret_reaches_its_origin_and_the_skill_sees_a_placeholder() {
    let world = World::new("secret");
    let tls = servers().tls;
    let variables = world.answers(&[all(tls), token()], &json!({ "how": "environment" }));
    assert_eq!(variables, [json!(["TOKEN", HOLDER])]);
    let answers = world.fetch(&[all(tls), token()], &[world.with_secret(tls, "ok")]);
    assert_eq!(answers[0]["status"], 200, "{answers:?}");
    let seen = world.seen();
    assert!(seen.len() == 1 && seen[0].contains(&format!("authorization: Bearer {SECRET}\r\n")), "{seen:?}");
    assert!(seen[0].contains("accept-encoding: identity"), "{seen:?}");
    assert_eq!(world.logged("secret", "decision", "granted"), 1);
    world.is_unharmed();
}

#[test]
fn r_15_a_secret_goes_nowhere_else() {
    let world = World::new("elsewhere");
    let Servers { plain, tls, other, .. } = servers();
    let grants = [
        all(*plain),
        all(*tls),
        all(*other),
        format!("http=https://127.0.0.1:{tls}/*"),
        "http=https://*.example.com/*".to_owned(),
        "http=http://*.example.com/*".to_owned(),
        token(),
    ];
    let field = |name: &str, value: &str| {
        let mut request = world.to(*tls, "echo");
        request["headers"] = json!([[name, value]]);
        request
    };
    let with_path = |path: &str| {
        let mut request = world.to(*tls, "echo");
        request["path"] = json!(path);
        request
    };
    let mut by_address = world.with_secret(*tls, "echo");
    by_address["authority"] = json!(format!("127.0.0.1:{tls}"));
    let mut by_name = world.with_secret(*tls, "echo");
    by_name["authority"] = json!("api.example.com");
    let mut in_clear = by_name.clone();
    in_clear["scheme"] = json!("http");
    let mut in_a_part = world.with_secret(*tls, "echo");
    in_a_part["headers"] = json!([["Authorization", HOLDER], ["Range", "bytes=0-3"]]);
    let requests = [
        world.with_secret(*other, "echo"),
        world.with_secret(*plain, "echo"),
        by_address,
        by_name,
        in_clear,
        field("Authorization", "<secret:OTHER>"),
        field("Authorization", "<secret:MY_TOKEN>"),
        field("Authorization", "<secret:PATH>"),
        field("Authorization", &format!("{HOLDER} <secret:OTHER>")),
        field("Authorization", &format!("padding {HOLDER}")),
        field("Authorization", &format!("Basic {HOLDER}")),
        field("Origin", HOLDER),
        field("Cookie", HOLDER),
        field("X", "<secret:>"),
        with_path(&format!("/elsewhere/echo?key={HOLDER}")),
        with_path("/elsewhere/echo/%3Csecret:TOKEN%3E"),
        with_path("/elsewhere/echo/%3csecret%3aTOKEN%3e"),
        in_a_part,
    ];
    let ran = world.call(&grants, &json!({ "how": "fetch", "requests": requests }));
    let answers: Vec<Value> = serde_json::from_str(&ran.stdout).unwrap();
    for (request, answer) in requests.iter().zip(&answers) {
        assert!(answer["error"].is_string() && answer["status"].is_null(), "{request} {answer}");
    }
    assert_eq!(world.seen(), Vec::<String>::new());
    let told = format!("hosts = [\"https://localhost:{other}\"] under [secrets.TOKEN] in config.toml");
    assert!(ran.stderr.contains(&told) && ran.stderr.contains("over TLS alone"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--grant 'secrets=OTHER'"), "{}", ran.stderr);
    assert!(world.logged("secret", "decision", "denied") >= 10, "{:#?}", world.log());
    world.is_unharmed();
}

#[test]
fn r_15_r_19_a_lock_grants_what_it_names_where_the_user_lets_it() {
    let world = World::new("locked");
    let Servers { tls, other, .. } = servers();
    let fetcher = World::fetcher();
    let digest = skillhost_core::digest::Digest::of(&std::fs::read(&fetcher).unwrap());
    let lock = format!(
        "version = 1\n[[skill]]\nname = \"fetcher\"\nversion = \"1.0.0\"\nsource = \"file:{}\"\ndigest = \"{digest}\"\n\
         [skill.grant]\nhttp = [\"https://localhost:{tls}/locked/*\"]\nsecrets = [\"TOKEN\"]\n",
        fetcher.display()
    );
    std::fs::write(world.folder.path().join("lock"), &lock).unwrap();
    let requests = [world.with_secret(*tls, "ok"), world.to(*other, "ok")];
    let input = json!({ "how": "fetch", "requests": requests }).to_string();
    let call = ["call", "fetcher", "--lock", "../lock", "--input", &input];
    // A lock grants no secret by itself.
    let ran = world.run(&call);
    let told = format!("skills = [\"{digest}\"] under [secrets.TOKEN] in config.toml");
    assert!(ran.code == Some(4) && ran.stderr.contains(&told) && !ran.stderr.contains("skillhost sync"), "{ran:#?}");
    assert_eq!(world.seen(), Vec::<String>::new());
    let secret = |skills: &str| {
        format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{tls}\"]\nskills = [\"{skills}\"]\n")
    };
    world.configure(&secret(&skillhost_core::digest::Digest::of(b"another").to_string()));
    assert_eq!(world.run(&call).code, Some(4));
    world.configure(&secret(&digest.to_string()));
    let ran = world.run(&call);
    assert!(ran.code == Some(0) && ran.stdout.contains("hello"), "{ran:#?}");
    let told = format!("http = [\"https://localhost:{other}/locked/ok\"] under [skill.grant] of fetcher");
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    assert!(world.seen().len() == 1 && world.seen()[0].contains(SECRET));
    for (bad, word) in [("secrets = [\"A B\"]", "secret's name"), ("http = [\"localhost\"]", "https://")] {
        let (whole, _) = lock.split_once("http = ").unwrap();
        std::fs::write(world.folder.path().join("lock"), format!("{whole}{bad}\n")).unwrap();
        let ran = world.run(&call);
        assert!(ran.code == Some(3) && ran.stderr.contains(word), "{ran:#?}");
    }
    world.is_unharmed();
}

#[test]
fn r_15_a_project_names_no_secret() {
    let world = World::new("project");
    let config = world.folder.path().join("skillhost.toml");
    for text in [
        "[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://evil.example\"]\n",
        "[grants.spec]\nsecrets = [\"TOKEN\"]\n",
        "[grants.spec]\nhttp = [\"https://evil.example/*\"]\n",
    ] {
        std::fs::write(&config, text).unwrap();
        let ran = world.run(&["call", "builtin:spec", "--config", config.to_str().unwrap()]);
        assert!(ran.code == Some(3) && ran.stderr.contains("unknown"), "{ran:#?}");
    }
}

#[test]
fn r_15_over_http_a_secret_stays_on_this_machine() {
    let world = World::new("loopback");
    let plain = servers().plain;
    let mut request = world.to(plain, "ok");
    request["headers"] = json!([["X-Key", "<secret:OTHER>"]]);
    let answers = world.fetch(&[all(plain), "secrets=OTHER".to_owned()], &[request]);
    assert_eq!(answers[0]["status"], 200, "{answers:?}");
    assert!(world.seen()[0].contains(&format!("x-key: {SECRET}\r\n")));
    for host in ["http://api.example.com", "http://10.0.0.1", "http://localhost"] {
        world.configure(&format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"{host}\"]\n"));
        let ran = world.call(&[all(plain), token()], &json!({ "how": "environment" }));
        assert!(ran.code == Some(3) && ran.stderr.contains("TLS"), "{ran:#?}");
    }
}

#[test]
fn r_15_a_secret_that_can_not_be_used_is_told_before_the_call() {
    let mut world = World::new("missing");
    let tls = servers().tls;
    let grants = [all(tls), token()];
    let input = json!({ "how": "fetch", "requests": [world.with_secret(tls, "ok")] });
    for (token, config, texts) in [
        (None, None, ["variable MY_TOKEN is not set", "hint: set MY_TOKEN"]),
        (Some("short"), None, ["shorter than 16 bytes", "hint: in replies"]),
        (Some(SECRET), Some(""), ["config.toml doesn't name it", "[secrets.TOKEN]"]),
        (Some(SECRET), Some("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = []\n"), ["to no host", "hosts ="]),
        (Some(SECRET), Some("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\n"), ["hosts", "config.toml"]),
    ] {
        world.token = token;
        if let Some(config) = config {
            world.configure(config);
        }
        let ran = world.call(&grants, &input);
        assert!(ran.code == Some(3) && texts.iter().all(|text| ran.stderr.contains(text)), "{ran:#?}");
        assert!(!ran.stderr.contains(SECRET));
    }
    assert_eq!(world.seen(), Vec::<String>::new());
}

#[test]
fn r_15_a_server_that_nobody_vouches_for_is_sent_nothing() {
    let world = World::new("unsigned");
    let Servers { unsigned, .. } = servers();
    world.configure(&format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{unsigned}\"]\n"));
    let answers = world.fetch(&[all(*unsigned), token()], &[world.with_secret(*unsigned, "ok")]);
    assert_eq!(answers[0]["error"], "TlsCertificateError", "{answers:?}");
    assert_eq!(world.seen(), Vec::<String>::new());
    world.is_unharmed();
}
