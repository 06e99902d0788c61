//! Whether a skill gets what it asks for: flags say so, or a person at the terminal; nobody else can, and no is the
//! default.

use crate::ambient;
use crate::calling::policies::Policies;
use crate::failure::{Exit, Failure};
use crate::installing::asks::{self, flags};
use crate::terminal::printer::Printer;
use skillhost_core::capability::Capabilities;
use skillhost_core::name::SkillName;
use skillhost_core::permission::{Permission, PermissionError};
use std::time::Duration;

/// Most permissions that a person is asked about at once; nobody reads more.
const MAX_ASKED: usize = 24;
/// Longest that all of them are together, in bytes.
const MAX_ASKED_BYTES: usize = 3000;
/// How long an answer is waited for. Nobody there is a no.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a command line grants.
pub(crate) struct Named {
    permissions: Vec<Permission>,
    /// Everything that is asked for.
    all: bool,
    /// What was granted before, and nothing more.
    keep: bool,
}

impl Named {
    /// Reads `--grant`, `--grant-requested` and `--keep-grants`.
    pub(crate) fn read(grants: &[String], all: bool, keep: bool) -> Result<Self, Failure> {
        let parse = |flag: &String| {
            flag.parse().map_err(|e: PermissionError| {
                Failure::new(Exit::Usage, format!("--grant {e}")).hint(
                    "read=GLOB, write=GLOB, exec=COMMAND, model=cheap|standard|capable, http=URL, secrets=NAME, \
                     exec_arguments, protected, ask",
                )
            })
        };
        Ok(Self { permissions: grants.iter().map(parse).collect::<Result<_, _>>()?, all, keep })
    }

    /// Whether this was granted by name, or as a part of everything.
    pub(crate) fn names(&self, permission: &Permission) -> bool {
        !self.keep && (self.all || self.permissions.contains(permission))
    }

    /// Whether it is just this that was granted by name, or as everything that was asked for.
    pub(crate) fn is_just(&self, granted: &Capabilities, asked: &Capabilities) -> bool {
        let granted = granted.permissions();
        let named = if self.all { asked.permissions() } else { self.permissions.clone() };
        !self.keep && granted.len() == named.len() && named.iter().all(|permission| granted.contains(permission))
    }

    /// Whether anything was said.
    pub(crate) fn is_said(&self) -> bool {
        self.all || self.keep || !self.permissions.is_empty()
    }
}

/// What a person types, in lower case; nothing where nobody does, and none where it isn't this program's turn to ask.
pub(crate) fn answer(printer: Printer, lines: &[String], question: &str) -> Result<Option<String>, Failure> {
    // What was typed before the question was there answers nothing.
    if !ambient::forget_typed() {
        return Ok(None);
    }
    printer.ask(lines, question);
    let typed = crate::runtime()?.block_on(async { tokio::time::timeout(PATIENCE, ambient::typed_line()).await });
    let typed = typed.ok().flatten().unwrap_or_default();
    Ok(Some(typed.trim().to_ascii_lowercase()))
}

/// A request for consent.
pub(crate) struct Request<'a> {
    pub(crate) name: &'a SkillName,
    /// All that the manifest asks for.
    pub(crate) asked: &'a Capabilities,
    /// What is granted without another word: what was granted before, and is still asked for.
    pub(crate) kept: Vec<Permission>,
    /// What has to be decided.
    pub(crate) open: Vec<Permission>,
    pub(crate) named: &'a Named,
    pub(crate) policies: &'a Policies,
    pub(crate) no_prompt: bool,
    /// The command that would grant something, up to its flags.
    pub(crate) command: String,
    /// What is told where nobody decided.
    pub(crate) refusal: &'static str,
}

