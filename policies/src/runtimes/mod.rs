//! What heap or cache a container's runtime is told it may use: `-Xmx2g`, `GOMEMLIMIT=1GiB`, `--maxmemory 2gb`.
//!
//! [`settings`] reads `env`, `command` and `args` with each runtime's own precedence and units. It reports only what
//! the manifest makes known: a flag whose value comes from a ConfigMap, a Secret, a file or a script gives nothing,
//! and neither does a flag that such an unknown would override. What the image itself sets is not seen.
//!
//! Not here: whether a setting is too large for the container. That is the business of the rules.

mod calls;
mod commands;
mod context;
mod dotnet;
mod env;
mod go;
mod jvm;
mod jvm_env;
mod jvm_flags;
mod node;
mod number;
mod php;
mod shell;
mod sql;
mod stores;
#[cfg(test)]
mod tests;
mod text;
mod vars;
mod words;

use std::fmt;

use k8s_openapi::api::core::v1::Container;

use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::{ContainerResources, List, PodResources};
use memlint_kubernetes::workload::{ContainerPlace, Workload};

use context::Context;

/// A command of more words than this is no start command, but data: nothing is read of it, nor of variables that it
/// might override.
const MAX_WORDS: usize = 4_096;

/// The memory of the container in bytes, after all defaulting. Zero counts as none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// The effective limit.
    pub limit: Option<u64>,
    /// The effective request.
    pub request: Option<u64>,
}

/// Who obeys a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runtime {
    /// A Java virtual machine.
    Jvm,
    /// A Go program.
    Go,
    /// Node.js.
    Node,
    /// .NET.
    DotNet,
    /// PHP.
    Php,
    /// Redis, Valkey or KeyDB.
    Redis,
    /// Dragonfly.
    Dragonfly,
    /// memcached.
    Memcached,
    /// MongoDB.
    MongoDb,
    /// RabbitMQ.
    RabbitMq,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
}

impl Runtime {
    /// What the setting caps, for a message: "the JVM's heap", "PostgreSQL's shared buffers".
    #[must_use]
    pub fn what(self) -> &'static str {
        match self {
            Self::Jvm => "the JVM's heap",
            Self::Go => "the Go runtime's memory",
            Self::Node => "Node.js' old space",
            Self::DotNet => "the .NET heap",
            Self::Php => "PHP's memory",
            Self::Redis => "Redis' data",
            Self::Dragonfly => "Dragonfly's memory",
            Self::Memcached => "memcached's items",
            Self::MongoDb => "MongoDB's WiredTiger cache",
            Self::RabbitMq => "RabbitMQ's memory",
            Self::Postgres => "PostgreSQL's shared buffers",
            Self::MySql => "InnoDB's buffer pool",
        }
    }
}

/// The runtime's name.
impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jvm => "JVM",
            Self::Go => "Go",
            Self::Node => "Node.js",
            Self::DotNet => ".NET",
            Self::Php => "PHP",
            Self::Redis => "Redis",
            Self::Dragonfly => "Dragonfly",
            Self::Memcached => "memcached",
            Self::MongoDb => "MongoDB",
            Self::RabbitMq => "RabbitMQ",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
        })
    }
}

/// How a setting says how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In bytes or a unit of them.
    Absolute,
    /// As a share of the container's limit; raising the limit raises it too.
    Percent,
}

/// Memory the runtime may use besides [`HeapSetting::bytes`], also set in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// What it is for, for a message: `direct buffers`.
    pub what: &'static str,
    /// The flag as the runtime sees it: `-XX:MaxDirectMemorySize=1g`.
    pub written: String,
    /// How large it may grow.
    pub bytes: u64,
}

/// One known setting, the one that wins where several compete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeapSetting {
    /// Who obeys it.
    pub runtime: Runtime,
    /// How large the heap or cache may grow. Zero if `invalid`.
    pub bytes: u64,
    /// Absolute, or a share of the limit.
    pub kind: Kind,
    /// The scalar it is written in, such as `containers[0].env[2].value`, `….args[1]` or, for a value that Kubernetes
    /// computes, `….env[2].valueFrom.resourceFieldRef`.
    pub at: FieldPath,
    /// The bytes of that scalar's text that hold the flag; `None` if the flag has no text of its own.
    pub range: Option<(usize, usize)>,
    /// The flag as the runtime sees it, variables expanded: `-Xmx2g`, `GOMEMLIMIT=1GiB`, `--maxmemory 2gb`.
    pub written: String,
    /// Whether the runtime keeps to it. Go's memory limit and RabbitMQ's watermark are only aims.
    pub hard: bool,
    /// Whether it counts only because start scripts or libraries usually honour it (`JAVA_OPTS`, `AUTOMEMLIMIT`).
    pub convention: bool,
    /// A variable that would override this one if it were set where the manifest does not show it (`envFrom`, a
    /// sourced file, the image). Be careful to deny then.
    pub unless: Option<String>,
    /// Why the runtime refuses the value, as a clause: `the JVM refuses it: the units are k, m, g and t`.
    pub invalid: Option<String>,
    /// A trap that explains the value, as a clause: `.NET reads it as hexadecimal`.
    pub note: Option<String>,
    /// Other regions with a known maximum, to be added to `bytes`.
    pub extra: Vec<Region>,
}

/// The known memory settings of a container of a workload. Without a limit of its own that of the Pod counts, as it
/// does for the kubelet.
pub(crate) fn of_container(
    workload: &Workload,
    place: &ContainerPlace,
    container: &ContainerResources,
    pod: &PodResources,
) -> Vec<HeapSetting> {
    let bytes = |quantity: Quantity| u64::try_from(quantity.value()).ok();
    let memory = |list| container.memory(list).or(pod.pod_level_memory(list)).and_then(bytes);
    let memory = Memory { limit: memory(List::Limits), request: memory(List::Requests) };
    workload.container(place).map(|typed| settings(typed, &place.at, &memory)).unwrap_or_default()
}

/// The known memory settings of the runtimes in a container, in the order of [`Runtime`].
///
/// `at` is the container's own path. No setting is guessed: see the module's introduction. A container that starts
/// several programs may have several settings of one runtime, each for its own process.
#[must_use]
pub fn settings(container: &Container, at: &FieldPath, memory: &Memory) -> Vec<HeapSetting> {
    if container.env.is_none() && container.command.is_none() && container.args.is_none() {
        return Vec::new();
    }
    let words = [&container.command, &container.args].into_iter().flatten().map(Vec::len).sum::<usize>();
    if words > MAX_WORDS {
        return Vec::new();
    }
    let cx = Context::new(container, at, *memory);
    let mut found = Vec::new();
    for find in [jvm::find, go::find, node::find, dotnet::find, php::find, stores::find, sql::find]
        as [fn(&Context<'_>, &mut Vec<HeapSetting>); 7]
    {
        find(&cx, &mut found);
    }
    let mut distinct: Vec<HeapSetting> = Vec::with_capacity(found.len());
    for setting in found {
        if !distinct.contains(&setting) {
            distinct.push(setting);
        }
    }
    distinct
}
