//! Check 18: an error that is caught and dropped. A comment in its place is a reason; nothing is none.

use super::line::{code, extension, is_javascript, is_product};
use super::{Hit, Scene};
use crate::Severity;
use crate::changed::Line;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (file, lines) in scene.files().filter(|(file, _)| is_product(&file.path)) {
        for (at, line) in lines.iter().enumerate() {
            // Only what stands right below it, in the file as well as among the added lines.
            let next = lines.get(at + 1).filter(|next| next.line == line.line + 1);
            if drops(&file.path, line.text.trim(), next) {
                hits.push(Hit {
                    severity: Severity::Major,
                    message: "An error is caught here and dropped: nobody will learn of it.".into(),
                    suggestion: "Handle it, hand it on, or say beside it why it does not matter.",
                    ..Hit::at(&file.path, *line)
                });
            }
        }
    }
    hits
}

fn drops(path: &str, line: &str, next: Option<&Line<'_>>) -> bool {
    let next = next.map_or("", |next| next.text.trim());
    let code = code(line);
    match extension(path) {
        "rs" => {
            let arm = code.strip_prefix("Err(_) =>").map(str::trim);
            arm.is_some_and(|rest| matches!(rest.trim_end_matches(','), "{}" | "()" | "{ }"))
                || (arm == Some("{") && next.starts_with('}'))
        }
        "py" => {
            let caught = code.starts_with("except") && code.contains(':');
            let rest = code.split_once(':').map_or("", |(_, rest)| rest.trim());
            caught && (matches!(rest, "pass" | "...") || (rest.is_empty() && matches!(next, "pass" | "...")))
        }
        "go" => {
            let asks =
                code.starts_with("if err != nil {") || code.starts_with("if err := ") && code.ends_with("!= nil {");
            (asks && next == "}") || code == "if err != nil {}"
        }
        "rb" => code == "rescue nil" || code.ends_with(" rescue nil") || (code.starts_with("rescue") && next == "end"),
        "java" | "kt" | "cs" | "php" | "scala" | "swift" => catches_nothing(code, next),
        _ if is_javascript(path) => catches_nothing(code, next) || code.contains(".catch(() => {})"),
        _ => false,
    }
}

/// `catch (e) {}`, on one line or on two.
fn catches_nothing(code: &str, next: &str) -> bool {
    let Some((_, rest)) =
        code.split_once("catch").filter(|(before, _)| before.is_empty() || before.ends_with([' ', '}']))
    else {
        return false;
    };
    let Some((_, body)) = rest.split_once('{') else { return false };
    let body = body.trim();
    body.starts_with('}') || (body.is_empty() && next.starts_with('}'))
}
