//! memlint at the cluster's door: an admission webhook around [`memlint_review`].
//!
//! The verdict is a pure function of another crate. Here is what it takes to serve it: TLS, HTTP, limits, certificates
//! and policies that change while it runs, metrics, and a way to stop that no request notices.

pub mod args;
pub mod authority;
pub mod budget;
pub mod capacity;
pub mod cert_metrics;
pub mod certificates;
pub mod cluster;
pub mod deadline;
mod debug;
pub mod events;
mod hint;
pub mod log;
pub mod metrics;
pub mod policy;
pub mod router;
pub mod run;
mod seldom;
pub mod server;
pub mod state;
pub mod tls;
pub mod validate;
pub mod watch;
