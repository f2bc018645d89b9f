//! `memlint policy check`: whether a policy file would be taken, by the command and by the webhook; and [`explain`],
//! what a policy comes to for an object.

pub mod explain;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use memlint_files::policy_file;
use memlint_files::problem::Problem;
use memlint_policies::finding::Level;
use memlint_policies::policy::Policy;

use crate::choices::Format;
use crate::live::LiveArgs;

/// The commands about policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Read policy files as the command and the webhook do, and say what they set or all that is wrong with them
    ///
    /// Exit codes: 0 all are good, 2 some are not.
    Check {
        /// Policy files; by default memlint.yaml in this folder or one above it
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Say what holds for the objects in a file and why: each rule, what is exempt, which nodes are left, the verdict
    Explain(ExplainArgs),
}

const EXAMPLES: &str = "\
Examples:
  memlint policy explain -f pod.yaml                          what holds, and who says so
  memlint policy explain -f pod.yaml --capacity nodes.yaml    and which nodes each filter leaves
  memlint policy explain -f pod.yaml --cluster -n shop        as it is in a cluster

Exit codes: 0 nothing is at level deny, 1 something is (or a document cannot be read), 2 memlint could not do its job.";

/// The arguments of `memlint policy explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// File with Pods or what makes Pods; - is standard input
    ///
    /// LimitRanges and Namespaces in it count as well.
    #[arg(short, long = "filename", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Namespace for objects that do not set one; by default `default`
    #[arg(long, short, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Policy file; by default memlint.yaml in this folder or one above it
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What is known of the nodes: what kubectl get -o yaml prints, or a capacity file
    ///
    /// By default the capacity that the policy file names.
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// The live cluster, in addition
    #[command(flatten)]
    pub live: LiveArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// One line for each good file, and everything that is wrong with the others.
///
/// # Errors
/// When no file is named and none is found.
pub fn check(files: &[PathBuf]) -> anyhow::Result<(String, Vec<Problem>)> {
    let found = if files.is_empty() { policy_file::locate(None).into_iter().collect() } else { files.to_vec() };
    if found.is_empty() {
        let name = policy_file::FILE_NAME;
        anyhow::bail!("there is no {name} in this folder or above it; name a file: memlint policy check FILE");
    }
    let (mut good, mut bad) = (String::new(), Vec::new());
    for file in &found {
        match policy_file::load(Some(file)) {
            Ok(policy) => _ = writeln!(good, "{}", summary(file, &policy)),
            Err(problems) => bad.extend(problems),
        }
    }
    Ok((good, bad))
}

fn summary(file: &Path, policy: &Policy) -> String {
    let count = |level| policy.settings().iter().filter(|setting| setting.level == level).count();
    let [deny, warn, off] = [Some(Level::Deny), Some(Level::Warn), None].map(count);
    let exemptions = match policy.exemptions().len() {
        1 => "1 exemption".to_owned(),
        count => format!("{count} exemptions"),
    };
    format!("{}: good: {deny} rules deny, {warn} warn, {off} are off; {exemptions}", file.display())
}
