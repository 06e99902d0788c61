//! A skill that takes all it can get of the file system.

use super::*;
use crate::support::{block_on, descriptors_beneath, ended, until};
use skillhost_engine::CallError;

fn repeat(times: u64, of: &[Value]) -> Value {
    json!({ "do": "repeat", "times": times, "of": of })
}

#[test]
fn f_10_extreme_sizes_and_times() {
    block_on(async {
        let lab = lab();
        let open = json!({ "do": "open", "path": "out/mine.txt", "how": "read write" });
        let mut script = vec![open];
        for size in [1_u64 << 63, u64::MAX, i64::MAX as u64, 1 << 60] {
            script.push(json!({ "do": "resize-open", "at": 1, "size": size }));
            script.push(json!({ "do": "write-open", "at": 1, "text": "x", "offset": size }));
            script.push(json!({ "do": "stream-open", "at": 1, "text": "x", "offset": size }));
        }
        for (seconds, nanoseconds) in [(u64::MAX, 0), (0, u32::MAX), (1 << 63, 999_999_999), (0, 1_000_000_000)] {
            let time = json!({ "at": 1, "seconds": seconds, "nanoseconds": nanoseconds });
            for does in ["times-open", "times"] {
                let mut step = time.clone();
                (step["do"], step["path"]) = (does.into(), "out/mine.txt".into());
                step["at"] = u32::from(does == "times-open").into();
                script.push(step);
            }
        }
        let refused = script.len();
        // Far, and still a time: the file system takes it or cuts it.
        script.push(json!({ "do": "times-open", "at": 1, "seconds": i64::MAX }));
        script.push(step("stat", "out/mine.txt"));
        script.push(step("read", "out/mine.txt"));
        let answers = answers(&lab, &script).await;
        assert!(answers[1..refused].iter().all(is_refused), "{answers:?}");
        assert_eq!(answers[refused + 1..], [json!(4), json!("mine")]);
        lab.held([ended("done")]).await;
    });
}

#[test]
fn f_11_files_that_are_opened_without_end() {
    block_on(async {
        let lab = lab();
        let open = json!({ "do": "open", "path": "out/mine.txt", "how": "read write" });
        let script = [
            repeat(100_000, std::slice::from_ref(&open)),
            json!({ "do": "hold-listing", "at": 0 }),
            json!({ "do": "close", "at": 1 }),
            step("read", "out/mine.txt"),
        ];
        let answers = answers(&lab, &script).await;
        assert_eq!(answers[0], json!({ "true": 256, "!quota": 99_744 }));
        assert_eq!(answers[1..], [json!("!quota"), json!(true), json!("mine")]);
        // Streams of one file, until the table of handles is full: that ends the guest.
        let script = [open, repeat(10_000, &[json!({ "do": "hold-stream", "at": 1 })])];
        let error = call(&lab, &grant(), Quotas::default(), &script).await.unwrap_err().error;
        assert!(matches!(&error, CallError::Trap(trap) if trap.cause().contains("handle limit")), "{error:?}");
        assert_eq!(descriptors_beneath(&lab.tree()), 0, "all are closed with the call");
        lab.held([ended("done"), ended("trapped")]).await;
    });
}

