//! Asks for memory before it is needed. A hint and nothing else: results never depend on it.

pub const CACHE_LINE: usize = 64;

/// Starts to fetch the cache line at `target`.
#[inline(always)]
pub fn prefetch<T>(target: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing architecturally; any address is allowed.
    unsafe {
        core::arch::x86_64::_mm_prefetch(target.cast::<i8>(), core::arch::x86_64::_MM_HINT_T0);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = target;
}
