//! Metrics: few names, few labels, never the name of an object.

mod labels;

use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use memlint_policies::exemption::ExemptedBy;
use memlint_review::Outcome;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::cert_metrics::CertMetrics;
use labels::{FindingLabels, HashLabel, KindLabel, RequestLabels, ResultLabel, SourceLabel, StatusLabel};

/// Upper bounds of the histogram, in seconds.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    findings: Family<FindingLabels, Counter>,
    exemptions: Family<SourceLabel, Counter>,
    decode_errors: Counter,
    /// Reviews under way.
    pub inflight: Gauge,
    /// Connections that are open.
    pub connections: Gauge,
    /// Requests that were turned away with 503.
    pub shed: Counter,
    /// Requests for which there was no time.
    pub late: Counter,
    /// Reviews that panicked.
    pub panics: Counter,
    refusals: Family<StatusLabel, Counter>,
    policy_reloads: Family<ResultLabel, Counter>,
    policy_info: Family<HashLabel, Gauge>,
    policy_loaded: Gauge,
    capacity_reloads: Family<ResultLabel, Counter>,
    watch_errors: Family<KindLabel, Counter>,
    bad_objects: Family<KindLabel, Counter>,
    cache_objects: Family<KindLabel, Gauge>,
    cache_last_event: Family<KindLabel, Gauge>,
    cache_synced: Family<KindLabel, Gauge>,
    capacity_rebuilds: Counter,
    capacity_rebuild_seconds: Counter<f64, AtomicU64>,
    events: Family<ResultLabel, Counter>,
    nodes_are_certain: Gauge,
    /// What is counted of certificates.
    pub certs: CertMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("memlint");
        let version = ("version", env!("CARGO_PKG_VERSION"));
        registry.register("build", "The version of memlint", Info::new(vec![version]));
        let metrics = Self {
            requests: Family::default(),
            duration: Histogram::new(BUCKETS),
            findings: Family::default(),
            exemptions: Family::default(),
            decode_errors: Counter::default(),
            inflight: Gauge::default(),
            connections: Gauge::default(),
            shed: Counter::default(),
            late: Counter::default(),
            panics: Counter::default(),
            refusals: Family::default(),
            policy_reloads: Family::default(),
            policy_info: Family::default(),
            policy_loaded: Gauge::default(),
            capacity_reloads: Family::default(),
            watch_errors: Family::default(),
            bad_objects: Family::default(),
            cache_objects: Family::default(),
            cache_last_event: Family::default(),
            cache_synced: Family::default(),
            capacity_rebuilds: Counter::default(),
            capacity_rebuild_seconds: Counter::default(),
            events: Family::default(),
            nodes_are_certain: Gauge::default(),
            certs: CertMetrics::default(),
            registry: Registry::default(),
        };
        metrics.register(&mut registry);
        Self { registry, ..metrics }
    }
}

