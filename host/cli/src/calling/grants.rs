//! `--grant` flags.

use crate::failure::{Exit, Failure};
use skillhost_core::capability::{Capabilities, Tier};
use skillhost_core::glob::Globs;
use skillhost_core::kind::Kind;
use skillhost_core::name::NameError;
use skillhost_core::project::Project;
use skillhost_core::urls::Urls;

/// The grant that repeated `--grant CAPABILITY[=VALUE]` flags give.
pub(crate) fn parse(flags: &[String]) -> Result<Capabilities, Failure> {
    let mut grant = Capabilities::default();
    let (mut read, mut write, mut http) = (Vec::new(), Vec::new(), Vec::new());
    for flag in flags {
        let wrong = |why: String| {
            Failure::new(Exit::Usage, format!("--grant {flag}: {why}"))
                .hint("read=GLOB, write=GLOB, model=cheap|standard|capable, http=URL, secrets=NAME, protected, ask")
        };
        match flag.split_once('=') {
            Some(("read", glob)) => read.push(glob),
            Some(("write", glob)) => write.push(glob),
            Some(("model", tier)) => {
                grant.model.insert(Tier::from_word(tier).ok_or_else(|| wrong("there is no such tier".to_owned()))?);
            }
            // Over a directory that may be somebody's own, with its .git in it, a command could plant what git runs later.
            Some(("exec" | "exec_arguments", _)) => return Err(run_only(flag)),
            None if flag == "exec_arguments" => return Err(run_only(flag)),
            Some(("http", url)) => http.push(url),
            Some(("secrets", name)) => {
                let name = name.parse().map_err(|e: NameError| wrong(e.to_string()))?;
                grant.secrets.insert(name);
            }
            None if flag == "protected" => grant.protected = true,
            None if flag == "ask" => grant.ask = true,
            _ => return Err(wrong("there is no such capability".to_owned())),
        }
    }
    let globs = |name: &str, patterns: &[&str]| {
        Globs::parse(patterns).map_err(|e| Failure::new(Exit::Usage, format!("--grant {name}: {e}")))
    };
    grant.read = globs("read", &read)?;
    grant.write = globs("write", &write)?;
    grant.http = Urls::parse(http).map_err(|e| Failure::new(Exit::Usage, format!("--grant http: {e}")))?;
    Ok(grant)
}

fn run_only(flag: &str) -> Failure {
    Failure::new(Exit::Usage, format!("--grant {flag}: a call runs no commands"))
        .hint("skillhost run runs a project's commands, in a worktree of the run's own")
}

/// What a built-in skill of `kind` may do in a call: what the project grants to its kind as far as that changes
/// nothing, since a call works on the directory itself, and what the flags say.
pub(crate) fn of_builtin(project: &Project, kind: Kind, flags: Capabilities) -> Capabilities {
    let granted = project.grant(kind);
    let read = granted.read.patterns().iter().chain(flags.read.patterns());
    Capabilities {
        // Both were parsed before.
        read: Globs::parse(read).unwrap_or_default(),
        model: granted.model.union(&flags.model).copied().collect(),
        ask: granted.ask || flags.ask,
        ..flags
    }
}

/// The flags of a call that give this grant, each ready for a shell. What only a run has is not among them.
pub(crate) fn flags(grant: &Capabilities) -> Vec<String> {
    let words = lists(grant).into_iter().filter(|(name, _)| *name != "exec");
    let words = words.flat_map(|(name, values)| values.into_iter().map(move |value| format!("{name}={value}")));
    let whole = wholes(grant).into_iter().filter(|name| *name != "exec_arguments").map(str::to_owned);
    words.chain(whole).map(|word| format!("--grant {}", shell(&word))).collect()
}

/// This grant as a table of a lock's entry.
pub(crate) fn table(grant: &Capabilities) -> String {
    let lists = lists(grant).into_iter().filter(|(_, values)| !values.is_empty());
    let lists = lists.map(|(name, values)| format!("{name} = {}\n", toml_list(&values)));
    let wholes = wholes(grant).into_iter().map(|name| format!("{name} = true\n"));
    std::iter::once("[skill.grant]\n".to_owned()).chain(lists).chain(wholes).collect()
}

/// This grant as a table of a project's configuration. Each key stands there, since what is absent has a default.
pub(crate) fn project_table(kind: Kind, grant: &Capabilities) -> String {
    // Requests and secrets are granted by the lock alone.
    let lists = lists(grant).into_iter().filter(|(name, _)| !matches!(*name, "http" | "secrets"));
    let lists = lists.map(|(name, values)| format!("{name} = {}\n", toml_list(&values)));
    let granted = wholes(grant);
    let wholes = ["exec_arguments", "protected", "ask"];
    let wholes = wholes.into_iter().map(|name| format!("{name} = {}\n", granted.contains(&name)));
    std::iter::once(format!("[grants.{kind}]\n")).chain(lists).chain(wholes).collect()
}

