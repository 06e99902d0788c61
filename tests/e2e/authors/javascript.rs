//! Skills in JavaScript and TypeScript: projects as they are begun, built with npm's packages, at work in the real host.

use super::{copy_sources, tool, tool_succeeds};
use crate::main_job::entry;
use crate::recordings::configure;
use crate::scripts::{CONFIG, Script, project};
use crate::servers::servers;
use crate::support::{Ran, World, ran, root};
use serde_json::{Value, json};
use skillhost_core::manifest;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const KINDS: [&str; 4] = ["spec", "review", "implement", "verify"];

/// A project outside of this repository: the template of a language with the SDK and the contract in it.
struct Project {
    place: TempDir,
    language: &'static str,
}

impl Project {
    /// With its packages installed, and no kind yet.
    fn new(language: &'static str) -> Self {
        let project = Self { place: TempDir::new().unwrap(), language };
        let sdk = root().join("sdk/javascript");
        for part in ["bin", "src", "wit"] {
            copy_sources(&sdk.join(part), &project.folder().join("sdk").join(part));
        }
        fs::copy(sdk.join("package.json"), project.folder().join("sdk/package.json")).unwrap();
        copy_sources(&root().join("wit"), &project.folder().join("wit"));
        copy_sources(&project.template(), project.folder());
        // What lies there are the kinds, of which `becomes` takes one.
        for kind in KINDS.iter().chain(&["tool"]) {
            fs::remove_dir_all(project.folder().join(kind)).unwrap();
        }
        project.put("package.json", &project.read("package.json").replace("{{name}}", language));
        install(project.folder());
        project
    }

    fn folder(&self) -> &Path {
        self.place.path()
    }

    fn template(&self) -> PathBuf {
        root().join("sdk").join(self.language).join("template")
    }

    /// Its skill is now the template's of this kind.
    fn becomes(&self, kind: &str) {
        copy_sources(&self.template().join(kind), self.folder());
        self.put("skill.toml", &self.read("skill.toml").replace("{{name}}", &format!("own-{kind}")));
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder().join(file)).unwrap()
    }

    fn put(&self, file: &str, text: &str) {
        fs::write(self.folder().join(file), text).unwrap();
    }

    /// The file that holds the skill, whatever the language.
    fn source(&self) -> &'static str {
        if self.language == "typescript" { "src/skill.ts" } else { "src/skill.js" }
    }

    /// Builds and tests it, and gives the component with its manifest.
    fn skill(&self) -> Vec<u8> {
        tool_succeeds(self.folder(), &["npm", "run", "--silent", "build"]);
        let tested = tool_succeeds(self.folder(), &["npm", "test", "--silent"]);
        assert!(tested.stdout.contains("pass 1"), "{tested:#?}");
        component(self.folder())
    }

    /// A build that the author has to mend something for.
    fn fails(&self, texts: &[&str]) {
        let ran = tool(self.folder(), &["npm", "run", "--silent", "build"]);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        for text in texts {
            assert!(format!("{}{}", ran.stdout, ran.stderr).contains(text), "{text}: {ran:#?}");
        }
        assert!(!ran.stderr.contains("    at "), "{ran:#?}");
    }
}

fn install(folder: &Path) {
    tool_succeeds(folder, &["npm", "install", "--loglevel=error"]);
}

/// What was built in a folder, with its manifest.
fn component(folder: &Path) -> Vec<u8> {
    let component = fs::read(folder.join("build/component.wasm")).unwrap();
    let text = fs::read_to_string(folder.join("skill.toml")).unwrap();
    manifest::embed(&component, &text).unwrap()
}

/// The example, with its packages installed, where the repository has it.
fn todo_report() -> (TempDir, PathBuf) {
    let place = TempDir::new().unwrap();
    copy_sources(&root().join("sdk/javascript"), &place.path().join("sdk/javascript"));
    copy_sources(&root().join("wit"), &place.path().join("wit"));
    let folder = place.path().join("sdk/javascript/examples/todo-report");
    install(&folder);
    (place, folder)
}

/// A worktree with comments of all sorts, and a skill in it.
fn marked(skill: &[u8]) -> World {
    let world = World::with(&[
        ("src/a.rs", "fn a() {}\n// TODO(me): fix this  \n// TODOS are none\n"),
        ("src/ü.sql", "-- TODO: say ünï 🦀\r\n-- nothing\n# TODO later"),
        ("nul", "\0TODO no"),
        ("TODO.md", "# TODO report of last time\n"),
    ]);
    fs::write(world.repo().join("latin"), b"\xffTODO no").unwrap();
    fs::write(world.repo().join("skill.wasm"), skill).unwrap();
    world
}

