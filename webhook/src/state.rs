//! [`App`]: what requests share, and [`Health`]: whether there is any point in sending them.
//!
//! Policy and cluster are swapped whole: a request sees one policy and one cluster from its first byte to its last.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::civil::Date;
use memlint_policies::inventory::Inventory;
use memlint_policies::policy::Policy;
use memlint_review::{Options, Reply, ReviewCx};
use tokio::sync::Semaphore;

use crate::budget::{Bytes, Turns};
use crate::events::Events;
use crate::metrics::Metrics;
use crate::seldom::Seldom;

/// A policy that holds, and its hash.
#[derive(Debug)]
pub struct Rulebook {
    /// The policy.
    pub policy: Policy,
    /// See [`memlint_review::policy_hash`].
    pub hash: String,
}

/// What is known of the cluster.
#[derive(Debug)]
pub struct Cluster {
    /// The objects that rules ask for.
    pub inventory: Inventory,
    /// Why the nodes that are known may not be all that there will be; `None` if they are.
    pub doubt: Option<String>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self { inventory: Inventory::default(), doubt: Some("the cluster is not known yet".to_owned()) }
    }
}

impl Cluster {
    /// Whether the nodes that are known are all that there will be.
    #[must_use]
    pub fn nodes_are_certain(&self) -> bool {
        self.doubt.is_none()
    }
}

/// How much is taken on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest body, in bytes: two objects of 3 MiB, the most that an API server takes, and what is around them.
    pub body: usize,
    /// How much of all bodies together is held at a time.
    pub bodies: usize,
    /// Bodies longer than this are reviewed away from the threads that serve connections.
    pub inline: usize,
    /// Likewise those whose review may take more memory than this, in bytes.
    pub light: usize,
    /// How much memory reviews may take at a time that way: a large one alone, small ones side by side, but no more than
    /// there are cores. See [`memlint_review::weight`].
    pub heavy: usize,
    /// The most time for one answer.
    pub answer_within: Duration,
    /// How many requests are under review at a time.
    pub reviews: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MI: usize = 1024 * 1024;
        Self {
            body: 7 * MI,
            bodies: 32 * MI,
            inline: 128 * 1024,
            light: 12 * MI,
            heavy: 64 * MI,
            answer_within: Duration::from_secs(3),
            reviews: 64,
        }
    }
}

/// The verdict: [`memlint_review::review`], but in tests of what goes wrong.
pub type ReviewFn = fn(&[u8], &ReviewCx<'_>) -> Reply;

/// What requests share.
#[derive(Debug)]
pub struct App {
    /// The policy that holds.
    pub rulebook: ArcSwap<Rulebook>,
    /// What is known of the cluster.
    pub cluster: ArcSwap<Cluster>,
    /// What an administrator set.
    pub options: Options,
    /// How much is taken on.
    pub limits: Limits,
    /// Counters.
    pub metrics: Metrics,
    /// What is told to the cluster.
    pub events: Events,
    /// Whether to send requests here.
    pub health: Health,
    pub(crate) review: ReviewFn,
    pub(crate) strangers: Seldom,
    pub(crate) bytes: Bytes,
    pub(crate) reviews: Arc<Semaphore>,
    pub(crate) heavy: Turns,
}

impl App {
    /// Starts with a policy, and nothing known of the cluster.
    #[must_use]
    pub fn new(rulebook: Rulebook, options: Options, limits: Limits) -> Self {
        let metrics = Metrics::default();
        metrics.policy_loaded(&rulebook.hash, now());
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            rulebook: ArcSwap::from_pointee(rulebook),
            cluster: ArcSwap::from_pointee(Cluster::default()),
            options,
            limits,
            metrics,
            events: Events::default(),
            health: Health::default(),
            review: memlint_review::review,
            strangers: Seldom::default(),
            bytes: Bytes::new(limits.bodies),
            reviews: Arc::new(Semaphore::new(limits.reviews)),
            heavy: Turns::new(limits.heavy, cores),
        }
    }

    /// Puts another function in the place of the verdict.
    #[must_use]
    pub fn with_review(self, review: ReviewFn) -> Self {
        Self { review, ..self }
    }

    /// Tells the cluster what happens.
    #[must_use]
    pub fn with_events(self, events: Events) -> Self {
        Self { events, ..self }
    }

    /// Another cluster is known from now on.
    pub fn set_cluster(&self, cluster: Cluster) {
        self.metrics.nodes(cluster.nodes_are_certain());
        self.cluster.store(Arc::new(cluster));
        self.health.cluster_is_known();
    }

    /// Calls `with` with everything that a review is done with.
    pub(crate) fn with_cx<T>(&self, with: impl FnOnce(&ReviewCx<'_>) -> T) -> T {
        let (rulebook, cluster) = (self.rulebook.load(), self.cluster.load());
        with(&ReviewCx {
            policy: &rulebook.policy,
            policy_hash: &rulebook.hash,
            inventory: &cluster.inventory,
            nodes_are_certain: cluster.nodes_are_certain(),
            options: &self.options,
            today: today(),
        })
    }
}

/// What must be true before requests are welcome.
#[derive(Debug, Default)]
pub struct Health {
    certificate: AtomicBool,
    cluster: AtomicBool,
    draining: AtomicBool,
    /// Why API servers would not trust the certificate.
    distrust: ArcSwapOption<String>,
}

impl Health {
    /// A certificate is there.
    pub fn certificate_is_there(&self) {
        self.certificate.store(true, Ordering::Relaxed);
    }

    /// The cluster is known, as far as it will be.
    pub fn cluster_is_known(&self) {
        self.cluster.store(true, Ordering::Relaxed);
    }

    /// Why API servers would not trust the certificate, where it is of our own CA.
    pub fn authority(&self, distrust: Option<String>) {
        self.distrust.store(distrust.map(Arc::new));
    }

    /// This replica is going.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Why requests are not welcome; empty if they are.
    #[must_use]
    pub fn not_ready(&self) -> Vec<String> {
        let missing = [
            (!self.certificate.load(Ordering::Relaxed), "there is no certificate yet"),
            (!self.cluster.load(Ordering::Relaxed), "the cluster is not known yet"),
            (self.draining.load(Ordering::Relaxed), "this replica is going"),
        ];
        let missing = missing.into_iter().filter(|(missing, _)| *missing).map(|(_, why)| why.to_owned());
        missing.chain(self.distrust.load().as_deref().cloned()).collect()
    }
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The day in UTC, on which exemptions expire.
fn today() -> Date {
    let timestamp = jiff::Timestamp::from_second(now()).unwrap_or_default();
    jiff::tz::Offset::UTC.to_datetime(timestamp).date()
}
