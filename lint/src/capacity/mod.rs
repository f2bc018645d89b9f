//! `memlint capacity`: what a machine leaves to Pods, which machine is large enough, and what a cluster has.

mod args;
mod bars;
mod groups;
mod machine;
mod node;
mod node_json;
mod show;
mod show_json;
mod sizes;
mod snapshot;
mod table;

use std::io::IsTerminal as _;

use crate::exit::{CLEAN, complain, is_coloured};
use crate::output;

pub use args::{CapacityCommand, NodeArgs, ShowArgs, SizesArgs, SnapshotArgs};

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// With colours.
    pub color: bool,
    /// With characters beyond ASCII.
    pub unicode: bool,
}

impl Screen {
    /// Standard output: as wide as its terminal, or as `COLUMNS` says.
    fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let measured = terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
        let width = columns.or(measured).unwrap_or(100).clamp(60, 200);
        Self { width, color: is_coloured(&std::io::stdout()), unicode: terminal }
    }
}

/// Runs one of its commands; notes go to standard error.
///
/// # Errors
/// What is wrong with the command or the files it names.
pub(crate) fn run(command: &CapacityCommand) -> anyhow::Result<u8> {
    let screen = Screen::of_stdout();
    let (text, notes) = match command {
        CapacityCommand::Node(args) => (node::run(args, screen).map_err(anyhow::Error::msg)?, Vec::new()),
        CapacityCommand::Sizes(args) => (sizes::run(args).map_err(anyhow::Error::msg)?, Vec::new()),
        CapacityCommand::Show(args) => show::run(args, screen)?,
        CapacityCommand::Snapshot(args) => snapshot::run(args)?,
        CapacityCommand::Schema => (format!("{:#}\n", memlint_capacity::file::json_schema()), Vec::new()),
    };
    notes.iter().for_each(|note| complain(note));
    output::print(&text)?;
    Ok(CLEAN)
}
