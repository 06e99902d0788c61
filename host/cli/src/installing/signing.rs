//! The keys that skills are signed with: where they are kept, and how one is found.

use crate::ambient;
use crate::args::Global;
use crate::failure::{Exit, Failure};
use crate::places::Places;
use crate::terminal::printer::Printer;
use skillhost_core::name::{NameError, SkillName};
use skillhost_registry::signature::{KeyError, SigningKey};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The variable that holds a key's PEM text where there is no file for it, as in CI.
pub(crate) const VARIABLE: &str = "SKILLHOST_SIGNING_KEY";
/// What a key is called where nobody says.
const DEFAULT: &str = "default";
/// Largest key file, in bytes: a key has some hundred.
const MAX_KEY_BYTES: u64 = 16 << 10;

/// The key that `named` names: a file, where it looks like a path. Without it the variable's, or the default one.
pub(crate) fn find_key(named: Option<&str>, global: &Global, printer: Printer) -> Result<SigningKey, Failure> {
    if let Some(path) = named.filter(|named| named.contains(['/', '.'])) {
        return read_key(Path::new(path), printer);
    }
    if named.is_none()
        && let Some(pem) = ambient::variable(VARIABLE).map(Zeroizing::new)
    {
        return SigningKey::from_pem(&pem).map_err(|e| unusable(VARIABLE, e));
    }
    let name = key_name(named.unwrap_or(DEFAULT))?;
    let path = key_file(&name, global)?;
    if !ambient::exists(&path) {
        return Err(Failure::new(Exit::Usage, format!("there is no key `{name}`"))
            .because(format!("{} doesn't exist", path.display()))
            .hint(format!("skillhost keys new {name} makes it; --key FILE or {VARIABLE} names another")));
    }
    read_key(&path, printer)
}

/// A key's name.
pub(crate) fn key_name(name: &str) -> Result<SkillName, Failure> {
    // What holds for the name of a skill holds for a file's, too.
    name.parse().map_err(|_: NameError| {
        Failure::new(Exit::Usage, format!("`{name}` can't be a key's name"))
            .hint("lower case, digits and hyphens, 64 at most; a file is named by a path: ./key.pem")
    })
}

/// Where the key of that name is kept.
pub(crate) fn key_file(name: &SkillName, global: &Global) -> Result<PathBuf, Failure> {
    Places::find(global.state_dir.as_deref()).map(|places| places.signing_key(name))
}

fn read_key(path: &Path, printer: Printer) -> Result<SigningKey, Failure> {
    let shown = path.display().to_string();
    let failed = |e| Failure::new(Exit::Usage, format!("the key {shown} can't be read")).because_of_all(&e);
    let (bytes, is_shared) = ambient::read_secret(path, MAX_KEY_BYTES).map_err(failed)?;
    let pem = str::from_utf8(&bytes).map_err(|_| unusable(&shown, KeyError::Unreadable))?;
    let key = SigningKey::from_pem(pem).map_err(|e| unusable(&shown, e))?;
    if is_shared {
        printer.warn(format!("others can read the key {shown}; chmod 600 it, and consider making another"));
    }
    Ok(key)
}

fn unusable(place: &str, error: KeyError) -> Failure {
    let failure = Failure::new(Exit::Configuration, format!("the key in {place} can't be used")).because(error);
    match error {
        KeyError::Encrypted => failure.hint(format!("{VARIABLE}=\"$(openssl pkey -in KEY)\" skillhost sign FILE")),
        _ => failure.hint("skillhost keys new makes one; so does openssl genpkey -algorithm ed25519"),
    }
}
