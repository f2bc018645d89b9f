//! Writing a capacity file, so that it is read again as the same.
use memlint_kubernetes::aggregate::ResourceList;
use memlint_scheduler::{Overhead, Taint};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::{API_VERSION, CapacityFile, Count, Pool, fields, read, yaml};

impl CapacityFile {
    /// The file as YAML.
    #[must_use]
    pub fn to_yaml(&self) -> String {
        yaml::print(&self.to_json())
    }

    /// The file as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut file = Map::new();
        file.insert("apiVersion".to_owned(), API_VERSION.into());
        file.insert("kind".to_owned(), fields::KIND.into());
        if let Some(version) = self.kubernetes {
            file.insert("kubernetes".to_owned(), version.to_string().into());
        }
        file.insert("pools".to_owned(), self.pools.iter().map(pool).collect());
        objects(&mut file, "limitRanges", &self.limit_ranges);
        objects(&mut file, "resourceQuotas", &self.resource_quotas);
        objects(&mut file, "runtimeClasses", &self.runtime_classes);
        objects(&mut file, "priorityClasses", &self.priority_classes);
        objects(&mut file, "namespaces", &self.namespaces);
        file.into()
    }
}

fn objects<T: Serialize>(file: &mut Map<String, Json>, list: &str, objects: &[T]) {
    if !objects.is_empty() {
        let objects = objects.iter().map(|object| serde_json::to_value(object).unwrap_or_default());
        file.insert(list.to_owned(), objects.collect());
    }
}

fn pool(pool: &Pool) -> Json {
    let mut map = Map::new();
    map.insert("name".to_owned(), pool.name.as_str().into());
    map.insert("count".to_owned(), count(pool.count));
    if let Some(settings) = &pool.settings {
        read::write_options(settings, &mut map);
    }
    let mut put = |key: &str, value: Json| {
        let empty = value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            map.insert(key.to_owned(), value);
        }
    };
    if let Some(size) = &pool.size {
        put("size", size.as_str().into());
    }
    put("capacity", amounts(&pool.capacity));
    put("allocatable", amounts(&pool.allocatable));
    put("labels", json!(pool.labels));
    put("taints", pool.taints.iter().map(taint).collect());
    put("daemonSets", overhead(&pool.daemon_sets));
    if let Some(nodes) = &pool.requested {
        // Kept even if it is empty: that nothing is requested is worth knowing.
        map.insert("requested".to_owned(), nodes.iter().map(overhead).collect());
    }
    map.into()
}

fn count(count: Count) -> Json {
    let entries = [("min", count.min), ("max", count.max), ("now", count.now)];
    entries.into_iter().filter_map(|(key, number)| Some((key.to_owned(), number?.into()))).collect::<Map<_, _>>().into()
}

fn taint(taint: &Taint) -> Json {
    let mut map = Map::new();
    map.insert("key".to_owned(), taint.key.as_str().into());
    if !taint.value.is_empty() {
        map.insert("value".to_owned(), taint.value.as_str().into());
    }
    map.insert("effect".to_owned(), taint.effect.as_str().into());
    map.into()
}

fn amounts(list: &ResourceList) -> Json {
    list.iter().map(|(name, amount)| (name.clone(), Json::from(amount.to_string()))).collect::<Map<_, _>>().into()
}

fn overhead(overhead: &Overhead) -> Json {
    let mut list = amounts(&overhead.requests);
    if let Some(map) = list.as_object_mut().filter(|_| overhead.pods != 0) {
        map.insert("pods".to_owned(), overhead.pods.into());
    }
    list
}
