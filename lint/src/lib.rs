//! memlint's command line: it finds manifests, runs the engine, and prints what it found with its place. No rule
//! lives here.

pub mod audit;
pub mod capacity;
pub mod choices;
pub mod cli;
mod exit;
pub mod fit;
pub mod linting;
pub mod live;
pub mod oom;
pub mod output;
pub mod policy;
pub mod progress;
pub mod project;
pub mod render;
pub mod report;
pub mod review;
pub mod rules;
pub mod run;
