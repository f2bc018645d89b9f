//! From the command line to the exit code.

use std::process::ExitCode;

use anstream::ColorChoice;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _};

use crate::choices::Color;
use crate::cli::{Cli, Command};
use crate::exit::{self, CLEAN};
use crate::{audit, capacity, fit, linting, oom, output, policy, review, rules};

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = parse();
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

/// Reads the command line. The options of linting are none of a command's, but for those that all have.
fn parse() -> Cli {
    let matches = Cli::command().get_matches();
    if matches.subcommand().is_some() {
        let given = |id: &clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        if let Some(id) = matches.ids().find(|id| given(id) && id.as_str() != "color" && id.as_str() != "LintArgs") {
            let name = matches.subcommand_name().unwrap_or_default();
            let message = format!(
                "--{} before {name} is an option of linting; write it behind {name} if it has one\n",
                id.as_str().replace('_', "-")
            );
            Cli::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
    }
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
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