#[test]
fn f_12_bytes_files_and_folders_without_end() {
    block_on(async {
        let lab = lab();
        let quotas = Quotas { bytes_written: 1 << 20, created: 2000, ..Quotas::default() };
        let chunk = "x".repeat(4096);
        let script = [
            json!({ "do": "open", "path": "out/big", "how": "write create" }),
            // 1 EiB that nobody wrote, and a hole before one byte.
            json!({ "do": "resize-open", "at": 1, "size": 1_u64 << 60 }),
            json!({ "do": "write-open", "at": 1, "text": "x", "offset": 1_u64 << 60 }),
            repeat(2000, &[json!({ "do": "append-open", "at": 1, "text": chunk })]),
            repeat(50_000, &[json!({ "do": "write", "path": "out/tiny-#", "how": "write create" })]),
            repeat(1000, &[step("mkdir", "out/folder-#"), to("symlink", "out/link-#", "mine.txt")]),
            // What is removed counts all the same: others had to keep up with it.
            repeat(1000, &[step("unlink", "out/tiny-#"), json!({ "do": "write", "path": "out/tiny-#" })]),
        ];
        let called = call(&lab, &grant(), quotas, &script).await.unwrap();
        let answers = called.answer.unwrap();
        assert_eq!(answers[1], "!quota");
        assert_eq!(answers[2], "!quota");
        assert_eq!((&answers[3]["true"], &answers[3]["!quota"]), (&256.into(), &1744.into()), "{answers}");
        assert_eq!((&answers[4]["0"], &answers[4]["!quota"]), (&1999.into(), &48_001.into()), "{answers}");
        assert_eq!(answers[5], json!({ "!quota": 2000 }));
        assert_eq!(answers[6]["!quota"], 1000);
        assert_eq!(fs::metadata(lab.tree().join("out/big")).unwrap().len(), 1 << 20);
        assert_eq!(called.done.files.bytes_written, 1 << 20);
        lab.held([ended("done").count("bytes_written", 1 << 20)]).await;
    });
}

/// The host remembers what a call made until it ends.
#[test]
fn f_12_long_names_count_several_times() {
    block_on(async {
        let lab = lab();
        let quotas = Quotas { created: 1000, ..Quotas::default() };
        let folder = format!("/{}", "n".repeat(255));
        let mut script: Vec<Value> =
            (1..=14).map(|depth| step("mkdir", &format!("out{}", folder.repeat(depth)))).collect();
        let deepest = format!("out{}", folder.repeat(14));
        script.push(repeat(1000, &[json!({ "do": "write", "path": format!("{deepest}/#") })]));
        let called = call(&lab, &grant(), quotas, &script).await.unwrap();
        let made = called.answer.unwrap()[14]["0"].as_u64().unwrap();
        // Each weighs fifteen.
        assert!((50..70).contains(&made), "{made}");
        let remembered: usize = called.done.files.written.iter().map(|path| path.as_str().len()).sum();
        assert!(remembered < 1000 * 256, "{remembered}");
        lab.held([ended("done").count("files_created", made)]).await;
    });
}

#[test]
fn f_12_folders_do_not_nest_without_end() {
    block_on(async {
        let lab = lab();
        let mut script = Vec::new();
        let mut path = "out".to_owned();
        for _ in 0..1000 {
            path.push_str("/d");
            script.push(step("mkdir", &path));
        }
        // And from the deepest that there is, one at a time.
        let deepest = format!("out{}", "/d".repeat(127));
        script.push(json!({ "do": "open", "path": deepest, "how": "read directory" }));
        script.push(json!({ "do": "mkdir", "at": 1, "path": "d" }));
        let answers = answers(&lab, &script).await;
        let made = answers[..1000].iter().filter(|answer| !is_refused(answer)).count();
        assert_eq!((made, &answers[1000], &answers[1001]), (127, &json!(true), &json!("!name-too-long")));
        lab.held([ended("done")]).await;
    });
}

#[test]
fn f_12_a_disk_that_is_full() {
    if !is_where_it_may_mount("files::quotas::f_12_a_disk_that_is_full") {
        return;
    }
    block_on(async {
        use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
        let lab = lab();
        let disk = lab.tree().join("out");
        mount("none", &disk, "tmpfs", MountFlags::empty(), c"size=1m,nr_inodes=500").unwrap();
        let chunk = "x".repeat(4096);
        let script = [
            json!({ "do": "open", "path": "out/big", "how": "read write create" }),
            repeat(1000, &[json!({ "do": "append-open", "at": 1, "text": chunk })]),
            json!({ "do": "write-open", "at": 1, "text": "x", "offset": 64 << 20 }),
            step("unlink", "out/big"),
            json!({ "do": "close", "at": 1 }),
            repeat(1000, &[step("mkdir", "out/folder-#")]),
        ];
        let answers = answers(&lab, &script).await;
        let full = "!insufficient-space";
        assert!(answers[1][full].as_u64().is_some_and(|refused| refused >= 744), "{answers:?}");
        assert_eq!(answers[3..5], [json!(true), json!(true)]);
        assert!(answers[5][full].as_u64().is_some_and(|refused| refused > 500), "{answers:?}");
        unmount(&disk, UnmountFlags::empty()).unwrap();
        plant(&lab, "out/mine.txt", "mine");
        lab.held([ended("done")]).await;
    });
}

