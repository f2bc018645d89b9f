//! What the nodes can give: nodes as the scheduler sees them, grouped so that thousands of them stay cheap, and where
//! they are known from.
//!
//! [`Capacity`] is all that is known, put together by a [`CapacityBuilder`] from Kubernetes objects and capacity files
//! ([`CapacityFile`]). Nothing here knows of Pods that want a place; that is the concern of [`crate::placement`].

mod builder;
mod class;
mod doubts;
mod error;
pub mod file;
mod known;
mod node;
mod offer;
mod pools;
pub mod sizing;
mod source;

pub use builder::CapacityBuilder;
pub use class::{NodeClass, NodeSet, Overhead, Profile};
pub use error::CapacityError;
pub use file::{CapacityFile, Count, Pool};
pub use known::{Capacity, CapacityNote, PoolNodes, Sourced};
pub use node::{Node, NodeProblem, Taint};
pub use offer::Offer;
