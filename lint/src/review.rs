//! `memlint review`: what the webhook would answer, without a webhook. For debugging, and for tests of a policy.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::civil::Date;
use memlint_policies::capacity::Capacity;
use memlint_policies::inventory::Inventory;
use memlint_policies::policy::{Policy, SHIPPED};
use memlint_review::ReviewCx;

use crate::cli::{Nodes, ReviewArgs};

/// What the webhook would answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The AdmissionReview that goes back.
    pub text: String,
    /// Whether the request is let through.
    pub allowed: bool,
}

/// Answers the AdmissionReview in a file.
///
/// # Errors
/// When the file cannot be read, or holds no AdmissionReview that could be answered.
pub fn answer(
    args: &ReviewArgs,
    policy_file: Option<&Path>,
    policy: &Policy,
    capacity: Option<Arc<Capacity>>,
    today: Date,
) -> anyhow::Result<Answer> {
    let name = args.file.display();
    let mut body = Vec::new();
    let read = if args.file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut body).map(|_| ())
    } else {
        std::fs::read(&args.file).map(|bytes| body = bytes)
    };
    read.with_context(|| format!("{name} cannot be read"))?;
    let hash = match policy_file {
        Some(file) => std::fs::read(file).map(|text| memlint_review::policy_hash(&text)).unwrap_or_default(),
        None => memlint_review::policy_hash(SHIPPED.first().map(|(_, text)| text.as_bytes()).unwrap_or_default()),
    };
    let mut inventory = Inventory::default();
    let nodes_are_certain = capacity.is_some() && args.nodes != Nodes::Growing;
    if let Some(capacity) = capacity {
        inventory.set_capacity(capacity);
    }
    let reply = memlint_review::review(
        &body,
        &ReviewCx {
            policy,
            policy_hash: &hash,
            inventory: &inventory,
            nodes_are_certain,
            options: &args.options(),
            today,
        },
    );
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    anyhow::ensure!(reply.status == 200, "{name}: {text}");
    Ok(Answer { text: format!("{text}\n"), allowed: reply.outcome.allowed })
}
