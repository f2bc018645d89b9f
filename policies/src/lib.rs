//! The rules engine of memlint.
pub mod heap;
pub mod object;
pub mod path;
pub mod quantity;
