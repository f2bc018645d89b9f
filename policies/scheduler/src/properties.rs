//! Properties that hold for every cluster, tried on random small ones.

use std::collections::BTreeMap;

use memlint_kubernetes::aggregate::pod_requests;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::situation::{Code, Situation};
use super::{Candidate, Cluster, ClusterBuilder, Labels, Look, Packing, Reason, Release, View, filter, pack, survey};
use crate::node::Node;

/// A cluster and a Pod, as plain objects.
#[derive(Debug, Clone)]
struct World {
    nodes: Vec<Value>,
    pods: Vec<Value>,
    candidate: Value,
}

impl World {
    fn cluster(&self) -> Cluster {
        let mut builder = ClusterBuilder::default();
        for node in &self.nodes {
            builder.node(Node::read(&serde_json::from_value(node.clone()).expect("a Node")).0);
        }
        for pod in &self.pods {
            builder.pod(&serde_json::from_value(pod.clone()).expect("a Pod"));
        }
        builder.build()
    }

    fn candidate(&self) -> Candidate {
        let spec = serde_json::from_value(self.candidate["spec"].clone()).expect("a Pod spec");
        let labels: Labels = serde_json::from_value(self.candidate["metadata"]["labels"].clone()).expect("labels");
        Candidate::new(&spec, &labels, "apps", &pod_requests(&spec, None))
    }

    fn fits(&self) -> bool {
        filter(&self.cluster(), &self.candidate(), View::Now).fits()
    }

    fn message(&self) -> Option<String> {
        filter(&self.cluster(), &self.candidate(), View::Now).message(Release::default())
    }

    /// The same world with every amount of memory written another way.
    fn with_memory(&self, write: impl Fn(u64) -> String + Copy) -> Self {
        fn rewrite(value: &mut Value, write: impl Fn(u64) -> String + Copy) {
            match value {
                Value::Object(entries) => entries.iter_mut().for_each(|(key, value)| match value.as_str() {
                    Some(text) if key == "memory" => *value = json!(write(text.parse().expect("bytes"))),
                    _ => rewrite(value, write),
                }),
                Value::Array(items) => items.iter_mut().for_each(|item| rewrite(item, write)),
                _ => {}
            }
        }
        let mut other = self.clone();
        let all = other.nodes.iter_mut().chain(&mut other.pods).chain([&mut other.candidate]);
        all.for_each(|value| rewrite(value, write));
        other
    }
}

const APPS: [&str; 2] = ["a", "b"];

fn term(key: u8, app: usize) -> Value {
    let keys = ["kubernetes.io/hostname", "zone", "rack"];
    json!({"topologyKey": keys[usize::from(key) % 3], "labelSelector": {"matchLabels": {"app": APPS[app]}}})
}

fn node() -> impl Strategy<Value = Value> {
    (0..3_u8, 0..3_u8, 0..4_u8, 0..8_u64, 1..5_i64).prop_map(|(zone, rack, taint, memory, slots)| {
        let mut labels = json!({"pool": APPS[usize::from(rack % 2)]});
        if zone > 0 {
            labels["zone"] = json!(zone.to_string());
        }
        if rack > 0 {
            labels["rack"] = json!(rack.to_string());
        }
        let taints = if taint == 0 { json!([{"key": "t", "effect": "NoSchedule"}]) } else { json!([]) };
        json!({"metadata": {"labels": labels}, "spec": {"taints": taints, "unschedulable": taint == 1},
            "status": {"allocatable": {"memory": memory.to_string(), "pods": slots.to_string()}}})
    })
}

fn pod() -> impl Strategy<Value = Value> {
    (0..4_usize, 0..2_usize, 0..4_u64, prop::option::of((any::<u8>(), 0..2_usize)), any::<bool>()).prop_map(
        |(node, app, memory, anti, port)| {
            let anti: Vec<Value> = anti.into_iter().map(|(key, app)| term(key, app)).collect();
            let ports = if port { json!([{"containerPort": 1, "hostPort": 1}]) } else { json!([]) };
            json!({"metadata": {"namespace": "apps", "labels": {"app": APPS[app]}}, "spec": {"nodeName": format!("n{node}"),
                "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": anti}},
                "containers": [{"name": "c", "ports": ports, "resources": {"requests": {"memory": memory.to_string()}}}]}})
        },
    )
}

