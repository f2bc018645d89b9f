//! What the nodes can give: nodes as the scheduler sees them, grouped so that thousands of them stay cheap, and where
//! they are known from.
//!
//! [`Capacity`] is all that is known, put together by a [`CapacityBuilder`] from Kubernetes objects and capacity files
//! ([`CapacityFile`]). Nothing here knows of Pods that want a place; that is the concern of [`memlint_scheduler`].

mod builder;
mod error;
pub mod file;
mod known;
mod offer;
mod pools;
pub mod sizing;
mod source;

pub use builder::CapacityBuilder;
pub use error::CapacityError;
pub use file::{API_VERSION, CapacityFile, Count, Pool};
pub use known::{Capacity, CapacityNote, PoolNodes, Sourced};
pub use offer::Offer;
