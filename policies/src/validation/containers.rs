//! What a container is made of besides its resources (`validateContainerCommon`).

use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::{Container, ContainerPort, EnvFromSource, EnvVar, PodSpec};

use super::names::{config_key_fault, dns_label_fault, dns_subdomain_fault, env_name_fault, port_name_fault};
use super::report::Report;
use super::volumes::{Known, descending, field_ref, no_backsteps, resource_field_ref};
use super::{PodContext, Subject, probes, security};
use crate::path::FieldPath;

/// The containers of a Pod, but not their resources; `at` is the spec.
pub(super) fn validate(
    report: &mut Report,
    spec: &PodSpec,
    volumes: &Known<'_>,
    context: PodContext<'_>,
    at: &FieldPath,
) {
    report.required(!spec.containers.is_empty(), || at.key("containers"));
    let host_ports = spec.host_network.unwrap_or_default() && context.subject == Subject::Pod;
    let mut names = HashSet::new();
    let mut ports = HashSet::new();
    for (index, container) in spec.containers.iter().enumerate() {
        let path = at.key("containers").index(index);
        common(report, container, spec, volumes, context.subject, &path);
        if !names.insert(container.name.as_str()) {
            report.add(path.key("name"), format!("container name {} is there twice", container.name));
        }
        probes::validate(report, container, spec, &path);
        restart_policy(report, container, false, &path);
        unique_host_ports(report, container, host_ports, &mut ports, &path);
    }
    for (index, container) in spec.init_containers.iter().flatten().enumerate() {
        let path = at.key("initContainers").index(index);
        common(report, container, spec, volumes, context.subject, &path);
        if !names.insert(container.name.as_str()) && !container.name.is_empty() {
            report.add(path.key("name"), format!("container name {} is there twice", container.name));
        }
        restart_policy(report, container, true, &path);
        unique_host_ports(report, container, host_ports, &mut HashSet::new(), &path);
        init(report, container, spec, &path);
    }
    for (index, container) in spec.ephemeral_containers.iter().flatten().enumerate() {
        let path = at.key("ephemeralContainers").index(index);
        report.required_name(&container.name, dns_label_fault, || path.key("name"));
        report.required(container.image.as_ref().is_some_and(|image| !image.is_empty()), || path.key("image"));
        if !names.insert(container.name.as_str()) {
            report.add(path.key("name"), format!("container name {} is there twice", container.name));
        }
    }
}

/// What only sidecars may have of the init containers (`validateInitContainers`).
fn init(report: &mut Report, container: &Container, spec: &PodSpec, at: &FieldPath) {
    if container.restart_policy.as_deref() == Some("Always") {
        return probes::validate(report, container, spec, at);
    }
    for (given, name) in [
        (container.lifecycle.is_some(), "lifecycle"),
        (container.liveness_probe.is_some(), "livenessProbe"),
        (container.readiness_probe.is_some(), "readinessProbe"),
        (container.startup_probe.is_some(), "startupProbe"),
    ] {
        if given {
            report.add(at.key(name), format!("an init container without restartPolicy: Always has no {name}"));
        }
    }
    for (index, policy) in container.resize_policy.iter().flatten().enumerate() {
        if policy.restart_policy == "RestartContainer" {
            let path = at.key("resizePolicy").index(index).key("restartPolicy");
            report.add(path, "an init container without restartPolicy: Always cannot be restarted for a resize");
        }
    }
}

