//! [`HostPort`]: ports that Pods take on their node, and when two of them collide (`HostPortInfo.CheckConflict`).

use k8s_openapi::api::core::v1 as api;
use memlint_kubernetes::aggregate::ContainerKind;

/// A port on the node itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct HostPort {
    ip: String,
    protocol: String,
    port: i32,
}

const ALL_ADDRESSES: &str = "0.0.0.0";

impl HostPort {
    /// The host ports of a Pod: those of its containers and sidecars (`GetHostPorts`). On the host's network every
    /// container port is a host port, as the API server fills it in (`defaultHostNetworkPorts`).
    pub(super) fn of_pod(spec: &api::PodSpec) -> Vec<Self> {
        let inits = spec.init_containers.iter().flatten();
        let sidecars = inits.filter(|container| ContainerKind::of_init(container) == ContainerKind::Sidecar);
        let ports = sidecars.chain(&spec.containers).flat_map(|container| container.ports.iter().flatten());
        let on_host = spec.host_network == Some(true);
        let port_of = |port: &api::ContainerPort| match port.host_port.unwrap_or(0) {
            0 if on_host => port.container_port,
            host_port => host_port,
        };
        let or = |text: &Option<String>, default: &str| match text.as_deref() {
            None | Some("") => default.to_owned(),
            Some(text) => text.to_owned(),
        };
        ports
            .map(|port| Self {
                ip: or(&port.host_ip, ALL_ADDRESSES),
                protocol: or(&port.protocol, "TCP"),
                port: port_of(port),
            })
            .filter(|port| port.port > 0)
            .collect()
    }

    /// Whether two Pods cannot both have their port on one node.
    pub(super) fn collides(&self, other: &Self) -> bool {
        let address = self.ip == other.ip || self.ip == ALL_ADDRESSES || other.ip == ALL_ADDRESSES;
        address && self.protocol == other.protocol && self.port == other.port
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ports(spec: serde_json::Value) -> Vec<HostPort> {
        HostPort::of_pod(&serde_json::from_value(spec).expect("a Pod spec"))
    }

    fn one(port: serde_json::Value) -> HostPort {
        ports(json!({"containers": [{"name": "c", "ports": [port]}]})).remove(0)
    }

    #[test]
    fn same_port_and_protocol_collide_unless_the_addresses_differ() {
        let any = one(json!({"containerPort": 1, "hostPort": 80}));
        let local = one(json!({"containerPort": 2, "hostPort": 80, "hostIP": "127.0.0.1", "protocol": "TCP"}));
        let other = one(json!({"containerPort": 2, "hostPort": 80, "hostIP": "127.0.0.2"}));
        let udp = one(json!({"containerPort": 1, "hostPort": 80, "protocol": "UDP"}));
        assert!(any.collides(&local) && local.collides(&any) && local.collides(&local));
        assert!(!local.collides(&other) && !any.collides(&udp));
    }

    #[test]
    fn counts_containers_and_sidecars_and_everything_on_the_hosts_network() {
        let port = json!([{"containerPort": 80}]);
        let mut spec = json!({"containers": [{"name": "c", "ports": port}],
            "initContainers": [{"name": "i", "ports": port}, {"name": "s", "restartPolicy": "Always", "ports": port}]});
        assert_eq!(ports(spec.clone()).len(), 0);
        spec["hostNetwork"] = json!(true);
        assert_eq!(ports(spec).len(), 2);
    }
}
