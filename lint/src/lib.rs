//! memlint's command line: it finds manifests, reads them with the place of every field, runs the engine, and prints
//! what it found. No rule lives here.

pub mod capacity;
pub mod capacity_files;
pub mod cli;
pub mod corpus;
pub mod explain;
pub mod fit;
pub mod known;
pub mod kustomize;
pub mod linting;
pub mod oom;
pub mod output;
pub mod place;
pub mod policy_file;
pub mod progress;
pub mod report;
pub mod review;
pub mod run;
pub mod sources;
pub mod templates;
pub mod yaml;