fn common(
    report: &mut Report,
    container: &Container,
    spec: &PodSpec,
    volumes: &Known<'_>,
    subject: Subject,
    at: &FieldPath,
) {
    report.required_name(&container.name, dns_label_fault, || at.key("name"));
    let image = container.image.as_deref().unwrap_or_default();
    report.required(!image.is_empty(), || at.key("image"));
    if subject == Subject::Pod && image.trim() != image {
        report.add(at.key("image"), format!("image \"{image}\" has spaces around it"));
    }
    for (word, allowed, name) in [
        (&container.termination_message_policy, &["File", "FallbackToLogsOnError"][..], "terminationMessagePolicy"),
        (&container.image_pull_policy, &["Always", "IfNotPresent", "Never"], "imagePullPolicy"),
    ] {
        if let Some(word) = word.as_deref().filter(|word| !word.is_empty()) {
            report.one_of(word, allowed, || at.key(name));
        }
    }
    ports(report, container.ports.as_deref().unwrap_or_default(), &at.key("ports"));
    for (index, variable) in container.env.iter().flatten().enumerate() {
        env(report, variable, || at.key("env").index(index));
    }
    for (index, source) in container.env_from.iter().flatten().enumerate() {
        env_from(report, source, index, &at.key("envFrom"));
    }
    mounts(report, container, volumes, at);
    resize_policy(report, container, spec, &at.key("resizePolicy"));
    let host_users = spec.host_users.unwrap_or(true);
    security::container(report, container.security_context.as_ref(), host_users, &at.key("securityContext"));
}

fn ports(report: &mut Report, ports: &[ContainerPort], at: &FieldPath) {
    let mut names = HashSet::new();
    for (index, port) in ports.iter().enumerate() {
        let path = at.index(index);
        if let Some(name) = port.name.as_deref().filter(|name| !name.is_empty()) {
            if port_name_fault(name).is_some() {
                report.fault(name, port_name_fault, || path.key("name"));
            } else if !names.insert(name) {
                report.add(path.key("name"), format!("port name {name} is there twice"));
            }
        }
        if report.required(port.container_port != 0, || path.key("containerPort")) {
            report.range(port.container_port.into(), 1, 65535, || path.key("containerPort"));
        }
        if let Some(host_port) = port.host_port.filter(|port| *port != 0) {
            report.range(host_port.into(), 1, 65535, || path.key("hostPort"));
        }
        if let Some(protocol) = port.protocol.as_deref().filter(|protocol| !protocol.is_empty()) {
            report.one_of(protocol, &["TCP", "UDP", "SCTP"], || path.key("protocol"));
        }
    }
}

/// Host ports may not clash among the containers that run together. With hostNetwork every port of a Pod is one.
fn unique_host_ports(
    report: &mut Report,
    container: &Container,
    host_ports: bool,
    seen: &mut HashSet<(String, String, i32)>,
    at: &FieldPath,
) {
    for (index, port) in container.ports.iter().flatten().enumerate() {
        let given = port.host_port.unwrap_or_default();
        let host_port = if given == 0 && host_ports { port.container_port } else { given };
        let protocol = port.protocol.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| "TCP".to_owned());
        let key = (protocol, port.host_ip.clone().unwrap_or_default(), host_port);
        if host_port != 0 && !seen.insert(key) {
            let path = at.key("ports").index(index).key("hostPort");
            report.add(path, format!("host port {host_port} is taken twice"));
        }
    }
}

fn env(report: &mut Report, variable: &EnvVar, at: impl Fn() -> FieldPath) {
    report.required_name(&variable.name, env_name_fault, || at().key("name"));
    let Some(source) = &variable.value_from else { return };
    let path = at().key("valueFrom");
    let mut sources = 0;
    if let Some(field) = &source.field_ref {
        const FIELDS: [&str; 9] = [
            "metadata.name",
            "metadata.namespace",
            "metadata.uid",
            "spec.nodeName",
            "spec.serviceAccountName",
            "status.hostIP",
            "status.hostIPs",
            "status.podIP",
            "status.podIPs",
        ];
        sources += 1;
        field_ref(report, field, &FIELDS, &path.key("fieldRef"));
    }
    if let Some(field) = &source.resource_field_ref {
        sources += 1;
        resource_field_ref(report, field, false, &path.key("resourceFieldRef"));
    }
    let config_map = source.config_map_key_ref.as_ref().map(|from| ("configMapKeyRef", &from.name, &from.key));
    let secret = source.secret_key_ref.as_ref().map(|from| ("secretKeyRef", &from.name, &from.key));
    for (kind, name, key) in config_map.into_iter().chain(secret) {
        sources += 1;
        report.fault(name, dns_subdomain_fault, || path.keys(&[kind, "name"]));
        report.required_name(key, config_key_fault, || path.keys(&[kind, "key"]));
    }
    if let Some(file) = &source.file_key_ref {
        sources += 1;
        let path = path.key("fileKeyRef");
        report.required_name(&file.key, env_name_fault, || path.key("key"));
        report.required_name(&file.volume_name, dns_label_fault, || path.key("volumeName"));
        if report.required(!file.path.is_empty(), || path.key("path")) {
            no_backsteps(report, &file.path, || path.key("path"));
        }
    }
    if sources == 0 {
        let message = "valueFrom names no source";
        report.add_help(path, message, "give it a fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef");
    } else if variable.value.as_deref().is_some_and(|value| !value.is_empty()) {
        report.add(path, format!("{} has both a value and valueFrom", variable.name));
    } else if sources > 1 {
        report.add(path, "valueFrom can have one source only");
    }
}

