//! A Markdown document by its second-level headings, which are the ones that a project asks for.

/// What stands before the first section, and the sections in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sections {
    before: String,
    sections: Vec<(String, String)>,
}

impl Sections {
    /// Takes off a fence around the whole document, and what was said before its first heading.
    pub(crate) fn parse(text: &str) -> Sections {
        let text = text.replace("\r\n", "\n");
        let mut sections = Sections::default();
        let (mut in_fence, mut begun) = (false, false);
        for line in unfence(&text).lines() {
            if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
                in_fence = !in_fence;
            }
            let heading = if in_fence { None } else { line.strip_prefix("## ") };
            begun |= !in_fence && line.starts_with('#');
            match (heading, sections.sections.last_mut()) {
                (Some(heading), _) => sections.sections.push((normal(heading), String::new())),
                (None, Some((_, body))) => push_line(body, line),
                (None, None) if begun => push_line(&mut sections.before, line),
                (None, None) => {}
            }
        }
        sections
    }

    pub(crate) fn headings(&self) -> Vec<String> {
        self.sections.iter().map(|(heading, _)| heading.clone()).collect()
    }

    /// A section's text, found without regard to case.
    pub(crate) fn body(&self, heading: &str) -> Option<&str> {
        let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(heading);
        self.sections.iter().find(same).map(|(_, body)| body.trim())
    }

    /// Takes over the sections that `other` has, and its title where there is none yet.
    pub(crate) fn replace(&mut self, other: &Sections) {
        if self.before.trim().is_empty() {
            self.before = other.before.clone();
        }
        for (heading, body) in &other.sections {
            match self.sections.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(heading)) {
                Some((_, own)) => own.clone_from(body),
                None => self.sections.push((heading.clone(), body.clone())),
            }
        }
    }

    pub(crate) fn render(&self) -> String {
        let mut text = match self.before.trim() {
            "" => String::new(),
            before => format!("{before}\n\n"),
        };
        for (heading, body) in &self.sections {
            text.push_str(&format!("## {heading}\n\n{}\n\n", body.trim()));
        }
        format!("{}\n", text.trim_end())
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn normal(heading: &str) -> String {
    heading.trim().trim_end_matches('#').trim().to_owned()
}

fn unfence(text: &str) -> &str {
    let inner = || {
        let (first, rest) = text.trim_start().split_once('\n')?;
        let is_fence = matches!(first.trim_end(), "```" | "```markdown" | "```md");
        is_fence.then(|| rest.trim_end().strip_suffix("```")).flatten()
    };
    inner().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_parsing_and_rendering() {
        let text = "# Title\n\nIntro.\n\n## Problem\n\nIt fails.\n\n### Detail\n\n```\n## not a heading\n```\n\n## Risks\n\nNone.\n";
        let sections = Sections::parse(text);
        assert_eq!(sections.headings(), ["Problem", "Risks"]);
        assert_eq!(sections.render(), text);
        assert!(sections.body("problem").is_some_and(|body| body.contains("## not a heading")));
    }

    #[test]
    fn chatter_and_a_fence_around_everything_are_taken_off() {
        assert_eq!(Sections::parse("Here it is:\n\n# T\n\n## A\n\nx").render(), "# T\n\n## A\n\nx\n");
        assert_eq!(Sections::parse("```markdown\n# T\n\n## A ##\n\nx\n```\n").render(), "# T\n\n## A\n\nx\n");
    }

    #[test]
    fn repaired_sections_take_the_place_of_the_old() {
        let mut sections = Sections::parse("# T\n\n## A\n\nold\n\n## B\n\nb");
        sections.replace(&Sections::parse("## a\n\nnew\n\n## C\n\nc"));
        assert_eq!(sections.render(), "# T\n\n## A\n\nnew\n\n## B\n\nb\n\n## C\n\nc\n");
    }
}
