//! The words of the kernel's facts, the same in text and JSON.

use memlint_oom::{Beyond, CgroupVersion, Constraint, Death, Driver, Fate, Qos, Runtime};

/// Of a kill whose figures are left out.
pub(super) const MIXED: &str = "lines of several machines are mixed here and nothing in them tells whose they are: limit, usage and processes are left out, as they could be another's; read each machine's log on its own, or merge them with a name before each line";

pub(super) fn qos(qos: Qos) -> &'static str {
    match qos {
        Qos::Guaranteed => "Guaranteed",
        Qos::Burstable => "Burstable",
        Qos::BestEffort => "BestEffort",
    }
}

/// What an `oom_score_adj` of -997 means: the score of Guaranteed Pods, and of all of class `system-node-critical`.
pub(super) fn lowest(class: Option<Qos>) -> &'static str {
    match class {
        Some(Qos::Guaranteed) => "guaranteed",
        Some(_) => "node-critical",
        None => "guaranteed-or-node-critical",
    }
}

pub(super) fn runtime(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Containerd => "containerd",
        Runtime::CriO => "cri-o",
        Runtime::Docker => "docker",
        Runtime::Podman => "podman",
    }
}

pub(super) fn driver(driver: Driver) -> &'static str {
    match driver {
        Driver::Systemd => "systemd",
        Driver::Cgroupfs => "cgroupfs",
    }
}

pub(super) fn cgroup_version(version: CgroupVersion) -> u8 {
    match version {
        CgroupVersion::V1 => 1,
        CgroupVersion::V2 => 2,
    }
}

pub(super) fn constraint(constraint: Constraint) -> &'static str {
    match constraint {
        Constraint::None => "none",
        Constraint::Cpuset => "cpuset",
        Constraint::MemoryPolicy => "memory-policy",
        Constraint::Memcg => "memcg",
    }
}

pub(super) fn beyond(beyond: Beyond) -> &'static str {
    match beyond {
        Beyond::Node => "node",
        Beyond::Container => "container",
    }
}

pub(super) fn death(death: Death) -> &'static str {
    match death {
        Death::Group => "group",
        Death::Main => "main",
        Death::Child => "child",
    }
}

pub(super) fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Killed => "killed",
        Fate::Chosen => "chosen",
        Fate::AlreadyExiting => "already-exiting",
    }
}
