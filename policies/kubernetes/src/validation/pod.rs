//! The fields of a Pod's spec that stand by themselves: policies, names, DNS, claims, the operating system.

use std::collections::HashSet;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{PodDNSConfig, PodSpec};

use super::Subject;
use super::names::{dns_label_fault, dns_subdomain_fault, qualified_name_fault};
use super::report::Report;
use crate::path::FieldPath;

pub(super) fn validate(report: &mut Report, spec: &PodSpec, subject: Subject, at: &FieldPath) {
    for (word, allowed, name) in [
        (&spec.restart_policy, &["Always", "OnFailure", "Never"][..], "restartPolicy"),
        (&spec.dns_policy, &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"], "dnsPolicy"),
        (&spec.preemption_policy, &["PreemptLowerPriority", "Never"], "preemptionPolicy"),
    ] {
        if let Some(word) = word.as_deref().filter(|word| !word.is_empty() || name == "preemptionPolicy") {
            report.one_of(word, allowed, || at.key(name));
        }
    }
    for (text, fault, name) in [
        (&spec.service_account_name, dns_subdomain_fault as fn(&str) -> Option<String>, "serviceAccountName"),
        (&spec.node_name, dns_subdomain_fault, "nodeName"),
        (&spec.priority_class_name, dns_subdomain_fault, "priorityClassName"),
        (&spec.hostname, dns_label_fault, "hostname"),
        (&spec.subdomain, dns_label_fault, "subdomain"),
    ] {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            report.fault(text, fault, || at.key(name));
        }
    }
    if let Some(text) = &spec.runtime_class_name {
        report.fault(text, dns_subdomain_fault, || at.key("runtimeClassName"));
    }
    if let Some(seconds) = spec.active_deadline_seconds {
        report.range(seconds, 1, i32::MAX.into(), || at.key("activeDeadlineSeconds"));
    }
    if let Some(name) = &spec.hostname_override {
        hostname_override(report, spec, name, &at.key("hostnameOverride"));
    }
    dns(report, spec, &at.key("dnsConfig"));
    lists(report, spec, subject, at);
    host_network(report, spec, at);
    host_users(report, spec, at);
    if let Some(os) = &spec.os
        && report.required(!os.name.is_empty(), || at.keys(&["os", "name"]))
    {
        report.one_of(&os.name, &["linux", "windows"], || at.key("os"));
    }
}

fn hostname_override(report: &mut Report, spec: &PodSpec, name: &str, at: &FieldPath) {
    if spec.set_hostname_as_fqdn == Some(true) {
        report.add(at.clone(), "hostnameOverride and setHostnameAsFQDN exclude each other");
    }
    if spec.host_network == Some(true) {
        report.add(at.clone(), "hostnameOverride and hostNetwork exclude each other");
    }
    if name.len() > 64 {
        report.add(at.clone(), format!("hostnameOverride has {} characters, but 64 are allowed", name.len()));
    }
    report.fault(name, dns_subdomain_fault, || at.clone());
}

/// `validatePodDNSConfig`.
fn dns(report: &mut Report, spec: &PodSpec, at: &FieldPath) {
    let servers = |config: &PodDNSConfig| config.nameservers.as_ref().map_or(0, Vec::len);
    if spec.dns_policy.as_deref() == Some("None") && spec.dns_config.as_ref().is_none_or(|config| servers(config) == 0)
    {
        let path = if spec.dns_config.is_some() { at.key("nameservers") } else { at.clone() };
        return report.add(path, "dnsPolicy: None needs one nameserver at least");
    }
    let Some(config) = &spec.dns_config else { return };
    if servers(config) > 3 {
        report.add(at.key("nameservers"), format!("there are {} nameservers, but 3 are allowed", servers(config)));
    }
    for (index, server) in config.nameservers.iter().flatten().enumerate() {
        ip(report, server, || at.key("nameservers").index(index));
    }
    let searches = config.searches.as_deref().unwrap_or_default();
    if searches.len() > 32 {
        report.add(at.key("searches"), format!("there are {} search paths, but 32 are allowed", searches.len()));
    }
    let length = searches.iter().map(|search| search.len() + 1).sum::<usize>().saturating_sub(1);
    if length > 2048 {
        report.add(at.key("searches"), format!("the search paths have {length} characters, but 2048 are allowed"));
    }
    for (index, search) in searches.iter().enumerate().filter(|(_, search)| *search != ".") {
        // Underscores are letters here.
        let plain = search.strip_suffix('.').unwrap_or(search).replace('_', "a");
        if dns_subdomain_fault(&plain).is_some() {
            report.fault(search, dns_subdomain_fault, || at.key("searches").index(index));
        }
    }
    for (index, option) in config.options.iter().flatten().enumerate() {
        if option.name.as_deref().unwrap_or_default().is_empty() {
            report.add(at.key("options").index(index), "an option has no name");
        }
    }
}

