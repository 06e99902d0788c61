//! Files that other tools execute by themselves: when a folder is opened or entered, when packages are installed, when
//! something is built or pushed. A person should see a change to one of them first.

use skillhost_core::path::SkillPath;

/// Names that are executed wherever they stand.
const NAMES: &[&str] = &[
    ".bazelrc",
    ".bash_profile",
    ".bashrc",
    ".envrc",
    ".gitattributes",
    ".gitmodules",
    ".lefthook.yml",
    ".mcp.json",
    ".mise.toml",
    ".npmrc",
    ".pnpmfile.cjs",
    ".pre-commit-config.yaml",
    ".profile",
    ".pypirc",
    ".yarnrc",
    ".yarnrc.yml",
    ".zshrc",
    "build.gradle",
    "build.gradle.kts",
    "build.rs",
    "cmakelists.txt",
    "composer.json",
    "conftest.py",
    "gemfile",
    "gnumakefile",
    "gradlew",
    "justfile",
    "lefthook.yml",
    "makefile",
    "mise.toml",
    "package.json",
    "pom.xml",
    "pyproject.toml",
    "rakefile",
    "rust-toolchain",
    "rust-toolchain.toml",
    "setup.cfg",
    "setup.py",
    "sitecustomize.py",
    "taskfile.yml",
    "tox.ini",
    "usercustomize.py",
];

/// Directories whose content is executed, or says what is.
const DIRECTORIES: &[&str] = &[
    ".buildkite",
    ".cargo",
    ".circleci",
    ".claude",
    ".codex",
    ".cursor",
    ".devcontainer",
    ".forgejo",
    ".gitea",
    ".githooks",
    ".github",
    ".gitlab",
    ".husky",
    ".idea",
    ".mvn",
    ".vscode",
    ".woodpecker",
    ".yarn",
    ".zed",
    "hooks",
];

/// Files of CI systems at the root.
const CI: &[&str] = &[
    ".appveyor.yml",
    ".cirrus.yml",
    ".drone.yml",
    ".gitlab-ci.yml",
    ".travis.yml",
    ".woodpecker.yml",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    "jenkinsfile",
];

/// Whether other tools execute this file, or what it names, without being asked to.
pub fn executes_by_itself(path: &SkillPath) -> bool {
    // Where case is ignored, another spelling is the same file.
    let path = path.as_str().to_lowercase();
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", &path));
    NAMES.contains(&name)
        || CI.contains(&&path[..])
        || name.ends_with(".pth")
        || directories.split('/').any(|directory| DIRECTORIES.contains(&directory))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn f_20_write_then_execute_is_known() {
        for yes in [
            ".envrc",
            ".vscode/tasks.json",
            ".cargo/config.toml",
            "crates/x/build.rs",
            ".husky/pre-commit",
            ".github/workflows/ci.yml",
            "package.json",
            "web/package.json",
            ".gitlab-ci.yml",
            "Makefile",
            "tools/hooks/x",
            ".VSCode/tasks.json",
            "JENKINSFILE",
            "a/evil.pth",
        ] {
            assert!(executes_by_itself(&SkillPath::parse(yes).unwrap()), "{yes}");
        }
        for no in ["src/lib.rs", "README.md", "src/package.json.rs", "docs/.gitlab-ci.yml", "hooks.md"] {
            assert!(!executes_by_itself(&SkillPath::parse(no).unwrap()), "{no}");
        }
    }
}
