//! The smallest component for ACT: one string in, one out.

use act_sdk::prelude::*;

#[act_component]
mod component {
    use super::*;

    #[act_tool(description = "Says hello.", read_only)]
    fn greet(
        /// Whom to greet
        name: String,
    ) -> ActResult<String> {
        Ok(format!("Hello, {name}!"))
    }
}
