//! Binary components and modules, section by section.

/// Magic, version and layer.
const HEADER_BYTES: usize = 8;
/// The section of what a component doesn't need to run.
pub const CUSTOM: u8 = 0;
/// A component's section with a module in it.
pub const CORE_MODULE: u8 = 1;
/// A component's section with a component in it.
pub const COMPONENT: u8 = 4;

/// One section.
#[derive(Clone)]
pub struct Section {
    /// What kind it is.
    pub id: u8,
    /// What stands in it, without its size.
    pub content: Vec<u8>,
}

impl Section {
    /// A custom section.
    pub fn custom(name: &str, data: &[u8]) -> Self {
        let mut content = Vec::new();
        write_size(name.len(), &mut content);
        content.extend_from_slice(name.as_bytes());
        content.extend_from_slice(data);
        Self { id: CUSTOM, content }
    }

    /// Appends it.
    pub fn write(&self, into: &mut Vec<u8>) {
        into.push(self.id);
        write_size(self.content.len(), into);
        into.extend_from_slice(&self.content);
    }
}

/// The header and the sections; none where the bytes are no list of sections.
pub fn split(bytes: &[u8]) -> Option<(Vec<u8>, Vec<Section>)> {
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

/// The bytes that [`split`] made these of.
pub fn join(header: &[u8], sections: &[Section]) -> Vec<u8> {
    let mut bytes = header.to_vec();
    sections.iter().for_each(|section| section.write(&mut bytes));
    bytes
}

/// LEB128, of 32 bits.
pub fn write_size(value: usize, into: &mut Vec<u8>) {
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
