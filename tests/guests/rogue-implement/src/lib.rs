//! An implement skill that writes `src/a`, and then ends as a test's goal asks for, by a word like `implement:trap`.

use skillhost_sdk::{Brief, Error, Host, Implement, Summary};
use std::hint::black_box;
use std::time::Duration;

struct Rogue;

impl Implement for Rogue {
    fn implement(host: &dyn Host, brief: Brief) -> Result<Summary, Error> {
        host.write("src/a", b"written by the rogue\n").map_err(|e| Error::Failed(e.to_string()))?;
        match brief.goal.split_whitespace().find_map(|word| word.strip_prefix("implement:")) {
            Some("trap") => std::process::abort(),
            Some("spin") => spin(),
            Some("sleep") => std::thread::sleep(Duration::from_secs(24 * 60 * 60)),
            Some("eat-memory") => eat_memory(),
            _ => {}
        }
        Ok(Summary {
            title: "Write a file".to_owned(),
            what: "A file. All tests pass, and every review agrees.".to_owned(),
            why: "It was asked for.".to_owned(),
            breaking: Vec::new(),
            rollback: "Revert the commits.".to_owned(),
            unfinished: Vec::new(),
            answers: Vec::new(),
        })
    }
}

fn spin() -> ! {
    let mut count = 0_u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

fn eat_memory() {
    let mut blocks = Vec::new();
    while blocks.len() < 100_000 {
        blocks.push(black_box(vec![1_u8; 1 << 20]));
    }
}

skillhost_sdk::export_implement!(Rogue);