impl Metrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "admission_requests",
            "Requests, by what they were and what was answered",
            self.requests.clone(),
        );
        registry.register(
            "admission_duration_seconds",
            "Time from a request's last byte to its answer",
            self.duration.clone(),
        );
        registry.register("findings", "What rules found, by what was done about it", self.findings.clone());
        registry.register("exemptions", "Findings that were exempted, by whom", self.exemptions.clone());
        registry.register(
            "decode_errors",
            "Objects that could not be read, or not all of them",
            self.decode_errors.clone(),
        );
        registry.register("inflight_requests", "Reviews under way", self.inflight.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        registry.register("shed", "Requests turned away because there were too many", self.shed.clone());
        registry.register("late", "Requests for which there was no time", self.late.clone());
        registry.register("panics", "Reviews that panicked", self.panics.clone());
        registry.register(
            "refused_requests",
            "Requests answered with no AdmissionReview before they were read, by HTTP status",
            self.refusals.clone(),
        );
        registry.register("policy_reload", "Times that the policy was read", self.policy_reloads.clone());
        registry.register("policy_info", "The policy that holds", self.policy_info.clone());
        registry.register(
            "policy_loaded_timestamp_seconds",
            "When the policy that holds was read",
            self.policy_loaded.clone(),
        );
        registry.register("capacity_reload", "Times that capacity files were read", self.capacity_reloads.clone());
        registry.register("watch_errors", "Times that a watch did not work", self.watch_errors.clone());
        registry.register("watch_bad_objects", "Watched objects that could not be read", self.bad_objects.clone());
        registry.register("cache_objects", "Objects that are known", self.cache_objects.clone());
        registry.register(
            "cache_last_sync_timestamp_seconds",
            "When a watch last brought something",
            self.cache_last_event.clone(),
        );
        registry.register(
            "cache_synced",
            "Whether all objects of a kind are known and the watch works",
            self.cache_synced.clone(),
        );
        registry.register(
            "capacity_rebuilds",
            "Times that capacity was put together from what is watched",
            self.capacity_rebuilds.clone(),
        );
        registry.register(
            "capacity_rebuild_seconds",
            "Time that went into putting capacity together",
            self.capacity_rebuild_seconds.clone(),
        );
        registry.register(
            "events",
            "Kubernetes Events about denials, by whether they were posted, failed or dropped",
            self.events.clone(),
        );
        registry.register(
            "nodes_are_certain",
            "Whether Pods may be refused because no node has room",
            self.nodes_are_certain.clone(),
        );
        self.certs.register(registry);
    }

    /// Counts a request.
    pub fn count(&self, outcome: &Outcome, took: Duration) {
        let labels = RequestLabels {
            operation: outcome.operation,
            kind: outcome.kind,
            verdict: outcome.verdict.label(),
            dry_run: if outcome.dry_run { "true" } else { "false" },
        };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(took.as_secs_f64());
        for ((rule, action), times) in &outcome.findings {
            let labels = FindingLabels { rule, action: action.label() };
            self.findings.get_or_create(&labels).inc_by(u64::try_from(*times).unwrap_or(u64::MAX));
        }
        for (by, times) in &outcome.exemptions {
            let source = match by {
                ExemptedBy::Policy => "policy",
                ExemptedBy::Object => "annotation",
                ExemptedBy::Namespace => "namespace",
            };
            self.exemptions.get_or_create(&SourceLabel { source }).inc_by(u64::try_from(*times).unwrap_or(u64::MAX));
        }
        if outcome.misread {
            self.decode_errors.inc();
        }
    }

    /// Counts a request that was answered with a status alone.
    pub fn refused(&self, status: u16) {
        self.refusals.get_or_create(&StatusLabel { status }).inc();
    }

    /// Notes that a policy holds.
    pub fn policy_loaded(&self, hash: &str, now: i64) {
        self.policy_reloads.get_or_create(&ResultLabel { result: "success" }).inc();
        self.policy_info.clear();
        self.policy_info.get_or_create(&HashLabel { hash: hash.to_owned() }).set(1);
        self.policy_loaded.set(now);
    }

    /// Notes that a policy file is bad.
    pub fn policy_refused(&self) {
        self.policy_reloads.get_or_create(&ResultLabel { result: "error" }).inc();
    }

    /// Notes whether capacity files could be read.
    pub fn capacity_read(&self, well: bool) {
        let result = if well { "success" } else { "error" };
        self.capacity_reloads.get_or_create(&ResultLabel { result }).inc();
    }

    /// Notes that a watch does not work.
    pub fn watch_error(&self, kind: &'static str) {
        self.watch_errors.get_or_create(&KindLabel { kind }).inc();
    }

    /// Notes that a watched object cannot be read.
    pub fn bad_object(&self, kind: &'static str) {
        self.bad_objects.get_or_create(&KindLabel { kind }).inc();
    }

    /// Notes what a watch has brought.
    pub fn cache(&self, kind: &'static str, objects: usize, now: i64) {
        self.cache_objects.get_or_create(&KindLabel { kind }).set(i64::try_from(objects).unwrap_or(i64::MAX));
        self.cache_last_event.get_or_create(&KindLabel { kind }).set(now);
    }

    /// Notes whether all objects of a kind are known, and the watch works.
    pub fn synced(&self, kind: &'static str, synced: bool) {
        self.cache_synced.get_or_create(&KindLabel { kind }).set(i64::from(synced));
    }

    /// What was noted of a kind; `None` if it is not watched.
    #[must_use]
    pub fn is_synced(&self, kind: &'static str) -> Option<bool> {
        Some(self.cache_synced.get(&KindLabel { kind })?.get() == 1)
    }

    /// Notes that capacity was put together.
    pub fn rebuilt(&self, took: Duration) {
        self.capacity_rebuilds.inc();
        self.capacity_rebuild_seconds.inc_by(took.as_secs_f64());
    }

    /// Notes what became of an Event: `posted`, `failed` or `dropped`.
    pub fn event(&self, result: &'static str) {
        self.events.get_or_create(&ResultLabel { result }).inc();
    }

    /// Notes whether the nodes that are known are all that there will be.
    pub fn nodes(&self, certain: bool) {
        self.nodes_are_certain.set(i64::from(certain));
    }

    /// All of it, in the OpenMetrics text format.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        if text::encode(&mut out, &self.registry).is_err() {
            _ = writeln!(out, "# metrics cannot be written");
        }
        out
    }
}

/// A gauge that goes down by itself.
#[derive(Debug)]
pub struct Count(Gauge<i64>);

impl Count {
    /// One more, until it is dropped.
    #[must_use]
    pub fn one(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.0.dec();
    }
}
