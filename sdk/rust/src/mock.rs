//! A host in memory: files, scripted replies, scripted commands, and a record of what the skill did.
//!
//! ```
//! use skillhost_sdk::{Host as _, mock};
//!
//! let host = mock::Host::new().file("src/a.rs", "fn a() {}\n").reply(mock::text("hello"));
//! assert_eq!(host.read("src/a.rs").unwrap(), b"fn a() {}\n");
//! ```

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use crate::clip::tail;
use crate::{
    Brief, Budget, Change, ChangeKind, Command, Error, FileKind, Level, Node, Outcome, Part, Reply, Request, Stop,
    Tier, ToolCall, Usage,
};

/// The mock. Set it up with the methods that take `self`, run the skill over `&host`, then look at the public records.
#[derive(Debug, Default)]
pub struct Host {
    /// The worktree as it is now.
    pub files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// What was asked of the model, in order.
    pub requests: RefCell<Vec<Request>>,
    /// What was logged, in order.
    pub logs: RefCell<Vec<(Level, String)>>,
    /// Commands that ran, with their arguments, in order.
    pub runs: RefCell<Vec<(String, Vec<String>)>>,
    /// Messages of the checkpoints, in order.
    pub checkpoints: RefCell<Vec<String>>,
    /// Questions that were asked, in order; each got its default.
    pub questions: RefCell<Vec<String>>,
    base: BTreeMap<String, Vec<u8>>,
    replies: RefCell<VecDeque<Result<Reply, Error>>>,
    commands: BTreeMap<String, RefCell<VecDeque<Ending>>>,
    denied: BTreeSet<String>,
    writes: BTreeMap<String, Vec<(String, Vec<u8>)>>,
    outputs: RefCell<BTreeMap<String, Vec<u8>>>,
    read_only: BTreeSet<String>,
    budget: Cell<Option<u64>>,
    money: Cell<Option<u64>>,
    window: Option<u64>,
    model: Option<Model>,
}

/// Replies to each request, and is told how many came before.
type Answer = dyn Fn(&Request, usize) -> Reply;
struct Model(Box<Answer>);

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Model")
    }
}

/// The host's own limits: what it hands over at once of an output and of an original, and its largest diff.
const PART_BYTES: usize = 64 << 10;
const ORIGINAL_BYTES: usize = 1 << 20;
const MAX_DIFF_BYTES: usize = 256 << 10;

/// How a run of a command ends: exit code and output.
type Ending = (Option<i32>, String);

impl Host {
    /// An empty worktree, no commands, no replies.
    pub fn new() -> Host {
        Host::default()
    }

    /// A file at the base commit and in the worktree.
    pub fn file(mut self, path: &str, text: &str) -> Host {
        self.base.insert(path.into(), text.into());
        self.files.get_mut().insert(path.into(), text.into());
        self
    }

    /// A file that the host itself committed to the agent's branch, such as the spec: part of the change.
    pub fn committed(mut self, path: &str, text: &str) -> Host {
        self.files.get_mut().insert(path.into(), text.into());
        self
    }

    /// A path, or a directory's path with a final `/`, that no grant lets the skill write.
    pub fn read_only(mut self, path: &str) -> Host {
        self.read_only.insert(path.into());
        self
    }

    /// The next reply of the model.
    pub fn reply(mut self, reply: Reply) -> Host {
        self.replies.get_mut().push_back(Ok(reply));
        self
    }

    /// The next model call fails.
    pub fn reply_error(mut self, error: Error) -> Host {
        self.replies.get_mut().push_back(Err(error));
        self
    }

    /// A model for when no scripted reply is left. It is given the request, and how many came before.
    pub fn model(mut self, model: impl Fn(&Request, usize) -> Reply + 'static) -> Host {
        self.model = Some(Model(Box::new(model)));
        self
    }

    /// A declared command, and what its next run does; the last one repeats. `None` as the exit code means a signal.
    pub fn command(mut self, name: &str, exit_code: Option<i32>, output: &str) -> Host {
        self.commands.entry(name.into()).or_default().get_mut().push_back((exit_code, output.into()));
        self
    }

    /// A command that the project declares and no grant lets the skill run.
    pub fn declared(mut self, name: &str) -> Host {
        self.denied.insert(name.into());
        self
    }

    /// Each run of the command `name` writes this file.
    pub fn command_writes(mut self, name: &str, path: &str, text: &str) -> Host {
        self.writes.entry(name.into()).or_default().push((path.into(), text.into()));
        self
    }

    /// What a gate printed, readable by its evidence id.
    pub fn gate_output(mut self, evidence: &str, output: impl AsRef<[u8]>) -> Host {
        self.outputs.get_mut().insert(evidence.into(), output.as_ref().to_vec());
        self
    }

