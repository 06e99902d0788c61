#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::tree::tests::tree;

const ROOT: &str = "# Rules\n\n## Never\n- Break things.\n\n## Task router\n\n| Task | Guide |\n|---|---|\n\
    | Building pages and forms | `packages/ui/AGENTS.md` → Pages |\n\
    | Consent, privacy | [guide](docs/consent.md#top) + `src/consent.ts` |\n\
    | Webhooks | `docs/webhooks.md` |\n\
    | Capturing leads | `docs/absent.md` |\n";

fn paths(conventions: &Conventions) -> Vec<&str> {
    conventions.documents.iter().map(|document| document.path.as_str()).collect()
}

#[test]
fn a_goal_brings_in_the_guides_of_every_row_that_matches() {
    let files = tree(&[
        ("AGENTS.md", ROOT),
        ("packages/ui/AGENTS.md", "ui"),
        ("docs/consent.md", "consent"),
        ("docs/webhooks.md", "hooks"),
        ("src/consent.ts", "code is no convention"),
    ]);
    let only = Globs::parse(["src/**"]).unwrap();
    let found = conventions(&files, "Add a lead-capture page that records consent", &only);
    assert_eq!(paths(&found), ["AGENTS.md", "packages/ui/AGENTS.md", "docs/consent.md"]);
    assert_eq!(found.documents[0].text, ROOT);
    assert_eq!(
        found.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["AGENTS.md names a guide that is not in the repository: docs/absent.md"]
    );
    let other = conventions(&files, "Retry webhooks", &only);
    assert_eq!(paths(&other), ["AGENTS.md", "docs/webhooks.md"]);
}

#[test]
fn nested_conventions_apply_to_the_files_beneath_them_nearest_last() {
    let files = tree(&[
        ("AGENTS.md", "root"),
        ("a/AGENTS.md", "a"),
        ("a/b/AGENTS.md", "a/b"),
        ("c/AGENTS.md", "c"),
        ("agents.md", "another name"),
        ("c/AGENTS.md.bak", "another name"),
    ]);
    let touching = |globs: &[&str]| conventions(&files, "goal", &Globs::parse(globs).unwrap());
    assert_eq!(paths(&touching(&["a/b/x.rs"])), ["AGENTS.md", "a/AGENTS.md", "a/b/AGENTS.md"]);
    assert_eq!(paths(&touching(&["a/x.rs"])), ["AGENTS.md", "a/AGENTS.md"]);
    assert_eq!(paths(&touching(&["c/**"])), ["AGENTS.md", "c/AGENTS.md"]);
    assert_eq!(paths(&touching(&[])), ["AGENTS.md"]);
    let all = conventions(&files, "goal", &Globs::all());
    assert_eq!(paths(&all), ["AGENTS.md", "a/AGENTS.md", "c/AGENTS.md", "a/b/AGENTS.md"]);
}

#[test]
fn a_repository_without_conventions_has_none() {
    assert_eq!(conventions(&tree(&[("README.md", "x")]), "goal", &Globs::all()), Conventions::default());
}

#[test]
fn a_guide_outside_the_repository_is_never_read() {
    let router = "| Task | Guide |\n|---|---|\n| Leads | `../secret.md`, [a](/etc/passwd), [b](file:///etc/x.md), \
        [c](https://evil.example/x.md), `docs/../../x.md`, `.git/config.md`, `docs/*.md`, `%2e%2e/x.md` |\n";
    let files = tree(&[("AGENTS.md", router), ("secret.md", "no"), ("x.md", "no")]);
    let found = conventions(&files, "leads", &Globs::all());
    assert_eq!(paths(&found), ["AGENTS.md"]);
}

#[test]
fn binary_conventions_are_left_out_and_said() {
    let mut files = tree(&[("AGENTS.md", "root")]);
    files.insert(SkillPath::parse("a/AGENTS.md").unwrap(), vec![0, 159, 146, 150]);
    let found = conventions(&files, "goal", &Globs::all());
    assert_eq!(paths(&found), ["AGENTS.md"]);
    assert_eq!(found.warnings[0].to_string(), "a/AGENTS.md is not text in UTF-8");
}

