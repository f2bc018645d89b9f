//! What the nodes can give: nodes as the scheduler sees them, grouped so that thousands of them stay cheap.
//!
//! Nothing here knows of Pods that want a place; that is the concern of [`crate::placement`].

mod class;
mod node;
pub mod sizing;

pub use class::{NodeClass, NodeSet, Overhead, Profile};
pub use node::{Node, NodeProblem, Taint};
