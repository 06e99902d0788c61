//! {{name}}: writes the specification of a change. The host hands over a document with headings, and checks what comes back.

use skillhost_sdk::{
    Brief, Criterion, Document, Error, Host, Message, Part, Request, Spec, Speaker, Specification, Step, Tier, ToolChoice,
};

struct Skill;

impl Spec for Skill {
    fn draft(host: &dyn Host, brief: Brief) -> Result<Specification, Error> {
        let Some(Document { path, text }) = brief.spec else {
            return Err(Error::Invalid("the brief has no document to fill".to_owned()));
        };
        let mut ask = format!("Goal: {}\n\nFill each section of this document, and answer with all of it:\n\n{text}", brief.goal);
        for finding in &brief.findings {
            ask += &format!("\n\nA review found: {}", finding.message);
        }
        let text = answer(host, ask)?;
        let criterion = Criterion {
            id: "C1".to_owned(),
            statement: brief.goal.clone(),
            command: host.commands().first().map(|command| command.name.clone()),
        };
        let step = Step {
            id: "1".to_owned(),
            title: brief.goal.clone(),
            instructions: format!("Do what {path} says."),
            files: vec!["**".to_owned()],
            after: Vec::new(),
            criteria: vec![criterion.id.clone()],
        };
        Ok(Specification {
            document: Document { path, text },
            steps: vec![step],
            criteria: vec![criterion],
            assumptions: Vec::new(),
            answers: Vec::new(),
        })
    }
}

/// What the model says.
fn answer(host: &dyn Host, ask: String) -> Result<String, Error> {
    let reply = host.complete(&Request {
        tier: Tier::Standard,
        system: Some("You write short, exact specifications of changes to software.".to_owned()),
        messages: vec![Message { speaker: Speaker::User, parts: vec![Part::Text(ask)] }],
        tools: Vec::new(),
        tool_choice: ToolChoice::None,
        schema: None,
        max_output_tokens: None,
    })?;
    let text = |part| if let Part::Text(text) = part { Some(text) } else { None };
    Ok(reply.parts.into_iter().filter_map(text).collect())
}

skillhost_sdk::export_spec!(Skill);

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    #[test]
    fn the_model_fills_the_document() {
        let host = mock::Host::new().reply(mock::text("# Spec\n\n## Problem\n\nThere is none.\n")).declared("test");
        let mut brief = mock::brief("Greet everybody");
        brief.spec = Some(Document { path: "specs/x.md".to_owned(), text: "# Spec\n\n## Problem\n".to_owned() });
        let spec = Skill::draft(&host, brief).unwrap();
        assert!(spec.document.text.contains("There is none."));
        assert_eq!(spec.criteria[0].command.as_deref(), Some("test"));
    }
}
