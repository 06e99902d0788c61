//! Nothing that is spelled leads out of the tree.

use super::*;
use crate::support::{block_on, ended};
use rustix::fs::{CWD, FileType, Mode, makedev, mkfifoat, mknodat};
use rustix::mount::{UnmountFlags, mount_bind, unmount};
use skillhost_engine::CallError;

#[test]
fn f_01_dot_dot() {
    block_on(async {
        let lab = lab();
        let outside =
            ["..", "../secret.txt", "out/../../secret.txt", "out/.//nested/../../../secret.txt", "../tree/ro/../out"];
        out_of_reach(&lab, &outside).await;
        let inside = [
            json!({ "do": "open", "path": "out", "how": "read directory" }),
            json!({ "do": "read", "at": 1, "path": "../ro/a.txt" }),
            json!({ "do": "read", "at": 1, "path": "../../secret.txt" }),
            json!({ "do": "read", "at": 1, "path": "../hidden/key" }),
            step("read", "ro/nothing/.././/a.txt"),
        ];
        let expected = [json!(true), json!("read only"), json!("!not-permitted"), json!("!access"), json!("read only")];
        assert_eq!(answers(&lab, &inside).await, expected);
        let each = ended("done").denied_some();
        lab.held(each.times(outside.len()).chain([ended("done").denied(2)])).await;
    });
}

#[test]
fn f_02_absolute_paths() {
    block_on(async {
        let lab = lab();
        let absolute = lab.folder.path().join("secret.txt").to_str().unwrap().to_owned();
        let own = lab.tree().join("ro/a.txt").to_str().unwrap().to_owned();
        let paths = ["/", "/etc/passwd", "//server/share", "C:\\x", "c:/x", "\\\\?\\C:\\x", &absolute, &own];
        out_of_reach(&lab, &paths).await;
        lab.held(ended("done").denied_some().times(paths.len())).await;
    });
}

#[test]
fn f_04_trailing_slashes() {
    block_on(async {
        let lab = lab();
        link(&lab, "out/secret", "../../secret.txt");
        link(&lab, "out/beside", "../../neighbour");
        plant(&lab, "out/folder/inner.txt", "inner");
        link(&lab, "out/door", "folder");
        out_of_reach(&lab, &["out/mine.txt/", "out/mine.txt/.", "out/secret/", "out/beside/", "out/beside/."]).await;
        // A link to a folder of the same grant, with a slash: what is behind it, never the link itself.
        let script = [
            step("unlink", "out/door/"),
            step("rmdir", "out/door/"),
            to("rename", "out/door/", "out/elsewhere"),
            to("link", "out/door/", "out/elsewhere"),
            step("list", "out/door/"),
            step("mkdir", "out/new/"),
            to("rename", "out/new/", "out/newer/"),
            step("rmdir", "out/newer/"),
        ];
        let answers = answers(&lab, &script).await;
        assert!(answers[..4].iter().all(is_refused), "{answers:?}");
        assert_eq!(answers[4..], [json!(["inner.txt"]), json!(true), json!(true), json!(true)]);
        assert!(lab.tree().join("out/door").is_symlink());
        lab.held(ended("done").denied_some().times(6)).await;
    });
}

#[test]
fn f_05_magic_links() {
    block_on(async {
        let lab = lab();
        let targets =
            ["/proc/self/environ", "/proc/self/fd/0", "/proc/self/root/etc/passwd", "/proc/self/cwd", "/dev/fd"];
        for (n, target) in targets.iter().enumerate() {
            link(&lab, &format!("out/l{n}"), target);
        }
        let mut script = Vec::new();
        for n in 0..targets.len() {
            let path = format!("out/l{n}");
            script.extend(["read", "list", "stat", "hash", "readlink"].map(|does| step(does, &path)));
            script.push(json!({ "do": "write", "path": path, "how": "write", "text": "x" }));
            script.push(step("read", &format!("{path}/environ")));
        }
        script.extend(["/proc/self/environ", "proc/self/environ"].map(|path| step("read", path)));
        let answers = answers(&lab, &script).await;
        assert!(answers.iter().all(is_refused), "{answers:?}");
        lab.held([ended("done").denied_some()]).await;
    });
}

