//! What the documents claim is there.

use crate::support::root;

#[test]
fn every_test_that_the_architecture_names_exists() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let named: Vec<(&str, &str)> = text.split('`').filter_map(|word| word.split_once(".rs::")).collect();
    assert!(named.len() > 20, "{named:?}");
    for (file, test) in named {
        let path = root().join(format!("{file}.rs"));
        let source = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert!(source.contains(&format!("fn {test}(")), "{file}.rs has no test {test}");
    }
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for document in
        ["README.md", "ARCHITECTURE.md", "SECURITY.md", "docs/configuration.md", "docs/skills.md", "docs/sandbox.md"]
    {
        let path = root().join(document);
        let text = std::fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                assert!(path.parent().unwrap().join(file).exists(), "{document}: {target}");
            }
        }
    }
}
