//! Files that memlint reads: YAML and JSON with the place of every field, policy files, capacity files.
//!
//! The command line and the webhook read them alike, through this crate. Files are read here; no rule lives here.

pub mod capacity_files;
pub mod held;
pub mod place;
pub mod policy_file;
pub mod problem;
pub mod sources;
pub mod yaml;
