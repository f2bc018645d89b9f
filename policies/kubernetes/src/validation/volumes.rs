//! Volumes: names, sources, and the common mistakes within a source (`ValidateVolumes`).
//!
//! A volume without a source is an emptyDir by default. Of the sources, those that are still in use are looked into;
//! of the others only that there is one of them.
use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::{DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, Volume};

use super::env::{field_ref, no_backsteps, resource_field_ref};
use super::names::{dns_label_fault, dns_subdomain_fault};
use super::report::Report;
use super::{PodContext, Subject};
use crate::path::FieldPath;
use crate::quantity::Quantity;

/// The volumes that containers may mount, and whether each can be a block device.
pub(super) type Known<'a> = HashMap<&'a str, bool>;

pub(super) fn validate<'a>(
    report: &mut Report,
    volumes: &'a [Volume],
    context: PodContext<'a>,
    at: &FieldPath,
) -> Known<'a> {
    let mut known: Known<'a> = context.claim_templates.iter().map(|name| (name.as_str(), true)).collect();
    for (index, volume) in volumes.iter().enumerate() {
        // A StatefulSet's claim takes the place of a volume of its name.
        if context.claim_templates.contains(&volume.name) {
            continue;
        }
        let path = at.index(index);
        let before = report.problems.len();
        source(report, volume, context.subject, &path);
        report.required_name(&volume.name, dns_label_fault, || path.key("name"));
        if known.contains_key(volume.name.as_str()) {
            report.add(path.key("name"), format!("volume {} is there twice", volume.name));
        }
        // A broken volume is not there for the API server: its mounts are errors too.
        if report.problems.len() == before {
            known.insert(&volume.name, volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some());
        }
    }
    known
}

fn source(report: &mut Report, volume: &Volume, subject: Subject, at: &FieldPath) {
    // In the order in which the API server looks: all but the first are errors.
    let sources = [
        ("emptyDir", volume.empty_dir.is_some()),
        ("hostPath", volume.host_path.is_some()),
        ("gitRepo", volume.git_repo.is_some()),
        ("gcePersistentDisk", volume.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", volume.aws_elastic_block_store.is_some()),
        ("secret", volume.secret.is_some()),
        ("nfs", volume.nfs.is_some()),
        ("iscsi", volume.iscsi.is_some()),
        ("glusterfs", volume.glusterfs.is_some()),
        ("persistentVolumeClaim", volume.persistent_volume_claim.is_some()),
        ("rbd", volume.rbd.is_some()),
        ("cinder", volume.cinder.is_some()),
        ("cephfs", volume.cephfs.is_some()),
        ("quobyte", volume.quobyte.is_some()),
        ("downwardAPI", volume.downward_api.is_some()),
        ("fc", volume.fc.is_some()),
        ("flexVolume", volume.flex_volume.is_some()),
        ("configMap", volume.config_map.is_some()),
        ("azureFile", volume.azure_file.is_some()),
        ("vsphereVolume", volume.vsphere_volume.is_some()),
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some()),
        ("portworxVolume", volume.portworx_volume.is_some()),
        ("azureDisk", volume.azure_disk.is_some()),
        ("storageos", volume.storageos.is_some()),
        ("projected", volume.projected.is_some()),
        ("scaleIO", volume.scale_io.is_some()),
        ("csi", volume.csi.is_some()),
        ("ephemeral", volume.ephemeral.is_some()),
        ("image", volume.image.is_some()),
    ];
    let mut given = sources.iter().filter(|(_, given)| *given).map(|(name, _)| *name);
    let first = given.next().unwrap_or("emptyDir");
    for other in given {
        report.add(at.key(other), format!("volume {} is both {first} and {other}, but can be one only", volume.name));
    }
    // The size of an emptyDir is looked at in any case, of the other sources only the first.
    if let Some(limit) = volume.empty_dir.as_ref().and_then(|source| source.size_limit.as_ref())
        && let Ok(limit) = Quantity::parse(&limit.0)
        && limit.is_negative()
    {
        report.add(at.keys(&["emptyDir", "sizeLimit"]), format!("sizeLimit is {limit}, but must not be negative"));
    }
    details(report, volume, first, subject, at);
}

