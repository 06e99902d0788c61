//! The languages that tasks are in: how their tests are run, and where a test lies.

use serde::Deserialize;

/// A language with a runner of its own, so that a repository needs nothing but the toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    Rust,
    JavaScript,
    Python,
    TypeScript,
}

impl Language {
    /// The command `test` of the repository.
    pub(crate) fn test(self) -> &'static [&'static str] {
        match self {
            Self::Rust => &["cargo", "test", "--offline"],
            Self::JavaScript => &["node", "--test"],
            Self::Python => &["python3", "-m", "unittest", "discover", "-s", "tests", "-t", "."],
            Self::TypeScript => &["npm", "test", "--silent"],
        }
    }

    /// The hidden tests alone, as a line for the shell.
    pub(crate) fn hidden(self) -> &'static str {
        match self {
            Self::Rust => "cargo test --offline --quiet --test hidden",
            Self::JavaScript => "node --test test/hidden.test.js",
            Self::Python => "python3 -m unittest tests/test_hidden.py",
            Self::TypeScript => "tsc -p . && node --test .built/test/hidden.test.js",
        }
    }

    /// Where a test of this name lies.
    pub(crate) fn test_file(self, name: &str) -> String {
        let name = name.replace('-', "_");
        match self {
            Self::Rust => format!("tests/{name}.rs"),
            Self::JavaScript => format!("test/{name}.test.js"),
            Self::Python => format!("tests/test_{name}.py"),
            Self::TypeScript => format!("test/{name}.test.ts"),
        }
    }

    /// What the toolchain leaves behind.
    pub(crate) fn ignored(self) -> &'static str {
        match self {
            Self::Rust => "/target\n/Cargo.lock\n",
            Self::JavaScript => "/node_modules\n",
            Self::Python => "__pycache__/\n",
            Self::TypeScript => "/.built\n/node_modules\n",
        }
    }

    /// What every repository of the language gets.
    pub(crate) fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Rust | Self::JavaScript => &[],
            // A folder that unittest discovers.
            Self::Python => &[("tests/__init__.py", "")],
            Self::TypeScript => &[("tsconfig.json", TSCONFIG), ("node.d.ts", NODE_TYPES)],
        }
    }
}

const TSCONFIG: &str = r#"{
  "compilerOptions": {
    "target": "es2022", "module": "nodenext", "strict": true, "skipLibCheck": true, "types": [],
    "rootDir": ".", "outDir": ".built"
  },
  "exclude": [".built", "node_modules"]
}
"#;

/// As much of node's types as tests need: the real ones are a package of their own.
const NODE_TYPES: &str = "declare const process: any;
declare const Buffer: any;
declare module 'node:test' {
  const test: (name: string, body: () => unknown) => void;
  export default test;
}
declare module 'node:assert/strict' {
  const assert: any;
  export default assert;
}
";
