//! The `highwater` program.

use std::process::ExitCode;

/// Decoding and counting allocate much and briefly, on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    highwater::cli::main()
}
