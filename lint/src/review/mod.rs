//! `memlint review`: what the webhook would answer, without a webhook. For debugging, and for tests of a policy.

mod args;
pub(crate) mod command;

use std::sync::Arc;

use jiff::civil::Date;
use memlint_capacity::Capacity;
use memlint_files::policy_file::PolicyFile;
use memlint_policies::engine;
use memlint_policies::inventory::Inventory;
use memlint_policies::policy::Policy;
use memlint_review::{Options, Reply, ReviewCx, ReviewOptions, nodes};

pub use args::ReviewArgs;

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
        policy_file: PolicyFile,
        capacity: Option<Arc<Capacity>>,
        doubt: Option<String>,
        options: &ReviewOptions,
        today: Date,
    ) -> Self {
        let mut inventory = Inventory::default();
        let doubt = nodes::doubt(capacity.as_deref(), options.nodes).or(doubt);
        if let Some(capacity) = capacity {
            inventory.set_capacity(capacity);
        }
        Self {
            hash: memlint_review::policy_hash(&policy_file.text),
            policy: policy_file.policy,
            inventory,
            doubt,
            options: options.options(),
            today,
        }
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
