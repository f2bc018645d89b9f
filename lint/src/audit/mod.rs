//! `memlint audit`: what the webhook would say if all that runs in a cluster were created again now.
//!
//! Every object goes through the webhook's own review, as the API server would send it: nothing is judged here. What
//! the webhook does not know by default (Pods, quotas) is not known here either. An object that another one makes which
//! is listed, too, is told with its maker, and only where it fares worse: something has put a sidecar into it, say, or an
//! exemption of its maker does not reach it.

mod args;
mod auditor;
mod cluster;
pub(crate) mod command;
mod files;
mod json;
mod kinds;
mod limit_ranger;
mod over;
pub mod report;
mod request;
mod surroundings;
mod text;

pub use args::AuditArgs;