    /// Tokens that `remaining` reports; every call takes what its reply says it used.
    pub fn budget_tokens(self, tokens: u64) -> Host {
        self.budget.set(Some(tokens));
        self
    }

    /// Millionths of a US dollar that `remaining` reports; every call takes what its reply says it cost.
    pub fn budget_cost(self, cost: u64) -> Host {
        self.money.set(Some(cost));
        self
    }

    /// Tokens that a request and its reply may have together; 200,000 where nothing is said.
    pub fn window_tokens(mut self, tokens: u64) -> Host {
        self.window = Some(tokens);
        self
    }

    /// A file's text as it is now.
    pub fn text(&self, path: &str) -> Option<String> {
        self.files.borrow().get(path).map(|content| String::from_utf8_lossy(content).into_owned())
    }

    /// Scripted replies that no call took.
    pub fn replies_left(&self) -> usize {
        self.replies.borrow().len()
    }

    /// The result that the model was shown for the tool call `id`, from the last request that holds it.
    pub fn tool_result(&self, id: &str) -> Option<(String, bool)> {
        self.requests
            .borrow()
            .iter()
            .rev()
            .flat_map(|request| &request.messages)
            .flat_map(|message| &message.parts)
            .find_map(|part| match part {
                Part::ToolResult(result) if result.id == id => Some((result.content.clone(), result.failed)),
                _ => None,
            })
    }

    fn writable(&self, path: &str) -> io::Result<()> {
        let denied = self
            .read_only
            .iter()
            .any(|entry| entry == path || (entry.ends_with('/') && path.starts_with(entry.as_str())));
        if denied { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
    }
}

/// What is handed over at once.
fn part(content: &[u8], offset: u64, bytes: usize) -> &[u8] {
    let rest = usize::try_from(offset).ok().and_then(|offset| content.get(offset..)).unwrap_or_default();
    &rest[..rest.len().min(bytes)]
}

/// A reply of text.
pub fn text(text: &str) -> Reply {
    reply(vec![Part::Text(text.into())], Stop::End)
}

/// A reply of tool calls: id, name, JSON arguments.
pub fn calls(calls: &[(&str, &str, &str)]) -> Reply {
    let part = |&(id, name, arguments): &(&str, &str, &str)| {
        Part::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() })
    };
    reply(calls.iter().map(part).collect(), Stop::ToolCalls)
}

/// A reply of these parts; it used 900 tokens of input and 100 of output.
pub fn reply(parts: Vec<Part>, stop: Stop) -> Reply {
    let usage = Usage { input_tokens: 900, cached_input_tokens: 0, output_tokens: 100, cost: None };
    Reply { parts, stop, usage, model: "scripted".into() }
}

/// A brief with a goal and nothing else.
pub fn brief(goal: &str) -> Brief {
    Brief {
        run: "r1".into(),
        agent: "main".into(),
        goal: goal.into(),
        base: "0".repeat(40),
        conventions: vec![],
        spec: None,
        steps: vec![],
        criteria: vec![],
        findings: vec![],
        answers: vec![],
        gates: vec![],
    }
}

impl crate::Host for Host {
    fn log(&self, level: Level, message: &str) {
        self.logs.borrow_mut().push((level, message.into()));
    }

    fn progress(&self, _message: &str, _fraction: Option<f32>) {}

    fn complete(&self, request: &Request) -> Result<Reply, Error> {
        let count = self.requests.borrow().len();
        self.requests.borrow_mut().push(request.clone());
        let scripted = self.replies.borrow_mut().pop_front();
        let next = scripted.or_else(|| self.model.as_ref().map(|model| Ok(model.0(request, count))));
        let reply = next.unwrap_or_else(|| Err(Error::Failed("the mock has no more replies".into())))?;
        let used = reply.usage.input_tokens + reply.usage.output_tokens;
        self.budget.set(self.budget.get().map(|left| left.saturating_sub(used)));
        let cost = reply.usage.cost.unwrap_or_default();
        self.money.set(self.money.get().map(|left| left.saturating_sub(cost)));
        Ok(reply)
    }

    fn complete_all(&self, requests: &[Request]) -> Vec<Result<Reply, Error>> {
        requests.iter().map(|request| self.complete(request)).collect()
    }

    fn window(&self, _tier: Tier) -> Result<u64, Error> {
        Ok(self.window.unwrap_or(200_000))
    }

    fn remaining(&self) -> Budget {
        Budget { tokens: self.budget.get(), cost: self.money.get() }
    }

    fn commands(&self) -> Vec<Command> {
        let names = self.commands.keys().chain(&self.denied);
        names.map(|name| Command { name: name.clone(), description: String::new() }).collect()
    }

