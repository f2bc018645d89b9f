//! `memlint policy`: looks after policy files.

mod args;
mod check;
mod explain;

pub use args::PolicyCommand;

/// Runs one of its commands.
///
/// # Errors
/// When memlint cannot do its job.
pub(crate) fn run(command: &PolicyCommand) -> anyhow::Result<u8> {
    match command {
        PolicyCommand::Check(args) => check::run(args),
        PolicyCommand::Explain(args) => explain::run(args),
    }
}
