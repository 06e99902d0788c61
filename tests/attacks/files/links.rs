//! Links: those that are there, and those that a skill would like to make.

use super::*;
use crate::support::{block_on, ended};

#[test]
fn f_03_links_out_of_the_tree() {
    block_on(async {
        let lab = lab();
        let secret = lab.folder.path().join("secret.txt");
        link(&lab, "out/relative", "../../secret.txt");
        link(&lab, "out/absolute", secret.to_str().unwrap());
        link(&lab, "out/chain", "chain-1");
        link(&lab, "out/chain-1", "./chain-2");
        link(&lab, "out/chain-2", "../out/relative");
        link(&lab, "out/folder", "../../neighbour");
        link(&lab, "out/hidden", "../hidden");
        link(&lab, "out/up", "..");
        link(&lab, "out/loop-a", "loop-b");
        link(&lab, "out/loop-b", "loop-a");
        link(&lab, "out/self", "self/self");
        let mut script = Vec::new();
        for path in [
            "out/relative",
            "out/absolute",
            "out/chain",
            "out/folder/file.txt",
            "out/folder/folder/run.sh",
            "out/hidden/key",
            "out/up/hidden/key",
            "out/up/.git/config",
            "out/loop-a",
            "out/self",
        ] {
            script.extend(["read", "list", "stat", "hash", "times"].map(|does| step(does, path)));
            script.push(json!({ "do": "write", "path": path, "how": "write", "text": "x" }));
            script.push(json!({ "do": "write", "path": path, "how": "write create truncate", "text": "x" }));
            script.push(json!({ "do": "resize", "path": path, "size": 0 }));
            script.push(to("link", path, "out/stolen"));
        }
        for path in ["out/folder/new", "out/up/new", "out/hidden/new", "out/loop-a/new"] {
            script.extend(["mkdir", "write", "unlink", "rmdir"].map(|does| step(does, path)));
            script.push(to("symlink", path, "x"));
            script.push(to("rename", "out/mine.txt", path));
        }
        for (way, answer) in script.iter().zip(answers(&lab, &script).await) {
            assert!(is_refused(&answer), "{way}: {answer}");
        }
        lab.held([ended("done").denied_some()]).await;
    });
}

#[test]
fn f_03_what_a_link_out_says_is_not_told() {
    block_on(async {
        let lab = lab();
        link(&lab, "out/absolute", lab.folder.path().to_str().unwrap());
        link(&lab, "out/inside", "mine.txt");
        let answers = answers(&lab, &[step("readlink", "out/absolute"), step("readlink", "out/inside")]).await;
        assert_eq!(answers, [json!("!not-permitted"), json!("mine.txt")]);
        lab.held([ended("done").denied(1)]).await;
    });
}

#[test]
fn f_15_links_that_escape_can_not_be_made() {
    block_on(async {
        let lab = lab();
        plant(&lab, "out/deep/er/x", "x");
        let secret = lab.folder.path().join("secret.txt");
        let targets = [
            "../../secret.txt",
            "..",
            "../..",
            "../ro/a.txt",
            "../hidden/key",
            "../.git/config",
            "deep/../../ro/a.txt",
            "deep/er/../../../../secret.txt",
            "/etc/passwd",
            "/proc/self/environ",
            secret.to_str().unwrap(),
            "",
            "x\0y",
        ];
        let mut script: Vec<Value> = targets.iter().map(|target| to("symlink", "out/escape", target)).collect();
        // Right where it is made, wrong where it is moved to.
        script.push(to("symlink", "out/deep/er/up", "../../mine.txt"));
        script.push(to("rename", "out/deep/er/up", "out/up"));
        script.push(to("rename", "out/deep/er", "out/er"));
        let answers = answers(&lab, &script).await;
        let (made, rest) = answers.split_at(targets.len());
        assert!(made.iter().all(is_refused), "{made:?}");
        assert_eq!(rest, [json!(true), json!("!not-permitted"), json!("!not-permitted")]);
        assert!(!lab.tree().join("out/escape").is_symlink() && !lab.tree().join("out/up").is_symlink());
        assert!(lab.tree().join("out/deep/er/x").exists());
        lab.held([ended("done").denied_some()]).await;
    });
}

#[test]
fn f_21_through_a_folder_link_or_a_renamed_parent() {
    block_on(async {
        let lab = lab();
        link(&lab, "out/door", "../ro");
        link(&lab, "out/hall", "../hidden");
        plant(&lab, "out/folder/inner.txt", "inner");
        let script = [
            json!({ "do": "write", "path": "out/door/a.txt", "text": "x" }),
            json!({ "do": "write", "path": "out/door/new.txt", "text": "x" }),
            step("unlink", "out/door/a.txt"),
            json!({ "do": "write", "path": "out/hall/key", "text": "x" }),
            // A descriptor keeps no rights that its place has not.
            json!({ "do": "open", "path": "out/folder", "how": "read directory mutate" }),
            to("rename", "out/folder", "ro/folder"),
            to("rename", "out", "elsewhere"),
            to("rename", "ro", "out/ro"),
            to("rename", "hidden", "out/hidden"),
            to("rename", "out/folder", "out/moved"),
            json!({ "do": "write", "at": 1, "path": "inner.txt", "how": "write", "text": "through the old name" }),
            json!({ "do": "write", "at": 1, "path": "../../ro/a.txt", "text": "x" }),
            step("read", "out/moved/inner.txt"),
        ];
        let answers = answers(&lab, &script).await;
        let worked: Vec<usize> = (0..script.len()).filter(|n| !is_refused(&answers[*n])).collect();
        assert_eq!(worked, [4, 9, 12], "{answers:?}");
        assert_eq!(answers[12], "inner");
        lab.held([ended("done").denied_some()]).await;
    });
}
