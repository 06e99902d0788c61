//! `skillhost update [NAME…]`: takes what a source offers now. Fewer permissions go through; more, or another signer, or a
//! lower version, stop until somebody says so: by a flag, or at the terminal.

mod doubt;

use crate::args::{Global, Update};
use crate::commands::add::{not_granted, read_reference, tell_grant};
use crate::commands::remove::absent;
use crate::failure::{Exit, Failure};
use crate::installing::asks;
use crate::installing::consent::{Named, Request};
use crate::installing::fetch::{as_locked, is_same_place};
use crate::installing::known::Known;
use crate::installing::trust::Wanted;
use crate::installing::workshop::{Arrived, Workshop, entry};
use crate::terminal::printer::Printer;
use crate::{block_on, runtime};
use skillhost_audit::Kind;
use skillhost_core::capability::Capabilities;
use skillhost_core::lock::{FILE, Lock, Locked};
use skillhost_core::manifest::Manifest;
use skillhost_core::name::SecretName;
use skillhost_core::permission::Permission;
use skillhost_core::reference::Reference;
use std::collections::BTreeSet;

/// What came of one skill.
enum Came {
    Unchanged(Box<Locked>),
    Updated { before: Box<Locked>, after: Box<Locked> },
}

pub(crate) fn run(arguments: &Update, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let named = Named::read(&arguments.grants, arguments.grant_requested, arguments.keep_grants)?;
    let is_about_one =
        named.is_said() || arguments.source.is_some() || arguments.signer.is_some() || arguments.to.is_some();
    if is_about_one && arguments.names.len() != 1 {
        return Err(Failure::new(Exit::Usage, "grants, signers, sources and versions are of one skill: name it")
            .hint("skillhost update NAME --grant …"));
    }
    let shop = Workshop::open(global, arguments.offline, printer)?;
    let lock = shop.read()?.lock;
    let names: Vec<String> = match arguments.names.is_empty() {
        true => lock.skills.iter().map(|skill| skill.name.to_string()).collect(),
        false => arguments.names.iter().map(ToString::to_string).collect(),
    };
    let (mut exit, mut entries, mut last) = (Exit::Done, Vec::new(), None);
    for name in &names {
        let before = lock.find(name).ok_or_else(|| absent(name, &lock))?;
        let one = One { arguments, global, shop: &shop, named: &named, before };
        match one.update() {
            Ok(came) => entries.push(document(&came)),
            // One that is held back holds no other back.
            Err(failure) if names.len() > 1 => {
                printer.explain(&failure);
                exit = exit.worse(failure.exit);
                entries.push(serde_json::json!({ "name": name, "state": "held", "error": failure.json() }));
                last = Some(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    if printer.is_json() {
        let lock = shop.lock.path().display().to_string();
        printer.json(&serde_json::json!({ "schema": "skillhost.update/1", "lock": lock, "skills": entries }));
    }
    let updated = entries.iter().filter(|entry| entry["state"] == "updated").count();
    match updated {
        0 if last.is_none() => printer.note(format!("{FILE} is as it was")),
        0 => {}
        1 => shop.tell_to_commit("Update a skill", ""),
        _ => shop.tell_to_commit("Update skills", ""),
    }
    Ok(exit)
}

fn document(came: &Came) -> serde_json::Value {
    match came {
        Came::Unchanged(locked) => {
            serde_json::json!({ "name": locked.name, "state": "unchanged", "skill": entry(locked) })
        }
        Came::Updated { before, after } => {
            let grants = |grant: &Capabilities| grant.permissions();
            let beside = |one: &Capabilities, other: &Capabilities| -> Vec<String> {
                grants(one).iter().filter(|p| !other.covers(p)).map(ToString::to_string).collect()
            };
            serde_json::json!({
                "name": after.name,
                "state": "updated",
                "before": entry(before),
                "skill": entry(after),
                "granted": beside(&after.grant, &before.grant),
                "taken": beside(&before.grant, &after.grant),
            })
        }
    }
}

/// One skill that is to be updated.
struct One<'a> {
    arguments: &'a Update,
    global: &'a Global,
    shop: &'a Workshop,
    named: &'a Named,
    before: &'a Locked,
}

impl One<'_> {
    fn update(&self) -> Result<Came, Failure> {
        let Self { shop, before, .. } = self;
        let typed = self.typed_source()?;
        let wanted = Wanted::rather(self.arguments.signer.as_ref().or(before.signer.as_ref()));
        let arrived = block_on(runtime()?, async {
            match &typed {
                Some(source) => shop.fetch_typed(source, wanted).await,
                None => shop.fetch_locked(before, wanted).await,
            }
        })??;
        let source = typed.unwrap_or_else(|| before.source.clone());
        let skill = &arrived.inspection.manifest.skill;
        if skill.name != before.name {
            return Err(Failure::new(
                Exit::Integrity,
                format!("{source} is `{}` now, and not `{}`", skill.name, before.name),
            )
            .hint("another skill has to be added by itself"));
        }
        let is_same = arrived.fetched.digest == before.digest && source == before.source;
        if is_same && !self.named.is_said() && self.keeps_signer(&arrived) {
            return self.unchanged(&arrived);
        }
        let doubts = self.doubts(&arrived)?;
        if !self.can_ask() {
            doubts.first().map_or(Ok(()), |doubt| self.refuse(doubt.held(before)))?;
        }
        let request = &arrived.inspection.manifest.capabilities;
        self.tell(&arrived);
        doubts.iter().try_for_each(|doubt| self.ask(doubt))?;
        let grant = self.grant(request)?;
        let after = Locked {
            name: before.name.clone(),
            version: skill.version.clone(),
            source,
            digest: arrived.fetched.digest,
            signer: arrived.signer().cloned(),
            grant,
        };
        if self.arguments.locked && after != **before {
            return Err(
                Failure::new(Exit::Denied, format!("{FILE} would change: `{}`", before.name)).because("--locked")
            );
        }
        shop.install(Kind::Update, &before.name, &arrived, |lock| self.put(lock, &after))?;
        shop.know(&after, self.let_secrets(&after))?;
        tell_grant(shop, &after, &arrived.inspection.manifest);
        Ok(Came::Updated { before: Box::new((*before).clone()), after: Box::new(after) })
    }

    /// The entry must be the one that was compared, unless somebody else made the same of it: who changed it meanwhile in
    /// another way granted something else.
    fn put(&self, lock: &mut Lock, after: &Locked) -> Result<(), Failure> {
        let there = lock.find(self.before.name.as_str());
        if there != Some(self.before) && there != Some(after) {
            return Err(Failure::new(
                Exit::Integrity,
                format!("`{}` was changed in {FILE} meanwhile", self.before.name),
            )
            .hint(format!("skillhost update {}", self.before.name)));
        }
        lock.put(after.clone());
        Ok(())
    }

    fn typed_source(&self) -> Result<Option<Reference>, Failure> {
        let Some(text) = &self.arguments.source else { return Ok(None) };
        let source = as_locked(read_reference(text)?, self.shop.lock.folder())?;
        if is_same_place(&self.before.source, &source) {
            return Ok(Some(source));
        }
        let name = &self.before.name;
        Err(Failure::new(Exit::Integrity, format!("{source} is another place than {}", self.before.source))
            .because("what was granted to a skill of one place is not handed to one of another")
            .hint(format!(
                "skillhost remove {name}, then skillhost add {} with grants of its own",
                asks::shell(&source.to_string())
            )))
    }

    /// The same component, of the same signer.
    fn unchanged(&self, arrived: &Arrived) -> Result<Came, Failure> {
        self.shop.keep(&arrived.fetched, arrived.signed.as_ref(), &self.shop.hold())?;
        self.shop
            .printer
            .note(format!("{} {} is the newest of {}", self.before.name, self.before.version, self.before.source));
        Ok(Came::Unchanged(Box::new(self.before.clone())))
    }

    /// What is another now.
    fn tell(&self, arrived: &Arrived) {
        let Self { shop, before, .. } = self;
        let printer = shop.printer;
        let version = &arrived.inspection.manifest.skill.version;
        let size = arrived.inspection.size_bytes as u64;
        let signer = if arrived.signer() == before.signer.as_ref() { "signer unchanged" } else { "another signer" };
        printer.note(format!("{} {} → {version} · {signer}", before.name, before.version));
        if arrived.fetched.digest != before.digest {
            let old = shop.store.load(&before.digest).ok().flatten().map(|old| old.bytes().len() as u64);
            let size = match old {
                Some(old) => format!(" · {} → {} KB", old.div_ceil(1024), size.div_ceil(1024)),
                None => format!(" · {} KB", size.div_ceil(1024)),
            };
            printer.note(format!("  digest  {} → {}{size}", before.digest.short(), arrived.fetched.digest.short()));
        }
        if let (Some(signer), true) = (arrived.signer(), arrived.signer() != before.signer.as_ref()) {
            printer.note(format!("  signer  {signer}"));
        }
    }

    /// What it may do from now on: what it was granted and still asks for, and what is granted of the rest. Compared is
    /// what was granted, never what was asked for last.
    fn grant(&self, request: &Capabilities) -> Result<Capabilities, Failure> {
        let Self { shop, before, .. } = self;
        let (mut kept, taken): (Vec<Permission>, Vec<Permission>) =
            before.grant.permissions().into_iter().partition(|permission| request.covers(permission));
        // A part of what it was granted is asked for where all of it was.
        kept.extend(request.permissions().into_iter().filter(|permission| before.grant.covers(permission)));
        let asked = self.asked_before();
        // What the lock grants beyond what that version asked for gave nothing, and nobody was asked about it.
        kept.retain(|permission| asked.as_ref().is_none_or(|asked| asked.covers(permission)));
        kept.sort();
        kept.dedup();
        let granted = Capabilities::of(kept.iter().cloned()).map_err(|e| Failure::of(Exit::Usage, &e))?;
        // What this project has refused to the version before is no news.
        let known = asked.unwrap_or_default();
        let more = not_granted(&granted, request);
        let (news, refused): (Vec<Permission>, Vec<Permission>) =
            more.into_iter().partition(|permission| taken.contains(permission) || !known.covers(permission));
        for permission in &taken {
            shop.printer.note(format!("  - {}", asks::line(permission)));
        }
        for permission in &news {
            shop.printer.note(format!("  + {}", asks::line(permission)));
        }
        let mut with_news = granted.permissions();
        with_news.extend(news.iter().cloned());
        if let (false, Ok(all)) = (news.is_empty(), Capabilities::of(with_news)) {
            asks::together(&all).iter().for_each(|line| shop.printer.note(format!("  {line}")));
        }
        let mut open = news;
        if self.named.is_said() {
            open.extend(refused);
        }
        let decision = Request {
            name: &before.name,
            asked: request,
            kept,
            open,
            named: self.named,
            policies: &shop.policies,
            no_prompt: self.global.no_prompt,
            command: self.command(),
            refusal: "held back: it asks for more than it was granted, and nothing was changed",
        };
        decision.decide(shop.printer).or_else(|failure| {
            self.refuse(if self.named.is_said() {
                failure
            } else {
                failure.or_hint(format!("or {} --keep-grants to take it with what it was granted", self.command()))
            })
        })
    }

    /// Records that it was held back.
    fn refuse<T>(&self, failure: Failure) -> Result<T, Failure> {
        self.shop.record_refusal(Kind::Update, &self.before.name)?;
        Err(failure)
    }

    /// The secrets that somebody here let it use: now, or the version before.
    fn let_secrets(&self, after: &Locked) -> BTreeSet<SecretName> {
        let known = Known::read(&self.shop.places, &self.shop.lock.path());
        let is_let = |secret: &&SecretName| {
            // What the lock had already may have come with it, from somebody else.
            let is_new = !self.before.grant.secrets.contains(*secret);
            is_new || known.lets(self.before, secret) || self.named.names(&Permission::Secret((*secret).clone()))
        };
        after.grant.secrets.iter().filter(is_let).cloned().collect()
    }

    /// What the locked version asks for, as far as it is here.
    fn asked_before(&self) -> Option<Capabilities> {
        let component = self.shop.store.load(&self.before.digest).ok().flatten()?;
        Manifest::from_component(component.bytes()).ok().map(|manifest| manifest.capabilities)
    }

    fn command(&self) -> String {
        let Update { source, signer, to, .. } = self.arguments;
        let mut command = format!("skillhost update {}", self.before.name);
        let signer = signer.as_ref().map(ToString::to_string);
        let to = to.as_ref().map(ToString::to_string);
        for (flag, value) in [("--source", source.as_ref()), ("--signer", signer.as_ref()), ("--to", to.as_ref())] {
            if let Some(value) = value {
                command.push_str(&format!(" {flag} {}", asks::shell(value)));
            }
        }
        command
    }
}
