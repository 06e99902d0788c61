//! Loading: from a component's bytes to something that can be called.

use crate::ambient;
use crate::cache::{self, Cache};
use crate::clock::Ticker;
use crate::compile::{CompileLimits, Compiler};
use crate::config::{Allocation, wasmtime_config};
use crate::error::{LoadError, Outdated};
use crate::http;
use crate::inspect::{Inspection, inspect_digested};
use crate::schedule::Scheduler;
use crate::schema::{self, Schema};
use crate::sockets;
use crate::state::{CallState, linker};
use crate::versions::{Contract, Exports, SUPPORTED};
use skillhost_core::digest::{Digest, Digested};
use skillhost_core::text::escape_terminal;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use wasmtime::component::{Component, InstancePre, Linker};

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where instances get their memory from.
    pub allocation: Allocation,
    /// What compiles components.
    pub compiler: Compiler,
    /// Folder of compiled components; nothing that a repository or a skill can reach.
    pub cache_folder: PathBuf,
    /// Folder of the cache's key; never a part of what is saved with the cache.
    pub key_folder: PathBuf,
}

/// Loads and calls skills; one for each process.
pub struct Engine {
    pub(crate) wasmtime: wasmtime::Engine,
    linker: OnceLock<Linker<CallState>>,
    ticker: OnceLock<Ticker>,
    pub(crate) scheduler: Scheduler,
    options: Options,
    /// Whether what was compiled is kept for the next time.
    has_cache: bool,
    /// The versions of the contract that it understands, oldest first.
    contracts: &'static [Contract],
    compile_limits: CompileLimits,
    loaded: Mutex<HashMap<Digest, Arc<Skill>>>,
}

/// A skill that can be called.
pub struct Skill {
    inspection: Inspection,
    pub(crate) pre: InstancePre<CallState>,
    pub(crate) exports: Box<dyn Exports>,
    /// Of the manifest's tools, in its order.
    pub(crate) tools: Vec<ToolSchemas>,
    /// Whether its last call computed for too long; the next one starts on the slow threads.
    pub(crate) overran: AtomicBool,
}

/// What a tool takes and gives.
pub(crate) struct ToolSchemas {
    pub(crate) parameters: Schema,
    pub(crate) returns: Option<Schema>,
}

impl Skill {
    /// What was read from its bytes.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }
}

impl Engine {
    /// Sets an engine up. Everything that a first call may not need waits until one needs it.
    ///
    /// # Errors
    /// Where Wasmtime can't work on this machine.
    pub fn new(mut options: Options) -> Result<Self, LoadError> {
        let make = |allocation| wasmtime::Engine::new(&wasmtime_config(allocation));
        let wasmtime = match make(options.allocation) {
            // The slots are more than a terabyte of address space, which a limit or a small machine may not have.
            Err(e) if options.allocation == Allocation::Pooling => {
                tracing::info!(error = %e, "no pooling: memory is taken at each call");
                options.allocation = Allocation::OnDemand;
                make(options.allocation)
            }
            made => made,
        };
        let wasmtime = wasmtime.map_err(|e| LoadError::Engine(format!("{e:#}")))?;
        Ok(Self {
            wasmtime,
            linker: OnceLock::new(),
            ticker: OnceLock::new(),
            scheduler: Scheduler::new(),
            options,
            has_cache: true,
            contracts: &SUPPORTED,
            compile_limits: CompileLimits::default(),
            loaded: Mutex::new(HashMap::new()),
        })
    }

    /// Makes what every skill is linked with, where a thread has the time for it before the first one is loaded.
    ///
    /// # Errors
    /// Where Wasmtime doesn't take it.
    pub fn prepare(&self) -> Result<(), LoadError> {
        self.linker().map(drop)
    }

    /// The same without the cache on disk, where there is no folder for one.
    #[must_use]
    pub fn without_cache(self) -> Self {
        Self { has_cache: false, ..self }
    }

    /// The same with other limits on compiling.
    #[must_use]
    pub fn with_compile_limits(self, compile_limits: CompileLimits) -> Self {
        Self { compile_limits, ..self }
    }

    /// The same with other versions of the contract.
    #[cfg(test)]
    pub(crate) fn with_contracts(self, contracts: &'static [Contract]) -> Self {
        Self { contracts, ..self }
    }

    /// Where instances get their memory from, on this machine.
    pub fn allocation(&self) -> Allocation {
        self.options.allocation
    }

    /// Threads that calls are stuck on: the kernel keeps them.
    pub fn stuck(&self) -> usize {
        self.scheduler.stuck()
    }

    /// Loads a component, compiling it where the cache has no intact copy.
    ///
    /// # Errors
    /// Where the bytes are no acceptable component, see [`LoadError`].
    pub async fn load(&self, component: &[u8]) -> Result<Arc<Skill>, LoadError> {
        self.load_digested(&Digested::new(component)).await
    }

