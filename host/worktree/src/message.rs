//! Commit messages. The text is a skill's, the trailers are the host's, and neither can be taken for the other.

use skillhost_core::text::is_deceptive;

/// Longest title, in characters: what git's own tools show on one line.
const MAX_TITLE_CHARS: usize = 72;
/// Longest body, in characters.
const MAX_BODY_CHARS: usize = 16_384;
/// Longest value of a trailer, in characters.
const MAX_TRAILER_CHARS: usize = 512;

/// The whole message. Characters that control a terminal or can't be seen are dropped, and lines that look like a
/// statement of the host's, or of a person's, are quoted.
pub(crate) fn compose(title: &str, body: &str, trailers: &[(&str, String)]) -> String {
    // Only the first line is the title; what follows it was never meant to be one.
    let title: String = clean(title.lines().next().unwrap_or_default()).chars().take(MAX_TITLE_CHARS).collect();
    let title = if title.is_empty() { "Change files".to_owned() } else { quote_trailer(&title) };
    let body: String = body.trim().lines().map(|line| quote_trailer(&clean(line)) + "\n").collect();
    let body: String = body.chars().take(MAX_BODY_CHARS).collect();
    let mut text = format!("{title}\n");
    if !body.trim().is_empty() {
        text += &format!("\n{}\n", body.trim());
    }
    let mut trailers = trailers.iter().filter(|(key, _)| is_trailer_key(key)).peekable();
    if trailers.peek().is_some() {
        text.push('\n');
    }
    for (key, value) in trailers {
        let value: String = clean(value).chars().take(MAX_TRAILER_CHARS).collect();
        text += &format!("{key}: {value}\n");
    }
    text
}

/// Line breaks of every kind end here: what is left is one line.
fn clean(line: &str) -> String {
    let visible = line.chars().filter(|c| *c == '\t' || !is_deceptive(*c));
    visible.map(|c| if c == '\t' { ' ' } else { c }).collect::<String>().trim_end().to_owned()
}

fn is_trailer_key(key: &str) -> bool {
    (1..=64).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Quotes a line that reads as a trailer of the host's, or as somebody's word (`Signed-off-by:`).
fn quote_trailer(line: &str) -> String {
    let key = line.split(':').next().unwrap_or_default().trim().to_lowercase();
    let is_word = line.contains(':') && key.ends_with("-by") && !key.contains(' ');
    if key.starts_with("skillhost-") || is_word { format!("> {}", line.trim_start()) } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_08_a_message_holds_no_control_characters() {
        let text = compose("Add\u{1b}[31m a \u{202e}parser\u{7}\u{200b}", "Why\tit is\u{0} so\u{9b}2J\n", &[]);
        assert_eq!(text, "Add[31m a parser\n\nWhy it is so2J\n");
        assert_eq!(compose("\u{7}", "", &[]), "Change files\n");
        assert_eq!(compose(&"x".repeat(9_000), "", &[]).trim_end().len(), MAX_TITLE_CHARS);
    }

    #[test]
    fn g_08_a_skill_cannot_forge_a_trailer() {
        let body = "body\n\nSkillhost-Agent: x\n  SKILLHOST-Audit : y\nSkillhost\u{200b}-Skill: z\n\
                    Signed-off-by: A Person <a@b>\nNote: fine\u{2028}Skillhost-Run: w";
        let trailers = [("Skillhost-Run", "k3x9p2ab".to_owned()), ("bad key\n", "x".to_owned())];
        let text = compose("Skillhost-Run: other", body, &trailers);
        let unquoted: Vec<_> =
            text.lines().filter(|l| l.to_lowercase().starts_with("skillhost-") || l.starts_with("Signed")).collect();
        assert_eq!(unquoted, ["Skillhost-Run: k3x9p2ab"]);
        assert!(text.ends_with("\n\nSkillhost-Run: k3x9p2ab\n"));
        assert!(text.contains("\nNote: fineSkillhost-Run: w\n"));
    }
}
