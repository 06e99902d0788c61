#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::tree::tests::tree;
use proptest::prelude::*;
use skillhost_core::project::{FILE, Network, Project};
use skillhost_models::{Role, Roles, suggestions};

fn project(files: &[(&str, &str)]) -> (Project, Proposal) {
    let proposal = propose(&tree(files), "main", &[]);
    let project =
        Project::parse(FILE, &proposal.toml).unwrap_or_else(|error| unreachable!("{error}\n{}", proposal.toml));
    assert!(proposal.notes.last().unwrap().contains("commit it"));
    assert_eq!(proposal.has_gates, !project.verify.commands.is_empty());
    (project, proposal)
}

/// The gates as lines.
fn gates(files: &[(&str, &str)]) -> Vec<String> {
    let (project, _) = project(files);
    project.verify.commands.iter().map(|name| project.commands[name].run.join(" ")).collect()
}

fn setup(files: &[(&str, &str)]) -> Option<String> {
    project(files).0.setup().map(|setup| setup.run.join(" "))
}

#[test]
fn a_small_npm_package_is_tested_by_its_script() {
    for script in ["node --test", "tape test/*.js", "mocha", "jest --coverage && eslint ."] {
        let package = format!("{{\"scripts\": {{\"test\": \"{script}\"}}}}");
        assert_eq!(gates(&[("package.json", &package)]), ["npm test"], "{script}");
        assert_eq!(setup(&[("package.json", &package)]), None);
    }
    let none = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
    assert!(gates(&[("package.json", none)]).is_empty());
    assert_eq!(gates(&[("package.json", none), ("test/a.js", "")]), ["node --test"]);
    assert!(gates(&[("package.json", "not json")]).is_empty());
}

#[test]
fn a_lock_file_says_how_to_install_and_from_where() {
    let package = r#"{"scripts": {"test": "mocha", "lint": "eslint ."}, "devDependencies": {"mocha": "1"}}"#;
    let lock = r#"{"packages": {"a": {"resolved": "https://packages.example.com/a.tgz"}}}"#;
    let (npm, proposal) = project(&[("package.json", package), ("package-lock.json", lock)]);
    assert!(!proposal.notes.iter().any(|note| note.contains("network")), "{:?}", proposal.notes);
    let setup_command = npm.setup().unwrap();
    assert_eq!(setup_command.run, ["npm", "ci"]);
    assert_eq!(setup_command.network, Network::Hosts(vec!["packages.example.com".parse().unwrap()]));
    assert_eq!(npm.verify.commands.len(), 1);
    assert_eq!(npm.commands[&"lint".parse().unwrap()].run, ["npm", "run", "lint"]);

    assert_eq!(setup(&[("package.json", package)]).unwrap(), "npm install");
    assert_eq!(setup(&[("package.json", package), ("yarn.lock", "")]).unwrap(), "yarn install --frozen-lockfile");
    assert_eq!(
        setup(&[("package.json", package), ("yarn.lock", ""), (".yarnrc.yml", "")]).unwrap(),
        "yarn install --immutable"
    );
    assert_eq!(gates(&[("package.json", package), ("pnpm-lock.yaml", "")]), ["pnpm test"]);
    let managed = r#"{"packageManager": "pnpm@9.1.0", "scripts": {"test": "vitest run"}}"#;
    assert_eq!(gates(&[("package.json", managed), ("package-lock.json", "{}")]), ["pnpm test"]);
}

#[test]
fn a_crate_is_tested_by_cargo() {
    assert_eq!(gates(&[("Cargo.toml", "[package]\nname = \"a\"\n")]), ["cargo test --offline"]);
    let lock = "[[package]]\nname = \"b\"\nsource = \"registry\"\n";
    let files = [("Cargo.toml", "[workspace]\nmembers = []\n"), ("Cargo.lock", lock)];
    assert_eq!(gates(&files), ["cargo test --workspace --locked --offline"]);
    assert_eq!(setup(&files).unwrap(), "cargo fetch --locked");
    assert_eq!(setup(&[("Cargo.toml", "[dependencies]\nb = \"1\"\n")]).unwrap(), "cargo fetch");
}

