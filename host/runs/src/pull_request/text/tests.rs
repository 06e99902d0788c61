#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
use super::*;
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

fn line(text: &str) -> String {
    MarkdownText::line(text, 500).to_string()
}

#[test]
fn plain_text_stays_readable() {
    assert_eq!(
        line("A lead without consent is refused (400), see lead_capture.rs"),
        "A lead without consent is refused (400), see lead_capture.rs"
    );
    assert_eq!(line("  two\n\n lines\t"), "two lines");
    assert_eq!(MarkdownText::code("npm test", 50).to_string(), "`npm test`");
    assert_eq!(MarkdownText::code("a | b", 50).to_string(), "a \\| b");
    assert_eq!(MarkdownText::code("a ` b", 50).to_string(), "a \\` b");
    assert!(MarkdownText::code(" \n", 50).is_empty());
}

#[test]
fn o_10_markup_becomes_text() {
    assert_eq!(line("<script>alert(1)</script>"), "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_eq!(line("[click](javascript:x) ![i](//evil)"), "\\[click\\](javascript:x) !\\[i\\](//evil)");
    assert_eq!(line("a | b\n|---|"), "a \\| b \\|---\\|");
    assert_eq!(line("# Merge now"), "\\# Merge now");
    assert_eq!(line("1. one"), "1\\. one");
    assert_eq!(line("&lt;b&gt;"), "&amp;lt;b&amp;gt;");
}

#[test]
fn o_10_nobody_is_mentioned_and_nothing_is_referred_to() {
    assert_eq!(line("@admin please"), "@ admin please");
    assert_eq!(line("fixes #12, GH-3 and !4"), "fixes # 12, GH- 3 and ! 4");
    assert_eq!(line("see https://evil.example or WWW.evil.example"), "see https:// evil.example or WWW. evil.example");
    assert_eq!(line("a@b.example"), "a@ b.example");
    // In code a name and its version stay one word; a mention doesn't, nor does an address where no code span holds it.
    let code = |text: &str| MarkdownText::code(text, 100).to_string();
    assert_eq!(code("spec@0.1.0"), "`spec@0.1.0`");
    assert_eq!(code("@admin"), "`@ admin`");
    assert_eq!(code("a@b.example|x"), "a@ b.example\\|x");
}

#[test]
fn o_02_deceptive_characters_are_replaced() {
    assert_eq!(line("a\u{202e}b\u{200b}c\u{1b}[0m"), "a\u{fffd}b\u{fffd}c\u{fffd}\\[0m");
}

#[test]
fn length_is_bounded() {
    assert_eq!(MarkdownText::line("abcdef", 4).to_string(), "abc…");
    assert_eq!(MarkdownText::line("abc", 0).to_string(), "");
    assert!(MarkdownText::prose(&"x\n".repeat(100_000), 1_000_000).to_string().lines().count() <= MAX_PROSE_LINES + 1);
    assert!(MarkdownText::line(&" ".repeat(10_000_000), 10).is_empty());
}

#[test]
fn prose_keeps_paragraphs_and_lists() {
    let prose = MarkdownText::prose("## Heading\nOne\n\n- a\n* b\n```html\n<b>\n```\n| x |\n---\n", 500).to_string();
    assert_eq!(prose, "Heading\nOne\n\n- a\n- b\n\n&lt;b&gt;\n\n\\| x \\|\n\\---");
}

/// Panics where anything but text arises from `markdown`, apart from what is allowed.
fn only_text(markdown: &str, allowed: impl Fn(&Tag<'_>) -> bool) {
    for event in Parser::new_ext(markdown, Options::all()) {
        match event {
            Event::Text(_) | Event::SoftBreak | Event::End(_) | Event::Start(Tag::Paragraph) => {}
            Event::Start(ref tag) if allowed(tag) => {}
            other => panic!("{other:?} arises from {markdown:?}"),
        }
    }
}

/// Everything that means something to some Markdown.
const HOSTILE: &str = "([-#*+_~`\\\\<>\\[\\](){}|!@$^=:&.;/\"' \n\ta0é\u{202e}\u{200b}]|https://|www\\.|```|---|<b>|<!--|\\]\\(|&lt;|1\\. |\\[\\^1\\]|:-:|~~~|==|!\\[)";

/// Texts of up to `length` of those, and of `more` alternatives.
fn hostile(more: &str, length: usize) -> impl Strategy<Value = String> {
    prop::string::string_regex(&format!("({HOSTILE}{more}){{0,{length}}}")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn o_10_a_line_is_only_text_wherever_it_stands(text in hostile("", 14)) {
        let line = MarkdownText::line(&text, 200).to_string();
        prop_assert!(!line.contains('\n') && !line.chars().any(is_deceptive));
        only_text(&line, |_| false);
        only_text(&format!("Before {line} after"), |_| false);
        only_text(&format!("- {line}\n- next"), |tag| matches!(tag, Tag::List(None) | Tag::Item));
        let page = format!("# {line}\n\ntext");
        let headings = Parser::new_ext(&page, Options::all()).filter(|e| matches!(e, Event::End(TagEnd::Heading(_)))).count();
        prop_assert_eq!(headings, 1);
        only_text(&page, |tag| matches!(tag, Tag::Heading { .. }));
    }

    #[test]
    fn o_10_a_cell_stays_a_cell(text in hostile("", 14), code in hostile("", 14)) {
        let mut page = Page::default();
        let row = [MarkdownText::line(&text, 200), MarkdownText::code(&code, 200)];
        page.table(["a", "b"], &[row.clone(), row]);
        let page = page.finish();
        let mut cells = 0;
        for event in Parser::new_ext(&page, Options::all()) {
            match event {
                Event::Start(Tag::TableCell) => cells += 1,
                Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow) | Event::End(_) | Event::Text(_) | Event::Code(_) => {}
                other => panic!("{other:?} arises from {page:?}"),
            }
        }
        prop_assert_eq!(cells, 6, "{}", page);
    }

    #[test]
    fn o_10_prose_is_paragraphs_and_lists(text in hostile("|\n- |\n\n", 20)) {
        let prose = MarkdownText::prose(&text, 500).to_string();
        only_text(&prose, |tag| matches!(tag, Tag::List(None) | Tag::Item));
    }
}
