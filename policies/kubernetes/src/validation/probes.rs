//! Probes and lifecycle hooks: one handler each, numbers in range.

use k8s_openapi::api::core::v1::{
    Container, ExecAction, HTTPGetAction, LifecycleHandler, PodSpec, Probe, SleepAction, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::names::port_name_fault;
use super::report::Report;
use crate::path::FieldPath;

/// Lifecycle and probes of one container.
pub(super) fn validate(report: &mut Report, container: &Container, spec: &PodSpec, at: &FieldPath) {
    let grace = spec.termination_grace_period_seconds.unwrap_or(30);
    if let Some(lifecycle) = &container.lifecycle {
        let path = at.key("lifecycle");
        for (hook, name) in [(&lifecycle.post_start, "postStart"), (&lifecycle.pre_stop, "preStop")] {
            if let Some(hook) = hook {
                Handler::of_hook(hook).validate(report, grace, &path.key(name));
            }
        }
    }
    for (given, name) in [
        (&container.liveness_probe, "livenessProbe"),
        (&container.readiness_probe, "readinessProbe"),
        (&container.startup_probe, "startupProbe"),
    ] {
        if let Some(given) = given {
            probe(report, given, name, grace, &at.key(name));
        }
    }
}

fn probe(report: &mut Report, probe: &Probe, name: &str, grace: i64, at: &FieldPath) {
    Handler::of_probe(probe).validate(report, grace, at);
    for (number, field) in [
        (probe.initial_delay_seconds, "initialDelaySeconds"),
        (probe.timeout_seconds, "timeoutSeconds"),
        (probe.period_seconds, "periodSeconds"),
        (probe.success_threshold, "successThreshold"),
        (probe.failure_threshold, "failureThreshold"),
    ] {
        report.not_negative(number, || at.key(field));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds {
        let path = || at.key("terminationGracePeriodSeconds");
        if seconds <= 0 {
            report.add(path(), format!("terminationGracePeriodSeconds is {seconds}, but must be above zero"));
        }
        if name == "readinessProbe" {
            report.add(path(), "a readinessProbe has no terminationGracePeriodSeconds");
        }
    }
    // Zero is the default, which is one.
    if name != "readinessProbe"
        && let Some(successes) = probe.success_threshold.filter(|successes| !matches!(successes, 0 | 1))
    {
        report.add(at.key("successThreshold"), format!("successThreshold is {successes}, but a {name} needs 1"));
    }
}

/// What a probe or hook does: one of these.
#[derive(Default)]
struct Handler<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc_port: Option<i32>,
    sleep: Option<&'a SleepAction>,
}

impl<'a> Handler<'a> {
    fn of_probe(probe: &'a Probe) -> Self {
        Self {
            exec: probe.exec.as_ref(),
            http_get: probe.http_get.as_ref(),
            tcp_socket: probe.tcp_socket.as_ref(),
            grpc_port: probe.grpc.as_ref().map(|grpc| grpc.port),
            sleep: None,
        }
    }

    fn of_hook(hook: &'a LifecycleHandler) -> Self {
        Self {
            exec: hook.exec.as_ref(),
            http_get: hook.http_get.as_ref(),
            tcp_socket: hook.tcp_socket.as_ref(),
            grpc_port: None,
            sleep: hook.sleep.as_ref(),
        }
    }

    /// `validateHandler`: the first handler is looked into, any other is one too many.
    fn validate(&self, report: &mut Report, grace: i64, at: &FieldPath) {
        let handlers = [
            ("exec", self.exec.is_some()),
            ("httpGet", self.http_get.is_some()),
            ("tcpSocket", self.tcp_socket.is_some()),
            ("grpc", self.grpc_port.is_some()),
            ("sleep", self.sleep.is_some()),
        ];
        let mut given = handlers.iter().filter(|(_, given)| *given).map(|(name, _)| *name);
        let Some(first) = given.next() else {
            return report.add(at.clone(), "there is no handler: one of exec, httpGet, tcpSocket, grpc is needed");
        };
        for other in given {
            report.add(at.key(other), format!("there can be one handler only, and there is {first} already"));
        }
        let path = at.key(first);
        match (first, self) {
            ("exec", Self { exec: Some(exec), .. }) => {
                report
                    .required(exec.command.as_ref().is_some_and(|command| !command.is_empty()), || path.key("command"));
            }
            ("httpGet", Self { http_get: Some(get), .. }) => http_get(report, get, &path),
            ("tcpSocket", Self { tcp_socket: Some(socket), .. }) => port(report, &socket.port, &path),
            ("grpc", Self { grpc_port: Some(number), .. }) => {
                report.range((*number).into(), 1, 65535, || path.key("port"));
            }
            ("sleep", Self { sleep: Some(sleep), .. }) if !(0..=grace).contains(&sleep.seconds) => {
                let message =
                    format!("a sleep of {} seconds is not within the {grace} of the grace period", sleep.seconds);
                report.add(path, message);
            }
            _ => {}
        }
    }
}

fn http_get(report: &mut Report, get: &HTTPGetAction, at: &FieldPath) {
    port(report, &get.port, at);
    if let Some(scheme) = get.scheme.as_deref().filter(|scheme| !scheme.is_empty()) {
        report.one_of(scheme, &["HTTP", "HTTPS"], || at.key("scheme"));
    }
    for header in get.http_headers.iter().flatten() {
        let fits = !header.name.is_empty() && header.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !fits {
            report.add(at.key("httpHeaders"), format!("\"{}\" is no name of a header", header.name));
        }
    }
}

/// A number from 1 to 65535, or the name of a port.
fn port(report: &mut Report, port: &IntOrString, at: &FieldPath) {
    match port {
        IntOrString::Int(number) => report.range((*number).into(), 1, 65535, || at.key("port")),
        IntOrString::String(name) if name.is_empty() => {
            report.required(false, || at.key("port"));
        }
        IntOrString::String(name) => report.fault(name, port_name_fault, || at.key("port")),
    }
}
