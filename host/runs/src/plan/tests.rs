use super::*;

/// Steps from `id: after…` with files.
fn check(steps: &[(&str, &[&str], &[&str])], criteria: &[(&str, Option<&str>)]) -> Vec<String> {
    with_steps(steps, |steps| {
        let criteria: Vec<Criterion<'_>> =
            criteria.iter().map(|(id, command)| Criterion { id, statement: "holds", command: *command }).collect();
        problems(steps, &criteria, &BTreeSet::from(["test"])).iter().map(ToString::to_string).collect()
    })
}

fn with_steps<T>(steps: &[(&str, &[&str], &[&str])], then: impl FnOnce(&[Step<'_>]) -> T) -> T {
    let owned: Vec<(&str, Vec<String>, Vec<String>)> = steps
        .iter()
        .map(|(id, after, files)| {
            let text = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
            (*id, text(after), text(files))
        })
        .collect();
    let steps: Vec<Step<'_>> =
        owned.iter().map(|(id, after, files)| Step { id, files, after, criteria: &[] }).collect();
    then(&steps)
}

#[test]
fn a_sound_plan_has_no_problems() {
    let steps: &[(&str, &[&str], &[&str])] = &[("1", &[], &["src/**"]), ("1.2", &["1"], &["tests/*.rs"])];
    assert!(check(steps, &[("C1", Some("test")), ("C2", None)]).is_empty());
    assert!(check(&[], &[]).is_empty());
}

#[test]
fn every_problem_is_named() {
    let steps: &[(&str, &[&str], &[&str])] = &[("1", &["9"], &["/etc/*"]), ("1", &[], &[]), ("", &[], &[])];
    let found = check(steps, &[("C 1", Some("deploy")), ("C2", None), ("C2", None)]);
    for text in [
        "the id \"1\" stands for more than one step",
        "the id \"\" of a step is not 1 to 32",
        "step \"1\" names the unknown step \"9\"",
        "the files of step \"1\": ",
        "the id \"C 1\" of a criterion",
        "criterion \"C 1\" names the command \"deploy\", which is not declared",
        "the id \"C2\" stands for more than one criterion",
    ] {
        assert!(found.iter().any(|problem| problem.contains(text)), "{text}: {found:?}");
    }
    assert_eq!(found.len(), 7, "{found:?}");
    assert_eq!(
        problems(&[], &[Criterion { id: "C1", statement: " \n", command: None }], &BTreeSet::new()),
        [Problem::Empty { id: "C1".to_owned() }]
    );
}

#[test]
fn steps_that_wait_for_each_other_are_found() {
    let steps: &[(&str, &[&str], &[&str])] =
        &[("a", &[], &[]), ("b", &["c"], &[]), ("c", &["b"], &[]), ("d", &["d"], &[])];
    assert_eq!(check(steps, &[]), ["steps wait for each other: b, c, d"]);
}

#[test]
fn a_step_comes_after_those_that_it_names_and_otherwise_where_it_stands() {
    let steps: &[(&str, &[&str], &[&str])] =
        &[("z", &["a"], &[]), ("a", &[], &[]), ("b", &[], &[]), ("y", &["z", "b"], &[])];
    assert_eq!(with_steps(steps, order), Ok(vec![1, 0, 2, 3]));
    assert_eq!(with_steps(&steps[1..3], order), Ok(vec![0, 1]));
    assert_eq!(with_steps(&[("a", &["b"], &[]), ("b", &["a"], &[])], order), Err(vec![0, 1]));
}

#[test]
fn a_hostile_plan_is_bounded() {
    let names: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let many: Vec<Step<'_>> = names.iter().map(|id| Step { id, files: &[], after: &names, criteria: &names }).collect();
    assert_eq!(
        problems(&many, &[], &BTreeSet::new()),
        [Problem::TooMany { what: "steps", count: 1000, max: MAX_STEPS }]
    );
    let long = "x".repeat(100_000);
    let found = check(&[(&long, &[&long], &[])], &[]);
    assert!(found.iter().all(|problem| problem.len() < 400), "{found:?}");
}
