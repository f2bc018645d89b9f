//! `memlint policy check`: whether a policy file would be taken, by the command and by the webhook.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use memlint_files::policy_file;
use memlint_files::problem::Problem;
use memlint_policies::finding::Level;
use memlint_policies::policy::Policy;

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
