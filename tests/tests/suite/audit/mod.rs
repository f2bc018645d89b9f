//! `memlint audit` of what kubectl printed.

mod input;
mod pods;
mod support;
mod told;
