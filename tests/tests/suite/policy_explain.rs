//! `memlint policy explain`: who sets what, who exempts, and which nodes each filter leaves.

use memlint_tests::folder::Folder;
use memlint_tests::{memlint, repository};
use serde_json::{Value, json};

const HEAD: &str = "apiVersion: memlint.dev/v1alpha1\nkind: Policy\n";

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers:\n  \
    - {name: app, image: i, resources: {requests: {memory: 1Gi}}}\n  - {name: log, image: i, resources: {requests: {memory: 1Gi}}}\n";

/// What is said of an object under a policy.
fn explained(policy: &str, object: &str, args: &[&str], code: i32) -> Value {
    let folder = Folder::new().with("memlint.yaml", format!("{HEAD}{policy}"));
    let explain = memlint!("policy", "explain", "-f", "-", "--format", "json").args(args);
    explain.stdin(object).within(folder.path()).run().exits(code).json()
}

fn rule<'v>(json: &'v Value, id: &str) -> &'v Value {
    let rules = json["results"][0]["rules"].as_array().expect("a list");
    rules.iter().find(|rule| rule["rule"] == id).expect("the rule")
}

#[test]
fn each_setting_names_where_it_comes_from() {
    let line = |line: usize| json!({"file": "memlint.yaml", "line": line});
    let shipped = |name: &str| json!({"policy": name});
    let policy = "rules:\n  tiny-quantity: off\n  limit-far-above-request:\n    maxRatio: 1.5\n";
    for (policy, id, level, set_by) in [
        ("", "missing-memory-limit", "warn", shipped("default")),
        ("extends: strict\n", "missing-memory-limit", "deny", shipped("strict")),
        (policy, "missing-memory-limit", "warn", shipped("default")),
        (policy, "tiny-quantity", "off", line(4)),
        (policy, "limit-far-above-request", "warn", line(5)),
        ("extends: strict\nrules: {missing-memory-limit: warn}\n", "missing-memory-limit", "warn", line(4)),
    ] {
        let found = explained(policy, POD, &[], (policy == "extends: strict\n").into());
        let found = rule(&found, id);
        assert_eq!((&found["level"], &found["setBy"]), (&json!(level), &set_by), "{policy}: {id}");
    }
    let found = explained(policy, POD, &[], 0);
    assert_eq!(rule(&found, "limit-far-above-request")["params"], json!({"maxRatio": "1.5"}));
    assert_eq!(rule(&found, "never-fits")["notRun"], "no nodes known; see --capacity");
    assert_eq!(rule(&found, "missing-memory-limit")["findings"], 2);
    assert_eq!((&found["version"], &found["results"][0]["verdict"]), (&json!(1), &json!("warn")));
}

#[test]
fn what_cannot_be_read_is_told_as_by_every_command() {
    let broken = "spec:\n\tcontainers: []\n";
    let problems = |root: Value| root["problems"].clone();
    let linted = problems(memlint!("--format", "json", "-").stdin(broken).run().exits(1).json());
    assert_eq!(linted[0]["help"], "use spaces");
    assert_eq!(problems(explained("", broken, &[], 1)), linted);
    let capacity = repository().join("tests/demo/capacity.yaml");
    let fit = memlint!("fit", "--format", "json", "--capacity").arg(capacity).arg("-");
    assert_eq!(problems(fit.stdin(broken).run().exits(1).json()), linted);
}