fn call(world: &World, tool: &str, input: &Value, grants: &[&str]) -> Ran {
    let input = input.to_string();
    let mut arguments = vec!["call", "./skill.wasm", tool, "--input", &input];
    arguments.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
    world.run(&arguments)
}

/// What the example has to do in any language.
fn reports(skill: &[u8]) {
    let world = marked(skill);
    let ran = call(&world, "report", &json!({}), &["read=**", "write=**"]);
    let todos = json!([
        { "file": "src/a.rs", "line": 2, "text": "fix this" },
        { "file": "src/ü.sql", "line": 1, "text": "say ünï 🦀" },
        { "file": "src/ü.sql", "line": 3, "text": "later" },
    ]);
    assert_eq!((ran.code, &ran.json()["todos"]), (Some(0), &todos), "{ran:#?}");
    let report = |file: &str| fs::read_to_string(world.repo().join(file)).unwrap();
    assert_eq!(
        report("TODO.md"),
        "# TODO report\n\n3 in 2 files.\n\n- `src/a.rs:2` fix this\n- `src/ü.sql:1` say ünï 🦀\n- `src/ü.sql:3` later\n"
    );

    // Elsewhere, in a folder that isn't there yet, with less to read; what may not be read is said.
    let ran = call(&world, "report", &json!({"path": "docs/list.md"}), &["read=nul", "write=docs/**"]);
    assert_eq!((ran.code, ran.json()), (Some(0), json!({ "todos": [] })), "{ran:#?}");
    assert_eq!(report("docs/list.md"), "# TODO report\n\n0 in 0 files.\n\nNone.\n");
    call(&world, "report", &json!({"pattern": "*.md"}), &["read=**"]).failed(4, &["denied: write TODO.md"]);
}

#[test]
fn todo_report_is_the_same_under_both_engines() {
    let (_place, folder) = todo_report();
    let before = fs::read_to_string(folder.join("skill.toml")).unwrap();
    tool_succeeds(&folder, &["npm", "run", "--silent", "build"]);
    assert_eq!(fs::read_to_string(folder.join("skill.toml")).unwrap(), before, "its tools are those of the code");
    let small = component(&folder);
    assert!(small.len() < 2 << 20, "{}", small.len());
    reports(&small);
    assert!(tool_succeeds(&folder, &["npm", "test"]).stdout.contains("pass 3"));

    // The other engine is asked for, and names its package.
    let build = ["npm", "run", "--silent", "build", "--", "--engine", "starlingmonkey"];
    let ran = tool(&folder, &build);
    let (_, install) = ran.stderr.trim_end().split_once("; to install it: ").unwrap_or_else(|| panic!("{ran:#?}"));
    tool_succeeds(
        &folder,
        &[&install.split(' ').collect::<Vec<_>>()[..], &["--prefer-offline", "--no-audit"]].concat(),
    );
    tool_succeeds(&folder, &build);
    reports(&component(&folder));
    sends_requests(&folder);
}

/// Of the two engines, the larger one alone can be built with `wasi:http`.
fn sends_requests(folder: &Path) {
    let servers = servers();
    let [granted, other] = [servers.tls, servers.other].map(|port| format!("https://localhost:{port}/javascript/echo"));
    let asks = format!("http = [{granted:?}, {other:?}]\nsecrets = [\"TOKEN\"]\n");
    let head = "[skill]\nname = \"fetch\"\nversion = \"0.1.0\"\nkind = \"tool\"\n[capabilities]\n";
    fs::write(folder.join("skill.toml"), format!("{head}{asks}")).unwrap();
    fs::write(
        folder.join("src/skill.js"),
        "import { defineTools, schema } from \"skillhost-sdk\";\n\
         const parameters = schema.object({ url: schema.string() });\n\
         function run({ url }, host) {\n\
           const headers = { authorization: `Bearer ${host.env(\"TOKEN\")}` };\n\
           const reply = host.request({ method: \"post\", url, headers, body: \"ü\".repeat(5000) });\n\
           return { status: reply.status, text: reply.text(), length: reply.headers[\"content-length\"] };\n\
         }\n\
         export const tool = defineTools({ fetch: { description: \"Fetches.\", parameters, run } });\n",
    )
    .unwrap();
    let small = tool(folder, &["npm", "run", "--silent", "build"]);
    small.failed(
        1,
        &["error: a skill that requests http can't be built with QuickJS yet; it can with: npm run build --"],
    );
    tool_succeeds(folder, &["npm", "run", "--silent", "build", "--", "--engine", "starlingmonkey"]);

    let world = World::with(&[]);
    let secret = format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{}\"]\n", servers.tls);
    configure(&world, &secret);
    fs::write(world.home().join("open.toml"), "[network]\nprivate = [\"127.0.0.1\", \"[::1]\"]\n").unwrap();
    let policy = world.home().join("open.toml").display().to_string();
    fs::write(world.repo().join("skill.wasm"), component(folder)).unwrap();
    let fetch = |url: &str| {
        let (input, grant) = (json!({ "url": url }).to_string(), format!("http={granted}"));
        let grants = ["--policy", &policy, "--grant", &grant, "--grant", "secrets=TOKEN"];
        let mut command = world.command(&["call", "./skill.wasm", "fetch", "--input", &input]);
        command.args(grants).env("SSL_CERT_FILE", &servers.authority).env("MY_TOKEN", "tk-0123456789abcdef");
        ran(command.output().unwrap())
    };
    let reply = fetch(&granted).json();
    assert_eq!(reply["status"], 200, "{reply:#}");
    assert!(reply["text"].as_str().unwrap().starts_with("you sent Bearer "), "{reply:#}");
    assert!(reply["length"].as_str().unwrap().parse::<usize>().is_ok(), "{reply:#}");
    fetch(&other).failed(4, &["denied: http https://localhost:"]);
    let seen = servers.seen("javascript");
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert!(seen[0].starts_with("POST ") && seen[0].contains("authorization: Bearer tk-0123456789abcdef"), "{seen:?}");
    assert!(seen[0].contains("content-length: 10000"), "{seen:?}");
}

