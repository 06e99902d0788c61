//! {{name}}: functions that others call with JSON. `skillhost build` writes the `[[tool]]` entries of `skill.toml` from their types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillhost_sdk::{Error, Host, read_error};

#[derive(Deserialize, JsonSchema)]
struct CountLines {
    /// Relative to the worktree's root.
    path: String,
}

#[derive(Serialize, JsonSchema)]
struct Lines {
    lines: usize,
}

fn count_lines(host: &dyn Host, CountLines { path }: CountLines) -> Result<Lines, Error> {
    let bytes = host.load(&path).map_err(|e| read_error(&path, &e))?;
    let lines = String::from_utf8_lossy(&bytes).lines().count();
    Ok(Lines { lines })
}

skillhost_sdk::export_tools! {
    /// Says how many lines a file has.
    #[read_only]
    "count-lines" => count_lines,
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    #[test]
    fn lines_are_counted() {
        let host = mock::Host::new().file("a.txt", "one\ntwo\n");
        let counted = count_lines(&host, CountLines { path: "a.txt".to_owned() }).unwrap();
        assert_eq!(counted.lines, 2);
    }
}