/// Of the sources themselves the API server names the whole list.
fn env_from(report: &mut Report, source: &EnvFromSource, index: usize, at: &FieldPath) {
    if let Some(prefix) = source.prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
        report.fault(prefix, env_name_fault, || at.index(index).key("prefix"));
    }
    let config_map = source.config_map_ref.as_ref().map(|from| ("configMapRef", &from.name));
    let secret = source.secret_ref.as_ref().map(|from| ("secretRef", &from.name));
    let sources: Vec<_> = config_map.into_iter().chain(secret).collect();
    for (kind, name) in &sources {
        let name_at = || at.index(index).keys(&[kind, "name"]);
        if report.required(!name.is_empty(), name_at) {
            report.fault(name.strip_suffix('-').unwrap_or(name), dns_subdomain_fault, name_at);
        }
    }
    match sources.len() {
        0 => report.add_help(at.clone(), "an item names no source", "give it a configMapRef or a secretRef"),
        1 => {}
        _ => report.add(at.clone(), "an item can have one source only"),
    }
}

fn mounts(report: &mut Report, container: &Container, volumes: &Known<'_>, at: &FieldPath) {
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

/// `validateResizePolicy`: but for repeated resources the API server names the list.
fn resize_policy(report: &mut Report, container: &Container, spec: &PodSpec, at: &FieldPath) {
    let mut resources = HashSet::new();
    for (index, policy) in container.resize_policy.iter().flatten().enumerate() {
        if !resources.insert(policy.resource_name.as_str()) {
            report.add(at.index(index), format!("there is another policy for {}", policy.resource_name));
        }
        report.one_of(&policy.resource_name, &["cpu", "memory"], || at.clone());
        report.one_of(&policy.restart_policy, &["NotRequired", "RestartContainer"], || at.clone());
        if spec.restart_policy.as_deref() == Some("Never") && policy.restart_policy != "NotRequired" {
            report.add(at.clone(), "a Pod with restartPolicy: Never cannot restart a container for a resize");
        }
    }
}

/// `validateContainerRestartPolicy`.
fn restart_policy(report: &mut Report, container: &Container, init: bool, at: &FieldPath) {
    let rules = container.restart_policy_rules.as_deref().unwrap_or_default();
    match &container.restart_policy {
        Some(policy) => report.one_of(policy, &["Always", "OnFailure", "Never"], || at.key("restartPolicy")),
        None => {
            // Of init containers nothing more is said then.
            if !report.required(rules.is_empty(), || at.key("restartPolicy")) && init {
                return;
            }
        }
    }
    if rules.len() > 20 {
        report.add(at.key("restartPolicyRules"), format!("there are {} rules, but 20 are allowed", rules.len()));
    }
    for (index, rule) in rules.iter().enumerate() {
        let path = at.key("restartPolicyRules").index(index);
        report.one_of(&rule.action, &["Restart", "RestartAllContainers"], || path.key("action"));
        if let Some(codes) = &rule.exit_codes {
            report.one_of(&codes.operator, &["In", "NotIn"], || path.keys(&["exitCodes", "operator"]));
            let values = codes.values.as_ref().map_or(0, Vec::len);
            if values > 255 {
                report.add(
                    path.keys(&["exitCodes", "values"]),
                    format!("there are {values} values, but 255 are allowed"),
                );
            }
        } else {
            report.required(false, || path.key("exitCodes"));
        }
    }
}
