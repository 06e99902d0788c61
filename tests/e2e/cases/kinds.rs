//! Skills of each kind, told what a run would tell them.

use super::{test, world};
use crate::authors::put;
use crate::support::root;
use std::fs;

#[test]
fn a_review_reads_the_spec_or_the_change() {
    let case = |name: &str, more: &str| {
        format!(
            "[[case]]\nname = \"{name}\"\nfiles.\"src/a\" = \"one\\n\"\nchange.\"src/a\" = \"written by the rogue\\n\"\n{more}\n"
        )
    };
    let brief = "brief = { goal = \"x review:invents\", spec = { path = \"s.md\", text = \"# S\" } }\n";
    let found = "[[case.expect.findings]]\nseverity = \"major\"\nat = { path = \"src/a\", line = 1 }\nquote = \"nobody wrote this\"";
    let all = [
        case("of the change", &format!("{brief}subject = \"change\"\n{found}")),
        case("of the spec", &format!("{brief}expect.findings = []")),
        // It writes nothing, as in a run.
        case(
            "writes nothing",
            "brief = { goal = \"review:writes\" }\nexpect = { findings = [], denials = [\"write src/by-the-review\"] }",
        ),
    ];
    let ran = test(&world("rogue-review", &all.concat()), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let other = all[0].replace("major", "minor").replace("line = 1", "line = 2");
    let ran = test(&world("rogue-review", &other), &[]);
    ran.failed(1, &[]);
    for line in
        ["  other findings", "-    \"severity\": \"minor\"", "+    \"severity\": \"major\"", "-      \"line\": 2,"]
    {
        assert!(ran.stdout.contains(line), "{line}: {ran:#?}");
    }
}

/// The skills that come with the program are skills like any other.
#[test]
fn the_bundled_skills_can_be_tested() {
    let world = world("hello", "");
    for (skill, case) in [
        (
            "verify",
            "brief = { goal = \"x\", criteria = [{ id = \"C1\", statement = \"s\", command = \"test\" }], gates = [{ evidence = \"ev-1\", name = \"test\", exit_code = 1, output = \"no\" }] }\n\
             [case.expect]\nchecks = [{ outcome = \"failed\" }, { outcome = \"failed\", id = \"gate:test\" }, {}, {}]",
        ),
        ("spec", "brief = { goal = \"x\" }\nexpect.error = \"invalid\""),
    ] {
        put(&world, "skill.wasm", &fs::read(root().join(format!("target/skills/{skill}.wasm"))).unwrap());
        put(&world, "tests/cases.toml", format!("[[case]]\nname = \"{skill}\"\n{case}\n").as_bytes());
        let ran = test(&world, &[]);
        assert_eq!(ran.code, Some(0), "{skill}: {ran:#?}");
    }
}
