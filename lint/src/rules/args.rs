//! The arguments of `memlint explain` and `memlint rules`.

use clap::Args;

use crate::choices::Format;

/// The arguments of `memlint explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule's name, such as missing-memory-limit
    pub rule: String,
}

/// The arguments of `memlint rules`.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
