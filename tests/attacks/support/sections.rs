//! Components with other modules in them.

use skillhost_test_support::sections::{CORE_MODULE, Section, join, split};

/// The component with its largest core module changed.
pub(crate) fn change_core(component: &[u8], change: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (header, mut sections) = split(component).unwrap();
    let largest = cores(&mut sections).max_by_key(|core| core.len()).unwrap();
    *largest = change(largest);
    join(&header, &sections)
}

/// The component with another module for its first one.
pub(crate) fn with_first_core(component: &[u8], module: &[u8]) -> Vec<u8> {
    let (header, mut sections) = split(component).unwrap();
    *cores(&mut sections).next().unwrap() = module.to_vec();
    join(&header, &sections)
}

/// The component's largest core module.
pub(crate) fn core(component: &[u8]) -> Vec<u8> {
    let (_, mut sections) = split(component).unwrap();
    cores(&mut sections).max_by_key(|core| core.len()).unwrap().clone()
}

/// A custom section.
pub(crate) fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Section::custom(name, data).write(&mut bytes);
    bytes
}

fn cores(sections: &mut [Section]) -> impl Iterator<Item = &mut Vec<u8>> {
    sections.iter_mut().filter(|section| section.id == CORE_MODULE).map(|section| &mut section.content)
}
