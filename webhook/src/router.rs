//! Which path does what.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};

use crate::debug;
use crate::state::App;
use crate::validate::{other_method, validate};

/// Everything, for the listener with TLS: readiness is asked where requests come in.
pub fn all(app: Arc<App>) -> Router {
    Router::new().route("/validate", post(validate).fallback(other_method)).merge(health()).with_state(app)
}

/// Health, metrics and what operators may look into, for a listener without TLS.
pub fn open(app: Arc<App>) -> Router {
    health().route("/debug/policy", get(debug::policy)).with_state(app)
}

fn health() -> Router<Arc<App>> {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

async fn readyz(State(app): State<Arc<App>>) -> impl IntoResponse {
    let missing = app.health.not_ready();
    if missing.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", missing.join("\n")))
}

async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, OPEN_METRICS)], app.metrics.render())
}
