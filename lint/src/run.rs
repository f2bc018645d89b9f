//! From the command line to the exit code.

use std::process::ExitCode;

use anstream::ColorChoice;
use clap::{CommandFactory as _, Parser as _};

use crate::choices::Color;
use crate::cli::{Cli, Command};
use crate::exit::{self, CLEAN};
use crate::{audit, capacity, fit, linting, oom, output, policy, review, rules};

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    set_colors(cli.color);
    let result = match cli.command {
        None => linting::command::run(&cli.lint),
        Some(Command::Fit(args)) => fit::command::run(&args),
        Some(Command::Explain(args)) => rules::explain(&args),
        Some(Command::Rules(args)) => rules::list(&args),
        Some(Command::Oom(args)) => oom::run(&args),
        Some(Command::Capacity { command }) => capacity::run(&command),
        Some(Command::Policy { command }) => policy::run(&command),
        Some(Command::Review(args)) => review::command::run(&args),
        Some(Command::Audit(args)) => audit::command::run(&args),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "memlint", &mut script);
            output::print(&String::from_utf8_lossy(&script)).map(|()| CLEAN)
        }
    };
    ExitCode::from(result.unwrap_or_else(|error| exit::fail(&error)))
}

/// Sets when to colour, for every stream.
fn set_colors(color: Color) {
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    choice.write_global();
}
