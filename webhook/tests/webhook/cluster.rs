//! The cluster as it is watched: D6, R7 to R9.

use std::sync::Arc;
use std::time::Duration;

use memlint_review::Nodes;
use memlint_webhook::cluster::{Settings, follow};
use memlint_webhook::state::App;
use serde_json::{Value, json};

use crate::fake::{
    AUTOSCALER_STATUS, DAEMON_SETS, Fake, LIMIT_RANGES, NAMESPACES, NODE_POOLS, NODES, OPENSHIFT_STATUS,
};
use crate::support::{app, app_with, ask, container, create, deployment, deployment_of, metric, options, pod};

pub(crate) fn node(name: &str, memory: &str, labels: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": labels, "resourceVersion": "8"},
        "status": {"allocatable": {"cpu": "4", "memory": memory, "pods": "110"}, "capacity": {"cpu": "4", "memory": memory, "pods": "110"}},
    })
}

fn limit_range(memory: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "LimitRange",
        "metadata": {"name": "defaults", "namespace": "shop", "resourceVersion": "8"},
        "spec": {"limits": [{"type": "Container", "default": {"memory": memory}, "defaultRequest": {"memory": memory}}]},
    })
}

pub(crate) struct Watching {
    pub(crate) app: Arc<App>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watching(fake: &Fake, nodes: Nodes, stale: Duration) -> Watching {
    watching_with(fake, app(), Settings { nodes, stale, ..Settings::default() }).await
}

/// A webhook that knows all that the API server has.
pub(crate) async fn watching_with(fake: &Fake, app: Arc<App>, settings: Settings) -> Watching {
    app.health.certificate_is_there();
    let task = tokio::spawn(follow(app.clone(), fake.client(), settings));
    let watching = Watching { app, task };
    until("the cluster is known", || watching.app.health.not_ready().is_empty()).await;
    watching
}

pub(crate) async fn until(what: &str, mut done: impl FnMut() -> bool) {
    // Long: a watch that was refused comes back with a growing delay, and machines are busy.
    for _ in 0..2400 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never happened: {what}");
}

fn nodes(app: &App) -> usize {
    app.cluster.load().inventory.capacity().map_or(0, |capacity| capacity.now().nodes().len())
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r2_d2_the_cluster_is_known_and_its_limit_ranges_count_for_templates() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({}))), (LIMIT_RANGES, limit_range("512Mi"))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    assert_eq!(nodes(&watching.app), 1);
    let bare = deployment(None, &deployment_of(&[container("api", "", "")]));
    let verdict = ask(&watching.app, &bare).await;
    assert!(verdict.allowed && verdict.warnings.is_empty(), "{verdict:?}");
    let mut gone = limit_range("512Mi");
    gone["metadata"]["resourceVersion"] = json!("9");
    fake.event(LIMIT_RANGES, "DELETED", &gone);
    until("the LimitRange is gone", || !watching.app.cluster.load().inventory.has_limit_ranges()).await;
    assert!(!ask(&watching.app, &bare).await.warnings.is_empty());
    assert_eq!(metric(&watching.app, "memlint_cache_objects{kind=\"Node\"}"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_one_bad_object_holds_up_no_other() {
    let mut bad = node("bad", "8Gi", &json!({}));
    bad["spec"] = json!({"taints": "none"});
    let odd = node("odd", "8GB?", &json!({}));
    let fake = Fake::new(&[(NODES, bad), (NODES, odd), (NODES, node("good", "8Gi", &json!({})))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    assert_eq!(nodes(&watching.app), 1);
    assert_eq!(metric(&watching.app, "memlint_watch_bad_objects_total{kind=\"Node\"}"), 2.0);
    assert_eq!(metric(&watching.app, "memlint_cache_objects{kind=\"Node\"}"), 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_a_node_that_cannot_be_read_may_be_the_one_with_room() {
    let mut big = node("big", "64Gi", &json!({}));
    big["status"] = json!({"capacity": {"memory": "64Gi"}});
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({}))), (NODES, big.clone())]);
    let watching = watching(&fake, Nodes::Fixed, LONG).await;
    let wanted = create(&pod("32Gi", "32Gi"));
    assert_eq!(watching.app.cluster.load().doubt.as_deref(), Some("node big cannot be read"));
    assert!(ask(&watching.app, &wanted).await.allowed);
    tokio::time::sleep(Duration::from_millis(300)).await;
    fake.event(NODES, "MODIFIED", &node("big", "16Gi", &json!({})));
    until("it can be read", || watching.app.cluster.load().nodes_are_certain()).await;
    assert!(!ask(&watching.app, &wanted).await.allowed);
    fake.event(NODES, "MODIFIED", &big);
    until("it cannot be read", || !watching.app.cluster.load().nodes_are_certain()).await;
    fake.event(NODES, "DELETED", &big);
    until("it is gone", || watching.app.cluster.load().nodes_are_certain()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_an_api_server_that_never_answers_makes_what_is_known_stale() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let [stale, patience] = [900, 200].map(Duration::from_millis);
    let settings = Settings { nodes: Nodes::Fixed, stale, patience, ..Settings::default() };
    let watching = watching_with(&fake, app(), settings).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(watching.app.cluster.load().nodes_are_certain(), "nothing to tell is no failure");
    fake.with(|state| state.hung = true);
    fake.cut();
    let all = "nothing has been heard for too long of: Node, DaemonSet, LimitRange, RuntimeClass, Namespace";
    until("all is stale", || watching.app.cluster.load().doubt.as_deref() == Some(all)).await;
    assert!(ask(&watching.app, &create(&pod("64Gi", "64Gi"))).await.allowed);
    fake.with(|state| state.hung = false);
    until("it answers again", || watching.app.cluster.load().nodes_are_certain()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h6_namespaces_and_limit_ranges_that_are_no_longer_heard_of_are_told() {
    for (path, kind) in [(NAMESPACES, "Namespace"), (LIMIT_RANGES, "LimitRange")] {
        let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
        let watching = watching(&fake, Nodes::Fixed, Duration::from_millis(400)).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        fake.with(|state| state.refused.insert(path, 403));
        fake.cut();
        until("it is stale", || !watching.app.cluster.load().nodes_are_certain()).await;
        let doubt = format!("nothing has been heard for too long of: {kind}");
        assert_eq!(watching.app.cluster.load().doubt.as_deref(), Some(doubt.as_str()));
        assert_eq!(metric(&watching.app, &format!("memlint_cache_synced{{kind=\"{kind}\"}}")), 0.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_what_a_namespace_exempts_is_kept_of_it() {
    let annotations = json!({"memlint.dev/allow": "missing-memory-request: OPS-7", "other": "is dropped"});
    let namespace = |annotations: &Value| {
        json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "shop", "annotations": annotations, "resourceVersion": "8"},
        })
    };
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({}))), (NAMESPACES, namespace(&annotations))]);
    let app = app_with("annotations: {allowNamespaces: [missing-memory-request]}", options());
    let watching = watching_with(&fake, app, Settings::default()).await;
    let wanted = create(&pod("", "1Gi"));
    let verdict = ask(&watching.app, &wanted).await;
    assert!(verdict.allowed && verdict.warnings[0].contains("OPS-7"), "{verdict:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = watching.app.cluster.load_full();
    fake.event(NAMESPACES, "MODIFIED", &namespace(&json!({})));
    until("it is another", || !Arc::ptr_eq(&before, &watching.app.cluster.load_full())).await;
    assert!(!ask(&watching.app, &wanted).await.allowed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_a_watch_that_is_cut_expired_or_refused_comes_back_and_keeps_what_was_known() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    let known = || nodes(&watching.app);
    // Cut: the watch goes on where it was.
    tokio::time::sleep(Duration::from_millis(200)).await;
    fake.cut();
    // 410: everything is listed again.
    let another = node("b", "8Gi", &json!({})).to_string();
    fake.with(|state| state.objects.entry(NODES.to_owned()).or_default().push(another));
    until("both nodes are known", || {
        // Who has not come back yet does not hear it.
        fake.expire(NODES);
        known() == 2
    })
    .await;
    // 500 to everything: what was known last goes on.
    fake.with(|state| state.broken = true);
    fake.cut();
    until("errors are counted", || metric(&watching.app, "memlint_watch_errors_total{kind=\"Node\"}") >= 1.0).await;
    assert_eq!(known(), 2);
    assert!(watching.app.health.not_ready().is_empty(), "readiness stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r9_a_heartbeat_changes_nothing() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let watching = watching(&fake, Nodes::Auto, LONG).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = watching.app.cluster.load_full();
    let mut beat = node("a", "8Gi", &json!({}));
    beat["metadata"]["resourceVersion"] = json!("9");
    beat["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
    fake.event(NODES, "MODIFIED", &beat);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(Arc::ptr_eq(&before, &watching.app.cluster.load_full()));
    fake.event(NODES, "MODIFIED", &node("a", "16Gi", &json!({})));
    until("a change is a change", || !Arc::ptr_eq(&before, &watching.app.cluster.load_full())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_nodes_are_certain_only_without_an_autoscaler_and_while_they_are_seen() {
    let plain = || Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let grown = || Fake::new(&[(NODES, node("a", "8Gi", &json!({"karpenter.sh/nodepool": "default"})))]);
    for (fake, nodes, certain) in [
        (plain(), Nodes::Auto, true),
        (plain(), Nodes::Growing, false),
        (grown(), Nodes::Auto, false),
        (grown(), Nodes::Fixed, true),
        (Fake::new(&[]), Nodes::Fixed, false),
    ] {
        let watching = watching(&fake, nodes, LONG).await;
        assert_eq!(watching.app.cluster.load().nodes_are_certain(), certain, "{nodes:?}");
    }
    let fake = plain();
    let watching = watching(&fake, Nodes::Fixed, Duration::from_millis(400)).await;
    assert!(watching.app.cluster.load().nodes_are_certain());
    tokio::time::sleep(Duration::from_millis(200)).await;
    fake.with(|state| state.broken = true);
    fake.cut();
    until("it is stale", || !watching.app.cluster.load().nodes_are_certain()).await;
    assert_eq!(metric(&watching.app, "memlint_nodes_are_certain"), 0.0);
    assert_eq!(nodes(&watching.app), 1, "what was known last goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r7_a_watch_that_works_again_counts_as_such_before_anything_changes() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let watching = watching(&fake, Nodes::Fixed, Duration::from_millis(400)).await;
    let synced = || metric(&watching.app, "memlint_cache_synced{kind=\"DaemonSet\"}");
    until("DaemonSets are synced", || synced() == 1.0).await;
    fake.with(|state| state.broken = true);
    fake.cut();
    until("it is stale", || !watching.app.cluster.load().nodes_are_certain()).await;
    assert_eq!(synced(), 0.0);
    let lists = fake.with(|state| {
        state.broken = false;
        state.lists.get(DAEMON_SETS).copied()
    });
    until("it is not stale any more", || watching.app.cluster.load().nodes_are_certain()).await;
    assert_eq!(synced(), 1.0);
    assert_eq!(fake.with(|state| state.lists.get(DAEMON_SETS).copied()), lists, "nothing is listed again for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_traces_of_an_autoscaler_are_looked_for_and_make_warnings_of_denials() {
    let plain = || (NODES, node("a", "8Gi", &json!({})));
    let pool = json!({"apiVersion": "karpenter.sh/v1", "kind": "NodePool", "metadata": {"name": "default"}});
    let status =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-autoscaler-status"}, "data": {}});
    let openshift = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openshift-machine-api"}});
    for (path, object, why) in [
        (NODE_POOLS, pool, "NodePool"),
        (AUTOSCALER_STATUS, status.clone(), "kube-system/cluster-autoscaler-status"),
        (OPENSHIFT_STATUS, status, "openshift-machine-api/cluster-autoscaler-status"),
    ] {
        let fake = Fake::new(&[plain(), (path, object), (NAMESPACES, openshift.clone())]);
        fake.with(|state| state.refused.clear());
        let watching = watching(&fake, Nodes::Auto, LONG).await;
        let doubt = watching.app.cluster.load().doubt.clone();
        assert!(doubt.as_ref().is_some_and(|doubt| doubt.contains(why)), "{doubt:?}");
        let verdict = ask(&watching.app, &create(&pod("64Gi", "64Gi"))).await;
        assert!(verdict.allowed, "{verdict:?}");
        assert!(verdict.warnings[0].contains("nodes may come that are not known"), "{verdict:?}");
        assert!(verdict.warnings[1].contains("never-fits"), "{verdict:?}");
        assert_eq!(metric(&watching.app, "memlint_nodes_are_certain"), 0.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_who_may_not_or_cannot_look_for_autoscalers_does_not_deny() {
    for (path, right) in
        [(NODE_POOLS, "list nodepools.karpenter.sh"), (AUTOSCALER_STATUS, "get configmaps/cluster-autoscaler-status")]
    {
        let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
        fake.with(|state| state.refused.insert(path, 403));
        let forbidden = watching(&fake, Nodes::Auto, LONG).await;
        let doubt = forbidden.app.cluster.load().doubt.clone().expect("a doubt");
        assert!(doubt.contains(right) && doubt.contains("--nodes fixed"), "{doubt}");
        assert!(ask(&forbidden.app, &create(&pod("64Gi", "64Gi"))).await.allowed);
    }
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    fake.with(|state| state.refused.insert(NODE_POOLS, 500));
    let failed = watching(&fake, Nodes::Auto, LONG).await;
    assert!(failed.app.cluster.load().doubt.is_some());
    let told = watching(&fake, Nodes::Fixed, LONG).await;
    assert_eq!(told.app.cluster.load().doubt, None, "who says so need not be asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d6_an_autoscaler_that_comes_later_is_seen() {
    let fake = Fake::new(&[(NODES, node("a", "8Gi", &json!({})))]);
    let settings = Settings { look_every: Duration::from_millis(200), ..Settings::default() };
    let watching = watching_with(&fake, app(), settings).await;
    assert_eq!(watching.app.cluster.load().doubt, None);
    let status = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cluster-autoscaler-status"}});
    fake.with(|state| _ = state.objects.insert(AUTOSCALER_STATUS.to_owned(), vec![status.to_string()]));
    until("it is seen", || !watching.app.cluster.load().nodes_are_certain()).await;
}
