//! A component's debug information is the component's to write: nothing in the host may depend on it.

use crate::support::sections::{self, custom};
use crate::support::{Lab, block_on, component, ended};
use skillhost_core::capability::Capabilities;
use skillhost_engine::CallError;
use skillhost_engine::ports::Ports;

/// Calls that were inlined into each other: a reader that recurses needs more stack for them than any thread has.
const DEPTH: usize = 200_000;

#[test]
fn debug_information_without_end_ends_only_what_reads_it() {
    block_on(async {
        let lab = Lab::new();
        let hostile = with_debug_information(&component("probe"));
        let skill = lab.offer(&hostile).await.unwrap();
        let call = lab.call(&skill, &Capabilities::default(), Ports::default());
        let trapped = call.tool(&lab.engine, "misbehave", &serde_json::json!({ "how": "trap" })).await.unwrap_err();
        let CallError::Trap(mut trap) = trapped.error else { panic!("{trapped:?}") };
        assert!(trap.cause().starts_with("wasm trap") && trap.frames().len() > 2, "{trap:?}");
        // Where somebody asks for it, it is read by a process that it ends.
        assert!(skillhost_engine::has_lines(&hostile));
        lab.engine.add_lines(&mut trap, &hostile).await;
        assert!(trap.frames().iter().all(|frame| frame.places.is_empty()), "{trap:?}");
        lab.held([ended("trapped")]).await;
    });
}

/// The component, its largest core module with debug information for all of its code.
fn with_debug_information(component: &[u8]) -> Vec<u8> {
    sections::change_core(component, |module| {
        [
            module,
            &custom(".debug_line", &[]),
            &custom(".debug_abbrev", &abbreviations()),
            &custom(".debug_info", &information()),
        ]
        .concat()
    })
}

/// DWARF 4: a unit (1), a function (2) and an inlined call (3); each has children, an address and a length.
fn abbreviations() -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, tag) in [(1, 0x11), (2, 0x2e), (3, 0x1d)] {
        bytes.extend([code, tag, 1, 0x11, 0x01, 0x12, 0x06, 0, 0]);
    }
    bytes.push(0);
    bytes
}

fn information() -> Vec<u8> {
    // Version, offset of the abbreviations, size of an address.
    let mut unit = vec![4, 0, 0, 0, 0, 0, 4];
    for code in [1, 2].into_iter().chain(std::iter::repeat_n(3, DEPTH)) {
        unit.push(code);
        unit.extend(0_u32.to_le_bytes());
        unit.extend(0x00ff_ffff_u32.to_le_bytes());
    }
    unit.extend(std::iter::repeat_n(0, DEPTH + 2));
    [&u32::try_from(unit.len()).unwrap().to_le_bytes()[..], &unit].concat()
}
