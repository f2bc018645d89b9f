//! What a cgroup path says: whose limit it is, which Pod and container live there.
//!
//! The kubelet builds these paths (pkg/kubelet/cm/cgroup_manager_linux.go). Prefixes differ too much to anchor
//! on (kind, LXC, custom `--cgroup-root`), so a path is read by its segments, wherever they stand. The innermost
//! `kubepods` counts: in a cluster within a container, that is the limit that was hit.

use super::text::is_hex;

/// Who manages the cgroups: decides how paths are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Driver {
    /// `/kubepods.slice/kubepods-burstable.slice/...`
    Systemd,
    /// `/kubepods/burstable/pod<uid>/<id>`
    Cgroupfs,
}

/// The container runtime, as far as the path tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// `cri-containerd-<id>.scope`
    Containerd,
    /// `crio-<id>.scope`
    CriO,
    /// `docker-<id>.scope` or `/docker/<id>`
    Docker,
    /// `libpod-<id>.scope`
    Podman,
}

/// The Pod's quality of service class, read from the path (pkg/apis/core/v1/helper/qos).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Qos {
    /// Directly under `kubepods`.
    Guaranteed,
    /// Under `burstable`.
    Burstable,
    /// Under `besteffort`.
    BestEffort,
}

/// The Pod's identity in a cgroup path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PodUid {
    /// `metadata.uid` with dashes; for a static Pod the 32 digits of its manifest's hash, as they are.
    pub uid: String,
    /// A static Pod: the text equals the annotation `kubernetes.io/config.hash`, not the mirror Pod's
    /// `metadata.uid` (pkg/kubelet/config/common.go).
    pub is_static: bool,
}

/// Which node of the cgroup tree a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The root cgroup: the machine.
    Root,
    /// `kubepods`: everything the node may allocate to Pods.
    Kubepods,
    /// `kubepods-burstable.slice` and its like.
    Tier,
    /// One Pod.
    Pod,
    /// One container, or something inside it.
    Container,
    /// Anything else: system daemons, users, other software.
    System,
}

/// A cgroup path, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which node of the tree.
    pub scope: Scope,
    /// The Pod, when the path is in one and its UID is complete.
    pub pod: Option<PodUid>,
    /// The Pod's or tier's class.
    pub qos: Option<Qos>,
    /// The container's id (64 hexadecimal digits, fewer if the log shortened it).
    pub container: Option<String>,
    /// The container runtime.
    pub runtime: Option<Runtime>,
    /// The cgroup driver; only Kubernetes' own cgroups tell.
    pub driver: Option<Driver>,
    /// A further container lies within the Pod's: docker in docker.
    pub nested: bool,
}

impl Place {
    /// The machine itself.
    pub(super) const ROOT: Self =
        Self { scope: Scope::Root, pod: None, qos: None, container: None, runtime: None, driver: None, nested: false };
}

/// Reads a cgroup path as the kernel prints it.
pub fn locate(path: &str) -> Place {
    let mut place = Place::ROOT;
    // With a systemd-style path under the cgroupfs driver, runc leaves `slice:prefix:id` in one segment.
    for segment in path.split(['/', ':']).filter(|segment| !segment.is_empty() && *segment != "..") {
        step(&mut place, segment);
    }
    place
}

/// One segment deeper.
fn step(place: &mut Place, segment: &str) {
    let (name, driver) = match segment.strip_suffix(".slice") {
        Some(name) => (name, Driver::Systemd),
        None => (segment, Driver::Cgroupfs),
    };
    if let Some(tail) = kubepods_tail(name) {
        let (qos, rest) = match tail.strip_prefix("-burstable") {
            Some(rest) => (Some(Qos::Burstable), rest),
            None => match tail.strip_prefix("-besteffort") {
                Some(rest) => (Some(Qos::BestEffort), rest),
                None => (None, tail),
            },
        };
        place.container = None;
        place.runtime = None;
        place.pod = None;
        place.nested = false;
        place.driver = Some(driver);
        match rest.strip_prefix("-pod") {
            Some(uid) => enter_pod(place, uid, Some(qos.unwrap_or(Qos::Guaranteed))),
            None => {
                place.qos = qos;
                place.scope = if qos.is_some() { Scope::Tier } else { Scope::Kubepods };
            }
        }
        return;
    }
    match (place.scope, name) {
        (Scope::Kubepods, "burstable") => (place.qos, place.scope) = (Some(Qos::Burstable), Scope::Tier),
        (Scope::Kubepods, "besteffort") => (place.qos, place.scope) = (Some(Qos::BestEffort), Scope::Tier),
        (Scope::Root | Scope::Kubepods | Scope::Tier | Scope::System, _)
            if name.strip_prefix("pod").and_then(pod_uid).is_some() =>
        {
            let qos = match place.scope {
                Scope::Kubepods => Some(Qos::Guaranteed),
                _ => place.qos,
            };
            enter_pod(place, name.strip_prefix("pod").unwrap_or(name), qos);
        }
        _ => enter_other(place, segment),
    }
}

/// What follows `kubepods` in `kubepods`, `kubepods-besteffort`, `kubelet-kubepods-burstable-pod..`.
fn kubepods_tail(name: &str) -> Option<&str> {
    let tail = match name.strip_prefix("kubepods") {
        Some(tail) => tail,
        None => name.split_once("-kubepods")?.1,
    };
    (tail.is_empty() || ["-pod", "-burstable", "-besteffort"].iter().any(|start| tail.starts_with(start)))
        .then_some(tail)
}

fn enter_pod(place: &mut Place, uid: &str, qos: Option<Qos>) {
    place.scope = Scope::Pod;
    place.pod = pod_uid(uid);
    place.qos = qos;
}

