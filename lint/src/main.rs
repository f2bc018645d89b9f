//! The `memlint` command.

use std::process::ExitCode;

/// Documents are parsed into many small pieces on several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    memlint::run::main()
}
