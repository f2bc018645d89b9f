//! The webhook's own CA: kept in one Secret, trusted through one ValidatingWebhookConfiguration, and renewed before it
//! ends.
//!
//! Each replica makes its own leaf in memory and never stores it. Replicas do not elect a leader: they agree on what
//! the Secret holds, which is only ever changed on the condition that nobody else has changed it.

mod bundle;
mod held;
mod keeper;
mod live;
mod names;
mod pace;
mod rotation;
use std::sync::Arc;

use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::state::{App, now};
use crate::tls::{self, Ca, Certificate, Pair};
use keeper::Keeper;
pub use names::Names;

pub use held::{Data, Held, Old};
pub use rotation::{Step, Times, step, take};

impl Names {
    /// The names that a certificate must have. API servers ask for the third.
    #[must_use]
    pub fn of_certificate(&self) -> Vec<String> {
        let Self { namespace, service, .. } = self;
        ["", &format!(".{namespace}"), &format!(".{namespace}.svc"), &format!(".{namespace}.svc.cluster.local")]
            .map(|rest| format!("{service}{rest}"))
            .to_vec()
    }
}

/// A certificate to serve before the CA is known: nobody trusts it, but probes get their answers, and why it is not
/// ready can be asked.
///
/// # Errors
/// When it cannot be made.
pub fn placeholder(names: &Names, times: &Times) -> Result<Pair, String> {
    let now = now();
    let leaf = Ca::make(now, times.leaf)?.issue(&names.of_certificate(), now, times.leaf)?;
    tls::parse(leaf.certificate.as_bytes(), leaf.key.as_bytes())
}

/// Keeps the CA, the caBundle and the certificate right until it is dropped; returns only when a part of it has ended,
/// which none should.
pub async fn follow(app: Arc<App>, client: Client, names: Names, times: Times, certificate: Arc<Certificate>) {
    let (sender, live) = watch::channel(None);
    let mut tasks = JoinSet::new();
    tasks.spawn(live::follow(app.clone(), client.clone(), names.webhook_config.clone(), sender));
    tasks.spawn(Keeper::new(app, &client, names, times, certificate).run(live));
    _ = tasks.join_next().await;
}
