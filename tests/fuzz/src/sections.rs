//! Mutation of components by their sections: what is changed stays framed, so that it gets past the first bytes.
//!
//! A component is a list of sections, some of which hold whole modules and components again. One of them is chosen, as
//! deep as chance leads, and dropped, doubled, moved, cut, filled with other bytes, or given a size that lies.

use crate::random::Random;
use skillhost_core::manifest;

/// Magic, version and layer.
const HEADER_BYTES: usize = 8;
/// Sections of a component that hold a module or a component.
const NESTED: [u8; 2] = [1, 4];
const CUSTOM: u8 = 0;

#[derive(Clone)]
struct Section {
    id: u8,
    content: Vec<u8>,
}

/// A component or module like this one; none where the bytes are no list of sections.
pub(crate) fn mutate(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let (header, mut sections) = split(bytes)?;
    let is_component = header[6] == 1;
    let at = random.below(sections.len());
    let other = random.below(sections.len());
    let section = sections.get(at)?.clone();
    if is_component && NESTED.contains(&section.id) && random.below(4) != 0 {
        sections[at].content = inner(&section.content, random)?;
        return Some(join(&header, &sections));
    }
    match random.below(9) {
        0 => drop(sections.remove(at)),
        1 => sections.insert(other, section),
        2 => sections.swap(at, other),
        3 => sections[at].content.truncate(random.below(section.content.len() + 1)),
        4 => sections[at].id = random.below(14) as u8,
        5 | 6 => scribble(&mut sections[at].content, random),
        7 => sections.insert(at, lie(random)),
        _ => {
            // The size of one section is not what follows.
            let mut whole = join(&header, &sections[..at]);
            whole.push(section.id);
            size(section.content.len().wrapping_add(random.below(64)).wrapping_sub(32), &mut whole);
            whole.extend_from_slice(&section.content);
            sections[at + 1..].iter().for_each(|section| write(section, &mut whole));
            return Some(whole);
        }
    }
    Some(join(&header, &sections))
}

/// A nested module or component; modules are changed in ways that keep them valid where the tool for it is there.
fn inner(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    #[cfg(feature = "libfuzzer")]
    if bytes.get(6) == Some(&0) && random.below(2) == 0 {
        let mut tool = wasm_mutate::WasmMutate::default();
        tool.seed(random.next()).fuel(300).preserve_semantics(random.below(2) == 0);
        return tool.run(bytes).ok()?.next()?.ok();
    }
    mutate(bytes, random)
}

fn scribble(content: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(content.len());
        if let Some(byte) = content.get_mut(at) {
            *byte = if random.below(2) == 0 { *byte ^ (1 << random.below(8)) } else { random.next() as u8 };
        }
    }
}

/// A custom section that says what it is not.
fn lie(random: &mut Random) -> Section {
    let name =
        random.one_of(&[manifest::SECTION, "name", "component-name", "producers", ".debug_info", "dylink.0", ""]);
    let name = name.unwrap_or_default();
    let mut content = Vec::new();
    size(if random.below(4) == 0 { usize::MAX >> random.below(40) } else { name.len() }, &mut content);
    content.extend_from_slice(name.as_bytes());
    content.extend((0..random.below(64)).map(|_| random.next() as u8));
    Section { id: CUSTOM, content }
}

fn split(bytes: &[u8]) -> Option<(Vec<u8>, Vec<Section>)> {
    let (header, mut rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let mut sections = Vec::new();
    while let Some((id, behind)) = rest.split_first() {
        let (length, behind) = read_size(behind)?;
        let (content, behind) = behind.split_at_checked(length)?;
        sections.push(Section { id: *id, content: content.to_vec() });
        rest = behind;
    }
    Some((header.to_vec(), sections))
}

fn join(header: &[u8], sections: &[Section]) -> Vec<u8> {
    let mut bytes = header.to_vec();
    sections.iter().for_each(|section| write(section, &mut bytes));
    bytes
}

fn write(section: &Section, into: &mut Vec<u8>) {
    into.push(section.id);
    size(section.content.len(), into);
    into.extend_from_slice(&section.content);
}

/// LEB128, of 32 bits.
fn size(value: usize, into: &mut Vec<u8>) {
    let mut value = value as u32;
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn read_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[at + 1..]));
        }
    }
    None
}
