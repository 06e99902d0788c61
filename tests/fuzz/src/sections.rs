//! Mutation of components by their sections: what is changed stays framed, so that it gets past the first bytes.
//!
//! A component is a list of sections, some of which hold whole modules and components again. One of them is chosen, as
//! deep as chance leads, and dropped, doubled, moved, cut, filled with other bytes, or given a size that lies.

use skillhost_core::manifest;
use skillhost_test_support::random::Random;
use skillhost_test_support::sections::{COMPONENT, CORE_MODULE, CUSTOM, Section, join, split, write_size};

/// A component or module like this one; none where the bytes are no list of sections.
pub(crate) fn mutate(bytes: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let (header, mut sections) = split(bytes)?;
    let is_component = header[6] == 1;
    let at = random.below(sections.len());
    let other = random.below(sections.len());
    let section = sections.get(at)?.clone();
    if is_component && [CORE_MODULE, COMPONENT].contains(&section.id) && random.below(4) != 0 {
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
            write_size(section.content.len().wrapping_add(random.below(64)).wrapping_sub(32), &mut whole);
            whole.extend_from_slice(&section.content);
            sections[at + 1..].iter().for_each(|section| section.write(&mut whole));
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
        tool.seed(random.number()).fuel(300).preserve_semantics(random.below(2) == 0);
        return tool.run(bytes).ok()?.next()?.ok();
    }
    mutate(bytes, random)
}

fn scribble(content: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(content.len());
        if let Some(byte) = content.get_mut(at) {
            *byte = if random.below(2) == 0 { *byte ^ (1 << random.below(8)) } else { random.byte() };
        }
    }
}

/// A custom section that says what it is not.
fn lie(random: &mut Random) -> Section {
    let name =
        random.one_of(&[manifest::SECTION, "name", "component-name", "producers", ".debug_info", "dylink.0", ""]);
    let name = name.unwrap_or_default();
    let mut content = Vec::new();
    write_size(if random.below(4) == 0 { usize::MAX >> random.below(40) } else { name.len() }, &mut content);
    content.extend_from_slice(name.as_bytes());
    content.extend((0..random.below(64)).map(|_| random.byte()));
    Section { id: CUSTOM, content }
}
