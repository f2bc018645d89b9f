//! [`Keeper`]: one replica's part. It looks at Secret and caBundle, takes the step that is due, and serves a leaf of
//! the CA that signs.
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use tokio::sync::watch::Receiver;

use super::bundle;
use super::held::Held;
use super::live::Live;
use super::names::Names;
use super::pace::Pace;
use super::rotation::{Step, Times, step, take};
use crate::state::{App, now};
use crate::tls::{Certificate, parse};

const CONFIG: &str = "ValidatingWebhookConfiguration";
/// How often in a row another replica may have been faster.
const TRIES: usize = 5;
/// Changes come in crowds: this is waited for the rest of one.
const CROWD: Duration = Duration::from_millis(300);
/// The longest that one call may take.
const CALL: Duration = Duration::from_secs(10);
/// How often the caBundle is written: a few times in a row, then 12 times a minute.
const WRITES: (u32, Duration) = (3, Duration::from_secs(5));

/// One replica's part.
pub(super) struct Keeper {
    app: Arc<App>,
    secrets: Api<Secret>,
    configs: Api<ValidatingWebhookConfiguration>,
    names: Names,
    times: Times,
    certificate: Arc<Certificate>,
    /// What the Secret held when it was last read.
    held: Option<Held>,
    leaf: Option<Leaf>,
    /// The caBundle that was right when it was last right, and since when it has been, if it still is.
    right: Option<(String, Option<Instant>)>,
    pace: Pace,
}

/// What is served.
struct Leaf {
    /// The certificate of the CA that has signed it.
    ca: String,
    renew_at: i64,
}

impl Keeper {
    pub(super) fn new(
        app: Arc<App>,
        client: &Client,
        names: Names,
        times: Times,
        certificate: Arc<Certificate>,
    ) -> Self {
        let secrets = Api::namespaced(client.clone(), &names.namespace);
        let (configs, pace) = (Api::all(client.clone()), Pace::new(WRITES.0, WRITES.1, Instant::now()));
        Self { app, secrets, configs, names, times, certificate, held: None, leaf: None, right: None, pace }
    }

    /// Does what there is to do, whenever something has changed and every so often; returns when nobody watches any more.
    pub(super) async fn run(mut self, mut live: Receiver<Live>) {
        loop {
            let seen = live.borrow_and_update().clone();
            let trouble = self.round(seen.clone()).await.err();
            if let Some(why) = &trouble {
                tracing::error!(why, "the CA cannot be looked after; it is tried again");
                self.app.metrics.certs.trouble();
            }
            self.app.health.authority(self.not_ready(seen, trouble));
            match tokio::time::timeout(self.times.poll, live.changed()).await {
                Ok(Ok(())) => tokio::time::sleep(CROWD).await,
                Ok(Err(_)) => return,
                Err(_) => {}
            }
        }
    }

    /// Why requests are not welcome. An API server that is gone is no reason: certificate and caBundle are still right.
    fn not_ready(&self, live: Live, trouble: Option<String>) -> Option<String> {
        match (&self.leaf, live) {
            (None, _) => Some(trouble.unwrap_or_else(|| "there is no CA yet".to_owned())),
            (Some(_), None) => Some(format!("{CONFIG} {} has not been seen yet", self.names.webhook_config)),
            (Some(leaf), Some(live)) => {
                let fault = bundle::fault(live.as_deref(), &self.names, &leaf.ca)?;
                Some(trouble.map_or_else(|| fault.clone(), |why| format!("{fault}; {why}")))
            }
        }
    }

    async fn round(&mut self, live: Live) -> Result<(), String> {
        // What was known of the CA still signs, whatever becomes of the calls.
        let read = self.agree(live.as_ref().and_then(Option::as_deref)).await;
        self.serve()?;
        read?;
        match (&self.held, live.flatten()) {
            (Some(held), Some(live)) => self.publish(&held.bundle(), &live).await,
            _ => Ok(()),
        }
    }