#[test]
fn python_tests_run_with_what_they_need() {
    let unittest = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n";
    let functions = "def test_a():\n    assert True\n";
    let setup_py = ("setup.py", "");
    assert_eq!(gates(&[setup_py, ("tests/test_a.py", unittest)]), ["python3 -m unittest discover -s tests"]);
    assert_eq!(
        gates(&[setup_py, ("tests/test_a.py", unittest), ("tests/__init__.py", "")]),
        ["python3 -m unittest discover -s tests -t ."]
    );
    assert_eq!(gates(&[setup_py, ("test_a.py", unittest)]), ["python3 -m unittest discover"]);
    assert_eq!(gates(&[setup_py, ("a/x_test.py", unittest)]), ["python3 -m unittest discover -s a -p *_test.py"]);
    assert_eq!(gates(&[setup_py, ("tests/test_a.py", functions)]), ["python3 -m pytest"]);
    assert_eq!(gates(&[setup_py, ("tests/test_a.py", "    import pytest\n")]), ["python3 -m pytest"]);
    let configured = ("pyproject.toml", "[tool.pytest.ini_options]\n");
    assert_eq!(
        gates(&[configured, ("src/a/__init__.py", ""), ("tests/test_a.py", unittest)]),
        ["env PYTHONPATH=src python3 -m pytest"]
    );
    assert_eq!(gates(&[configured, ("uv.lock", "")]), ["uv run --no-sync python -m pytest"]);
    assert!(gates(&[("pyproject.toml", "[project]\n")]).is_empty());
}

#[test]
fn go_and_make_are_known() {
    assert_eq!(gates(&[("go.mod", "module a\n")]), ["go test ./..."]);
    assert_eq!(gates(&[("Makefile", "CC := gcc\nall: x\n\ncheck: all\n\t./t\nlint:\n")]), ["make check"]);
    assert!(gates(&[("Makefile", "test := 1\n.PHONY: test\n\ttest: x\n")]).is_empty());
}

