//! Where a Pod may go: kube-scheduler's filters, its verdict and its words, without a cluster.
//!
//! A [`ClusterBuilder`] collects nodes and the Pods on them into a [`Cluster`]; a Pod is compiled into a
//! [`Candidate`]; [`filter`] gives the [`Verdict`] of the scheduler's default profile, [`pack`] says how many of a
//! kind find a place, and [`obstacles`] and [`offers`] what stands in the way. Checked against a real kube-scheduler 1.36
//! (`tests/tests/suite/conformance_scheduler.rs`).
//!
//! Not judged: volumes and devices (a candidate names what it uses of them), extenders, other profiles' settings,
//! preemption, and which of several nodes the scheduler would prefer.

mod amounts;
mod bound;
mod builder;
mod candidate;
mod class;
mod cluster;
mod defaults;
mod filter;
mod kubelet;
mod neighbours;
mod node;
mod node_affinity;
mod pack;
mod pod_affinity;
mod ports;
mod reason;
mod runtime_class;
mod selector;
mod situation;
mod skew;
mod spread;
mod standings;
mod survey;
mod toleration;
mod topology;
mod unmodelled;
mod verdict;
mod what_if;
mod words;

pub use builder::ClusterBuilder;
pub use candidate::Candidate;
pub use class::{NodeClass, NodeSet, Overhead, Profile};
pub use cluster::{Cluster, Look, View};
pub use filter::filter;
pub use kubelet::refused_by_kubelet;
pub use node::{Node, NodeProblem, Taint, UNKNOWN_LABEL};
pub use pack::{Packing, pack};
pub use reason::{Reason, Release};
pub use runtime_class::apply_runtime_class;
pub use selector::Labels;
pub use standings::Standings;
pub use survey::{Part, survey};
pub use verdict::{Outcome, Refused, Verdict};
pub use what_if::{Obstacle, Offer, obstacles, offers, sole_obstacles};
pub use words::{excluded, nodes, obstacle, others, shown_toleration};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
