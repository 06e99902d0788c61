//! Whether each bracket of a source file has its partner, outside of strings and comments. No parser: where a quote has no
//! partner in its line, it is taken for an apostrophe, so that a doubt costs one line and not the rest of the file.

use super::Flaw;

/// How a language writes what is no code.
#[derive(Clone, Copy, Default)]
struct Language {
    /// `//` to the end of the line.
    slashes: bool,
    /// `#` to the end of the line.
    hash: bool,
    /// `/* */`, which may nest.
    block: bool,
    nested: bool,
    /// Between three double quotes, and for Python three single ones, stands anything.
    triple: &'static [&'static str],
    /// `"` may span lines, and `'` begins a character or a lifetime.
    rust: bool,
    /// Backticks around a raw text.
    raw: bool,
    /// Backticks around a text with `${code}`; also regular expressions between slashes.
    script: bool,
}

fn language(extension: &str) -> Option<Language> {
    let c = Language { slashes: true, block: true, ..Language::default() };
    Some(match extension {
        "rs" => Language { rust: true, nested: true, ..c },
        "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts" => Language { script: true, ..c },
        "go" => Language { raw: true, ..c },
        "java" | "cs" | "scala" => Language { triple: &["\"\"\""], ..c },
        "kt" | "kts" | "swift" | "dart" => Language { triple: &["\"\"\""], nested: true, ..c },
        "c" | "h" | "cc" | "cpp" | "hpp" | "scss" | "less" => c,
        "css" => Language { slashes: false, ..c },
        "php" => Language { hash: true, ..c },
        "py" => Language { hash: true, triple: &["\"\"\"", "'''"], ..Language::default() },
        _ => return None,
    })
}

/// The first bracket that has no partner, in a language that is known.
pub(super) fn flaw(text: &str, extension: &str) -> Option<Flaw> {
    let language = language(extension)?;
    Scanner { text: text.as_bytes(), at: 0, line: 1, last: b'\n', open: vec![], language }.run()
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
    /// The last byte of code that is no white space.
    last: u8,
    /// Brackets and their lines; `$` for the code within a template.
    open: Vec<(u8, u32)>,
    language: Language,
}

