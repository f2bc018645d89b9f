//! The Helm chart, the manifests made from it, and what is shipped beside it: alerts and dashboards.
//!
//! `fixtures/chart/refused` has values that must be refused, with a part of the message in the first line;
//! `fixtures/chart/good` has values and, in its comments, what must hold: `# KIND[/NAME] POINTER JSON`, where null means
//! that there is no such field, or `# KIND[/NAME] none`. Some things hold whatever the values are: see [`always`].
//!
//! It takes `helm` (or what HELM names) and, for alerts, `promtool`. Without them it is skipped, and says so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use clap::Parser as _;
use memlint_files::yaml;
use memlint_kubernetes::object::Value as Written;
use memlint_tests::{fixtures, memlint, repository, skipped};
use memlint_webhook::args::Args;
use serde_json::{Value, json};

/// The oldest version that the chart is for, and a newer one.
const VERSIONS: [&str; 2] = ["1.28", "1.36"];
/// What is of the cluster and not of a namespace.
const OF_CLUSTER: [&str; 3] = ["ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration"];

fn deploy(file: &str) -> PathBuf {
    repository().join("deploy").join(file)
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A tool; `None`, and a word about it, where there is none.
fn tool(name: &str, version: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(name.to_uppercase()).unwrap_or_else(|| name.into()));
    let runs = Command::new(&path).arg(version).output().is_ok_and(|output| output.status.success());
    if !runs {
        skipped(&format!("tests of the chart: there is no {name}"));
    }
    runs.then_some(path)
}

