//! 300 turns over a model with a window of 64,000 tokens: how large the largest request gets, with the reply it leaves room for.
//! That needs no component, since nothing here is about time.

use anyhow::{Result, ensure};
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::conversation::{Called, Conversation, Limits, Toolbox, user};
use skillhost_sdk::explore::{Explorer, definitions};
use skillhost_sdk::mock::{Host, calls, text};
use skillhost_sdk::{Error, Part, Reply, Request, Tier, ToolDefinition};

const TURNS: u32 = 300;
const WINDOW: u64 = 64_000;
const FILES: usize = 40;

/// Tokens of three bytes, as the host counts before a call.
pub(crate) fn peak_tokens() -> Result<u64> {
    let lines: String = (0..900).map(|line| format!("line {line} of a file that is long\n")).collect();
    let host = (0..FILES).fold(Host::new(), |host, file| host.file(&format!("src/{file}.txt"), &lines));
    let host = host.window_tokens(WINDOW).model(reply);
    let messages = vec![user("# Goal\nLook around."), user("# Steps\nOne.")];
    let mut conversation = Conversation::new(&host, Tier::Standard, "Look.", messages);
    let mut looking = Looking { explorer: Explorer::new(&host), turns: 0 };
    let ended = conversation.run(&mut looking, Limits { turns: TURNS, notice_at: TURNS });
    ensure!(matches!(&ended, Err(Error::Exhausted(what)) if what.starts_with("300 turns")), "{ended:?}");
    let requests = host.requests.borrow();
    ensure!(requests.iter().all(|request| request.messages[..2] == requests[0].messages[..2]), "the prefix changed");
    let with_reply = |request: &Request| tokens(request) + request.max_output_tokens.map_or(8_192, u64::from);
    Ok(requests.iter().map(with_reply).max().unwrap_or_default())
}

fn tokens(request: &Request) -> u64 {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall(call) => call.id.len() + call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => result.id.len() + result.content.len(),
    };
    let parts: usize = request.messages.iter().flat_map(|message| &message.parts).map(part).sum();
    let tool = |tool: &ToolDefinition| tool.name.len() + tool.description.len() + tool.parameters.len();
    let rest = request.tools.iter().map(tool).sum::<usize>() + request.system.as_ref().map_or(0, String::len);
    (parts + rest).div_ceil(3) as u64
}

/// One to four reads in a turn, of 30 to 900 lines each, with as much said beside them as a model would in its longest replies.
fn reply(request: &Request, count: usize) -> Reply {
    let mut reply = match request.tool_choice {
        skillhost_sdk::ToolChoice::None => text("## Done\nLooked.\n## Remaining\nTo look on."),
        _ => {
            let read = |number: usize| {
                let (file, lines) = ((count * 7 + number) % FILES, [30, 900, 200][(count + number) % 3]);
                format!(r#"{{"path":"src/{file}.txt","from":{},"lines":{lines}}}"#, count % 400 + 1)
            };
            let reads: Vec<(String, String)> =
                (0..1 + count % 4).map(|number| (format!("{count}-{number}"), read(number))).collect();
            let mut reply =
                calls(&reads.iter().map(|(id, read)| (id.as_str(), "read", read.as_str())).collect::<Vec<_>>());
            reply.parts.insert(0, Part::Text("I look on. ".repeat([10, 300, 2_000][count % 3])));
            reply
        }
    };
    reply.usage.input_tokens = tokens(request);
    reply
}

struct Looking<'h> {
    explorer: Explorer<'h>,
    turns: u64,
}

impl Toolbox for Looking<'_> {
    type Output = ();

    fn definitions(&self) -> Vec<ToolDefinition> {
        definitions()
    }

    fn generation(&self, _name: &str) -> u64 {
        self.turns
    }

    fn begin_turn(&mut self) {
        self.turns += 1;
    }

    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<()> {
        match self.explorer.call(name, arguments) {
            Some(Ok(told)) => Called::Told(told),
            Some(Err(why)) => Called::Failed(why),
            None => Called::Failed("there is no such tool".into()),
        }
    }

    fn said(&mut self, _text: &str) -> Called<()> {
        Called::Failed("Call a tool.".into())
    }

    fn last_turn(&mut self) -> String {
        "This is the last turn.".into()
    }

    fn hand_back(&self) -> String {
        format!("looked {} times", self.turns)
    }
}
