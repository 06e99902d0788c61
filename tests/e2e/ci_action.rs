//! `action.yml`: what a workflow is offered, and its shell steps, run as a runner runs them.

use crate::scripts::{greeting, project};
use crate::support::{Ran, World, ran, root};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

fn action() -> Value {
    serde_saphyr::from_str(&fs::read_to_string(root().join("action.yml")).unwrap()).unwrap()
}

fn steps(action: &Value) -> &Vec<Value> {
    action["runs"]["steps"].as_array().unwrap()
}

#[test]
fn it_is_what_the_documented_schema_says() {
    let schema = fs::read_to_string(root().join("tests/fixtures/schemas/github-action.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let action = action();
    let errors: Vec<String> = validator.iter_errors(&action).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let broken = json!({"name": "x", "runs": {"using": "composite"}});
    assert!(!validator.is_valid(&broken));
}

/// What stands between `${{` and `}}`.
fn expressions(text: &str) -> Vec<&str> {
    text.split("${{").skip(1).map(|rest| rest.split("}}").next().unwrap().trim()).collect()
}

#[test]
fn o_11_no_input_is_put_into_a_script() {
    let action = action();
    let inputs = action["inputs"].as_object().unwrap();
    let mut used = std::collections::BTreeSet::new();
    for step in steps(&action) {
        if let Some(script) = step["run"].as_str() {
            assert!(!script.contains("${{"), "{script}");
            assert_eq!(step["shell"], "bash");
        }
        for place in [&step["env"], &step["with"], &step["working-directory"]] {
            for expression in expressions(&place.to_string()) {
                used.extend(expression.strip_prefix("inputs.").map(str::to_owned));
            }
        }
        used.extend(step["if"].as_str().into_iter().flat_map(|condition| {
            condition.split("inputs.").skip(1).map(|rest| rest.split(' ').next().unwrap().to_owned())
        }));
    }
    assert_eq!(used, inputs.keys().cloned().collect(), "each input is there and used");
    for output in action["outputs"].as_object().unwrap().values() {
        let value = output["value"].as_str().unwrap();
        let id = expressions(value)[0].split('.').nth(1).unwrap();
        assert!(steps(&action).iter().any(|step| step["id"] == id), "{value}");
    }
}

/// A runner of one composite action, with the conditions that the action uses.
struct Runner<'a> {
    world: &'a World,
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
    /// Before the folders where programs are found.
    path: Option<PathBuf>,
    /// Each step that ran, by its name.
    ran: Vec<(String, Ran)>,
}

impl<'a> Runner<'a> {
    fn new(world: &'a World, given: &[(&str, &str)]) -> Self {
        let action = action();
        let defaults = action["inputs"].as_object().unwrap().iter();
        let defaults = defaults.map(|(name, input)| (name.clone(), input["default"].as_str().unwrap().to_owned()));
        let mut inputs: BTreeMap<String, String> = defaults.collect();
        for (name, value) in given {
            assert!(inputs.insert((*name).to_owned(), (*value).to_owned()).is_some(), "{name}");
        }
        Self { world, inputs, outputs: BTreeMap::new(), path: None, ran: Vec::new() }
    }

    fn value(&self, expression: &str) -> String {
        match expression.split('.').collect::<Vec<_>>()[..] {
            ["inputs", name] => self.inputs[name].clone(),
            ["steps", step, "outputs", name] => self.outputs[&format!("{step}.{name}")].clone(),
            _ => panic!("{expression}"),
        }
    }

    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |text, part| {
            let (expression, rest) = part.split_once("}}").unwrap();
            text + &self.value(expression.trim()) + rest
        })
    }

    fn holds(&self, condition: &str) -> bool {
        let (left, word, right) = match condition.split(' ').collect::<Vec<_>>()[..] {
            [left, word, right] => (left, word, right.trim_matches('\'').to_owned()),
            _ => panic!("{condition}"),
        };
        (self.value(left) == right) == (word == "==")
    }

    /// Runs the shell steps until one fails; gives its exit code.
    fn run(&mut self) -> i32 {
        for step in steps(&action()) {
            let Some(script) = step["run"].as_str() else { continue };
            if step["if"].as_str().is_some_and(|condition| !self.holds(condition)) {
                continue;
            }
            let temp = self.world.home().join("runner-temp");
            fs::create_dir_all(&temp).unwrap();
            let (file, output) = (temp.join("script.sh"), temp.join("output"));
            fs::write(&file, script).unwrap();
            fs::write(&output, "").unwrap();
            let folder = step["working-directory"].as_str().map(|folder| self.filled(folder)).unwrap_or_default();
            let mut command = Command::new("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&file);
            command.current_dir(self.world.repo().join(folder)).env_clear();
            // As the runner sets it; the program's own environment besides, so that commands find their tools.
            let known = self.world.command(&[]);
            command.envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
            if let Some(path) = &self.path {
                command.env("PATH", format!("{}:{}", path.display(), std::env::var("PATH").unwrap()));
            }
            command.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", &output).env("RUNNER_TEMP", &temp);
            command.env("GITHUB_ACTION_PATH", self.world.home().join("action"));
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                command.env(name, self.filled(value.as_str().unwrap()));
            }
            let ran = ran(command.output().unwrap());
            self.take_outputs(step["id"].as_str().unwrap_or_default(), &fs::read_to_string(&output).unwrap());
            let code = ran.code.unwrap();
            self.ran.push((step["name"].as_str().unwrap().to_owned(), ran));
            if code != 0 {
                return code;
            }
        }
        0
    }

    fn take_outputs(&mut self, id: &str, text: &str) {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let (name, value) = match line.split_once("<<") {
                Some((name, end)) => {
                    (name, lines.by_ref().take_while(|line| *line != end).collect::<Vec<_>>().join("\n"))
                }
                None => line.split_once('=').map(|(name, value)| (name, value.to_owned())).unwrap(),
            };
            self.outputs.insert(format!("{id}.{name}"), value);
        }
    }
}

