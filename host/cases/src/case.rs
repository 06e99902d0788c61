//! A case file: `[[case]]` entries, each a whole situation for one call of a skill.

use crate::brief::Brief;
use crate::expect::Expect;
use crate::file::Content;
use crate::http::Http;
use serde::Deserialize;
use serde_json::{Map, Value};
use skillhost_core::capability::Capabilities;
use skillhost_core::document::{self, DocumentError};
use skillhost_core::kind::Kind;
use skillhost_core::limits::PartialLimits;
use skillhost_core::manifest::Manifest;
use skillhost_core::name::{CommandName, SecretName, SkillName};
use skillhost_core::path::SkillPath;
use skillhost_core::urls::Origin;
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// Longest name of a case, in characters: it is one line of a terminal.
const MAX_NAME_CHARS: usize = 120;
/// The key that a TOML date has where JSON is wanted.
const DATE_KEY: &str = "$__toml_private_datetime";

/// One file of cases.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// As people know it.
    pub file: String,
    /// Its text, which an update changes.
    pub text: String,
    /// The cases, in its order.
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default, rename = "case")]
    cases: Vec<Spanned<Case>>,
}

/// One call of a skill, with what is around it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique among the skill's cases.
    pub name: String,
    /// Where it stands in its file, from 1.
    #[serde(skip)]
    pub line: usize,
    /// A folder beside the case file whose files are there before.
    pub folder: Option<SkillPath>,
    /// Files that are there before.
    #[serde(default)]
    pub files: BTreeMap<SkillPath, Content>,
    /// What was changed since the base commit, which has `files`.
    #[serde(default)]
    pub change: BTreeMap<SkillPath, Content>,
    /// Which tool is called, where the skill has several.
    pub tool: Option<SkillName>,
    /// Its arguments, or their JSON as text.
    pub input: Option<Value>,
    /// What a skill of any other kind is told.
    pub brief: Option<Brief>,
    /// What a review reads: the brief's spec where there is one, else the change.
    pub subject: Option<Subject>,
    /// What it is granted; all that it asks for where this is left out.
    pub grants: Option<Capabilities>,
    /// Its limits, instead of the manifest's.
    #[serde(default)]
    pub limits: PartialLimits,
    /// What the model says, in this order; every one of them has to be asked for.
    #[serde(default, rename = "reply")]
    pub replies: Vec<Reply>,
    /// What the project's commands do.
    #[serde(default, rename = "command")]
    pub commands: Vec<Command>,
    /// What servers answer.
    #[serde(default)]
    pub http: Vec<Http>,
    /// Where the user lets a secret go, by its name; one that isn't there goes nowhere.
    #[serde(default)]
    pub secrets: BTreeMap<SecretName, Vec<Origin>>,
    /// What a person answers, in this order; every one of them has to be asked for.
    #[serde(default)]
    pub answers: Vec<String>,
    /// What should come of it; nothing is expected yet where this is left out.
    pub expect: Option<Expect>,
}

/// What a review reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The brief's spec.
    Spec,
    /// The change.
    Change,
}

/// One reply of a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Texts that the request has to hold.
    #[serde(default)]
    pub expect: Vec<String>,
    /// What it says.
    pub text: Option<String>,
    /// Tools that it asks for.
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    /// Whether the reply was cut, or refused.
    pub stop: Option<Stop>,
    /// What it cost, in tokens.
    #[serde(default)]
    pub input_tokens: u32,
    /// What it cost, in tokens.
    #[serde(default)]
    pub output_tokens: u32,
}

/// A tool that a model asks for.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// Unique in the case, where it matters.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// Its arguments; as text, they may be no JSON at all.
    #[serde(default = "empty")]
    pub arguments: Value,
}

/// How a reply ends that doesn't end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// At the output limit.
    Length,
    /// Refused.
    Refused,
}

/// What a run of a command shows. Each run takes the next of its name, and the last one stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Its name in the project.
    pub name: CommandName,
    /// What the skill is told of it.
    #[serde(default)]
    pub description: String,
    /// How it ends.
    #[serde(default)]
    pub exit_code: i32,
    /// What it prints.
    #[serde(default)]
    pub output: String,
}

