//! What a skill asks for, in plain words: most dangerous first, with the exact paths and hosts, and with what could go
//! wrong. The texts are the skill's; whoever prints them escapes them.

use skillhost_core::capability::Capabilities;
use skillhost_core::name::SecretName;
use skillhost_core::permission::Permission;
use skillhost_core::urls::UrlPattern;

/// One capability in words.
struct Words {
    mark: char,
    verb: &'static str,
    what: String,
    /// What it means, and what could go wrong.
    meaning: &'static str,
}

/// Width of the column of verbs.
const VERB_CHARS: usize = 13;

/// What a list of permissions comes to: a line or two for each capability. `!` marks what can change or send something.
pub(crate) fn lines(asked: &Capabilities) -> Vec<String> {
    let all = asked.permissions();
    let mut lines = Vec::new();
    for of_one in all.chunk_by(|one, other| one.capability() == other.capability()) {
        let Words { mark, verb, what, meaning } = words(of_one);
        lines.push(format!("  {mark} {verb:<VERB_CHARS$} {what}"));
        if !meaning.is_empty() {
            lines.push(format!("    {:<VERB_CHARS$} {meaning}", ""));
        }
    }
    lines
}

/// One permission, as it is asked for or compared: `change files   src/**`.
pub(crate) fn line(permission: &Permission) -> String {
    let Words { verb, what, .. } = words(std::slice::from_ref(permission));
    format!("{verb:<VERB_CHARS$} {what}")
}

fn words(of_one: &[Permission]) -> Words {
    let values: Vec<String> = of_one.iter().filter_map(Permission::value).collect();
    let list = values.join(", ");
    let everything = values.iter().any(|value| value == "**" || value == "**/*");
    let (mark, verb, what, meaning) = match &of_one[0] {
        Permission::Protected => (
            '!',
            "change rules",
            "paths under [protect]".to_owned(),
            "CI files and AGENTS.md: what runs elsewhere, and what agents are told",
        ),
        Permission::Write(_) => {
            let what = if everything { format!("{list} (everything)") } else { list };
            ('!', "change files", what, "in agents' worktrees; your tools may run what it writes")
        }
        Permission::Http(_) => ('!', "reach", list, "it can send there whatever it may read"),
        Permission::Secret(_) => ('!', "use secrets", list, "only where your config.toml lets each of them go"),
        Permission::ExecArguments => (
            '!',
            "add arguments",
            "to the commands that it may run".to_owned(),
            "an argument can make a command do something else",
        ),
        Permission::Exec(_) => (' ', "run", list, "as your project declares it, in the command sandbox"),
        Permission::Model(_) => (' ', "call models", list, "costs money; what it reads goes to your provider"),
        Permission::Read(_) if everything => (' ', "read files", "everything in the worktree".to_owned(), ""),
        Permission::Read(_) => (' ', "read files", list, ""),
        Permission::Ask => (' ', "ask you", "questions".to_owned(), ""),
    };
    Words { mark, verb, what, meaning }
}

/// What permissions allow together that none of them allows alone.
pub(crate) fn together(granted: &Capabilities) -> Vec<String> {
    if granted.http.is_empty() {
        return Vec::new();
    }
    let hosts = hosts(granted.http.patterns());
    let read =
        if granted.read.patterns().iter().any(|glob| glob == "**" || glob == "**/*") { "everything" } else { "files" };
    let mut lines = Vec::new();
    if !granted.read.is_empty() {
        lines.push(format!("Together, reading {read} and reaching {hosts} let it send your source there."));
    }
    if !granted.secrets.is_empty() {
        let names: Vec<&str> = granted.secrets.iter().map(SecretName::as_str).collect();
        let secrets = if names.len() == 1 { "the secret" } else { "the secrets" };
        lines.push(format!("Together, reaching {hosts} and {secrets} {} let it act there as you.", names.join(", ")));
    }
    if !granted.write.is_empty() {
        lines
            .push(format!("Together, reaching {hosts} and changing files let what comes from there into your source."));
    }
    lines
}

/// Each host once, as the patterns name it.
fn hosts(patterns: &[UrlPattern]) -> String {
    let host = |url: &UrlPattern| {
        let text = url.to_string();
        text.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned()
    };
    let mut hosts: Vec<String> = patterns.iter().map(host).collect();
    hosts.dedup();
    hosts.join(", ")
}

/// One word of a shell, quoted where it has to be.
pub(crate) fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Flags that grant these, as a command line has them.
pub(crate) fn flags<'a>(permissions: impl IntoIterator<Item = &'a Permission>) -> String {
    permissions.into_iter().map(|one| format!(" --grant {}", shell(&one.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(texts: &[&str]) -> Capabilities {
        Capabilities::of(texts.iter().map(|text| text.parse().unwrap())).unwrap()
    }

    #[test]
    fn the_gravest_comes_first_with_its_paths_and_hosts() {
        let asked =
            of(&["read=**", "exec=test", "write=src/**", "write=LICENSES/**", "http=https://api.example.com/v1/*"]);
        assert_eq!(
            lines(&asked),
            [
                "  ! change files  LICENSES/**, src/**",
                "                  in agents' worktrees; your tools may run what it writes",
                "  ! reach         https://api.example.com/v1/*",
                "                  it can send there whatever it may read",
                "    run           test",
                "                  as your project declares it, in the command sandbox",
                "    read files    everything in the worktree",
            ]
        );
        assert_eq!(
            together(&asked)[0],
            "Together, reading everything and reaching api.example.com let it send your source there."
        );
        assert_eq!(together(&asked).len(), 2);
        for harmless in [&["read=**", "write=**"][..], &["http=https://a.example/*"], &["secrets=A", "read=a"], &[]] {
            assert!(together(&of(harmless)).is_empty(), "{harmless:?}");
        }
    }

    #[test]
    fn every_permission_has_words_and_a_flag_that_gives_it_back() {
        let all = of(&[
            "protected",
            "write=it's",
            "http=https://a.example/*",
            "secrets=A",
            "exec_arguments",
            "exec=a:b",
            "model=cheap",
            "read=a b",
            "ask",
        ]);
        assert!(lines(&all).len() >= 9);
        let flags = flags(&all.permissions());
        assert!(flags.contains(r" --grant 'write=it'\''s'") && flags.contains(" --grant exec=a:b --grant"), "{flags}");
    }
}
