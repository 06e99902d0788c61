//! What a manifest depends on: names and what is asked of them, for the package managers that are common.
//!
//! No parser of TOML or of Python: what is laid out as the tools lay it out is read.

use std::collections::BTreeMap;

use super::line::name;

/// A package manager: the manifests that people write, and the files that it locks versions in.
pub(super) struct Manager {
    pub(super) manifests: &'static [&'static str],
    pub(super) locks: &'static [&'static str],
}

pub(super) const MANAGERS: &[Manager] = &[
    Manager { manifests: &["Cargo.toml"], locks: &["Cargo.lock"] },
    Manager {
        manifests: &["package.json"],
        locks: &["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"],
    },
    Manager { manifests: &["pyproject.toml"], locks: &["poetry.lock", "uv.lock", "pdm.lock"] },
    Manager { manifests: &["Pipfile"], locks: &["Pipfile.lock"] },
    Manager { manifests: &["go.mod"], locks: &["go.sum"] },
    Manager { manifests: &["Gemfile"], locks: &["Gemfile.lock"] },
    Manager { manifests: &["composer.json"], locks: &["composer.lock"] },
];

/// Dependencies by name, each with what is asked of it; none where the file is no manifest.
pub(super) fn dependencies(path: &str, text: &str) -> Option<BTreeMap<String, String>> {
    let name = name(path);
    Some(match name {
        "Cargo.toml" => toml(text, |section| section.ends_with("dependencies")),
        "pyproject.toml" => {
            let mut found =
                toml(text, |section| section.starts_with("tool.poetry") && section.ends_with("dependencies"));
            found.extend(python_lists(text));
            found.remove("python");
            found
        }
        "Pipfile" => toml(text, |section| section.ends_with("packages")),
        "package.json" => json(text, &["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"]),
        "composer.json" => json(text, &["require", "require-dev"]),
        "go.mod" => go(text),
        "Gemfile" => text.lines().filter_map(gem).collect(),
        _ if name.starts_with("requirements") && name.ends_with(".txt") => {
            text.lines().filter_map(requirement).collect()
        }
        _ => return None,
    })
}

/// `name = …` in the sections that are wanted, and sections that are a dependency themselves.
fn toml(text: &str, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            inside = wanted(title);
            if let Some((_, name)) = title.rsplit_once('.').filter(|(section, _)| wanted(section)) {
                found.insert(unquoted(name), String::new());
            }
        } else if let Some((key, value)) = line.split_once('=').filter(|_| inside && !line.starts_with('#')) {
            let key = key.trim().split('.').next().unwrap_or_default();
            let is_name = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '"'));
            if is_name {
                found.insert(unquoted(key), value.trim().to_owned());
            }
        }
    }
    found
}

/// The strings of `dependencies = [ … ]` and of `[project.optional-dependencies]`.
fn python_lists(text: &str) -> BTreeMap<String, String> {
    let (mut found, mut section, mut inside) = (BTreeMap::new(), "", false);
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') && line.ends_with(']') && !line.contains('"') && !inside {
            section = line;
            continue;
        }
        let of_section =
            matches!(section, "[project.optional-dependencies]" | "[dependency-groups]") && line.contains("= [");
        let begins = of_section || (section == "[project]" && line.starts_with("dependencies"));
        inside |= begins && line.contains('[');
        if inside {
            let listed = line.split_once('[').filter(|_| begins).map_or(line, |(_, rest)| rest);
            found.extend(listed.split('"').skip(1).step_by(2).filter_map(requirement));
            // `"name[extra]"` has a bracket of its own.
            inside = !(line.ends_with(']') || line == "],");
        }
    }
    found
}

fn json(text: &str, fields: &[&str]) -> BTreeMap<String, String> {
    let manifest: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let of_field = |field: &&str| manifest[*field].as_object().cloned().unwrap_or_default();
    fields.iter().flat_map(of_field).map(|(name, version)| (name, version.to_string())).collect()
}

fn go(text: &str) -> BTreeMap<String, String> {
    let mut inside = false;
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let one = line.strip_prefix("require ").filter(|rest| !rest.starts_with('('));
        if line.starts_with("require (") {
            inside = true;
        } else if line == ")" {
            inside = false;
        } else if let Some(line) = one.or(inside.then_some(line)).filter(|line| !line.ends_with("// indirect")) {
            let mut words = line.split_whitespace();
            if let Some((module, version)) = words.next().zip(words.next()) {
                found.insert(module.to_owned(), version.to_owned());
            }
        }
    }
    found
}

fn gem(line: &str) -> Option<(String, String)> {
    let rest = line.trim().strip_prefix("gem ")?.trim_start();
    let mark = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, rest) = rest[1..].split_once(mark)?;
    Some((name.to_owned(), rest.to_owned()))
}

/// `requests[socks]>=2.0 ; python_version < "3.9"`, without options and comments.
fn requirement(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let end = line.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let is_name = name.starts_with(char::is_alphanumeric);
    is_name.then(|| (name.to_lowercase(), rest.to_owned()))
}

fn unquoted(name: &str) -> String {
    name.trim().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::dependencies;

    #[test]
    fn manifests_name_what_they_depend_on() {
        let cases = [
            (
                "Cargo.toml",
                "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\nlog.workspace = true\n[dependencies.rand]\nversion = \"0.9\"\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n[features]\na = []\n",
                vec!["libc", "log", "rand", "serde"],
            ),
            (
                "web/package.json",
                r#"{"name": "x", "dependencies": {"left-pad": "1"}, "devDependencies": {"vitest": "3"}}"#,
                vec!["left-pad", "vitest"],
            ),
            (
                "pyproject.toml",
                "[project]\nname = \"x\"\ndependencies = [\n  \"requests[socks]>=2\",\n  \"rich\",\n]\n[project.optional-dependencies]\ndev = [\"pytest\"]\n[tool.ruff]\nline-length = 100\n",
                vec!["pytest", "requests", "rich"],
            ),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.12\"\nhttpx = \"*\"\n", vec!["httpx"]),
            ("requirements-dev.txt", "# tools\n-r base.txt\npytest==8\nDjango>=5\n", vec!["django", "pytest"]),
            (
                "go.mod",
                "module x\n\nrequire (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d v1.0.0 // indirect\n)\nrequire example.com/e v2.0.0\n",
                vec!["example.com/e", "github.com/a/b"],
            ),
            ("Gemfile", "source 'x'\ngem 'rails', '~> 8'\n", vec!["rails"]),
        ];
        for (path, text, names) in cases {
            let found: Vec<String> = dependencies(path, text).unwrap().into_keys().collect();
            assert_eq!(found, names, "{path}");
        }
        assert_eq!(dependencies("src/a.rs", "serde = 1"), None);
        assert!(dependencies("package.json", "{not json").unwrap().is_empty());
    }
}
