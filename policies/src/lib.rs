//! The rules engine of memlint.
pub mod aggregate;
pub mod capacity;
pub mod object;
pub mod path;
pub mod placement;
pub mod quantity;