#[test]
fn f_19_a_large_directory_and_names_that_can_not_be_shown() {
    block_on(async {
        let lab = lab();
        let folder = lab.tree().join("out/large");
        fs::create_dir(&folder).unwrap();
        for n in 0..100_000 {
            fs::File::create(folder.join(format!("file-{n}"))).unwrap();
        }
        for name in ["a\u{1b}[2Jb", "new\nline", "back\\slash", "dot."] {
            fs::File::create(folder.join(name)).unwrap();
        }
        let count = step("count", "out/large");
        let called = call(&lab, &grant(), Quotas::default(), std::slice::from_ref(&count)).await.unwrap();
        assert_eq!(called.answer.unwrap(), json!([100_000]));
        assert_eq!(called.done.files.skipped_names, 4);
        let quotas = Quotas { entries_listed: 150_000, ..Quotas::default() };
        let twice = call(&lab, &grant(), quotas, &[count.clone(), count]).await.unwrap();
        assert_eq!(twice.answer.unwrap(), json!([100_000, "!quota"]));
        // What it asks for in vain is kept in part, and escaped.
        let denied = repeat(1000, &[step("read", "hidden/\u{202e}#")]);
        let called = call(&lab, &grant(), Quotas::default(), &[denied]).await.unwrap();
        let kept = &called.done.files.denied;
        assert!(kept.len() <= 100 && kept.iter().all(|denial| !denial.path.contains('\u{202e}')), "{kept:?}");
        lab.held([ended("done"), ended("done"), ended("done").denied(1000)]).await;
    });
}

/// Set for the test's own copies, which may open fewer files.
const FEW: &str = "SKILLHOST_TEST_FEW";

/// Runs a test once more, in a process with this limit on open files.
fn with_limit(test: &str, limit: &str) {
    let mut copy = Command::new("sh");
    copy.args(["-c", &format!("ulimit {limit} && exec \"$0\" --exact files::quotas::{test}")]);
    let output = copy.arg(std::env::current_exe().unwrap()).env(FEW, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Eight calls that open files until they are refused, and then wait; `held` at once in all, when all have.
fn eight_hoarders(held: usize) {
    block_on(async {
        let lab = std::sync::Arc::new(lab());
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let lab = std::sync::Arc::clone(&lab);
                tokio::spawn(async move {
                    let open = json!({ "do": "open", "path": "out/mine.txt", "how": "read" });
                    let script = [repeat(300, &[open]), json!({ "do": "sleep", "milliseconds": 3_600_000 })];
                    call(&lab, &grant(), Quotas::default(), &script).await.map(|called| called.answer)
                })
            })
            .collect();
        let now = || descriptors_beneath(&lab.tree().join("out"));
        until("all hold all they may", || now() == held).await;
        // Where some hold all that there is, others may not have begun: each has to, and is refused.
        lab.began(8).await;
        // The host opens files, and so does a neighbour where there are enough for all.
        let files: Vec<_> = (0..32).map(|_| fs::File::open(lab.tree().join("ro/a.txt")).unwrap()).collect();
        drop(files);
        if held == 8 * 256 {
            lab.still_answers().await;
        }
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        lab.held(ended("abandoned").times(8)).await;
        assert_eq!(now(), 0);
    });
}

#[test]
fn f_11_many_skills_hold_all_they_may() {
    match std::env::var_os(FEW) {
        // The usual limit; the host lifts it.
        None => with_limit("f_11_many_skills_hold_all_they_may", "-Sn 1024"),
        Some(_) => eight_hoarders(8 * 256),
    }
}

#[test]
fn f_11_many_skills_leave_the_host_its_half() {
    match std::env::var_os(FEW) {
        None => with_limit("f_11_many_skills_leave_the_host_its_half", "-n 512"),
        Some(_) => eight_hoarders(256),
    }
}
