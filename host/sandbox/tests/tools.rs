//! What commands are for: compilers, interpreters and package managers work inside.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod support;

use skillhost_sandbox::{Demand, Exit, SandboxError, Toolchains};
use support::{Trial, text};

async fn with_toolchains() -> Trial {
    Trial::with(Toolchains::of_user(&[]), Demand::Full, |support| support).await
}

/// Programs that a machine may lack.
const OPTIONAL: [&str; 3] = ["pip", "java", "go"];

fn has(program: &str) -> bool {
    std::process::Command::new(program)
        .arg(if program == "go" { "version" } else { "--version" })
        .output()
        .is_ok_and(|output| output.status.success())
}

#[tokio::test]
async fn the_usual_programs_start() {
    let trial = with_toolchains().await;
    for program in ["cargo", "rustc", "git", "gcc", "python3", "node", "npm", "pip", "java", "go"] {
        // The project needs the first ones anyway; the last ones are looked at where they happen to be.
        if OPTIONAL.contains(&program) && !has(program) {
            eprintln!("{program} is not on this machine, and was not tried");
            continue;
        }
        let version = if program == "go" { "version" } else { "--version" };
        let outcome = trial.run(&trial.command([program, version])).await.unwrap();
        assert_eq!(outcome.exit, Exit::Code(0), "{program}: {}", text(&outcome));
    }
}

#[tokio::test]
async fn a_rust_project_builds_and_tests_offline() {
    let trial = with_toolchains().await;
    let script = "set -e; cargo init -q --lib --name sample --vcs none . && cargo test -q --offline 2>&1 && cargo metadata --offline --format-version 1 >/dev/null";
    let outcome = trial.sh(script).await;
    assert_eq!(outcome.exit, Exit::Code(0), "{}", text(&outcome));
    assert!(text(&outcome).contains("test result: ok"));
}

#[tokio::test]
async fn programs_use_threads_children_and_files() {
    let trial = with_toolchains().await;
    let outcome = trial
        .sh("set -e; python3 -c 'import multiprocessing as m; print(sum(m.Pool(4).map(abs, range(-9, 0))))'; \
             git init -q . && echo x > f && git add f && git -c user.name=a -c user.email=a@b commit -qm x && git log --format=%s; \
             rm -rf .git; mkdir -p a b; mv f a/f; mv a/f b/f; ln b/f a/hard; echo $PWD; whoami; echo out > /dev/stdout; echo err > /dev/stderr")
        .await;
    assert_eq!(text(&outcome), "45\nx\n/work\nagent\nout\nerr\n");
    let script = "const {Worker,isMainThread,parentPort}=require('worker_threads');\
        if(isMainThread){require('fs').writeFileSync('n','ok');const w=new Worker(process.argv[1]||__filename,{eval:false});w.on('message',m=>console.log(m))}else parentPort.postMessage('worker')";
    std::fs::write(trial.tree.path().join("n.js"), script).unwrap();
    let outcome = trial.run(&trial.command(["node", "n.js"])).await.unwrap();
    assert_eq!((text(&outcome).as_str(), outcome.exit), ("worker\n", Exit::Code(0)));
}

#[tokio::test]
async fn exits_are_told_apart() {
    let trial = Trial::new().await;
    assert_eq!(trial.sh("exit 3").await.exit, Exit::Code(3));
    assert_eq!(trial.sh("kill -SEGV $$").await.exit, Exit::Signal(11));
    let refused = trial.run(&trial.command(["no-such-program"])).await.unwrap_err();
    assert!(
        matches!(&refused, SandboxError::ProgramStart { program, .. } if program == "no-such-program"),
        "{refused}"
    );
    let refused = trial.run(&trial.command([])).await.unwrap_err();
    assert!(matches!(refused, SandboxError::CommandEmpty));
}

#[tokio::test]
async fn output_comes_as_it_is_written_and_variables_arrive() {
    let trial = Trial::new().await;
    let mut command = trial.command(["sh", "-c", "echo $NAME; echo err >&2"]);
    command.env.insert("NAME".into(), "value".into());
    let mut live = Vec::new();
    let outcome =
        trial.sandbox.run(&command, std::future::pending(), |bytes| live.extend_from_slice(bytes)).await.unwrap();
    assert_eq!(live, b"value\nerr\n");
    assert_eq!(outcome.output.as_bytes(), live);
}

#[tokio::test]
async fn many_commands_run_side_by_side() {
    let trial = Trial::new().await;
    let runs: Vec<_> = (0..8).map(|number| trial.command(["sh", "-c", &format!("echo {number}")])).collect();
    let mut set = tokio::task::JoinSet::new();
    for command in runs {
        let sandbox = trial.sandbox.clone();
        set.spawn(async move { sandbox.run(&command, std::future::pending(), |_| {}).await.unwrap() });
    }
    let mut outputs: Vec<_> = set.join_all().await.iter().map(text).collect();
    outputs.sort();
    assert_eq!(outputs, (0..8).map(|number| format!("{number}\n")).collect::<Vec<_>>());
}
