//! Where a container mounts volumes and attaches devices (`ValidateVolumeMounts`, `ValidateVolumeDevices`).
use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::Container;

use super::env::no_backsteps;
use super::report::Report;
use super::volumes::{Known, descending};
use crate::path::FieldPath;

/// `at` is the container.
pub(super) fn validate(report: &mut Report, container: &Container, volumes: &Known<'_>, at: &FieldPath) {
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let devices = container.volume_devices.as_deref().unwrap_or_default();
    let mounted: HashMap<&str, &str> = mounts.iter().map(|m| (m.name.as_str(), m.mount_path.as_str())).collect();
    let attached: HashMap<&str, &str> = devices.iter().map(|d| (d.name.as_str(), d.device_path.as_str())).collect();
    let privileged = container.security_context.as_ref().and_then(|context| context.privileged) == Some(true);

    let mut paths = HashSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let path = || at.key("volumeMounts").index(index);
        let (name, mount_path) = (mount.name.as_str(), mount.mount_path.as_str());
        report.required(!name.is_empty(), || path().key("name"));
        if !volumes.contains_key(name) {
            report.add(path().key("name"), format!("there is no volume {name}"));
        }
        report.required(!mount_path.is_empty(), || path().key("mountPath"));
        if !paths.insert(mount_path) {
            report.add(path().key("mountPath"), format!("mount path {mount_path} is taken twice"));
        }
        if attached.contains_key(name) {
            report.add(path().key("name"), format!("volume {name} is in volumeDevices too"));
        }
        if attached.values().any(|device| *device == mount_path) {
            report.add(path().key("mountPath"), format!("mount path {mount_path} is in volumeDevices too"));
        }
        // From here on the API server leaves the index out of its paths.
        let list = || at.key("volumeMounts");
        let (sub, expression) = (mount.sub_path.as_deref(), mount.sub_path_expr.as_deref());
        let (sub, expression) = (sub.unwrap_or_default(), expression.unwrap_or_default());
        descending(report, sub, || list().key("subPath"));
        descending(report, expression, || list().key("subPathExpr"));
        if !sub.is_empty() && !expression.is_empty() {
            report.add(path().key("subPathExpr"), "subPath and subPathExpr exclude each other");
        }
        if let Some(propagation) = &mount.mount_propagation {
            let allowed = ["None", "HostToContainer", "Bidirectional"];
            report.one_of(propagation, &allowed, || list().key("mountPropagation"));
            if propagation == "Bidirectional" && !privileged {
                report.add(list().key("mountPropagation"), "Bidirectional is for privileged containers only");
            }
        }
        if let Some(recursive) = &mount.recursive_read_only {
            let place = || list().key("recursiveReadOnly");
            report.one_of(recursive, &["Disabled", "IfPossible", "Enabled"], place);
            let on = matches!(recursive.as_str(), "IfPossible" | "Enabled");
            if on && mount.read_only != Some(true) {
                report.add(place(), "recursiveReadOnly goes with readOnly: true only");
            }
            if on && mount.mount_propagation.as_deref().is_some_and(|propagation| propagation != "None") {
                report.add(place(), "recursiveReadOnly and mountPropagation exclude each other");
            }
        }
    }
    let (mut names, mut paths) = (HashSet::new(), HashSet::new());
    for (index, device) in devices.iter().enumerate() {
        let path = || at.key("volumeDevices").index(index);
        let (name, device_path) = (device.name.as_str(), device.device_path.as_str());
        report.required(!name.is_empty(), || path().key("name"));
        match volumes.get(name) {
            None => report.add(path().key("name"), format!("there is no volume {name}")),
            Some(false) => report.add(path().key("name"), format!("volume {name} is no claim, so it is no device")),
            Some(true) => {}
        }
        if mounted.contains_key(name) || !name.is_empty() && !names.insert(name) {
            report.add(path().key("name"), format!("volume {name} is used twice"));
        }
        report.required(!device_path.is_empty(), || path().key("devicePath"));
        if mounted.values().any(|mount| *mount == device_path) || !paths.insert(device_path) {
            report.add(path().key("devicePath"), format!("path {device_path} is taken twice"));
        }
        no_backsteps(report, device_path, || path().key("devicePath"));
    }
}