#[derive(Debug, Clone)]
struct Wishes {
    spread: Option<(u8, i32, i32)>,
    affinity: Option<(u8, usize)>,
    anti: Option<(u8, usize)>,
}

fn wishes() -> impl Strategy<Value = Wishes> {
    let term = || prop::option::of((any::<u8>(), 0..2_usize));
    (prop::option::of((any::<u8>(), 1..3_i32, 1..4_i32)), term(), term()).prop_map(|(spread, affinity, anti)| Wishes {
        spread,
        affinity,
        anti,
    })
}

/// One wish or none.
fn wish() -> impl Strategy<Value = Wishes> {
    (wishes(), 0..3_u8).prop_map(|(wishes, which)| Wishes {
        spread: wishes.spread.filter(|_| which == 0),
        affinity: wishes.affinity.filter(|_| which == 1),
        anti: wishes.anti.filter(|_| which == 2),
    })
}

fn candidate(wishes: impl Strategy<Value = Wishes>) -> impl Strategy<Value = Value> {
    (wishes, 0..4_u64, any::<bool>(), any::<bool>(), prop::option::of(0..2_usize)).prop_map(
        |(wishes, memory, tolerates, port, pool)| {
            let terms = |term_: Option<(u8, usize)>| -> Vec<Value> {
                term_.into_iter().map(|(key, app)| term(key, app)).collect()
            };
            let spread = wishes.spread.map(|(key, skew, domains)| {
                let mut constraint = term(key, 0);
                constraint["maxSkew"] = json!(skew);
                constraint["minDomains"] = json!(domains);
                constraint["whenUnsatisfiable"] = json!("DoNotSchedule");
                constraint
            });
            let tolerations = if tolerates { json!([{"operator": "Exists"}]) } else { json!([]) };
            let ports = if port && memory == 3 { json!([{"containerPort": 1, "hostPort": 1}]) } else { json!([]) };
            let selector = pool.map_or(json!({}), |pool| json!({"pool": APPS[pool]}));
            json!({"metadata": {"labels": {"app": "a"}}, "spec": {
                "tolerations": tolerations, "nodeSelector": selector,
                "topologySpreadConstraints": spread.into_iter().collect::<Vec<_>>(),
                "affinity": {
                    "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms(wishes.affinity)},
                    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms(wishes.anti)}},
                "containers": [{"name": "c", "ports": ports, "resources": {"requests": {"memory": memory.to_string()}}}]}})
        },
    )
}

fn world(wishes: impl Strategy<Value = Wishes>) -> impl Strategy<Value = World> {
    let nodes = prop::collection::vec(node(), 1..5);
    (nodes, prop::collection::vec(pod(), 0..6), candidate(wishes)).prop_map(|(mut nodes, pods, candidate)| {
        for (index, node) in nodes.iter_mut().enumerate() {
            node["metadata"]["name"] = json!(format!("n{index}"));
            node["metadata"]["labels"]["kubernetes.io/hostname"] = json!(format!("n{index}"));
        }
        World { nodes, pods, candidate }
    })
}

/// The world with the Pods that were packed in it.
fn packed(world: &World, packing: &Packing<'_>, cluster: &Cluster) -> World {
    let mut after = world.clone();
    for (node, pods) in &packing.nodes {
        for _ in 0..*pods {
            let mut pod = world.candidate.clone();
            pod["metadata"]["namespace"] = json!("apps");
            pod["spec"]["nodeName"] = json!(cluster.nodes().name(*node));
            after.pods.push(pod);
        }
    }
    after
}