fn helm() -> Option<PathBuf> {
    tool("helm", "version")
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What a command prints; it must succeed.
fn printed(command: &mut Command) -> String {
    let output = run(command);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{}\n{errors}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn template(helm: &Path, values: &Path, version: &str) -> Command {
    let mut command = Command::new(helm);
    command.arg("template").arg("memlint").arg(deploy("chart")).args(["--namespace", "memlint"]);
    command.args(["--kube-version", version, "--values"]).arg(values);
    command
}

/// The files of a folder of fixtures.
fn values(folder: &str) -> Vec<PathBuf> {
    let folder = fixtures().join("chart").join(folder);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// All documents of a text.
fn objects(text: &str) -> Vec<Value> {
    fn convert(value: &Written<'_>) -> Value {
        match value {
            Written::Null => Value::Null,
            Written::Bool(flag) => (*flag).into(),
            Written::Number(number) => serde_json::from_str(number).expect("a JSON number"),
            Written::String(text) => text.as_ref().into(),
            Written::List(items) => items.iter().map(convert).collect(),
            Written::Map(entries) => entries.iter().map(|(key, value)| (key.to_string(), convert(value))).collect(),
        }
    }
    let parse = |raw| yaml::parse(raw).unwrap_or_else(|problem| panic!("{problem}\n{text}"));
    let documents = yaml::split(text).into_iter().map(|raw| convert(parse(raw).value()));
    documents.filter(|object| !object.is_null()).collect()
}

fn kind(object: &Value) -> &str {
    object["kind"].as_str().unwrap_or_default()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// The objects that `KIND` or `KIND/NAME` means.
fn meant<'a>(objects: &'a [Value], wanted: &str) -> Vec<&'a Value> {
    let (wanted_kind, wanted_name) = wanted.split_once('/').unwrap_or((wanted, ""));
    let is_meant =
        |object: &&Value| kind(object) == wanted_kind && (wanted_name.is_empty() || name(object) == wanted_name);
    objects.iter().filter(is_meant).collect()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn bad_values_are_refused_with_a_reason() {
    let Some(helm) = helm() else { return };
    for file in values("refused") {
        let told = text(&file).lines().next().and_then(|line| line.strip_prefix("# ")).expect("a comment").to_owned();
        let output = run(&mut template(&helm, &file, VERSIONS[1]));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{} is taken", file.display());
        assert!(errors.contains(&told), "{}: {told:?} is not in {errors}", file.display());
    }
}

#[test]
fn good_values_render_to_what_their_comments_say() {
    let Some(helm) = helm() else { return };
    for file in values("good") {
        for version in VERSIONS {
            let rendered = printed(&mut template(&helm, &file, version));
            let objects = objects(&rendered);
            for line in text(&file).lines().filter_map(|line| line.strip_prefix("# ")) {
                expect(&objects, line, &file);
            }
            always(&objects, &file);
            // The policy is strict, so nothing can be better.
            let folder = tempfile::tempdir().expect("a folder");
            let policy = folder.path().join("strict.yaml");
            std::fs::write(&policy, "apiVersion: memlint.dev/v1alpha1\nkind: Policy\nextends: strict\n")
                .expect("a file");
            _ = memlint!("--policy", &policy, "-").stdin(rendered).run().exits(0).says(&["no findings in 1 workload"]);
        }
    }
}

/// Checks one line of a values file's comments; those that name no kind are for people.
fn expect(objects: &[Value], line: &str, file: &Path) {
    let mut words = line.splitn(3, ' ');
    let (Some(wanted), Some(pointer), json) = (words.next(), words.next(), words.next()) else { return };
    let found = meant(objects, wanted);
    match json {
        None if pointer == "none" => assert!(found.is_empty(), "{}: {line}", file.display()),
        Some(json) if pointer.starts_with('/') => {
            let expected: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{line}: {error}"));
            let [object] = found[..] else { panic!("{}: {line}: there are {}", file.display(), found.len()) };
            let found = object.pointer(pointer).unwrap_or(&Value::Null);
            assert_eq!(*found, expected, "{}: {line}", file.display());
        }
        _ => {}
    }
}

/// What holds whatever the values are.
fn always(objects: &[Value], file: &Path) {
    let file = file.display();
    for object in objects {
        let (kind, name) = (kind(object), name(object));
        assert!(name.starts_with("memlint"), "{file}: {kind} {name}");
        let namespace = object["metadata"]["namespace"].as_str();
        assert_eq!(namespace.is_none(), OF_CLUSTER.contains(&kind), "{file}: {kind} {name}");
        assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/instance"], "memlint", "{file}: {kind} {name}");
        // All belongs to the release, so that removing it removes all.
        assert_eq!(object["metadata"]["annotations"]["helm.sh/hook"], Value::Null, "{file}: {kind} {name}");
    }
    let [deployment] = meant(objects, "Deployment")[..] else { panic!("{file}: one Deployment") };
    workload(&deployment["spec"]["template"]["spec"], &file.to_string());
    let [configuration] = meant(objects, "ValidatingWebhookConfiguration")[..] else {
        panic!("{file}: one configuration")
    };
    webhook(configuration, &file.to_string());
    for role in objects.iter().filter(|object| kind(object).ends_with("Role")) {
        for rule in role["rules"].as_array().expect("rules") {
            rights(rule, &format!("{file}: {} {}", kind(role), name(role)));
        }
    }
}

fn workload(pod: &Value, file: &str) {
    let container = &pod["containers"][0];
    // Restricted Pod Security, but for the network.
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{file}");
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{file}");
    let security =
        json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]}});
    assert_eq!(container["securityContext"], security, "{file}");
    assert_eq!(container["resources"]["requests"]["memory"], container["resources"]["limits"]["memory"], "{file}");
    assert_eq!(container["resources"]["limits"]["cpu"], Value::Null, "{file}");
    let words = std::iter::once("memlint-webhook").chain(strings(&container["args"]));
    let args = Args::try_parse_from(words).unwrap_or_else(|error| panic!("{file}: {error}"));
    // Probes have no certificate to show.
    let (port, scheme) = if args.tls.client_ca.is_some() { ("metrics", "HTTP") } else { ("webhook", "HTTPS") };
    for (probe, path) in [("readinessProbe", "/readyz"), ("livenessProbe", "/livez")] {
        assert_eq!(container[probe]["httpGet"], json!({"path": path, "port": port, "scheme": scheme}), "{file}");
    }
    // Drained, then two seconds in which clients are told, then ten to finish.
    let grace = pod["terminationGracePeriodSeconds"].as_u64().expect("a number");
    assert!(args.limits.drain_delay.as_secs() + 12 < grace, "{file}: {grace} s");
    let port = container["ports"][0]["containerPort"].as_u64();
    assert_eq!(Some(u64::from(args.listen.port())), port, "{file}");
    let mounts = container["volumeMounts"].as_array().cloned().unwrap_or_default();
    let of_tls = [&args.tls.tls_cert, &args.tls.tls_key, &args.tls.client_ca].into_iter().flatten();
    for path in of_tls.chain(&args.policy).chain(&args.capacity) {
        let is_mounted = |mount: &Value| {
            // With subPath a change would never arrive.
            mount["mountPath"].as_str().is_some_and(|folder| path.starts_with(folder)) && mount["subPath"].is_null()
        };
        assert!(mounts.iter().any(is_mounted), "{file}: {}", path.display());
    }
}