/// A program in place of the real one that says what it is given, a line for each argument.
fn echo(world: &World, name: &str) -> PathBuf {
    let file = world.home().join(name);
    fs::write(
        &file,
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'skillhost 9.9.9'; exit; fi\nprintf '<%s>\\n' \"$@\"\n",
    )
    .unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    file
}

#[test]
fn a_goal_becomes_a_pull_request_and_reports() {
    let world = World::with(&project());
    let model = world.model(&greeting().text());
    let arguments = format!("--model\n{model}");
    let given =
        [("goals", "Greet everybody"), ("program", env!("CARGO_BIN_EXE_skillhost")), ("arguments", arguments.as_str())];
    let mut runner = Runner::new(&world, &given);
    assert_eq!(runner.run(), 0, "{:#?}", runner.ran);
    assert_eq!(runner.outputs["skillhost.ready"], "true");
    let branch = &runner.outputs["skillhost.branch"];
    assert_eq!(world.git(&["show", &format!("{branch}:src/greeting.txt")]), "hello");
    for output in ["skillhost.pull-request", "places.junit", "places.sarif"] {
        assert!(fs::metadata(&runner.outputs[output]).unwrap().len() > 0, "{output}");
    }
}

#[test]
fn a_skill_is_called_and_its_exit_code_is_the_steps() {
    let world = World::bare();
    let probe = root().join("target/guests/probe.wasm").display().to_string();
    let program = env!("CARGO_BIN_EXE_skillhost");
    let called = |input: &str, arguments: &str| {
        let given = [("skill", probe.as_str()), ("tool", "misbehave"), ("program", program), ("input", input)];
        let mut runner = Runner::new(&world, &[&given[..], &[("arguments", arguments)]].concat());
        let code = runner.run();
        (code, runner.outputs["skillhost.ready"].clone(), runner.ran.pop().unwrap().1)
    };
    let (code, ready, ran) = called(r#"{"how": "answer"}"#, "");
    assert_eq!((code, ready.as_str(), ran.json()), (0, "true", json!({"ok": true})), "{ran:#?}");
    let (code, ready, ran) = called(r#"{"how": "spin"}"#, "");
    assert_eq!((code, ready.as_str()), (5, "false"), "{ran:#?}");
}

/// On a runner nothing is there yet: the lock says what to fetch, and nothing else is taken.
#[test]
fn a_lock_is_brought_and_checked_before_its_skill_is_called() {
    let world = crate::installing::with_skill();
    let lock = fs::read_to_string(world.repo().join("skillhost.lock")).unwrap();
    let run = || {
        drop(fs::remove_dir_all(world.home().join("runner-temp")));
        let given = [
            ("skill", "licence-check"),
            ("tool", "check"),
            ("check-lock", "true"),
            ("program", env!("CARGO_BIN_EXE_skillhost")),
        ];
        let mut runner = Runner::new(&world, &given);
        (runner.run(), runner.ran)
    };
    let (code, steps) = run();
    let names: Vec<&str> = steps.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((code, &names[..]), (0, &["Choose places", "Check the lock", "Run skillhost"][..]), "{steps:#?}");
    steps[1].1.failed(0, &["1 skill in the store, 1 fetched"]);
    assert_eq!(steps[2].1.json(), json!({"missing": ["src/a.rs"]}));
    // Something else in the place of what was locked; a lock that nobody can read; a policy that wants a signature.
    let component = world.repo().join("skills/l.wasm");
    let bytes = fs::read(&component).unwrap();
    fs::write(&component, [&bytes[..], b"x"].concat()).unwrap();
    let (code, steps) = run();
    assert_eq!((code, steps.len()), (6, 2), "{steps:#?}");
    steps[1].1.failed(6, &["gives another component than skillhost.lock pins", "hint: skillhost update licence-check"]);
    fs::write(&component, &bytes).unwrap();
    world.write(&[("skillhost.lock", &lock.replace("version = 1\n", "version = 2\n"))]);
    let (code, steps) = run();
    assert_eq!((code, steps.len()), (3, 2), "{steps:#?}");
    steps[1].1.failed(3, &["skillhost.lock:2: version 2 of the lock is not 1"]);
}

/// Quotes, substitutions, newlines and options in every input arrive as they are.
#[test]
fn o_11_inputs_are_text_for_every_step() {
    let world = World::with(&project());
    let program = echo(&world, "it's a $(program)").display().to_string();
    let evil = "--x\"; $(touch pwned) `touch pwned` '\\";
    let goals = format!("{evil}\n\n-C /");
    let given = |more: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        let all = [("program", program.as_str()), ("arguments", evil), ("policy", evil), ("check-lock", "true")];
        all.iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    for (more, end) in [
        (vec![("goals", goals.as_str())], format!("<{evil}>\n<-->\n<{evil}>\n<-C />\n")),
        (vec![("skill", evil), ("tool", evil), ("input", evil)], format!("<{evil}>\n<-->\n<{evil}>\n<{evil}>\n")),
    ] {
        let given = given(&more);
        let given: Vec<(&str, &str)> = given.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut runner = Runner::new(&world, &given);
        assert_eq!(runner.run(), 0, "{:#?}", runner.ran);
        let said = |name: &str| &runner.ran.iter().find(|(step, _)| step == name).unwrap().1.stdout;
        assert!(said("Run skillhost").ends_with(&end), "{} {end}", said("Run skillhost"));
        assert!(said("Run skillhost").contains(&format!("<--policy>\n<{evil}>\n")));
        let check = said("Check the lock");
        assert!(
            check.starts_with("<--no-prompt>\n<--state-dir>\n") && check.ends_with("<sync>\n<--locked>\n"),
            "{check}"
        );
    }
    assert!(!world.repo().join("pwned").exists() && !world.home().join("runner-temp/pwned").exists());
}

#[test]
fn what_can_not_work_is_told() {
    let world = World::bare();
    let program = echo(&world, "program").display().to_string();
    for (given, code, text) in [
        (vec![], 2, "name goals or a skill"),
        (vec![("goals", "x"), ("skill", "y")], 2, "one of the two"),
        (vec![("skill", "y"), ("version", "1.0.0")], 1, "not the version"),
    ] {
        let given: Vec<(&str, &str)> = given.into_iter().chain([("program", program.as_str())]).collect();
        let mut runner = Runner::new(&world, &given);
        assert_eq!(runner.run(), code);
        assert!(runner.ran.last().unwrap().1.stderr.contains(text), "{:#?}", runner.ran);
    }
    let mut runner = Runner::new(&world, &[("skill", "y"), ("version", "9.9.9"), ("program", &program)]);
    assert_eq!(runner.run(), 0, "{:#?}", runner.ran);
}

/// Without a program it is built from the action's own source, which a stand-in for cargo does here.
#[test]
fn without_a_program_it_is_built() {
    let world = World::bare();
    let (bin, action) = (world.home().join("bin"), world.home().join("action"));
    fs::create_dir_all(&bin).unwrap();
    fs::create_dir_all(action.join("target/release")).unwrap();
    let built = echo(&world, "built");
    let cargo = format!("#!/bin/sh\necho \"$PWD $*\"\ncp '{}' target/release/skillhost\n", built.display());
    fs::write(bin.join("cargo"), cargo).unwrap();
    fs::set_permissions(bin.join("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut runner = Runner::new(&world, &[("skill", "y")]);
    runner.path = Some(bin);
    assert_eq!(runner.run(), 0, "{:#?}", runner.ran);
    let (_, build) = runner.ran.iter().find(|(name, _)| name == "Build skillhost").unwrap();
    let action = action.display();
    assert_eq!(build.stdout, format!("{action} xtask setup\n{action} build --release --locked\n"));
    assert!(runner.ran.last().unwrap().1.stdout.ends_with("<-->\n<y>\n"));
}
