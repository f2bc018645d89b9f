//! `memlint capacity node --format json`, version 1.

use memlint_capacity::sizing::{Bytes, Explanation, MemoryFrom, Millicores, Reservation, Resource, Source, Upgrade};
use serde_json::{Map, Value, json};

/// One node.
pub(super) fn one(explanation: &Explanation) -> String {
    let mut root = Map::from_iter([("version".to_owned(), Value::from(1))]);
    root.extend(node(explanation));
    format!("{:#}\n", Value::from(root))
}

/// A node before and after an upgrade. What is gained is in bytes, thousandths of a CPU and Pods; negative is lost.
pub(super) fn upgrade(upgrade: &Upgrade) -> String {
    let number = |gain: i128| i64::try_from(gain).unwrap_or(if gain < 0 { i64::MIN } else { i64::MAX });
    let root = json!({
        "version": 1,
        "before": node(&upgrade.before),
        "after": node(&upgrade.after),
        "gain": {
            "memoryBytes": number(upgrade.memory),
            "cpuMillis": number(upgrade.cpu),
            "ephemeralStorageBytes": upgrade.ephemeral_storage.map(number),
            "pods": number(upgrade.pods),
        },
    });
    format!("{root:#}\n")
}

fn node(explanation: &Explanation) -> Map<String, Value> {
    let Explanation { nominal, capacity, allocatable, .. } = explanation;
    let list = |cpu: u64, memory: u64, disk: Option<u64>, pods: Option<u64>| {
        let mut list = Map::new();
        list.insert("cpu".to_owned(), Millicores(cpu).to_string().into());
        list.insert("memory".to_owned(), Bytes(memory).to_string().into());
        list.extend(disk.map(|disk| ("ephemeral-storage".to_owned(), Bytes(disk).to_string().into())));
        list.extend(pods.map(|pods| ("pods".to_owned(), pods.to_string().into())));
        Value::from(list)
    };
    let from = match &capacity.memory_from {
        MemoryFrom::Measured => json!({"from": "measured", "estimate": false}),
        MemoryFrom::Host => json!({"from": "host", "estimate": false}),
        MemoryFrom::Estimated { formula, words, band, source } => json!({
            "from": "estimated", "estimate": true, "name": formula, "formula": words, "source": self::source(*source),
            "belowBytes": band.map(|band| band.below), "aboveBytes": band.map(|band| band.above),
        }),
    };
    let pods = &capacity.pods;
    let warnings: Vec<&str> = explanation.warnings.iter().map(|warning| warning.text.as_str()).collect();
    let entries = [
        ("provider", json!(explanation.provider.name())),
        ("size", json!(explanation.size)),
        ("kubernetes", json!(explanation.kubernetes.map(|version| version.to_string()))),
        ("nominal", list(nominal.cpu, nominal.memory, None, None)),
        ("capacity", list(capacity.cpu, capacity.memory, capacity.ephemeral_storage, Some(pods.amount))),
        ("memoryCapacity", from),
        ("maxPods", json!({"formula": pods.formula, "source": source(pods.source)})),
        ("reservations", reservations(&explanation.reservations)),
        (
            "allocatable",
            list(allocatable.cpu, allocatable.memory, allocatable.ephemeral_storage, Some(allocatable.pods)),
        ),
        ("kubepodsLimit", json!(explanation.kubepods_limit.map(|limit| Bytes(limit).to_string()))),
        ("warnings", json!(warnings)),
    ];
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// One entry for each kind of reservation.
fn reservations(all: &[Reservation]) -> Value {
    let mut entries: Vec<Map<String, Value>> = Vec::new();
    for Reservation { kind, resource, amount } in all {
        let name = Value::from(kind.name());
        if entries.last().and_then(|entry| entry.get("name")) != Some(&name) {
            entries.push(Map::from_iter([("name".to_owned(), name), ("steps".to_owned(), json!([]))]));
        }
        let text = match resource {
            Resource::Cpu => Millicores(amount.amount).to_string(),
            Resource::Memory | Resource::EphemeralStorage => Bytes(amount.amount).to_string(),
        };
        let Some(entry) = entries.last_mut() else { continue };
        entry.insert(resource.name().to_owned(), text.into());
        let step = json!({"resource": resource.name(), "formula": amount.formula, "source": source(amount.source)});
        if let Some(steps) = entry.get_mut("steps").and_then(Value::as_array_mut) {
            steps.push(step);
        }
    }
    entries.into_iter().map(Value::from).collect()
}

fn source(source: Source) -> Value {
    json!({"text": source.text, "checked": source.checked, "given": source.user})
}
