#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use super::*;
use skillhost_core::capability::Capabilities;
use skillhost_core::signer::Signer;
use std::fs;
use tempfile::TempDir;

fn places(folder: &TempDir) -> Places {
    let place = |name: &str| folder.path().join(name);
    fs::create_dir_all(place("state")).unwrap();
    Places { state: place("state"), cache: place("cache"), components: place("cache") }
}

fn locked(name: &str, content: &str, signer: Option<u8>, grant: &[&str]) -> Locked {
    Locked {
        name: name.parse().unwrap(),
        version: "1.2.0".to_owned().try_into().unwrap(),
        source: format!("file:./{name}.wasm").parse().unwrap(),
        digest: Digest::of(content.as_bytes()),
        signer: signer.map(|byte| Signer::Key([byte; 32])),
        grant: Capabilities::of(grant.iter().map(|one| one.parse().unwrap())).unwrap(),
    }
}

fn lock(entries: &[&Locked]) -> Lock {
    let mut lock = Lock::default();
    entries.iter().for_each(|entry| lock.put((*entry).clone()));
    lock
}

fn secret(name: &str) -> SecretName {
    name.parse().unwrap()
}

#[test]
fn r_19_a_secret_is_let_to_the_same_skill_alone() {
    let unsigned = locked("x", "x", None, &["secrets=A", "secrets=B"]);
    let signed = Locked { signer: Some(Signer::Key([1; 32])), ..unsigned.clone() };
    let next = Locked { digest: Digest::of(b"next"), ..signed.clone() };
    let other_signer = Locked { signer: Some(Signer::Key([2; 32])), ..next.clone() };
    let older = Locked { version: "0.9.0".to_owned().try_into().unwrap(), ..next.clone() };
    let elsewhere = Locked { source: "file:./elsewhere.wasm".parse().unwrap(), ..unsigned.clone() };
    let other_name = Locked { name: "y".parse().unwrap(), ..unsigned.clone() };
    let bytes_changed = Locked { digest: Digest::of(b"next"), ..unsigned.clone() };
    for (given, same, others) in [
        (&unsigned, vec![&unsigned], vec![&signed, &elsewhere, &bytes_changed, &next, &other_name]),
        (&signed, vec![&signed, &next], vec![&unsigned, &older, &other_signer, &bytes_changed, &other_name]),
    ] {
        let mut known = Known::default();
        assert!(!known.lets(given, &secret("A")), "nobody said so");
        known.give(given, &secret("A"));
        assert!(same.iter().all(|one| known.lets(one, &secret("A"))), "{given:?}");
        assert!(others.iter().all(|one| !known.lets(one, &secret("A"))), "{given:?}");
        assert!(!known.lets(given, &secret("B")), "another secret");
        known.give(given, &secret("B"));
        assert!(known.lets(given, &secret("A")) && known.lets(given, &secret("B")));
        known.remove(&given.name);
        assert!(!known.lets(given, &secret("A")), "it was taken out");
    }
}

#[test]
fn r_19_what_was_let_ends_with_the_skill_and_with_its_grant() {
    let before = locked("x", "x", None, &["secrets=A", "read=**"]);
    let after = |change: Locked| {
        let mut known = Known::default();
        known.give(&before, &secret("A"));
        known.see(&lock(&[&change]));
        known.lets(&before, &secret("A"))
    };
    assert!(after(before.clone()));
    assert!(after(Locked { grant: locked("x", "x", None, &["secrets=A"]).grant, ..before.clone() }));
    assert!(!after(Locked { grant: Capabilities::default(), ..before.clone() }), "it was given up");
    assert!(!after(locked("x", "y", None, &["secrets=A"])) && !after(locked("y", "x", None, &["secrets=A"])));
}

