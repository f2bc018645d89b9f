//! Security contexts: users and groups in range, profiles and policies that exist.

use std::collections::HashSet;

use k8s_openapi::api::core::v1::{
    AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, WindowsSecurityContextOptions,
};

use super::report::Report;
use super::volumes::descending;
use crate::path::FieldPath;

const MAX_ID: i64 = i32::MAX as i64;

/// `ValidateSecurityContext`; `at` is the container's `securityContext`.
pub(super) fn container(report: &mut Report, context: Option<&SecurityContext>, host_users: bool, at: &FieldPath) {
    let Some(context) = context else { return };
    for (id, name) in [(context.run_as_user, "runAsUser"), (context.run_as_group, "runAsGroup")] {
        if let Some(id) = id {
            report.range(id, 0, MAX_ID, || at.key(name));
        }
    }
    if let Some(mount) = &context.proc_mount {
        report.one_of(mount, &["Default", "Unmasked"], || at.key("procMount"));
        if mount == "Unmasked" && host_users {
            report.add(at.key("procMount"), "procMount: Unmasked goes with hostUsers: false only");
        }
    }
    if context.allow_privilege_escalation == Some(false) {
        if context.privileged == Some(true) {
            report.add(at.clone(), "allowPrivilegeEscalation: false and privileged: true exclude each other");
        }
        let added = context.capabilities.as_ref().and_then(|capabilities| capabilities.add.as_deref());
        if added.unwrap_or_default().iter().any(|capability| capability == "CAP_SYS_ADMIN") {
            report.add(at.clone(), "allowPrivilegeEscalation: false and CAP_SYS_ADMIN exclude each other");
        }
    }
    seccomp(report, context.seccomp_profile.as_ref(), || at.key("seccompProfile"));
    app_armor(report, context.app_armor_profile.as_ref(), || at.key("appArmorProfile"));
}

/// `validatePodSpecSecurityContext`; `at` is the spec.
pub(super) fn pod(report: &mut Report, spec: &PodSpec, at: &FieldPath) {
    let Some(context) = &spec.security_context else { return };
    let path = at.key("securityContext");
    for (id, name) in
        [(context.fs_group, "fsGroup"), (context.run_as_user, "runAsUser"), (context.run_as_group, "runAsGroup")]
    {
        if let Some(id) = id {
            report.range(id, 0, MAX_ID, || path.key(name));
        }
    }
    for (index, id) in context.supplemental_groups.iter().flatten().enumerate() {
        report.range(*id, 0, MAX_ID, || path.key("supplementalGroups").index(index));
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let message = "shareProcessNamespace and hostPID exclude each other";
        report.add(path.key("shareProcessNamespace"), message);
    }
    for (word, allowed, name) in [
        (&context.fs_group_change_policy, &["OnRootMismatch", "Always"][..], "fsGroupChangePolicy"),
        (&context.supplemental_groups_policy, &["Merge", "Strict"], "supplementalGroupsPolicy"),
        (&context.se_linux_change_policy, &["Recursive", "MountOption"], "seLinuxChangePolicy"),
    ] {
        if let Some(word) = word {
            report.one_of(word, allowed, || path.key(name));
        }
    }
    seccomp(report, context.seccomp_profile.as_ref(), || path.key("seccompProfile"));
    app_armor(report, context.app_armor_profile.as_ref(), || path.key("appArmorProfile"));
    sysctls(report, spec, context, &path.key("sysctls"));
    host_process(report, spec, context.windows_options.as_ref(), at);
}

fn seccomp(report: &mut Report, profile: Option<&SeccompProfile>, at: impl Fn() -> FieldPath) {
    let Some(profile) = profile else { return };
    report.one_of(&profile.type_, &["Localhost", "RuntimeDefault", "Unconfined"], || at().key("type"));
    let file = || at().key("localhostProfile");
    match (profile.type_.as_str(), &profile.localhost_profile) {
        ("Localhost", Some(text)) => descending(report, text, file),
        ("Localhost", None) => {
            report.required(false, file);
        }
        (_, Some(_)) => report.add(file(), "localhostProfile goes with type: Localhost only"),
        _ => {}
    }
}

fn app_armor(report: &mut Report, profile: Option<&AppArmorProfile>, at: impl Fn() -> FieldPath) {
    let Some(profile) = profile else { return };
    report.one_of(&profile.type_, &["Localhost", "RuntimeDefault", "Unconfined"], || at().key("type"));
    let file = || at().key("localhostProfile");
    match (profile.type_.as_str(), profile.localhost_profile.as_deref()) {
        ("Localhost", Some(text)) if text.trim().is_empty() || text.trim() != text || text.len() > 4095 => {
            report.add(file(), format!("\"{text}\" is no name of a profile"));
        }
        ("Localhost", None) => {
            report.required(false, file);
        }
        ("Localhost", _) | (_, None) => {}
        (_, Some(_)) => report.add(file(), "localhostProfile goes with type: Localhost only"),
    }
}

fn sysctls(report: &mut Report, spec: &PodSpec, context: &PodSecurityContext, at: &FieldPath) {
    let mut names = HashSet::new();
    for (index, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let (name, path) = (sysctl.name.as_str(), || at.index(index).key("name"));
        let segment = |text: &str| {
            let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            text.bytes().all(|b| inner(b) || matches!(b, b'-' | b'_'))
                && text.bytes().next().is_some_and(inner)
                && text.bytes().last().is_some_and(inner)
        };
        if report.required(!name.is_empty(), path) {
            if name.len() > 253 || !name.split(['.', '/']).all(segment) {
                report.add(path(), format!("\"{name}\" is no name of a sysctl"));
            } else if !names.insert(name) {
                report.add(path(), format!("sysctl {name} is there twice"));
            }
        }
        let name = name.replace('/', ".");
        if spec.host_network == Some(true) && name.starts_with("net.") {
            report.add(path(), format!("sysctl {name} and hostNetwork exclude each other"));
        }
        let ipc = name.starts_with("kernel.shm") || name.starts_with("kernel.msg") || name.starts_with("fs.mqueue.");
        if spec.host_ipc == Some(true) && (ipc || name == "kernel.sem") {
            report.add(path(), format!("sysctl {name} and hostIPC exclude each other"));
        }
    }
}

/// `validateWindowsHostProcessPod`, as far as the Pod's own options go.
fn host_process(report: &mut Report, spec: &PodSpec, options: Option<&WindowsSecurityContextOptions>, at: &FieldPath) {
    if options.and_then(|options| options.host_process) == Some(true) && spec.host_network != Some(true) {
        report.add(at.key("hostNetwork"), "hostProcess containers go with hostNetwork: true only");
    }
}
