//! [`HeapSetting`]: one memory setting of a runtime, and what it is written in.

use std::fmt;

use memlint_kubernetes::path::FieldPath;

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
