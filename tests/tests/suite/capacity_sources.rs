//! Sources of capacity: each folder in `fixtures/capacity` holds some, and `expected.txt` what is made of them.
//!
//! To write the expectations anew: `MEMLINT_BLESS=1 cargo test -p memlint-tests capacity_sources`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use memlint_capacity::Capacity;
use memlint_files::capacity_files;
use memlint_kubernetes::quantity::Quantity;
use memlint_scheduler::{Cluster, View};
use memlint_tests::fixtures;

#[test]
fn sources_mean_what_is_expected() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let told = tell(&folder);
        let expected = folder.join("expected.txt");
        if std::env::var_os("MEMLINT_BLESS").is_some() {
            std::fs::write(&expected, &told).expect("a writable tree");
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        if told != expected {
            wrong.push(format!("{}:\n{told}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "these differ from their expected.txt:\n{}", wrong.join("\n"));
}

#[test]
fn the_order_of_sources_does_not_matter_where_they_do_not_contradict() {
    for name in ["daemonset-pods", "daemonset-objects", "measured-beats-formula"] {
        let mut files = sources(&fixtures().join("capacity").join(name));
        let forth = capacity_files::load(&files).expect("good sources").capacity.expect("capacity");
        files.reverse();
        let back = capacity_files::load(&files).expect("good sources").capacity.expect("capacity");
        assert_eq!(clusters(&forth), clusters(&back), "{name}");
    }
}

#[test]
fn a_list_of_kubectl_and_a_capacity_file_say_the_same_of_the_field_report() {
    let load = |name: &str| {
        let files = sources(&fixtures().join("capacity").join(name));
        capacity_files::load(&files).expect("good sources").capacity.expect("capacity")
    };
    let totals = |capacity: &Capacity| -> Vec<(i64, i64)> {
        let now = capacity.now();
        (0..now.nodes().len()).map(|node| now.room(node, "memory", View::Now)).collect()
    };
    let (file, list, daemons) = (load("field-report"), load("kubectl-list"), load("daemonset-pods"));
    assert_eq!(totals(&file), [(2_209_268 << 10, 310 << 20); 3]);
    assert_eq!(totals(&file), totals(&list));
    assert_eq!(totals(&file), totals(&daemons));
    let empty = |capacity: &Capacity| capacity.now().room(0, "memory", View::Empty).1;
    assert_eq!((empty(&file), empty(&list), empty(&daemons)), (0, 0, 310 << 20));
}

#[test]
fn no_slip_of_the_pen_is_too_much() {
    const SLIPS: [&str; 9] =
        ["null", "[]", "{}", "-1", "9e99", "99999999999999999999Ei", "\"\"", "true", "[{}, null, 7]"];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("slip.yaml");
    for name in ["every-field/capacity.yaml", "daemonset-objects/nodes.yaml", "measured-beats-formula/b-nodes.yaml"] {
        let text = std::fs::read_to_string(fixtures().join("capacity").join(name)).expect("a fixture");
        let lines: Vec<&str> = text.lines().collect();
        let (mut good, mut bad) = (0, 0);
        for (index, line) in lines.iter().enumerate() {
            let key = line.find(": ").map(|at| &line[..=at]);
            let slips = key.iter().flat_map(|key| SLIPS.map(|slip| format!("{key} {slip}")));
            for slip in slips.chain([String::new(), format!("  {line}")]) {
                let mut lines: Vec<&str> = lines.clone();
                lines[index] = &slip;
                std::fs::write(&path, lines.join("\n")).expect("a file");
                match capacity_files::load(std::slice::from_ref(&path)) {
                    Ok(_) => good += 1,
                    Err(problems) => {
                        bad += 1;
                        let placed = |problem: &memlint_files::problem::Problem| {
                            problem.line >= 1 && problem.line <= lines.len() + 1 && !problem.message.is_empty()
                        };
                        assert!(!problems.is_empty() && problems.iter().all(placed), "{slip}: {problems:?}");
                    }
                }
            }
        }
        assert!(good > 0 && bad > 0, "{name}: {good} good, {bad} bad");
    }
}

fn folders() -> Vec<PathBuf> {
    let read = std::fs::read_dir(fixtures().join("capacity")).expect("fixtures");
    let mut folders: Vec<PathBuf> = read.map(|entry| entry.expect("a folder").path()).collect();
    folders.sort();
    folders
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let mut files: Vec<PathBuf> = read.filter(|file| file.extension().is_none_or(|ext| ext != "txt")).collect();
    files.sort();
    files
}

/// All that is known from the sources, or all that is wrong with them.
fn tell(folder: &Path) -> String {
    let short = |file: &str| file.rsplit('/').next().unwrap_or_default().to_owned();
    let mut out = String::new();
    match capacity_files::load(&sources(folder)) {
        Err(problems) => {
            for problem in problems {
                let (file, help) = (short(&problem.file), problem.help.unwrap_or_default());
                _ = writeln!(out, "{file}:{}:{}: {}; {help}", problem.line, problem.column, problem.message);
            }
        }
        Ok(loaded) => {
            let capacity = loaded.capacity.expect("files were named");
            out.push_str(&clusters(&capacity));
            for pool in capacity.pools() {
                _ = writeln!(out, "pool {}: {} nodes, {} more", pool.name, pool.nodes.len(), pool.more);
            }
            _ = writeln!(out, "bound Pods known: {}", capacity.knows_bound_pods());
            for (kind, notes) in [("note", &loaded.notes), ("assumption", &loaded.assumptions)] {
                for note in notes {
                    let file = note.file.as_deref().map(|file| format!("{}: ", short(file))).unwrap_or_default();
                    let at = note.at.map(|(line, column)| format!("{line}:{column}: ")).unwrap_or_default();
                    _ = writeln!(out, "{kind}: {file}{at}{}", note.message);
                }
            }
        }
    }
    out
}

fn clusters(capacity: &Capacity) -> String {
    let mut out = cluster("now", capacity.now());
    for (name, other) in [("ever", capacity.ever()), ("grown", capacity.grown())] {
        if other.nodes().len() > capacity.now().nodes().len() {
            out.push_str(&cluster(name, other));
        }
    }
    out
}

fn cluster(name: &str, cluster: &Cluster) -> String {
    let mut out = format!("{name}: {} nodes\n", cluster.nodes().len());
    for node in 0..cluster.nodes().len() {
        let nodes = cluster.nodes();
        let (class, profile) = (&nodes.classes()[nodes.class_of(node)], &nodes.profiles()[nodes.profile_of(node)]);
        _ = write!(out, "  {}:", nodes.name(node));
        for resource in class.allocatable.keys().filter(|name| *name != "pods") {
            let (offers, empty) = cluster.room(node, resource, View::Empty);
            let now = cluster.room(node, resource, View::Now).1;
            let shown = |amount: i64| match resource.as_str() {
                "cpu" => Quantity::millis(amount).to_string(),
                _ => Quantity::bytes(amount).to_string(),
            };
            let offers = if offers == i64::MAX { "unknown".to_owned() } else { shown(offers) };
            _ = write!(out, " {resource}={offers}-{}-{}", shown(empty), shown(now - empty));
        }
        let (slots, empty) = cluster.slots(node, View::Empty);
        let now = cluster.slots(node, View::Now).1;
        _ = writeln!(out, " pods={slots}-{empty}-{}", now - empty);
        let stated = profile.labels.iter().filter(|(_, value)| *value != memlint_scheduler::UNKNOWN_LABEL);
        let labels: Vec<String> = stated.map(|(key, value)| format!("{key}={value}")).collect();
        let taints: Vec<String> = profile.taints.iter().map(ToString::to_string).collect();
        let host = nodes.label(node, "kubernetes.io/hostname").unwrap_or("-");
        let cordon = if profile.unschedulable { " cordoned" } else { "" };
        _ = writeln!(out, "    hostname={host} [{}] [{}]{cordon}", labels.join(" "), taints.join(" "));
    }
    out
}
