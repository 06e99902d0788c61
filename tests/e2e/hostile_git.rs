//! Commands that need git see a throwaway repository, and nothing of the real one: no object, no ref, no configuration, no
//! hook, no history; and what they make of theirs reaches neither the real one nor the next command.

use crate::main_job::entry;
use crate::scripts::{CONFIG, greeting, project};
use crate::support::World;
use serde_json::Value;
use std::fs;

/// What is seen, then everything that could reach further.
const ATTACK: &str = r#"
echo "COMMITS $(git rev-list --all --count)"
echo "REFS $(git for-each-ref --format='%(refname)' | tr '\n' ' ')"
echo "STATUS $(git status --porcelain test.sh AGENTS.md)"
git describe --always --dirty >/dev/null || echo 'BROKEN describe'
for object in @COMMIT @SECRET @STASH; do git cat-file -e $object 2>/dev/null && echo "SEEN $object"; done
git config --list | grep -i -e remote -e evil -e token -e user -e alias | sed 's/^/SEEN /'
ls .git/hooks/* .git/logs/* .git/objects/info/alternates .git/packed-refs .git/worktrees .git/modules 2>/dev/null | sed 's/^/SEEN /'
grep -r -l -e CANARY -e evil .git 2>/dev/null | sed 's/^/SEEN /'
[ "$(cat .git/HEAD)" = 'ref: refs/heads/base' ] || echo "SEEN $(cat .git/HEAD)"
git config user.name Evil; git config user.email evil@localhost; git config core.fsmonitor "$PWD/fsmonitor"
printf '#!/bin/sh\necho RAN >> ran\n' | tee fsmonitor > .git/hooks-planted; mkdir -p .git/hooks
for hook in pre-commit post-commit post-checkout reference-transaction; do cp fsmonitor .git/hooks/$hook; chmod 755 .git/hooks/$hook; done
mkdir -p .git/objects/info; echo '@REPO/.git/objects' > .git/objects/info/alternates
git cat-file -e @SECRET 2>/dev/null && echo 'SEEN through alternates'
git --git-dir='@REPO/.git' log -1 2>/dev/null | sed 's/^/SEEN /'
git fetch '@REPO' main 2>/dev/null && echo 'SEEN by fetch'
git push '@REPO' HEAD:refs/heads/main 2>/dev/null && echo 'SEEN by push'
git worktree add /tmp/more >/dev/null 2>&1
git checkout --quiet -b evil 2>/dev/null; git update-ref refs/heads/main HEAD; git symbolic-ref HEAD refs/heads/evil
rm -f ran; echo 'gitdir: @REPO/.git' > sub; mv sub .git/gitdir 2>/dev/null
"#;

#[test]
fn x_01_x_02_commands_see_a_throwaway_repository_and_nothing_of_the_real_one() {
    let world = World::with(&project());
    // A history, with something in it that is in no file any more, a stash, a remote, hooks, a reflog.
    world.commit(&[("secret.txt", "CANARY\n")]);
    let secret = world.git(&["rev-parse", "HEAD:secret.txt"]);
    world.git(&["rm", "--quiet", "secret.txt"]);
    world.commit(&[]);
    world.git(&["remote", "add", "evil", "https://token@localhost/evil"]);
    world.git(&["branch", "other"]);
    world.write(&[("AGENTS.md", "CANARY\n")]);
    world.git(&["stash"]);
    let stash = world.git(&["rev-parse", "refs/stash"]);
    let commit = world.git(&["rev-parse", "HEAD"]);
    let repo = world.repo();
    let attack =
        [("@COMMIT", commit.as_str()), ("@SECRET", &secret), ("@STASH", &stash), ("@REPO", repo.to_str().unwrap())]
            .iter()
            .fold(ATTACK.to_owned(), |text, (name, value)| text.replace(name, value));
    // Two gates, and the author's own run before them: each looks, then attacks.
    let config = CONFIG.replace("commands = [\"test\"]", "commands = [\"test\", \"again\"]")
        + "[commands.again]\nrun = [\"sh\", \"test.sh\"]\ntimeout = \"5m\"\n";
    let gate = format!("{attack}\ngrep -qs hello src/greeting.txt && echo '1 passed'\n");
    world.commit(&[("test.sh", &gate), ("skillhost.toml", &config)]);

    let look = || {
        let read = |name: &str| fs::read(repo.join(".git").join(name)).unwrap_or_default();
        let hooks = fs::read_dir(repo.join(".git/hooks")).into_iter().flatten().flatten().count();
        (world.footprint(), ["HEAD", "config", "index", "logs/HEAD"].map(read), hooks)
    };
    let before = look();
    let ran = world.goal("Greet everybody", &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(look(), before);
    assert!(!world.git(&["config", "--list", "--local"]).contains("Evil"));
    assert!(!repo.join(".git/objects/info/alternates").exists());
    world.git(&["fsck", "--strict"]);

    let document: Value =
        serde_json::from_slice(&fs::read(entry(&ran)["run_json"].as_str().unwrap()).unwrap()).unwrap();
    let gates = document["gates"].as_array().unwrap();
    assert_eq!(gates.len(), 2);
    for gate in gates {
        let said = gate["output"].as_str().unwrap();
        // One commit, one branch; the files are those of the commit, so nothing shows as changed.
        for line in ["COMMITS 1\n", "REFS refs/heads/base \n", "STATUS \n", "1 passed"] {
            assert!(said.contains(line), "{line}: {said}");
        }
        assert!(!said.contains("SEEN") && !said.contains("BROKEN") && !said.contains("RAN"), "{said}");
    }
    // Nothing of its `.git` is in a tree, nor in the branch.
    let branch = entry(&ran)["branch"].as_str().unwrap().to_owned();
    assert!(!world.git(&["ls-tree", "-r", "--name-only", &branch]).lines().any(|name| name.contains(".git/")));
    let runs = fs::read_dir(world.state().join("runs")).unwrap().flatten();
    assert!(runs.map(|run| run.path().join("tree/.git")).all(|place| !place.exists()));
}
