//! [`Store`]: the objects of one kind, kept up to date by a watch.
//!
//! What was known last stays while a watch is broken. An object that cannot be read is counted and holds up no other;
//! that it is there is remembered.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kube::Api;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::Notify;

use super::kept::Kept;
use super::seen::{Seen, Text};
use crate::metrics::Metrics;
use crate::state::now;

/// How many objects are asked for at a time.
const PAGE: u32 = 200;
/// How many seconds a watch lasts. One that has died unnoticed is given up somewhat later.
const WATCH: u32 = 240;

type Key = (String, String);

/// The objects of one kind.
#[derive(Debug)]
pub(crate) struct Store<K> {
    state: Mutex<State>,
    kind: PhantomData<fn() -> K>,
}

#[derive(Debug, Default)]
struct State {
    /// `None` for what cannot be read.
    objects: BTreeMap<Key, Option<Text>>,
    synced: bool,
    /// When the API server last said something.
    heard: Option<Instant>,
    fails: bool,
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self { state: Mutex::default(), kind: PhantomData }
    }
}

impl<K: Kept> Store<K> {
    /// Whether all objects have been seen once.
    pub(super) fn is_synced(&self) -> bool {
        self.with(|state| state.synced)
    }

    /// How long ago the API server last said something, if the watch does not work.
    pub(super) fn failing_for(&self) -> Duration {
        let since = self.with(|state| state.heard.filter(|_| state.fails));
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The name of an object that is there and cannot be read, if there is one.
    pub(super) fn unreadable(&self) -> Option<String> {
        self.with(|state| state.objects.iter().find(|(_, text)| text.is_none()).map(|((_, name), _)| name.clone()))
    }

    /// The API server has said something.
    pub(super) fn heard(&self) {
        self.with(|state| state.heard = Some(Instant::now()));
    }

    /// Calls `each` with every object.
    ///
    /// # Errors
    /// Never: what is kept was written from the type.
    pub(super) fn each(&self, mut each: impl FnMut(K)) -> Result<(), String> {
        // The watch goes on meanwhile.
        let texts: Vec<Text> = self.with(|state| state.objects.values().flatten().cloned().collect());
        for text in texts {
            each(serde_json::from_slice(&text).map_err(|error| format!("a {} cannot be read: {error}", K::KIND))?);
        }
        Ok(())
    }

    /// A watch has begun: what is known is up to date again.
    pub(super) fn works_again(&self, metrics: &Metrics) {
        let synced = self.with(|state| {
            (state.heard, state.fails) = (Some(Instant::now()), false);
            state.synced
        });
        metrics.synced(K::KIND, synced);
    }

    /// Watches; never returns.
    pub(super) async fn follow(&self, api: Api<Seen<K>>, changed: &Notify, metrics: &Metrics) {
        let config = watcher::Config { field_selector: K::FIELDS.map(str::to_owned), ..watcher::Config::default() };
        let config = config.page_size(PAGE).timeout(WATCH);
        let mut events = pin!(watcher(api, config).default_backoff());
        let mut coming = BTreeMap::new();
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    tracing::warn!(kind = K::KIND, %error, "a watch does not work; what was known last goes on");
                    metrics.watch_error(K::KIND);
                    metrics.synced(K::KIND, false);
                    self.with(|state| state.fails = true);
                    continue;
                }
            };
            let news = match event {
                Event::Init => {
                    coming.clear();
                    continue;
                }
                Event::InitApply(seen) => {
                    let key = key(&seen);
                    if let Some(text) = read(&key, seen, metrics) {
                        let text = self.as_held(&key, text);
                        coming.insert(key, text);
                    }
                    continue;
                }
                Event::InitDone => self.replace(std::mem::take(&mut coming)),
                Event::Apply(seen) => {
                    let key = key(&seen);
                    match read(&key, seen, metrics) {
                        Some(text) => self.put(key, text),
                        None => self.remove(&key),
                    }
                }
                Event::Delete(seen) => self.remove(&key(&seen)),
            };
            self.works_again(metrics);
            metrics.cache(K::KIND, self.with(|state| state.objects.values().flatten().count()), now());
            if news {
                changed.notify_one();
            }
        }
    }

    /// The text that is held already, if it is the same: a list mostly says again what was known.
    fn as_held(&self, key: &Key, text: Option<Text>) -> Option<Text> {
        self.with(|state| state.objects.get(key).filter(|held| **held == text).cloned()).unwrap_or(text)
    }

    fn replace(&self, objects: BTreeMap<Key, Option<Text>>) -> bool {
        self.with(|state| {
            let news = !state.synced || state.objects != objects;
            state.objects = objects;
            state.synced = true;
            news
        })
    }

    /// A heartbeat of a node changes nothing that is kept.
    fn put(&self, key: Key, object: Option<Text>) -> bool {
        self.with(|state| {
            let news = state.objects.get(&key) != Some(&object);
            state.objects.insert(key, object);
            news
        })
    }

    fn remove(&self, key: &Key) -> bool {
        self.with(|state| state.objects.remove(key).is_some())
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn key<K: Kept>(seen: &Seen<K>) -> Key {
    let metadata = kube::Resource::meta(seen);
    (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}

/// What is kept of an object, if it counts; `Some(None)` if it cannot be read.
fn read<K: Kept>((namespace, name): &Key, seen: Seen<K>, metrics: &Metrics) -> Option<Option<Text>> {
    match seen.kept {
        Ok(kept) => kept.map(Some),
        Err(why) => {
            tracing::warn!(kind = K::KIND, namespace, name, why, "an object cannot be read and is left out");
            metrics.bad_object(K::KIND);
            Some(None)
        }
    }
}
