//! A second look at init, from outside: what the host's own `/proc` shows of it must be what init said of itself.
//!
//! Init tells what it observes, and nobody else can see all of that. What can be seen from here (its namespaces, its
//! privileges, its filter, its users, mounts and network, its cgroup) is looked at while it waits for the host's word, so that an init that is wrong, or
//! that was replaced, doesn't vouch for itself.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::init::{network, observe};
use crate::level::{Observed, Wall};
use crate::plan::Plan;

/// The first thing that is not as PID 1 of the sandbox says, in words. `supervisor` is the process that the host started.
pub(crate) fn check(supervisor: u32, plan: &Plan, observed: &Observed) -> Result<(), String> {
    let seen = |error: io::Error| format!("the sandbox can't be looked at from outside: {error}");
    let first = match children(supervisor).map_err(seen)?.as_slice() {
        [one] => PathBuf::from("/proc").join(one),
        others => return Err(format!("the supervisor has {} children, not PID 1 alone", others.len())),
    };
    let status = fs::read_to_string(first.join("status")).map_err(seen)?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    // Its number here, and the one inside.
    if field("NSpid").is_none_or(|ids| ids.split_whitespace().count() < 2 || !ids.ends_with("\t1")) {
        return Err(format!("{}: what says so is not PID 1 of one", Wall::PidNamespace));
    }
    if ["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"].iter().any(|set| field(set) != Some("0000000000000000")) {
        return Err("capabilities are left, seen from outside".to_owned());
    }
    if field("NoNewPrivs") != Some("1") {
        return Err("new privileges are not switched off, seen from outside".to_owned());
    }
    if field("Seccomp") != Some("2") && !plan.without.contains(&Wall::Seccomp) {
        return Err(format!("{} restricts nothing, seen from outside", Wall::Seccomp));
    }
    for (name, said) in &observed.namespaces {
        let namespace = fs::metadata(first.join("ns").join(name)).map_err(seen)?;
        if namespace.ino() != *said {
            return Err(format!("the {} namespace is another one than was said", name.escape_default()));
        }
    }
    check_surroundings(&first, observed)?;
    match &plan.cgroup {
        Some(cgroup) if !is_in(&first, cgroup).map_err(seen)? => Err("it is not in its cgroup".to_owned()),
        _ => Ok(()),
    }
}

/// What the kernel tells everybody of a process: its user map, its mounts, its network.
fn check_surroundings(process: &Path, observed: &Observed) -> Result<(), String> {
    let seen = |what: &'static str| move |error: io::Error| format!("{what} can't be seen from outside: {error}");
    let same = |what: &str, is_same: bool| match is_same {
        true => Ok(()),
        false => Err(format!("{what} are not what was said, seen from outside")),
    };
    same("users", observe::uid_map(process).map_err(seen("users"))? == observed.uid_map)?;
    same("mounts", observe::mounts(process).map_err(seen("mounts"))? == observed.mounts)?;
    let interfaces = observe::interface_names(process).map_err(seen("interfaces"))?;
    same("interfaces", interfaces.iter().eq(observed.interfaces.iter().map(|(name, _)| name)))?;
    same("listeners", network::listeners(process).map_err(seen("listeners"))? == observed.listeners)
}

/// The processes that a process started, by number.
fn children(parent: u32) -> io::Result<Vec<String>> {
    match fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")) {
        Ok(list) => Ok(list.split_whitespace().map(str::to_owned).collect()),
        // Not every kernel has the list.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(search_for_children(parent)?),
        Err(error) => Err(error),
    }
}

fn search_for_children(parent: u32) -> io::Result<Vec<String>> {
    let line = format!("PPid:\t{parent}\n");
    let is_child = |id: &String| {
        id.bytes().all(|byte| byte.is_ascii_digit())
            && fs::read_to_string(format!("/proc/{id}/status")).is_ok_and(|status| status.contains(&line))
    };
    let names = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(is_child).collect())
}

fn is_in(process: &Path, cgroup: &Path) -> io::Result<bool> {
    let members = fs::read_to_string(cgroup.join("cgroup.procs"))?;
    Ok(process.file_name().and_then(|id| id.to_str()).is_some_and(|id| members.lines().any(|member| member == id)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::command::Command;
    use crate::support::Support;
    use crate::toolchains::Toolchains;

    /// What is true of a process that does nothing, then each part of it changed.
    #[test]
    fn what_a_process_says_of_its_surroundings_must_be_so() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = PathBuf::from(format!("/proc/{}", child.id()));
        let names = observe::interface_names(&process).unwrap();
        let good = || Observed {
            uid_map: observe::uid_map(&process).unwrap(),
            mounts: observe::mounts(&process).unwrap(),
            interfaces: names.iter().map(|name| (name.clone(), true)).collect(),
            ..Observed::default()
        };
        let check = |change: &dyn Fn(&mut Observed)| {
            let mut observed = good();
            change(&mut observed);
            // Other tests of this program listen meanwhile.
            observed.listeners.extend(network::listeners(&process).unwrap());
            check_surroundings(&process, &observed).err().unwrap_or_default()
        };
        type Change<'a> = (&'a str, &'a dyn Fn(&mut Observed));
        let changes: [Change<'_>; 4] = [
            ("users", &|o| o.uid_map = "1000 0 1".into()),
            ("mounts", &|o| drop(o.mounts.pop())),
            ("mounts", &|o| o.mounts[0].writable = !o.mounts[0].writable),
            ("interfaces", &|o| o.interfaces.push(("other".into(), true))),
        ];
        for (what, change) in changes {
            let refused = check(change);
            assert!(refused.starts_with(what), "{what}: {refused}");
        }
        let otherwise = check(&|_| {});
        assert!(otherwise.is_empty() || otherwise.starts_with("listeners"), "{otherwise}");
        let mut wrong = good();
        wrong.listeners = vec!["nowhere".into()];
        assert!(check_surroundings(&process, &wrong).unwrap_err().starts_with("listeners"));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_only_says_so_is_refused() {
        let command = Command::new(["true"], std::env::temp_dir());
        let plan = crate::layout::plan(&command, &Toolchains::none(), &Support::everything(), None, 0).unwrap();
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        // The child of a supervisor that is none: this test.
        assert!(search_for_children(std::process::id()).unwrap().contains(&child.id().to_string()));
        let refused = check(child.id(), &plan, &Observed::default()).unwrap_err();
        assert!(refused.contains("0 children"), "{refused}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
