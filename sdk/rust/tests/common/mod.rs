//! A conversation over tools whose results are as long as their calls say.
#![allow(dead_code, reason = "each test file uses its part")]

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::conversation::{Called, Conversation, Limits, Toolbox, user};
use skillhost_sdk::mock::Host;
use skillhost_sdk::{Error, Host as _, Request, Tier, ToolDefinition, schema};

/// How a hand-off is asked for.
pub(crate) const QUESTION: &str = "The context is nearly full.";

/// Tools whose results are as long as the call says.
pub(crate) struct Desk<'h> {
    host: &'h Host,
    plan: String,
    turns: u64,
}

impl Toolbox for Desk<'_> {
    type Output = ();

    fn definitions(&self) -> Vec<ToolDefinition> {
        let fields = [
            ("path", schema::text_or_null("")),
            ("name", schema::text_or_null("")),
            ("bytes", schema::integer_or_null("")),
        ];
        let mut tools: Vec<ToolDefinition> =
            ["read", "look", "write", "fail", "run", "finish"].map(|name| schema::tool(name, "", &fields)).into();
        tools.push(schema::tool("plan", "", &[("text", schema::text(""))]));
        tools
    }

    /// To `look` is the same however often it is done.
    fn generation(&self, name: &str) -> u64 {
        if name == "look" { 0 } else { self.turns }
    }

    fn begin_turn(&mut self) {
        self.turns += 1;
    }

    fn call(&mut self, name: &str, arguments: &Arguments) -> Called<()> {
        let filler = "x".repeat(arguments.integer("bytes").unwrap_or_default());
        match name {
            "finish" => Called::Done(()),
            "fail" => Called::Failed(format!("it failed {filler}")),
            "run" => Called::Told(format!("exit 0 in 5 ms (run:1)\n{filler}")),
            "write" => {
                self.host.write(arguments.text("path"), b"two").unwrap();
                Called::Told("written".into())
            }
            "plan" => {
                self.plan = arguments.text("text").into();
                Called::Told("stored".into())
            }
            _ => Called::Told(format!("{}: lines 1–9 of 9\n{filler}", arguments.text("path"))),
        }
    }

    fn notes(&self) -> &str {
        &self.plan
    }

    fn said(&mut self, _text: &str) -> Called<()> {
        Called::Failed("call a tool".into())
    }

    fn last_turn(&mut self) -> String {
        "last turn".into()
    }

    fn hand_back(&self) -> String {
        "changed nothing".into()
    }
}

pub(crate) fn run(host: &Host, turns: u32) -> Result<(), Error> {
    let messages = vec![user("# Goal\nGreet."), user("# Steps\nOne.")];
    let limits = Limits { turns, notice_at: turns };
    let mut desk = Desk { host, plan: String::new(), turns: 0 };
    Conversation::new(host, Tier::Standard, "system", messages).run(&mut desk, limits)
}

/// Everything that was said so far.
pub(crate) fn rendered(request: &Request) -> String {
    format!("{:?}", request.messages)
}
