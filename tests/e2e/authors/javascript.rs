//! Skills in JavaScript and TypeScript: both engines, builds that fail, and whole runs.

use super::project::{Project, call};
use super::todo_report::reports;
use crate::main_job::entry;
use crate::recordings::configure;
use crate::scripts::{CONFIG, Script, project};
use crate::servers::servers;
use crate::support::{World, ran, root};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

const KINDS: [&str; 4] = ["spec", "review", "implement", "verify"];

#[test]
fn todo_report_is_the_same_under_both_engines() {
    let project = Project::todo_report("javascript");
    let small = reports(&project);
    assert!(small.len() < 2 << 20, "{}", small.len());

    // The other engine is asked for, and names its package.
    let build = ["npm", "run", "--silent", "build", "--", "--engine", "starlingmonkey"];
    let ran = project.tries(&build);
    let (_, install) = ran.stderr.trim_end().split_once("; to install it: ").unwrap_or_else(|| panic!("{ran:#?}"));
    project.runs(&[&install.split(' ').collect::<Vec<_>>()[..], &["--prefer-offline", "--no-audit"]].concat());
    project.replace("package.json", "skillhost-sdk build", "skillhost-sdk build --engine starlingmonkey");
    assert!(reports(&project).len() > 8 << 20);
    sends_requests(&project);
}