fn details(report: &mut Report, volume: &Volume, first: &str, subject: Subject, at: &FieldPath) {
    let path = at.key(first);
    let mut name =
        |text: Option<&str>, key: &str| report.required(text.is_some_and(|t| !t.is_empty()), || path.key(key));
    match first {
        "hostPath" => {
            let Some(source) = &volume.host_path else { return };
            if name(Some(&source.path), "path") {
                no_backsteps(report, &source.path, || path.key("path"));
                let types = [
                    "",
                    "DirectoryOrCreate",
                    "Directory",
                    "FileOrCreate",
                    "File",
                    "Socket",
                    "CharDevice",
                    "BlockDevice",
                ];
                report.one_of(source.type_.as_deref().unwrap_or_default(), &types, || path.key("type"));
            }
        }
        "secret" => {
            let Some(source) = &volume.secret else { return };
            name(source.secret_name.as_deref(), "secretName");
            mode(report, source.default_mode, || path.key("defaultMode"));
            items(report, source.items.as_deref().unwrap_or_default(), &path);
        }
        "configMap" => {
            let Some(source) = &volume.config_map else { return };
            name(Some(&source.name), "name");
            mode(report, source.default_mode, || path.key("defaultMode"));
            items(report, source.items.as_deref().unwrap_or_default(), &path);
        }
        "persistentVolumeClaim" => {
            name(volume.persistent_volume_claim.as_ref().map(|source| source.claim_name.as_str()), "claimName");
        }
        "gitRepo" => {
            let Some(source) = &volume.git_repo else { return };
            name(Some(&source.repository), "repository");
            descending(report, source.directory.as_deref().unwrap_or_default(), || path.key("directory"));
        }
        "azureFile" => {
            let Some(source) = &volume.azure_file else { return };
            name(Some(&source.secret_name), "secretName");
            name(Some(&source.share_name), "shareName");
        }
        "nfs" => {
            let Some(source) = &volume.nfs else { return };
            name(Some(&source.server), "server");
            name(Some(&source.path), "path");
            if !source.path.starts_with('/') {
                report.add(path.key("path"), format!("path \"{}\" must begin with a slash", source.path));
            }
        }
        "csi" => {
            let Some(source) = &volume.csi else { return };
            let driver = |text: &str| dns_subdomain_fault(&text.to_ascii_lowercase());
            report.required_name(&source.driver, driver, || path.key("driver"));
        }
        "ephemeral" => {
            let template = volume.ephemeral.as_ref().and_then(|source| source.volume_claim_template.as_ref());
            let path = path.key("volumeClaimTemplate");
            let Some(template) = template else {
                report.required(false, || path);
                return;
            };
            let modes = template.spec.access_modes.as_ref().is_some_and(|modes| !modes.is_empty());
            report.required(modes, || path.keys(&["spec", "accessModes"]));
            let requests = template.spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
            let storage = requests.is_some_and(|requests| requests.contains_key("storage"));
            report.required(storage, || path.keys(&["spec", "resources", "storage"]));
        }
        "image" => {
            let Some(source) = &volume.image else { return };
            if subject == Subject::Pod {
                name(source.reference.as_deref(), "reference");
            }
            if let Some(policy) = source.pull_policy.as_deref().filter(|policy| !policy.is_empty()) {
                report.one_of(policy, &["Always", "IfNotPresent", "Never"], || path.key("pullPolicy"));
            }
        }
        "downwardAPI" => {
            let Some(source) = &volume.downward_api else { return };
            mode(report, source.default_mode, || path.key("defaultMode"));
            source.items.iter().flatten().for_each(|file| downward_file(report, file, &path));
        }
        "projected" => {
            if let Some(source) = &volume.projected {
                projected(report, source, &path);
            }
        }
        _ => {}
    }
}

