//! `skillhost add REF`: fetches a skill, shows what it asks for, and pins it with what it was granted.

use crate::args::{Add, Global};
use crate::failure::{Exit, Failure};
use crate::installing::asks;
use crate::installing::consent::{Named, Request};
use crate::installing::fetch::{as_locked, is_same_place};
use crate::installing::trust::Wanted;
use crate::installing::workshop::{Arrived, Workshop, entry};
use crate::terminal::printer::Printer;
use crate::{block_on, runtime};
use skillhost_audit::Kind;
use skillhost_core::capability::Capabilities;
use skillhost_core::kind::Kind as SkillKind;
use skillhost_core::lock::{FILE, Lock, Locked};
use skillhost_core::manifest::{Identity, Manifest};
use skillhost_core::name::SkillName;
use skillhost_core::reference::{Reference, ReferenceError};
use skillhost_core::signer::Signer;
use skillhost_core::text::escape_terminal;

pub(crate) fn run(arguments: &Add, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let reference = read_reference(&arguments.reference)?;
    let named = Named::read(&arguments.grants, arguments.grant_requested, false)?;
    let shop = Workshop::open(global, arguments.offline, printer)?;
    let source = as_locked(reference, shop.lock.folder())?;
    let before = shop.read()?.lock;
    // What is there already is looked for as it was pinned.
    let pinned = before.skills.iter().find(|there| there.source == source).and_then(|there| there.signer.as_ref());
    let wanted = arguments.signer.as_ref().map_or(Wanted::rather(pinned), Wanted::Only);
    let arrived = block_on(runtime()?, shop.fetch_typed(&source, wanted))??;
    let skill = &arrived.inspection.manifest.skill;
    let request = &arrived.inspection.manifest.capabilities;

    if let Some(there) = before.find(skill.name.as_str())
        && there.source == source
        && there.digest == arrived.fetched.digest
        // A secret that is named is given, which a lock alone doesn't do.
        && (!named.is_said() || named.is_just(&there.grant, request) && there.grant.secrets.is_empty())
    {
        shop.keep(&arrived.fetched, arrived.signed.as_ref(), &shop.hold())?;
        printer.note(format!("{} {} is in {FILE} already", skill.name, skill.version));
        return report(&shop, there, request, false);
    }
    check_name(&before, &skill.name, &source)?;
    if arguments.locked {
        return Err(
            Failure::new(Exit::Denied, format!("{FILE} would change: it has no `{}`", skill.name)).because("--locked")
        );
    }
    introduce(&arrived, &before, printer);
    tell_request(request, printer);
    let decision = Request {
        name: &skill.name,
        asked: request,
        kept: Vec::new(),
        open: request.permissions(),
        named: &named,
        policies: &shop.policies,
        no_prompt: global.no_prompt,
        command: command(arguments),
        refusal: "nothing was installed",
    };
    let grant = match decision.decide(printer) {
        Ok(grant) => grant,
        Err(failure) => {
            shop.record_refusal(Kind::Create, &skill.name)?;
            return Err(failure);
        }
    };
    let locked = Locked {
        name: skill.name.clone(),
        version: skill.version.clone(),
        source: source.clone(),
        digest: arrived.fetched.digest,
        signer: arrived.signer().cloned(),
        grant,
    };
    let new = locked.clone();
    shop.install(Kind::Create, &skill.name, &arrived, |lock| {
        // Somebody else may have added it in the meantime: the same, or another.
        if lock.find(new.name.as_str()) == Some(&new) {
            return Ok(());
        }
        check_name(lock, &new.name, &new.source)?;
        lock.put(new);
        Ok(())
    })?;
    // All of it was named here, or answered here.
    shop.know(&locked, locked.grant.secrets.clone())?;
    tell_grant(&shop, &locked, &arrived.inspection.manifest);
    shop.tell_to_commit(&format!("Add {} {}", locked.name, locked.version), &next(skill, &arrived));
    report(&shop, &locked, request, true)
}

/// Reads a reference that can be installed.
pub(crate) fn read_reference(text: &str) -> Result<Reference, Failure> {
    let reference: Reference = text.parse().map_err(|e: ReferenceError| Failure::of(Exit::Usage, &e))?;
    match reference {
        Reference::Builtin(name) => Err(Failure::new(Exit::Usage, format!("builtin:{name} comes with skillhost"))
            .hint(format!("name it under [skills] in skillhost.toml; it stands in no {FILE}"))),
        other => Ok(other),
    }
}