/// Go reads IPv4 numbers with leading zeros where Rust does not; the API server takes them here.
fn ip(report: &mut Report, text: &str, at: impl FnOnce() -> FieldPath) {
    let plain: Vec<&str> = text.split('.').map(|part| part.trim_start_matches('0')).collect();
    let plain: Vec<&str> = plain.iter().map(|part| if part.is_empty() { "0" } else { part }).collect();
    let is_ip = text.parse::<IpAddr>().is_ok() || !text.contains("..") && plain.join(".").parse::<IpAddr>().is_ok();
    if !is_ip {
        report.add(at(), format!("\"{text}\" is no IP address"));
    }
}

fn lists(report: &mut Report, spec: &PodSpec, subject: Subject, at: &FieldPath) {
    for (index, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let path = || at.key("readinessGates").index(index).key("conditionType");
        report.fault(&gate.condition_type, qualified_name_fault, path);
    }
    let mut gates = HashSet::new();
    for (index, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let path = || at.key("schedulingGates").index(index);
        report.fault(&gate.name, qualified_name_fault, path);
        if !gates.insert(gate.name.as_str()) {
            report.add(path(), format!("scheduling gate {} is there twice", gate.name));
        }
    }
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        let path = at.key("hostAliases").index(index);
        ip(report, &alias.ip, || path.key("ip"));
        for (index, name) in alias.hostnames.iter().flatten().enumerate() {
            report.fault(name, dns_subdomain_fault, || path.key("hostnames").index(index));
        }
    }
    let mut claims = HashSet::new();
    for (index, claim) in spec.resource_claims.iter().flatten().enumerate() {
        let path = at.key("resourceClaims").index(index);
        if !claim.name.is_empty() && claims.contains(claim.name.as_str()) {
            report.add(path.key("name"), format!("claim {} is there twice", claim.name));
        } else {
            report.required_name(&claim.name, dns_label_fault, || path.key("name"));
            claims.insert(claim.name.as_str());
        }
        match (&claim.resource_claim_name, &claim.resource_claim_template_name) {
            (Some(_), Some(_)) => {
                report.add(path.clone(), "resourceClaimName and resourceClaimTemplateName exclude each other");
            }
            (None, None) => {
                report.add(path.clone(), "one of resourceClaimName and resourceClaimTemplateName is needed");
            }
            _ => {}
        }
        for (name, field) in [
            (&claim.resource_claim_name, "resourceClaimName"),
            (&claim.resource_claim_template_name, "resourceClaimTemplateName"),
        ] {
            if let Some(name) = name {
                report.fault(name, dns_subdomain_fault, || path.key(field));
            }
        }
    }
    if spec.ephemeral_containers.as_ref().is_some_and(|list| !list.is_empty()) {
        report.add(at.key("ephemeralContainers"), "ephemeral containers are added to running Pods only");
    }
    let bound = spec.node_name.as_deref().is_some_and(|name| !name.is_empty());
    if subject == Subject::Pod && bound && !gates.is_empty() {
        report.add(at.key("nodeName"), "nodeName and schedulingGates exclude each other");
    }
}

/// `validatePodHostNetworkDeps`: a missing host port is filled in, or will be once there is a Pod.
fn host_network(report: &mut Report, spec: &PodSpec, at: &FieldPath) {
    if spec.host_network != Some(true) {
        return;
    }
    for (index, container) in spec.containers.iter().enumerate() {
        for (number, port) in container.ports.iter().flatten().enumerate() {
            let host_port = port.host_port.unwrap_or_default();
            if host_port != 0 && host_port != port.container_port {
                let path = at.key("containers").index(index).key("ports").index(number).key("hostPort");
                let message = format!(
                    "with hostNetwork the host port {host_port} must be the container port {}",
                    port.container_port
                );
                report.add_help(path, message, format!("write {}, or leave it out", port.container_port));
            }
        }
    }
}

/// `validateHostUsers`.
fn host_users(report: &mut Report, spec: &PodSpec, at: &FieldPath) {
    if spec.host_users != Some(false) {
        return;
    }
    for (on, name) in [(spec.host_network, "hostNetwork"), (spec.host_pid, "hostPID"), (spec.host_ipc, "hostIPC")] {
        if on == Some(true) {
            report.add(at.key(name), format!("{name} and hostUsers: false exclude each other"));
        }
    }
    let init = spec.init_containers.as_deref().unwrap_or_default();
    for (list, containers) in [("initContainers", init), ("containers", spec.containers.as_slice())] {
        for (index, container) in containers.iter().enumerate() {
            if container.volume_devices.as_ref().is_some_and(|devices| !devices.is_empty()) {
                let path = at.key(list).index(index).key("volumeDevices");
                report.add(path, "volumeDevices and hostUsers: false exclude each other");
            }
        }
    }
}
