//! The rows of the attack corpus: those that docs/attacks.md has, and those that a test is named after.

/// The rows that a test's name carries: `module::g_01_g_02_nothing_executes` holds G-01 and G-02.
pub(crate) fn rows_in(test: &str) -> Vec<String> {
    let name = test.rsplit("::").next().unwrap_or(test);
    let words: Vec<&str> = name.split('_').collect();
    let is_row = |pair: &[&str]| {
        pair[0].len() == 1
            && pair[0].chars().all(|c| c.is_ascii_lowercase())
            && pair[1].len() == 2
            && pair[1].chars().all(|c| c.is_ascii_digit())
    };
    words
        .chunks_exact(2)
        .take_while(|pair| is_row(pair))
        .map(|pair| format!("{}-{}", pair[0].to_uppercase(), pair[1]))
        .collect()
}

/// The first cells of the tables.
pub(crate) fn rows_of(document: &str) -> Vec<String> {
    let cells = document.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.filter(|cell| !rows_in(&cell.to_lowercase().replace('-', "_")).is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_named_after_its_rows() {
        assert_eq!(rows_in("files::f_03_links_out"), ["F-03"]);
        assert_eq!(rows_in("g_01_g_12_nothing_executes"), ["G-01", "G-12"]);
        assert!(
            rows_in("a_10_000_files").len() == 1
                && rows_in("a_link_leads_out").is_empty()
                && rows_in("f_3_x").is_empty()
        );
    }

    #[test]
    fn rows_are_read_from_the_tables() {
        assert_eq!(rows_of("| id | attack |\n|---|---|\n| F-01 | `..` |\n| X-15 | y |\nF-02"), ["F-01", "X-15"]);
    }
}
