//! The main job on packages that nobody here wrote: one each from npm, PyPI and cargo's registry.
//!
//! Each is fetched by name with its registry's own client, becomes a repository, and is configured by `init` alone. Its
//! own suite is the gate: it passes with a sound change and stops a wrong one. All of them ship their tests and need
//! nothing but the toolchain to run them. Only their names and versions stand here.

use crate::registries::Registry;
use crate::scripts::Script;
use crate::support::{Ran, World};
use serde_json::{Value, json};
use std::fs;

/// A package, and a change that its own tests can judge.
struct Package {
    name: &'static str,
    version: &'static str,
    registry: Registry,
    /// What `init` has to find.
    test: &'static [&'static str],
    goal: &'static str,
    file: &'static str,
    /// Texts and what stands there afterwards.
    edits: &'static [(&'static str, &'static str)],
    /// What makes the same edits wrong.
    slip: (&'static str, &'static str),
}

/// Small, without dependencies, and its tests are plain programs that serve HTTP and TLS on loopback and call
/// themselves.
const HTTPOLYGLOT: Package = Package {
    name: "httpolyglot",
    version: "0.1.2",
    registry: Registry::Npm,
    test: &["npm", "test"],
    goal: "Name the check that tells TLS from plain HTTP",
    file: "lib/index.js",
    edits: &[
        (
            "function onError(err) {}\n",
            "function onError(err) {}\n\n// TLS begins with a byte that no plain request begins with.\n\
             function isTls(firstByte) {\n  return firstByte < 32 || firstByte >= 127;\n}\n",
        ),
        (
            "      if (firstByte < 32 || firstByte >= 127) {\n        // tls/ssl\n        this._tlsHandler(socket);\n",
            "      if (isTls(firstByte)) {\n        this._tlsHandler(socket);\n",
        ),
    ],
    slip: ("firstByte < 32 || firstByte >= 127", "firstByte >= 32 && firstByte < 127"),
};

/// One module and hundreds of `unittest` cases for the standard library alone. Older versions don't run on every
/// Python that is in use.
const BOTTLE: Package = Package {
    name: "bottle",
    version: "0.13.4",
    registry: Registry::Pypi,
    test: &["python3", "-m", "unittest", "discover", "-s", "test", "-t", "."],
    goal: "Escape HTML with a table",
    file: "bottle.py",
    edits: &[(
        r#"    return string.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')\
                 .replace('"', '&quot;').replace("'", '&#039;')
"#,
        r#"    return string.translate(_html_escapes)


_html_escapes = str.maketrans({'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#039;'})
"#,
    )],
    slip: ("'<': '&lt;'", "'<': '<'"),
};

/// No dependencies, not even for its tests, and tests in the source as well as in its documentation.
const SHLEX: Package = Package {
    name: "shlex",
    version: "1.3.0",
    registry: Registry::Cargo,
    test: &["cargo", "test", "--offline"],
    goal: "Count words without keeping them",
    file: "src/lib.rs",
    edits: &[(
        "    let mut shl = Shlex::new(in_str);\n    let res = shl.by_ref().collect();\n    \
         if shl.had_error { None } else { Some(res) }\n}\n",
        "    let mut words = Shlex::new(in_str);\n    let res = words.by_ref().collect();\n    \
         if words.had_error { None } else { Some(res) }\n}\n\n\
         /// Counts the words that [`split`] gives.\n///\n/// ```\n\
         /// assert_eq!(shlex::count(\"a 'b c'\"), Some(2));\n/// ```\n\
         pub fn count(in_str: &str) -> Option<usize> {\n    let mut words = Shlex::new(in_str);\n    \
         let number = words.by_ref().count();\n    if words.had_error { None } else { Some(number) }\n}\n",
    )],
    slip: ("if words.had_error { None } else { Some(res) }", "if words.had_error { Some(res) } else { None }"),
};

/// The sections that a project without a word about them asks for.
pub const SECTIONS: [&str; 10] = [
    "Problem",
    "Modules",
    "Data model",
    "Routes",
    "Events",
    "Access control",
    "Edge cases",
    "Failure modes",
    "Risks",
    "Acceptance",
];

#[test]
fn a_package_from_npm_that_listens_on_loopback() {
    let world = repository(&HTTPOLYGLOT);
    let test = fs::read_to_string(world.repo().join("test/test-normal.js")).unwrap();
    assert!(test.contains("listen(0, '127.0.0.1'"), "the suite does not listen any more: {test}");
    passes(&HTTPOLYGLOT, &world);
    fails(&HTTPOLYGLOT, &world);
}

#[test]
fn a_package_from_pypi() {
    let world = repository(&BOTTLE);
    assert!(passes(&BOTTLE, &world)["tests"].as_u64() > Some(300));
    fails(&BOTTLE, &world);
}

#[test]
fn a_crate() {
    let world = repository(&SHLEX);
    // Ten unit tests, the documentation's own example, and the new one.
    assert_eq!(passes(&SHLEX, &world)["tests"], 12);
    fails(&SHLEX, &world);
}

/// A repository of the package, with what `init` wrote committed.
fn repository(package: &Package) -> World {
    let world = World::bare();
    package.registry.fetch(package.name, package.version, &world.repo());
    world.git(&["init", "--quiet", "--initial-branch=main"]);
    world.commit(&[]);

    let init = world.run(&["init"]);
    assert_eq!(init.code, Some(0), "{init:#?}");
    let text = config(&world);
    let found = format!("[commands.test]\nrun = {:?}\ntimeout = \"10m\"\nnetwork = \"none\"\n", package.test);
    assert!(text.contains(&found), "{found}\n{text}");
    assert!(text.contains("[verify]\ncommands = [\"test\"]\n") && !text.contains("[commands.setup]"), "{text}");
    world.commit(&[]);
    world
}