fn webhook(configuration: &Value, file: &str) {
    let webhooks = configuration["webhooks"].as_array().expect("webhooks");
    let [webhook] = &webhooks[..] else { panic!("{file}: two webhooks may each hide the other's message") };
    assert_eq!(webhook["clientConfig"]["caBundle"], Value::Null, "{file}");
    assert_eq!(webhook["clientConfig"]["service"]["path"], "/validate", "{file}");
    assert_eq!(webhook["admissionReviewVersions"], json!(["v1"]), "{file}");
    assert_eq!(webhook["matchPolicy"], "Equivalent", "{file}");
    let selector = &webhook["namespaceSelector"]["matchExpressions"][0];
    assert_eq!((&selector["key"], &selector["operator"]), (&json!("kubernetes.io/metadata.name"), &json!("NotIn")));
    for namespace in ["kube-system", "kube-public", "kube-node-lease", "memlint"] {
        assert!(strings(&selector["values"]).contains(&namespace), "{file}: {namespace}");
    }
    for rule in webhook["rules"].as_array().expect("rules") {
        assert_eq!(rule["scope"], "Namespaced", "{file}");
        let (resources, operations) = (strings(&rule["resources"]), strings(&rule["operations"]));
        let all = [&resources[..], &operations, &strings(&rule["apiGroups"]), &strings(&rule["apiVersions"])].concat();
        assert!(all.iter().all(|word| !word.contains('*')), "{file}: {all:?}");
        assert!(operations.iter().all(|operation| ["CREATE", "UPDATE"].contains(operation)), "{file}: {operations:?}");
        assert!(
            !(resources.contains(&"pods") && operations.contains(&"UPDATE")),
            "{file}: it would hold up finalizers"
        );
    }
    for condition in webhook["matchConditions"].as_array().expect("conditions") {
        let expression = condition["expression"].as_str().expect("an expression");
        // One that fails lets everything through, or nothing.
        assert!(expression.contains("has("), "{file}: {expression}");
    }
}

fn rights(rule: &Value, place: &str) {
    let (resources, verbs) = (strings(&rule["resources"]), strings(&rule["verbs"]));
    let groups = strings(&rule["apiGroups"]);
    assert!([&resources[..], &verbs, &groups].concat().iter().all(|word| !word.contains('*')), "{place}: {rule}");
    let by_name = !strings(&rule["resourceNames"]).is_empty();
    for resource in &resources {
        let is_touchy = ["secrets", "configmaps", "validatingwebhookconfigurations"].contains(resource);
        assert!(by_name || !is_touchy, "{place}: {rule}");
    }
    let writes = verbs.iter().any(|verb| !["get", "list", "watch"].contains(verb));
    assert!(by_name || !writes || resources == ["events"], "{place}: {rule}");
}

#[test]
fn the_chart_passes_helm_lint() {
    let Some(helm) = helm() else { return };
    let mut command = Command::new(helm);
    command.args(["lint", "--strict", "--kube-version", VERSIONS[1]]).arg(deploy("chart"));
    _ = printed(&mut command);
}

#[test]
fn the_manifests_are_what_the_chart_renders_to() {
    let Some(helm) = helm() else { return };
    let rendered = printed(Command::new(deploy("manifests/render")).env("HELM", helm));
    assert!(
        rendered == text(&deploy("manifests/memlint.yaml")),
        "deploy/manifests/memlint.yaml is out of date: deploy/manifests/render > deploy/manifests/memlint.yaml"
    );
}

#[test]
fn all_versions_are_the_same() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, line) in [
        ("chart/Chart.yaml", format!("version: {version}")),
        ("chart/Chart.yaml", format!("appVersion: {version}")),
        ("manifests/kustomization.yaml", format!("  newTag: {version}")),
    ] {
        assert!(text(&deploy(file)).lines().any(|other| other == line), "{file}: {line}");
    }
}

