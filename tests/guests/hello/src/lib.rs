//! The smallest skill: one host call, one string in, one out.

use skillhost_sdk::{Error, Host, Level, Tool};

struct Hello;

impl Tool for Hello {
    fn call(host: &dyn Host, _name: String, arguments: String) -> Result<String, Error> {
        let arguments: serde_json::Value =
            serde_json::from_str(&arguments).map_err(|e| Error::Invalid(e.to_string()))?;
        let name = arguments["name"].as_str().unwrap_or("nobody");
        host.log(Level::Debug, "greeting");
        Ok(serde_json::json!({ "greeting": format!("Hello, {name}!") }).to_string())
    }
}

skillhost_sdk::export_tool!(Hello);
