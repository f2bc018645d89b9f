//! `memlint oom`: kernel logs in, for every OOM kill whose limit was hit and what to change out.
//!
//! The log is streamed; its kills are found and judged by [`memlint_oom`]. Here they are joined with what
//! the cluster and the manifests know, and printed. JSON is written kill by kill; text keeps one kill of each kind.

mod args;
mod bars;
mod change;
mod command;
mod event_text;
mod event_wire;
mod events;
mod groups;
mod headline;
mod input;
mod join;
mod json;
mod manifests;
mod missing;
mod paint;
mod pods;
mod room;
mod target;
mod text;
mod utf16;
mod wire;
mod wire_joined;
mod wire_memory;
mod words;

pub use args::OomArgs;
pub(crate) use command::run;
