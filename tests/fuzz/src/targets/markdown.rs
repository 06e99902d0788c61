//! What others wrote, on a Markdown page.

use super::{Target, join, texts};
use pulldown_cmark::{Event, Options, Parser, Tag};
use skillhost_core::text::is_deceptive;
use skillhost_runs::pull_request::MarkdownText;

pub(super) const TARGET: Target = Target {
    name: "markdown",
    check,
    seeds,
    words: &[
        "<script>",
        "</a>",
        "<!--",
        "-->",
        "](",
        "![",
        "[^1]:",
        "```",
        "~~~",
        "---",
        "===",
        "|",
        "| a |\n|---|",
        "# ",
        "- ",
        "1. ",
        "> ",
        "    ",
        "\t",
        "@admin",
        "#12",
        "GH-1",
        "https://",
        "www.",
        "&lt;",
        "&#60;",
        "\\",
        "$$",
        "==",
        "^",
        "__",
        "**",
        "{#id}",
        ": ",
        "+++",
        "[x]",
        "[!NOTE]",
        "\u{202e}",
        "\u{a0}",
    ],
    mutations: 6_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let pairs = [
        ("<script>alert(1)</script>", "npm test"),
        ("## Heading\nOne\n\n- a\n* b\n```html\n<b>\n```\n| x |\n---\n", "a ` b | c"),
        ("@admin fixes #12, see https://evil.example", "spec@0.1.0"),
    ];
    pairs.map(|(prose, code)| join([prose.as_bytes(), code.as_bytes()])).into()
}

fn check(data: &[u8]) {
    let [prose, code] = texts(data);
    let line = MarkdownText::line(&prose, 200).to_string();
    assert!(!line.contains('\n') && !line.chars().any(is_deceptive), "{line:?}");
    only_text(&line, |_| false);
    only_text(&format!("Before {line} after"), |_| false);
    only_text(&format!("- {line}\n- next"), |tag| matches!(tag, Tag::List(None) | Tag::Item));
    only_text(&format!("# {line}\n\ntext"), |tag| matches!(tag, Tag::Heading { .. }));

    let code = MarkdownText::code(&code, 200).to_string();
    assert!(!code.contains('\n') && !code.chars().any(is_deceptive), "{code:?}");
    check_table(&line, &code);

    let prose = MarkdownText::prose(&prose, 500).to_string();
    assert!(!prose.chars().any(|c| is_deceptive(c) && c != '\n'), "{prose:?}");
    only_text(&prose, |tag| matches!(tag, Tag::List(None) | Tag::Item));
}

/// Panics where anything but text arises, apart from what is allowed.
fn only_text(markdown: &str, allowed: impl Fn(&Tag<'_>) -> bool) {
    for event in Parser::new_ext(markdown, Options::all()) {
        match event {
            Event::Text(_) | Event::SoftBreak | Event::End(_) | Event::Start(Tag::Paragraph) => {}
            Event::Start(ref tag) if allowed(tag) => {}
            other => panic!("{other:?} arises from {markdown:?}"),
        }
    }
}

fn check_table(line: &str, code: &str) {
    let page = format!("| a | b |\n|---|---|\n| {line} | {code} |\n| {code} | {line} |\n");
    let mut cells = 0;
    for event in Parser::new_ext(&page, Options::all()) {
        match event {
            Event::Start(Tag::TableCell) => cells += 1,
            Event::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow)
            | Event::End(_)
            | Event::Text(_)
            | Event::Code(_) => {}
            other => panic!("{other:?} arises from {page:?}"),
        }
    }
    assert_eq!(cells, 6, "{page:?}");
}
