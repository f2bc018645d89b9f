//! The rules engine of memlint: one workload, what is known of the cluster, one policy; findings out.
//!
//! It reads no file, clock, environment or network and prints nothing, and after a policy is loaded nothing here can
//! fail. The linter and the admission webhook are two front ends to it; what one says, the other says.

pub mod admission;
pub mod annotation;
pub mod engine;
pub mod exemption;
pub mod finding;
pub mod fit;
pub mod funnel;
pub mod inventory;
mod placing;
pub mod policy;
pub mod rule;
pub mod rules;
pub mod runtimes;
mod self_exemption;
pub mod together;
