//! `memlint capacity node`: from what was paid for to what Pods can have, each step with its reason.
use std::fmt::Write as _;

use memlint_capacity::sizing::{
    Bytes, Explanation, KubernetesVersion, MemoryFrom, Millicores, Reservation, Resource, Source, Upgrade, compare,
    explain,
};

use super::args::NodeArgs;
use super::machine::{self, Versions};
use super::table::{Align, aligned, wrapped};
use super::{Screen, node_json};
use crate::choices::Format;

pub(super) fn run(args: &NodeArgs, screen: Screen) -> Result<String, String> {
    let provider = machine::provider(&args.provider)?;
    let machine = machine::machine(provider, args)?;
    let mut settings = machine::settings(provider, &args.kubelet)?;
    let measured = machine::measured(args)?;
    match (machine::versions(args.kubelet.kubernetes.as_deref())?, args.format) {
        (Versions::One(version), format) => {
            settings.kubernetes = version;
            let explanation = explain(&settings, &machine, &measured);
            Ok(match format {
                Format::Text => text(&explanation, screen),
                _ => node_json::one(&explanation),
            })
        }
        (Versions::Range(before, after), format) => {
            let upgrade = compare(&settings, &machine, &measured, before, after);
            Ok(match format {
                Format::Text => upgrade_text(&upgrade, before, after, screen),
                _ => node_json::upgrade(&upgrade),
            })
        }
    }
}

fn text(explanation: &Explanation, screen: Screen) -> String {
    let mut out = format!("{}\n\n", bold(&title(explanation), screen));
    out.push_str(&steps(explanation, screen));
    out.push('\n');
    out.push_str(&remarks(explanation, screen));
    out
}

fn title(explanation: &Explanation) -> String {
    let size = explanation.size.clone().unwrap_or_else(|| "a machine".to_owned());
    let version = explanation.kubernetes.map_or_else(String::new, |version| format!(", Kubernetes {version}"));
    format!("{size} on {}{version}", explanation.provider)
}

/// One step down.
struct Step {
    name: &'static str,
    memory: String,
    cpu: String,
    disk: String,
    why: String,
}

fn steps(explanation: &Explanation, screen: Screen) -> String {
    let with_disk = explanation.allocatable.ephemeral_storage.is_some();
    let mut lines: Vec<(Vec<String>, String)> = Vec::new();
    for step in rows(explanation) {
        let mut cells = vec![step.name.to_owned(), step.memory, step.cpu];
        if with_disk {
            cells.push(step.disk);
        }
        lines.push((cells, step.why));
    }
    let mut head = vec![String::new(), "memory".to_owned(), "cpu".to_owned()];
    let mut aligns = vec![Align::Left, Align::Right, Align::Right];
    if with_disk {
        head.push("disk".to_owned());
        aligns.push(Align::Right);
    }
    let cells: Vec<Vec<String>> = std::iter::once(head).chain(lines.iter().map(|(cells, _)| cells.clone())).collect();
    let table = aligned(&cells, &aligns);
    let width = table.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    let whys = std::iter::once(String::new()).chain(lines.into_iter().map(|(_, why)| why));
    for (line, why) in table.lines().zip(whys) {
        let line = if line.starts_with("allocatable") {
            bold(line, screen) + &pad(line, width)
        } else {
            format!("{line:width$}")
        };
        if why.is_empty() {
            _ = writeln!(out, "  {}", line.trim_end());
            continue;
        }
        let reason = wrapped(&why, width + 5, screen.width);
        _ = write!(out, "  {line}   {}", reason.trim_start());
    }
    out
}

fn pad(line: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(line.chars().count()))
}

