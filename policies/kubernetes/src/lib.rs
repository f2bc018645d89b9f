//! What the API server means: quantities, objects and the paths in them, strict decoding, workloads and the Pods that come
//! of them, their effective resources, validation, LimitRanges, ResourceQuotas and scale.
//!
//! It reads no file, clock, environment or network and prints nothing; it knows neither nodes nor rules.

pub mod aggregate;
pub mod amounts;
pub mod controller;
pub mod decode;
pub mod limit_range;
pub mod measure;
pub mod object;
pub mod path;
pub mod placeholder;
pub mod places;
pub mod quantity;
pub mod quota;
pub mod reference;
pub mod resources;
pub mod scale;
pub mod spelling;
pub mod validation;
pub mod volume;
pub mod workload;
