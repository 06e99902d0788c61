//! The sections that conventions commonly have. What they forbid and how they validate matters more than the rest.

use crate::markdown::{Role, code_spans, heading_words, outline};

/// Longer lines are scripts, not commands.
const MAX_COMMAND_BYTES: usize = 500;
/// Items that are taken from one document.
const MAX_ITEMS: usize = 200;
/// Commands that are taken from one document.
const MAX_COMMANDS: usize = 32;

/// A section that many projects' conventions have, by the name of its heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// What must not be done.
    Never,
    /// What must be done.
    Always,
    /// What needs a person's word.
    AskFirst,
    /// How a change is validated.
    ValidationCommands,
}

impl Rule {
    /// The rule section that a heading begins, if it does.
    pub fn of_heading(heading: &str) -> Option<Self> {
        let words = heading_words(heading);
        match words.as_str() {
            "never" | "don t" | "do not" | "never do" | "forbidden" | "boundaries" => Some(Rule::Never),
            "always" | "always do" | "must" => Some(Rule::Always),
            "ask first" | "ask before" | "ask" => Some(Rule::AskFirst),
            "validation" | "verification" | "testing" | "tests" | "checks" | "quality gates" => {
                Some(Rule::ValidationCommands)
            }
            _ => {
                let has = |any: &[&str]| words.split(' ').any(|word| any.contains(&word));
                let validates = has(&[
                    "validation",
                    "verification",
                    "verify",
                    "test",
                    "tests",
                    "testing",
                    "check",
                    "checks",
                    "lint",
                ]);
                (validates && has(&["command", "commands"])).then_some(Rule::ValidationCommands)
            }
        }
    }
}

/// The items beneath a rule's headings, in words alone: "- Never **edit** generated files." is `edit generated files`.
pub(super) fn items(text: &str, wanted: Rule) -> Vec<String> {
    let mut items = Vec::new();
    let mut section: Option<u8> = None;
    for line in outline(text) {
        match line.role {
            Role::Heading(level) if section.is_none_or(|outer| level <= outer) => {
                section = (Rule::of_heading(line.text) == Some(wanted)).then_some(level);
            }
            Role::Prose if section.is_some() && items.len() < MAX_ITEMS => {
                let body = line.text.trim_start();
                let body = body.strip_prefix("- ").or_else(|| body.strip_prefix("* "));
                let words = body.map(heading_words).unwrap_or_default();
                let said = ["never ", "always ", "do not ", "don t "].iter().find_map(|verb| words.strip_prefix(verb));
                items.extend(Some(said.unwrap_or(&words).to_owned()).filter(|words| !words.is_empty()));
            }
            _ => {}
        }
    }
    items
}

/// The commands in the validation sections of a document, in order, each once, as they are spelled: lines of code
/// blocks, and code at the beginning or behind the `:` of a list's item.
pub fn validation_commands(text: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut section: Option<u8> = None;
    for line in outline(text) {
        let found = match line.role {
            Role::Heading(level) => {
                // A subsection belongs to its section.
                let inside = section.is_some_and(|outer| level > outer);
                if !inside {
                    section = (Rule::of_heading(line.text) == Some(Rule::ValidationCommands)).then_some(level);
                }
                None
            }
            Role::Code if section.is_some() => Some(code_line(line.text)),
            Role::Prose if section.is_some() => item(line.text),
            _ => None,
        };
        let fits = |command: &&str| !command.is_empty() && command.len() <= MAX_COMMAND_BYTES;
        let Some(command) = found.filter(fits).filter(|_| commands.len() < MAX_COMMANDS) else {
            continue;
        };
        if !commands.iter().any(|known| known == command) {
            commands.push(command.to_owned());
        }
    }
    commands
}

/// A line of a code block, without its prompt and its trailing comment; empty for a comment.
fn code_line(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_prefix("$ ").or_else(|| line.strip_prefix("> ")).unwrap_or(line);
    let line = if line.starts_with('#') { "" } else { line };
    line.split(" #").next().unwrap_or(line).trim()
}

/// The command of a list's item: the first code in it, where it looks like a command.
fn item(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let body = line
        .strip_prefix("- ")
        .or_else(|| line.strip_prefix("* "))
        .or_else(|| (numbered.len() < line.len()).then(|| numbered.strip_prefix(". "))?)?;
    let code = *code_spans(body).first()?;
    let command = code.contains(' ') || code == "make" || code == "tox" || code == "pytest";
    let path = code.contains('/') && !code.contains(' ');
    (command && !path && !code.contains(['<', '…'])).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_sections_are_known_by_their_headings() {
        assert_eq!(Rule::of_heading("Ask First"), Some(Rule::AskFirst));
        assert_eq!(Rule::of_heading("2. **Never**"), Some(Rule::Never));
        assert_eq!(Rule::of_heading("Always"), Some(Rule::Always));
        for heading in ["Validation Commands", "Build, test and lint commands", "Testing"] {
            assert_eq!(Rule::of_heading(heading), Some(Rule::ValidationCommands), "{heading}");
        }
        for heading in ["Commands", "Architecture", "Neverland", ""] {
            assert_eq!(Rule::of_heading(heading), None, "{heading}");
        }
    }

    #[test]
    fn items_of_a_rule_are_words() {
        let text = "# A\n- x\n## Always\n- **Sort** imports.\n* Don't skip tests\n### More\n- Always say why\nprose\n## Never\n- y\n";
        assert_eq!(items(text, Rule::Always), ["sort imports", "skip tests", "say why"]);
        assert_eq!(items(text, Rule::Never), ["y"]);
        assert_eq!(items(&format!("# Never\n{}", "- z\n".repeat(10_000)), Rule::Never).len(), MAX_ITEMS);
    }

    #[test]
    fn commands_stand_in_code_and_in_lists() {
        let text = "# A\n```\nrm -rf x\n```\n## Validation commands\nSmallest set:\n```bash\n# all\n$ npm run lint\nnpm test # unit\n\n```\n\
            ### More\n- Types: `npx tsc --noEmit` in `src/`\n1. `npm test`\n- see `docs/x.md`\n## Style\n- `not me`\n";
        assert_eq!(validation_commands(text), ["npm run lint", "npm test", "npx tsc --noEmit"]);
    }

    #[test]
    fn hostile_sections_are_bounded() {
        let many: String = (0..1000).map(|n| format!("cmd {n}\n")).collect();
        assert_eq!(validation_commands(&format!("## Tests\n```\n{many}")).len(), 32);
        assert!(validation_commands(&format!("## Tests\n```\n{}\n```", "x".repeat(10_000))).is_empty());
    }
}