/// A list of basic strings, which take what JSON takes.
fn toml_list(values: &[String]) -> String {
    let quoted: Vec<String> = values.iter().map(|it| serde_json::Value::from(it.as_str()).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

fn lists(grant: &Capabilities) -> [(&'static str, Vec<String>); 6] {
    let texts = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>();
    [
        ("read", grant.read.patterns().to_vec()),
        ("write", grant.write.patterns().to_vec()),
        ("exec", texts(&mut grant.exec.iter().map(ToString::to_string))),
        ("model", texts(&mut grant.model.iter().map(ToString::to_string))),
        ("http", texts(&mut grant.http.patterns().iter().map(ToString::to_string))),
        ("secrets", texts(&mut grant.secrets.iter().map(ToString::to_string))),
    ]
}

/// What is granted as a whole.
fn wholes(grant: &Capabilities) -> Vec<&'static str> {
    let all = [("exec_arguments", grant.exec_arguments), ("protected", grant.protected), ("ask", grant.ask)];
    all.into_iter().filter(|(_, is_granted)| *is_granted).map(|(name, _)| name).collect()
}

/// One word of a shell, in quotes where it needs them.
fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "=_-./:,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn flags_add_up() {
        let flags = ["read=**", "write=src/**", "write=docs/*", "model=cheap", "ask"].map(str::to_owned);
        let grant = parse(&flags).unwrap();
        let web = ["http=https://a.example/*", "http=https://b.example/v1/*", "secrets=TOKEN"].map(str::to_owned);
        let web = parse(&web).unwrap();
        assert_eq!((web.http.patterns().len(), web.secrets.len()), (2, 1));
        assert_eq!(grant.write.patterns(), ["src/**", "docs/*"]);
        assert!(grant.ask && !grant.protected && grant.exec.is_empty() && grant.model.len() == 1);
        assert_eq!(parse(&[]).unwrap(), Capabilities::default());
    }

    #[test]
    fn a_grant_is_written_as_flags_and_as_a_table() {
        let text = r#"read = ["src/**", "it's \\[x\\]"]
exec = ["test"]
model = ["cheap"]
http = ["https://a.example/v1/*"]
secrets = ["TOKEN"]
ask = true
"#;
        let lock = |grant: &str| {
            let digest = skillhost_core::digest::Digest::of(b"x");
            let entry = format!(
                "version = 1\n[[skill]]\nname = \"x\"\nversion = \"1.0.0\"\nsource = \"file:x\"\ndigest = \"{digest}\"\n{grant}"
            );
            skillhost_core::lock::Lock::parse("x", &entry).unwrap().skills[0].grant.clone()
        };
        let grant = lock(&format!("[skill.grant]\n{text}"));
        assert_eq!(table(&grant), format!("[skill.grant]\n{text}"));
        let flags = flags(&grant);
        let expected = [
            "--grant 'read=src/**'",
            r"--grant 'read=it'\''s \[x\]'",
            "--grant model=cheap",
            "--grant 'http=https://a.example/v1/*'",
            "--grant secrets=TOKEN",
            "--grant ask",
        ];
        assert_eq!(flags, expected);
    }

    #[test]
    fn a_wrong_flag_is_a_usage_error() {
        for flag in [
            "everything",
            "read",
            "read=/etc/**",
            "exec=test",
            "exec_arguments",
            "exec_arguments=true",
            "model=best",
            "http=https://x",
            "http=api.example.com/*",
            "secrets=a b",
            "secrets",
            "write=../x",
        ] {
            assert_eq!(parse(&[flag.to_owned()]).unwrap_err().exit, Exit::Usage, "{flag}");
        }
    }

    #[test]
    fn a_built_in_skill_changes_nothing_by_default() {
        let project = Project::parse("x", "[grants.implement]\nread = [\"src/**\"]\nprotected = true\n").unwrap();
        let grant = of_builtin(&project, Kind::Implement, parse(&[]).unwrap());
        assert_eq!((grant.read.patterns(), grant.model.len()), (&["src/**".to_owned()][..], Tier::ALL.len()));
        assert!(grant.write.is_empty() && !grant.protected && grant.exec.is_empty());
        let flags = parse(&["read=docs/**".to_owned(), "write=docs/**".to_owned()]).unwrap();
        let grant = of_builtin(&project, Kind::Implement, flags);
        assert_eq!((grant.read.patterns().len(), grant.write.patterns().len()), (2, 1));
        assert!(of_builtin(&project, Kind::Verify, Capabilities::default()).model.is_empty());
    }
}
