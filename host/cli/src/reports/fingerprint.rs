//! What a finding is known by from one report to the next, although lines move and runs have other ids.

use skillhost_core::digest::Digest;
use skillhost_runs::findings::Finding;

/// Of the rule, the place, and the text that was found there, however it is spaced; of what was said, where nothing was
/// quoted.
pub(super) fn fingerprint(rule: &str, finding: &Finding) -> String {
    let path = finding.at.as_ref().map_or("", |at| at.path.as_str());
    let text = finding.quote.as_deref().unwrap_or(&finding.message);
    let words: Vec<&str> = text.split_whitespace().collect();
    let digest = Digest::of([rule, path, &words.join(" ")].join("\0").as_bytes()).to_string();
    digest.rsplit(':').next().unwrap_or_default().to_owned()
}
