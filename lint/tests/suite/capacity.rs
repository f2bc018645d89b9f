//! `memlint capacity` and `--capacity`, through the real binary.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What came of a run.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn memlint(args: &[&str]) -> Ran {
    with_input(args, "")
}

fn with_input(args: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memlint"));
    let command = command.args(args).env_remove("COLUMNS").current_dir(fixtures());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("the binary reads");
    let output = child.wait_with_output().expect("the binary ends");
    Ran {
        code: output.status.code().expect("no signal"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/capacity")
}

fn json(args: &[&str]) -> Value {
    let ran = memlint(args);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn the_field_report_s_node_is_explained_to_the_byte() {
    let args = ["capacity", "node", "aks", "Standard_B2s", "--kubernetes", "1.23", "--max-pods", "30"];
    let node = json(&[&args[..], &["--measured", "4025844Ki", "--format", "json"]].concat());
    assert_eq!(node["version"], 1);
    assert_eq!(node["nominal"], serde_json::json!({"cpu": "2", "memory": "4Gi"}));
    assert_eq!(node["capacity"], serde_json::json!({"cpu": "2", "memory": "4025844Ki", "pods": "30"}));
    assert_eq!(node["allocatable"], serde_json::json!({"cpu": "1900m", "memory": "2209268Ki", "pods": "30"}));
    assert_eq!(node["reservations"][0]["name"], "kube-reserved");
    assert_eq!(node["reservations"][0]["memory"], "1Gi");
    assert_eq!(node["reservations"][1]["name"], "eviction-hard");
    assert_eq!(node["reservations"][1]["memory"], "750Mi");
    assert_eq!(node["memoryCapacity"]["estimate"], false);
}

#[test]
fn each_step_down_has_its_source_and_says_what_is_an_estimate() {
    let ran = memlint(&["capacity", "node", "aks", "Standard_DS2_v2", "--kubernetes", "1.28", "--max-pods", "110"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    for part in [
        "Standard_DS2_v2 on aks, Kubernetes 1.28\n",
        "  nominal                  7Gi      2   as sold\n",
        "estimate: 7Gi - 1/64 (112Mi)",
        "  kube-reserved        -1638Mi          25 % of 4Gi (1024Mi)",
        "  eviction-hard         -750Mi          memory.available<750Mi [AKS docs",
        "  allocatable       ~4677074Ki  1900m   status.allocatable: 4.46Gi",
        "  pods                            110   maxPods [given]\n",
        "- ~ is an estimate",
    ] {
        assert!(ran.out.contains(part), "{part:?} is not in\n{}", ran.out);
    }
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    assert!(ran.out.is_ascii());
}

#[test]
fn a_range_of_versions_shows_what_an_upgrade_frees() {
    let args = ["capacity", "node", "aks", "Standard_B2s", "--kubernetes", "1.28..1.29", "--max-pods", "30"];
    let ran = memlint(&args);
    assert!(ran.out.ends_with("\n1.28 to 1.29 frees 1Gi of memory on each node\n"), "{}", ran.out);
    let upgrade = json(&[&args[..], &["--format", "json"]].concat());
    assert_eq!(upgrade["gain"]["memoryBytes"], 1_i64 << 30);
    assert_eq!(upgrade["before"]["kubernetes"], "1.28");
    let ran = memlint(&["capacity", "node", "eks", "m5.xlarge", "--kubernetes", "1.30..1.33"]);
    assert!(ran.out.ends_with("1.30 to 1.33 changes nothing on each node\n"), "{}", ran.out);
}

#[test]
fn what_the_kubelet_was_told_goes_before_the_formula() {
    let node = json(&[
        "capacity",
        "node",
        "kubeadm",
        "--memory",
        "16Gi",
        "--cpu",
        "4",
        "--measured",
        "16Gi",
        "--kube-reserved",
        "memory=1Gi,cpu=200m",
        "--system-reserved",
        "512Mi",
        "--eviction-hard",
        "memory.available=12.5%,nodefs.available=12.5%",
        "--ephemeral-storage",
        "100Gi",
        "--format",
        "json",
    ]);
    let eighth = (16_u64 << 30) / 8;
    let left = (16_u64 << 30) - (1 << 30) - (512 << 20) - eighth;
    assert_eq!(node["allocatable"]["memory"], format!("{}Mi", left >> 20));
    assert_eq!(node["allocatable"]["cpu"], "3800m");
    assert_eq!(node["allocatable"]["ephemeral-storage"], "89600Mi");
}

#[test]
fn sizes_are_the_smallest_that_hold_the_request() {
    let found = json(&["capacity", "sizes", "aks", "--memory", "16Gi", "--limit", "3", "--format", "json"]);
    assert_eq!(found["sizes"].as_array().map(Vec::len), Some(3));
    assert!(found["total"].as_u64() > Some(100));
    let text = memlint(&["capacity", "sizes", "eks", "--memory", "2Gi", "--cpu", "1900m", "--limit", "2"]);
    assert!(text.out.starts_with("SIZE"), "{}", text.out);
    assert!(text.out.contains("2 of "), "{}", text.out);
    let none = memlint(&["capacity", "sizes", "gke", "--memory", "900Ti"]);
    assert_eq!(none.code, 0);
    assert!(none.out.starts_with("no size of Google Cloud leaves 900Ti"), "{}", none.out);
}

#[test]
fn usage_errors_name_the_next_step() {
    for (args, said) in [
        (&["node", "ask", "x"][..], "unknown provider ask; did you mean aks?"),
        (&["node", "aks", "Standard_D4s_v"][..], "did you mean Standard_D4s_v3, Standard_D4s_v4, Standard_D4s_v5"),
        (&["node", "eks", "Standard_B2s"][..], "Standard_B2s is a size of Azure, not of AWS"),
        (&["node", "aks", "Standard_B2s", "--measured", "4GB"][..], "--measured \"4GB\" is no quantity"),
        (&["node", "aks", "Standard_B2s", "--measured", "4"][..], "less than 1Mi; write a unit"),
        (&["node", "aks", "Standard_B2s", "--kubernetes", "latest"][..], "\"latest\" is no version of Kubernetes"),
        (&["node", "eks", "m5.large", "--network", "overlay"][..], "--network is for aks, not for eks"),
        (&["node", "kubeadm", "--memory", "16Gi"][..], "give its --cpu too"),
        (&["node", "aks", "Standard_B2s", "--kube-reserved", "ram=1Gi"][..], "not ram; write memory=1Gi,cpu=100m"),
        (&["sizes", "aks", "--memory", "16gb"][..], "--memory \"16gb\" is no quantity"),
        (&["sizes", "kubeadm", "--memory", "16Gi"][..], "say whose sizes with --cloud"),
        (&["sizes", "aks", "--memory", "-1Gi"][..], "error: "),
        (&["sizes", "aks"][..], "--memory <QUANTITY>"),
        (&["show"][..], "<FILE>"),
    ] {
        let ran = memlint(&[&["capacity"], args].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains(said), "{args:?}: {said:?} is not in {}", ran.err);
    }
}

#[test]
fn pools_are_drawn_as_bars_in_plain_ascii() {
    let ran = memlint(&["capacity", "show", "field-report/capacity.yaml"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.is_ascii());
    for part in [
        "pool user: 3 nodes, 15 Pods, 30 Pods a node, Standard_B2s\n",
        "1.8Gi free of 3.8Gi, reserved 1.7Gi, requested 310Mi\n",
        "  most room on one node: 1.8Gi of memory",
        "# reserved  = DaemonSets  + requested  . free",
    ] {
        assert!(ran.out.contains(part), "{part:?} is not in\n{}", ran.out);
    }
}

#[test]
fn limits_beyond_the_node_are_seen() {
    let ran = memlint(&["capacity", "show", "kubectl-list/all.json"]);
    // 1720Mi of limits on each node of 2157.5Mi, and one Pod without a limit.
    assert!(ran.out.contains("limits 1.6Gi (79 %)\n"), "{}", ran.out);
    let list = r#"{"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"n0"},"status":{"allocatable":{"cpu":"2","memory":"4Gi","pods":"9"}}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"nodeName":"n0","containers":[
          {"name":"c","resources":{"requests":{"memory":"1Gi"},"limits":{"memory":"6Gi"}}}]}}]}"#;
    let ran = with_input(&["capacity", "show", "-"], list);
    assert!(ran.out.contains("!!!!"), "{}", ran.out);
    assert!(ran.out.contains("limits 6Gi (150 %)\n"), "{}", ran.out);
}

#[test]
fn bars_of_odd_nodes_are_drawn_too() {
    let node = |capacity: &str, allocatable: &str, request: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"List","items":[
            {{"apiVersion":"v1","kind":"Node","metadata":{{"name":"n0"}},"status":{{"capacity":{{"cpu":"2","memory":"{capacity}"}},
              "allocatable":{{"cpu":"2","memory":"{allocatable}","pods":"9"}}}}}},
            {{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"p"}},"spec":{{"nodeName":"n0","containers":[
              {{"name":"c","resources":{{"requests":{{"memory":"{request}"}},"limits":{{"memory":"{request}"}}}}}}]}}}}]}}"#
        )
    };
    for (capacity, allocatable, request) in [
        ("4Gi", "4194303Ki", "1"),
        ("4Gi", "8Gi", "1Mi"),
        ("0", "0", "1Gi"),
        ("4Gi", "3Gi", "99Ei"),
        ("9e30", "9e30", "9e30"),
        ("-4Gi", "-4Gi", "1Gi"),
    ] {
        let ran = with_input(&["capacity", "show", "-"], &node(capacity, allocatable, request));
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{capacity} {allocatable} {request}: {}", ran.out);
        let bars = ran.out.lines().filter_map(|line| Some(line.find(']')? - line.find('[')?));
        assert!(bars.collect::<Vec<_>>() == [45, 45], "{}", ran.out);
        let json = with_input(&["capacity", "show", "-", "--format", "json"], &node(capacity, allocatable, request));
        assert!(serde_json::from_str::<Value>(&json.out).is_ok(), "{}", json.err);
    }
}

