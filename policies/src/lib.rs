//! The rules engine of memlint.
pub mod object;
pub mod path;
pub mod quantity;
