//! The guard behaves as stock WASI does but for what is listed, and the page says so.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::process::Command;

#[test]
fn a_guarded_file_system_behaves_as_one_but_for_what_is_listed() {
    let output = Command::new(env!("CARGO_BIN_EXE_skillhost-conformance")).output().unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let failed: Vec<&str> = said.lines().filter(|line| line.starts_with("failed") || line.starts_with(' ')).collect();
    assert!(output.status.success(), "{complaint}\n{}\n`cargo xtask test` builds what it needs", failed.join("\n"));
    let cases = said.lines().filter(|line| line.starts_with("passed") || line.starts_with("differs")).count();
    assert!(cases >= 200, "{cases} cases:\n{said}");
}
