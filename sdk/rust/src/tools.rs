//! Operations whose arguments and results are types.
//!
//! What a tool takes and gives is said once, by a type with `serde` and `schemars::JsonSchema`: arguments are read as that
//! type, and the `[[tool]]` entries of `skill.toml` come from it. The host writes them when it builds: it asks the component
//! for them with an operation that no manifest can declare. See [`export_tools!`](crate::export_tools).

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{Error, Host, schema};

/// What the host asks for the entries with: no name of a tool.
const TELL_TOOLS: &str = "skillhost:tools";

/// One operation, as [`export_tools!`](crate::export_tools) makes it.
pub struct Operation<'a> {
    /// Its name.
    pub name: &'static str,
    /// Lines of its documentation.
    pub documentation: &'a [&'static str],
    /// Whether it changes nothing.
    pub read_only: bool,
    /// What it does.
    pub function: &'a dyn Function,
}

/// A function of types, called with JSON.
pub trait Function {
    /// Reads the arguments, calls, and writes the result. The error is for who called, often a model.
    fn call(&self, host: &dyn Host, arguments: &str) -> Result<String, Error>;
    /// The JSON Schema of its arguments.
    fn parameters(&self) -> Value;
    /// The JSON Schema of its result.
    fn returns(&self) -> Value;
}

/// Makes an operation of a function from its own types.
pub fn typed<A, R, F>(function: F) -> impl Function
where
    A: DeserializeOwned + JsonSchema,
    R: Serialize + JsonSchema,
    F: Fn(&dyn Host, A) -> Result<R, Error>,
{
    struct Typed<A, R, F>(F, PhantomData<fn(A) -> R>);

    impl<A, R, F> Function for Typed<A, R, F>
    where
        A: DeserializeOwned + JsonSchema,
        R: Serialize + JsonSchema,
        F: Fn(&dyn Host, A) -> Result<R, Error>,
    {
        fn call(&self, host: &dyn Host, arguments: &str) -> Result<String, Error> {
            let arguments = serde_json::from_str(arguments).map_err(|e| {
                Error::Invalid(format!("the arguments don't fit: {e}; {}", schema::fields(&self.parameters())))
            })?;
            let result = (self.0)(host, arguments)?;
            serde_json::to_string(&result).map_err(|e| Error::Failed(format!("the result is no JSON: {e}")))
        }

        fn parameters(&self) -> Value {
            schema::of::<A>()
        }

        fn returns(&self) -> Value {
            schema::of_result::<R>()
        }
    }

    Typed(function, PhantomData)
}

