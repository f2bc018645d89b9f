//! The `memlint` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    memlint::run::main()
}
