//! A global allocator that counts. Per thread, because the test harness allocates on its own threads.
#![allow(unsafe_code, reason = "a counting global allocator cannot be written without; it only counts and forwards")]
#![allow(unreachable_pub, reason = "each program includes it as a module of its own")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<usize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is forwarded to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        HELD.set(HELD.get().wrapping_add(layout.size()));
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often memory was allocated so far by this thread.
#[allow(dead_code, reason = "not each program that includes this asks")]
pub fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Octets that this thread has allocated and not given back, as long as no thread gives back another's.
#[allow(dead_code, reason = "not each program that includes this asks")]
pub fn held() -> usize {
    HELD.get()
}

/// The largest request of this thread, in octets, since this was last asked; what grows asks for its new size.
#[allow(dead_code, reason = "not each program that includes this asks")]
pub fn take_largest() -> usize {
    LARGEST.replace(0)
}
