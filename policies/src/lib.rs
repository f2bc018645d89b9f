//! The rules engine of memlint.
pub mod aggregate;
pub mod object;
pub mod path;
pub mod quantity;
