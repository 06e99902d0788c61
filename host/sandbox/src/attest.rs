//! The check of what init observed against what was asked for. Any difference means that the command does not start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::layout::{DEVICES, PROC_MASKS, SCRATCH};
use crate::level::{Observed, Wall};
use crate::plan::Plan;

/// Namespaces whose walls are checked, by the name under `/proc/self/ns`.
const NAMESPACES: [(&str, Wall); 6] = [
    ("user", Wall::UserNamespace),
    ("mnt", Wall::MountNamespace),
    ("pid", Wall::PidNamespace),
    ("net", Wall::NetworkNamespace),
    ("ipc", Wall::IpcNamespace),
    ("uts", Wall::UtsNamespace),
];
/// Mounts that init makes beside the plan's.
const OWN_MOUNTS: [&str; 5] = ["/", "/dev", "/dev/shm", "/dev/pts", "/proc"];
const OWN_WRITABLE: [&str; 2] = ["/dev/shm", "/dev/pts"];

/// The first difference between the plan and what stands, in words.
pub(crate) fn check(plan: &Plan, observed: &Observed, host: &BTreeMap<String, u64>) -> Result<(), String> {
    check_namespaces(plan, observed, host)?;
    check_privileges(plan, observed)?;
    check_network(plan, observed)?;
    check_mounts(plan, observed)
}

fn check_namespaces(plan: &Plan, observed: &Observed, host: &BTreeMap<String, u64>) -> Result<(), String> {
    let inside: BTreeMap<_, _> = observed.namespaces.iter().map(|(name, inode)| (name.as_str(), inode)).collect();
    for (name, wall) in NAMESPACES.iter().filter(|(_, wall)| !plan.without.contains(wall)) {
        match (inside.get(name), host.get(*name)) {
            (Some(inside), Some(outside)) if *inside != outside => {}
            _ => return Err(format!("{wall}: the host's own one was not left")),
        }
    }
    // PID 1 alone: the host's processes are not in this `/proc`.
    if observed.processes != 1 {
        return Err(format!("{} processes are visible before the command started", observed.processes));
    }
    Ok(())
}

fn check_privileges(plan: &Plan, observed: &Observed) -> Result<(), String> {
    if !(observed.uid_map.starts_with("1000 ") && observed.uid_map.ends_with(" 1")) {
        return Err(format!("the user map is {}", observed.uid_map.escape_default()));
    }
    if observed.capabilities != 0 {
        return Err(format!("capabilities {:#x} are left", observed.capabilities));
    }
    if !observed.no_new_privs {
        return Err("new privileges are not switched off".to_owned());
    }
    for (wall, stands) in [(Wall::Landlock, observed.landlock), (Wall::Seccomp, observed.seccomp)] {
        if !stands && !plan.without.contains(&wall) {
            return Err(format!("{wall} restricts nothing"));
        }
    }
    Ok(())
}

fn check_network(plan: &Plan, observed: &Observed) -> Result<(), String> {
    match observed.interfaces.as_slice() {
        [(name, true)] if name == "lo" => {}
        other => return Err(format!("network interfaces are {other:?}, not loopback alone and up")),
    }
    // The host holds the listener of the proxy, so it is there though no process inside has it.
    let expected: Vec<String> = plan.proxy.iter().map(ToString::to_string).collect();
    if observed.listeners != expected {
        return Err(format!("sockets listen at {:?}, not at {expected:?}", observed.listeners));
    }
    if observed.inheritable != 0 {
        return Err(format!("the command would inherit {} descriptors", observed.inheritable));
    }
    Ok(())
}

fn check_mounts(plan: &Plan, observed: &Observed) -> Result<(), String> {
    if observed.mounts.is_empty() {
        return Err("no mounts were observed".to_owned());
    }
    if let Some(missing) =
        required_mounts(plan).find(|place| !observed.mounts.iter().any(|mount| mount.point == *place))
    {
        return Err(format!("nothing is mounted on {}", missing.display().to_string().escape_default()));
    }
    for mount in &observed.mounts {
        let at = |place: &&str| mount.point == Path::new(place);
        let closest = plan.closest_mount(&mount.point);
        let own = OWN_MOUNTS.iter().chain(&SCRATCH).chain(&DEVICES).any(at);
        let masked = PROC_MASKS.iter().any(at) || plan.masks.contains(&mount.point);
        let may_write = match closest {
            _ if masked => false,
            Some(planned) => planned.writable,
            None if own => OWN_WRITABLE.iter().chain(&SCRATCH).any(at),
            None => return Err(format!("{} is mounted", mount.point.display().to_string().escape_default())),
        };
        if mount.writable && !may_write {
            return Err(format!("{} can be written to", mount.point.display().to_string().escape_default()));
        }
    }
    Ok(())
}

/// What must be a mount: what is shown, and what hides something that is there.
fn required_mounts(plan: &Plan) -> impl Iterator<Item = PathBuf> {
    // What has a link on its way leads to nothing inside, or to what is hidden at its own place.
    let is_itself = |place: &PathBuf| place.canonicalize().is_ok_and(|real| real == *place);
    let masks = plan.masks.iter().filter(move |mask| plan.source_of(mask).as_ref().is_some_and(is_itself)).cloned();
    let of_proc = PROC_MASKS.iter().map(PathBuf::from).filter(|mask| mask.try_exists().unwrap_or(true));
    plan.mounts.iter().map(|mount| mount.target.clone()).chain(masks).chain(of_proc)
}

