//! Paths: a base and what is joined to it.

use super::{Target, join, texts};
use skillhost_core::path::{MAX_COMPONENT_BYTES, MAX_COMPONENTS, MAX_PATH_BYTES, SkillPath, is_git_name};

pub(super) const TARGET: Target = Target {
    name: "path",
    check,
    seeds,
    words: &[
        "..", ".", "/", "//", ".git", ".GIT", "git~1", "::$DATA", "con", "nul.txt", "com1", "\u{200c}", "\u{feff}",
        " ", "\\",
    ],
    mutations: 20_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let pairs = [
        ("src", "lib.rs"),
        ("a/b", "../c/./d//e"),
        ("vendor", ".g\u{200c}it/config"),
        ("x", "file::$DATA"),
        ("", "a/../.."),
    ];
    pairs.map(|(base, relative)| join([base.as_bytes(), relative.as_bytes()])).into()
}

fn check(data: &[u8]) {
    let [base, relative] = texts(data);
    check_text(&base);
    check_text(&relative);
    let Ok(base) = SkillPath::try_from(base) else { return };
    let Ok(joined) = base.join(&relative) else { return };
    check_path(&joined);
    if !relative.split('/').any(|component| component == "..") {
        assert!(joined.starts_with(&base), "{joined} is not beneath {base}");
    }
    // Lexically, a join is the path that the two texts spell together.
    let together = if base.is_root() { relative } else { format!("{base}/{relative}") };
    if together.len() <= MAX_PATH_BYTES {
        assert_eq!(SkillPath::parse(&together), Ok(joined));
    }
}

fn check_text(text: &str) {
    let json = serde_json::Value::from(text);
    let as_json = serde_json::from_value::<SkillPath>(json).ok();
    match SkillPath::parse(text) {
        Ok(path) => {
            check_path(&path);
            assert_eq!(as_json, Some(path));
        }
        Err(_) => assert!(as_json.is_none_or(|path| path.is_root()), "JSON is another way in: {text:?}"),
    }
}

/// What every path is, however it was made.
fn check_path(path: &SkillPath) {
    let text = path.as_str();
    assert!(text.len() <= MAX_PATH_BYTES && path.components().count() <= MAX_COMPONENTS, "{path} is too long");
    if path.is_root() {
        assert!(path.parent().is_none() && path.name().is_none());
        return;
    }
    assert_eq!(path.components().collect::<Vec<_>>().join("/"), text, "not normal");
    assert_eq!(SkillPath::parse(text).as_ref(), Ok(path), "it parses to another one");
    for component in path.components() {
        assert!(component != "." && component != ".." && component.len() <= MAX_COMPONENT_BYTES, "{path}");
        assert!(!component.contains(|c: char| c.is_ascii_control() || matches!(c, '\\' | ':')), "{path:?}");
        assert!(!component.ends_with(['.', ' ']) && !is_git_name(component.as_bytes()), "{path:?}");
        assert!(!reads_as_git(component), "{path:?} is .git for some file system");
    }
    let parent = path.parent().expect("only the root has none");
    assert_eq!(parent.join(path.name().expect("only the root has none")).as_ref(), Ok(path));
    assert!(path.starts_with(&parent) && !parent.starts_with(path));
}

/// A second opinion, written the other way round: take away all that any file system ignores, then compare.
fn reads_as_git(name: &str) -> bool {
    let ignored = |c: &char| !matches!(*c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let kept: String = name.chars().filter(ignored).collect::<String>().to_ascii_lowercase();
    let kept = kept.split([':', '\\']).next().unwrap_or_default().trim_end_matches(['.', ' ']).to_owned();
    let short = kept.strip_prefix("git~").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    kept == ".git" || short
}
