//! The text of `skillhost.toml`. Its comments teach what can be said there.

use super::{Findings, Found, Proposal, argv};
use skillhost_core::text::escape_terminal;
use skillhost_models::{Suggestion, suggestions};
use toml_edit::{Array, DocumentMut, Item, Table, Value, value};

const HEAD: &str = "\
# What skillhost may run here, and what a change has to pass. It is read from the base commit,
# so it takes effect once it is committed there. Unknown keys are errors.

# The branch that pull requests go to. It is never written.
";
const ROUNDS: &str = "# How often findings of a review go back to their author.\n";
const COMMANDS: &str = "\
\n# Commands are argument vectors; no shell is involved unless one is named. They run in a sandbox,
# over a worktree: network is \"none\" (loopback only) or a list of hosts.\n";
const SETUP: &str = "\n# Runs in every fresh worktree and every gate's checkout, before anything else.\n";
const VERIFY: &str =
    "\n# The gates: the host runs all of them, in this order, on a fresh checkout of the proposed commit.\n";
const NO_GATES: &str = "\
\n# No gates yet, so every pull request stays a draft. Declare a command and name it here:
#   [commands.test]
#   run = [\"PROGRAM\", \"ARGUMENT\"]\n";
const SPEC: &str = "\n# Where the spec of a change is committed, and the headings that it must have.\n";
const PROTECT: &str = "\n# A change here needs a grant of its own, and is shown first in the pull request.\n";
const MODELS: &str = "\
\n# Models by role, as PROVIDER:MODEL; keys come from your environment. A reviewer from another provider
# than the author's sees more.\n";
const TAIL: &str = "\
\n# What the skill that implements may change and run; by default everything unprotected, and the gates.
# [grants.implement]
# write = [\"src/**\", \"tests/**\"]
# exec = [\"test\"]

# What one run may spend.
# [budget]
# tokens = 2_000_000
# cost_usd = 5.00
# time = \"2h\"
";

/// Writes the proposal. Deterministic.
pub(super) fn render(found: Findings) -> Proposal {
    let mut document = DocumentMut::new();
    document.insert("base", value(found.base.as_str()));
    document.insert("rounds", value(3));
    comment_key(&mut document, "base", HEAD);
    comment_key(&mut document, "rounds", ROUNDS);

    let mut commands = Table::new();
    commands.set_implicit(true);
    let mut before = COMMANDS;
    for command in found.gates.iter().chain(&found.others) {
        let mut table = command_table(command, "10m");
        table.decor_mut().set_prefix(format!("{before}\n{}", origin(command)));
        before = "";
        commands.insert(command.name.as_str(), Item::Table(table));
    }
    if let Some(setup) = &found.setup {
        let mut table = command_table(setup, "15m");
        table.decor_mut().set_prefix(format!("{SETUP}{}", origin(setup)));
        commands.insert("setup", Item::Table(table));
    }
    if !commands.is_empty() {
        document.insert("commands", Item::Table(commands));
    }

    let gates: Array = found.gates.iter().map(|gate| gate.name.as_str()).collect();
    let prefix = if found.gates.is_empty() { NO_GATES } else { VERIFY };
    document.insert("verify", table(prefix, [("commands", Value::from(gates))]));
    if let Some(path) = &found.spec_path {
        document.insert("spec", table(SPEC, [("path", Value::from(path.as_str()))]));
    }
    let mut protect: Array =
        ["AGENTS.md", "**/AGENTS.md", ".github/**", "skillhost.toml", "skillhost.lock"].into_iter().collect();
    protect.extend(found.protect.iter().map(String::as_str));
    document.insert("protect", table(PROTECT, [("paths", Value::from(protect))]));
    if let Some(models) = models(&found.providers) {
        document.insert("models", models);
        document.set_trailing(TAIL);
    } else {
        // Without a key there is nothing to begin with; which one it will be is the user's to say.
        let mut example = DocumentMut::new();
        example.extend(models(&suggestions()).map(|models| ("models", models)));
        let comment = |line: &str| if line.is_empty() || line.starts_with('#') { "" } else { "# " };
        let lines = example.to_string().lines().map(|line| format!("{}{line}\n", comment(line))).collect::<String>();
        document.set_trailing(lines + TAIL);
    }

    let mut notes: Vec<String> = found.notes;
    notes.push("read skillhost.toml, then commit it: runs read it from the base commit".to_owned());
    Proposal { toml: document.to_string(), notes, has_gates: !found.gates.is_empty() }
}

/// The models of the roles, for the providers that there is a key for.
fn models(providers: &[Suggestion]) -> Option<Item> {
    let author = providers.first()?;
    let reviewer = providers.get(1).unwrap_or(author);
    let mut table = Table::new();
    for (role, of) in [("spec", author), ("review", reviewer), ("implement", author)] {
        table.insert(role, value(format!("{}:{}", of.provider, of.model)));
    }
    if let Some(capable) = author.capable {
        table.insert("implement.capable", value(format!("{}:{capable}", author.provider)));
    }
    let mut comment = MODELS.to_owned();
    if reviewer == author {
        let other = suggestions().into_iter().find(|other| other.provider != author.provider);
        comment.extend(other.map(|other| {
            format!("# With a key in {}: review = \"{}:{}\"\n", other.key_env, other.provider, other.model)
        }));
    }
    table.decor_mut().set_prefix(comment);
    Some(Item::Table(table))
}

fn command_table(command: &Found, timeout: &str) -> Table {
    let mut table = Table::new();
    let run: Array = command.run.iter().map(String::as_str).collect();
    table.insert("run", value(run));
    table.insert("timeout", value(timeout));
    if command.hosts.is_empty() {
        table.insert("network", value("none"));
    } else {
        let hosts: Array = command.hosts.iter().map(String::as_str).collect();
        table.insert("network", value(hosts));
    }
    table
}

/// Where a command was found, as a comment. Escaped into one line, so that nothing in it can become a key.
fn origin(command: &Found) -> String {
    let shell = if argv::is_shell(&command.run) { " (needs a shell)" } else { "" };
    format!("# From {}{shell}.\n", escape_terminal(&command.origin, 160))
}

fn table<const N: usize>(prefix: &str, entries: [(&str, Value); N]) -> Item {
    let mut table = Table::new();
    for (key, entry) in entries {
        table.insert(key, Item::Value(entry));
    }
    table.decor_mut().set_prefix(prefix);
    Item::Table(table)
}

fn comment_key(document: &mut DocumentMut, key: &str, comment: &str) {
    if let Some(mut key) = document.key_mut(key) {
        key.leaf_decor_mut().set_prefix(comment);
    }
}