#[test]
fn the_sdks_own_tests_pass() {
    let sdk = root().join("sdk/javascript");
    let mut line = vec!["node".to_owned(), "--test".to_owned()];
    let tests = fs::read_dir(sdk.join("test")).unwrap().map(|entry| entry.unwrap().path().display().to_string());
    line.extend(tests);
    assert!(line.len() > 5);
    let ran = tool_succeeds(&sdk, &line.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(ran.stdout.contains("fail 0"), "{ran:#?}");
}

/// The four skills of a language in place of the bundled ones, with a finding that its author has to mend.
fn do_the_whole_job(language: &'static str) {
    let project_of_skills = Project::new(language);
    let world = World::with(&project());
    let mut skills = String::from("[skills]\n");
    for kind in KINDS {
        project_of_skills.becomes(kind);
        fs::write(world.repo().join(format!("{kind}.wasm")), project_of_skills.skill()).unwrap();
        world.run(&["add", &format!("./{kind}.wasm"), "--grant-requested"]).failed(0, &[]);
        skills += &format!("{kind} = \"own-{kind}\"\n");
    }
    world.commit(&[("skillhost.toml", &format!("{}{skills}", CONFIG.replace("rounds = 1", "rounds = 2")))]);

    let finding = json!({
        "severity": "major", "category": "edge-cases", "path": "src/greeting.txt", "line": 1, "quote": "hello",
        "message": "Nobody is named.",
    });
    let report = |findings: Value, verdicts: Value| json!({ "findings": findings, "verdicts": verdicts }).to_string();
    let summary = |answers: Value| {
        json!({
            "title": "Greet everybody", "what": "A file greets.", "why": "Nobody was greeted.", "breaking": [],
            "rollback": "Revert the commits.", "unfinished": [], "answers": answers,
        })
    };
    let script = Script::new()
        .specifies(1)
        .says("spec-review", 1, &report(json!([]), json!([])))
        .expecting(&["Nobody is greeted. A file with a greeting is added."])
        .calls("implement", 1, "list", &json!({}))
        .expecting(&[
            "# Goal\n\nGreet everybody",
            "Greetings are polite.",
            "C1: The greeting says hello (shown by test)",
        ])
        .writes(1, "src/greeting.txt", "hello\n")
        .calls("implement", 1, "run", &json!({"name": "test"}))
        .calls("implement", 1, "finish", &summary(json!([])))
        .expecting(&["exit 0\n1 passed"])
        .says("change-review", 1, &report(json!([finding]), json!([])))
        .expecting(&["+hello"])
        .calls("implement", 2, "edit", &json!({"path": "src/greeting.txt", "before": "hello", "after": "hello, all"}))
        .expecting(&["F1 (major at src/greeting.txt:1): Nobody is named."])
        .calls("implement", 2, "finish", &summary(json!([{"finding": "F1", "text": "All are named."}])))
        .says(
            "change-review",
            2,
            &report(json!([]), json!([{"finding": "F1", "closed": true, "reason": "It is mended."}])),
        )
        .expecting(&["F1: All are named."]);
    let before = world.footprint();
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);

    let document = fs::read(entry(&ran)["run_json"].as_str().unwrap()).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!((&document["state"], &document["denials"]), (&json!("ready"), &json!([])), "{document:#}");
    let request = fs::read_to_string(entry(&ran)["pull_request"].as_str().unwrap()).unwrap();
    for text in ["own-spec@0.1.0", "own-review@0.1.0", "own-implement@0.1.0", "own-verify@0.1.0", "Nobody is named."] {
        assert!(request.contains(text), "{text}: {request}");
    }
    let branch = document["branch"].as_str().unwrap();
    assert_eq!(world.git(&["show", &format!("{branch}:src/greeting.txt")]), "hello, all");
}

