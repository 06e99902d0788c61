//! Where a test may be left before its end, so that it does not come to what it asserts.

/// What of a test's body stands behind a place where it may be left.
pub(super) struct Behind {
    /// For each line of the body, whether it does.
    pub(super) lines: Vec<bool>,
    /// The first such place.
    pub(super) exit: Option<usize>,
}

/// Looks through a test: its declaration, and its body.
pub(super) fn behind(body: &[&str], braces: bool) -> Behind {
    let mut found = Behind { lines: vec![false; body.len()], exit: None };
    let opened = body.iter().position(|line| line.trim_end().ends_with(if braces { '{' } else { ':' }));
    let first = opened.and_then(|opened| {
        let rest = body.iter().enumerate().skip(opened + 1);
        rest.clone().find(|(_, line)| !line.trim().is_empty()).map(|(at, _)| at)
    });
    let Some(first) = first else { return found };
    let depth = indentation(body[first]);
    for at in first..body.len() {
        let code = body[at].trim();
        // Behind a way out of the test stands all the rest; in a part that never runs, that part.
        let end = if leaves(&body[first..=at], code, depth) {
            body.len()
        } else if is_dead(code) {
            at + 1 + body[at + 1..].iter().take_while(|line| is_deeper(line, indentation(body[at]))).count()
        } else if ends_round(&body[first..=at], code) {
            at + 1 + body[at + 1..].iter().take_while(|line| is_deeper(line, indentation(body[at]) - 1)).count()
        } else {
            continue;
        };
        found.lines[at + 1..end].fill(true);
        found.exit = found.exit.or(Some(at));
    }
    found
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn is_deeper(line: &str, depth: usize) -> bool {
    line.trim().is_empty() || indentation(line) > depth
}

/// Whether the last of these lines leaves the test, and not a function inside of it.
fn leaves(lines: &[&str], code: &str, depth: usize) -> bool {
    const ENDS: &[&str] =
        &["process.exit(", "sys.exit(", "os._exit(", "os.Exit(", "process::exit(", "raise SystemExit"];
    let Some((at, is_bare)) = returns(code).or_else(|| ENDS.iter().find_map(|end| code.find(end)).map(|at| (at, true)))
    else {
        return false;
    };
    let Some((line, before)) = lines.split_last() else { return false };
    let is_own = (at == 0 || !is_function(&code[..at])) && owners(before, indentation(line)).all(|it| !is_function(it));
    // A value is what a callback gives back, or a test at its end.
    is_own && (is_bare || (at == 0 && indentation(line) <= depth))
}

/// Where a line returns, and whether without a value.
fn returns(code: &str) -> Option<(usize, bool)> {
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '\'');
    let is_word = |at: usize| !code[..at].ends_with(in_word) && !code[at + "return".len()..].starts_with(in_word);
    let at = code.match_indices("return").map(|(at, _)| at).find(|at| is_word(*at))?;
    let value = code[at + "return".len()..].trim_start().trim_end_matches(['}', ' ', ';']);
    Some((at, matches!(value, "" | "None" | "Ok(())" | "undefined" | "nil" | "null")))
}

/// The lines that a line at this depth stands under, from the innermost on.
fn owners<'t>(lines: &'t [&'t str], depth: usize) -> impl Iterator<Item = &'t str> {
    let mut depth = depth;
    lines.iter().rev().filter_map(move |line| {
        let is_owner = !line.trim().is_empty() && indentation(line) < depth;
        is_owner.then(|| {
            depth = indentation(line);
            line.trim()
        })
    })
}

/// Whether a line begins a function of its own. Go's subtests are a part of their test.
fn is_function(code: &str) -> bool {
    const BEGINS: &[&str] =
        &["=>", "function", "def ", "lambda", "fn ", "func(", "(|", "move |", "= |", "async {", "class "];
    !code.starts_with("t.Run(") && BEGINS.iter().any(|begin| code.contains(begin))
}

/// A condition that never holds.
fn is_dead(code: &str) -> bool {
    ["if (false)", "if (0)", "if false {", "if False:", "if 0:", "while (false)", "while False:"]
        .iter()
        .any(|begin| code.starts_with(begin))
}

/// Whether the last of these lines ends a round of its loop, whatever is the case.
fn ends_round(lines: &[&str], code: &str) -> bool {
    let is_jump = matches!(code.trim_end_matches(';'), "continue" | "break");
    let Some((line, before)) = lines.split_last() else { return false };
    let mut owners = owners(before, indentation(line));
    is_jump
        && owners.next().is_some_and(|it| ["for ", "for(", "while ", "loop "].iter().any(|loops| it.starts_with(loops)))
}

#[cfg(test)]
mod tests {
    use super::behind;

    /// How many lines stand behind a way out.
    fn of(text: &str) -> usize {
        let lines: Vec<&str> = text.lines().collect();
        behind(&lines, !text.contains("def ")).lines.iter().filter(|behind| **behind).count()
    }

    #[test]
    fn a_test_that_is_left() {
        for text in [
            "fn a() {\n    return;\n    assert!(x);",
            "fn a() {\n    if CI {\n        return;\n    }\n    assert!(x);",
            "fn a() -> R {\n    return Ok(());\n    assert!(x);",
            "test('a', () => {\n  return;\n  assert(x);",
            "test('a', async () => {\n  return Promise.resolve();\n  assert(x);",
            "test(\n  'a',\n  () => {\n    return;\n    assert(x);",
            "test('a', () => {\n  if (x) return;\n  assert(x);",
            "test('a', () => {\n  if (x) { return; }\n  assert(x);",
            "test('a', () => {\n  process.exit(0);\n  assert(x);",
            "test('a', () => {\n  if (false) {\n    assert(x);",
            "test('a', () => {\n  for (const x of xs) {\n    continue;\n    assert(x);",
            "def test_a():\n    return\n    assert x",
            "def test_a():\n    if sys.platform:\n        return None\n    assert x",
            "func TestA(t *testing.T) {\n\tt.Run(\"b\", func(t *testing.T) {\n\t\treturn\n\t\tassert(x)",
        ] {
            assert!(of(text) > 0, "{text}");
        }
    }

    #[test]
    fn a_function_that_returns_leaves_no_test() {
        for text in [
            "fn a() {\n    let f = |x| {\n        return;\n    };\n    run(|| { return; });\n    assert!(x);",
            "fn a() {\n    fn early() {\n        return;\n    }\n    assert!(x);",
            "test('a', () => {\n  const f = () => {\n    if (x) return;\n    return 1;\n  };\n  assert(x);",
            "test('a', () => {\n  xs.forEach(x => { if (!x) return; });\n  assert(x);",
            "test('a', () => {\n  function f() {\n    return;\n  }\n  assert(x);",
            "test('a', () => {\n  assert(returned);\n  return;\n}",
            "test('a', () => {\n  assert('return' == x.return);\n  assert(x);",
            "def test_a():\n    def early():\n        return\n    assert x",
            "def test_a():\n    for x in xs:\n        if x:\n            continue\n        assert x",
            "func TestA(t *testing.T) {\n\tf := func() {\n\t\treturn\n\t}\n\tassert(x)",
            "test('a', () => {",
            "",
        ] {
            let behind = of(text);
            assert!(behind == 0 || text.ends_with("return;\n}"), "{behind} in {text}");
        }
    }
}