#[test]
fn hundreds_of_huge_conventions_stay_in_the_budget() {
    let names: Vec<String> = (0..300).map(|n| format!("d{n}/AGENTS.md")).collect();
    let huge = "word ".repeat(200_000);
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), huge.as_str())).collect();
    files.push(("AGENTS.md", "## Never\nLeave this out."));
    let found = conventions(&tree(&files), "goal", &Globs::all());
    assert_eq!(found.documents.len(), MAX_DOCUMENTS);
    assert_eq!(found.documents[0].text, "## Never\nLeave this out.");
    assert!(found.documents.iter().map(|document| document.text.len()).sum::<usize>() <= MAX_TOTAL_BYTES);
    assert!(found.warnings.iter().any(|warning| matches!(warning, Warning::TooMany { .. })));
}

#[test]
fn a_warning_shows_what_a_repository_wrote_escaped() {
    let router = "| Task | Guide |\n|---|---|\n| Leads | `docs/\u{202e}\u{1b}]0;x.md` |\n";
    let found = conventions(&tree(&[("AGENTS.md", router)]), "leads", &Globs::all());
    let shown = found.warnings[0].to_string();
    assert!(shown.contains("\\u{202e}\\u{1b}"), "{shown}");
}

#[test]
fn a_goal_that_names_files_narrows_what_applies() {
    let files = tree(&[
        ("AGENTS.md", "root"),
        ("README.md", "x"),
        ("a/AGENTS.md", "a"),
        ("a/x.rs", "x"),
        ("b/AGENTS.md", "b"),
        ("b/c/y.rs", "y"),
    ]);
    let found = |goal: &str| {
        let conventions = conventions(&files, goal, &files_of_goal(&files, goal));
        paths(&conventions).join(" ")
    };
    assert_eq!(found("Fix the overflow in `a/x.rs:12`."), "AGENTS.md a/AGENTS.md");
    assert_eq!(found("Move (b/c/) elsewhere"), "AGENTS.md b/AGENTS.md");
    assert_eq!(found("Mention it in README.md"), "AGENTS.md");
    for unknown in
        ["Greet everybody", "Add new/file.rs", "Read ../../etc/passwd and /etc/passwd", "a and b", "e.g. ..."]
    {
        assert_eq!(found(unknown), "AGENTS.md a/AGENTS.md b/AGENTS.md", "{unknown}");
    }
}

#[test]
fn conventions_that_contradict_each_other_are_told_and_both_are_handed_over() {
    let files = tree(&[
        ("AGENTS.md", "## Never\n- Edit generated files.\n- Log secrets\n"),
        ("gen/AGENTS.md", "## Always\n- edit **generated** files\n## Never\n- be late\n## Always\n- Be late\n"),
    ]);
    let found = conventions(&files, "goal", &Globs::all());
    assert_eq!(paths(&found), ["AGENTS.md", "gen/AGENTS.md"], "the nearer one last");
    assert_eq!(
        found.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "gen/AGENTS.md says both always and never: be late",
            "gen/AGENTS.md says always what AGENTS.md says never, and the nearer one holds: edit generated files",
        ]
    );
}

#[test]
fn the_guides_of_each_row_that_matches_come_between_the_root_and_what_is_nearest() {
    let nested = "# UI\n\n| Task | Guide |\n|---|---|\n| Forms | `forms.md` |\n| Tables | `tables.md` |\n";
    let files = tree(&[
        ("AGENTS.md", ROOT),
        ("docs/consent.md", "consent"),
        ("docs/webhooks.md", "hooks"),
        ("packages/ui/AGENTS.md", nested),
        ("packages/ui/forms.md", "forms"),
        ("packages/ui/tables.md", "tables"),
        ("packages/api/AGENTS.md", "api"),
    ]);
    let only = Globs::parse(["packages/ui/src/**"]).unwrap();
    let found = conventions(&files, "Record consent in forms and send webhooks", &only);
    let expected =
        ["AGENTS.md", "docs/consent.md", "docs/webhooks.md", "packages/ui/forms.md", "packages/ui/AGENTS.md"];
    assert_eq!(paths(&found), expected);
}
