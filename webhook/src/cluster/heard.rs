//! A client that tells the store whenever the API server says something, and gives up on answers that do not come.
//!
//! A watcher that goes on where it broke off says nothing until the next change, which for DaemonSets may be days away;
//! and it would wait for an answer for ever.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body as Answer;
use axum::http::Request;
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::{Client, Error};
use tower_http::timeout::TimeoutBody;

use super::View;
use super::kept::Kept;
use super::store::Store;
use crate::state::App;

/// A client for the watch of one kind.
pub(super) fn client<K: Kept>(
    client: Client,
    app: Arc<App>,
    view: Arc<View>,
    patience: Duration,
    store: fn(&View) -> &Store<K>,
) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, app, view) = (client.clone(), app.clone(), view.clone());
        let is_watch = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
        async move {
            let late = |_| {
                let why = format!("there was no answer within {patience:?}");
                Error::Service(io::Error::new(io::ErrorKind::TimedOut, why).into())
            };
            let response = tokio::time::timeout(patience, client.send(request)).await.map_err(late)??;
            let is_good = response.status().is_success();
            if is_watch && is_good {
                store(&view).works_again(&app.metrics);
            }
            // Bookmarks, which no one else is told of, are signs of life too.
            let sign = move |frame| {
                if is_good {
                    store(&view).heard();
                }
                frame
            };
            Ok::<_, Error>(response.map(|body| match is_watch {
                true => Answer::new(body.map_frame(sign)),
                // The watcher itself gives up on a watch that has been silent for longer than it lasts.
                false => Answer::new(TimeoutBody::new(patience, body.map_frame(sign))),
            }))
        }
    });
    Client::new(service, namespace)
}
