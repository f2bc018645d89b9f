//! Lint time of a large tree as a ratio to only walking and reading the same bytes, and peak memory.
//!
//! `cargo bench -p memlint-tests --bench lint`; `MEMLINT_BENCH_FILES` sets the size of the tree (28,000 files). Each
//! measurement is a process of its own, the two kinds alternate, and medians are compared.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use memlint::linting::{self, Settings};
use memlint::output::json;
use memlint::progress::Progress;
use memlint::project::corpus;
use memlint_policies::policy::Policy;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "child", "read", folder] => child(|| read(Path::new(folder))),
        [_, "child", "lint", folder] => child(|| lint(Path::new(folder))),
        _ => compare(),
    }
}

fn compare() {
    let files = std::env::var("MEMLINT_BENCH_FILES").ok().and_then(|n| n.parse().ok()).unwrap_or(28_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = generate(folder.path(), files);
    let mut times = [Vec::new(), Vec::new()];
    let mut peaks = [0, 0];
    run("read", folder.path()); // warms the page cache
    for _ in 0..ROUNDS {
        for (index, what) in ["read", "lint"].into_iter().enumerate() {
            let (micros, peak) = run(what, folder.path());
            times[index].push(micros);
            peaks[index] = peaks[index].max(peak);
        }
    }
    let [read, lint] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    println!("tree: {files} files, {} MB", bytes / 1_000_000);
    println!(
        "walk and read: {} ms, lint: {} ms, ratio {}.{:02}",
        read / 1000,
        lint / 1000,
        lint / read,
        lint * 100 / read % 100
    );
    println!("peak memory of lint: {} MiB (budget: ratio 4, 64 MiB plus twice the largest file)", peaks[1] / 1024);
}

/// Runs one measurement in a process of its own: microseconds, and the peak of its memory in KiB.
fn run(what: &str, folder: &Path) -> (u128, u64) {
    let exe = std::env::current_exe().expect("this program");
    let output = Command::new(exe).args(["child", what]).arg(folder).output().expect("a measurement");
    let text = String::from_utf8(output.stdout).expect("two numbers");
    let mut numbers = text.split_whitespace();
    let micros = numbers.next().and_then(|n| n.parse().ok()).expect("microseconds");
    (micros, numbers.next().and_then(|n| n.parse().ok()).expect("KiB"))
}

fn child(work: impl FnOnce() -> usize) {
    let started = Instant::now();
    let result = work();
    let micros = started.elapsed().as_micros();
    assert!(result > 0, "nothing was done");
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    println!("{micros} {}", peak.split_whitespace().next().unwrap_or("0"));
}

/// What any linter has to do: list and read, with as many threads as memlint.
fn read(folder: &Path) -> usize {
    let bytes = std::sync::atomic::AtomicUsize::new(0);
    ignore::WalkBuilder::new(folder).build_parallel().run(|| {
        Box::new(|entry| {
            if let Ok(entry) = entry
                && entry.file_type().is_some_and(|kind| kind.is_file())
            {
                let read = fs::read(entry.path()).map_or(0, |text| text.len());
                bytes.fetch_add(read, std::sync::atomic::Ordering::Relaxed);
            }
            ignore::WalkState::Continue
        })
    });
    bytes.into_inner()
}

fn lint(folder: &Path) -> usize {
    let corpus = corpus::read(&[folder.to_owned()], 0, &Progress::start(true));
    let policy = Policy::default();
    let report = linting::lint(
        &corpus,
        Settings { policy: &policy, namespace: "", capacity: None, today: jiff::civil::date(2026, 1, 1) },
    );
    std::hint::black_box(json::render(&report, &corpus));
    report.workloads
}

/// A tree like those of real repositories: by bytes two thirds CustomResourceDefinitions, a tenth workloads, the rest
/// ConfigMaps, Services, roles and files that are no manifests.
fn generate(folder: &Path, files: usize) -> usize {
    let mut bytes = 0;
    for index in 0..files {
        let text = match index % 28 {
            0 => crd(index, 110),
            1..=7 => workload(index),
            8..=14 => service(index),
            15..=20 => config_map(index),
            21..=24 => role(index),
            _ => values(index),
        };
        let path: PathBuf = folder.join(format!("app-{:03}", index / 100)).join(format!("file-{index}.yaml"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        bytes += text.len();
        fs::write(path, text).expect("a file");
    }
    bytes
}

fn crd(index: usize, fields: usize) -> String {
    let mut text = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: things{index}.example.com\nspec:\n  \
         group: example.com\n  scope: Namespaced\n  names: {{kind: Thing{index}, plural: things{index}}}\n  versions:\n  - name: v1\n    \
         served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n"
    );
    for field in 0..fields {
        _ = write!(
            text,
            "          field{field}:\n            description: |-\n              What field {field} of this resource is for, told at \
             some length, as generated descriptions are wont to do,\n              over several lines and with a `code` or two in them.\n            \
             type: object\n            properties:\n              containers:\n                items:\n                  properties:\n                    \
             name: {{type: string}}\n                    resources:\n                      additionalProperties:\n                        \
             anyOf: [{{type: integer}}, {{type: string}}]\n                        x-kubernetes-int-or-string: true\n                      type: object\n                  \
             type: object\n                type: array\n"
        );
    }
    text
}

fn workload(index: usize) -> String {
    let memory = ["256Mi", "512Mi", "1Gi", "64m"][index % 4];
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{index}\n  namespace: team-{}\n  labels: {{app: app-{index}}}\nspec:\n  \
         replicas: 2\n  selector:\n    matchLabels: {{app: app-{index}}}\n  template:\n    metadata:\n      labels: {{app: app-{index}}}\n    \
         spec:\n      containers:\n",
        index % 40
    );
    for container in 0..2 {
        _ = write!(
            text,
            "      - name: c{container}\n        image: registry.example/app:{index}\n        ports:\n        - containerPort: {}\n        \
             env:\n        - name: JAVA_TOOL_OPTIONS\n          value: -Xmx128m -XX:+UseG1GC\n        readinessProbe:\n          \
             httpGet: {{path: /ready, port: 8080}}\n        resources:\n          requests:\n            cpu: 100m\n            \
             memory: {memory}\n          limits:\n            memory: 1Gi\n",
            8080 + container
        );
    }
    text
}

fn service(index: usize) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: app-{index}\nspec:\n  selector: {{app: app-{index}}}\n  ports:\n  - name: http\n    \
         port: 80\n    targetPort: 8080\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: app-{index}\n"
    )
}

fn config_map(index: usize) -> String {
    let mut text =
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{index}\ndata:\n  app.properties: |\n");
    for line in 0..60 {
        _ = writeln!(text, "    section.{line}.setting = value-{line}-{index}");
    }
    text
}

fn role(index: usize) -> String {
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: reader-{index}\nrules:\n- apiGroups: [\"\"]\n  \
         resources: [pods, configmaps]\n  verbs: [get, list, watch]\n"
    )
}

fn values(index: usize) -> String {
    let mut text =
        format!("# Values of chart {index}\nimage:\n  repository: registry.example/app\n  tag: \"{index}\"\n");
    for line in 0..30 {
        _ = writeln!(text, "setting{line}: {{enabled: true, weight: {line}}}");
    }
    text
}