fn rows(explanation: &Explanation) -> Vec<Step> {
    let (nominal, capacity, left) = (explanation.nominal, &explanation.capacity, explanation.allocatable);
    let guess = if matches!(capacity.memory_from, MemoryFrom::Estimated { .. }) { "~" } else { "" };
    let blank = |name, why: String| Step { name, memory: String::new(), cpu: String::new(), disk: String::new(), why };
    let disk = |amount: Option<u64>| amount.map_or_else(String::new, |disk| Bytes(disk).to_string());
    let mut rows = vec![Step {
        memory: Bytes(nominal.memory).to_string(),
        cpu: Millicores(nominal.cpu).to_string(),
        ..blank("nominal", "as sold".to_owned())
    }];
    let lost = nominal.memory.saturating_sub(capacity.memory);
    rows.push(Step {
        memory: if lost > 0 { format!("-{guess}{}", Bytes(lost)) } else { String::new() },
        ..blank("firmware, kernel", memory_reason(&capacity.memory_from))
    });
    rows.push(Step {
        memory: format!("{guess}{}", Bytes(capacity.memory)),
        cpu: Millicores(capacity.cpu).to_string(),
        disk: disk(capacity.ephemeral_storage),
        ..blank("capacity", "status.capacity of the Node".to_owned())
    });
    let mut last = None;
    let mut reservations: Vec<&Reservation> = explanation.reservations.iter().collect();
    reservations.sort_by_key(|reservation| (reservation.kind, reservation.resource != Resource::Memory));
    for Reservation { kind, resource, amount } in reservations {
        let name = if last == Some(*kind) { "" } else { kind.name() };
        last = Some(*kind);
        let mut step = blank(name, format!("{} {}", amount.formula, bracket(amount.source)));
        match resource {
            Resource::Memory => step.memory = format!("-{}", Bytes(amount.amount)),
            Resource::Cpu => step.cpu = format!("-{}", Millicores(amount.amount)),
            Resource::EphemeralStorage => step.disk = format!("-{}", Bytes(amount.amount)),
        }
        rows.push(step);
    }
    rows.push(Step {
        memory: format!("{guess}{}", Bytes(left.memory)),
        cpu: Millicores(left.cpu).to_string(),
        disk: disk(left.ephemeral_storage),
        ..blank("allocatable", format!("status.allocatable: {} for all Pods together", about(left.memory)))
    });
    rows.push(Step {
        cpu: left.pods.to_string(),
        ..blank("pods", format!("{} {}", capacity.pods.formula, bracket(capacity.pods.source)))
    });
    rows
}

fn memory_reason(from: &MemoryFrom) -> String {
    match from {
        MemoryFrom::Measured => "measured on the Node [given]".to_owned(),
        MemoryFrom::Host => "nothing: the node sees all memory of its host".to_owned(),
        MemoryFrom::Estimated { words, band, source, .. } => {
            let band = band.map_or_else(
                || ", never compared with a node".to_owned(),
                |band| format!(", on measured nodes up to {} less or {} more", Bytes(band.below), Bytes(band.above)),
            );
            format!("estimate: {words}{band} {}", bracket(*source))
        }
    }
}

fn bracket(source: Source) -> String {
    let doubt = if source.checked { "" } else { ", not checked" };
    format!("[{}{doubt}]", source.text)
}

/// Gibibytes with two decimals, cut.
fn about(bytes: u64) -> String {
    let hundredths = u128::from(bytes) * 100 / u128::from(1_u64 << 30);
    format!("{}.{:02}Gi", hundredths / 100, hundredths % 100)
}

fn remarks(explanation: &Explanation, screen: Screen) -> String {
    let mut out = String::new();
    let mut remark = |text: &str| out.push_str(&format!("- {}", wrapped(text, 2, screen.width).trim_start()));
    if matches!(explanation.capacity.memory_from, MemoryFrom::Estimated { .. }) {
        remark("~ is an estimate; a Node of this size knows better: --measured with its status.capacity.memory");
    }
    if let Some(limit) = explanation.kubepods_limit {
        let guess = if matches!(explanation.capacity.memory_from, MemoryFrom::Estimated { .. }) { "~" } else { "" };
        remark(&format!(
            "at {guess}{} of memory in use by all Pods together the kernel kills one of them",
            Bytes(limit)
        ));
    }
    for warning in &explanation.warnings {
        remark(&warning.text);
    }
    out
}

fn upgrade_text(upgrade: &Upgrade, before: KubernetesVersion, after: KubernetesVersion, screen: Screen) -> String {
    let mut out = text(&upgrade.before, screen);
    _ = write!(out, "\n{}", text(&upgrade.after, screen));
    let memory = u64::try_from(upgrade.memory.unsigned_abs()).unwrap_or(u64::MAX);
    let cpu = u64::try_from(upgrade.cpu.unsigned_abs()).unwrap_or(u64::MAX);
    let verb = |gain: i128| if gain > 0 { "frees" } else { "takes" };
    let mut changes = Vec::new();
    if upgrade.memory != 0 {
        changes.push(format!("{} {} of memory", verb(upgrade.memory), Bytes(memory)));
    }
    if upgrade.cpu != 0 {
        changes.push(format!("{} {} of CPU", verb(upgrade.cpu), Millicores(cpu)));
    }
    if upgrade.pods != 0 {
        let way = if upgrade.pods > 0 { "more" } else { "fewer" };
        changes.push(format!("lets the node take {} {way} pods", upgrade.pods.unsigned_abs()));
    }
    let changes = if changes.is_empty() { "changes nothing".to_owned() } else { changes.join(" and ") };
    let line = format!("{before} to {after} {changes} on each node");
    _ = writeln!(out, "\n{}", bold(&line, screen));
    out
}

fn bold(text: &str, screen: Screen) -> String {
    if screen.color { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}