#[test]
fn each_exemption_names_who_exempts() {
    let id = "missing-memory-limit";
    let with =
        |annotation: &str| POD.replace("namespace: shop", &format!("namespace: shop, annotations: {{{annotation}}}"));
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, annotations: {memlint.dev/allow: \"missing-memory-limit: ours\"}}\n---\n";
    let policy = |matcher: &str| format!("exemptions:\n- rules: [{id}]\n  match: {{{matcher}}}\n  reason: OPS-1\n");
    let in_policy = |container: Value| json!([{"by": "policy", "container": container, "reason": "OPS-1", "at": {"file": "memlint.yaml", "line": 4}}]);
    let by = |by: &str, container: Value, reason: &str| json!([{"by": by, "container": container, "reason": reason, "at": null}]);
    let lets = "annotations: {allowNamespaces: [missing-memory-limit]}\n".to_owned();
    let expired = format!("{}  expires: 2020-01-01\n", policy("kinds: [Pod]"));
    for (policy, object, exempted, left) in [
        (policy("namespaces: [shop]"), POD.to_owned(), in_policy(Value::Null), 0),
        (policy("containers: [log]"), POD.to_owned(), in_policy(json!("log")), 1),
        (policy("namespaces: [other]"), POD.to_owned(), json!([]), 2),
        (expired, POD.to_owned(), json!([]), 2),
        (
            String::new(),
            with("memlint.dev/allow: \"missing-memory-limit: mine\""),
            by("object", Value::Null, "mine"),
            0,
        ),
        (
            String::new(),
            with("memlint.dev/allow.app: \"missing-memory-limit: mine\""),
            by("object", json!("app"), "mine"),
            1,
        ),
        (lets, format!("{namespace}{POD}"), by("namespace", Value::Null, "ours"), 0),
        // Where the policy does not let it, it does not.
        (String::new(), format!("{namespace}{POD}"), json!([]), 2),
    ] {
        let found = explained(&policy, &object, &[], 0);
        let found = rule(&found, id);
        assert_eq!((&found["exempted"], &found["findings"]), (&exempted, &json!(left)), "{policy}{object}");
        // What is exempt is told although nothing is found, too.
        let harmless = object.replace("requests: {memory: 1Gi}", "limits: {memory: 1Gi}");
        let found = explained(&policy, &harmless, &[], 0);
        let found = rule(&found, id);
        assert_eq!((&found["exempted"], &found["findings"]), (&exempted, &json!(0)), "{policy}{harmless}");
    }
    let refused = explained("", &format!("{namespace}{POD}"), &[], 0);
    let note = refused["results"][0]["notes"][0].as_str().expect("a note");
    assert!(note.contains("the policy does not let Namespaces"), "{note}");
}

#[test]
fn an_exemption_that_has_expired_is_told_where_its_rule_finds_something() {
    let policy = "exemptions:\n- rules: [missing-memory-limit]\n  match: {containers: [app]}\n  reason: r\n  expires: 2020-01-01\n";
    let expired = json!([{"at": {"file": "memlint.yaml", "line": 4}, "until": "2020-01-01"}]);
    let found = explained(policy, POD, &[], 0);
    assert_eq!(rule(&found, "missing-memory-limit")["expired"], expired);
    assert_eq!(rule(&found, "missing-memory-request")["expired"], json!([]));
    for (from, to) in [("[app]", "[other]"), ("2020", "2999")] {
        let found = explained(&policy.replace(from, to), POD, &[], 0);
        assert_eq!(rule(&found, "missing-memory-limit")["expired"], json!([]), "{to}");
    }
    let harmless = POD.replace("requests: {memory: 1Gi}", "limits: {memory: 1Gi}");
    let found = explained(&policy.replace("[app]", "[log]"), &harmless, &[], 0);
    assert_eq!(rule(&found, "missing-memory-limit")["findings"], 0);
    assert_eq!(rule(&found, "missing-memory-limit")["expired"], json!([]));
    let folder = Folder::new().with("memlint.yaml", format!("{HEAD}{policy}")).with("pod.yaml", POD);
    let text = memlint!("policy", "explain", "-f", "pod.yaml").within(folder.path()).run().exits(0);
    _ = text.says(&["2 problems; memlint.yaml:4 exempted it until 2020-01-01\n"]);
}

fn node(name: &str, spec: &Value, labels: &Value, memory: &str) -> Value {
    let resources = json!({"cpu": "4", "memory": memory, "pods": "110"});
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": spec,
        "status": {"allocatable": resources, "capacity": resources},
    })
}

/// Filters that leave fewer nodes than were there, as `filter: nodes left`.
fn narrowing(funnel: &Value) -> Vec<String> {
    let sum = |left: &Value| -> u64 {
        left.as_array().expect("a list").iter().map(|class| class["nodes"].as_u64().expect("a number")).sum()
    };
    let mut before = sum(&funnel["all"]);
    let mut lines = vec![format!("all: {before}")];
    for step in funnel["filters"].as_array().expect("a list") {
        let (left, out) = (sum(&step["left"]), sum(&step["out"]));
        assert_eq!(before, left + out, "nodes are lost: {step}");
        if left < before {
            lines.push(format!("{}: {left}", step["filter"].as_str().expect("a text")));
        }
        before = left;
    }
    lines
}