#[test]
fn r_20_news_is_what_was_not_granted_here_before() {
    let (one, other) = (locked("one", "1", None, &["read=src/**"]), locked("other", "2", Some(1), &["write=src/**"]));
    let mut known = Known::default();
    let both = lock(&[&one, &other]);
    let why = |known: &Known, lock: &Lock| {
        let news = known.news(lock);
        news.iter().map(|news| (news.locked.name.to_string(), news.why, news.granted.len())).collect::<Vec<_>>()
    };
    assert_eq!(why(&known, &both), [("one".to_owned(), Why::New, 1), ("other".to_owned(), Why::New, 1)]);
    known.see(&both);
    assert_eq!(why(&known, &both), []);
    // Less is no news; having it again is.
    let less = lock(&[&Locked { grant: Capabilities::default(), ..one.clone() }, &other]);
    assert_eq!(why(&known, &less), []);
    known.see(&less);
    assert_eq!(why(&known, &both), [("one".to_owned(), Why::More, 1)]);
    known.see(&both);
    let wider = lock(&[&locked("one", "1", None, &["read=**", "ask"]), &other]);
    assert_eq!(why(&known, &wider), [("one".to_owned(), Why::More, 2)]);
    // Other bytes that nobody signed are another skill's for all that is known; those of the same signer are the next.
    let next =
        lock(&[&locked("one", "1.1", None, &["read=src/**"]), &Locked { digest: Digest::of(b"3"), ..other.clone() }]);
    assert_eq!(why(&known, &next), [("one".to_owned(), Why::Another, 1)]);
    // What went is new when it comes back.
    known.see(&lock(&[&one]));
    assert_eq!(why(&known, &both), [("other".to_owned(), Why::New, 1)]);
}

#[test]
fn r_19_what_somebody_else_wrote_is_not_known() {
    let folder = TempDir::new().unwrap();
    let (places, path) = (places(&folder), Path::new("/a/skillhost.lock"));
    let entry = locked("x", "x", None, &["secrets=A"]);
    assert_eq!(Known::read(&places, path), Known::default());
    assert!(!places.state.join("keys").exists(), "nothing is made to look");
    Known::edit(&places, path, |known| known.give(&entry, &secret("A"))).unwrap();
    let known = Known::read(&places, path);
    assert!(known.lets(&entry, &secret("A")));
    let (mine, other) = (file(&places, path), Path::new("/b/skillhost.lock"));
    // Of another lock it says nothing, and neither does what was changed.
    fs::copy(&mine, file(&places, other)).unwrap();
    assert_eq!(Known::read(&places, other), Known::default());
    let text = fs::read_to_string(&mine).unwrap();
    for forged in
        [text.replace("\"A\"", "\"B\""), text.split_once('\n').unwrap().1.to_owned(), String::new(), "\n".to_owned()]
    {
        fs::write(&mine, forged).unwrap();
        assert_eq!(Known::read(&places, path), Known::default());
    }
    fs::write(&mine, &text).unwrap();
    assert_eq!(Known::read(&places, path), known);
    // A state folder of another machine's has another key.
    fs::remove_dir_all(places.state.join("keys")).unwrap();
    assert_eq!(Known::read(&places, path), Known::default());
    fs::write(&mine, &text).unwrap();
    Known::forget(&places, path).unwrap();
    Known::forget(&places, path).unwrap();
    assert!(!mine.exists());
}

#[test]
fn everybody_who_writes_at_once_is_known() {
    let folder = TempDir::new().unwrap();
    let (places, path) = (places(&folder), Path::new("/a/skillhost.lock"));
    let entries: Vec<Locked> = (0..8).map(|n| locked(&format!("skill-{n}"), "x", None, &["secrets=A"])).collect();
    std::thread::scope(|scope| {
        for entry in &entries {
            let places = &places;
            scope.spawn(move || Known::edit(places, path, |known| known.give(entry, &secret("A"))).unwrap());
        }
    });
    let known = Known::read(&places, path);
    assert!(entries.iter().all(|entry| known.lets(entry, &secret("A"))));
}