fn projected(report: &mut Report, source: &ProjectedVolumeSource, at: &FieldPath) {
    mode(report, source.default_mode, || at.key("defaultMode"));
    let mut paths = HashSet::new();
    for (index, source) in source.sources.iter().flatten().enumerate() {
        let path = at.key("sources").index(index);
        let mut unique = |report: &mut Report, text: &str| {
            if !text.is_empty() && !paths.insert(text.to_owned()) {
                report.add(at.clone(), format!("path {text} is written by two sources"));
            }
        };
        if let Some(secret) = &source.secret {
            report.required(!secret.name.is_empty(), || path.keys(&["secret", "name"]));
            items(report, secret.items.as_deref().unwrap_or_default(), &path.key("secret"));
            secret.items.iter().flatten().for_each(|item| unique(report, &item.path));
        }
        if let Some(config_map) = &source.config_map {
            report.required(!config_map.name.is_empty(), || path.keys(&["configMap", "name"]));
            items(report, config_map.items.as_deref().unwrap_or_default(), &path.key("configMap"));
            config_map.items.iter().flatten().for_each(|item| unique(report, &item.path));
        }
        if let Some(downward) = &source.downward_api {
            for file in downward.items.iter().flatten() {
                downward_file(report, file, &path.key("downwardAPI"));
                unique(report, &file.path);
            }
        }
        if let Some(token) = &source.service_account_token {
            let seconds = token.expiration_seconds.unwrap_or(3600);
            report.range(seconds, 600, 1 << 32, || path.keys(&["serviceAccountToken", "expirationSeconds"]));
            // The API server leaves the source out of the path.
            if report.required(!token.path.is_empty(), || at.key("path")) {
                local_path(report, &token.path, || at.key("path"));
            }
        }
        let kinds = [
            source.secret.is_some(),
            source.config_map.is_some(),
            source.downward_api.is_some(),
            source.service_account_token.is_some(),
            source.cluster_trust_bundle.is_some(),
            source.pod_certificate.is_some(),
        ];
        if kinds.iter().filter(|given| **given).count() > 1 {
            report.add(path, "a source of a projected volume can be of one kind only");
        }
    }
}

fn items(report: &mut Report, items: &[KeyToPath], at: &FieldPath) {
    for (index, item) in items.iter().enumerate() {
        let path = at.key("items").index(index);
        report.required(!item.key.is_empty(), || path.key("key"));
        report.required(!item.path.is_empty(), || path.key("path"));
        local_path(report, &item.path, || path.key("path"));
        mode(report, item.mode, || path.key("mode"));
    }
}

/// `validateDownwardAPIVolumeFile`; the API server names the volume, not the item.
fn downward_file(report: &mut Report, file: &DownwardAPIVolumeFile, at: &FieldPath) {
    report.required(!file.path.is_empty(), || at.key("path"));
    local_path(report, &file.path, || at.key("path"));
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            const FIELDS: [&str; 5] =
                ["metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"];
            field_ref(report, field, &FIELDS, &at.key("fieldRef"));
            if resource.is_some() {
                report.add(at.clone(), "fieldRef and resourceFieldRef exclude each other");
            }
        }
        (None, Some(resource)) => resource_field_ref(report, resource, true, &at.key("resourceFieldRef")),
        (None, None) => report.add(at.clone(), "one of fieldRef and resourceFieldRef is needed"),
    }
    mode(report, file.mode, || at.key("mode"));
}

fn mode(report: &mut Report, mode: Option<i32>, at: impl FnOnce() -> FieldPath) {
    if let Some(mode) = mode
        && !(0..=0o777).contains(&mode)
    {
        report.add(at(), format!("a file mode of {mode} is not between 0 and 0777 octal (511)"));
    }
}

/// A relative path that does not climb (`validateLocalDescendingPath`).
pub(super) fn descending(report: &mut Report, text: &str, at: impl Fn() -> FieldPath) {
    if text.starts_with('/') {
        report.add(at(), format!("path \"{text}\" must not begin with a slash"));
    }
    no_backsteps(report, text, at);
}

fn local_path(report: &mut Report, text: &str, at: impl Fn() -> FieldPath) {
    descending(report, text, &at);
    if text.starts_with("..") && !text.starts_with("../") && text != ".." {
        report.add(at(), format!("path \"{text}\" must not begin with .."));
    }
}