    /// Reads the Secret, and takes the steps that are due in it.
    async fn agree(&mut self, live: Option<&ValidatingWebhookConfiguration>) -> Result<(), String> {
        let Names { namespace, secret: name, .. } = &self.names;
        let place = format!("Secret {namespace}/{name}");
        let failed = |what: &str, error: &dyn std::fmt::Display| format!("{place} cannot be {what}: {error}");
        for _ in 0..TRIES {
            let secret = call(self.secrets.get_opt(name)).await.map_err(|error| failed("read", &error))?;
            let mut secret = secret.ok_or_else(|| format!("{place} is not there: make it, without data"))?;
            let found = Held::read(secret.data.as_ref().unwrap_or(&Default::default()));
            let found = found.map_err(|why| format!("{place} holds no CA of ours: {why}; without data it gets one"))?;
            let (now, published) = (now(), found.as_ref().and_then(|held| self.published(held, live)));
            let next = match (&found, &self.held) {
                // Someone wants another CA: ours goes on until API servers trust the next.
                (None, Some(last)) => {
                    take(Step::Prepare, Some(last), now, &self.times).map(|next| Some((Step::Prepare, next)))
                }
                _ => match step(found.as_ref(), published, now, &self.times) {
                    Step::Rest => Ok(None),
                    step => take(step, found.as_ref(), now, &self.times).map(|next| Some((step, next))),
                },
            };
            let Some((step, Some(next))) = next? else {
                self.held = found;
                return Ok(());
            };
            next.write(secret.data.get_or_insert_default());
            match call(self.secrets.replace(name, &PostParams::default(), &secret)).await {
                Ok(_) => {
                    tracing::info!(?step, not_after = next.current.not_after, "the CA has changed");
                    self.held = Some(next);
                }
                Err(Failure::Conflict) => {}
                Err(error) => return Err(failed("written", &error)),
            }
        }
        Err(failed("written", &"others change it again and again"))
    }

    /// How long the caBundle has been all that the Secret holds.
    fn published(&self, held: &Held, live: Option<&ValidatingWebhookConfiguration>) -> Option<Duration> {
        let bundle = held.bundle();
        let (right, since) = self.right.as_ref()?;
        (*right == bundle && bundle::is(live?, &self.names, &bundle)).then_some((*since)?.elapsed())
    }

    /// Serves a leaf of the CA that signs, if what is served is of another one or near its end.
    fn serve(&mut self) -> Result<(), String> {
        let (Some(held), now) = (&self.held, now()) else { return Ok(()) };
        let ca = &held.current;
        self.app.metrics.certs.expires("ca", ca.not_after);
        let good = self.leaf.as_ref().is_some_and(|leaf| leaf.ca == ca.certificate && now < leaf.renew_at);
        if good || ca.not_after <= now {
            return Ok(());
        }
        let leaf = ca.issue(&self.names.of_certificate(), now, self.times.leaf)?;
        let pair = parse(leaf.certificate.as_bytes(), leaf.key.as_bytes())?;
        let renew_at = now.saturating_add(leaf.not_after.saturating_sub(now) / 3 * 2).max(now.saturating_add(1));
        tracing::info!(not_after = pair.not_after, "a new certificate is served");
        self.app.metrics.certs.loaded("leaf", pair.not_after);
        self.app.health.certificate_is_there();
        self.certificate.swap(pair);
        self.leaf = Some(Leaf { ca: ca.certificate.clone(), renew_at });
        Ok(())
    }

    /// Sees to it that API servers trust all that the Secret holds, and notes since when they do.
    async fn publish(&mut self, bundle: &str, live: &ValidatingWebhookConfiguration) -> Result<(), String> {
        let known = self.right.take().filter(|(right, _)| right == bundle);
        if bundle::is(live, &self.names, bundle) {
            let since = known.and_then(|(_, since)| since).unwrap_or_else(Instant::now);
            self.right = Some((bundle.to_owned(), Some(since)));
            return Ok(());
        }
        // It was right and is no more: the time that API servers need begins anew.
        let why = if known.is_some() { "repair" } else { "rotation" };
        self.right = known.map(|(right, _)| (right, None));
        let patch = bundle::patch(live, &self.names, bundle);
        if patch.is_empty() {
            return Ok(());
        }
        if !self.pace.take(Instant::now()) {
            tracing::warn!(why, "the caBundle is changed again and again by someone else; waiting");
            return Ok(());
        }
        let name = &self.names.webhook_config;
        match call(self.configs.patch(name, &PatchParams::default(), &Patch::Json::<()>(patch))).await {
            Ok(_) => {
                tracing::info!(why, name, "the caBundle is written");
                self.app.metrics.certs.patched(why);
                Ok(())
            }
            // A test in the patch has failed, most likely: someone else was faster.
            Err(error @ (Failure::Conflict | Failure::Invalid(_))) => {
                tracing::info!(why, name, %error, "not written; the watch will tell what there is now");
                Ok(())
            }
            Err(error) => Err(format!("{CONFIG} {name} cannot be patched: {error}")),
        }
    }
}

/// Why a call failed.
enum Failure {
    /// What it was about has changed.
    Conflict,
    /// What it would be after it makes no sense, or what it should be before it is not so.
    Invalid(String),
    Other(String),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conflict => f.write_str("it has changed"),
            Self::Invalid(why) | Self::Other(why) => f.write_str(why),
        }
    }
}

async fn call<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
    match tokio::time::timeout(CALL, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) if status.is_conflict() => Err(Failure::Conflict),
        Ok(Err(kube::Error::Api(status))) if status.is_invalid() => Err(Failure::Invalid(status.message)),
        Ok(Err(error)) => Err(Failure::Other(error.to_string())),
        Err(_) => Err(Failure::Other("no answer".to_owned())),
    }
}
