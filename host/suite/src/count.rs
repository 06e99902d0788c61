//! How many tests a command ran and skipped, read from what it printed.
//!
//! A count is a hint: whoever writes the tests also writes the output, so a number here can lower trust in a gate
//! (no test ran, fewer than before) and never raise it. Skipped tests did not run. Unknown output has no count.

mod runners;

/// Output is looked at from its end: summaries stand there.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// No summary is longer.
const MAX_LINE_BYTES: usize = 400;

/// What a command's output tells of its tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests that ran, passed or failed.
    pub ran: u32,
    /// Tests that are there and did not run.
    pub skipped: u32,
}

impl Counts {
    fn ran(ran: u32) -> Self {
        Self { ran, skipped: 0 }
    }

    fn add(&mut self, other: Counts) {
        self.ran = self.ran.saturating_add(other.ran);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }
}

/// The tests that ran and those that did not, where the output of a known runner tells it.
///
/// Knows cargo test and nextest, pytest, unittest, node's test runner, TAP, prove, mocha, jest, vitest, ava,
/// playwright, go test, bun, deno, jasmine, rspec, minitest, ExUnit, phpunit, maven, gradle, ScalaTest, dotnet,
/// GoogleTest, CTest and dart. The counts of several runners, or of several runs, add up.
pub fn count_tests(output: &[u8]) -> Option<Counts> {
    let mut count = Count::default();
    for_each_line(output, |line| count.read(line));
    count.total()
}

/// The lines of an output's end, without their colours; those that no runner would print are empty.
pub fn for_each_line(output: &[u8], mut read: impl FnMut(&str)) {
    let output = String::from_utf8_lossy(&output[output.len().saturating_sub(MAX_BYTES)..]);
    for line in output.lines() {
        let line = line.get(..MAX_LINE_BYTES).unwrap_or(if line.len() > MAX_LINE_BYTES { "" } else { line });
        read(&strip_colours(line));
    }
}

/// What the lines so far told.
#[derive(Default)]
struct Count {
    summed: Option<Counts>,
    /// `# pass 3`, `# fail 1`, `# tests 4`: node and tape print them on lines of their own.
    footer: Footer,
    /// Points of plain TAP, which count only where there is no footer.
    points: Option<Counts>,
    /// The tests of unittest, whose skipped ones come on a later line.
    unittest: Option<u32>,
    /// Skipped tests that stand on lines of their own, which other programs print, too: they alone are no count.
    apart: u32,
    /// Tests ran that nobody counted: go names a package's result only.
    uncounted: bool,
}

#[derive(Default)]
struct Footer {
    tests: Option<u32>,
    ran: Option<u32>,
    skipped: u32,
}

impl Count {
    fn read(&mut self, line: &str) {
        let trimmed = line.trim();
        self.uncounted |= line.starts_with("ok  \t") && !trimmed.ends_with("[no tests to run]");
        if let Some(counts) = runners::summary(trimmed) {
            self.add(counts);
        } else if let Some(skipped) = runners::skipped(trimmed) {
            self.apart = self.apart.saturating_add(skipped);
        } else if let Some(number) =
            trimmed.strip_prefix("Ran ").and_then(|rest| runners::before(rest, &["test in", "tests in"]))
        {
            self.flush_unittest();
            self.unittest = Some(number);
        } else if let (Some(ran), Some(skipped)) = (self.unittest, runners::skipped_by_unittest(trimmed)) {
            self.unittest = None;
            self.add(Counts { ran: ran.saturating_sub(skipped), skipped });
        } else if let Some((word, number)) = runners::footer(trimmed) {
            match word {
                // A second footer begins.
                "tests" => {
                    self.flush_footer();
                    self.footer.tests = Some(number);
                }
                "pass" | "fail" | "cancelled" => {
                    self.footer.ran = Some(self.footer.ran.unwrap_or(0).saturating_add(number));
                }
                "skipped" | "skip" | "todo" => self.footer.skipped = self.footer.skipped.saturating_add(number),
                _ => {}
            }
        } else if let Some(ran) = runners::point(line) {
            self.points.get_or_insert_default().add(Counts { ran: u32::from(ran), skipped: u32::from(!ran) });
        } else if line == "1..0" || line.starts_with("1..0 #") {
            self.points.get_or_insert_default();
        }
    }

    fn add(&mut self, counts: Counts) {
        self.summed.get_or_insert_default().add(counts);
    }

    fn flush_footer(&mut self) {
        let footer = std::mem::take(&mut self.footer);
        if let Some(ran) = footer.ran.or(footer.tests) {
            self.add(Counts { ran, skipped: footer.skipped });
            self.points = None;
        }
    }

    fn flush_unittest(&mut self) {
        if let Some(number) = self.unittest.take() {
            self.add(Counts::ran(number));
        }
    }

    fn total(mut self) -> Option<Counts> {
        self.flush_footer();
        self.flush_unittest();
        let mut total = self.summed.or(self.points).filter(|counts| counts.ran > 0 || !self.uncounted)?;
        total.add(Counts { ran: 0, skipped: self.apart });
        Some(total)
    }
}

/// A line without the sequences that colour it.
fn strip_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if chars.next() == Some('[') {
            // Up to the letter that ends the sequence.
            for c in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests;
