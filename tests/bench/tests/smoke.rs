//! Everything can be measured, but for the peer, which comes from a registry. What is measured in one round, beside
//! other tests and without optimising, says nothing, so no figure is judged.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

use std::process::Command;

const FIGURES: [&str; 14] = [
    "call.overhead_ratio",
    "cli.call_warm_ms",
    "files.read_vs_native_ratio",
    "files.stat_vs_native_ratio",
    "files.read_vs_stock_ratio",
    "files.create_vs_native_ratio",
    "files.big_vs_native_ratio",
    "hostile.neighbour_ratio",
    "loop.context_peak_tokens",
    "loop.prefix_stable_ratio",
    "proxy.connect_ms",
    "sandbox.start_ms",
    "sync.check_100_ms",
    "worktrees.vs_git_ratio",
];

#[test]
fn every_figure_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("figures.json");
    let output = Command::new(env!("CARGO_BIN_EXE_skillhost-bench")).arg("--smoke").arg("--json").arg(&json).output();
    let output = output.unwrap();
    let (table, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{complaint}\n`cargo xtask test` builds what it needs");
    let figures: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    let figures = figures.as_object().unwrap();
    for figure in FIGURES {
        assert!(figures[figure].as_f64().is_some_and(|value| value > 0.0), "{figure}: {figures:#?}");
        assert!(table.contains(figure), "{figure} is not in the table:\n{table}");
    }
    let language = ["first_test_s", "first_test_commands", "build_s", "size_kb", "compile_s", "call_ms", "rss_mb"];
    let language = language.map(|figure| format!("lang.c.{figure}"));
    for figure in
        ["guard.op_us", "host.rss_mb_16_agents", "review.checks"].into_iter().chain(language.iter().map(|f| &**f))
    {
        assert!(figures[figure].as_f64().is_some_and(|value| value > 0.0), "no goal, and measured: {figure}");
    }
    // Differences, which may be none: of memory, of descriptors, of two times.
    for figure in ["call.trust_ms", "leak.rss_mb", "leak.fds", "loop.turn_overhead_ms"] {
        assert!(figures[figure].is_number() && table.contains(figure), "{figure}: {figures:#?}");
    }
    assert!(figures.values().all(serde_json::Value::is_number), "one flat object: {figures:#?}");
    assert!(table.contains("not measured: cli.call_vs_peer_ratio"), "{table}");
}