#[test]
fn everything_drawn_can_be_had_as_json() {
    let shown = json(&["capacity", "show", "kubectl-list/all.json", "--format", "json"]);
    let node = &shown["groups"][0]["nodes"][0];
    assert_eq!(node["name"], "aks-user-0");
    assert_eq!(node["allocatable"]["memory"], "2209268Ki");
    assert_eq!(
        node["requested"],
        serde_json::json!({"cpu": "430m", "ephemeral-storage": "0", "memory": "310Mi", "pods": "5"})
    );
    assert_eq!(node["free"]["memory"], "1891828Ki");
    assert_eq!(node["limits"]["memory"], "1720Mi");
    assert_eq!(shown["knowsBoundPods"], true);
}

#[test]
fn a_bad_capacity_file_stops_every_command_and_all_mistakes_are_told() {
    for args in [
        &["capacity", "show", "bad-file/capacity.yaml"][..],
        &["--capacity", "bad-file/capacity.yaml", "field-report"][..],
        &["--capacity", "field-report/capacity.yaml", "--capacity", "bad-file/capacity.yaml", "field-report"][..],
    ] {
        let ran = memlint(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        for part in ["unknown VM size Standard_D4s_v", "bad-file/capacity.yaml:9:9", "now is -1, which is negative"] {
            assert!(ran.err.contains(part), "{part:?} is not in {}", ran.err);
        }
    }
    let ran = memlint(&["--capacity", "no/such.yaml", "field-report"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("no/such.yaml"), "{}", ran.err);
}

#[test]
fn a_limit_range_of_the_capacity_is_pointed_at() {
    let folder = std::env::temp_dir().join(format!("memlint-capacity-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("k8s")).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    write("memlint.yaml", "apiVersion: memlint.dev/v1alpha1\nkind: Policy\ncapacity: nodes.yaml\n");
    write(
        "nodes.yaml",
        "apiVersion: memlint.dev/v1alpha1\nkind: Capacity\nlimitRanges:\n- metadata: {name: low, namespace: apps}\n  spec: {limits: [{type: Container, max: {memory: 100Mi}}]}\n",
    );
    write(
        "k8s/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: apps}\nspec:\n  containers:\n  - name: c\n    image: i\n    resources: {requests: {memory: 200Mi}, limits: {memory: 200Mi}}\n",
    );
    let policy = folder.join("memlint.yaml");
    let lint = |more: &[&str]| {
        let (policy, k8s) = (policy.display().to_string(), folder.join("k8s").display().to_string());
        let ran = memlint(&[&["--policy", &policy, "--format", "json", &k8s], more].concat());
        let report: Value = serde_json::from_str(&ran.out).expect("JSON");
        (ran.code, report)
    };
    let (code, report) = lint(&[]);
    let (_, other) = lint(&["--capacity", "field-report/capacity.yaml"]);
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
    assert_eq!(code, 1, "{report:#}");
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "outside-limit-range", "{report:#}");
    let related = &finding["related"][0];
    assert!(related["file"].as_str().is_some_and(|file| file.ends_with("nodes.yaml")), "{related}");
    assert_eq!(related["line"], 5);
    // What the command line names goes instead of the policy's.
    assert!(other["findings"].as_array().is_some_and(Vec::is_empty), "{other:#}");
}

#[test]
fn colours_and_width_are_asked_for() {
    let run = |args: &[&str], columns: &str, no_color: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_memlint"));
        let command = command.args(args).current_dir(fixtures()).env("COLUMNS", columns).env("NO_COLOR", no_color);
        String::from_utf8(command.output().expect("the binary runs").stdout).expect("UTF-8")
    };
    let show = ["capacity", "show", "field-report/capacity.yaml"];
    let width = |out: &str| out.lines().map(|line| line.find(']').unwrap_or(0)).max();
    assert!(width(&run(&show, "60", "")) < width(&run(&show, "140", "")));
    assert!(!run(&show, "100", "1").contains('\x1b'));
    assert!(run(&[&show[..], &["--color", "always"]].concat(), "100", "").contains("\x1b[36m"));
}

#[test]
fn the_schema_is_printed() {
    let schema = json(&["capacity", "schema"]);
    assert_eq!(schema["properties"]["kind"]["const"], "Capacity");
}
