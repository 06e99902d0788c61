//! What is shown on a terminal or in a log.

use super::{Target, text};
use skillhost_core::text::{escape_block, escape_terminal, is_deceptive};

pub(super) const TARGET: Target = Target {
    name: "terminal",
    check,
    seeds,
    words: &[
        "\u{1b}[2J",
        "\u{1b}]52;c;",
        "\u{7}",
        "\r",
        "\r\n",
        "\n",
        "\t",
        "\u{9b}",
        "\u{202e}",
        "\u{200b}",
        "\u{2028}",
        "\u{e0041}",
        "\u{fe0f}",
        "…",
        "\\u{1b}",
    ],
    mutations: 20_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    [
        "\u{28}done\nerror: forged\r\n",
        "\u{9}\u{1b}]8;;https://evil.example\u{1b}\\x",
        "\u{50}a\u{202e}b\u{200b}c\u{2066}",
        "\u{3}Zażółć 漢字 🦀",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

/// The first byte is the room.
fn check(data: &[u8]) {
    let Some((room, rest)) = data.split_first() else { return };
    let (room, text) = (usize::from(*room), text(rest));
    let line = escape_terminal(&text, room);
    assert!(!line.as_str().chars().any(is_deceptive), "{line:?}");
    assert!(!line.as_str().bytes().any(|byte| byte < 0x20 || byte == 0x7f) && line.lines().count() <= 1);
    assert!(line.as_str().chars().count() <= room);
    assert_eq!(escape_terminal(line.as_str(), room), line, "what is escaped stays as it is");

    let block = escape_block(&text, room);
    assert!(!block.as_str().chars().any(|c| is_deceptive(c) && !matches!(c, '\n' | '\t')), "{block:?}");
    assert!(block.as_str().chars().count() <= room);
    assert_eq!(escape_block(block.as_str(), room), block);

    let whole = escape_terminal(&text, usize::MAX);
    if !text.chars().any(is_deceptive) {
        assert_eq!(whole.as_str(), text, "what is harmless is shown as it is");
    }
    let cut = line.as_str().strip_suffix('…').unwrap_or(line.as_str());
    assert!(whole.as_str().starts_with(cut), "{line} is no beginning of {whole}");
}
