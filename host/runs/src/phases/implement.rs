//! The change is made, and what of it belongs to the branch is committed.

use crate::error::RunError;
use crate::state::{State, Turn, Work};
use crate::worktree::Commit;
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use skillhost_core::phase::Phase;
use skillhost_engine::contract::Summary;
use std::collections::BTreeSet;

impl State {
    /// One turn of the author; gives the proposed commit.
    pub(crate) async fn implement(&self, work: &mut Work, goal: &str, round: u32) -> Result<String, RunError> {
        let before = self.tree.head();
        let turn = Turn { phase: Phase::Implement, round };
        let summary = self
            .call(
                turn,
                self.brief(turn, work, goal),
                |call, engine, brief| async move { call.implement(&engine, brief).await },
                |summary: &Summary| (summary.unfinished.is_empty(), summary.title.clone()),
            )
            .await?;
        let equipped = self.host.equipped(Kind::Implement)?;
        let commit = Commit {
            title: &summary.title,
            body: &body(&summary),
            skill: equipped,
            touched: &self.touched(),
            also: &[],
        };
        let committed = self.commit(commit).await?;
        work.left_out = committed.left_out;
        work.findings.answer(round, summary.answers.iter().map(|a| (a.finding.clone(), a.text.clone())).collect());
        self.ledger(|ledger| ledger.save_findings(&work.findings))?;
        let head = self.tree.head();
        if head == before && work.summary.is_none() {
            let skill = equipped.reference.clone();
            return Err(RunError::NothingChanged { skill, left_out: work.left_out.clone() });
        }
        work.summary = Some(summary);
        work.head = Some(head.clone());
        Ok(head)
    }

    /// Commits the spec, which the host writes where the project wants it.
    pub(crate) async fn commit_spec(&self, work: &Work) -> Result<(), RunError> {
        let (Some(spec), equipped) = (&work.spec, self.host.equipped(Kind::Spec)?) else { return Ok(()) };
        let path = SkillPath::parse(&spec.path).map_err(|e| RunError::Bug(e.to_string()))?;
        self.tree.write_file(&path, spec.text.as_bytes()).await?;
        let title = format!("Specify: {}", first_line(&spec.text));
        let commit =
            Commit { title: &title, body: "", skill: equipped, touched: &BTreeSet::from([path.clone()]), also: &[] };
        self.commit_only(commit, &path).await?;
        let at = self.tree.dir().join(path.as_str());
        self.save(|row| row.spec = Some(at.display().to_string()))
    }
}

fn body(summary: &Summary) -> String {
    let mut body = summary.what.trim().to_owned();
    if !summary.why.trim().is_empty() {
        body = format!("{body}\n\n{}", summary.why.trim());
    }
    body
}

fn first_line(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim_start_matches('#').trim().chars().take(60).collect()
}