/// A segment that is no Kubernetes level of its own: a container's, or something of the system's.
fn enter_other(place: &mut Place, segment: &str) {
    let in_pod = place.scope == Scope::Pod || place.pod.is_some();
    let found = container_id(segment);
    match found {
        Some((id, _)) if in_pod && place.container.is_some() => {
            place.nested |= place.container.as_deref() != Some(id);
        }
        Some((id, runtime)) => {
            place.container = Some(id.to_owned());
            place.runtime = runtime.or(place.runtime);
        }
        None => {}
    }
    if segment == "docker" && !in_pod {
        place.runtime = Some(Runtime::Docker);
    }
    place.scope = match place.scope {
        Scope::Pod | Scope::Container => Scope::Container,
        _ if found.is_some() || segment.starts_with("lxc.payload") => Scope::Container,
        _ => Scope::System,
    };
}

/// `cri-containerd-<id>.scope`, `crio-conmon-<id>.scope`, a bare `<id>`: the id and the runtime that names so.
pub(super) fn container_id(segment: &str) -> Option<(&str, Option<Runtime>)> {
    const PREFIXES: [(&str, Option<Runtime>); 8] = [
        ("cri-containerd-", Some(Runtime::Containerd)),
        ("containerd-", Some(Runtime::Containerd)),
        ("crio-conmon-", Some(Runtime::CriO)),
        ("crio-", Some(Runtime::CriO)),
        ("docker-", Some(Runtime::Docker)),
        ("libpod-conmon-", Some(Runtime::Podman)),
        ("libpod-payload-", Some(Runtime::Podman)),
        ("libpod-", Some(Runtime::Podman)),
    ];
    let name = segment.strip_suffix(".scope").unwrap_or(segment);
    let (id, runtime, shortest) = PREFIXES
        .iter()
        .find_map(|(prefix, runtime)| name.strip_prefix(prefix).map(|id| (id, *runtime, 12)))
        .unwrap_or((name, None, 32));
    (id.len() >= shortest && id.len() <= 64 && is_hex(id)).then_some((id, runtime))
}

/// A Pod's UID as a path spells it: dashes, the systemd driver's underscores, or a static Pod's bare hash.
fn pod_uid(text: &str) -> Option<PodUid> {
    if text.len() == 32 && is_hex(text) {
        return Some(PodUid { uid: text.to_owned(), is_static: true });
    }
    let dashed = text.replace('_', "-");
    let lengths = dashed.split('-').map(|part| if is_hex(part) { part.len() } else { 0 });
    lengths.eq([8, 4, 4, 4, 12]).then_some(PodUid { uid: dashed, is_static: false })
}

/// Whether `inner` is `outer` itself or lies below it.
pub(super) fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer.trim_end_matches('/')).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn scopes_follow_the_path() {
        let uid = "11112222-3333-4444-5555-666677778888";
        let under = uid.replace('-', "_");
        let cases = [
            ("/".to_owned(), Scope::Root, None),
            ("/kubepods".into(), Scope::Kubepods, None),
            ("/kubepods.slice".into(), Scope::Kubepods, None),
            ("/kubelet.slice/kubelet-kubepods.slice".into(), Scope::Kubepods, None),
            ("/kubepods/besteffort".into(), Scope::Tier, Some(Qos::BestEffort)),
            ("/kubepods.slice/kubepods-burstable.slice".into(), Scope::Tier, Some(Qos::Burstable)),
            (format!("/kubepods/pod{uid}"), Scope::Pod, Some(Qos::Guaranteed)),
            (format!("/kubepods/burstable/pod{uid}/{ID}"), Scope::Container, Some(Qos::Burstable)),
            (format!("/kubepods.slice/kubepods-pod{under}.slice"), Scope::Pod, Some(Qos::Guaranteed)),
            (
                format!("/a/kubelet-kubepods-besteffort-pod{under}.slice/crio-{ID}.scope/container"),
                Scope::Container,
                Some(Qos::BestEffort),
            ),
            ("/system.slice/sshd.service".into(), Scope::System, None),
            (format!("/system.slice/docker-{ID}.scope"), Scope::Container, None),
            (format!("/docker/{ID}"), Scope::Container, None),
        ];
        for (path, scope, qos) in cases {
            let place = locate(&path);
            assert_eq!((place.scope, place.qos), (scope, qos), "{path}");
            if path.contains("pod1111") {
                assert_eq!(place.pod, Some(PodUid { uid: uid.into(), is_static: false }), "{path}");
            }
            assert_eq!(place.container.is_some(), path.contains(ID), "{path}");
        }
    }

    #[test]
    fn containers_within_containers() {
        let inner = ID.replace('0', "1");
        let pod = "/kubepods/pod11112222-3333-4444-5555-666677778888";
        let place = locate(&format!("{pod}/{ID}/docker/{inner}"));
        assert!(place.nested && place.container.as_deref() == Some(ID));
        assert!(!locate(&format!("{pod}/{ID}/container")).nested);
        // The outer container is the node here.
        assert!(!locate(&format!("/docker/{inner}{pod}/{ID}")).nested);
    }

    #[test]
    fn static_pods_and_odd_paths() {
        let place = locate("/kubepods/burstable/pod0123456789abcdef0123456789abcdef");
        assert!(place.pod.unwrap().is_static);
        let place = locate(&format!(
            "/system.slice/containerd.service/kubepods-burstable-pod11112222_3333_4444_5555_666677778888.slice:cri-containerd:{ID}"
        ));
        assert_eq!((place.scope, place.container.as_deref()), (Scope::Container, Some(ID)));
        assert_eq!(locate("/kubepods-burstable-pod1111.slice").pod, None);
        assert!(is_within("/a/b", "/a") && is_within("/a", "/a") && !is_within("/ab", "/a"));
    }
}