#[test]
fn f_06_malformed_names() {
    block_on(async {
        let lab = lab();
        let (deep, long) = ("out/".to_owned() + &"d/".repeat(10_000), "out/".to_owned() + &"n".repeat(4096));
        let paths = ["", "out/a\0.txt", "out/a\u{1b}[2Jb", "out/\u{7f}", &deep, &long];
        out_of_reach(&lab, &paths).await;
        // Bytes that are no text are no string of the component model: the guest ends, and nothing else.
        let bytes = [&b"out/"[..], &[0xff, 0xfe]].concat();
        let ways = every_way("").into_iter().filter(|way| way["do"] != "list");
        let mut trapped = 0;
        for mut way in ways.take(4) {
            way["path"] = json!(bytes);
            let error = call(&lab, &grant(), Quotas::default(), &[way]).await.unwrap_err().error;
            assert!(matches!(&error, CallError::Trap(trap) if trap.cause().contains("utf-8")), "{error:?}");
            trapped += 1;
        }
        let spelled = paths.iter().map(|_| ended("done").denied_some());
        lab.held(spelled.chain(ended("trapped").times(trapped))).await;
    });
}

#[test]
fn f_07_names_that_other_systems_read_differently() {
    block_on(async {
        let lab = lab();
        let names = ["COM1", "NUL.txt", "x.", "x ", "mine.txt::$DATA", "GIT~1", "aux", "a:b", "con.tar.gz"];
        for name in names {
            out_of_reach(&lab, &[name, &format!("out/{name}"), &format!("out/{name}/inner")]).await;
        }
        lab.held(ended("done").denied_some().times(3 * names.len())).await;
    });
}

/// Every way to open what is none of a guest's, and to give it another name.
fn ways_to_open(names: &[&str]) -> Vec<Value> {
    let hows = ["read", "write", "read write", "", "write create truncate", "read nofollow"];
    let open = |path: &str| hows.map(|how| json!({ "do": "open", "path": path, "how": how }));
    let mut ways: Vec<Value> = names.iter().flat_map(|name| open(&format!("out/{name}"))).collect();
    for name in names {
        ways.push(to("rename", &format!("out/{name}"), &format!("out/{name}2")));
        ways.push(to("link", &format!("out/{name}"), &format!("out/{name}2")));
    }
    ways
}

#[test]
fn f_14_fifos_sockets_and_devices() {
    block_on(async {
        let lab = lab();
        let out = |name: &str| lab.tree().join("out").join(name);
        mkfifoat(CWD, out("fifo"), Mode::from_raw_mode(0o666)).unwrap();
        // The one device that everybody may make; nothing answers to it.
        mknodat(CWD, out("device"), FileType::CharacterDevice, Mode::from_raw_mode(0o666), makedev(0, 0)).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(out("socket")).unwrap();
        let mut script = ways_to_open(&["fifo", "device", "socket"]);
        for (name, target) in
            [("to-fifo", "fifo"), ("to-device", "device"), ("to-zero", "/dev/zero"), ("to-tty", "/dev/tty")]
        {
            link(&lab, &format!("out/{name}"), target);
            script.extend(ways_to_open(&[name]).into_iter().filter(|way| way["do"] == "open"));
        }
        let answers = answers(&lab, &script).await;
        // The guard says so, before anything is opened: a device without a driver has an error of its own.
        assert!(answers.iter().all(is_refused), "{answers:?}");
        let of_device = script.iter().zip(&answers).filter(|(way, _)| way["path"] == "out/device");
        assert!(of_device.clone().count() == 8 && of_device.clone().all(|(_, answer)| answer == "!not-permitted"));
        lab.held([ended("done").denied_some()]).await;
    });
}

/// One that never ends, and one that takes nothing: mounted, since nobody but root may make them.
#[test]
fn f_14_devices_that_answer() {
    if !is_where_it_may_mount("files::paths::f_14_devices_that_answer") {
        return;
    }
    block_on(async {
        let lab = lab();
        for name in ["zero", "full"] {
            mount_bind(format!("/dev/{name}"), plant(&lab, &format!("out/{name}"), "")).unwrap();
        }
        let answers = answers(&lab, &ways_to_open(&["zero", "full"])).await;
        assert!(answers.iter().all(is_refused), "{answers:?}");
        for name in ["zero", "full"] {
            unmount(lab.tree().join("out").join(name), UnmountFlags::empty()).unwrap();
        }
        lab.held([ended("done").denied_some()]).await;
    });
}

#[test]
fn f_18_twins_are_both_in_the_record() {
    block_on(async {
        let lab = lab();
        let names = ["out/Foo", "out/foo", "out/caf\u{e9}", "out/cafe\u{301}"];
        let script = names.map(|name| json!({ "do": "write", "path": name, "text": name }));
        let called = call(&lab, &grant(), Quotas::default(), &script).await.unwrap();
        let written: Vec<_> = called.done.files.written.iter().map(ToString::to_string).collect();
        assert_eq!(written, ["out/Foo", "out/cafe\u{301}", "out/caf\u{e9}", "out/foo"]);
        for name in names {
            assert_eq!(fs::read_to_string(lab.tree().join(name)).unwrap(), name);
        }
        lab.held([ended("done").count("files_created", 4)]).await;
    });
}