/// Of the two engines, the larger one alone can be built with `wasi:http`.
fn sends_requests(project: &Project) {
    let servers = servers();
    let [granted, other] = [servers.tls, servers.other].map(|port| format!("https://localhost:{port}/javascript/echo"));
    let asks = format!("http = [{granted:?}, {other:?}]\nsecrets = [\"TOKEN\"]\n");
    let head = "[skill]\nname = \"fetch\"\nversion = \"0.1.0\"\nkind = \"tool\"\n[capabilities]\n";
    project.put("skill.toml", &format!("{head}{asks}"));
    project.put(
        "src/skill.js",
        "import { defineTools, schema } from \"skillhost-sdk\";\n\
         const parameters = schema.object({ url: schema.string() });\n\
         function run({ url }, host) {\n\
           const headers = { authorization: `Bearer ${host.env(\"TOKEN\")}` };\n\
           const reply = host.request({ method: \"post\", url, headers, body: \"ü\".repeat(5000) });\n\
           return { status: reply.status, text: reply.text(), length: reply.headers[\"content-length\"] };\n\
         }\n\
         export const tool = defineTools({ fetch: { description: \"Fetches.\", parameters, run } });\n",
    );
    let small = project.tries(&["npx", "--no-install", "skillhost-sdk", "build"]);
    small.failed(
        1,
        &["error: a skill that requests http can't be built with QuickJS yet; it can with: npm run build --"],
    );

    let world = World::with(&[]);
    let secret = format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://localhost:{}\"]\n", servers.tls);
    configure(&world, &secret);
    fs::write(world.home().join("open.toml"), "[network]\nprivate = [\"127.0.0.1\", \"[::1]\"]\n").unwrap();
    let policy = world.home().join("open.toml").display().to_string();
    fs::write(world.repo().join("skill.wasm"), project.build_as("fetch")).unwrap();
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
    let tests: Vec<_> = fs::read_dir(sdk.join("test")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(tests.len() > 3);
    let tested = ran(Command::new("node").arg("--test").args(tests).current_dir(&sdk).output().unwrap());
    assert!(tested.code == Some(0) && tested.stdout.contains("fail 0"), "{tested:#?}");
}

/// The four skills of a language in place of the bundled ones, with a finding that its author has to mend.
fn do_the_whole_job(language: &'static str) {
    let mut own = Project::new(language, "tool");
    let world = World::with(&project());
    let mut skills = String::from("[skills]\n");
    for kind in KINDS {
        own.becomes(kind);
        fs::write(world.repo().join(format!("{kind}.wasm")), own.build()).unwrap();
        own.tests_pass();
        own.cases_pass();
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
fn a_build_that_fails_says_what_to_mend() {
    let project = Project::new("typescript", "tool");
    let file = "src/skill.ts";
    let (source, manifest) = (project.read(file), project.read("skill.toml"));
    // What TypeScript takes out moves all that follows it.
    let throws = "run({ path }, host) {\ntype A = {\n  a: string;\n};\nif (path) throw new TypeError(path);";
    project.put(file, &source.replace("run({ path }, host) {", throws));
    let world = project.at_work(&[]);
    call(&world, "count-lines", &json!({"path": "x"}), &[]).failed(1, &["failed: TypeError: x at src/skill.ts:14\n"]);
    let fails = |texts: &[&str]| {
        let built = project.tries(&["npm", "run", "--silent", "build"]);
        assert!(built.code == Some(1) && !built.stderr.contains("    at "), "{built:#?}");
        for text in texts {
            assert!(format!("{}{}", built.stdout, built.stderr).contains(text), "{text}: {built:#?}");
        }
    };

    project.put(file, &source.replace("lines.length - 1", "lines - 1"));
    fails(&["src/skill.ts(", "error TS2362"]);
    project.put(file, &source.replace("export const tool", "export const tools"));
    fails(&["error: src/skill.ts has to export a skill of the kind in skill.toml: export const tool = defineTools(…)"]);
    project.put(file, "import \"./missing\";\n");
    fails(&["missing"]);
    project.put(file, &source);
    project.put("skill.toml", &manifest.replace("kind = \"tool\"", "kind = \"tools\""));
    fails(&["error: skill.toml has no kind that is one of spec, review, implement, verify, tool"]);
    project.put("skill.toml", &manifest);
    fs::remove_dir_all(project.folder().join("node_modules/componentize-qjs")).unwrap();
    fails(&["error: componentize-qjs is missing; to install it: npm install"]);
}

#[test]
fn a_dependency_that_was_added_is_installed() {
    let project = Project::new("javascript", "tool");
    project.build();
    fs::create_dir(project.folder().join("own")).unwrap();
    project.put("own/package.json", "{\"name\": \"own\", \"version\": \"1.0.0\", \"main\": \"index.js\"}");
    project.put("own/index.js", "export const own = (text) => text.split(\"\\n\");\n");
    project.replace("package.json", "\"dependencies\": {", "\"dependencies\": {\n    \"own\": \"file:./own\",");
    project.replace("src/skill.js", "host.files.readText(path).split(\"\\n\")", "own(host.files.readText(path))");
    project.put("src/skill.js", &format!("import {{ own }} from \"own\";\n{}", project.read("src/skill.js")));
    project.build();
    project.cases_pass();
}

/// Nothing of it ends the component: each is an answer, with the place where one can be told.
#[test]
fn what_a_skill_does_wrong_is_told_with_its_place() {
    let project = Project::new("javascript", "tool");
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
           latin: (host) => host.files.readText(\"latin\"),\n\
           long: (host) => host.files.readText(\"a\".repeat(1000000)),\n\
         };\n\
         export const tool = defineTools({\n\
           \"go-wrong\": { description: \"Goes wrong.\", parameters, returns, run: ({ how }, host) => WAYS[how](host) },\n\
         });\n",
    );
    let world = project.at_work(&[]);
    fs::write(world.repo().join("latin"), b"\xff").unwrap();
    for (how, code, texts) in [
        ("crash", 1, &["failed: TypeError: cannot read property 'length' of undefined at src/skill.js:5\n"][..]),
        ("text", 1, &["failed: a text was thrown, which is no Error"]),
        ("promise", 1, &["failed: a skill is synchronous"]),
        ("unfit", 1, &["failed: what go-wrong returns does not fit its schema: `n` must be a whole number"]),
        ("message", 1, &["failed: TypeError: log.log: message must be a string, and is 7 at src/skill.js:9\n"]),
        ("console", 1, &["failed: ReferenceError: console is not defined"]),
        ("models", 4, &["denied: model cheap"]),
        ("latin", 1, &["invalid input: latin is not UTF-8 text"]),
        ("long", 1, &["failed: aaa", "aaa… can't be used: name-too-long"]),
    ] {
        let ran = call(&world, "go-wrong", &json!({ "how": how }), &["read=**"]);
        ran.failed(code, texts);
        assert!(ran.stderr.len() < 3000, "{how}: {}", ran.stderr.len());
    }
}
