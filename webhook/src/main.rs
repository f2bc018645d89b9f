//! The `memlint-webhook` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    memlint_webhook::run::main()
}
