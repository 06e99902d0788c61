//! Paths as a model writes them, made into paths that the host takes.

/// A path relative to the worktree's root: `/repo/`, `./`, doubled slashes and inner `..` are taken out. Says what is wrong with
/// a path that leaves the worktree. The host checks again; this is for a better message.
pub fn clean(path: &str) -> Result<String, String> {
    let path = path.trim();
    let relative = match path.strip_prefix("/repo") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ if path.starts_with('/') => {
            return Err(format!("{path} is absolute: name files relative to the repository's root"));
        }
        _ => path,
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or_else(|| format!("{path} leaves the repository"))?;
            }
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::clean;

    #[test]
    fn spellings_of_one_path_become_one() {
        for path in ["src/a.rs", "./src/a.rs", "/repo/src/a.rs", "src//a.rs", "src/b/../a.rs", " src/a.rs "] {
            assert_eq!(clean(path).unwrap(), "src/a.rs", "{path}");
        }
        assert_eq!(clean("/repo").unwrap(), "");
        assert_eq!(clean(".").unwrap(), "");
    }

    #[test]
    fn a_path_that_leaves_the_repository_is_refused() {
        for path in ["../x", "a/../../x", "/etc/passwd", "/repository/x"] {
            assert!(clean(path).is_err(), "{path}");
        }
    }
}
