//! What a container is made of besides its resources (`validateContainerCommon`).

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{Container, ContainerPort, PodSpec};

use super::names::{dns_label_fault, port_name_fault};
use super::report::Report;
use super::volumes::Known;
use super::{PodContext, Subject, env, mounts, probes, security};
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
        env::variable(report, variable, || at.key("env").index(index));
    }
    for (index, source) in container.env_from.iter().flatten().enumerate() {
        env::source(report, source, index, &at.key("envFrom"));
    }
    mounts::validate(report, container, volumes, at);
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
