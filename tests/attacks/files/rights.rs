//! What may be read may not be changed, and nothing moves between what has different rights.

use super::*;
use crate::support::{block_on, ended};

#[test]
fn f_08_read_only_means_nothing_changes() {
    block_on(async {
        let lab = lab();
        plant(&lab, "ro/folder/b.txt", "b");
        let mut script = Vec::new();
        for how in ["write", "read write", "write truncate", "truncate", "read truncate", "create", "read create"] {
            script.push(json!({ "do": "open", "path": "ro/a.txt", "how": how }));
            script.push(json!({ "do": "open", "path": "ro/new.txt", "how": format!("{how} create") }));
        }
        script.extend(["unlink", "times", "resize"].map(|does| step(does, "ro/a.txt")));
        script.extend(["rmdir", "times"].map(|does| step(does, "ro/folder")));
        script.push(step("mkdir", "ro/new"));
        script.push(to("symlink", "ro/link", "a.txt"));
        script.push(to("rename", "ro/a.txt", "ro/b.txt"));
        script.push(to("rename", "ro/folder", "ro/folder2"));
        let refused = script.len();
        // An open descriptor gives no more than it was opened for.
        let opened = json!({ "do": "open", "path": "ro/a.txt", "how": "read" });
        script.push(opened);
        let at = script.iter().filter(|step| step["do"] == "open").count();
        for does in ["write-open", "stream-open", "append-open", "resize-open", "times-open", "hold-stream"] {
            script.push(json!({ "do": does, "at": at, "text": "x", "size": 0, "seconds": 1 }));
        }
        script.push(json!({ "do": "read-open", "at": at }));
        let answers = answers(&lab, &script).await;
        assert!(answers[..refused].iter().all(is_refused), "{answers:?}");
        let (opened, rest) = answers[refused..].split_first().unwrap();
        assert_eq!((opened, rest.last().unwrap()), (&json!(true), &json!("read only")));
        assert!(rest[..rest.len() - 1].iter().all(is_refused), "{rest:?}");
        lab.held([ended("done").denied_some().count("files_opened", 1)]).await;
    });
}

#[test]
fn f_09_no_way_between_grants() {
    block_on(async {
        let lab = lab();
        plant(&lab, "out/folder/inner.txt", "inner");
        // Two names of one file, as a command could have made them.
        fs::hard_link(lab.tree().join("ro/a.txt"), lab.tree().join("out/twin.txt")).unwrap();
        let script = [
            to("link", "ro/a.txt", "out/a.txt"),
            to("link", "out/mine.txt", "ro/mine.txt"),
            to("link", "out/mine.txt", "out/other.txt"),
            to("link", "hidden/key", "out/key"),
            to("rename", "ro/a.txt", "out/a.txt"),
            to("rename", "out/mine.txt", "ro/a.txt"),
            to("rename", "out/mine.txt", "mine.txt"),
            to("rename", "hidden/key", "out/key"),
            to("rename", "hidden", "out/hidden"),
            to("rename", "out/folder", "hidden/folder"),
            json!({ "do": "write", "path": "out/twin.txt", "how": "write", "text": "x" }),
            json!({ "do": "write", "path": "out/twin.txt", "how": "write truncate", "text": "x" }),
            step("resize", "out/twin.txt"),
            step("read", "out/twin.txt"),
        ];
        let answers = answers(&lab, &script).await;
        let (read, refused) = answers.split_last().unwrap();
        assert!(refused.iter().all(is_refused), "{refused:?}");
        assert_eq!(
            (read, fs::read_to_string(lab.tree().join("ro/a.txt")).unwrap()),
            (&json!("read only"), "read only".into())
        );
        lab.held([ended("done").denied_some()]).await;
    });
}

#[test]
fn f_20_what_runs_by_itself_is_out_of_reach_unless_granted() {
    block_on(async {
        let lab = lab();
        let files = [
            ".envrc",
            ".vscode/tasks.json",
            ".cargo/config.toml",
            "build.rs",
            ".github/workflows/ci.yml",
            ".gitlab-ci.yml",
            ".husky/pre-commit",
            ".githooks/pre-commit",
            "package.json",
            "Makefile",
            "conftest.py",
            "ro/conftest.py",
            ".idea/workspace.xml",
        ];
        out_of_reach(&lab, &files).await;
        lab.held(ended("done").denied_some().times(files.len())).await;
    });
}