/// The sound change: the suite passes in the author's sandbox and as the gate. Gives the gate's evidence.
fn passes(package: &Package, world: &World) -> Value {
    let before = world.footprint();
    let script = specified(package);
    let script = edits(package, script, |new| new.to_owned());
    let script = script.calls("implement", 1, "run", &json!({"name": "test", "arguments": []}));
    let ran = world.goal(package.goal, &finished(package, script, Some("test")).text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);

    let (run, request) = left(&ran);
    assert_eq!((&run["state"], &run["sandbox"]), (&json!("ready"), &json!("full")), "{run:#}");
    assert!(request.contains("passed, exit 0") && !request.contains("Draft:"), "{request}");
    let gate = gate(package, &run, 0);
    let changed = world.git(&["show", &format!("{}:{}", run["branch"].as_str().unwrap(), package.file)]);
    assert!(package.edits.iter().all(|(_, new)| changed.contains(new)), "{changed}");
    gate
}

/// The wrong change. Its author may not run the tests, so nothing but the host's gate can find out.
fn fails(package: &Package, world: &World) {
    let text = config(world);
    assert!(text.contains("rounds = 3"), "{text}");
    let text = text.replace("rounds = 3", "rounds = 1") + "\n[grants.implement]\nexec = []\n";
    world.commit(&[("skillhost.toml", &text)]);
    let before = world.footprint();
    let script = edits(package, specified(package), |new| new.replace(package.slip.0, package.slip.1));
    let ran = world.goal(package.goal, &finished(package, script, None).text(), &[]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert_eq!(world.footprint(), before);

    let (run, request) = left(&ran);
    assert_eq!((&run["state"], &run["exit_code"]), (&json!("draft"), &json!(1)), "{run:#}");
    let gate = gate(package, &run, if package.registry == Registry::Cargo { 101 } else { 1 });
    let row = format!("| test | `{}` | failed, {}", package.test.join(" "), gate["exit"].as_str().unwrap());
    assert!(request.contains("> Draft: 1 of 1 gates failed") && request.contains(&row), "{row}\n{request}");
}

/// `run.json` and `PR.md`, as they lie there.
fn left(ran: &Ran) -> (Value, String) {
    let entry = ran.json()["runs"][0].clone();
    let read = |key: &str| fs::read_to_string(entry[key].as_str().unwrap()).unwrap();
    (serde_json::from_str(&read("run_json")).unwrap(), read("pull_request"))
}

/// The only gate: the package's own suite, on what was proposed. Where it failed, it ran once more, with the same end.
fn gate(package: &Package, run: &Value, exit_code: i64) -> Value {
    let gate = match run["gates"].as_array().unwrap().as_slice() {
        [gate] => gate,
        [gate, again] if exit_code != 0 => {
            assert_eq!((&again["rerun_of"], &again["exit_code"]), (&gate["id"], &json!(exit_code)));
            gate
        }
        _ => panic!("not one gate: {run:#}"),
    };
    assert_eq!((&gate["name"], &gate["argv"]), (&json!("test"), &json!(package.test)));
    assert_eq!((&gate["commit"], &gate["exit_code"]), (&run["head"], &json!(exit_code)), "{gate:#}");
    gate.clone()
}

fn config(world: &World) -> String {
    fs::read_to_string(world.repo().join("skillhost.toml")).unwrap()
}

fn specified(package: &Package) -> Script {
    let sections = SECTIONS.map(|heading| match heading {
        "Problem" => format!("## Problem\n\n{}; what the package does stays as it is.\n", package.goal),
        "Modules" => format!("## Modules\n\n`{}` alone.\n", package.file),
        "Acceptance" => "## Acceptance\n\nThe package's own tests pass.\n".to_owned(),
        heading => format!("## {heading}\n\nNone, because nothing of this kind is touched.\n"),
    });
    let plan = json!({
        "steps": [{
            "id": "1", "title": package.goal, "instructions": format!("Edit {} as the spec says.", package.file),
            "files": [package.file], "after": [], "criteria": ["C1"],
        }],
        "criteria": [{"id": "C1", "statement": "The package's own tests pass", "command": "test"}],
        "assumptions": [], "answers": [],
    });
    Script::new()
        .says("spec", 1, &format!("# {}\n\n{}", package.goal, sections.join("\n")))
        .says("spec", 1, &plan.to_string())
        .reviews("spec-review", 1, &[])
}

fn edits(package: &Package, script: Script, write: impl Fn(&str) -> String) -> Script {
    let read = json!({"path": package.file, "from": null, "lines": null});
    let script = script.calls("implement", 1, "read", &read);
    package.edits.iter().fold(script, |script, (old, new)| {
        let edit = json!({"path": package.file, "old": old, "new": write(new), "all": null, "near_line": null});
        script.calls("implement", 1, "edit", &edit)
    })
}

fn finished(package: &Package, script: Script, evidence: Option<&str>) -> Script {
    let summary = json!({
        "status": "done", "title": package.goal, "what": package.goal, "why": "It is easier to read and to use.",
        "breaking": [], "rollback": "Revert the commits.",
        "criteria": [{"id": "C1", "evidence": evidence}], "answers": [],
    });
    // The first that passes shows the diff, the second counts.
    let script = script.calls("implement", 1, "finish", &summary).calls("implement", 1, "finish", &summary);
    script.reviews("change-review", 1, &[])
}