/// The most that any order of placements reaches.
fn most(situation: &Situation<'_>, left: u64) -> u64 {
    let fitting = (0..situation.cluster.nodes().len()).filter(|node| situation.judge(*node) == Code::Fits);
    let mut best = 0;
    for node in fitting.filter(|_| left > 0) {
        let mut next = situation.clone();
        next.place(node, 1);
        best = best.max(1 + most(&next, left - 1));
        if best == left {
            break;
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn scaling_every_quantity_changes_nothing(world in world(wishes()), factor in 1..1_000_000_000_u64) {
        prop_assert_eq!(world.message(), world.with_memory(|bytes| (bytes * factor).to_string()).message());
    }

    #[test]
    fn spelling_a_quantity_otherwise_changes_nothing(world in world(wishes())) {
        let kibi = world.with_memory(|bytes| format!("{bytes}Ki"));
        let plain = world.with_memory(|bytes| (bytes * 1024).to_string());
        let milli = world.with_memory(|bytes| format!("{}m", bytes * 1_024_000));
        prop_assert_eq!(kibi.message(), plain.message());
        prop_assert_eq!(kibi.message(), milli.message());
    }

    #[test]
    fn one_node_more_never_makes_a_pod_unplaceable(mut world in world(wishes()), mut more in node()) {
        world.candidate["spec"]["topologySpreadConstraints"] = json!([]);
        prop_assume!(world.fits());
        more["metadata"]["name"] = json!("more");
        world.nodes.push(more);
        prop_assert!(world.fits());
    }

    #[test]
    fn a_toleration_less_never_makes_a_pod_placeable(mut world in world(wishes())) {
        prop_assume!(!world.fits());
        world.candidate["spec"]["tolerations"] = json!([]);
        prop_assert!(!world.fits());
    }

    #[test]
    fn a_survey_says_what_the_filters_say(mut world in world(wishes()), daemons in any::<u8>(), past_cordons in any::<bool>()) {
        // Twins make classes, and Pods of DaemonSets on one of them divide a class again.
        for (index, node) in world.nodes.clone().into_iter().enumerate() {
            let mut twin = node;
            twin["metadata"]["name"] = json!(format!("t{index}"));
            world.nodes.push(twin);
        }
        for (index, pod) in world.pods.iter_mut().enumerate().filter(|(index, _)| daemons >> index & 1 == 1) {
            pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": format!("d{index}"), "uid": "u", "controller": true}]);
        }
        let (whole, candidate) = (world.cluster(), world.candidate());
        let without = whole.without("apps", "DaemonSet", "d0");
        for cluster in [Some(&whole), without.as_ref()].into_iter().flatten() {
            for view in [View::Empty, View::Now] {
                let look = Look { view, past_cordons };
                let verdict = filter(cluster, &candidate, look);
                let mut expected: BTreeMap<Option<&Reason>, (usize, Option<i64>)> = BTreeMap::new();
                for outcome in verdict.outcomes() {
                    let known = expected.entry(outcome.reasons.first()).or_default();
                    known.0 += outcome.nodes.len();
                    known.1 = known.1.max(outcome.nodes.iter().map(|node| cluster.room(*node, "memory", view).0).max());
                }
                let parts = survey(cluster, &candidate, look);
                let mut found: BTreeMap<Option<&Reason>, (usize, Option<i64>)> = BTreeMap::new();
                for part in &parts {
                    let known = found.entry(part.reason.as_ref()).or_default();
                    known.0 += part.count;
                    known.1 = known.1.max(part.samples.iter().map(|node| cluster.room(*node, "memory", view).0).max());
                }
                prop_assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn packing_counts_each_pod_as_bound_for_the_next(world in world(wishes()), replicas in 0..20_u64) {
        let (cluster, candidate) = (world.cluster(), world.candidate());
        let packing = pack(&cluster, &candidate, replicas, View::Now);
        prop_assert_eq!(packing.next.is_some(), packing.placed < replicas);
        if let Some(next) = &packing.next {
            prop_assert_eq!(next.message(Release::default()), packed(&world, &packing, &cluster).message());
            prop_assert!(!next.fits());
        }
    }

    #[test]
    fn packing_is_the_best_there_is_for_a_single_wish(world in world(wish())) {
        let (cluster, candidate) = (world.cluster(), world.candidate());
        let situation = Situation::new(&cluster, &candidate, Look::from(View::Now));
        let packing = pack(&cluster, &candidate, 5, View::Now);
        prop_assert_eq!(packing.placed, most(&situation, 5));
    }
}
