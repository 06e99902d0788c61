//! Takes out of a component, at every depth, the custom sections that nothing needs at run time. What stays is named, since
//! those of debuggers hold paths and names of the machine that it was built on, and new ones come with every tool.

use crate::{Debug, MakeError};
use skillhost_core::manifest;
use wasm_encoder::{ComponentSection, ComponentSectionId, Encode, RawSection};
use wasmparser::{Encoding, Parser, Payload};

/// What says who made it: tools and their versions, and what authors tell of it.
const KEPT: [&str; 9] =
    [manifest::SECTION, "producers", "authors", "description", "homepage", "licenses", "revision", "source", "version"];
/// Deepest nesting of components and modules; the host accepts less.
const MAX_DEPTH: usize = 64;

pub(crate) fn strip(component: &[u8], debug: Debug) -> Result<Vec<u8>, MakeError> {
    if debug == Debug::Keep {
        return Ok(component.to_vec());
    }
    let invalid = MakeError::Invalid;
    let mut output = Vec::new();
    // What is around the part that is being written.
    let mut around: Vec<(Vec<u8>, ComponentSectionId)> = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(|e| invalid(e.to_string()))?;
        match &payload {
            Payload::Version { encoding, .. } => output.extend_from_slice(match encoding {
                Encoding::Component => &wasm_encoder::Component::HEADER,
                Encoding::Module => &wasm_encoder::Module::HEADER,
            }),
            Payload::ModuleSection { .. } => around.push((std::mem::take(&mut output), ComponentSectionId::CoreModule)),
            Payload::ComponentSection { .. } => {
                around.push((std::mem::take(&mut output), ComponentSectionId::Component));
            }
            Payload::End(_) => {
                let Some((mut whole, id)) = around.pop() else { break };
                whole.push(id.into());
                output.encode(&mut whole);
                output = whole;
            }
            Payload::CustomSection(custom) if !KEPT.contains(&custom.name()) => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
                    let data = start.ok().zip(end.ok()).and_then(|(start, end)| component.get(start..end));
                    let data = data.ok_or_else(|| invalid("a section is longer than the file".to_owned()))?;
                    RawSection { id, data }.append_to_component(&mut output);
                }
            }
        }
        if around.len() > MAX_DEPTH {
            return Err(invalid(format!("it is nested more than {MAX_DEPTH} levels deep")));
        }
    }
    Ok(output)
}
