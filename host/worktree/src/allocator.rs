//! How much memory libgit2 takes.
//!
//! An object's header says how large it is, and nothing of what has to be unfolded on the way to it: in a pack, a small
//! object can be a difference to one of many gigabytes, or the last of a hundred thousand differences to a large one.
//! Libgit2 has no limit for that, but it can be given the functions that it allocates with. These refuse what is larger
//! than anything that is read here, and, while one object is read, more than that may cost altogether.

#![allow(unsafe_code, reason = "libgit2 takes its allocator as C functions; git2 has no way to give it one")]

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Once;

/// Most that is allocated at once: twice the largest file of a commit that is written.
pub(crate) const MAX_ALLOCATION_BYTES: usize = 512 << 20;

/// What a thread may still allocate.
#[derive(Clone, Copy)]
enum Left {
    Anything,
    Bytes(usize),
    /// It asked for more, and gets nothing until its work ends.
    Over(Excess),
}

/// What was too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// One allocation, over [`MAX_ALLOCATION_BYTES`].
    AtOnce,
    /// All of them together.
    Altogether,
}

thread_local! {
    static LEFT: Cell<Left> = const { Cell::new(Left::Anything) };
}

/// Does work that allocates at most so many bytes in libgit2, in this thread, and tells how many it did; what is freed
/// meanwhile counts as well, since it took time.
///
/// # Errors
/// Where it wanted more.
pub(crate) fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> Result<(T, usize), Excess> {
    struct Unlimited;
    impl Drop for Unlimited {
        fn drop(&mut self) {
            LEFT.set(Left::Anything);
        }
    }
    let unlimited = Unlimited;
    LEFT.set(Left::Bytes(bytes));
    let done = work();
    let left = LEFT.get();
    drop(unlimited);
    match left {
        Left::Over(excess) => Err(excess),
        Left::Bytes(left) => Ok((done, bytes - left)),
        Left::Anything => Ok((done, 0)),
    }
}

/// Gives libgit2 these functions; before anything else of it is called.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut allocator = Allocator { allocate, resize, free };
        // SAFETY: the structure has libgit2's layout (`git_allocator`, unchanged since 1.7), and is copied by it before
        // this returns. The functions are C's own, so what was allocated by libgit2's usual ones can be freed by them.
        unsafe {
            libgit2_sys::git_libgit2_opts(libgit2_sys::GIT_OPT_SET_ALLOCATOR as c_int, &raw mut allocator);
        }
    });
}

#[repr(C)]
struct Allocator {
    allocate: extern "C" fn(usize, *const c_char, c_int) -> *mut c_void,
    resize: extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void,
    free: extern "C" fn(*mut c_void),
}

fn may_take(bytes: usize) -> bool {
    let after = match LEFT.get() {
        // Without a limit, only this allocation is refused.
        Left::Anything => return bytes <= MAX_ALLOCATION_BYTES,
        Left::Bytes(_) if bytes > MAX_ALLOCATION_BYTES => Left::Over(Excess::AtOnce),
        Left::Bytes(left) => left.checked_sub(bytes).map_or(Left::Over(Excess::Altogether), Left::Bytes),
        over @ Left::Over(_) => over,
    };
    LEFT.set(after);
    matches!(after, Left::Bytes(_))
}

extern "C" fn allocate(bytes: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    if !may_take(bytes) {
        return ptr::null_mut();
    }
    // SAFETY: any size may be asked for.
    unsafe { libc::malloc(bytes.max(1)) }
}

extern "C" fn resize(old: *mut c_void, bytes: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    if !may_take(bytes) {
        return ptr::null_mut();
    }
    // SAFETY: libgit2 gives back what one of these functions gave it, or null.
    unsafe { libc::realloc(old, bytes.max(1)) }
}

extern "C" fn free(old: *mut c_void) {
    // SAFETY: as above.
    unsafe { libc::free(old) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_06_what_is_asked_for_is_bounded_at_once_and_altogether() {
        let take = |bytes| {
            let taken = allocate(bytes, ptr::null(), 0);
            free(taken);
            !taken.is_null()
        };
        assert!(take(MAX_ALLOCATION_BYTES) && !take(MAX_ALLOCATION_BYTES + 1) && take(1));
        assert_eq!(within(100, || take(60) && take(30)), Ok((true, 90)));
        assert_eq!(within(100, || (take(60), take(41), take(1))), Err(Excess::Altogether));
        let all = usize::MAX / 2;
        assert_eq!(within(all, || (take(MAX_ALLOCATION_BYTES + 1), take(1))), Err(Excess::AtOnce));
        assert!(take(101));
    }
}
