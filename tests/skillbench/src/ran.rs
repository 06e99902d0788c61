//! One run of the program, and what it left.

use crate::place::Site;
use anyhow::{Context, Result};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    /// `run.json`; null where the run did not get so far.
    pub(crate) run: Value,
    pub(crate) pull_request: Option<String>,
    pub(crate) time: Duration,
}

impl Ran {
    /// Starts the program, which was told its state folder, in a site, and reads what it left.
    pub(crate) fn with_model(mut command: Command, site: &Site, goal: &str, model: &str) -> Result<Self> {
        command.arg("-C").arg(&site.repository).args(["run", goal, "--format", "json", "--model", model]);
        command.arg("--record").arg(&site.recording);
        let started = Instant::now();
        let output = command.output().context("the program")?;
        let time = started.elapsed();
        let result: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let entry = &result["runs"][0];
        let read = |key: &str| entry[key].as_str().and_then(|path| std::fs::read_to_string(path).ok());
        Ok(Self {
            code: output.status.code(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            run: read("run_json").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            pull_request: read("pull_request"),
            time,
        })
    }

    /// Whether the pull request is ready: by its exit code, by its record, or by what people read.
    pub(crate) fn is_ready(&self) -> bool {
        let request = self.pull_request.as_ref().is_some_and(|text| !text.contains("> Draft:"));
        self.code == Some(0) || self.run["state"] == "ready" || request
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.run["tokens"].as_u64().unwrap_or(0)
    }

    /// Millionths of a US dollar; none where a price is unknown.
    pub(crate) fn cost(&self) -> Option<u64> {
        self.run["cost_micro_usd"].as_u64()
    }

    /// The last commit of the run's branch.
    pub(crate) fn head(&self) -> Option<&str> {
        self.run["head"].as_str()
    }

    /// The first error, or what keeps the pull request a draft.
    pub(crate) fn reason(&self) -> String {
        let stated = self.run["error"].as_str().map(str::to_owned);
        let error = self.stderr.lines().find_map(|line| line.strip_prefix("error: ")).map(str::to_owned);
        let draft =
            self.pull_request.as_ref().and_then(|text| text.lines().find_map(|it| it.strip_prefix("> Draft: ")));
        let reason = stated.or(draft.map(str::to_owned)).or(error);
        reason.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
