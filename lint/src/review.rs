//! `memlint review`: what the webhook would answer, without a webhook. For debugging, and for tests of a policy.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::civil::Date;
use memlint_capacity::Capacity;
use memlint_policies::engine;
use memlint_policies::inventory::Inventory;
use memlint_policies::policy::{Policy, SHIPPED};
use memlint_review::{Options, Reply, ReviewCx, ReviewOptions, nodes};

/// What the webhook would answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The AdmissionReview that goes back.
    pub text: String,
    /// Whether the request is let through.
    pub allowed: bool,
}

/// All that the webhook answers with, but for the request.
#[derive(Debug)]
pub struct Bench {
    policy: Policy,
    hash: String,
    inventory: Inventory,
    doubt: Option<String>,
    options: Options,
    today: Date,
}

impl Bench {
    /// Puts it together. `doubt` says why there may be nodes that are not known, where the nodes themselves do not show it.
    #[must_use]
    pub fn new(
        (file, policy): (Option<&Path>, Policy),
        capacity: Option<Arc<Capacity>>,
        doubt: Option<String>,
        (options, today): (&ReviewOptions, Date),
    ) -> Self {
        let hash = match file {
            Some(file) => std::fs::read(file).map(|text| memlint_review::policy_hash(&text)).unwrap_or_default(),
            None => memlint_review::policy_hash(SHIPPED.first().map(|(_, text)| text.as_bytes()).unwrap_or_default()),
        };
        let mut inventory = Inventory::default();
        let doubt = nodes::doubt(capacity.as_deref(), options.nodes).or(doubt);
        if let Some(capacity) = capacity {
            inventory.set_capacity(capacity);
        }
        Self { policy, hash, inventory, doubt, options: options.options(), today }
    }

    /// Answers the bytes of an AdmissionReview.
    #[must_use]
    pub fn review(&self, body: &[u8]) -> Reply {
        memlint_review::review(
            body,
            &ReviewCx {
                policy: &self.policy,
                policy_hash: &self.hash,
                inventory: &self.inventory,
                nodes_are_certain: self.doubt.is_none(),
                options: &self.options,
                today: self.today,
            },
        )
    }

    /// Why there may be nodes that are not known; `None` if all are.
    #[must_use]
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// How many nodes are known.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.inventory.capacity().map_or(0, |capacity| capacity.now().nodes().len())
    }

    /// What is known of the cluster.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The rules that are on but cannot run, and why.
    #[must_use]
    pub fn not_run(&self) -> Vec<(&'static str, &'static str)> {
        engine::not_run(&self.policy, &self.inventory)
    }
}

/// Answers the AdmissionReview in a file.
///
/// # Errors
/// When the file cannot be read, or holds no AdmissionReview that could be answered.
pub fn answer(file: &Path, bench: &Bench) -> anyhow::Result<Answer> {
    let name = file.display();
    let mut body = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut body).map(|_| ())
    } else {
        std::fs::read(file).map(|bytes| body = bytes)
    };
    read.with_context(|| format!("{name} cannot be read"))?;
    let reply = bench.review(&body);
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    anyhow::ensure!(reply.status == 200, "{name}: {text}");
    Ok(Answer { text: format!("{text}\n"), allowed: reply.outcome.allowed })
}