impl Scanner<'_> {
    fn run(mut self) -> Option<Flaw> {
        while let Some(&byte) = self.text.get(self.at) {
            if let Some(end) = self.comment() {
                self.advance(end);
                continue;
            }
            if let Some(end) = self.string(byte) {
                self.last = b'"';
                self.advance(end);
                continue;
            }
            match byte {
                b'(' | b'[' | b'{' => self.open.push((byte, self.line)),
                b')' | b']' | b'}' => {
                    if let Some(flaw) = self.close(byte) {
                        return Some(flaw);
                    }
                }
                b'`' if self.language.script => self.template(),
                _ => {}
            }
            if !byte.is_ascii_whitespace() {
                self.last = byte;
            }
            self.advance(self.at + 1);
        }
        let (bracket, line) = self.open.pop()?;
        Some(Flaw { line: line as usize, what: format!("`{}` of line {line} is never closed", shown(bracket)) })
    }

    fn advance(&mut self, end: usize) {
        let end = end.clamp(self.at, self.text.len());
        self.line += self.text[self.at..end].iter().filter(|&&byte| byte == b'\n').count() as u32;
        self.at = end;
    }

    fn close(&mut self, byte: u8) -> Option<Flaw> {
        let partner = match byte {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        let line = self.line;
        let what = match self.open.pop() {
            Some((bracket, _)) if bracket == partner => return None,
            Some((b'$', _)) if byte == b'}' => {
                self.template();
                return None;
            }
            Some((bracket, from)) => {
                format!("`{}` of line {from} meets `{}` in line {line}", shown(bracket), char::from(byte))
            }
            None => format!("`{}` in line {line} closes nothing", char::from(byte)),
        };
        Some(Flaw { line: line as usize, what })
    }

    /// Goes on behind a template's text, at its last byte: the closing backtick, or the brace of `${`.
    fn template(&mut self) {
        let mut at = self.at + 1;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'`' => break,
                b'$' if self.text.get(at + 1) == Some(&b'{') => {
                    self.advance(at + 1);
                    self.open.push((b'$', self.line));
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        self.advance(at);
    }

    /// Where a comment that begins here ends.
    fn comment(&self) -> Option<usize> {
        let Language { slashes, hash, block, .. } = self.language;
        // `//` of an URL is none, and neither is `#[` of an attribute.
        let starts = |text: &str| self.text[self.at..].starts_with(text.as_bytes());
        if slashes && starts("//") && self.last != b':' || hash && starts("#") && !starts("#[") {
            return Some(self.end_of_line());
        }
        (block && starts("/*")).then(|| self.end_of_block())
    }

    fn end_of_line(&self) -> usize {
        let rest = &self.text[self.at..];
        self.at + rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len())
    }

    fn end_of_block(&self) -> usize {
        let (mut at, mut depth) = (self.at + 2, 1);
        while let Some(pair) = self.text.get(at..at + 2) {
            match pair {
                b"*/" => depth -= 1,
                b"/*" if self.language.nested => depth += 1,
                _ => {
                    at += 1;
                    continue;
                }
            }
            at += 2;
            if depth == 0 {
                return at;
            }
        }
        self.text.len()
    }

    /// Where a string, a character or a regular expression that begins here ends.
    fn string(&self, byte: u8) -> Option<usize> {
        let Language { rust, raw, script, triple, .. } = self.language;
        let rest = &self.text[self.at..];
        if let Some(quotes) = triple.iter().find(|quotes| rest.starts_with(quotes.as_bytes())) {
            return Some(self.after(self.at + quotes.len(), quotes.as_bytes()));
        }
        match byte {
            b'r' if rust => self.raw_string(),
            b'"' if rust => self.quoted(byte, true),
            b'\'' if rust => self.character(),
            // In a word or a number it is an apostrophe or sets digits apart; Python has prefixes.
            b'\''
                if !self.language.hash
                    && self.at.checked_sub(1).is_some_and(|at| self.text[at].is_ascii_alphanumeric()) =>
            {
                None
            }
            b'"' | b'\'' => self.quoted(byte, false),
            b'`' if raw => Some(self.after(self.at + 1, b"`")),
            b'/' if script && self.may_be_expression() => self.expression(),
            _ => None,
        }
    }

    /// Behind the next `end` from `from` on.
    fn after(&self, from: usize, end: &[u8]) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        rest.windows(end.len()).position(|it| it == end).map_or(self.text.len(), |at| from + at + end.len())
    }

    fn quoted(&self, quote: u8, spans_lines: bool) -> Option<usize> {
        let mut at = self.at + 1;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' if !spans_lines => return None,
                byte if byte == quote => return Some(at + 1),
                _ => {}
            }
            at += 1;
        }
        spans_lines.then_some(self.text.len())
    }

    /// `r"…"`, `r#"…"#` and so on, also as bytes.
    fn raw_string(&self) -> Option<usize> {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let before = &self.text[..self.at];
        let before = before.strip_suffix(b"b").or(before.strip_suffix(b"c")).unwrap_or(before);
        if before.last().is_some_and(is_name) {
            return None;
        }
        let hashes = self.text[self.at + 1..].iter().take_while(|&&byte| byte == b'#').count();
        let open = self.at + 1 + hashes;
        let end = [b"\"".as_slice(), b"#".repeat(hashes).as_slice()].concat();
        (self.text.get(open) == Some(&b'"')).then(|| self.after(open + 1, &end))
    }

    /// A character of Rust; nothing where the quote begins a lifetime.
    fn character(&self) -> Option<usize> {
        let rest = &self.text[self.at + 1..];
        if rest.first() == Some(&b'\\') {
            return self.quoted(b'\'', false);
        }
        let bytes = 1 + rest.iter().skip(1).take_while(|&&byte| byte & 0xC0 == 0x80).count();
        (rest.get(bytes) == Some(&b'\'')).then_some(self.at + 1 + bytes + 1)
    }

    /// Whether a slash can't be a division here, nor the end of a tag.
    fn may_be_expression(&self) -> bool {
        let before = &self.text[..self.at];
        let follows_word = ["return", "typeof", "case", "in", "of"]
            .iter()
            .any(|word| before.trim_ascii_end().ends_with(word.as_bytes()) && before.ends_with(b" "));
        (b"(,=:[!&|?{;+\n".contains(&self.last) || follows_word) && self.text.get(self.at + 1) != Some(&b'>')
    }

    fn expression(&self) -> Option<usize> {
        let (mut at, mut class) = (self.at + 1, false);
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' => return None,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return Some(at + 1),
                _ => {}
            }
            at += 1;
        }
        None
    }
}

