//! What was measured: numbers by promised ids, printed as a table and written as one flat JSON object.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// All figures of one run, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    figures: Vec<Figure>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Figure {
    id: Cow<'static, str>,
    value: f64,
    /// The promise; none for a time that a ratio is made of.
    goal: Option<Goal>,
    /// The ids of the times that a ratio is made of.
    of: Option<(&'static str, &'static str)>,
}

#[derive(Debug, Clone, Copy)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Figures {
    /// Adds a duration; the id's ending says the unit.
    pub(crate) fn time(&mut self, id: &'static str, time: Duration, at_most: Option<f64>) {
        let unit = if id.ends_with("_us") { 1e6 } else { 1e3 };
        self.push(id, time.as_secs_f64() * unit, at_most.map(Goal::AtMost), None);
    }

    /// Adds a number of something else.
    pub(crate) fn number(&mut self, id: impl Into<Cow<'static, str>>, number: f64, at_most: Option<f64>) {
        self.push(id, number, at_most.map(Goal::AtMost), None);
    }

    /// Adds a number that is better the larger it is.
    pub(crate) fn at_least(&mut self, id: &'static str, number: f64, at_least: f64) {
        self.push(id, number, Some(Goal::AtLeast(at_least)), None);
    }

    /// Adds the ratio of two durations, and both of them.
    pub(crate) fn ratio(
        &mut self,
        id: &'static str,
        at_most: impl Into<Option<f64>>,
        ours: (&'static str, Duration),
        theirs: (&'static str, Duration),
    ) {
        let goal = at_most.into().map(Goal::AtMost);
        self.push(id, ours.1.as_secs_f64() / theirs.1.as_secs_f64(), goal, Some((ours.0, theirs.0)));
        self.time(ours.0, ours.1, None);
        self.time(theirs.0, theirs.1, None);
    }

    /// Says which two times a figure is made of.
    pub(crate) fn of(&mut self, id: &'static str, ours: &'static str, theirs: &'static str) {
        if let Some(figure) = self.figures.iter_mut().find(|figure| figure.id == id) {
            figure.of = Some((ours, theirs));
        }
    }

    /// Says why a figure is missing.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// One object from ids to numbers.
    pub(crate) fn to_json(&self) -> String {
        let numbers = self.figures.iter().map(|figure| (figure.id.to_string(), rounded(figure.value).into())).collect();
        format!("{:#}\n", serde_json::Value::Object(numbers))
    }

    fn push(
        &mut self,
        id: impl Into<Cow<'static, str>>,
        value: f64,
        goal: Option<Goal>,
        of: Option<(&'static str, &'static str)>,
    ) {
        let id = id.into();
        // A time can stand in two ratios.
        if !self.figures.iter().any(|figure| figure.id == id) {
            self.figures.push(Figure { id, value, goal, of });
        }
    }

    fn value(&self, id: &str) -> f64 {
        self.figures.iter().find(|figure| figure.id == id).map_or(f64::NAN, |figure| figure.value)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<30} {:>9}  {:<9} {:<6} both times", "figure", "measured", "goal", "")?;
        for figure in &self.figures {
            let (is_met, goal) = match figure.goal {
                Some(Goal::AtMost(most)) => (figure.value <= most, format!("≤ {most}")),
                Some(Goal::AtLeast(least)) => (figure.value >= least, format!("≥ {least}")),
                None => continue,
            };
            let verdict = if is_met { "met" } else { "missed" };
            let both = figure.of.map_or(String::new(), |(ours, theirs)| {
                format!("{ours} {:.2}, {theirs} {:.2}", self.value(ours), self.value(theirs))
            });
            writeln!(f, "{:<30} {:>9.3}  {:<9} {:<6} {both}", figure.id, figure.value, goal, verdict)?;
        }
        for note in &self.notes {
            writeln!(f, "not measured: {note}")?;
        }
        Ok(())
    }
}

/// Four digits after the point: more is noise.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