/// The keys of what the values may have are those of `values.yaml`, at all depths, so that each is explained there.
#[test]
fn the_schema_and_the_values_have_the_same_keys() {
    fn compare(schema: &Value, values: &Value, path: &str) {
        let Some(properties) = schema["properties"].as_object() else { return };
        assert_eq!(schema["additionalProperties"], false, "{path}");
        let Some(values) = values.as_object().filter(|values| path.is_empty() || !values.is_empty()) else { return };
        let known: BTreeSet<_> = properties.keys().filter(|key| *key != "global").collect();
        let written: BTreeSet<_> = values.keys().collect();
        assert_eq!(known, written, "values{path}");
        for (key, schema) in properties {
            compare(schema, &values.get(key).cloned().unwrap_or_default(), &format!("{path}.{key}"));
        }
    }
    let schema: Value = serde_json::from_str(&text(&deploy("chart/values.schema.json"))).expect("JSON");
    let values = objects(&text(&deploy("chart/values.yaml"))).remove(0);
    compare(&schema, &values, "");
    // What is a file of memlint's own has the keys of that file.
    let capacity = text(&repository().join("policies/shipped/capacity.schema.json"));
    let capacity: Value = serde_json::from_str(&capacity).expect("JSON");
    let keys =
        |schema: &Value| schema["properties"].as_object().expect("properties").keys().cloned().collect::<Vec<_>>();
    let mut known = keys(&schema["properties"]["capacity"]);
    known.sort();
    let mut of_file = keys(&capacity);
    of_file.sort();
    assert_eq!(known, of_file);
}

/// The names of metrics, as the webhook's source registers them: a metric without labels yet is not in its output.
fn registered() -> BTreeSet<String> {
    let sources = ["metrics.rs", "cert_metrics.rs"].map(|file| text(&repository().join("webhook/src").join(file)));
    let names = sources.iter().flat_map(|source| source.split("register(").skip(1));
    let quoted = names.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    quoted.map(|name| format!("memlint_{name}")).collect()
}

/// The words of a text that begin with `memlint_`: metrics, and nothing else is called so.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("memlint_")).collect()
}

#[test]
fn every_metric_in_alerts_and_dashboards_exists() {
    let registered = registered();
    assert!(registered.len() > 20, "{registered:?}");
    for file in ["alerts.yaml", "dashboard.json"] {
        let text = text(&deploy("chart/files").join(file));
        let named = named(&text);
        assert!(!named.is_empty());
        for name in named {
            let exists = ["", "_total", "_info", "_bucket"]
                .iter()
                .any(|suffix| name.strip_suffix(suffix).is_some_and(|name| registered.contains(name)));
            assert!(exists, "{file}: there is no metric {name}");
        }
    }
}

#[test]
fn the_webhook_in_alerts_and_dashboards_is_the_one_of_the_chart() {
    let configuration = text(&deploy("chart/templates/webhookconfiguration.yaml"));
    assert!(configuration.contains("- name: validate.memlint.dev\n"));
    for file in ["alerts.yaml", "dashboard.json"] {
        let text = text(&deploy("chart/files").join(file)).replace('\\', "");
        let metrics = text.matches("apiserver_admission_webhook_").count();
        let ours = text.matches("{name=\"validate.memlint.dev\"").count();
        assert_eq!(metrics, ours, "{file}");
    }
}

#[test]
fn alerts_and_dashboards_are_in_one_place() {
    for (link, file) in
        [("alerts/memlint.yaml", "chart/files/alerts.yaml"), ("dashboards/memlint.json", "chart/files/dashboard.json")]
    {
        assert_eq!(text(&deploy(link)), text(&deploy(file)), "{link}");
    }
}

#[test]
fn every_alert_has_a_test_and_a_word_in_the_readme() {
    let (tests, readme) = (text(&deploy("alerts/tests.yaml")), text(&deploy("README.md")));
    let alerts = text(&deploy("alerts/memlint.yaml"));
    let alerts: Vec<_> = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        assert!(tests.contains(&format!("alertname=\"{alert}\"")), "{alert} has no test in deploy/alerts/tests.yaml");
        assert!(readme.contains(&format!("`{alert}`")), "{alert} is not in deploy/README.md");
    }
}

#[test]
fn the_tests_of_the_alerts_pass() {
    let Some(promtool) = tool("promtool", "--version") else { return };
    _ = printed(Command::new(promtool).args(["test", "rules", "tests.yaml"]).current_dir(deploy("alerts")));
}

/// Each expression of the dashboard as a rule, with values for Grafana's variables.
#[test]
fn prometheus_reads_every_expression_of_the_dashboard() {
    let Some(promtool) = tool("promtool", "--version") else { return };
    let dashboard: Value = serde_json::from_str(&text(&deploy("dashboards/memlint.json"))).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let rules: Vec<_> = targets
        .enumerate()
        .map(|(index, target)| {
            let expression = target["expr"].as_str().expect("an expression");
            let expression = expression.replace("$__rate_interval", "5m").replace("$namespace", "memlint");
            json!({"record": format!("dashboard:{index}"), "expr": expression})
        })
        .collect();
    assert!(rules.len() > 20);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string()).expect("a file");
    _ = printed(Command::new(promtool).args(["check", "rules"]).arg(&file));
}
