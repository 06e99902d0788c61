//! Which files are of tests, by the places and names that test runners look for.

/// Folders that hold tests, and what they need.
const TESTS: &[&str] = &["test", "tests", "Tests", "__tests__", "spec", "specs", "e2e", "t"];
/// Folders that hold what tests need.
const MATERIAL: &[&str] = &["fixtures", "testdata", "mocks", "__mocks__", "snapshots", "__snapshots__"];
/// Folders of code that nothing of the product runs.
const OTHERS: &[&str] = &["examples", "example", "benches", "fixtures", "testdata", "mocks", "__mocks__", "vendor"];
/// What tests inside of a file of the product begin with: Rust's, and vitest's.
const WITHIN: &[&str] = &["#[cfg(test)]", "#[test]", "import.meta.vitest"];

/// Whether a file is one of tests.
pub fn looks_like_test(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let words = stem.to_lowercase();
    let by_name = words.split(['.', '_', '-']).any(|word| matches!(word, "test" | "tests" | "spec"))
        // `LeadsTest.java`, `LeadsTests.cs`, `LeadsSpec.scala`, `TestLeads.java`
        || ["Test", "Tests", "Spec"].iter().any(|word| stem.ends_with(word))
        || stem.strip_prefix("Test").is_some_and(|rest| rest.starts_with(char::is_uppercase));
    is_code(extension) && (folders.split('/').any(|folder| TESTS.contains(&folder)) || by_name)
}

/// Whether a file is one of tests, or of what they need: fixtures, recorded results.
pub fn belongs_to_tests(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    looks_like_test(path) || folders.split('/').any(|folder| TESTS.contains(&folder) || MATERIAL.contains(&folder))
}

/// Whether a file is a program, and none of tests.
pub fn is_product(path: &str) -> bool {
    let extension =
        path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension);
    let is_other = path.split('/').any(|part| OTHERS.contains(&part));
    is_code(extension) && !is_other && !looks_like_test(path)
}

/// Whether files of this kind are written in a programming language.
pub fn is_code(extension: &str) -> bool {
    const EXTENSIONS: &[&str] = &[
        "rs", "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "py", "go", "java", "kt", "kts", "rb", "php", "cs",
        "fs", "vb", "swift", "m", "mm", "c", "cc", "cpp", "cxx", "h", "hpp", "ex", "exs", "erl", "scala", "groovy",
        "clj", "hs", "ml", "lua", "pl", "pm", "t", "r", "R", "jl", "dart", "zig", "nim", "sh", "bash", "bats", "ps1",
        "vue", "svelte",
    ];
    EXTENSIONS.contains(&extension)
}

/// The part of a text that begins with its first test; none where there is none that could be told.
pub fn tests_within(text: &str) -> Option<&str> {
    let first = WITHIN.iter().filter_map(|mark| text.find(mark)).min()?;
    text.get(first..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_of_tests_of_the_product_or_of_neither() {
        for (path, test, belongs, product) in [
            ("src/a.rs", false, false, true),
            ("lib/leads.py", false, false, true),
            ("src/latest.rb", false, false, true),
            ("tests/a.rs", true, true, false),
            ("src/a.test.ts", true, true, false),
            ("src/test/java/LeadsTest.java", true, true, false),
            ("LeadsTests.cs", true, true, false),
            ("tests/__init__.py", true, true, false),
            ("tests/data.json", false, true, false),
            ("src/__snapshots__/a.snap", false, true, false),
            ("pkg/testdata/a.go", false, true, false),
            ("examples/a.go", false, false, false),
            ("docs/test.md", false, false, false),
            ("test", false, false, false),
            ("README.md", false, false, false),
        ] {
            assert_eq!(
                (looks_like_test(path), belongs_to_tests(path), is_product(path)),
                (test, belongs, product),
                "{path}"
            );
        }
    }

    #[test]
    fn tests_within_the_product_begin_with_the_first() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() {}\n}\n";
        assert_eq!(tests_within(text), Some(&text[10..]));
        assert_eq!(tests_within("if (import.meta.vitest) {}"), Some("import.meta.vitest) {}"));
        assert_eq!(tests_within("fn f() {}\n"), None);
    }
}
