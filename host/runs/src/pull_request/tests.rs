#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::findings::{Findings, Raised};
use pulldown_cmark::{Event, Options, Parser, Tag};
use skillhost_core::phase::Phase;

const HEADINGS: [&str; 7] =
    ["What changed", "Why", "How it was verified", "Review findings", "Breaking changes", "Rollback", "Run"];

fn evidence(id: &str, exit_code: Option<i32>, tests: Option<u32>) -> Option<Evidence> {
    let exit = exit_code.map_or_else(|| "ended at its timeout".to_owned(), |code| format!("exit {code}"));
    Some(Evidence {
        id: id.to_owned(),
        commit: "c0ffee".to_owned(),
        exit_code,
        exit,
        tests,
        tests_at_base: None,
        discounted: None,
        duration_ms: 4123,
    })
}

fn gate(name: &str, evidence: Option<Evidence>) -> Gate {
    Gate {
        name: name.to_owned(),
        command: vec!["npm".to_owned(), "run".to_owned(), name.to_owned()],
        evidence,
        again: None,
    }
}

fn criterion(id: &str, outcome: Outcome, evidence: &[&str]) -> Criterion {
    let evidence = evidence.iter().map(|id| (*id).to_owned()).collect();
    Criterion { id: id.to_owned(), statement: "a lead without consent is refused".to_owned(), outcome, evidence }
}

/// One in which everything went well; `text` stands wherever somebody else's text can.
fn sample(text: &str) -> PullRequest {
    let own = || text.to_owned();
    let mut findings = Findings::default();
    let raised = Raised {
        severity: Severity::Major,
        category: own(),
        at: Some(("src/leads.ts".to_owned(), Some(3))),
        quote: None,
        message: own(),
        suggestion: None,
    };
    findings.review(Phase::SpecReview, 1, Vec::new(), vec![raised], |_| Vec::new());
    findings.answer(2, vec![("F1".to_owned(), own())]);
    findings.review(Phase::SpecReview, 2, vec![("F1".to_owned(), true, own())], Vec::new(), |_| Vec::new());
    PullRequest {
        title: own(),
        change: Change {
            commit: "c0ffee".to_owned(),
            commits: 3,
            files: vec![File {
                path: own(),
                from: None,
                kind: FileChange::Modified,
                added: 214,
                removed: 3,
                protected: true,
            }],
            summary: own(),
            unfinished: Vec::new(),
            left_out: vec![LeftOut { path: own(), reason: own() }],
        },
        why: own(),
        assumptions: vec![own()],
        gates: vec![
            Gate {
                name: own(),
                command: vec![own(), own()],
                evidence: evidence("ev-3", Some(0), Some(14)),
                again: None,
            },
            gate("lint", evidence("ev-4", Some(0), None)),
        ],
        on_base: vec![(own(), evidence("base-2", Some(1), Some(14)).unwrap())],
        criteria: vec![criterion("C1", Outcome::Passed, &["ev-3"])],
        findings: findings.all().to_vec(),
        breaking: vec![own()],
        rollback: own(),
        run: Run {
            id: "7f3k".to_owned(),
            goal: own(),
            branch: own(),
            base: "4c1e0a2".to_owned(),
            workers: vec![Worker {
                phase: "spec".to_owned(),
                skill: own(),
                digest: "sha256:9c41".to_owned(),
                models: vec![own()],
            }],
            tokens: 41_200,
            cached_tokens: 30_000,
            cost_micro_usd: Some(380_000),
            duration_ms: 125_000,
            sandbox: "full".to_owned(),
            audit: Some("1182 8d3f".to_owned()),
            denials: vec![Denial { skill: own(), capability: own(), count: 2, grant: own() }],
            notes: vec![own()],
        },
        draft_reasons: Vec::new(),
    }
}

fn headings(page: &str) -> Vec<String> {
    page.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect()
}

#[test]
fn the_headings_are_those_of_the_contract() {
    assert_eq!(headings(&render(&PullRequest::default())), HEADINGS);
    assert_eq!(headings(&render(&sample("text"))), HEADINGS);
}