fn shown(bracket: u8) -> char {
    if bracket == b'$' { '{' } else { char::from(bracket) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(extension: &str, text: &str) -> Option<String> {
        flaw(text, extension).map(|flaw| flaw.what)
    }

    #[test]
    fn strings_comments_and_lifetimes_do_not_count() {
        for (extension, text) in [
            ("rs", "fn a<'a>(x: &'a str) { let c = '{'; let s = \"}\\\"{\"; let n = '\\''; /* ( */ } // ["),
            ("rs", "let a = r#\"(\"{\"#; let b = br\"[\\\"; let r#type = 'é'; let c = b'{'; /* /* ( */ { */"),
            ("rs", "let s = \"(\n{\n\";"),
            ("ts", "const a = `${x} (`; const b = '('; // don't {\n"),
            ("ts", "const a = `${ok ? `{${b}` : '('} [`;\n"),
            ("js", "if (/[({/]\\/\\[/.test(x)) { y = \"a\" / b / [c]; z = x.replace(/\\)/g, ''); return /{/ }\n"),
            ("tsx", "const a = <p>don't {x} won't</p>;\nconst b = <A b={c} />;\nconst d = <b>{e}</b>;\n"),
            ("py", "x = \"\"\"(((\n\"\"\" # {\ny = '('\nz = '''\n{\"\n'''\n"),
            ("go", "x := `\\`\ny := \"(\"\nz := '{'\n"),
            ("java", "String s = \"\"\"\n  ( \" {\n  \"\"\"; char c = '(';"),
            ("css", "a { background: url(http://x/y); content: \"}\" } /* { */"),
            ("scss", "@use \"http://x\"; a { b: url(http://x) } // {"),
            ("cpp", "int a = 1'000; char c = '('; // {\n"),
            ("php", "#[Attribute]\nfunction a() { return '('; } # {\n"),
        ] {
            assert_eq!(told(extension, text), None, "{text}");
        }
    }

    #[test]
    fn the_line_of_a_wrong_bracket_is_named() {
        assert_eq!(told("js", "f(\n[1)\n"), Some("`[` of line 2 meets `)` in line 2".into()));
        assert_eq!(told("js", "\n\n}"), Some("`}` in line 3 closes nothing".into()));
        assert_eq!(told("ts", "a(`\n${b(}`)"), Some("`(` of line 2 meets `}` in line 2".into()));
        assert_eq!(told("ts", "`${"), Some("`{` of line 1 is never closed".into()));
        assert_eq!(told("py", "x = '''\n'''\nf("), Some("`(` of line 3 is never closed".into()));
        assert_eq!(told("txt", "("), None);
    }

    #[test]
    fn whatever_stands_there_is_read_to_its_end() {
        const PIECES: [&str; 18] =
            ["\"", "'", "`", "${", "}", "{", "(", ")", "/", "*/", "/*", "\\", "\n", "r#", "#", "é", "a", "\"\"\""];
        let mut random: u32 = 1;
        for round in 0..2_000 {
            let mut text = String::new();
            for _ in 0..round % 40 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                text.push_str(PIECES[(random >> 16) as usize % PIECES.len()]);
            }
            for extension in ["rs", "ts", "go", "kt", "cpp", "css", "scss", "php", "py"] {
                let lines = text.matches('\n').count() + 1;
                assert!(
                    flaw(&text, extension).is_none_or(|flaw| (1..=lines).contains(&flaw.line)),
                    "{extension} {text:?}"
                );
            }
        }
    }
}