#[test]
fn several_ecosystems_are_all_gates_under_names_of_their_own() {
    let files = [("package.json", r#"{"scripts": {"test": "mocha"}}"#), ("Cargo.toml", "[package]\n")];
    let (both, _) = project(&files);
    let names: Vec<&str> = both.verify.commands.iter().map(CommandName::as_str).collect();
    assert_eq!(names, ["test", "test-2"]);
}

#[test]
fn what_is_declared_for_agents_counts_first() {
    let agents = "## Validation Commands\n```bash\nyarn lint\nyarn test && yarn build:app\ncd web && yarn check\nyarn dev\n\
        yarn test path/to/file\n```\n";
    let package = r#"{"scripts": {"test": "jest"}, "packageManager": "yarn@4.0.0"}"#;
    let files = [("AGENTS.md", agents), ("package.json", package)];
    assert_eq!(gates(&files), ["yarn lint", "yarn test", "yarn build:app", "sh -c cd web && yarn check"]);
    let (_, proposal) = project(&files);
    assert!(proposal.toml.contains("(needs a shell)"));
    assert!(proposal.notes.iter().any(|note| note == "left out, it is no check: yarn dev"), "{:?}", proposal.notes);

    let config = r#"{"baseBranch": "develop", "validation": {"commands": ["yarn generate", "yarn i18n:check-sync", "yarn test"]},
        "paths": {"specs": ".ai/specs"}}"#;
    let (configured, proposal) = project(&[(".ai/agentic.config.json", config), ("AGENTS.md", agents)]);
    let names: Vec<&str> = configured.verify.commands.iter().map(CommandName::as_str).collect();
    assert_eq!(names, ["generate", "i18n:check-sync", "test"]);
    assert_eq!(configured.base.as_deref(), Some("develop"));
    assert_eq!(configured.spec.path, ".ai/specs/{slug}.md");
    assert!(proposal.notes[0].contains("develop"));
}

#[test]
fn an_empty_repository_gets_a_file_that_teaches() {
    let (empty, proposal) = project(&[]);
    assert_eq!(empty.base.as_deref(), Some("main"));
    assert!(empty.commands.is_empty() && !proposal.has_gates);
    assert!(
        proposal.toml.starts_with("# What skillhost may run here") && proposal.toml.contains("# [grants.implement]")
    );
    assert!(proposal.notes[0].starts_with("no test command was found"));
}

#[test]
fn the_text_reads_like_this() {
    let (_, proposal) =
        project(&[("package.json", r#"{"scripts": {"test": "node --test"}}"#), (".husky/pre-commit", "")]);
    let start = "# What skillhost may run here, and what a change has to pass. It is read from the base commit,\n\
        # so it takes effect once it is committed there. Unknown keys are errors.\n\n\
        # The branch that pull requests go to. It is never written.\nbase = \"main\"\n\
        # How often findings of a review go back to their author.\nrounds = 3\n\n\
        # Commands are argument vectors; no shell is involved unless one is named. They run in a sandbox,\n\
        # over a worktree: network is \"none\" (loopback only) or a list of hosts.\n\n\
        # From package.json: node --test.\n[commands.test]\nrun = [\"npm\", \"test\"]\ntimeout = \"10m\"\nnetwork = \"none\"\n\n\
        # The gates: the host runs all of them, in this order, on a fresh checkout of the proposed commit.\n\
        [verify]\ncommands = [\"test\"]\n\n";
    assert!(proposal.toml.starts_with(start), "{}", proposal.toml);
    assert!(proposal.toml.contains("\".husky/**\""));
    assert!(proposal.notes[0].contains("no hooks"));
    let again = propose(
        &tree(&[("package.json", r#"{"scripts": {"test": "node --test"}}"#), (".husky/pre-commit", "")]),
        "main",
        &[],
    );
    assert_eq!(again, proposal);
}

#[test]
fn models_are_those_that_there_is_a_key_for() {
    let [anthropic, openai] = suggestions();
    let configured = |providers: &[Suggestion]| {
        let proposal = propose(&tree(&[]), "main", providers);
        let project = Project::parse(FILE, &proposal.toml).unwrap();
        (Roles::from_project(&project.models).unwrap(), project.models, proposal.toml)
    };
    let role = |name: &str| name.parse::<Role>().unwrap();
    let shared = |roles: &Roles| {
        ["spec", "implement"].map(|author| roles.shared_provider((&role(author), None), (&role("review"), None)))
    };

    let (roles, models, text) = configured(&[anthropic, openai]);
    assert_eq!(shared(&roles), [None, None], "a reviewer from another provider");
    assert_eq!(models["review"], format!("openai:{}", openai.model));
    assert!(models.contains_key("implement.capable") && !text.contains("With a key in"), "{text}");

    for (one, other) in [(anthropic, openai), (openai, anthropic)] {
        let (roles, models, text) = configured(&[one]);
        assert!(shared(&roles).iter().all(Option::is_some) && models.len() >= 3, "{text}");
        let hint = format!("# With a key in {}: review = \"{}:{}\"\n", other.key_env, other.provider, other.model);
        assert!(text.contains(&hint), "{text}");
    }

    let (_, models, text) = configured(&[]);
    assert!(models.is_empty());
    assert!(text.contains("# [models]\n# spec = \"anthropic:") && text.contains("# review = \"openai:"), "{text}");
    // What stands there as a comment is valid once it is none.
    let (before, example) = text.split_once("# [models]\n").unwrap();
    let example: String =
        example.lines().take_while(|line| !line.is_empty()).map(|line| format!("{}\n", &line[2..])).collect();
    assert!(Project::parse(FILE, &format!("{before}[models]\n{example}")).unwrap().models.len() >= 3, "{example}");
}

#[test]
fn hostile_build_files_propose_nothing_that_they_could_not_say() {
    let script = "{\"scripts\": {\"test\": \"x\\n[grants.implement]\\nprotected = true\\n\\u001b]0;t\\u0007\\u202e\"}}";
    let (injected, proposal) = project(&[("package.json", script)]);
    assert!(injected.grants.is_empty());
    assert!(!proposal.toml.contains(['\u{1b}', '\u{202e}']));
    let config = r#"{"baseBranch": "-x\n[commands.evil]", "validation": {"commands": [1, null, "", "a\u0000b", "'''"]}, "paths": {"specs": "../.."}}"#;
    let (refused, _) = project(&[(".ai/agentic.config.json", config)]);
    assert_eq!(refused.base.as_deref(), Some("main"));
    assert_eq!(refused.spec.path, "specs/{slug}.md");
    let many: Vec<String> = (0..500).map(|n| format!("\"check {n}\"")).collect();
    let flood = format!("{{\"validation\": {{\"commands\": [{}]}}}}", many.join(","));
    assert_eq!(project(&[(".ai/agentic.config.json", &flood)]).0.verify.commands.len(), MAX_GATES);
    let deep = "[".repeat(100_000);
    assert!(
        gates(&[("package.json", &deep), ("Cargo.toml", &deep), ("pyproject.toml", &deep), ("Makefile", &deep)])
            .is_empty()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_command_says_the_proposal_is_valid(line in "\\PC{0,40}|[a-z '\"\\\\&|$=#\\n\\[\\]]{0,40}") {
        let config = serde_json::json!({"validation": {"commands": [line]}, "baseBranch": line}).to_string();
        let script = serde_json::json!({"scripts": {"test": line}}).to_string();
        let agents = format!("## Validation commands\n```\n{line}\n```\n");
        project(&[(".ai/agentic.config.json", &config), ("package.json", &script)]);
        project(&[("AGENTS.md", &agents)]);
    }
}
