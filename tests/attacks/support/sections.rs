//! Binary components, section by section.

const CORE_MODULE: u8 = 1;

/// The component with its largest core module changed.
pub(crate) fn change_core(component: &[u8], change: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let sections = split(component);
    let modules = sections.iter().filter(|(id, _)| *id == CORE_MODULE).map(|(_, content)| *content);
    let largest = modules.max_by_key(|content| content.len()).unwrap();
    let changed = change(largest);
    let mut out = component[..8].to_vec();
    for (id, content) in sections {
        out.extend(section(id, if std::ptr::eq(content, largest) { &changed } else { content }));
    }
    out
}

/// The component with another module for its first one.
pub(crate) fn with_first_core(component: &[u8], module: &[u8]) -> Vec<u8> {
    let sections = split(component);
    let first = sections.iter().position(|(id, _)| *id == CORE_MODULE).unwrap();
    let mut out = component[..8].to_vec();
    for (n, (id, content)) in sections.into_iter().enumerate() {
        out.extend(section(id, if n == first { module } else { content }));
    }
    out
}

/// The component's largest core module.
pub(crate) fn core(component: &[u8]) -> &[u8] {
    let modules = split(component).into_iter().filter(|(id, _)| *id == CORE_MODULE).map(|(_, content)| content);
    modules.max_by_key(|content| content.len()).unwrap()
}

/// A custom section.
pub(crate) fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    section(0, &[&leb(name.len()), name.as_bytes(), data].concat())
}

pub(crate) fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &leb(content.len())[..], content].concat()
}

fn split(component: &[u8]) -> Vec<(u8, &[u8])> {
    let mut sections = Vec::new();
    let mut at = 8;
    while at < component.len() {
        let (len, start) = read_leb(component, at + 1);
        sections.push((component[at], &component[start..start + len]));
        at = start + len;
    }
    sections
}

fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The number at `at`, and where it ends.
fn read_leb(bytes: &[u8], at: usize) -> (usize, usize) {
    let (mut number, mut end) = (0, at);
    loop {
        number |= usize::from(bytes[end] & 0x7f) << (7 * (end - at));
        end += 1;
        if bytes[end - 1] & 0x80 == 0 {
            return (number, end);
        }
    }
}
