//! The fields of a capacity file: what each may hold and what it means. Reading and JSON Schema both follow this table.

/// One field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// Whether the map is no good without it.
    pub(super) required: bool,
    /// What it means, for the schema.
    pub(super) docs: &'static str,
}

/// What a field may hold. A null is nothing at all, as everywhere in Kubernetes.
#[derive(Debug)]
pub(super) enum Kind {
    /// Exactly this string.
    Constant(&'static str),
    /// A string, not empty.
    Text,
    /// A version of Kubernetes, in quotes.
    Version,
    /// One of several strings.
    OneOf(&'static [&'static str]),
    /// true or false.
    Flag,
    /// A whole number from 0.
    Count,
    /// A quantity from 0.
    Amount,
    /// A quantity of memory from 0, or a percentage.
    Threshold,
    /// Quantities by resource.
    Amounts,
    /// Strings by key.
    Texts,
    /// A map with known keys.
    Map(&'static [Field]),
    /// A map with known keys, or a whole number.
    CountOr(&'static [Field]),
    /// A map with known keys, or `key=value:Effect`.
    TaintOr(&'static [Field]),
    /// A list.
    List(&'static Kind),
    /// A Kubernetes object of this API version and kind, and whether it lives in a namespace.
    Object(&'static str, &'static str, bool),
}

const fn field(name: &'static str, kind: Kind, docs: &'static str) -> Field {
    Field { name, kind, required: false, docs }
}

const fn required(name: &'static str, kind: Kind, docs: &'static str) -> Field {
    Field { name, kind, required: true, docs }
}

/// What a file says of itself under `kind`.
pub(super) const KIND: &str = "Capacity";

pub(super) const PROVIDERS: [&str; 9] =
    ["aks", "eks", "gke", "openshift", "kubeadm", "k3s", "rke2", "kind", "minikube"];
pub(super) const NETWORKS: [&str; 4] = ["overlay", "pod-subnet", "node-subnet", "kubenet"];
pub(super) const RULES: [&str; 2] = ["by-memory", "by-pods"];
pub(super) const SIZINGS: [&str; 3] = ["static", "auto-v1", "auto-v2"];
pub(super) const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// The file.
pub(super) static FILE: [Field; 9] = [
    required("apiVersion", Kind::Constant(super::API_VERSION), "The version of this format."),
    required("kind", Kind::Constant(KIND), "What this file is."),
    field("kubernetes", Kind::Version, "The cluster's version, such as \"1.33\", in quotes: 1.30 without them is 1.3."),
    field("pools", Kind::List(&Kind::Map(&POOL)), "Nodes that are the same but for their names."),
    field(
        "limitRanges",
        Kind::List(&Kind::Object("v1", "LimitRange", true)),
        "LimitRanges of any namespaces, as kubectl prints them.",
    ),
    field(
        "resourceQuotas",
        Kind::List(&Kind::Object("v1", "ResourceQuota", true)),
        "ResourceQuotas of any namespaces, with status.used if it is to count.",
    ),
    field(
        "runtimeClasses",
        Kind::List(&Kind::Object("node.k8s.io/v1", "RuntimeClass", false)),
        "RuntimeClasses, for the overhead of Pods.",
    ),
    field(
        "priorityClasses",
        Kind::List(&Kind::Object("scheduling.k8s.io/v1", "PriorityClass", false)),
        "PriorityClasses, for the scopes of quotas.",
    ),
    field("namespaces", Kind::List(&Kind::Object("v1", "Namespace", false)), "Namespaces, for their labels."),
];

pub(super) static POOL: [Field; 25] = [
    required("name", Kind::Text, "The name, for messages."),
    required(
        "count",
        Kind::CountOr(&COUNT),
        "How many nodes there are and may be; a number is now, without an autoscaler.",
    ),
    field("provider", Kind::OneOf(&PROVIDERS), "Whose formula computes what is allocatable."),
    field("size", Kind::Text, "The VM size, such as Standard_D4s_v5, m5.xlarge, n2-standard-4."),
    field("kubernetes", Kind::Version, "The nodes' version, where it is not the cluster's."),
    field("maxPods", Kind::Count, "The kubelet's maxPods, where it is not the provider's default."),
    field("podsPerCore", Kind::Count, "The kubelet's podsPerCore."),
    field("network", Kind::OneOf(&NETWORKS), "AKS: how Pods get addresses; decides the default of maxPods."),
    field("windows", Kind::Flag, "AKS: Windows Server nodes."),
    field("rules", Kind::OneOf(&RULES), "AKS: by-memory for a pool from before 2024-02-26 that was never updated."),
    field("maxPodsExpression", Kind::Count, "EKS: the value of nodeadm's maxPodsExpression."),
    field("prefixDelegation", Kind::Flag, "EKS: the VPC CNI hands out prefixes."),
    field("onPremises", Kind::Flag, "GKE: Google Distributed Cloud on premises."),
    field("bootDisk", Kind::Amount, "GKE: the size of the boot disk."),
    field("localSsds", Kind::Count, "GKE: local SSDs for ephemeral storage."),
    field("sizing", Kind::OneOf(&SIZINGS), "OpenShift: how system-reserved is determined."),
    field("kubeReserved", Kind::Map(&RESERVE), "The kubelet's kubeReserved, where it is not the provider's."),
    field("systemReserved", Kind::Map(&RESERVE), "The kubelet's systemReserved, where it is not the provider's."),
    field("evictionHard", Kind::Map(&EVICTION), "The kubelet's evictionHard, where it is not the provider's."),
    field("capacity", Kind::Amounts, "status.capacity of a Node, or part of it; taken before any estimate."),
    field("allocatable", Kind::Amounts, "status.allocatable of a Node; taken before any formula."),
    field("labels", Kind::Texts, "The nodes' labels; those for os, arch, instance type and hostname are known."),
    field(
        "taints",
        Kind::List(&Kind::TaintOr(&TAINT)),
        "The nodes' taints, or key=value:Effect as kubectl taint has it.",
    ),
    field("daemonSets", Kind::Amounts, "What the Pods of DaemonSets request on each node, their number as pods."),
    field(
        "requested",
        Kind::List(&Kind::Amounts),
        "What all other Pods request today, one entry a node, their number as pods; DaemonSets do not count here.",
    ),
];

static COUNT: [Field; 3] = [
    field("min", Kind::Count, "The fewest nodes that the autoscaler leaves."),
    field("max", Kind::Count, "The most nodes that the autoscaler makes."),
    field("now", Kind::Count, "How many nodes there are; else one an entry of requested, else min."),
];

static RESERVE: [Field; 3] = [
    field("cpu", Kind::Amount, "CPU."),
    field("memory", Kind::Amount, "Memory."),
    field("ephemeral-storage", Kind::Amount, "Disk."),
];

static EVICTION: [Field; 7] = [
    field("memory.available", Kind::Threshold, "Below it Pods are evicted; it is never allocatable."),
    field("nodefs.available", Kind::Threshold, "The same for the disk."),
    field("nodefs.inodesFree", Kind::Threshold, "Plays no part, but a map that names it replaces the defaults."),
    field("imagefs.available", Kind::Threshold, "Plays no part, but a map that names it replaces the defaults."),
    field("imagefs.inodesFree", Kind::Threshold, "Plays no part, but a map that names it replaces the defaults."),
    field("pid.available", Kind::Threshold, "Plays no part, but a map that names it replaces the defaults."),
    field("mergeDefaultEvictionSettings", Kind::Flag, "Whether signals that are not named keep their defaults."),
];

static TAINT: [Field; 4] = [
    required("key", Kind::Text, "The key."),
    field("value", Kind::Text, "The value."),
    required("effect", Kind::OneOf(&EFFECTS), "What it does to Pods that do not tolerate it."),
    field("timeAdded", Kind::Text, "Plays no part."),
];
