//! `skillhost sync`: brings the store to what the lock names, by digest. With `--check` nothing is fetched and nothing is
//! written: it says whether store, lock, signatures and policies agree.

mod secrets;

use crate::args::{Global, Sync};
use crate::calling::excess;
use crate::failure::{Exit, Failure};
use crate::installing::fetch::moved;
use crate::installing::installed::store_failure;
use crate::installing::known::Known;
use crate::installing::news;
use crate::installing::workshop::Workshop;
use crate::project::SETTLE;
use crate::terminal::printer::Printer;
use crate::{block_on, runtime};
use skillhost_core::lock::{Altered, FILE, Lock, Locked};
use skillhost_core::manifest::Manifest;
use skillhost_registry::lockfile::Found;
use skillhost_registry::store::Hold;

/// How one skill stands.
enum Stands {
    /// It was there.
    Kept,
    /// It was fetched.
    Fetched,
    /// It can't be used.
    Wrong(Failure),
}

pub(crate) fn run(arguments: &Sync, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let shop = match arguments.check {
        true => Workshop::look(global, printer)?,
        false => Workshop::open(global, arguments.offline, printer)?,
    };
    let found = shop.read()?;
    let is_frozen = arguments.locked || arguments.check;
    if is_frozen {
        check_text(&found).map_err(|failure| match arguments.check {
            true => failure,
            // It could be mended, and that is what was forbidden.
            false => failure.ending(Exit::Denied).because("--locked: it would change"),
        })?;
    }
    let named = secrets::read(&arguments.secrets, &found.lock)?;
    // Of a lock that is to stay as it is, an entry that isn't what it was written as is nobody's decision.
    let altered = found.text.as_ref().filter(|_| is_frozen).map(|text| found.lock.altered(text)).unwrap_or_default();
    let hold = (!arguments.check).then(|| shop.hold());
    let (mut exit, mut entries, mut fetched) = (Exit::Done, Vec::new(), 0_usize);
    for locked in &found.lock.skills {
        let stands = match check(&shop, locked, &found) {
            Ok(()) => Stands::Kept,
            Err(failure) => match &hold {
                None => Stands::Wrong(failure),
                Some(hold) => fetch(&shop, locked, &found, hold).map_or_else(Stands::Wrong, |()| Stands::Fetched),
            },
        };
        let stands = match (stands, altered.iter().find(|one| one.name == locked.name)) {
            (Stands::Kept | Stands::Fetched, Some(altered)) => Stands::Wrong(mixed(altered)),
            (stands, _) => stands,
        };
        let (state, error) = match &stands {
            Stands::Kept => ("kept", None),
            Stands::Fetched => ("fetched", None),
            Stands::Wrong(failure) => ("wrong", Some(failure.json())),
        };
        entries.push(serde_json::json!({
            "name": locked.name, "version": locked.version, "digest": locked.digest, "state": state, "error": error,
        }));
        match stands {
            Stands::Kept => {}
            Stands::Fetched => {
                fetched += 1;
                printer.note(format!("fetched {} {} · {}", locked.name, locked.version, locked.digest.short()));
            }
            Stands::Wrong(failure) => {
                printer.explain(&failure);
                exit = exit.worse(failure.exit);
            }
        }
    }
    drop(hold);
    // Last, so that nothing is settled where something is wrong.
    let is_written = !is_frozen && exit == Exit::Done && found.text.is_some() && write(&shop, &found)?;
    let known = Known::read(&shop.places, &shop.lock.path());
    let news = known.news(&found.lock);
    let waiting = if arguments.check {
        Vec::new()
    } else {
        news::tell(&news, printer);
        if exit == Exit::Done {
            let given = secrets::Given { shop: &shop, lock: &found.lock, known: &known, no_prompt: global.no_prompt };
            let waiting = given.settle(&named)?;
            know(&shop, &found);
            waiting
        } else {
            Vec::new()
        }
    };
    if printer.is_json() {
        printer.json(&serde_json::json!({
            "schema": "skillhost.sync/1",
            "lock": shop.lock.path().display().to_string(),
            "checked": arguments.check,
            "settled": found.was_settled && is_written,
            "granted": news::json(&news),
            "waiting": waiting,
            "skills": entries,
        }));
    }
    let count = found.lock.skills.len();
    if exit == Exit::Done {
        let skills = if count == 1 { "1 skill".to_owned() } else { format!("{count} skills") };
        printer.note(match arguments.check {
            true => format!("{skills} checked"),
            false => format!("{skills} in the store, {fetched} fetched"),
        });
    }
    if is_written {
        printer.note(if found.was_settled { news::SETTLED.to_owned() } else { format!("{FILE} is written in order") });
        shop.tell_to_commit("Settle the skills", "");
    }
    Ok(exit)
}

/// What was told is known.
fn know(shop: &Workshop, found: &Found) {
    // Without a place that can be written to, it is told again the next time.
    if let Err(error) = Known::edit(&shop.places, &shop.lock.path(), |known| known.see(&found.lock)) {
        tracing::info!(%error, "what was told could not be written down");
    }
}