fn empty() -> Value {
    Value::Object(Map::new())
}

impl CaseFile {
    /// Reads a case file.
    ///
    /// # Errors
    /// With file and line, where a key is unknown, a value is not what it should be, or there is no case.
    pub fn parse(file: &str, bytes: Vec<u8>) -> Result<Self, DocumentError> {
        let text = document::text(file, bytes)?;
        let Document { cases } = document::parse(file, &text)?;
        if cases.is_empty() {
            return Err(DocumentError::whole(file, "it has no [[case]]"));
        }
        let (mut line, mut seen) = (1, 0);
        let cases = cases.into_iter().map(|spanned| {
            // They come in their order: what is before each is counted once.
            let start = spanned.span().start.clamp(seen, text.len());
            line += text.as_bytes()[seen..start].iter().filter(|byte| **byte == b'\n').count();
            seen = start;
            let case = Case { line, ..spanned.into_inner() };
            case.check().map_err(|reason| DocumentError::at(file, line, reason)).map(|()| case)
        });
        let cases = cases.collect::<Result<_, _>>()?;
        Ok(Self { file: file.to_owned(), text, cases })
    }
}

impl Case {
    /// The arguments of the tool.
    ///
    /// # Errors
    /// Where they are text, and no JSON.
    pub fn arguments(&self) -> Result<Value, String> {
        match &self.input {
            None => Ok(empty()),
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|e| format!("its input is no JSON: {e}")),
            Some(value) => Ok(value.clone()),
        }
    }

    /// The tool that is called, where the skill is of kind `tool`.
    ///
    /// # Errors
    /// Where the case is not one for this skill.
    pub fn tool_of<'a>(&'a self, manifest: &'a Manifest) -> Result<Option<&'a str>, String> {
        let kind = manifest.skill.kind;
        let unfit = [
            (kind == Kind::Tool && self.brief.is_some(), "brief"),
            (kind != Kind::Tool && self.tool.is_some(), "tool"),
            (kind != Kind::Tool && self.input.is_some(), "input"),
            (kind != Kind::Review && self.subject.is_some(), "subject"),
            (kind != Kind::Review && self.expects(|expect| expect.findings.is_some()), "expect.findings"),
            (kind != Kind::Verify && self.expects(|expect| expect.checks.is_some()), "expect.checks"),
        ];
        if let Some((_, key)) = unfit.iter().find(|(is_unfit, _)| *is_unfit) {
            return Err(format!("`{key}` is not for a skill of kind `{kind}`"));
        }
        if kind != Kind::Tool {
            let Some(brief) = &self.brief else { return Err(format!("a skill of kind `{kind}` needs a `brief`")) };
            let is_of_spec = self.subject == Some(Subject::Spec);
            return if is_of_spec && !brief.has_spec() { Err("its brief has no `spec`".to_owned()) } else { Ok(None) };
        }
        let names: Vec<&str> = manifest.tools.iter().map(|tool| tool.name.as_str()).collect();
        match (&self.tool, names.as_slice()) {
            (Some(named), _) if names.contains(&named.as_str()) => Ok(Some(named.as_str())),
            (None, [only]) => Ok(Some(only)),
            (Some(named), _) => Err(format!("the skill has no tool `{named}`; it has {}", names.join(", "))),
            (None, _) => Err(format!("it has to name a `tool`: {}", names.join(", "))),
        }
    }

    /// Whether it finds this file beside the case file there before: by its name, or in its folder.
    #[must_use]
    pub fn is_given(&self, file: &SkillPath) -> bool {
        let is_it = |content: &Content| matches!(content, Content::From(from) if from == file);
        self.files.values().chain(self.change.values()).any(is_it)
            || self.folder.as_ref().is_some_and(|folder| file.starts_with(folder))
    }

    /// Whether its files can be side by side, with these ones of its folder.
    ///
    /// # Errors
    /// Names two, one of which would be a directory.
    pub fn check_files<'a>(&'a self, folder: impl IntoIterator<Item = &'a SkillPath>) -> Result<(), String> {
        let all: BTreeSet<&SkillPath> = self.files.keys().chain(self.change.keys()).chain(folder).collect();
        for path in &all {
            let mut above = std::iter::successors(path.parent(), SkillPath::parent).filter(|it| !it.is_root());
            if let Some(file) = above.find(|above| all.contains(above)) {
                return Err(format!("{path} can't lie beneath {file}, which is a file, too"));
            }
        }
        Ok(())
    }

    fn expects(&self, what: impl Fn(&Expect) -> bool) -> bool {
        self.expect.as_ref().is_some_and(what)
    }

    fn check(&self) -> Result<(), String> {
        let is_shown = |name: &str| name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(char::is_control);
        if self.name.trim().is_empty() || !is_shown(&self.name) {
            return Err(format!("a case's `name` has 1 to {MAX_NAME_CHARS} characters, and no control character"));
        }
        for (key, files) in [("files", &self.files), ("change", &self.change)] {
            for (path, content) in files {
                let is_wanted = match content {
                    Content::Text(_) | Content::From(_) => true,
                    Content::Absent => key == "change",
                    Content::Has(_) => false,
                };
                if !is_wanted {
                    return Err(format!("`{key}` gives {path} a text or {{ from = \"FILE\" }}"));
                }
            }
        }
        self.check_files([])?;
        let after = self.expect.iter().flat_map(|expect| expect.files.keys());
        let mut paths = self.files.keys().chain(self.change.keys()).chain(after);
        if paths.any(SkillPath::is_root) {
            return Err("a file has a path beneath the worktree, as in \"src/main.rs\"".to_owned());
        }
        let told = self.input.iter().chain(self.expect.iter().flat_map(|it| it.answer.iter().chain(&it.answer_has)));
        if told.chain(self.replies.iter().flat_map(|it| it.tool_calls.iter().map(|call| &call.arguments))).any(has_date)
        {
            return Err("JSON has no dates: write them as text".to_owned());
        }
        self.check_expectation()
    }

    fn check_expectation(&self) -> Result<(), String> {
        let Some(expect) = &self.expect else { return Ok(()) };
        let answers = [
            (expect.answer.is_some(), "answer"),
            (expect.answer_has.is_some(), "answer_has"),
            (expect.findings.is_some(), "findings"),
            (expect.checks.is_some(), "checks"),
        ];
        let named: Vec<&str> = answers.iter().filter(|(is_there, _)| *is_there).map(|(_, key)| *key).collect();
        match (&expect.error, named.as_slice()) {
            (Some(_), [first, ..]) => Err(format!("`error` and `{first}` can't both be expected")),
            (None, _) if expect.error_has.is_some() => Err("`error_has` needs `error`".to_owned()),
            _ => Ok(()),
        }
    }
}

fn has_date(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| key == DATE_KEY || has_date(value)),
        Value::Array(items) => items.iter().any(has_date),
        _ => false,
    }
}

/// The first name that two cases share, with where they are.
#[must_use]
pub fn shared_name(files: &[CaseFile]) -> Option<String> {
    let mut seen = BTreeMap::new();
    let all = files.iter().flat_map(|file| file.cases.iter().map(move |case| (file, case)));
    for (file, case) in all {
        if let Some(first) = seen.insert(case.name.as_str(), format!("{}:{}", file.file, case.line)) {
            return Some(format!("{}:{}: the name {:?} is that of {first} already", file.file, case.line, case.name));
        }
    }
    None
}

/// Files beside the case file that a case names.
#[must_use]
pub fn named_files(case: &Case) -> BTreeSet<&SkillPath> {
    let after = case.expect.iter().flat_map(|expect| expect.files.values());
    let all = case.files.values().chain(case.change.values()).chain(after);
    all.filter_map(|content| if let Content::From(path) = content { Some(path) } else { None }).collect()
}
