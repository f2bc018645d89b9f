//! The `memlint-webhook` command.

use std::process::ExitCode;

/// A third of a verdict's time went into glibc's allocator, which also keeps the memory of the first lists.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    memlint_webhook::run::main()
}