/// An entry that isn't what it was written as.
fn mixed(altered: &Altered) -> Failure {
    let Altered { name, line } = altered;
    Failure::new(Exit::Integrity, format!("{FILE}:{line}: `{name}` is not as skillhost wrote it"))
        .because("its sum is of other lines: somebody edited it, or git put lines of two people's together")
        .hint("look at what it is and may do; skillhost sync then takes it as it stands, and writes its sum anew")
}

/// A lock that this program would write in another way.
fn check_text(found: &Found) -> Result<(), Failure> {
    let failed = |line: usize, what: &str| Failure::new(Exit::Configuration, format!("{FILE}:{line}: {what}"));
    let Some(text) = &found.text else { return Ok(()) };
    if found.was_settled {
        let line = text.lines().position(|line| line.starts_with("<<<<<<<")).unwrap_or_default() + 1;
        return Err(failed(line, "git left a conflict here").hint(SETTLE));
    }
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    match names.windows(2).position(|pair| pair[0] > pair[1]) {
        None => Ok(()),
        Some(at) => {
            let is_name = |line: &(usize, &str)| line.1.starts_with("name = ");
            let line = text.lines().enumerate().filter(is_name).nth(at + 1).map_or(1, |(index, _)| index + 1);
            Err(failed(line, "the entries are not in order of name, in which git merges them")
                .hint("skillhost sync writes them in order"))
        }
    }
}

/// Writes the lock as this program does, where that is another text; its entries are as they were.
fn write(shop: &Workshop, found: &Found) -> Result<bool, Failure> {
    if found.is_as_written() {
        return Ok(false);
    }
    let edited = shop.lock.edit(|now| match now == found {
        true => Ok(()),
        // Somebody else was faster: theirs is as good, and was looked at by them.
        false => Err(skillhost_registry::LockFileError::Unwritable(
            shop.lock.path(),
            std::io::Error::other("somebody changed it meanwhile; try again"),
        )),
    });
    edited.map(|((), is_written)| is_written).map_err(|e| crate::installing::workshop::lock_failure(&e))
}

/// Whether what is kept is what the lock names, from where and by whom policies allow.
fn check(shop: &Workshop, locked: &Locked, found: &Found) -> Result<(), Failure> {
    let name = &locked.name;
    if locked.source.is_builtin() {
        let place = place(locked, found);
        return Err(Failure::new(Exit::Configuration, format!("{place}: `{name}` is from {}", locked.source))
            .hint("what comes with skillhost stands in no lock: take the entry out"));
    }
    let component = match shop.store.load(&locked.digest) {
        Ok(Some(component)) => component,
        Ok(None) => {
            let absent = Failure::new(Exit::Integrity, format!("{name} {} is not in the store", locked.version));
            return Err(match shop.places.have_cache() {
                true => absent.hint("skillhost sync fetches it"),
                false => absent
                    .because("there is no store: HOME and XDG_CACHE_HOME name no folder")
                    .hint("name one with XDG_CACHE_HOME, or with --state-dir DIR, which holds a store, too"),
            });
        }
        Err(error) => return Err(store_failure(&error)),
    };
    shop.trust().check(locked, component.bytes(), || shop.store.attached(&locked.digest, locked.signer.as_ref()))?;
    check_manifest(locked, found, component.bytes())
}

/// `FILE:LINE` of an entry; the file alone where git left a conflict in it.
fn place(locked: &Locked, found: &Found) -> String {
    match found.text.as_ref().and_then(|text| Lock::line_of(&locked.name, text)) {
        Some(line) => format!("{FILE}:{line}"),
        None => FILE.to_owned(),
    }
}

/// An entry is about the skill that it names, and no other, and grants nothing that the skill can't use.
fn check_manifest(locked: &Locked, found: &Found, component: &[u8]) -> Result<(), Failure> {
    let failed = |what: String| {
        Err(Failure::new(Exit::Integrity, format!("{}: `{}` {what}", place(locked, found), locked.name)))
    };
    match Manifest::from_component(component) {
        Err(error) => failed(format!("names a component that is no skill: {error}")),
        Ok(manifest) if manifest.skill.name != locked.name => {
            failed(format!("names a skill `{}`", manifest.skill.name))
        }
        Ok(manifest) if manifest.skill.version != locked.version => {
            failed(format!("says {}, and the component {}", locked.version, manifest.skill.version))
        }
        Ok(manifest) => match excess::of(locked, &manifest.capabilities) {
            None => Ok(()),
            Some(excess) => failed(excess).map_err(|failure: Failure| {
                failure
                    .because(format!("{}, and the lock looks as if it did", excess::HARMLESS))
                    .hint(excess::remedy(locked))
            }),
        },
    }
}

/// Fetches what the lock names: these bytes, of this signer, and nothing that came in their place.
fn fetch(shop: &Workshop, locked: &Locked, found: &Found, hold: &Hold) -> Result<(), Failure> {
    let fetched = block_on(runtime()?, shop.locked_bytes(locked))??;
    // A digest first: what is not the pinned component is not even looked at.
    if fetched.digest != locked.digest {
        return Err(moved(format!("{} gives another component than {FILE} pins", locked.source), locked, &fetched));
    }
    let signed = shop.trust().check_fetched(locked, &fetched)?;
    check_manifest(locked, found, &fetched.component)?;
    shop.keep(&fetched, signed.as_ref(), hold)
}
