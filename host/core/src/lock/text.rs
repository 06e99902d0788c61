//! How a lock is written: by hand, since its shape is for people who review it, and a library's may change.

use super::{Lock, Locked, sum};
use std::fmt::Write as _;

/// What the file begins with.
const HEADER: &str =
    "# The skills of this project, and what each of them may do. Written by skillhost: review it, and commit it.\n";

/// The whole file.
pub(super) fn write(lock: &Lock) -> String {
    let mut text = format!("{HEADER}version = {}\n", lock.version);
    let mut skills: Vec<&Locked> = lock.skills.iter().collect();
    skills.sort_by(|one, other| one.name.cmp(&other.name));
    for skill in skills {
        text.push('\n');
        entry(&mut text, skill);
    }
    text
}

fn entry(text: &mut String, skill: &Locked) {
    let _ = writeln!(text, "[[skill]]\n{}", sum::line(skill));
    text.push_str(&lines(skill));
}

/// What an entry says, which its sum is of.
pub(super) fn lines(skill: &Locked) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: String| {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", string(skill.name.as_str()));
    line("version", string(skill.version.as_str()));
    line("source", string(&skill.source.to_string()));
    line("digest", string(&skill.digest.to_string()));
    if let Some(signer) = &skill.signer {
        line("signer", string(&signer.to_string()));
    }
    let grant = &skill.grant;
    let mut lists: Vec<(&str, Vec<String>)> = vec![
        ("exec", grant.exec.iter().map(ToString::to_string).collect()),
        ("http", grant.http.patterns().iter().map(ToString::to_string).collect()),
        ("model", grant.model.iter().map(ToString::to_string).collect()),
        ("read", grant.read.patterns().to_vec()),
        ("secrets", grant.secrets.iter().map(ToString::to_string).collect()),
        ("write", grant.write.patterns().to_vec()),
    ];
    lists.retain(|(_, values)| !values.is_empty());
    let mut flags = vec![("ask", grant.ask), ("exec_arguments", grant.exec_arguments), ("protected", grant.protected)];
    flags.retain(|(_, is_granted)| *is_granted);
    if lists.is_empty() && flags.is_empty() {
        return text;
    }
    text.push_str("[skill.grant]\n");
    for (key, values) in lists {
        let values: Vec<String> = values.iter().map(|value| string(value)).collect();
        let _ = writeln!(text, "{key} = [{}]", values.join(", "));
    }
    for (key, _) in flags {
        let _ = writeln!(text, "{key} = true");
    }
    text
}

/// A basic string: JSON's, and what TOML wants escaped beyond it.
fn string(value: &str) -> String {
    serde_json::Value::from(value).to_string().replace('\u{7f}', "\\u007f")
}