/// Calls the operation `name`, or tells of all.
pub fn call(host: &dyn Host, name: &str, arguments: &str, operations: &[Operation<'_>]) -> Result<String, Error> {
    if name == TELL_TOOLS {
        return Ok(told(operations).to_string());
    }
    match operations.iter().find(|operation| operation.name == name) {
        Some(operation) => operation.function.call(host, arguments),
        None => {
            let names: Vec<&str> = operations.iter().map(|operation| operation.name).collect();
            Err(Error::Invalid(format!("there is no tool `{name}`; the tools are {}", names.join(", "))))
        }
    }
}

/// The entries of the manifest.
fn told(operations: &[Operation<'_>]) -> Value {
    let tool = |operation: &Operation<'_>| {
        let lines = operation.documentation.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        json!({
            "name": operation.name,
            "description": lines.collect::<Vec<_>>().join(" "),
            "parameters": operation.function.parameters(),
            "returns": operation.function.returns(),
            "read_only": operation.read_only,
        })
    };
    json!({ "schema": "skillhost.tools/1", "tools": operations.iter().map(tool).collect::<Vec<_>>() })
}

/// Exports functions as the tools of a skill, and makes the type `Tools` of them, which implements [`Tool`](crate::Tool).
///
/// Each is a function of the host and its arguments: `fn(&dyn Host, A) -> Result<R, Error>`, where `A` is
/// `serde::Deserialize + schemars::JsonSchema` and a struct, and `R` is `serde::Serialize + schemars::JsonSchema`. The
/// documentation is what people and models are told; `#[read_only]` says that it changes nothing. `skillhost build` writes the
/// `[[tool]]` entries of `skill.toml` from this, below a line that says so; entries without that line are left alone.
///
/// ```
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use skillhost_sdk::{Error, Host, Tool, mock, read_error};
///
/// #[derive(Deserialize, JsonSchema)]
/// struct CountLines {
///     /// Relative to the worktree's root.
///     path: String,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Lines {
///     lines: usize,
/// }
///
/// fn count_lines(host: &dyn Host, CountLines { path }: CountLines) -> Result<Lines, Error> {
///     let bytes = host.load(&path).map_err(|e| read_error(&path, &e))?;
///     Ok(Lines { lines: String::from_utf8_lossy(&bytes).lines().count() })
/// }
///
/// skillhost_sdk::export_tools! {
///     /// Says how many lines a file has.
///     #[read_only]
///     "count-lines" => count_lines,
/// }
///
/// let host = mock::Host::new().file("a.txt", "one\ntwo\n");
/// let answer = Tools::call(&host, "count-lines".to_owned(), r#"{"path":"a.txt"}"#.to_owned());
/// assert_eq!(answer, Ok(r#"{"lines":2}"#.to_owned()));
/// ```
#[macro_export]
macro_rules! export_tools {
    (@documentation doc = $line:literal) => { $line };
    (@documentation $($other:tt)*) => { "" };
    (@read_only read_only) => { true };
    (@read_only doc = $line:literal) => { false };
    (@read_only $($other:tt)*) => { compile_error!("beside its documentation, a tool has #[read_only] alone") };
    ($($(#[$($attribute:tt)*])* $name:literal => $function:path),+ $(,)?) => {
        /// The tools of this skill.
        #[allow(unreachable_pub, reason = "public for tests elsewhere; natively nothing else uses it")]
        pub struct Tools;

        impl $crate::Tool for Tools {
            fn call(
                host: &dyn $crate::Host,
                name: ::std::string::String,
                arguments: ::std::string::String,
            ) -> ::std::result::Result<::std::string::String, $crate::Error> {
                $crate::tools::call(host, &name, &arguments, &[
                    $($crate::tools::Operation {
                        name: $name,
                        documentation: &[$($crate::export_tools!(@documentation $($attribute)*)),*],
                        read_only: false $(|| $crate::export_tools!(@read_only $($attribute)*))*,
                        function: &$crate::tools::typed($function),
                    }),+
                ])
            }
        }

        $crate::export_tool!(Tools);
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::{Tool, mock};
    use serde::Deserialize;

    #[derive(Deserialize, JsonSchema)]
    struct Cut {
        /// What is cut.
        text: String,
        /// Where; at the end without it.
        at: Option<usize>,
        #[serde(default)]
        how: How,
    }

    #[derive(Default, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    enum How {
        #[default]
        Before,
        Behind,
    }

    #[derive(Serialize, JsonSchema)]
    struct Halves {
        first: String,
        second: Option<String>,
    }

    fn cut(_host: &dyn Host, Cut { text, at, how }: Cut) -> Result<Halves, Error> {
        let at = at.unwrap_or(text.len()) + usize::from(matches!(how, How::Behind));
        let second = text.get(at..).map(str::to_owned);
        Ok(Halves { first: text.chars().take(at).collect(), second })
    }

    #[derive(Deserialize, JsonSchema)]
    struct Nothing {}

    fn fail(_host: &dyn Host, _: Nothing) -> Result<Vec<String>, Error> {
        Err(Error::Failed("it does that".to_owned()))
    }

    crate::export_tools! {
        /// Cuts a text
        /// in two.
        #[read_only]
        "cut" => cut,
        "fail" => fail,
    }

    fn called(name: &str, arguments: &str) -> Result<String, Error> {
        Tools::call(&mock::Host::new(), name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn arguments_and_results_are_types() {
        assert_eq!(called("cut", r#"{"text":"ab","at":1}"#).unwrap(), r#"{"first":"a","second":"b"}"#);
        assert_eq!(called("cut", r#"{"text":"abc","at":1,"how":"behind"}"#).unwrap(), r#"{"first":"ab","second":"c"}"#);
        assert_eq!(called("fail", "{}"), Err(Error::Failed("it does that".to_owned())));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_does() {
        let said = |name: &str, arguments: &str| match called(name, arguments) {
            Err(Error::Invalid(said)) => said,
            other => format!("{other:?}"),
        };
        let fields = "the fields are text, at (optional), how (optional)";
        let missing = said("cut", "{}");
        assert!(missing.contains("missing field `text`") && missing.ends_with(fields), "{missing}");
        let wrong = said("cut", r#"{"text":7}"#);
        assert!(wrong.contains("expected a string") && wrong.ends_with(fields), "{wrong}");
        assert!(said("cut", "[").contains("EOF"));
        assert!(said("fail", "[1]").ends_with("there are no fields"));
        assert_eq!(said("cot", "{}"), "there is no tool `cot`; the tools are cut, fail");
    }

    #[test]
    fn the_entries_are_told() {
        let told: Value = serde_json::from_str(&called(TELL_TOOLS, "{}").unwrap()).unwrap();
        let how = json!({ "type": "string", "enum": ["before", "behind"] });
        let text = json!({ "type": "string", "description": "What is cut." });
        let at = json!({ "type": ["integer", "null"], "minimum": 0, "description": "Where; at the end without it." });
        let cut = json!({
            "name": "cut",
            "description": "Cuts a text in two.",
            "parameters": {
                "type": "object",
                "properties": { "text": text, "at": at, "how": how },
                "required": ["text"],
                "additionalProperties": false,
            },
            "returns": {
                "type": "object",
                "properties": { "first": { "type": "string" }, "second": { "type": ["string", "null"] } },
                "required": ["first", "second"],
            },
            "read_only": true,
        });
        let fail = json!({
            "name": "fail",
            "description": "",
            "parameters": { "type": "object", "additionalProperties": false },
            "returns": { "type": "array", "items": { "type": "string" } },
            "read_only": false,
        });
        assert_eq!(told, json!({ "schema": "skillhost.tools/1", "tools": [cut, fail] }));
    }
}