/// The namespaces of this process, by name.
pub(crate) fn own_namespaces() -> BTreeMap<String, u64> {
    use std::os::unix::fs::MetadataExt;
    let inode = |name: &str| std::fs::metadata(Path::new("/proc/self/ns").join(name)).map(|metadata| metadata.ino());
    let known = NAMESPACES.iter().filter_map(|(name, _)| Some(((*name).to_owned(), inode(name).ok()?)));
    known.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::command::Command;
    use crate::level::ObservedMount;
    use crate::support::Support;
    use crate::toolchains::Toolchains;

    fn plan() -> Plan {
        let command = Command::new(["true"], std::env::temp_dir());
        crate::layout::plan(&command, &Toolchains::none(), &Support::everything(), None, 0).unwrap()
    }

    fn host() -> BTreeMap<String, u64> {
        NAMESPACES.iter().map(|(name, _)| ((*name).to_owned(), 1)).collect()
    }

    fn good() -> Observed {
        let mount = |point: &str, writable| ObservedMount { point: point.into(), writable };
        Observed {
            namespaces: NAMESPACES.iter().map(|(name, _)| ((*name).to_owned(), 2)).collect(),
            uid_map: "1000 0 1".into(),
            no_new_privs: true,
            capabilities: 0,
            seccomp: true,
            landlock: true,
            interfaces: vec![("lo".into(), true)],
            listeners: Vec::new(),
            inheritable: 0,
            mounts: [mount("/", false), mount("/tmp", true)]
                .into_iter()
                .chain(
                    required_mounts(&plan())
                        .map(|place| mount(&place.display().to_string(), place == Path::new("/work"))),
                )
                .collect(),
            processes: 1,
        }
    }

    #[test]
    fn what_was_asked_for_passes() {
        check(&plan(), &good(), &host()).unwrap();
    }

    #[test]
    fn each_difference_is_refused() {
        let mount = |point: &str, writable| ObservedMount { point: point.into(), writable };
        type Change = Box<dyn Fn(&mut Observed)>;
        let differences: Vec<(&str, Change)> = vec![
            ("PID", Box::new(|o| o.namespaces[2].1 = 1)),
            ("network", Box::new(|o| drop(o.namespaces.remove(3)))),
            ("processes", Box::new(|o| o.processes = 40)),
            ("user map", Box::new(|o| o.uid_map = "0 0 4294967295".into())),
            ("capabilities", Box::new(|o| o.capabilities = 1 << 21)),
            ("privileges", Box::new(|o| o.no_new_privs = false)),
            ("Landlock", Box::new(|o| o.landlock = false)),
            ("seccomp", Box::new(|o| o.seccomp = false)),
            ("interfaces", Box::new(|o| o.interfaces.push(("eth0".into(), true)))),
            ("interfaces", Box::new(|o| o.interfaces[0].1 = false)),
            ("sockets listen", Box::new(|o| o.listeners.push("127.0.0.1:3128".into()))),
            ("inherit 1", Box::new(|o| o.inheritable = 1)),
            ("/root is mounted", Box::new(move |o| o.mounts.push(mount("/root", false)))),
            ("/usr/lib can be written", Box::new(move |o| o.mounts.push(mount("/usr/lib", true)))),
            ("/ can be written", Box::new(|o| o.mounts[0].writable = true)),
            ("no mounts", Box::new(|o| o.mounts.clear())),
        ];
        for (expected, differ) in differences {
            let mut observed = good();
            differ(&mut observed);
            let refused = check(&plan(), &observed, &host()).unwrap_err();
            assert!(refused.contains(expected), "{refused:?} should name {expected:?}");
        }
    }

    #[test]
    fn what_hides_or_shows_something_and_is_not_there_is_missed() {
        let required: Vec<_> = required_mounts(&plan()).collect();
        for place in ["/usr", "/work", "/proc/interrupts"].map(PathBuf::from) {
            assert!(required.contains(&place), "{}", place.display());
        }
        for place in required {
            let mut observed = good();
            observed.mounts.retain(|mount| mount.point != place);
            let refused = check(&plan(), &observed, &host()).unwrap_err();
            assert!(refused == format!("nothing is mounted on {}", place.display()), "{refused}");
        }
    }

    #[test]
    fn a_mask_is_required_where_it_hides_something() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("there"), "token").unwrap();
        std::os::unix::fs::symlink("there", folder.path().join("link")).unwrap();
        let mut plan = plan();
        let source = folder.path().canonicalize().unwrap();
        plan.mounts.push(crate::plan::Mount { source, target: "/opt/shown".into(), writable: false });
        plan.masks = ["there", "link", "missing"].map(|name| Path::new("/opt/shown").join(name)).to_vec();
        let required: Vec<_> = required_mounts(&plan).filter(|place| place.starts_with("/opt")).collect();
        assert_eq!(required, [Path::new("/opt/shown"), Path::new("/opt/shown/there")]);
    }

    #[test]
    fn a_proxy_that_was_asked_for_listens_and_nothing_else_does() {
        let mut plan = plan();
        plan.proxy = Some(crate::proxy::INSIDE);
        let mut observed = good();
        assert!(check(&plan, &observed, &host()).unwrap_err().contains("sockets listen"));
        observed.listeners.push(crate::proxy::INSIDE.to_string());
        check(&plan, &observed, &host()).unwrap();
        observed.listeners.push("0.0.0.0:80".into());
        assert!(check(&plan, &observed, &host()).unwrap_err().contains("0.0.0.0:80"));
    }

    #[test]
    fn a_wall_that_was_left_out_on_purpose_is_not_missed() {
        let mut plan = plan();
        plan.without = vec![Wall::Landlock, Wall::IpcNamespace];
        let mut observed = good();
        observed.landlock = false;
        observed.namespaces[4].1 = 1;
        check(&plan, &observed, &host()).unwrap();
    }
}
