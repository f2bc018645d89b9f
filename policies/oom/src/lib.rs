//! OOM kills: kernel log text to kills, kills to what to change.
//!
//! Nothing here reads a file, a clock or the environment. Feed blocks of bytes to a [`Stream`] (or lines to a
//! [`Parser`]); it hands out one [`Kill`] for each time that the kernel ran its OOM killer. [`advise`] says what to
//! do about one, [`Repeats`] counts the same thing dying again, [`events`] reads what Kubernetes itself reported.
//!
//! ```text
//! bytes -> stream (lines, prefilter) -> parser (wrappers, prefixes, joining) -> record (one line's meaning)
//!       -> route (which open report) -> report (collected lines) -> diagnose -> Kill -> advice
//! ```
//!
//! The grammar is the kernel's (mm/oom_kill.c, mm/memcontrol.c, 3.10 to 6.x) and is read by shape, never by
//! version. Cgroup paths are the kubelet's. What a log does not say stays `None`.

mod advice;
mod advice_text;
mod cgroup;
mod claim;
mod clock;
mod contributor;
mod death;
mod diagnose;
pub mod events;
mod join;
mod journal;
mod kill;
mod layers;
mod logfmt;
mod memory;
mod order;
mod others;
mod parser;
mod prefilter;
mod prefix;
mod recent;
mod record;
mod repeat;
mod report;
mod request;
mod route;
mod separated;
mod size;
mod source;
mod stream;
mod summary;
mod table;
mod tag;
mod text;
mod trace;
mod trigger;
mod victim;
mod wrapper;

pub use advice::{Advice, Top, advise};
pub use cgroup::{Driver, Place, PodUid, Qos, Runtime, Scope, locate};
pub use contributor::Contributor;
pub use kill::{Beyond, CgroupVersion, Death, Evidence, Fate, Kill, Level, Outcome, Process, Victim};
pub use memory::{CgroupMemory, Counters, Gauge, Memory};
pub use order::newest_first;
pub use others::{Other, OtherPlace, Program};
pub use parser::Parser;
pub use repeat::{Repeat, Repeats};
pub use request::{ImpliedRequest, implied_request};
pub use size::format_bytes;
pub use stream::Stream;
pub use table::{PageSize, Task};
pub use text::MAX_LINE;
pub use trigger::{Constraint, Trigger};
