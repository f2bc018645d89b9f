//! Tests of the webhook. Each module is one chapter of its requirements; the letters before a test's name are theirs.

mod authority;
mod bounds;
mod certificates;
mod client;
mod client_certificates;
mod cluster;
mod control_plane;
mod drain;
mod exemptions;
mod fits;
mod foreign;
mod fuzz;
mod operability;
mod parity;
mod pods;
mod protocol;
mod replies;
mod rights;
mod rotation;
mod server;
mod site;
mod support;
mod updates;
