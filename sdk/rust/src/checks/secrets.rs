//! Check 14: secrets, by the shapes that issuers gave them, and by what is assigned to a name that says so.
//!
//! The quote is left out, since findings are published.

use super::line::name;
use super::{Hit, Scene};
use crate::Severity;
use crate::intact::looks_like_test;

/// Bits for each character that a made-up value does not reach.
const MIN_ENTROPY: f64 = 3.6;
const MIN_VALUE_CHARS: usize = 20;
/// A private key on the line of its header is longer.
const MIN_KEY_BYTES: usize = 60;
/// Longer values are data, and longer lines were made by a program.
const MAX_VALUE_CHARS: usize = 200;
const MAX_LINE_BYTES: usize = 2_000;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (file, lines) in scene.files() {
        let is_sample = looks_like_test(&file.path) || is_listing(&file.path);
        for line in lines {
            let (severity, what) = match shape(line.text) {
                Some(shape) => (Severity::Blocker, shape),
                None if !is_sample && is_assigned(line.text) => (Severity::Major, "a secret"),
                None => continue,
            };
            hits.push(Hit {
                severity,
                quote: None,
                message: format!("This line holds what looks like {what}."),
                suggestion: "Take it out, revoke it where it was issued, and read it from the environment.",
                ..Hit::at(&file.path, *line)
            });
        }
    }
    hits
}

/// Lock files and the like hold digests.
fn is_listing(path: &str) -> bool {
    let name = name(path);
    name.contains("lock") || name.ends_with(".sum") || name.ends_with(".snap") || name.ends_with(".svg")
}

fn shape(line: &str) -> Option<&'static str> {
    /// A prefix, how many characters of a key follow at least, and whose it is.
    const SHAPES: &[(&str, usize, &str)] = &[
        ("AKIA", 16, "an AWS access key"),
        ("ASIA", 16, "an AWS access key"),
        ("ghp_", 36, "a GitHub token"),
        ("gho_", 36, "a GitHub token"),
        ("ghs_", 36, "a GitHub token"),
        ("ghu_", 36, "a GitHub token"),
        ("github_pat_", 50, "a GitHub token"),
        ("glpat-", 20, "a GitLab token"),
        ("sk-ant-", 30, "an Anthropic key"),
        ("sk-proj-", 30, "an OpenAI key"),
        ("sk_live_", 20, "a Stripe key"),
        ("rk_live_", 20, "a Stripe key"),
        ("xoxb-", 20, "a Slack token"),
        ("xoxp-", 20, "a Slack token"),
        ("AIza", 35, "a Google key"),
        ("npm_", 36, "an npm token"),
        ("pypi-AgE", 50, "a PyPI token"),
        ("SG.", 60, "a SendGrid key"),
        ("hf_", 34, "a Hugging Face token"),
    ];
    // A header that only names one, as a program does that looks for them, has nothing behind it.
    let behind =
        line.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("PRIVATE KEY-----")).map(|it| it.1);
    if behind.is_some_and(|rest| rest.trim().is_empty() || rest.len() >= MIN_KEY_BYTES) {
        return Some("a private key");
    }
    let has = |prefix: &str, least: usize| {
        // Names go on with underscores, as `npm_config_…` does; most keys don't.
        let plain = prefix.ends_with('_') && prefix != "github_pat_";
        let in_key = |c: &char| c.is_ascii_alphanumeric() || (!plain && matches!(c, '_' | '-' | '.'));
        line.match_indices(prefix).any(|(at, _)| {
            let free = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            free && line[at + prefix.len()..].chars().take_while(in_key).count() >= least
        })
    };
    SHAPES.iter().find(|(prefix, least, _)| has(prefix, *least)).map(|(_, _, name)| *name)
}

/// `api_key = "…"` with a value that nobody would think of.
fn is_assigned(line: &str) -> bool {
    if line.len() > MAX_LINE_BYTES {
        return false;
    }
    // What stands before the value, up to its quote where it has one: `const API_TOKEN: &str = `, `"token": `.
    let assigns = |at: &usize| line[..*at].trim_end().ends_with(['=', ':', '>']);
    let quote = line.match_indices(['"', '\'', '`']).map(|(at, _)| at).find(assigns);
    let Some(at) = quote.or_else(|| line.find(['=', ':'])) else { return false };
    let (before, value) = line.split_at(at);
    let names = ["secret", "token", "password", "passwd", "api_key", "apikey", "api-key", "access_key", "private_key"];
    let key = before.to_lowercase();
    let words = key.split([' ', '.', '(', ',', '{', ':', '&', '=']).filter(|word| !word.is_empty());
    let mut last: Vec<&str> = words.collect();
    let last = last.split_off(last.len().saturating_sub(2));
    let says = last.iter().any(|word| names.iter().any(|it| word.contains(it)));
    says && is_random(value.trim_start_matches([':', '=', ' ']).trim_end())
}

fn is_random(value: &str) -> bool {
    let quoted = ['"', '\'', '`'].iter().find_map(|mark| value.strip_prefix(*mark)?.split(*mark).next());
    // Without quotes only in files where values stand bare, such as `.env`: then it is the whole rest.
    let value = quoted.unwrap_or(value).trim_end_matches([';', ',']);
    let length = value.chars().count();
    let in_value = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    let mixed = value.contains(|c: char| c.is_ascii_digit()) && value.contains(|c: char| c.is_ascii_alphabetic());
    let invented =
        ["example", "changeme", "placeholder", "your", "dummy", "sample", "fake", "test", "xxxx", "sha256", "sha512"];
    let lower = value.to_lowercase();
    (MIN_VALUE_CHARS..=MAX_VALUE_CHARS).contains(&length)
        && value.chars().all(in_value)
        && mixed
        && !invented.iter().any(|word| lower.contains(word))
        && entropy(value) >= MIN_ENTROPY
}

/// Bits for each character, by how often each occurs.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 128];
    let bytes = value.bytes().filter(u8::is_ascii);
    bytes.for_each(|byte| counts[usize::from(byte)] += 1);
    let total = f64::from(counts.iter().sum::<u32>().max(1));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}
