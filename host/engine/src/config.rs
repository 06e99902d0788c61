//! How Wasmtime is set up, and every limit that isn't a skill's own, with its reason.

use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails};

/// A guest that computes gives way this often. Shorter costs more switches; longer, and its neighbours notice.
pub(crate) const TICK_MS: u64 = 5;
/// A guest that has computed this long moves to the threads that give way to everything else.
pub(crate) const OVERRUN_MS: u64 = 30;
/// How long a guest that was ended may take to give its thread back; then it counts as stuck.
pub(crate) const STUCK_MS: u64 = 1000;
/// Threads that guests are stuck on. Beyond it no skill is called: something is wrong with the machine, and each further
/// one would cost a thread that can't be had back.
pub(crate) const MAX_STUCK: usize = 4;
/// Bytes that a guest hands over in one host call. Wasmtime's default of 128 MiB lets 16 guests take 2 GiB.
pub(crate) const HOSTCALL_BYTES: usize = 8 << 20;
/// Resource handles per component instance; Wasmtime's default is 100,000.
pub(crate) const MAX_HANDLES: usize = 4096;
/// Entries of a call's resource table; Wasmtime's default is 1,000,000.
pub(crate) const MAX_RESOURCES: usize = 4096;
/// Random bytes that one request may ask for; Wasmtime's default is 64 MiB.
pub(crate) const MAX_RANDOM_BYTES: u64 = 1 << 20;
/// Core instances of one store: a component from a compiler has fewer than ten, an interpreter's about twenty.
pub(crate) const MAX_INSTANCES: usize = 50;
/// Linear memories of one store; compilers make one.
pub(crate) const MAX_MEMORIES: usize = 4;
/// Tables of one store; compilers make one or two.
pub(crate) const MAX_TABLES: usize = 16;
/// Bytes that an entry of a table counts for, in the sum that the memory limit bounds.
pub(crate) const TABLE_ENTRY_BYTES: usize = 16;
/// Functions of a guest that a trap tells.
const MAX_FRAMES: usize = 40;
/// Stack of a guest: deep enough for interpreters, and bounded recursion traps.
const WASM_STACK_BYTES: usize = 1 << 20;
/// Stack that host functions have beyond it.
const HOST_STACK_BYTES: usize = 1 << 20;
/// Calls that have a place under pooling: as many as there can be runs side by side, those that are stuck, and some that are
/// being ended. Each could take all that a store may have: with less, a few that do would leave none to the others.
const POOL_CALLS: usize = 64 + MAX_STUCK + 4;

/// Where instances get their memory from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// From the operating system, at each call: no start-up cost, so for programs that make a few calls.
    OnDemand,
    /// From slots that were set aside, where the address space allows: a few milliseconds at start-up, half the cost of
    /// each call.
    Pooling,
}

/// The configuration of Wasmtime that skills run under: what a measurement without the host around it needs too.
pub fn wasmtime_config(allocation: Allocation) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .concurrency_support(false)
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(WASM_STACK_BYTES + HOST_STACK_BYTES)
        // A panic goes through some ten functions before an author's own.
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(MAX_FRAMES))
        // A trap says names of functions, not lines: those come from the guest's DWARF, which is the guest's to write,
        // and reading it recurses as deep as the guest likes. `lines.rs` reads it, in a process of its own.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // Proposals that toolchains for WASI 0.2 don't need. GC, exceptions, function references, threads and
        // async components are not even compiled in.
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        // The same for both strategies, so that they share compiled code.
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .allocation_strategy(match allocation {
            Allocation::OnDemand => InstanceAllocationStrategy::OnDemand,
            Allocation::Pooling => InstanceAllocationStrategy::Pooling(pool()),
        });
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    let of_all = |of_one: usize| u32::try_from(POOL_CALLS * of_one).unwrap_or(u32::MAX);
    pool.total_component_instances(of_all(1))
        .total_core_instances(of_all(MAX_INSTANCES))
        .total_memories(of_all(MAX_MEMORIES))
        .total_tables(of_all(MAX_TABLES))
        .total_stacks(of_all(1))
        .max_memory_size(4 << 30)
        .max_core_instances_per_component(MAX_INSTANCES as u32)
        .max_memories_per_component(MAX_MEMORIES as u32)
        .max_tables_per_component(MAX_TABLES as u32)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(200_000)
        // Pages that a call touched stay for the next one, zeroed by hand: cheaper than giving them back.
        .linear_memory_keep_resident(128 << 10)
        .table_keep_resident(16 << 10)
        .async_stack_keep_resident(32 << 10);
    pool
}
