//! `package.json`: the scripts that a project has, and the package manager that installs for them.

use super::Files;
use super::ecosystem::{Implied, found, with_hosts};
use serde_json::Value;

/// What `npm init` writes where there are no tests.
const NO_TESTS: &str = "no test specified";

/// A package manager: its lock files, and how it installs exactly what they say.
struct Manager {
    name: &'static str,
    locks: &'static [&'static str],
    install: &'static [&'static str],
}

const MANAGERS: &[Manager] = &[
    Manager { name: "pnpm", locks: &["pnpm-lock.yaml"], install: &["pnpm", "install", "--frozen-lockfile"] },
    Manager { name: "yarn", locks: &["yarn.lock"], install: &["yarn", "install", "--frozen-lockfile"] },
    Manager { name: "bun", locks: &["bun.lock", "bun.lockb"], install: &["bun", "install", "--frozen-lockfile"] },
    Manager { name: "npm", locks: &["package-lock.json", "npm-shrinkwrap.json"], install: &["npm", "ci"] },
];

pub(super) fn detect(files: &Files<'_>) -> Option<Implied> {
    let package: Value = serde_json::from_str(&files.text("package.json")?).ok()?;
    let manager = manager(files, &package);
    let name = manager.map_or("npm", |manager| manager.name);
    let mut implied = Implied::default();
    let script = |name: &str| package["scripts"][name].as_str().map(str::trim).filter(|script| !script.is_empty());

    if let Some(test) = script("test").filter(|test| !test.contains(NO_TESTS)) {
        let origin = format!("package.json: {}", skillhost_core::text::escape_terminal(test, 100));
        // `bun test` is bun's own runner, not the script.
        let run: &[&str] = if name == "bun" { &["bun", "run", "test"] } else { &[name, "test"] };
        implied.gates.extend(found("test", run, &origin));
    } else if has_node_tests(files) {
        implied.gates.extend(found("test", &["node", "--test"], "test files, and no script for them"));
    }
    for other in ["lint", "typecheck", "build"] {
        if let Some(text) = script(other) {
            let origin = format!("package.json: {}", skillhost_core::text::escape_terminal(text, 100));
            implied.others.extend(found(other, &[name, "run", other], &origin));
        }
    }

    let depends = ["dependencies", "devDependencies", "optionalDependencies"]
        .iter()
        .any(|key| package[*key].as_object().is_some_and(|list| !list.is_empty()))
        || !package["workspaces"].is_null();
    if depends {
        implied.setup = match manager.map(|manager| (manager, lock(files, manager))) {
            Some((manager, Some(lock))) => {
                let berry = manager.name == "yarn" && files.has(".yarnrc.yml");
                let install: &[&str] = if berry { &["yarn", "install", "--immutable"] } else { manager.install };
                with_hosts(found("setup", install, lock), files.text(lock))
            }
            _ => found("setup", &[name, "install"], "package.json has dependencies, and no lock file"),
        };
        if implied.setup.as_ref().is_some_and(|setup| setup.hosts.is_empty()) {
            implied.notes.push(
                "the hosts that packages come from could not be told: name them in [commands.setup] network".to_owned(),
            );
        }
    }
    Some(implied)
}

/// The manager that `packageManager` names, or whose lock file there is.
fn manager(files: &Files<'_>, package: &Value) -> Option<&'static Manager> {
    let named = package["packageManager"].as_str().and_then(|text| text.split('@').next());
    let by_name = named.and_then(|name| MANAGERS.iter().find(|manager| manager.name == name));
    by_name.or_else(|| MANAGERS.iter().find(|manager| lock(files, manager).is_some()))
}

fn lock(files: &Files<'_>, manager: &Manager) -> Option<&'static str> {
    manager.locks.iter().copied().find(|lock| files.has(lock))
}

/// Whether there are files that node's own runner finds.
fn has_node_tests(files: &Files<'_>) -> bool {
    files.paths.iter().take(20_000).any(|path| {
        let name = path.name().unwrap_or_default();
        let script = [".js", ".mjs", ".cjs"].iter().find_map(|ending| name.strip_suffix(ending));
        let in_folder = path.components().next() == Some("test");
        let vendored = path.components().any(|component| component == "node_modules");
        !vendored
            && script
                .is_some_and(|stem| in_folder || stem == "test" || stem.ends_with(".test") || stem.ends_with("-test"))
    })
}
