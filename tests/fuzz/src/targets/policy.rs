//! `policy.toml`: whatever it says, it only narrows.

use super::{Target, join, texts};
use skillhost_core::capability::{Capabilities, Effective, Tier};
use skillhost_core::destination::WebUrl;
use skillhost_core::glob::Globs;
use skillhost_core::limits::{Limits, PartialLimits};
use skillhost_core::lines::Lines;
use skillhost_core::path::SkillPath;
use skillhost_core::policy::{Policy, Verdict, cuts};
use skillhost_core::urls::Urls;

pub(super) const TARGET: Target = Target {
    name: "policy",
    check,
    seeds,
    words: &[
        "[sources]\n",
        "allow = [\"file:*\"]\n",
        "signed = \"required\"\n",
        "[sources.signed]\n",
        "\"oci://r.example/*\" = \"warn\"\n",
        "signers = [\"sigstore:https://r.example/a/* issuer:https://i.example\"]\n",
        "[sigstore]\n",
        "trusted_root = \"/x\"\n",
        "[capabilities]\n",
        "read = [\"src/**\"]\n",
        "write = []\n",
        "exec = [\"test\"]\n",
        "model = [\"cheap\"]\n",
        "http = []\n",
        "ask = false\n",
        "http = [\"https://a.example/v1\"]\n",
        "secrets = [\"TOKEN\"]\n",
        "[limits]\n",
        "memory = \"1GiB\"\n",
        "cpu = \"1ms\"\n",
        "time = \"7d\"\n",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let text = "[sources]\nallow = [\"file:*\"]\nsigned = \"warn\"\n[capabilities]\nread = [\"src/**\"]\nexec = [\"test\"]\nask = false\n\
                [limits]\nmemory = \"64MiB\"\ncpu = \"1s\"\n";
    vec![join([b"src/lib.rs", text.as_bytes()]), join([b"a", b""])]
}

fn check(data: &[u8]) {
    let [path, text] = texts(data);
    let policy = match Policy::parse("policy.toml", &text) {
        Ok(policy) => policy,
        Err(error) => return super::project::check_error(&error, &text),
    };
    let everything = Capabilities {
        read: Globs::all(),
        write: Globs::all(),
        exec: ["test", "lint"].map(|name| name.parse().expect("a name")).into(),
        model: Tier::ALL.iter().copied().collect(),
        http: Urls::parse(["https://a.example/*"]).expect("a pattern"),
        secrets: ["TOKEN"].map(|name| name.parse().expect("a name")).into(),
        exec_arguments: true,
        protected: true,
        ask: true,
    };
    let capped = Effective::new(&everything, &everything, std::slice::from_ref(&policy.capabilities));
    assert!(policy.capabilities.exec.as_ref().is_none_or(|names| capped.exec.is_subset(names)));
    assert!(policy.capabilities.model.as_ref().is_none_or(|tiers| capped.model.is_subset(tiers)));
    assert!(policy.capabilities.secrets.as_ref().is_none_or(|names| capped.secrets.is_subset(names)));
    let url = WebUrl::parse("https://a.example/v1").expect("a URL");
    assert_eq!(capped.http.matches(&url), policy.capabilities.http.as_ref().is_none_or(|urls| urls.matches(&url)));
    assert!(capped.ask == policy.capabilities.ask.unwrap_or(true));
    if let Ok(path) = SkillPath::parse(&path) {
        let allows = |globs: &Option<Globs>| globs.as_ref().is_none_or(|globs| globs.matches(&path));
        assert_eq!(capped.read.matches(&path), allows(&policy.capabilities.read));
        assert_eq!(capped.write.matches(&path), allows(&policy.capabilities.write));
        let nothing = Effective::new(&everything, &Capabilities::default(), std::slice::from_ref(&policy.capabilities));
        assert!(!nothing.read.matches(&path) && nothing.exec.is_empty() && !nothing.ask, "a policy grants nothing");
    }
    let free = Limits::resolve(&PartialLimits::default(), &[]);
    let capped = Limits::resolve(&PartialLimits::default(), std::slice::from_ref(&policy.limits));
    assert!(capped.memory <= free.memory && capped.cpu <= free.cpu && capped.time <= free.time);
    for reference in ["file:./x.wasm", "oci://r.example/a/x:1", "https://r.example/x", "git+https://r.example/a#main:x"]
    {
        let reference = reference.parse().expect("a reference");
        let _ = policy.judge_source(&reference);
        let unsigned = policy.judge_signers(&reference, &[]);
        let must_be = policy.sources.signers.is_some() && policy.sources.signed.is_none();
        assert!(!must_be || matches!(unsigned, Verdict::Refused(_)), "nobody signed it");
    }
    // What is told is never less than what is cut.
    let cut = cuts(&everything, &policy.capabilities);
    let lines = Lines::of(&text);
    for cut in &cut {
        let key: Vec<&str> = cut.rule.key.iter().map(String::as_str).collect();
        let line = text.lines().nth(lines.line(&key) - 1).expect("a line of the text");
        assert!(line.contains(cut.name) || text.contains('\\'), "{line} is about {}", cut.name);
    }
    let tells = |name: &str| cut.iter().any(|cut| cut.name == name);
    assert!(policy.capabilities.exec.as_ref().is_none_or(|names| everything.exec.is_subset(names) != tells("exec")));
}
