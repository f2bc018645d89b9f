//! The rules engine of memlint.
pub mod decode;
pub mod object;
pub mod path;
pub mod quantity;
pub mod validation;