/// A name is one skill from one place: whoever brings another gets nothing that this one was granted.
fn check_name(lock: &Lock, name: &SkillName, source: &Reference) -> Result<(), Failure> {
    let conflict = |message: String| Failure::new(Exit::Integrity, message);
    if SkillKind::from_word(name.as_str()).is_some() {
        return Err(conflict(format!("`{name}` is the name of a built-in skill, or of its kind"))
            .hint("its author has to give it a name of its own"));
    }
    if let Some(there) = lock.find(name.as_str()) {
        let failure = conflict(format!("{FILE} has a skill `{name}` already, from {}", there.source));
        if is_same_place(&there.source, source) {
            let other = if there.source == *source {
                String::new()
            } else {
                format!(" --source {}", asks::shell(&source.to_string()))
            };
            return Err(failure.hint(format!("skillhost update {name}{other}")));
        }
        return Err(failure
            .because(format!("this one is from {source}, and gets nothing that the other was granted"))
            .hint(format!("skillhost remove {name}, then add this one with grants of its own")));
    }
    let builtin = ["spec", "review", "implement", "verify"].iter().filter_map(|builtin| builtin.parse().ok());
    let known = lock.skills.iter().map(|skill| skill.name.clone()).chain(builtin);
    match known.into_iter().find(|other: &SkillName| other.resembles(name)) {
        Some(other) => Err(conflict(format!("`{name}` looks like `{other}`, which is another skill"))
            .hint(format!("skillhost remove {other} first, if this is the one you want"))),
        None => Ok(()),
    }
}

/// Who it is, before what it asks for.
pub(crate) fn introduce(arrived: &Arrived, lock: &Lock, printer: Printer) {
    let Identity { name, version, kind, description } = &arrived.inspection.manifest.skill;
    let size = arrived.inspection.size_bytes.div_ceil(1024);
    printer.note(format!("{name} {version} · {kind} · {size} KB · sha256:{}", arrived.fetched.digest.short()));
    printer.note(signed_by(arrived.signer(), lock));
    if !description.is_empty() {
        printer.note(format!("It says of itself: {}", escape_terminal(description, 200)));
    }
}

/// Who signed it, and whether this project knows them.
fn signed_by(signer: Option<&Signer>, lock: &Lock) -> String {
    let Some(signer) = signer else { return "unsigned: nobody vouches for where it comes from".to_owned() };
    match lock.skills.iter().find(|skill| skill.signer.as_ref() == Some(signer)) {
        Some(known) => format!("signed by {signer}, as {} is", known.name),
        None => format!("signed by {signer}, first seen now"),
    }
}

fn tell_request(request: &Capabilities, printer: Printer) {
    let lines = asks::lines(request);
    printer.note("");
    if lines.is_empty() {
        printer.note("It asks for nothing: it can only compute.");
        return;
    }
    printer.note("It asks for:");
    lines.iter().for_each(|line| printer.note(line));
    asks::together(request).iter().for_each(|line| printer.note(line));
    printer.note("");
}

/// What it may do now, and what it asked for in vain.
pub(crate) fn tell_grant(shop: &Workshop, locked: &Locked, manifest: &Manifest) {
    let (printer, request) = (shop.printer, &manifest.capabilities);
    let lines = asks::lines(&locked.grant);
    if lines.is_empty() {
        printer.note(format!("{} may only compute.", locked.name));
    } else {
        printer.note(format!("{} may:", locked.name));
        lines.iter().for_each(|line| printer.note(line));
        asks::together(&locked.grant).iter().for_each(|line| printer.note(line));
    }
    for rule in shop.policies.narrowing(&locked.grant, &manifest.limits) {
        printer.note(format!("Narrowed by {rule}"));
    }
    for refused in not_granted(&locked.grant, request) {
        printer.note(format!("Not granted: {}", asks::line(&refused)));
    }
}

/// What is asked for, and not covered by a grant.
pub(crate) fn not_granted(grant: &Capabilities, request: &Capabilities) -> Vec<skillhost_core::permission::Permission> {
    request.permissions().into_iter().filter(|permission| !grant.covers(permission)).collect()
}

fn command(arguments: &Add) -> String {
    let signer = arguments.signer.as_ref().map(|signer| format!(" --signer {}", asks::shell(&signer.to_string())));
    format!("skillhost add {}{}", asks::shell(&arguments.reference), signer.unwrap_or_default())
}

/// How it is used, once the lock is committed.
fn next(skill: &Identity, arrived: &Arrived) -> String {
    match (skill.kind, arrived.inspection.manifest.tools.first()) {
        (SkillKind::Tool, Some(tool)) => format!("skillhost call {} {} --input '{{…}}'", skill.name, tool.name),
        (kind, _) => format!("name it in skillhost.toml, under [skills]: {kind} = \"{}\"", skill.name),
    }
}

fn report(shop: &Workshop, locked: &Locked, request: &Capabilities, is_new: bool) -> Result<Exit, Failure> {
    if shop.printer.is_json() {
        let not_granted: Vec<String> = not_granted(&locked.grant, request).iter().map(ToString::to_string).collect();
        shop.printer.json(&serde_json::json!({
            "schema": "skillhost.add/1",
            "lock": shop.lock.path().display().to_string(),
            "added": is_new,
            "skill": entry(locked),
            "not_granted": not_granted,
        }));
    }
    Ok(Exit::Done)
}