    /// As [`Engine::load`], where the digest of the bytes was taken before.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub async fn load_digested<B: AsRef<[u8]>>(&self, component: &Digested<B>) -> Result<Arc<Skill>, LoadError> {
        let (component, digest) = (component.bytes(), *component.digest());
        if let Some(skill) = self.loaded.lock().ok().and_then(|loaded| loaded.get(&digest).cloned()) {
            return Ok(skill);
        }
        let inspection = inspect_digested(component, digest, self.contracts)?;
        if !inspection.manifest.tools.is_empty() {
            // Beside what follows here, since the first call would wait for it.
            drop(tokio::task::spawn_blocking(schema::warm_up));
        }
        let code = self.code(component, &digest, &inspection).await?;
        let skill = Arc::new(self.link(inspection, &code)?);
        if let Ok(mut loaded) = self.loaded.lock() {
            loaded.insert(digest, Arc::clone(&skill));
        }
        Ok(skill)
    }

    /// As [`Engine::load_digested`], where the bytes must have the digest `expected`.
    ///
    /// # Errors
    /// Where they have another, and as [`Engine::load`].
    pub async fn load_pinned<B: AsRef<[u8]>>(
        &self,
        component: &Digested<B>,
        expected: &Digest,
    ) -> Result<Arc<Skill>, LoadError> {
        match *component.digest() {
            found if found != *expected => Err(LoadError::Digest { expected: *expected, found }),
            _ => self.load_digested(component).await,
        }
    }

    /// As [`Engine::load`], compiling in this process, and keeping nothing: for the fuzz targets.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn load_here(&self, component: &[u8]) -> Result<Arc<Skill>, LoadError> {
        let inspection = inspect_digested(component, Digest::of(component), self.contracts)?;
        judge_tools(&inspection)?;
        let code = crate::compile::compile_here(component).map_err(LoadError::Invalid)?;
        Ok(Arc::new(self.link(inspection, &cache::deserialize(&self.wasmtime, &code)?)?))
    }

    async fn code(&self, component: &[u8], digest: &Digest, inspection: &Inspection) -> Result<Component, LoadError> {
        let open = || Cache::open(&self.options.cache_folder, &self.options.key_folder);
        let cache = self.has_cache.then(open).transpose()?;
        if let Some(code) = cache.as_ref().and_then(|cache| cache.load(&self.wasmtime, digest)) {
            return Ok(code);
        }
        judge_tools(inspection)?;
        let code = self.options.compiler.compile(component, self.compile_limits).await?;
        if let Some(cache) = cache {
            cache.store(&self.wasmtime, digest, &code);
        }
        cache::deserialize(&self.wasmtime, &code)
    }

    fn link(&self, inspection: Inspection, code: &Component) -> Result<Skill, LoadError> {
        let mut linker = std::borrow::Cow::Borrowed(self.linker()?);
        if inspection.imports.iter().any(|name| sockets::is_socket(name)) {
            sockets::define(linker.to_mut(), &self.wasmtime, code).map_err(invalid)?;
        }
        if inspection.imports.iter().any(|name| http::is_http(name)) {
            http::define(linker.to_mut()).map_err(invalid)?;
        }
        let contract = self.contracts.iter().find(|contract| contract.serves(&inspection.contract));
        let contract = contract.ok_or_else(|| LoadError::Engine("no adapter for its contract".to_owned()))?;
        let pre = linker.instantiate_pre(code).map_err(|e| unlinked(&inspection, contract, &e))?;
        let exports = (contract.find)(&pre, &inspection)?;
        let tools = inspection.manifest.tools.iter().map(|tool| ToolSchemas {
            parameters: Schema::new(&tool.parameters),
            returns: tool.returns.as_ref().map(Schema::new),
        });
        let tools = tools.collect();
        Ok(Skill { inspection, pre, exports, tools, overran: AtomicBool::new(false) })
    }

    fn linker(&self) -> Result<&Linker<CallState>, LoadError> {
        if let Some(linker) = self.linker.get() {
            return Ok(linker);
        }
        let made = linker(&self.wasmtime, self.contracts).map_err(invalid)?;
        Ok(self.linker.get_or_init(|| made))
    }

    /// The program that does hidden jobs.
    pub(crate) fn job_program(&self) -> std::io::Result<PathBuf> {
        self.options.compiler.program()
    }

    pub(crate) fn ticker(&self) -> std::io::Result<&Ticker> {
        if let Some(ticker) = self.ticker.get() {
            return Ok(ticker);
        }
        let ticker = Ticker::start(&self.wasmtime)?;
        Ok(self.ticker.get_or_init(|| ticker))
    }
}

fn invalid(error: wasmtime::Error) -> LoadError {
    LoadError::Invalid(format!("{error:#}"))
}

/// Why a component doesn't link. One for a newer patch of its contract may import what came with that.
fn unlinked(inspection: &Inspection, contract: &Contract, error: &wasmtime::Error) -> LoadError {
    let text = escape_terminal(&format!("{error:#}"), 500).to_string();
    if inspection.contract > contract.version && text.contains("skillhost:skill/") {
        let (wanted, known) = (inspection.contract.to_string(), vec![contract.version.to_string()]);
        return LoadError::Contract { wanted, known, how: Outdated::Host };
    }
    LoadError::Link(text)
}

/// Whether every tool can be called with what it declares. What was compiled once was judged then, manifest included.
fn judge_tools(inspection: &Inspection) -> Result<(), LoadError> {
    for tool in &inspection.manifest.tools {
        for schema in [Some(&tool.parameters), tool.returns.as_ref()].into_iter().flatten() {
            schema::judge(schema).map_err(|reason| LoadError::Tool { name: tool.name.clone(), reason })?;
        }
    }
    Ok(())
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.options).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Skill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Skill").field("inspection", &self.inspection).finish_non_exhaustive()
    }
}

/// The moment from which a call's wall clock runs.
pub(crate) fn now() -> std::time::Instant {
    ambient::now()
}
