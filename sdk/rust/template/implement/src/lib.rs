//! {{name}}: makes the change in the worktree. The host commits what it wrote, runs the gates, and believes nothing else.

use skillhost_sdk::{Brief, Error, Host, Implement, Summary, read_error, write_error};
use std::io::ErrorKind;

/// Where it writes; `skill.toml` asks for no other file.
const LIST: &str = "CHANGES.md";

struct Skill;

impl Implement for Skill {
    fn implement(host: &dyn Host, brief: Brief) -> Result<Summary, Error> {
        let mut text = match host.load(LIST) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == ErrorKind::NotFound => "# Changes\n".to_owned(),
            Err(e) => return Err(read_error(LIST, &e)),
        };
        let line = format!("- {}\n", brief.goal);
        if !text.contains(&line) {
            text += &line;
            host.write(LIST, text.as_bytes()).map_err(|e| write_error(LIST, &e))?;
        }
        Ok(Summary {
            title: "List the change".to_owned(),
            what: format!("{LIST} names the goal."),
            why: brief.goal,
            breaking: Vec::new(),
            rollback: "Revert the commit.".to_owned(),
            unfinished: Vec::new(),
            answers: Vec::new(),
        })
    }
}

skillhost_sdk::export_implement!(Skill);

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    #[test]
    fn the_goal_is_listed_once() {
        let host = mock::Host::new();
        for _ in 0..2 {
            Skill::implement(&host, mock::brief("Greet everybody")).unwrap();
        }
        assert_eq!(host.text(LIST).unwrap(), "# Changes\n- Greet everybody\n");
    }
}
