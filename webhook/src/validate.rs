//! `POST /validate`: from an HTTP request to a verdict, within bounds of size, time and number.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use memlint_review::{Reply, out_of_time};
use tokio::time::timeout_at;
use tracing::{Instrument as _, Span};

use crate::budget::Held;
use crate::metrics::Count;
use crate::state::App;
use crate::{deadline, log};

/// An answer that is no AdmissionReview.
type Refusal = (StatusCode, &'static str);

const TOO_LARGE: Refusal = (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n");
const TOO_SLOW: Refusal = (StatusCode::REQUEST_TIMEOUT, "the body did not come in time\n");
const TOO_MANY: Refusal = (StatusCode::SERVICE_UNAVAILABLE, "too many requests at a time\n");
const PANICKED: Refusal = (StatusCode::INTERNAL_SERVER_ERROR, "the review failed\n");

/// Answers an AdmissionReview.
pub async fn validate(State(app): State<Arc<App>>, request: Request) -> Response {
    let started = Instant::now();
    let span = log::span(trace_id(request.headers()));
    match answer(&app, request, started).instrument(span.clone()).await {
        Ok((reply, took)) => {
            app.metrics.count(&reply.outcome, took);
            app.events.outcome(&reply.outcome, &app.metrics);
            log::outcome(&span, &reply.outcome, took, &app.strangers);
            respond(reply)
        }
        Err(refusal) => refuse(&app, refusal),
    }
}

/// Answers what comes with another method.
pub async fn other_method(State(app): State<Arc<App>>) -> Response {
    refuse(&app, (StatusCode::METHOD_NOT_ALLOWED, "AdmissionReviews are posted\n"))
}

fn refuse(app: &App, (status, why): Refusal) -> Response {
    app.metrics.refused(status.as_u16());
    (status, why).into_response()
}

async fn answer(app: &Arc<App>, request: Request, started: Instant) -> Result<(Reply, std::time::Duration), Refusal> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json\n"));
    }
    let deadline = started + deadline::budget(parts.uri.query(), app.limits.answer_within);
    let mut held = Held::default();
    let body = match timeout_at(deadline.into(), read(app, &parts.headers, body, &mut held)).await {
        Ok(body) => body?,
        Err(_) => return Err(TOO_SLOW),
    };
    let arrived = Instant::now();
    let Ok(slot) = app.reviews.clone().try_acquire_owned() else {
        app.metrics.shed.inc();
        return Err(TOO_MANY);
    };
    let count = Count::one(&app.metrics.inflight);
    let weight = memlint_review::weight(&body);
    if body.len() <= app.limits.inline && weight <= app.limits.light {
        let reply = review(app, &body);
        return reply.map(|reply| (reply, arrived.elapsed()));
    }
    // A heavier one takes milliseconds: not on the threads that serve everyone, and not too much of it at a time.
    let body = Arc::new(body);
    let (task_app, task_body, span) = (app.clone(), body.clone(), Span::current());
    let work = async move {
        let turn = task_app.heavy.wait(weight).await;
        tokio::task::spawn_blocking(move || {
            let reply = span.in_scope(|| review(&task_app, &task_body));
            // A review that is too late goes on to its end, and holds its place until then.
            drop((slot, count, held, turn));
            reply
        })
        .await
    };
    match timeout_at(deadline.into(), work).await {
        Ok(Ok(reply)) => reply.map(|reply| (reply, arrived.elapsed())),
        Ok(Err(_)) => Err(PANICKED),
        Err(_) => {
            app.metrics.late.inc();
            Ok((app.with_cx(|cx| out_of_time(&body, cx)), arrived.elapsed()))
        }
    }
}

/// The verdict. A panic in it is a bug, and must not be felt by any other request.
fn review(app: &App, body: &[u8]) -> Result<Reply, Refusal> {
    let verdict = || app.with_cx(|cx| (app.review)(body, cx));
    catch_unwind(AssertUnwindSafe(verdict)).map_err(|_| {
        app.metrics.panics.inc();
        tracing::error!("a review panicked; please report it");
        PANICKED
    })
}

async fn read(app: &App, headers: &HeaderMap, mut body: Body, held: &mut Held) -> Result<Vec<u8>, Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > app.limits.body) {
        return Err(TOO_LARGE);
    }
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(64 * 1024));
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err((StatusCode::BAD_REQUEST, "the body broke off\n")) };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > app.limits.body {
            return Err(TOO_LARGE);
        }
        if !app.bytes.take(held, data.len()) {
            app.metrics.shed.inc();
            return Err(TOO_MANY);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The trace that the API server's call belongs to (W3C `traceparent`), to find both together.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("traceparent")?.to_str().ok()?.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(id)
}

fn respond(reply: Reply) -> Response {
    let kind = if reply.status == 200 { "application/json" } else { "text/plain; charset=utf-8" };
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, reply.body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
