//! The rules engine of memlint: one workload, what is known of the cluster, one policy; findings out.
//!
//! It reads no file, clock, environment or network and prints nothing, and after a policy is loaded nothing here can
//! fail. The linter and the admission webhook are two front ends to it; what one says, the other says.

pub mod admission;
pub mod aggregate;
mod amounts;
pub mod capacity;
pub mod controller;
pub mod decode;
pub mod engine;
pub mod exemption;
pub mod finding;
pub mod fit;
pub mod funnel;
pub mod heap;
pub mod inventory;
pub mod limit_range;
pub mod measure;
pub mod object;
pub mod oom;
pub mod path;
pub mod placement;
mod places;
mod placing;
pub mod policy;
pub mod quantity;
pub mod quota;
pub mod resources;
pub mod rule;
pub mod rules;
pub mod scale;
pub mod spelling;
pub mod validation;
mod volume;
pub mod waiver;
pub mod workload;
