//! What a review sees without a model.

use crate::figures::Figures;
use anyhow::Result;
use skillhost_sdk::checks;

#[expect(clippy::unnecessary_wraps, reason = "a group like the others")]
pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    figures.number("review.checks", checks::names().len() as f64, None);
    Ok(())
}