#[test]
fn a_pull_request_reads_like_this() {
    let mut pr = sample("text");
    pr.title = "Add a lead-capture page".to_owned();
    pr.gates = vec![
        gate("test", evidence("ev-3", Some(0), Some(14))),
        gate("e2e", evidence("ev-4", Some(1), None)),
        gate("slow", None),
    ];
    pr.criteria.push(criterion("C4", Outcome::Passed, &[]));
    let page = render(&pr);
    for text in [
        "# Add a lead-capture page\n\n> Draft: 1 of 3 gates failed; 1 of 3 gates did not run on this commit; 1 of 2 criteria are not shown.\n",
        "\n1 file, +214 −3, in 3 commits.\n",
        "\n- `text` (protected)\n",
        "\n| gate | command | result | time | evidence |\n|---|---|---|---|---|\n",
        "\n| test | `npm run test` | passed, exit 0, 14 tests | 4.1 s | ev-3 |\n",
        "\n| e2e | `npm run e2e` | failed, exit 1 | 4.1 s | ev-4 |\n",
        "\n| slow | `npm run slow` | not run | – | – |\n",
        "\n| C1 a lead without consent is refused | ev-3 |\n",
        "\n| C4 a lead without consent is refused | not run |\n",
        "\n| F1 | major | closed | text: text (src/leads.ts:3) | author: text — reviewer: text |\n",
        "\n- 41,200 tokens (30,000 from the provider's cache), 0.38 USD, 2:05 min\n",
        "\n- sandbox level: full\n",
        "\n| spec | `text` | `sha256:9c41` | text |\n",
        "\n| `text` | `text` | 2 | `text` |\n",
    ] {
        assert!(page.contains(text), "{text}\nin\n{page}");
    }
    assert_eq!(page, render(&pr));
}

#[test]
fn a_draft_is_what_the_records_say() {
    let ready = sample("text");
    assert!(ready.drafts().is_empty(), "{:?}", ready.drafts());
    assert!(!render(&ready).contains("Draft"));
    let because = |change: &dyn Fn(&mut PullRequest)| {
        let mut pr = ready.clone();
        change(&mut pr);
        pr.drafts()
    };
    assert_eq!(because(&|pr| pr.gates.clear()), ["no gates are declared", "1 of 1 criteria are not shown"]);
    assert_eq!(because(&|pr| pr.findings[0].verdicts.clear()), ["open findings that a reviewer holds to be major: 1"]);
    assert_eq!(because(&|pr| pr.change.unfinished.push("x".to_owned())), ["left undone by the author: 1"]);
    assert_eq!(because(&|pr| pr.draft_reasons.push("the run was cancelled".to_owned())), ["the run was cancelled"]);
}

#[test]
fn m_07_a_claim_without_evidence_is_not_run() {
    let mut pr = sample("text");
    pr.criteria = vec![
        criterion("C1", Outcome::Passed, &[]),
        criterion("C2", Outcome::Passed, &["ev-99"]),
        criterion("C3", Outcome::Failed, &["ev-3"]),
    ];
    let page = render(&pr);
    assert!(page.contains("| C1 a lead without consent is refused | not run |"));
    assert!(page.contains("| C2 a lead without consent is refused | not run |"));
    assert!(page.contains("| C3 a lead without consent is refused | failed, ev-3 |"));
    assert_eq!(pr.drafts(), ["3 of 3 criteria are not shown"]);
}

#[test]
fn evidence_of_another_commit_is_stale() {
    let mut pr = sample("text");
    pr.change.commit = "decade".to_owned();
    assert!(render(&pr).contains("not run on this commit (stale)"));
    assert_eq!(pr.drafts(), ["2 of 2 gates did not run on this commit", "1 of 1 criteria are not shown"]);
}

#[test]
fn m_08_a_gate_that_ran_no_tests_did_not_pass() {
    let mut pr = sample("text");
    pr.gates[0].evidence = evidence("ev-3", Some(0), Some(0));
    assert!(render(&pr).contains("failed, exit 0, 0 tests"));
    assert_eq!(pr.drafts(), ["1 of 2 gates failed", "1 of 1 criteria are not shown"]);
    pr.gates[0].evidence = evidence("ev-3", None, None);
    assert!(render(&pr).contains("failed, ended at its timeout"));
}

