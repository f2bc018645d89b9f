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
use memlint_files::problem::Problem;

pub use args::{CapacityCommand, NodeArgs, ShowArgs, SizesArgs, SnapshotArgs};

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// Something on the command line.
    Usage(String),
    /// Mistakes in files.
    Files(Vec<Problem>),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Usage(message)
    }
}

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

/// The answer to a command, and notes for standard error.
///
/// # Errors
/// What is wrong with the command or the files it names.
pub fn run(command: &CapacityCommand, screen: Screen) -> Result<(String, Vec<String>), Failure> {
    match command {
        CapacityCommand::Node(args) => Ok((node::run(args, screen)?, Vec::new())),
        CapacityCommand::Sizes(args) => Ok((sizes::run(args)?, Vec::new())),
        CapacityCommand::Show(args) => show::run(args, screen),
        CapacityCommand::Snapshot(args) => snapshot::run(args),
        CapacityCommand::Schema => Ok((format!("{:#}\n", memlint_capacity::file::json_schema()), Vec::new())),
    }
}