#[test]
fn skills_in_javascript_do_the_whole_job() {
    do_the_whole_job("javascript");
}

#[test]
fn skills_in_typescript_do_the_whole_job() {
    do_the_whole_job("typescript");
}

#[test]
fn the_templates_tools_are_those_of_its_manifest() {
    for language in ["javascript", "typescript"] {
        let project = Project::new(language);
        project.becomes("tool");
        let before = project.read("skill.toml");
        let skill = project.skill();
        assert_eq!(project.read("skill.toml"), before, "{language}");
        let world = World::with(&[("a.txt", "short\nlonger\n")]);
        fs::write(world.repo().join("skill.wasm"), &skill).unwrap();
        let ran = call(&world, "long-lines", &json!({"limit": 5, "glob": "*.txt"}), &["read=**"]);
        assert_eq!(ran.json(), json!({"lines": [{"file": "a.txt", "line": 2, "length": 6}]}), "{language}: {ran:#?}");
    }
}

#[test]
fn a_build_that_fails_says_what_to_mend() {
    let project = Project::new("typescript");
    project.becomes("tool");
    let (file, source, manifest) = (project.source(), project.read(project.source()), project.read("skill.toml"));

    project.put(file, &source.replace("limit = 120", "limit = \"120\""));
    project.fails(&["src/skill.ts(18,35): error TS2365"]);
    project.put(file, &source.replace("export const tool", "export const tools"));
    project.fails(&[
        "error: src/skill.ts has to export a skill of the kind in skill.toml: export const tool = defineTools(…)",
    ]);
    project.put(file, "import \"./missing\";\n");
    project.fails(&["missing"]);
    project.put(file, &source);
    project.put("skill.toml", &manifest.replace("kind = \"tool\"", "kind = \"tools\""));
    project.fails(&["error: skill.toml has no kind that is one of spec, review, implement, verify, tool"]);
    project.put("skill.toml", &manifest);
    fs::remove_dir_all(project.folder().join("node_modules/componentize-qjs")).unwrap();
    project.fails(&["error: componentize-qjs is missing; to install it: npm install"]);
}

/// Nothing of it ends the component: each is an answer, with the place where one can be told.
#[test]
fn what_a_skill_does_wrong_is_told_with_its_place() {
    let project = Project::new("javascript");
    project.becomes("tool");
    project.put(
        "src/skill.js",
        "import { defineTools, schema } from \"skillhost-sdk\";\n\
         const parameters = schema.object({ how: schema.string() });\n\
         const returns = schema.object({ n: schema.integer() });\n\
         const WAYS = {\n\
           crash: () => undefined.length,\n\
           text: () => { throw \"a text\"; },\n\
           promise: async () => ({ n: 1 }),\n\
           unfit: () => ({ n: \"1\" }),\n\
           message: (host) => host.log.info(7),\n\
           console: () => console.log(1),\n\
           models: (host) => host.model.window(\"cheap\"),\n\
         };\n\
         export const tool = defineTools({\n\
           \"go-wrong\": { description: \"Goes wrong.\", parameters, returns, run: ({ how }, host) => WAYS[how](host) },\n\
         });\n",
    );
    tool_succeeds(project.folder(), &["npm", "run", "--silent", "build"]);
    let world = World::with(&[]);
    fs::write(world.repo().join("skill.wasm"), component(project.folder())).unwrap();
    for (how, code, texts) in [
        ("crash", 1, &["failed: TypeError: cannot read property 'length' of undefined at skill.js:"][..]),
        ("text", 1, &["failed: a text was thrown, which is no Error"]),
        ("promise", 1, &["failed: a skill is synchronous"]),
        ("unfit", 1, &["failed: what go-wrong returns does not fit its schema: `n` must be a whole number"]),
        ("message", 1, &["failed: TypeError: log.log: message must be a string, and is 7 at skill.js:"]),
        ("console", 1, &["failed: ReferenceError: console is not defined"]),
        ("models", 4, &["denied: model cheap"]),
    ] {
        call(&world, "go-wrong", &json!({ "how": how }), &["read=**"]).failed(code, texts);
    }
}
