//! Several conversations side by side, in a component that has no threads.
//!
//! A conversation is a function of its host, and nothing in it depends on time or chance. So each is run as far as it gets:
//! where it asks the model for something that has no answer yet, it is broken off. The questions of all of them go to the
//! host at once, and each conversation is run again from its beginning, over the answers that are there. What it only looks up
//! it looks up anew, which is why its tools should remember what they found.

use std::cell::{Cell, RefCell};
use std::io;

use crate::{Budget, Change, Command, Error, Host, Level, Node, Outcome, Reply, Request, Tier};

/// What the host takes at once.
const MAX_AT_ONCE: usize = 16;

/// Runs `count` conversations to their ends; `run` gets the number of one of them, and the host to run it over. In each round
/// the questions are asked in the order of those numbers. A call that fails is made once more; an error of one ends all.
pub fn side_by_side<T>(
    host: &dyn Host,
    count: usize,
    mut run: impl FnMut(usize, &dyn Host) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let live = Cell::new(count);
    let branches: Vec<Branch<'_>> = (0..count).map(|_| Branch::new(host, &live)).collect();
    let mut ended: Vec<Option<T>> = (0..count).map(|_| None).collect();
    loop {
        for (number, (branch, end)) in branches.iter().zip(&mut ended).enumerate() {
            if end.is_some() {
                continue;
            }
            branch.begin();
            let result = run(number, branch);
            // Where it waits, what it made of being broken off means nothing.
            if branch.asked.borrow().is_none() {
                *end = Some(result?);
            }
        }
        let waiting: Vec<&Branch<'_>> = branches.iter().filter(|branch| branch.asked.borrow().is_some()).collect();
        if waiting.is_empty() {
            return Ok(ended.into_iter().flatten().collect());
        }
        live.set(waiting.len());
        answer(host, &waiting);
    }
}

/// Replies to requests, in their order; each that failed is made once more. The first error says what was wrong.
pub fn complete_each(host: &dyn Host, requests: &[Request]) -> Vec<Result<Reply, Error>> {
    let mut replies: Vec<Result<Reply, Error>> =
        requests.chunks(MAX_AT_ONCE).flat_map(|requests| host.complete_all(requests)).collect();
    let failed: Vec<usize> = (0..replies.len()).filter(|at| matches!(replies[*at], Err(Error::Failed(_)))).collect();
    for failed in failed.chunks(MAX_AT_ONCE) {
        let again: Vec<Request> = failed.iter().map(|at| requests[*at].clone()).collect();
        for (at, reply) in failed.iter().zip(host.complete_all(&again)) {
            if reply.is_ok() {
                replies[*at] = reply;
            }
        }
    }
    replies
}

fn answer(host: &dyn Host, waiting: &[&Branch<'_>]) {
    let requests: Vec<Request> = waiting.iter().filter_map(|branch| branch.asked.take()).collect();
    for (branch, reply) in waiting.iter().zip(complete_each(host, &requests)) {
        branch.replies.borrow_mut().push(reply);
    }
}

/// The host as one of the conversations sees it: what was answered before is answered alike.
struct Branch<'h> {
    host: &'h dyn Host,
    /// How many share what is left of the budget.
    live: &'h Cell<usize>,
    replies: RefCell<Vec<Result<Reply, Error>>>,
    budgets: RefCell<Vec<Budget>>,
    /// Lines that were logged.
    logged: Cell<usize>,
    /// The question that it waits for.
    asked: RefCell<Option<Request>>,
    /// Of this time: replies, budgets and lines so far.
    at: [Cell<usize>; 3],
}

impl<'h> Branch<'h> {
    fn new(host: &'h dyn Host, live: &'h Cell<usize>) -> Branch<'h> {
        Branch {
            host,
            live,
            replies: RefCell::default(),
            budgets: RefCell::default(),
            logged: Cell::default(),
            asked: RefCell::default(),
            at: Default::default(),
        }
    }

    fn begin(&self) {
        self.at.iter().for_each(|at| at.set(0));
    }

    /// The number of the next thing of a kind.
    fn next(&self, kind: usize) -> usize {
        self.at[kind].replace(self.at[kind].get() + 1)
    }
}

/// Whatever is done more than once must do nothing.
fn looks_only<T>() -> Result<T, Error> {
    Err(Error::Denied("conversations side by side only look".into()))
}

