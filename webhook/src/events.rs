//! Kubernetes Events: what became of a workload's Pods, where its owner looks for it.
//!
//! They are posted away from requests, through a queue of bounded length and not faster than so many a second. What
//! happens again within a few minutes is counted in the Event that is there already.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use memlint_review::{About, Outcome};
use tokio::sync::mpsc;

use crate::metrics::Metrics;

/// How many may wait.
const QUEUE: usize = 256;
/// The least time between two.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest time for one.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest text that Kubernetes takes for an action.
const MAX_ACTION: usize = 128;
/// The longest text that Kubernetes takes for a note is 1,024 bytes.
const MAX_NOTE: usize = 1_000;

/// Where Events are put that are to be posted; nowhere, if nobody asked for them.
#[derive(Debug, Default)]
pub struct Events {
    queue: Option<mpsc::Sender<Notice>>,
    own_pod: Option<About>,
}

/// Events that wait.
#[derive(Debug)]
pub struct Waiting {
    queue: mpsc::Receiver<Notice>,
    /// Who posts them: the webhook's own Pod, if its name is known.
    instance: String,
}

#[derive(Debug)]
struct Notice {
    about: About,
    reason: &'static str,
    action: String,
    note: String,
}

impl Events {
    /// A queue; what happens to the webhook itself is told of its own Pod, if its namespace and name are known.
    #[must_use]
    pub fn queue(own_namespace: Option<&str>, own_pod: Option<&str>) -> (Self, Waiting) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let own_pod = own_namespace.zip(own_pod).map(|(namespace, name)| About {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            uid: None,
        });
        let instance = own_pod.as_ref().map_or_else(|| "memlint-webhook".to_owned(), |pod| pod.name.clone());
        (Self { queue: Some(sender), own_pod }, Waiting { queue: receiver, instance })
    }

    /// Tells of a denial, but not of a dry run.
    pub fn outcome(&self, outcome: &Outcome, metrics: &Metrics) {
        let Some(denial) = outcome.denial.as_ref().filter(|_| !outcome.dry_run && self.queue.is_some()) else { return };
        // The rules are part of what tells one Event from the next; the note is not.
        let action = clipped(format!("Deny:{}", denial.rules.join(",")), MAX_ACTION);
        let (about, note) = (denial.about.clone(), clipped(denial.note.clone(), MAX_NOTE));
        self.put(Notice { about, reason: "DeniedByMemlint", action, note }, metrics);
    }

    /// Tells that the policy file is bad.
    pub fn policy_refused(&self, why: &str, metrics: &Metrics) {
        let Some(about) = self.own_pod.clone() else { return };
        let note = format!("the policy file is bad; the last good policy goes on: {why}");
        let (action, note) = ("LoadPolicy".to_owned(), clipped(note, MAX_NOTE));
        self.put(Notice { about, reason: "PolicyRefused", action, note }, metrics);
    }

    fn put(&self, notice: Notice, metrics: &Metrics) {
        if let Some(queue) = &self.queue
            && queue.try_send(notice).is_err()
        {
            metrics.event("dropped");
        }
    }
}

/// Posts what waits, one after the other, and says of each what became of it; returns when no more can come.
pub async fn follow(waiting: Waiting, client: Client, count: impl Fn(&'static str)) {
    let Waiting { mut queue, instance } = waiting;
    let reporter = Reporter { controller: "memlint.dev/webhook".to_owned(), instance: Some(instance) };
    let recorder = Recorder::new(client, reporter);
    let mut failing = false;
    while let Some(notice) = queue.recv().await {
        let posted = post(&recorder, notice).await;
        count(if posted.is_ok() { "posted" } else { "failed" });
        if let Err(why) = &posted
            && !failing
        {
            tracing::warn!(why, "an Event cannot be posted; no more is said of it until one can");
        }
        failing = posted.is_err();
        tokio::time::sleep(PAUSE).await;
    }
}

async fn post(recorder: &Recorder, notice: Notice) -> Result<(), String> {
    let Notice { about, reason, action, note } = notice;
    // It becomes part of a path, and whoever reaches the port can say what it is.
    if !is_namespace(&about.namespace) {
        return Err("the namespace is none that there can be".to_owned());
    }
    let (type_, reason) = (EventType::Warning, reason.to_owned());
    let event = Event { type_, reason, note: Some(note), action, secondary: None };
    let regarding = ObjectReference {
        api_version: Some(about.api_version),
        kind: Some(about.kind),
        name: Some(about.name),
        namespace: Some(about.namespace),
        uid: about.uid,
        ..ObjectReference::default()
    };
    match tokio::time::timeout(PATIENCE, recorder.publish(&event, &regarding)).await {
        Ok(posted) => posted.map_err(|error| error.to_string()),
        Err(_) => Err(format!("there was no answer within {PATIENCE:?}")),
    }
}

/// At most so many bytes.
fn clipped(mut text: String, most: usize) -> String {
    while text.len() > most {
        text.pop();
    }
    text
}

/// A DNS label, as all namespaces are.
fn is_namespace(name: &str) -> bool {
    let is_of_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(is_of_label)
}