impl Request<'_> {
    /// What is granted in the end.
    pub(crate) fn decide(mut self, printer: Printer) -> Result<Capabilities, Failure> {
        self.check_named()?;
        for list in [&mut self.kept, &mut self.open] {
            list.retain(|permission| match self.policies.denies(permission) {
                Some(rule) => {
                    printer.note(format!("Denied by {rule}: {}", asks::line(permission)));
                    false
                }
                None => true,
            });
        }
        let granted: Vec<Permission> = if self.named.is_said() {
            let named = self.named.permissions.iter().filter(|_| !self.named.keep).cloned();
            let all = self.open.iter().filter(|_| self.named.all).cloned();
            named.chain(all).collect()
        } else if self.open.is_empty() {
            Vec::new()
        } else {
            self.ask(printer)?
        };
        Capabilities::of(self.kept.into_iter().chain(granted)).map_err(|e| Failure::of(Exit::Usage, &e))
    }

    /// What is named has to be asked for, and to be had: a grant that gives nothing would look as if it did.
    fn check_named(&self) -> Result<(), Failure> {
        for permission in &self.named.permissions {
            if !self.asked.covers(permission) {
                let same = |one: &&Permission| one.capability() == permission.capability();
                let asked: Vec<String> =
                    self.asked.permissions().iter().filter(same).map(ToString::to_string).collect();
                let hint = match asked.is_empty() {
                    true => format!("it asks for nothing of {}", permission.capability()),
                    false => format!("it asks for {}", asked.join(", ")),
                };
                let message = format!("{} doesn't ask for {permission}", self.name);
                return Err(Failure::new(Exit::Usage, message).hint(hint));
            }
            if let Some(rule) = self.policies.denies(permission) {
                let message = format!("policy denies {permission} to {}", self.name);
                return Err(Failure::new(Exit::Denied, message).because(rule));
            }
        }
        Ok(())
    }

    fn ask(&self, printer: Printer) -> Result<Vec<Permission>, Failure> {
        let bytes: usize = self.open.iter().map(|permission| permission.to_string().len()).sum();
        let is_too_much = self.open.len() > MAX_ASKED || bytes > MAX_ASKED_BYTES;
        if self.no_prompt || !ambient::has_terminal() || is_too_much {
            return Err(self.refused());
        }
        // Whoever wants to hear little has to see what is asked all the same.
        let lines = if printer.is_quiet { self.lines() } else { Vec::new() };
        match self.answer(printer, &lines, "Grant all of it? [y]es  [c]hoose one by one  [N]o: ")?.as_str() {
            "y" | "yes" => Ok(self.open.clone()),
            "c" | "choose" => {
                let mut chosen = Vec::new();
                for permission in &self.open {
                    let question = format!("  {}  [y/N]: ", asks::line(permission));
                    if matches!(self.answer(printer, &[], &question)?.as_str(), "y" | "yes") {
                        chosen.push(permission.clone());
                    }
                }
                if chosen.is_empty() { Err(self.declined()) } else { Ok(chosen) }
            }
            _ => Err(self.declined()),
        }
    }

    fn lines(&self) -> Vec<String> {
        let all = self.kept.iter().chain(&self.open).cloned();
        let (open, all) = (Capabilities::of(self.open.iter().cloned()), Capabilities::of(all));
        let mut lines = vec![format!("{} asks for:", self.name)];
        lines.extend(open.iter().flat_map(asks::lines));
        lines.extend(all.iter().flat_map(asks::together));
        lines
    }

    fn answer(&self, printer: Printer, lines: &[String], question: &str) -> Result<String, Failure> {
        answer(printer, lines, question)?.ok_or_else(|| self.refused())
    }

    fn declined(&self) -> Failure {
        Failure::new(Exit::Denied, format!("{}: nothing was granted", self.name)).because(self.refusal)
    }

    /// Nobody was asked: the commands that would work, to be copied.
    fn refused(&self) -> Failure {
        let failure =
            Failure::new(Exit::Denied, format!("{} needs grants that were not given", self.name)).because(self.refusal);
        let command = &self.command;
        let named = format!("{command}{}", flags(&self.open));
        if named.len() > MAX_ASKED_BYTES {
            return failure.hint(format!("{command} --grant … for what you choose of it: skillhost inspect shows all"));
        }
        failure.hint(named).or_hint(format!("or {command} --grant-requested for everything that it asks for"))
    }
}