    fn granted(&self) -> Vec<String> {
        self.commands.keys().cloned().collect()
    }

    fn run(&self, name: &str, arguments: &[String]) -> Result<Outcome, Error> {
        let script = self.commands.get(name).ok_or_else(|| Error::Denied(format!("exec={name}")))?;
        let mut script = script.borrow_mut();
        let (exit_code, output) = match script.len() {
            0 | 1 => script.front().cloned().unwrap_or_default(),
            _ => script.pop_front().unwrap_or_default(),
        };
        self.runs.borrow_mut().push((name.into(), arguments.to_vec()));
        for (path, content) in self.writes.get(name).into_iter().flatten() {
            self.files.borrow_mut().insert(path.clone(), content.clone());
        }
        let id = format!("run:{}", self.runs.borrow().len());
        self.outputs.borrow_mut().insert(id.clone(), output.clone().into());
        let output_size = output.len() as u64;
        Ok(Outcome { id, exit_code, output_size, output: tail(&output, PART_BYTES).to_owned(), duration_ms: 5 })
    }

    fn output(&self, id: &str, offset: u64) -> Result<String, Error> {
        let outputs = self.outputs.borrow();
        let output = outputs.get(id).ok_or_else(|| Error::Invalid(format!("no output {id}")))?;
        Ok(String::from_utf8_lossy(part(output, offset, PART_BYTES)).into_owned())
    }

    fn changes(&self) -> Result<Vec<Change>, Error> {
        let files = self.files.borrow();
        let paths: BTreeSet<&String> = self.base.keys().chain(files.keys()).collect();
        let kind = |path: &String| match (self.base.get(path), files.get(path)) {
            (None, Some(_)) => Some(ChangeKind::Added),
            (Some(_), None) => Some(ChangeKind::Deleted),
            (before, after) if before != after => Some(ChangeKind::Modified),
            _ => None,
        };
        Ok(paths.into_iter().filter_map(|path| Some(Change { path: path.clone(), kind: kind(path)? })).collect())
    }

    /// Not minimal: every line of the old file, then every line of the new one.
    fn diff(&self, paths: &[String]) -> Result<String, Error> {
        let lines = |sign: &str, content: Option<&Vec<u8>>| -> String {
            let text = String::from_utf8_lossy(content.map_or(&[], Vec::as_slice)).into_owned();
            text.lines().map(|line| format!("{sign}{line}\n")).collect()
        };
        let files = self.files.borrow();
        let changes = self.changes()?;
        let chosen = changes.iter().filter(|change| paths.is_empty() || paths.contains(&change.path));
        let diff: String = chosen
            .map(|Change { path, .. }| {
                let (before, after) = (lines("-", self.base.get(path)), lines("+", files.get(path)));
                format!("--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n{before}{after}")
            })
            .collect();
        if diff.len() > MAX_DIFF_BYTES { Err(Error::TooLarge(diff.len() as u64)) } else { Ok(diff) }
    }

    fn original(&self, path: &str, offset: u64) -> Result<Vec<u8>, Error> {
        let content = self.base.get(path).ok_or_else(|| Error::Invalid(format!("{path} is not in the base commit")))?;
        Ok(part(content, offset, ORIGINAL_BYTES).to_vec())
    }

    fn checkpoint(&self, message: &str, _also: &[String]) -> Result<String, Error> {
        self.checkpoints.borrow_mut().push(message.into());
        Ok(format!("{:040x}", self.checkpoints.borrow().len()))
    }

    fn ask(&self, question: &str, _options: &[String], default: &str) -> Result<String, Error> {
        self.questions.borrow_mut().push(question.into());
        Ok(default.into())
    }

    fn list(&self, path: &str) -> io::Result<Vec<Node>> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let nodes: BTreeSet<Node> = self
            .files
            .borrow()
            .keys()
            .filter_map(|file| file.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => Node { name: name.into(), kind: FileKind::Directory },
                None => Node { name: rest.into(), kind: FileKind::File },
            })
            .collect();
        if nodes.is_empty() && !path.is_empty() {
            let kind = if self.files.borrow().contains_key(path) {
                io::ErrorKind::NotADirectory
            } else {
                io::ErrorKind::NotFound
            };
            return Err(kind.into());
        }
        Ok(nodes.into_iter().collect())
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.read(path).map(|content| content.len() as u64)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.files.borrow().get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write(&self, path: &str, content: &[u8]) -> io::Result<()> {
        self.writable(path)?;
        self.files.borrow_mut().insert(path.into(), content.into());
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.writable(from)?;
        self.writable(to)?;
        let content = self.files.borrow_mut().remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.files.borrow_mut().insert(to.into(), content);
        Ok(())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.writable(path)?;
        self.files.borrow_mut().remove(path).map(|_| ()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
