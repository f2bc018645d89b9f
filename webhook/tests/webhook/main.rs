//! Tests of the webhook. Each module is one chapter of its requirements; the letters before a test's name are theirs.

mod bounds;
mod certificates;
mod cluster;
mod drain;
mod events;
mod exemptions;
mod fake;
mod fits;
mod foreign;
mod fuzz;
mod insight;
mod operability;
mod parity;
mod pods;
mod protocol;
mod replies;
mod scale;
mod server;
mod support;
mod updates;
mod watched_pods;
