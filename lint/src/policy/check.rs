//! `memlint policy check`: whether a policy file would be taken, by the command and by the webhook.

use std::fmt::Write as _;
use std::path::Path;

use memlint_files::policy_file::{self, PolicyFile};
use memlint_policies::finding::Level;
use memlint_policies::policy::Policy;

use super::args::CheckArgs;
use crate::exit::{self, Refused};
use crate::output;

/// Prints one line for each good file, and everything that is wrong with the others.
///
/// # Errors
/// When no file is named and none is found, or one of them is bad.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<u8> {
    let files = &args.files;
    let found = if files.is_empty() { policy_file::locate(None).into_iter().collect() } else { files.clone() };
    if found.is_empty() {
        let name = policy_file::FILE_NAME;
        anyhow::bail!("there is no {name} in this folder or above it; name a file: memlint policy check FILE");
    }
    let (mut good, mut bad) = (String::new(), Vec::new());
    for file in &found {
        match PolicyFile::load(Some(file)) {
            Ok(loaded) => _ = writeln!(good, "{}", summary(file, &loaded.policy)),
            Err(problems) => bad.extend(problems),
        }
    }
    output::print(&good)?;
    if bad.is_empty() { Ok(exit::CLEAN) } else { Err(Refused(bad).into()) }
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