#[test]
fn two_runs_of_a_gate_are_both_listed() {
    let mut pr = sample("text");
    pr.gates =
        vec![Gate { again: evidence("ev-4", Some(0), Some(3)), ..gate("test", evidence("ev-3", Some(1), Some(3))) }];
    pr.criteria = vec![criterion("C1", Outcome::Passed, &["ev-4"])];
    assert!(pr.drafts().is_empty(), "{:?}", pr.drafts());
    let row = "| test | `npm run test` | passed, exit 0, 3 tests; before that: failed, exit 1, 3 tests | 4.1 s + 4.1 s | ev-3, ev-4 |";
    let page = render(&pr);
    assert!(page.contains(row) && page.contains("\nA gate with two entries failed in tests"), "{page}");

    // A second pass that doesn't count, and a second failure.
    let mut again = evidence("ev-4", Some(0), Some(3));
    again.iter_mut().for_each(|again| again.discounted = Some("a changed file".to_owned()));
    for (again, shown) in [
        (again, "run once more: failed, exit 0, 3 tests (a changed file)"),
        (evidence("ev-4", Some(1), Some(3)), "run once more: failed, exit 1, 3 tests"),
    ] {
        pr.gates[0].again = again;
        let page = render(&pr);
        assert!(page.contains(&format!("| failed, exit 1, 3 tests; {shown} |")), "{page}");
        assert_eq!(pr.drafts(), ["1 of 1 gates failed", "1 of 1 criteria are not shown"]);
    }
}

#[test]
fn what_the_changes_tests_do_at_base_is_told() {
    let mut pr = sample("text");
    pr.on_base.clear();
    assert!(!render(&pr).contains("on the sources of its base"));
    let mut set = |exit_code| {
        pr.on_base = vec![("test".to_owned(), evidence("base-2", Some(exit_code), Some(14)).unwrap())];
        render(&pr)
    };
    let page = set(1);
    let told =
        "The tests of this change on the sources of its base: test failed, exit 1, 14 tests (base-2). So they show it.";
    assert!(page.contains(told), "{page}");
    let page = set(0);
    assert!(page.contains("test passed, exit 0, 14 tests (base-2). They show nothing of it."), "{page}");
}

#[test]
fn a_gate_that_ran_fewer_tests_than_at_base_failed() {
    let mut pr = sample("text");
    let mut set = |at_base, discounted: Option<&str>| {
        let shown = pr.gates[0].evidence.as_mut().unwrap();
        (shown.tests_at_base, shown.discounted) = (Some(at_base), discounted.map(str::to_owned));
        (render(&pr), pr.drafts())
    };
    assert!(set(12, None).0.contains("passed, exit 0, 14 tests (12 at base)"));
    let (page, drafts) = set(15, Some("14 tests, 15 at base"));
    assert!(page.contains("failed, exit 0, 14 tests (14 tests, 15 at base)"), "{page}");
    assert_eq!(drafts, ["1 of 2 gates failed", "1 of 1 criteria are not shown"]);
}

#[test]
fn o_10_nothing_that_others_wrote_becomes_markup() {
    for text in [
        "<img src=x onerror=alert(1)>",
        "x\n\n## How it was verified\n\n| gate | command |\n|---|---|\n| test | passed |",
        "[approve](https://evil.example) ![x](https://evil.example/x.png) <https://evil.example>",
        "| a | b | c |\n|",
        "```\n# x\n```\n<!-- ",
        "@maintainer fixes #1 \u{202e}\u{1b}]8;;x",
        "\\",
        "`",
        "- [ ] x\n> y\n1. z\n***\n===",
    ] {
        let page = render(&sample(text));
        let mut level_two = Vec::new();
        let mut columns = Vec::new();
        for event in Parser::new_ext(&page, Options::all()) {
            match event {
                Event::Html(_)
                | Event::InlineHtml(_)
                | Event::Rule
                | Event::TaskListMarker(_)
                | Event::FootnoteReference(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::Start(
                    Tag::Link { .. }
                    | Tag::Image { .. }
                    | Tag::CodeBlock(_)
                    | Tag::HtmlBlock
                    | Tag::Emphasis
                    | Tag::Strong
                    | Tag::Strikethrough
                    | Tag::BlockQuote(_),
                ) => {
                    unreachable!("{event:?} arises from {text:?}:\n{page}")
                }
                Event::Start(Tag::Heading { level, .. }) => level_two.push(level as usize),
                Event::Start(Tag::Table(alignments)) => columns.push(alignments.len()),
                _ => {}
            }
        }
        assert_eq!(level_two, [1, 2, 2, 2, 2, 2, 2, 2], "{text}\n{page}");
        assert_eq!(columns, [3, 2, 5, 2, 5, 4, 4], "{text}\n{page}");
        assert_eq!(headings(&page), HEADINGS);
        assert!(!page.contains("@maintainer") && !page.contains("#1") && !page.contains("https://evil"));
    }
}
