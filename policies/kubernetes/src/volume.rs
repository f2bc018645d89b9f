//! In-memory volumes: `emptyDir` with `medium: Memory`, and who can write them.

use k8s_openapi::api::core::v1 as core;

use crate::decode::ProblemKind;
use crate::path::FieldPath;
use crate::quantity::Quantity;
use crate::workload::Workload;

/// One in-memory volume of a Pod.
#[derive(Debug, Clone)]
pub struct MemoryVolume {
    /// The volume's name.
    pub name: String,
    /// Its place.
    pub at: FieldPath,
    /// Its `sizeLimit`; zero counts as none, as it does for the kubelet.
    pub size: Option<Quantity>,
    /// The names of the containers that mount it and can write.
    pub writers: Vec<String>,
    /// Its size is written, but could not be read.
    pub unreadable: bool,
}

impl MemoryVolume {
    /// Whether a limit is set on its size.
    pub fn is_bounded(&self) -> bool {
        self.size.is_some()
    }
}

/// The in-memory volumes of a Pod, in its order.
pub fn memory_volumes(workload: &Workload) -> Vec<MemoryVolume> {
    let volumes = workload.spec().volumes.iter().flatten().enumerate();
    let in_memory = volumes.filter_map(|(index, volume)| {
        let empty_dir = volume.empty_dir.as_ref().filter(|dir| dir.medium.as_deref() == Some("Memory"))?;
        let at = workload.spec_at.key("volumes").index(index);
        let size = empty_dir.size_limit.as_ref().and_then(|size| Quantity::parse(&size.0).ok());
        let unread = |problem: &crate::decode::Problem| {
            problem.kind != ProblemKind::Invalid && problem.at.starts_with(&at.key("emptyDir"))
        };
        Some(MemoryVolume {
            name: volume.name.clone(),
            size: size.filter(|size| *size > Quantity::ZERO),
            writers: writers(workload, &volume.name),
            unreadable: workload.problems.iter().any(unread),
            at,
        })
    });
    in_memory.collect()
}

fn writers(workload: &Workload, volume: &str) -> Vec<String> {
    let writes = |container: &&core::Container| {
        let mounts = container.volume_mounts.iter().flatten();
        mounts.into_iter().any(|mount| mount.name == volume && mount.read_only != Some(true))
    };
    let containers = workload.containers.iter().filter_map(|place| workload.container(place));
    containers.filter(writes).map(|container| container.name.clone()).collect()
}
