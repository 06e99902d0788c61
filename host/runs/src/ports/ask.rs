//! `ask`: a person answers where one is there, and otherwise the default is taken. Either way it is recorded.

use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_core::text::{Escaped, escape_terminal};
use skillhost_engine::contract::Error;
use skillhost_engine::ports::Ask;
use std::sync::{Arc, Mutex};

/// Longest part of a question that is shown and kept, in characters.
const KEPT_CHARS: usize = 300;
/// Longest option that is shown.
const OPTION_CHARS: usize = 100;
/// How often a person is asked the same question, where the answer is none of the options.
const TRIES: usize = 3;

/// A question, cut and escaped.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who asks: the run, and the skill in it.
    pub from: Escaped,
    /// The skill's words.
    pub text: Escaped,
    /// What can be chosen from; any text where there is none.
    pub options: Vec<Escaped>,
    /// What is taken where nobody answers.
    pub default: Escaped,
}

/// Somebody who can be asked.
pub trait Person: Send + Sync {
    /// The line that they typed; none where nobody answers. Dropping the future takes the question back.
    fn answer<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<String>>;
}

/// Asks on behalf of skills.
#[derive(Clone)]
pub(crate) struct AskPort {
    person: Option<Arc<dyn Person>>,
    from: Escaped,
    taken: Arc<Mutex<Vec<String>>>,
}

impl AskPort {
    pub(crate) fn new(person: Option<Arc<dyn Person>>) -> Self {
        Self { person, from: Escaped::default(), taken: Arc::default() }
    }

    /// The same, on behalf of `who`.
    pub(crate) fn by(&self, who: &str) -> Self {
        Self { from: escape_terminal(who, OPTION_CHARS), ..self.clone() }
    }

    /// All questions so far, each with its answer and whose it was.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().map(|taken| taken.clone()).unwrap_or_default()
    }

    async fn decide(&self, question: &str, options: &[String], default: &str) -> (&'static str, String) {
        let Some(person) = &self.person else { return ("taken without asking", default.to_owned()) };
        let shown = Question {
            from: self.from.clone(),
            text: escape_terminal(question, KEPT_CHARS),
            options: options.iter().map(|option| escape_terminal(option, OPTION_CHARS)).collect(),
            default: escape_terminal(default, OPTION_CHARS),
        };
        for _ in 0..TRIES {
            let Some(line) = person.answer(&shown).await else { break };
            if let Some(answer) = understand(&line, options, default) {
                return ("answered", answer);
            }
        }
        ("nobody answered, so taken", default.to_owned())
    }
}

impl Ask for AskPort {
    fn ask(&self, question: String, options: Vec<String>, default: String) -> BoxFuture<'_, Result<String, Error>> {
        async move {
            let (how, answer) = self.decide(&question, &options, &default).await;
            let cut = |text: &str| text.chars().take(KEPT_CHARS).collect::<String>();
            if let Ok(mut taken) = self.taken.lock() {
                taken.push(format!("{} — {how}: {}", cut(&question), cut(&answer)));
            }
            Ok(answer)
        }
        .boxed()
    }
}

/// What a typed line means: nothing is the default, a number or the words are an option. None where it is no answer.
fn understand(line: &str, options: &[String], default: &str) -> Option<String> {
    let typed = line.trim();
    if typed.is_empty() {
        return Some(default.to_owned());
    }
    if options.is_empty() {
        return Some(typed.to_owned());
    }
    let by_words = options.iter().find(|option| option.trim().eq_ignore_ascii_case(typed));
    let by_number = || typed.parse::<usize>().ok().and_then(|number| options.get(number.checked_sub(1)?));
    by_words.or_else(by_number).cloned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Types these lines, one for each time that it is asked.
    struct Types(Mutex<Vec<&'static str>>, Mutex<Vec<Question>>);

    impl Person for Types {
        fn answer<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<String>> {
            self.1.lock().unwrap().push(question.clone());
            let line = self.0.lock().unwrap().pop().map(str::to_owned);
            async move { line }.boxed()
        }
    }

    fn asked(lines: &[&'static str], question: &str) -> (String, Vec<String>, Vec<Question>) {
        let person = Arc::new(Types(Mutex::new(lines.iter().rev().copied().collect()), Mutex::default()));
        let port = AskPort::new(Some(person.clone())).by("7f3k builtin:spec");
        let options = vec!["yes".to_owned(), "no".to_owned()];
        let answer = futures::executor::block_on(port.ask(question.to_owned(), options, "no".to_owned())).unwrap();
        let questions = person.1.lock().unwrap().clone();
        (answer, port.taken(), questions)
    }

    #[test]
    fn a_persons_answer_counts_and_is_recorded() {
        for (typed, answer) in [("yes", "yes"), (" YES ", "yes"), ("1", "yes"), ("2", "no"), ("", "no")] {
            let (given, taken, _) = asked(&[typed], "Really?");
            assert_eq!((given.as_str(), taken), (answer, vec![format!("Really? — answered: {answer}")]), "{typed:?}");
        }
        assert_eq!(understand("anything", &[], "x").unwrap(), "anything");
    }

    #[test]
    fn what_is_no_answer_is_asked_again_and_then_the_default() {
        assert_eq!(asked(&["maybe", "3", "yes"], "Really?").0, "yes");
        let (given, taken, questions) = asked(&["maybe", "0", "-1", "yes"], "Really?");
        assert_eq!((given.as_str(), questions.len()), ("no", TRIES));
        assert_eq!(taken, ["Really? — nobody answered, so taken: no"]);
        assert_eq!(asked(&[], "Really?").0, "no");
    }

    #[test]
    fn nobody_there_means_the_default() {
        let port = AskPort::new(None);
        let ask = port.ask("Really?".to_owned(), vec!["yes".to_owned()], "no".to_owned());
        assert_eq!(futures::executor::block_on(ask).unwrap(), "no");
        assert_eq!(port.taken(), ["Really? — taken without asking: no"]);
    }

    #[test]
    fn o_01_o_06_o_08_a_question_is_cut_and_escaped() {
        let (.., questions) = asked(&[""], &format!("\u{1b}[2J\nAnswer: {}", "x".repeat(10_240)));
        let text = questions[0].text.as_str();
        assert!(text.starts_with("\\u{1b}[2J\\nAnswer:") && text.chars().count() <= KEPT_CHARS, "{text}");
        assert_eq!(questions[0].from.as_str(), "7f3k builtin:spec");
    }
}
