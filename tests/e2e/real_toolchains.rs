//! Tools that people test with, in the command sandbox without a network, as gates of real runs: pytest on a package from
//! PyPI, and a browser on a page that the gate serves itself.

use crate::main_job::entry;
use crate::registries::Registry;
use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World, ran};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The small project with another gate, and a folder of tools that the user's configuration names.
fn world(gate: &[&str], variables: &[&str], files: &[(&str, &str)]) -> World {
    let world = World::with(&project());
    let config = CONFIG.replace("run = [\"sh\", \"test.sh\"]", &format!("run = {gate:?}"));
    world.commit(&[&[("skillhost.toml", config.as_str())], files].concat());
    let folder = world.home().join(".config/skillhost");
    fs::create_dir_all(&folder).unwrap();
    let tools = tools(&world);
    fs::create_dir_all(&tools).unwrap();
    let text = format!("[toolchains]\npaths = [{tools:?}]\nenv = {variables:?}\n");
    fs::write(folder.join("config.toml"), text).unwrap();
    world
}

fn tools(world: &World) -> std::path::PathBuf {
    world.home().join("tools")
}

/// The whole job, fully sandboxed; gives the gate.
fn passes(world: &World, variables: &[(&str, &Path)]) -> Value {
    let before = world.footprint();
    let ran = run(world, variables, &greeting());
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    gate(&ran)
}

/// With a test that wants another greeting. Its author may not run it, so nothing but the gate can find out.
fn fails(world: &World, variables: &[(&str, &Path)], test: (&str, &str)) {
    let config = fs::read_to_string(world.repo().join("skillhost.toml")).unwrap();
    world.commit(&[test, ("skillhost.toml", &config.replace("exec = [\"test\"]", "exec = []"))]);
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").finishes(1);
    let ran = run(world, variables, &script.reviews("change-review", 1, &[]));
    assert_eq!((ran.code, &gate(&ran)["exit_code"]), (Some(1), &Value::from(1)), "{ran:#?}");
}

fn run(world: &World, variables: &[(&str, &Path)], script: &Script) -> Ran {
    let model = world.model(&script.text());
    let mut command = world.command(&["run", "Greet everybody", "--format", "json", "--model", &model]);
    ran(command.envs(variables.iter().copied()).output().unwrap())
}

fn gate(ran: &Ran) -> Value {
    let document = fs::read(entry(ran)["run_json"].as_str().unwrap()).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["sandbox"], "full", "{document:#}");
    document["gates"][0].clone()
}

fn client(line: &[&str]) {
    let output = Command::new(line[0]).args(&line[1..]).output();
    let output = output.unwrap_or_else(|e| panic!("{line:?} could not be started, and this test needs it: {e}"));
    assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn pytest_on_a_package_from_pypi() {
    let greets = "def test_greeting():\n    assert open('src/greeting.txt').read() == 'hello\\n'\n";
    let world = world(&["pytest", "-q", "-p", "no:cacheprovider"], &["PYTHONPATH"], &[("test_greeting.py", greets)]);
    // One module, with some two hundred cases that are written for pytest.
    Registry::Pypi.fetch("six", "1.17.0", &world.repo());
    world.commit(&[]);
    let tools = tools(&world);
    client(&["python3", "-m", "pip", "install", "--quiet", "--target", tools.to_str().unwrap(), "pytest==8.4.2"]);

    let gate = passes(&world, &[("PYTHONPATH", &tools)]);
    assert!(gate["tests"].as_u64() > Some(150), "{gate:#}");

    fails(&world, &[("PYTHONPATH", &tools)], ("test_greeting.py", &greets.replace("hello", "goodbye")));
}

/// Serves the page, clicks in it, reads what came of it, and looks at a picture of it. Everything else is out of reach.
const BROWSE: &str = r#"
const assert = require('assert'), fs = require('fs'), http = require('http');
const { chromium } = require('playwright-core');
(async () => {
  const greeting = fs.readFileSync('src/greeting.txt', 'utf8');
  const page = "<button onclick=\"fetch('/greeting').then(a => a.text()).then(text => document.getElementById('said').textContent = text)\">" +
    "Greet</button><p id=said>nothing yet</p>";
  const server = http.createServer((request, answer) => {
    answer.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/plain');
    answer.end(request.url === '/' ? page : greeting);
  });
  await new Promise(listens => server.listen(0, '127.0.0.1', listens));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false });
  const view = await browser.newPage();
  await view.goto(`http://127.0.0.1:${server.address().port}/`);
  await view.click('button');
  await view.waitForFunction(() => document.getElementById('said').textContent !== 'nothing yet');
  assert.equal(await view.textContent('#said'), 'hello\n');
  const picture = await view.screenshot({ path: 'picture.png' });
  assert.equal(picture.subarray(1, 4).toString(), 'PNG');
  assert(picture.length > 1000);
  await assert.rejects(view.goto('http://1.1.1.1/'), /ERR_INTERNET_DISCONNECTED|ERR_ADDRESS_UNREACHABLE|ERR_NETWORK/);
  await browser.close();
  server.close();
  console.log('1 passed');
})().catch(error => { console.error(error); process.exit(1); });
"#;

#[test]
fn a_browser_on_a_page_of_the_gates_own() {
    assert!(Path::new("/usr/bin/chromium").exists(), "this test needs Chromium: apt-get install chromium");
    let world = world(&["node", "browse.js"], &["NODE_PATH"], &[("browse.js", BROWSE)]);
    let modules = tools(&world).join("node_modules");
    let package = modules.join("playwright-core");
    fs::create_dir_all(&package).unwrap();
    Registry::Npm.fetch("playwright-core", "1.57.0", &package);

    let gate = passes(&world, &[("NODE_PATH", &modules)]);
    assert_eq!((&gate["exit_code"], &gate["output"]), (&Value::from(0), &Value::from("1 passed\n")), "{gate:#}");

    fails(&world, &[("NODE_PATH", &modules)], ("browse.js", &BROWSE.replace("'hello\\n'", "'goodbye'")));
}
