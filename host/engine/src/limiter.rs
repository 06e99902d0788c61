//! Bounds memory and tables over the whole store: Wasmtime's own limiter bounds each memory apart.

use crate::config::{MAX_INSTANCES, MAX_MEMORIES, MAX_TABLES, TABLE_ENTRY_BYTES};
use wasmtime::ResourceLimiter;

/// Counts what a store holds. A growth that is refused is remembered, so that the trap which follows can be named.
pub(crate) struct Limiter {
    limit_bytes: usize,
    used_bytes: usize,
    refused: bool,
}

impl Limiter {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        Self { limit_bytes: usize::try_from(limit_bytes).unwrap_or(usize::MAX), used_bytes: 0, refused: false }
    }

    /// Whether the guest's last wish was for more than its limit: a trap that follows is for that reason.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn grow(&mut self, by_bytes: usize) -> bool {
        match self.used_bytes.checked_add(by_bytes) {
            Some(sum) if sum <= self.limit_bytes => {
                self.used_bytes = sum;
                self.refused = false;
                true
            }
            _ => {
                self.refused = true;
                false
            }
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Beyond the memory's own maximum it fails anyway, and must not count.
        Ok(maximum.is_none_or(|most| desired <= most) && self.grow(desired.saturating_sub(current)))
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let by_bytes = desired.saturating_sub(current).saturating_mul(TABLE_ENTRY_BYTES);
        Ok(maximum.is_none_or(|most| desired <= most) && self.grow(by_bytes))
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn d_03_the_sum_over_all_memories_and_tables_is_limited() {
        let mut limiter = Limiter::new(1 << 20);
        assert!(limiter.memory_growing(0, 600 << 10, None).unwrap());
        assert!(!limiter.refused());
        assert!(!limiter.memory_growing(0, 600 << 10, None).unwrap());
        assert!(limiter.refused());
        assert!(limiter.table_growing(0, 1000, None).unwrap());
        assert!(!limiter.refused(), "it went on with less");
        assert!(!limiter.table_growing(1000, usize::MAX, None).unwrap());
        assert!(limiter.memory_growing(600 << 10, 700 << 10, None).unwrap());
        assert!(!limiter.memory_growing(0, 2, Some(1)).unwrap());
    }
}
