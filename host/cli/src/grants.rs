//! `--grant` flags.

use crate::failure::{Exit, Failure};
use skillhost_core::capability::{Capabilities, Tier};
use skillhost_core::glob::Globs;

/// The grant that repeated `--grant CAPABILITY[=VALUE]` flags give.
pub(crate) fn parse(flags: &[String]) -> Result<Capabilities, Failure> {
    let mut grant = Capabilities::default();
    let (mut read, mut write) = (Vec::new(), Vec::new());
    for flag in flags {
        let wrong = |why: String| {
            Failure::new(Exit::Usage, format!("--grant {flag}: {why}"))
                .hint("read=GLOB, write=GLOB, exec=NAME, model=cheap|standard|capable, exec_arguments, protected, ask")
        };
        match flag.split_once('=') {
            Some(("read", glob)) => read.push(glob),
            Some(("write", glob)) => write.push(glob),
            Some(("exec", name)) => {
                grant.exec.insert(name.parse().map_err(|e| wrong(format!("{e}")))?);
            }
            Some(("model", tier)) => {
                grant.model.insert(Tier::from_word(tier).ok_or_else(|| wrong("there is no such tier".to_owned()))?);
            }
            Some(("http" | "secrets", _)) => return Err(wrong("the network is not offered to skills yet".to_owned())),
            None if flag == "exec_arguments" => grant.exec_arguments = true,
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
    Ok(grant)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn flags_add_up() {
        let flags = ["read=**", "write=src/**", "write=docs/*", "exec=test", "model=cheap", "ask"].map(str::to_owned);
        let grant = parse(&flags).unwrap();
        assert_eq!(grant.write.patterns(), ["src/**", "docs/*"]);
        assert!(grant.ask && !grant.protected && grant.exec.len() == 1 && grant.model.len() == 1);
        assert_eq!(parse(&[]).unwrap(), Capabilities::default());
    }

    #[test]
    fn a_wrong_flag_is_a_usage_error() {
        for flag in ["everything", "read", "read=/etc/**", "exec=a b", "model=best", "http=https://x", "write=../x"] {
            assert_eq!(parse(&[flag.to_owned()]).unwrap_err().exit, Exit::Usage, "{flag}");
        }
    }
}
