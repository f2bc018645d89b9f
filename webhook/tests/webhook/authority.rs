//! The webhook's own CA, on a real API server: T1, T2, T4, T5, T7, R2.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use kube::api::{Patch, PatchParams};
use memlint_webhook::authority::Times;
use serde_json::json;

use crate::server::Ca;
use crate::site::{Replica, Site};
use crate::support::metric;

/// Soon enough for tests, but for the lives of certificates.
pub(crate) fn quick() -> Times {
    Times { grace: Duration::from_secs(2), poll: Duration::from_millis(300), ..Times::default() }
}

/// Waits; a busy machine gets a while.
pub(crate) async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) -> Duration {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        if done().await {
            return started.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never happened: {what}");
}

async fn ready(replicas: &[&Replica]) {
    until("all replicas are ready", async || replicas.iter().all(|replica| replica.is_ready())).await;
}

fn patches(replica: &Replica, why: &str) -> f64 {
    metric(&replica.app, &format!("memlint_ca_bundle_patches_total{{why=\"{why}\"}}"))
}

/// Waits until the API server has the caBundle that is in its store: it hears of it by a watch of its own.
async fn in_effect(site: &Site) {
    until("the API server trusts the webhook", async || site.create("64Mi").await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_replicas_that_start_at_once_agree_on_one_ca() {
    let Some(site) = Site::new("t1-agree").await else { return };
    let (a, b, c) = tokio::join!(site.replica(quick()), site.replica(quick()), site.replica(quick()));
    until("there is no configuration yet", async || {
        a.app.health.not_ready() == ["there is no ValidatingWebhookConfiguration memlint-t1-agree"]
    })
    .await;
    site.configure(&[a.port(), b.port(), c.port()]).await;
    ready(&[&a, &b, &c]).await;
    let held = site.held().await.expect("a CA");
    assert!(held.next.is_none() && held.old.is_none(), "{held:?}");
    assert_eq!(site.bundles().await, [held.bundle(), held.bundle(), held.bundle()]);
    let mut certificates = Vec::new();
    for replica in [&a, &b, &c] {
        let mut client = site.connect(replica, &held.current.certificate).await;
        assert_eq!(client.validate().await.expect("an answer").0, StatusCode::OK);
        certificates.push(client.certificate);
        let not_after =
            |cert: &str| metric(&replica.app, &format!("memlint_cert_not_after_timestamp_seconds{{cert=\"{cert}\"}}"));
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs_f64();
        assert!((364.0..366.0).contains(&((not_after("ca") - now) / 86_400.0)));
        assert!((6.9..7.1).contains(&((not_after("leaf") - now) / 86_400.0)));
    }
    certificates.dedup();
    assert_eq!(certificates.len(), 3, "each has a leaf of its own");
    let data = site.secrets().get("memlint-ca").await.expect("the Secret").data.expect("data");
    assert_eq!(data.keys().collect::<Vec<_>>(), ["ca.crt", "ca.key"], "and none is stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t5_the_api_server_calls_the_service_and_trusts_the_certificate() {
    let Some(site) = Site::new("t5-call").await else { return };
    let replica = site.replica(quick()).await;
    site.configure(&[replica.port()]).await;
    ready(&[&replica]).await;
    in_effect(&site).await;
    let told = site.create("").await.expect_err("a Pod without a memory request is refused");
    assert!(told.contains("denied the request") && told.contains("[missing-memory-request]"), "{told}");
    assert!(metric(&replica.app, "memlint_findings_total{rule=\"missing-memory-request\",action=\"deny\"}") >= 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t7_r2_a_wrong_bundle_is_repaired_and_nothing_else_is_touched() {
    let Some(site) = Site::new("t7-repair").await else { return };
    let replica = site.replica(quick()).await;
    site.configure(&[replica.port()]).await;
    let name = &site.names.webhook_config;
    // All but what every write changes.
    let plain = |config: ValidatingWebhookConfiguration| {
        let mut plain = serde_json::to_value(config).expect("JSON");
        for key in ["resourceVersion", "generation", "managedFields"] {
            plain["metadata"].as_object_mut().expect("a map").remove(key);
        }
        plain
    };
    ready(&[&replica]).await;
    let right = site.configs().get(name).await.expect("the configuration");
    assert_eq!(right.webhooks.as_ref().expect("webhooks")[1].client_config.ca_bundle, None, "it is not ours");
    let right = plain(right);
    let other = ByteString(Ca::new().pem.into_bytes());
    for value in [json!(null), json!(other)] {
        let blank = json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": value}]);
        let blank = Patch::Json::<()>(serde_json::from_value(blank).expect("a patch"));
        let before = patches(&replica, "repair");
        site.configs().patch(name, &PatchParams::default(), &blank).await.expect("broken");
        let took = until("it is repaired", async || {
            plain(site.configs().get(name).await.expect("the configuration")) == right
        })
        .await;
        assert!(took < Duration::from_secs(10), "{took:?}");
        until("it counts", async || patches(&replica, "repair") > before).await;
        ready(&[&replica]).await;
    }
    assert_eq!(patches(&replica, "rotation"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t7_two_controllers_that_undo_each_other_are_no_storm() {
    let Some(site) = Site::new("t7-fight").await else { return };
    let replica = site.replica(quick()).await;
    site.configure(&[replica.port()]).await;
    ready(&[&replica]).await;
    let blank = json!([{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": null}]);
    let blank = Patch::Json::<()>(serde_json::from_value(blank).expect("a patch"));
    let (started, before) = (Instant::now(), patches(&replica, "repair"));
    let mut told = Vec::new();
    while started.elapsed() < Duration::from_secs(12) {
        let done = site.configs().patch(&site.names.webhook_config, &PatchParams::default(), &blank).await;
        done.expect("blanked");
        told.extend(replica.app.health.not_ready());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let repairs = patches(&replica, "repair") - before;
    assert!((2.0..=6.0).contains(&repairs), "{repairs} repairs in 12 s of being undone 50 times a second");
    let port = replica.port();
    let why = format!("the caBundle of webhook on-{port}.memlint.dev does not have our CA");
    assert!(told.contains(&why), "it is not ready meanwhile: {told:?}");
    ready(&[&replica]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t1_a_secret_that_is_missing_or_not_ours_is_waited_for() {
    let Some(site) = Site::new("t1-missing").await else { return };
    let secrets = site.secrets();
    let mut secret = secrets.get("memlint-ca").await.expect("the Secret");
    secrets.delete("memlint-ca", &Default::default()).await.expect("gone");
    let replica = site.replica(quick()).await;
    site.configure(&[replica.port()]).await;
    let told = async |what: &str| {
        let why = async || replica.app.health.not_ready().join("\n").contains(what);
        until(what, why).await;
        assert!(replica.app.health.not_ready().iter().any(|why| why == "there is no certificate yet"));
    };
    told("Secret t1-missing/memlint-ca is not there: make it, without data").await;
    assert!(metric(&replica.app, "memlint_ca_errors_total") >= 1.0);
    secret.metadata.resource_version = None;
    secret.string_data = Some([("ca.crt".to_owned(), "theirs".to_owned())].into());
    secrets.create(&Default::default(), &secret).await.expect("there again");
    told("holds no CA of ours: it has only one of ca.crt and ca.key").await;
    let empty = json!({"data": {"ca.crt": null}});
    secrets.patch("memlint-ca", &PatchParams::default(), &Patch::Merge(empty)).await.expect("empty");
    ready(&[&replica]).await;
}

/// Makes Pods, and sends requests over a connection of its own, until all is done; every call must be answered.
async fn load(site: &Site, replica: &Replica, mut done: impl AsyncFnMut() -> bool) -> usize {
    in_effect(site).await;
    let mut kept = site.connect(replica, &site.bundles().await[0]).await;
    let (started, mut calls) = (Instant::now(), 0);
    while !done().await {
        assert!(started.elapsed() < Duration::from_secs(90), "it is never done");
        let (good, bad) = tokio::join!(site.create("64Mi"), site.create(""));
        assert_eq!(good, Ok(()), "after {calls} calls");
        let told = bad.expect_err("refused");
        assert!(told.contains("[missing-memory-request]"), "after {calls} calls: {told}");
        let (status, ..) = kept.validate().await.expect("the connection is kept");
        assert_eq!(status, StatusCode::OK);
        calls += 1;
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t2_t4_a_ca_comes_of_age_under_load_and_no_call_fails() {
    let Some(site) = Site::new("t2-rotation").await else { return };
    let [ca, leaf, grace, spare] = [30, 6, 3, 3].map(Duration::from_secs);
    let times = Times { ca, leaf, grace, spare, poll: Duration::from_millis(300) };
    let (a, b) = tokio::join!(site.replica(times), site.replica(times));
    site.configure(&[a.port(), b.port()]).await;
    ready(&[&a, &b]).await;
    let first = site.held().await.expect("a CA").current;
    let leaf = site.connect(&a, &first.certificate).await.certificate;
    let mut seen = Vec::new();
    let calls = load(&site, &a, async || {
        let held = site.held().await.expect("a CA");
        let stage = (held.current == first, held.next.is_some(), held.old.is_some());
        if seen.last() != Some(&stage) {
            seen.push(stage);
        }
        // Renewed, and the old one forgotten everywhere.
        held.current != first && held.old.is_none() && site.bundles().await == [held.bundle(), held.bundle()]
    })
    .await;
    let all = [(true, false, false), (true, true, false), (false, false, true), (false, false, false)];
    assert_eq!(seen, all, "{calls} calls");
    let second = site.held().await.expect("a CA").current;
    assert!(!site.bundles().await[0].contains(first.certificate.trim()));
    for replica in [&a, &b] {
        let client = site.connect(replica, &second.certificate).await;
        assert_ne!(client.certificate, leaf, "a new connection sees a new certificate");
    }
    assert!(calls >= 20, "{calls} calls are no load");
    assert_eq!(patches(&a, "repair") + patches(&b, "repair"), 0.0, "nobody undoes what another replica does");
    let rotations = patches(&a, "rotation") + patches(&b, "rotation");
    assert_eq!(rotations, 3.0, "the first, both, the second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t2_who_empties_the_secret_gets_another_ca_and_no_call_fails() {
    let Some(site) = Site::new("t2-emptied").await else { return };
    let (a, b) = tokio::join!(site.replica(quick()), site.replica(quick()));
    site.configure(&[a.port(), b.port()]).await;
    ready(&[&a, &b]).await;
    let first = site.held().await.expect("a CA");
    let empty = json!({"data": null});
    site.secrets().patch("memlint-ca", &PatchParams::default(), &Patch::Merge(empty)).await.expect("empty");
    let mut promoted = None;
    load(&site, &b, async || {
        let secret = site.secrets().get("memlint-ca").await.expect("the Secret");
        let held = memlint_webhook::authority::Held::read(&secret.data.unwrap_or_default()).expect("a CA of ours");
        if held.is_some_and(|held| held.current != first.current) {
            // A while longer, for leafs to change.
            promoted.get_or_insert_with(Instant::now);
        }
        promoted.is_some_and(|since| since.elapsed() > Duration::from_secs(2))
    })
    .await;
    let held = site.held().await.expect("a CA");
    assert_eq!(held.old.as_ref().map(|old| &old.certificate), Some(&first.current.certificate));
    for replica in [&a, &b] {
        site.connect(replica, &held.current.certificate).await.validate().await.expect("an answer");
    }
}
