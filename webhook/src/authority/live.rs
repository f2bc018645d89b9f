//! The ValidatingWebhookConfiguration as it is in the cluster, by a watch on that one object.
//!
//! It asks for no more than `get` and `watch`: kube's own watcher would list first, which is one more right.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, Client};
use tokio::sync::watch::Sender;

use crate::state::App;

/// The object, if there is one; `None` outside while nothing is known.
pub(super) type Live = Option<Option<Arc<ValidatingWebhookConfiguration>>>;

const KIND: &str = "ValidatingWebhookConfiguration";
/// How long a watch lasts, in seconds: a connection that has died unnoticed is found after this long.
const WATCH: u32 = 60;
const SPARE: Duration = Duration::from_secs(10);
const BACKOFF: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(15)];

/// Watches; never returns.
pub(super) async fn follow(app: Arc<App>, client: Client, name: String, seen: Sender<Live>) {
    let api: Api<ValidatingWebhookConfiguration> = Api::all(client);
    let mut wait = BACKOFF[0];
    loop {
        match watch(&api, &name, &seen).await {
            Ok(()) => wait = BACKOFF[0],
            Err(why) => {
                tracing::warn!(kind = KIND, name, why, "a watch does not work; what was known last goes on");
                app.metrics.watch_error(KIND);
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(BACKOFF[1]);
            }
        }
    }
}

/// One watch, from what there is now to its end.
async fn watch(api: &Api<ValidatingWebhookConfiguration>, name: &str, seen: &Sender<Live>) -> Result<(), String> {
    let tell = |object: Option<ValidatingWebhookConfiguration>| {
        let object = Some(object.map(Arc::new));
        seen.send_if_modified(|last| {
            let news = *last != object;
            *last = object;
            news
        });
    };
    tell(within(SPARE, api.get_opt(name)).await?.map_err(|error| error.to_string())?);
    let params = WatchParams::default().fields(&format!("metadata.name={name}")).timeout(WATCH);
    // From version 0 it begins with the object itself, so nothing can be missed in between.
    let events = within(SPARE, api.watch(&params, "0")).await?;
    let mut events = std::pin::pin!(events.map_err(|error| error.to_string())?);
    let longest = Duration::from_secs(WATCH.into()) + SPARE;
    while let Some(event) = within(longest, events.next()).await? {
        match event.map_err(|error| error.to_string())? {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => tell(Some(object)),
            WatchEvent::Deleted(_) => tell(None),
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(status) => return Err(status.message.clone()),
        }
    }
    Ok(())
}

async fn within<T>(longest: Duration, what: impl Future<Output = T>) -> Result<T, String> {
    tokio::time::timeout(longest, what).await.map_err(|_| "no answer".to_owned())
}
