//! Tries the first wall with small hostile modules of its own, on this machine, with the clocks and limits of every call.

use crate::ambient;
use crate::cache::{self, Cache};
use crate::clock::CpuClock;
use crate::compile::Compiler;
use crate::config::{Allocation, TICK_MS};
use crate::engine::{Engine, Options};
use crate::limiter::Limiter;
use skillhost_core::digest::Digest;
use skillhost_core::measured::Measured;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::{Instance, Module, Store, UpdateDeadline};

/// A core module: a memory of one page, `spin`, which never ends, and `grow`, which asks for as many more pages.
const HOSTILE: &[u8] = &[
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // header
    0x01, 0x09, 0x02, 0x60, 0x00, 0x00, 0x60, 0x01, 0x7f, 0x01, 0x7f, // two types
    0x03, 0x03, 0x02, 0x00, 0x01, // two functions
    0x05, 0x03, 0x01, 0x00, 0x01, // one memory
    0x07, 0x0f, 0x02, 0x04, b's', b'p', b'i', b'n', 0x00, 0x00, 0x04, b'g', b'r', b'o', b'w', 0x00,
    0x01, // exports
    0x0a, 0x10, 0x02, 0x07, 0x00, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b, // loop br 0 end
    0x06, 0x00, 0x20, 0x00, 0x40, 0x00, 0x0b, // memory.grow
];
/// A component with nothing in it.
const EMPTY: &[u8] = &[0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
/// What `spin` may compute for here.
const CPU: Duration = Duration::from_millis(20);
/// What a store may hold here.
const MEMORY_BYTES: u64 = 1 << 20;

struct Tried {
    limiter: Limiter,
    clock: Arc<CpuClock>,
}

/// Tries the clock, the limit on memory, the process that compiles, and the cache. `folder` is a private one, for what
/// the cache keeps.
pub async fn measure(folder: &Path) -> Vec<Measured> {
    let options = Options {
        allocation: Allocation::OnDemand,
        compiler: Compiler::OwnProgram,
        cache_folder: folder.join("cache"),
        key_folder: folder.join("keys"),
    };
    let engine = match Engine::new(options) {
        Ok(engine) => engine,
        Err(error) => return vec![Measured::new("start WebAssembly", false, error.to_string())],
    };
    vec![clock(&engine).await, memory(&engine).await, compiler(&engine, folder).await]
}

async fn start(engine: &Engine) -> wasmtime::Result<(Store<Tried>, Instance)> {
    let module = Module::new(&engine.wasmtime, HOSTILE)?;
    let clock = Arc::new(CpuClock::new(CPU));
    let mut store = Store::new(&engine.wasmtime, Tried { limiter: Limiter::new(MEMORY_BYTES), clock });
    store.limiter(|tried| &mut tried.limiter);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|store| {
        if store.data().clock.may_go_on() { Ok(UpdateDeadline::Yield(1)) } else { Ok(UpdateDeadline::Interrupt) }
    });
    let instance = Instance::new_async(&mut store, &module, &[]).await?;
    Ok((store, instance))
}

async fn clock(engine: &Engine) -> Measured {
    let started = ambient::now();
    let ended = async {
        let (mut store, instance) = start(engine).await?;
        let spin = instance.get_typed_func::<(), ()>(&mut store, "spin")?;
        let _ticking = engine.ticker().map_err(wasmtime::Error::new)?.tick();
        let clock = Arc::clone(&store.data().clock);
        clock.resume();
        let ended = spin.call_async(&mut store, ()).await;
        Ok::<_, wasmtime::Error>(ended.is_err() && clock.expired())
    };
    let took = |ended: bool| {
        let taken = started.elapsed().as_millis();
        let limit = CPU.as_millis();
        Measured::new(
            format!("compute for ever, with {limit} ms to do so"),
            ended,
            format!("it was ended after {taken} ms, by a clock that ticks every {TICK_MS} ms"),
        )
    };
    match ended.await {
        Ok(ended) => took(ended),
        Err(error) => Measured::new("compute for ever", false, format!("{error:#}")),
    }
}

async fn memory(engine: &Engine) -> Measured {
    let tried = format!("take 64 MiB of memory, with {} MiB allowed", MEMORY_BYTES >> 20);
    let grown = async {
        let (mut store, instance) = start(engine).await?;
        let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow")?;
        let answer = grow.call_async(&mut store, 1024).await?;
        Ok::<_, wasmtime::Error>((answer, store.data().limiter.refused()))
    };
    match grown.await {
        Ok((-1, true)) => Measured::new(tried, true, "refused by the limit"),
        Ok((answer, _)) => Measured::new(tried, false, format!("the memory grew ({answer})")),
        Err(error) => Measured::new(tried, false, format!("{error:#}")),
    }
}

/// Compiles in the process for that, keeps the code, and changes a bit of what was kept.
async fn compiler(engine: &Engine, folder: &Path) -> Measured {
    let tried = "compile in a process of its own, then alter what was kept";
    let attempt = async {
        let code = Compiler::OwnProgram.compile(EMPTY).await?;
        cache::deserialize(&engine.wasmtime, &code)?;
        let cache = Cache::open(&folder.join("cache"), &folder.join("keys"))?;
        let digest = Digest::of(EMPTY);
        cache.store(&engine.wasmtime, &digest, &code);
        Ok::<_, crate::error::LoadError>(cache.counts(&engine.wasmtime, &digest))
    };
    match attempt.await {
        Ok(Some((true, false))) => Measured::new(tried, true, "compiled and kept; an altered entry doesn't count"),
        Ok(Some((true, true))) => Measured::new(tried, false, "an altered entry counts"),
        Ok(_) => Measured::new(tried, false, "the cache doesn't give back what it was given"),
        Err(error) => Measured::new(tried, false, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::wasmtime_config;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_hostile_module_is_what_it_says() {
        Module::validate(&wasmtime::Engine::new(&wasmtime_config(Allocation::OnDemand)).unwrap(), HOSTILE).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            allocation: Allocation::OnDemand,
            compiler: Compiler::OwnProgram,
            cache_folder: folder.path().join("cache"),
            key_folder: folder.path().join("keys"),
        };
        let engine = Engine::new(options).unwrap();
        let measured = [clock(&engine).await, memory(&engine).await];
        assert!(measured.iter().all(|measured| measured.holds), "{measured:#?}");
    }
}