impl Host for Branch<'_> {
    fn log(&self, level: Level, message: &str) {
        let number = self.next(2);
        if number >= self.logged.get() {
            self.logged.set(number + 1);
            self.host.log(level, message);
        }
    }

    fn progress(&self, message: &str, fraction: Option<f32>) {
        self.host.progress(message, fraction);
    }

    fn complete(&self, request: &Request) -> Result<Reply, Error> {
        // A question behind the open one comes from a conversation that was broken off.
        if self.asked.borrow().is_some() {
            return Err(Error::Cancelled);
        }
        let number = self.next(0);
        if let Some(reply) = self.replies.borrow().get(number) {
            return reply.clone();
        }
        self.asked.replace(Some(request.clone()));
        Err(Error::Cancelled)
    }

    fn complete_all(&self, requests: &[Request]) -> Vec<Result<Reply, Error>> {
        requests.iter().map(|request| self.complete(request)).collect()
    }

    fn window(&self, tier: Tier) -> Result<u64, Error> {
        self.host.window(tier)
    }

    fn remaining(&self) -> Budget {
        let number = self.next(1);
        let mut budgets = self.budgets.borrow_mut();
        if let Some(budget) = budgets.get(number) {
            return *budget;
        }
        let share = |left: u64| left / self.live.get().max(1) as u64;
        let Budget { tokens, cost } = self.host.remaining();
        let budget = Budget { tokens: tokens.map(share), cost: cost.map(share) };
        budgets.push(budget);
        budget
    }

    fn commands(&self) -> Vec<Command> {
        self.host.commands()
    }

    fn granted(&self) -> Vec<String> {
        vec![]
    }

    fn run(&self, _name: &str, _arguments: &[String]) -> Result<Outcome, Error> {
        looks_only()
    }

    fn output(&self, id: &str, offset: u64) -> Result<String, Error> {
        self.host.output(id, offset)
    }

    fn changes(&self) -> Result<Vec<Change>, Error> {
        self.host.changes()
    }

    fn diff(&self, paths: &[String]) -> Result<String, Error> {
        self.host.diff(paths)
    }

    fn original(&self, path: &str, offset: u64) -> Result<Vec<u8>, Error> {
        self.host.original(path, offset)
    }

    fn checkpoint(&self, _message: &str, _also: &[String]) -> Result<String, Error> {
        looks_only()
    }

    fn ask(&self, _question: &str, _options: &[String], _default: &str) -> Result<String, Error> {
        looks_only()
    }

    fn list(&self, path: &str) -> io::Result<Vec<Node>> {
        self.host.list(path)
    }

    fn size(&self, path: &str) -> io::Result<u64> {
        self.host.size(path)
    }

    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.host.read(path)
    }

    fn write(&self, _path: &str, _content: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }

    fn remove(&self, _path: &str) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::conversation::{Conversation, text_of, user};
    use crate::mock;

    /// Asks `turns` times, and gives what was said.
    fn talk(host: &dyn Host, name: &str, turns: usize) -> Result<Vec<String>, Error> {
        host.log(Level::Info, name);
        let mut conversation = Conversation::new(host, Tier::Standard, "system", vec![user(name)]);
        (0..turns).map(|_| conversation.ask(None).map(|said| said.text)).collect()
    }

    fn first_texts(host: &mock::Host) -> Vec<String> {
        host.requests.borrow().iter().map(|request| text_of(&request.messages[0].parts)).collect()
    }

    #[test]
    fn questions_are_asked_in_rounds_in_the_order_of_the_conversations() {
        let replies = ["a1", "b1", "c1", "a2", "c2", "c3"];
        let host = replies.iter().fold(mock::Host::new(), |host, reply| host.reply(mock::text(reply)));
        let turns = [2, 1, 3];
        let said = side_by_side(&host, 3, |number, host| talk(host, ["a", "b", "c"][number], turns[number])).unwrap();
        assert_eq!(said, [vec!["a1", "a2"], vec!["b1"], vec!["c1", "c2", "c3"]]);
        assert_eq!(first_texts(&host), ["a", "b", "c", "a", "c", "c"]);
        assert_eq!(host.requests.borrow()[3].messages.len(), 2, "the history is there");
        assert_eq!(host.logs.borrow().len(), 3, "nothing is told twice");
    }

    #[test]
    fn a_call_that_fails_is_made_once_more_and_then_all_end() {
        let host = mock::Host::new()
            .reply_error(Error::Failed("no answer".into()))
            .reply(mock::text("b1"))
            .reply(mock::text("a1"));
        assert_eq!(side_by_side(&host, 2, |number, host| talk(host, ["a", "b"][number], 1)).unwrap().len(), 2);
        assert_eq!(first_texts(&host), ["a", "b", "a"]);

        let host = mock::Host::new()
            .reply_error(Error::Failed("first".into()))
            .reply(mock::text("b1"))
            .reply_error(Error::Failed("second".into()));
        let ended = side_by_side(&host, 2, |number, host| talk(host, ["a", "b"][number], 1));
        assert!(matches!(ended, Err(Error::Failed(why)) if why == "first"));

        let host = mock::Host::new().reply_error(Error::Exhausted("tokens".into()));
        let ended = side_by_side(&host, 1, |_, host| talk(host, "a", 1));
        assert!(matches!(ended, Err(Error::Exhausted(_))));
        assert_eq!(host.requests.borrow().len(), 1, "what is used up is not asked for again");
    }

    #[test]
    fn they_share_the_budget_and_change_nothing() {
        let host = mock::Host::new().file("a", "1").budget_tokens(9_000).reply(mock::text("x")).reply(mock::text("y"));
        let left = side_by_side(&host, 2, |_, host| {
            assert!(host.write("a", b"2").is_err() && host.run("test", &[]).is_err() && host.granted().is_empty());
            let before = host.remaining().tokens;
            talk(host, "a", 1)?;
            Ok((before, host.remaining().tokens))
        });
        assert_eq!(left.unwrap(), [(Some(4_500), Some(3_500)), (Some(4_500), Some(3_500))]);
    }
}
