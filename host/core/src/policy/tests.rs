#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn policy(text: &str) -> Policy {
    Policy::parse("p", text).unwrap()
}

fn signed(policy: &Policy, reference: &str, signers: &[&str]) -> Verdict {
    let signers: Vec<Signer> = signers.iter().map(|signer| signer.parse().unwrap()).collect();
    policy.judge_signers(&reference.parse().unwrap(), &signers)
}

fn key(byte: &str) -> String {
    format!("ed25519:{}", byte.repeat(32))
}

fn says(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::Warned(rule) | Verdict::Refused(rule) => &rule.says,
    }
}

#[test]
fn an_unknown_key_is_an_error_with_its_line() {
    let error = Policy::parse("policy.toml", "[limits]\nmemory = \"1GiB\"\nmemroy = \"2GiB\"\n").unwrap_err();
    assert_eq!((error.line, error.reason.contains("memroy")), (3, true), "{error}");
}

#[test]
fn private_places_are_named_one_by_one() {
    let named = policy("[network]\nprivate = [\"registry.corp.example\", \"10.1.0.0/16\"]\n");
    assert_eq!(named.private().unwrap().len(), 2);
    assert_eq!(Policy::default().private(), None);
    for (bad, word) in [("10.1.2.3/8", "range"), ("*", "`*`"), ("http://x", "scheme")] {
        let error = Policy::parse("p", &format!("[network]\nprivate = [\n\"{bad}\"]\n")).unwrap_err();
        assert!(error.line >= 2 && error.reason.contains(word) && error.reason.contains(bad), "{error}");
    }
}

#[test]
fn a_source_is_allowed_by_a_pattern() {
    let named = policy("[sources]\nallow = [\"file:*\", \"builtin:spec\"]\nsigned = \"warn\"\n");
    let judged = |policy: &Policy, reference: &str| policy.judge_source(&reference.parse().unwrap());
    for (reference, is_allowed) in
        [("file:./x.wasm", true), ("builtin:spec", true), ("builtin:review", false), ("oci://x.example/y:1", false)]
    {
        assert_eq!(judged(&named, reference) == Verdict::Accepted, is_allowed, "{reference}");
    }
    assert_eq!(judged(&Policy::default(), "oci://x.example/y:1"), Verdict::Accepted);
    let error = Policy::parse("p", "[sources]\nallow = [\n  \"oci://x.example*\",\n]\n").unwrap_err();
    assert!(error.line >= 2 && error.reason.contains("oci://x.example*"), "{error}");
}

#[test]
fn r_11_what_is_unsigned_is_judged_by_the_narrowest_pattern() {
    let by = policy(
        "[sources.signed]\n\"*\" = \"warn\"\n\"oci://r.example/*\" = \"required\"\n\"oci://r.example/dev/*\" = \"off\"\n",
    );
    assert_eq!(says(&signed(&by, "oci://r.example/dev/x:1", &[])), "accepted");
    let refused = signed(&by, "oci://r.example/x:1", &[]);
    assert_eq!(says(&refused), "[sources.signed] \"oci://r.example/*\" = \"required\", and it isn't signed");
    let Verdict::Refused(rule) = refused else { unreachable!("it is refused") };
    assert_eq!(rule.key, ["sources", "signed", "oci://r.example/*"]);
    assert!(matches!(signed(&by, "file:./x.wasm", &[]), Verdict::Warned(_)));
    assert_eq!(signed(&by, "oci://r.example/x:1", &[&key("0a")]), Verdict::Accepted);
    // What no pattern speaks of must be signed.
    let some = policy("[sources.signed]\n\"file:*\" = \"off\"\n");
    assert!(matches!(signed(&some, "oci://r.example/x:1", &[]), Verdict::Refused(_)));
    assert_eq!(signed(&some, "builtin:spec", &[]), Verdict::Accepted);
    assert_eq!(signed(&Policy::default(), "oci://r.example/x:1", &[]), Verdict::Accepted);
}

#[test]
fn r_11_where_signers_are_named_nobody_else_counts_and_unsigned_is_refused() {
    let named = policy(&format!("[sources]\nsigners = [\"{}\"]\n", key("0a")));
    assert_eq!(signed(&named, "oci://r.example/x:1", &[&key("0b"), &key("0a")]), Verdict::Accepted);
    let refused = signed(&named, "oci://r.example/x:1", &[&key("0b")]);
    assert_eq!(says(&refused), "[sources] signers names nobody who signed it");
    assert!(matches!(signed(&named, "oci://r.example/x:1", &[]), Verdict::Refused(_)), "a signature taken away");
    let open = policy(&format!("[sources]\nsigned = \"off\"\nsigners = [\"{}\"]\n", key("0a")));
    assert_eq!(signed(&open, "oci://r.example/x:1", &[]), Verdict::Accepted);
}

#[test]
fn a_rule_about_signatures_that_can_not_be_read_is_an_error() {
    for bad in [
        "[sources]\nsigned = \"sometimes\"\n",
        "[sources]\nsigned = true\n",
        "[sources.signed]\n\"oci://r.example*\" = \"off\"\n",
        "[sources.signed]\n\"file:*\" = \"maybe\"\n",
        "[sources]\nsigners = [\"sigstore:* issuer:https://i.example\"]\n",
        "[sigstore]\ntrusted_root = \"trusted_root.json\"\n",
        "[sigstore]\nroot = \"/x\"\n",
    ] {
        let error = Policy::parse("p", bad).unwrap_err();
        assert!(error.line >= 1 && !error.reason.is_empty(), "{error}");
    }
    let root = policy("[sigstore]\ntrusted_root = \"/etc/skillhost/trusted_root.json\"\n");
    assert!(root.sigstore.trusted_root.is_some());
}
