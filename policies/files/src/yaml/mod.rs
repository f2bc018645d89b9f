//! The one reader of YAML and JSON: bytes to text, text to documents, a document to a value with places.
//!
//! It reads as `kubectl` does: streams are split at `---` before anything is parsed, so that one broken document
//! does not hide the others; scalars mean what they mean to Go's `sigs.k8s.io/yaml`; JSON is read as JSON. Every key
//! and value can be traced to its bytes, line and column. It knows nothing of files, kinds (but for
//! [`may_matter`]) or rules.

mod convert;
mod decode;
mod document;
mod embedded;
mod events;
mod json;
mod merge;
mod number;
mod position;
mod problem;
mod relevance;
mod repair;
mod resolve;
mod scalar;
mod split;
mod strict;
mod template;
mod tree;

pub use decode::decode;
pub use document::{Document, Duplicate, Location, parse};
pub use embedded::Embedded;
pub use position::Span;
pub use problem::Problem;
pub use relevance::may_matter;
pub use split::{OwnedDocument, RawDocument, split};
pub use template::{Failure, classify, looks_templated};
