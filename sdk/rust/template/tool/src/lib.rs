//! {{name}}: named operations with JSON arguments. `skill.toml` declares each of them under `[[tool]]`.

use serde_json::{Value, json};
use skillhost_sdk::{Error, Host, Tool, read_error};

struct Skill;

impl Tool for Skill {
    fn call(host: &dyn Host, name: String, arguments: String) -> Result<String, Error> {
        let arguments: Value = serde_json::from_str(&arguments).map_err(|e| Error::Invalid(e.to_string()))?;
        match name.as_str() {
            "count-lines" => count_lines(host, arguments["path"].as_str().unwrap_or_default()),
            other => Err(Error::Invalid(format!("there is no tool {other}"))),
        }
    }
}

fn count_lines(host: &dyn Host, path: &str) -> Result<String, Error> {
    let bytes = host.load(path).map_err(|e| read_error(path, &e))?;
    let lines = String::from_utf8_lossy(&bytes).lines().count();
    Ok(json!({ "lines": lines }).to_string())
}

skillhost_sdk::export_tool!(Skill);

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    #[test]
    fn lines_are_counted() {
        let host = mock::Host::new().file("a.txt", "one\ntwo\n");
        let answer = Skill::call(&host, "count-lines".to_owned(), r#"{"path":"a.txt"}"#.to_owned());
        assert_eq!(answer, Ok(r#"{"lines":2}"#.to_owned()));
    }
}
