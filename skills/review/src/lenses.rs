//! The lenses that a review looks through, and the three groups that share them. Each group is a conversation of its own: who
//! looks for everything at once finds what is nearest.

use crate::triage;

/// What one group looks through, and what else it is asked to do with a spec.
pub(crate) struct Group {
    pub(crate) lenses: [&'static str; 4],
    pub(crate) of_a_spec: &'static str,
}

/// The groups, in the order in which they are asked.
pub(crate) const GROUPS: [Group; 3] = [
    Group {
        lenses: ["routing", "caching", "edge-cases", "failure-modes"],
        of_a_spec: "check each of its claims about what exists against the code: a wrong one is a blocker",
    },
    Group {
        lenses: ["consent", "data-model", "access", "migrations"],
        of_a_spec: "look for what it leaves out although the goal, the conventions or the code ask for it",
    },
    Group {
        lenses: ["concurrency", "observability", "rollback", "tests"],
        of_a_spec: "ask whether something simpler does it, and whether each criterion could be shown by its command",
    },
];

/// The group that decides over findings of this category; the first where it is nobody's lens.
pub(crate) fn group_of(category: &str) -> usize {
    let category = triage::category(category);
    GROUPS.iter().position(|group| group.lenses.contains(&category.as_str())).unwrap_or(0)
}

/// All lenses, in their order.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().flat_map(|group| group.lenses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_category_has_one_group_that_decides() {
        for (category, group) in
            [("routing", 0), ("Data model", 1), ("tests", 2), ("check:stub", 0), ("naming", 0), ("", 0)]
        {
            assert_eq!(group_of(category), group, "{category}");
        }
        assert!(
            all().all(|lens| crate::prompt::SYSTEM.contains(&format!("\n- {lens}: "))),
            "the prompt lists the same"
        );
        assert_eq!(all().count(), 12);
    }
}