#[test]
fn each_filter_says_which_nodes_it_leaves() {
    let taint = json!({"taints": [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]});
    let (plain, ssd, disk) = (json!({}), json!({"disk": "ssd"}), json!({"disk": "hdd"}));
    let small = |name: &str| node(name, &plain, &ssd, "1Gi");
    let bound = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "other", "namespace": "shop"},
        "spec": {"nodeName": "large", "containers": [{"name": "app", "resources": {"requests": {"memory": "5Gi"}}}]},
    });
    let mut own = bound.clone();
    (own["metadata"]["name"], own["spec"]["nodeName"]) = (json!("web"), json!("cordoned"));
    let nodes = [
        node("tainted", &taint, &ssd, "8Gi"),
        node("slow", &plain, &disk, "8Gi"),
        small("small-1"),
        small("small-2"),
        node("large", &plain, &ssd, "8Gi"),
        node("cordoned", &json!({"unschedulable": true}), &ssd, "8Gi"),
    ];
    let list = |items: &[Value]| json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    let folder = Folder::new().with("nodes.json", list(&nodes)).with("pods.json", list(&[bound, own]));
    let pod = |spec: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec: {{{spec}, containers: [{{name: app, image: i, resources: {{requests: {{memory: 4Gi}}, limits: {{memory: 4Gi}}}}}}]}}\n"
        )
    };
    let ask = |spec: &str, files: &[&str], code: i32| {
        let explain =
            files.iter().fold(memlint!("policy", "explain", "-f", "-", "--format", "json"), |explain, file| {
                explain.args(&["--capacity", file])
            });
        explain.stdin(pod(spec)).within(folder.path()).run().exits(code).json()["results"][0].clone()
    };
    let files = ["nodes.json", "pods.json"];
    for (spec, code, empty, now) in [
        (
            "nodeSelector: {disk: ssd}",
            0,
            vec!["all: 6", "taints: 5", "selector, affinity: 4", "resources: 2"],
            // What is on a node now counts, but for the Pod itself.
            vec!["all: 6", "cordons: 5", "taints: 4", "selector, affinity: 3", "resources: 0"],
        ),
        (
            "nodeSelector: {disk: tape}",
            1,
            vec!["all: 6", "taints: 5", "selector, affinity: 0"],
            vec!["all: 6", "cordons: 5", "taints: 4", "selector, affinity: 0"],
        ),
        ("tolerations: [{operator: Exists}]", 0, vec!["all: 6", "resources: 4"], vec!["all: 6", "resources: 3"]),
        ("nodeName: slow", 0, vec!["all: 6", "node name: 1"], vec!["all: 6", "node name: 1"]),
    ] {
        let found = ask(spec, &files, code);
        assert_eq!(narrowing(&found["nodes"]["empty"]), empty, "{spec}");
        assert_eq!(narrowing(&found["nodes"]["now"]), now, "{spec}");
        assert_eq!(found["verdict"] == "deny", code == 1, "{spec}");
        // Without Pods nothing is known of now.
        assert!(ask(spec, &files[..1], code)["nodes"]["now"].is_null(), "{spec}");
    }
    let left = &ask("nodeSelector: {disk: ssd}", &files, 0)["nodes"]["empty"]["filters"];
    assert_eq!(left[2]["out"], json!([{"reasons": ["taint dedicated=gpu:NoSchedule"], "nodes": 1}]));
    let gated = ask("schedulingGates: [{name: example.com/wait}]", &files, 0);
    assert!(gated["nodes"].is_null());
}

#[test]
fn the_text_says_it_all() {
    let shop = repository().join("tests/demo");
    let explain = || memlint!("policy", "explain", "-f", "shop/search.yaml").within(&shop);
    let text = explain().args(&["--capacity", "capacity.yaml"]).run().exits(1).says(&[
        "StatefulSet search/search  shop/search.yaml:1\n",
        "  RULE                       LEVEL               SET BY   FINDS\n",
        "  never-fits                 deny                default  1 problem\n",
        "  taints              3     3 like pool/user-1                            2 for taint dedicated=search:NoSchedule\n",
        "  resources           0     none                                          3 for insufficient memory\n",
        "  verdict: deny\n",
        "  deny[never-fits]: the Pod needs 8Gi of memory",
    ]);
    assert!(!text.stdout.contains("1500m"), "{}", text.stdout);
    _ = explain()
        .run()
        .exits(1)
        .says(&["  nodes: none are known; name a file with --capacity, or ask with --cluster\n"]);
}

#[test]
fn what_cannot_be_explained_is_named() {
    let explain = |text: &str| memlint!("policy", "explain", "-f", "-").stdin(text).run();
    _ = explain("a: [").exits(1).says(&["unreadable: <stdin>:1:"]);
    _ = explain(&format!("{POD}---\na: [\n")).exits(1).says(&["Pod shop/web", "unreadable: <stdin>:9:"]);
    _ = explain("a: {{ .Values.a }}\nkind: Pod\n").exits(2).says(&["1 template was skipped; lint what it renders to"]);
    _ = explain("apiVersion: v1\nkind: ConfigMap\n").exits(2).complains(&["there is no Pod"]);
    let missing = memlint!("policy", "explain", "-f", "gone.yaml").within(Folder::new().path()).run().exits(2);
    _ = missing.complains(&["gone.yaml"]);
    let folder = Folder::new().with("memlint.yaml", format!("{HEAD}rules: {{tiny-quantity: of}}\n"));
    let bad = memlint!("policy", "explain", "-f", "-").stdin(POD).within(folder.path()).run().exits(2);
    _ = bad.complains(&["memlint.yaml:3:"]);
    let names_none = POD.replace(", namespace: shop", "");
    let named = memlint!("policy", "explain", "-f", "-", "-n", "team").stdin(names_none).run().exits(0);
    _ = named.says(&["Pod team/web"]);
}
