//! Whatever comes, there is an answer: seeded mutations of real requests through the pure function, for a few seconds.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use memlint_kubernetes::reference::Origin;
use memlint_policies::inventory::Inventory;
use memlint_review::{Enforcement, Options, ReviewCx, Verdict, Workloads};
use serde_json::{Value, json};

use crate::support::{container, create, deployment, deployment_of, options, pod, pod_of, resize, review, rulebook};

/// A generator that gives the same numbers everywhere (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most.max(1) as u64).expect("small")
    }
}

fn seeds() -> Vec<Value> {
    let mut rich = pod_of(&[container("api", "1Gi", "4Gi"), container("db", "", "1e3")]);
    rich["metadata"]["annotations"] = json!({"memlint.dev/allow": "missing-memory-request: x", "kubernetes.io/limit-ranger": "LimitRanger plugin set: memory request for container db"});
    rich["spec"]["containers"][0]["env"] =
        json!([{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx2g -XX:MaxRAMPercentage=80"}]);
    rich["spec"]["volumes"] = json!([{"name": "m", "emptyDir": {"medium": "Memory"}}]);
    rich["spec"]["initContainers"] = json!([container("init", "512Mi", "512Mi")]);
    vec![
        create(&pod("1Gi", "1Gi")),
        create(&pod("5Gi", "5Gi")),
        create(&rich),
        resize(&pod("1Gi", "2Gi"), &rich),
        deployment(Some(&deployment_of(&[container("a", "", "")])), &deployment_of(&[container("b", "9E", "1n")])),
    ]
}

/// Replaces, removes or repeats one value somewhere.
fn bend(value: &mut Value, random: &mut Random) {
    let odd = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("512MB"),
        json!("-5Gi"),
        json!("9999999999999999999999E"),
        json!("\u{0}\n\u{202e}"),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!({"": {"": 0}}),
    ];
    match value {
        Value::Object(map) if !map.is_empty() && random.below(4) > 0 => {
            let key = map.keys().nth(random.below(map.len())).cloned().expect("a key");
            match random.below(8) {
                0 => _ = map.remove(&key),
                1 => {
                    let copy = map[&key].clone();
                    _ = map.insert(format!("{key}s"), copy);
                }
                _ => bend(map.get_mut(&key).expect("a value"), random),
            }
        }
        Value::Array(items) if !items.is_empty() && random.below(4) > 0 => {
            let index = random.below(items.len());
            match random.below(8) {
                0 => _ = items.remove(index),
                1 => items.push(items[index].clone()),
                _ => bend(&mut items[index], random),
            }
        }
        other => *other = odd[random.below(odd.len())].clone(),
    }
}

/// Nodes, a LimitRange and a quota, so that the rules that ask for them run too.
fn cluster() -> Inventory {
    let taints = json!({"taints": [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]});
    let nodes = [json!({}), json!({"memory": "1Gi", "labels": {"disk": "ssd"}}), json!({"spec": taints})];
    let mut inventory = crate::fits::inventory(&nodes);
    let limits = json!([{"type": "Container", "max": {"memory": "2Gi"}, "default": {"memory": "512Mi"}}]);
    let limit_range = json!({"metadata": {"name": "l"}, "spec": {"limits": limits}});
    let limit_range = serde_json::from_value(limit_range).expect("a LimitRange");
    inventory.add_limit_range("shop", &limit_range, Origin::default());
    let hard = json!({"requests.memory": "2Gi", "limits.memory": "3Gi"});
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": hard}, "status": {"hard": hard, "used": {}}});
    let quota = serde_json::from_value(quota).expect("a ResourceQuota");
    inventory.add_resource_quota("shop", &quota, Origin::default());
    inventory
}

#[test]
fn r5_d11_whatever_comes_there_is_an_answer_and_always_the_same() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let rulebook = rulebook("extends: strict");
    let inventory = cluster();
    let all = [
        options(),
        Options { workloads: Workloads::Deny, ..options() },
        Options { enforcement: Enforcement::Warn, ..options() },
    ];
    let (started, mut seen) = (Instant::now(), std::collections::HashMap::new());
    let mut rules = BTreeSet::new();
    let seeds = seeds();
    while started.elapsed() < Duration::from_secs(5) {
        let mut request = review(&seeds[random.below(seeds.len())]);
        for _ in 0..=random.below(6) {
            match random.below(16) {
                0 => bend(&mut request, &mut random),
                1 | 2 if request["request"].is_object() => bend(&mut request["request"], &mut random),
                _ if request["request"]["object"]["spec"].is_object() => {
                    bend(&mut request["request"]["object"], &mut random);
                }
                _ => {}
            }
        }
        let mut body = request.to_string().into_bytes();
        if random.below(6) == 0 {
            let at = random.below(body.len());
            match random.below(3) {
                0 => body.truncate(at),
                1 => body[at] = u8::try_from(random.below(256)).expect("a byte"),
                _ => _ = body.remove(at),
            }
        }
        let cx = ReviewCx {
            policy: &rulebook.policy,
            policy_hash: &rulebook.hash,
            inventory: &inventory,
            nodes_are_certain: true,
            options: &all[random.below(all.len())],
            today: "2026-11-22".parse().expect("a day"),
        };
        let reply = memlint_review::review(&body, &cx);
        assert_eq!(reply, memlint_review::review(&body, &cx));
        *seen.entry(reply.outcome.verdict).or_insert(0) += 1;
        rules.extend(reply.outcome.findings.keys().map(|(rule, _)| *rule));
        if reply.status == 400 {
            continue;
        }
        let answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
        // What is passed over may hold what is no text.
        if let Ok(sent) = serde_json::from_slice::<Value>(&body) {
            assert_eq!(answer["response"]["uid"], sent["request"]["uid"]);
        }
        assert_eq!(answer["response"]["allowed"], reply.outcome.allowed);
        let warnings = answer["response"]["warnings"].as_array().cloned().unwrap_or_default();
        assert!(warnings.len() <= 10);
        for warning in warnings {
            let warning = warning.as_str().expect("text");
            assert!(warning.len() <= 120 && warning.bytes().all(|b| (b' '..=b'~').contains(&b)), "{warning:?}");
        }
        assert!(reply.body.len() < 64 * 1024);
    }
    println!("{seen:?}, {rules:?}");
    for rule in ["never-fits", "outside-limit-range", "quota-exceeded"] {
        assert!(rules.contains(rule), "{rule} never came up: {rules:?}");
    }
    for verdict in
        [Verdict::Untouched, Verdict::Allow, Verdict::Warn, Verdict::Deny, Verdict::Undecided, Verdict::Invalid]
    {
        assert!(seen.contains_key(&verdict), "{verdict:?} never came up: {seen:?}");
    }
}
