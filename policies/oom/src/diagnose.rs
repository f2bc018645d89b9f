//! From a collected report to a [`Kill`]: whose limit, which Pod and container, who used what.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::cgroup::{Place, Runtime, Scope, container_id, is_within, locate};
use super::contributor::contributors;
use super::death::{SANDBOX, death};
use super::kill::{Beyond, CgroupVersion, Death, Fate, Kill, Level, Process, Victim};
use super::memory::{Gauge, Memory};
use super::report::Report;
use super::source::{is_mixed, without_figures};
use super::summary::Path;
use super::table::{Column, PageSize, Row, Task};
use super::trigger::{Constraint, Trigger};
use super::victim::{Killer, bare, pgtables};

/// Names kept of a table's processes.
const MAX_CONTRIBUTORS: usize = 32;

/// Reads everything out of a report.
pub(super) fn diagnose(report: &Report) -> Kill {
    if is_mixed(report) { Kill { mixed: true, ..whole(&without_figures(report)) } } else { whole(report) }
}

fn whole(report: &Report) -> Kill {
    let paths = Paths::of(report);
    let oom = paths.oom.as_ref().map(|path| locate(&path.text));
    let beyond = paths.beyond(oom.as_ref());
    let level = if beyond == Some(Beyond::Node) { Some(Level::Node) } else { level(report, &paths, oom.as_ref()) };
    let who = paths.who(level, oom.as_ref());
    let page_size = page_size(report);
    let tasks: Vec<Task> = report.rows.iter().map(|row| row.task(page_size.bytes)).collect();
    let victims = victims(report, &tasks);
    let (container, runtime) = match who.container {
        Some(id) => (Some(id), who.runtime),
        None => cpuset_container(report, level, &victims)
            .map(|(id, runtime)| (Some(id), runtime.or(who.runtime)))
            .or_else(|| Some((Some(report.task_oom.clone()?), Some(Runtime::Containerd))))
            .unwrap_or((None, who.runtime)),
    };
    let limit = report.memory.map(|memory| memory.limit).unwrap_or_else(|| report.inherited.as_ref()?.limit);
    let unlimited = limit == Some(u64::MAX);
    let group_kill = report.group.is_some();
    let shared = with_victims(&tasks, &victims);
    let version = cgroup_version(report);
    let died = |single| match death(level, &victims, &tasks, single) {
        _ if group_kill => Some(Death::Group),
        // What a nested container's end does to the Pod's is not known.
        _ if beyond == Some(Beyond::Container) => None,
        // Without its header the table may lack its first rows.
        Some(Death::Main) if report.columns.is_none() => None,
        // The line about the group comes after the victim's.
        Some(Death::Child) if version != Some(CgroupVersion::V1) && !report.followed => None,
        died => died,
    };
    Kill {
        level,
        beyond,
        evidence: report.evidence.clone(),
        time: report.time.clone().or_else(|| report.first_time.clone()),
        uptime: report.uptime,
        mixed: false,
        host: report.host.clone(),
        oom_cgroup: paths.oom.as_ref().map(|path| path.text.clone()),
        task_cgroup: paths.task.as_ref().map(|path| path.text.clone()),
        inferred_from: report.inherited.as_ref().filter(|_| paths.inferred).map(|inherited| inherited.line),
        container,
        pod: who.pod,
        qos: who.qos,
        runtime,
        driver: who.driver,
        cgroup_version: version,
        limit: limit.filter(|_| !unlimited),
        unlimited,
        usage: report.memory.map(|memory| memory.usage),
        failcnt: report.memory.and_then(|memory| memory.failcnt),
        counters: report.counters,
        trigger: trigger(report),
        constraint: report.constraint.or((level.is_none() && killer_is_memcg(report)).then_some(Constraint::Memcg)),
        kernel: report.kernel.clone(),
        ram: report.ram_pages.map(|pages| pages.saturating_mul(page_size.bytes)),
        capacity: capacity_pages(report).map(|pages| pages.saturating_mul(page_size.bytes)),
        death: died(false),
        death_if_single: died(true),
        chosen: chosen(report, &victims),
        victims,
        group_kill,
        memory: if report.machine.seen {
            Memory { free_huge_pages: report.huge_free, ..report.machine.memory(page_size.bytes) }
        } else {
            memory(report)
        },
        by_cgroup: if report.by_cgroup.len() > 1 { report.by_cgroup.clone() } else { Vec::new() },
        contributors: contributors(&shared, MAX_CONTRIBUTORS),
        tasks,
        tasks_left_out: report.rows_left_out,
        page_size,
        panic: report.panic,
        complete: report.is_done() && report.victims.iter().all(|victim| victim.fate != Fate::Chosen),
    }
}

/// The cgroups of a report, from whichever lines are left.
struct Paths {
    oom: Option<Path>,
    task: Option<Path>,
    group: Option<String>,
    inferred: bool,
}

impl Paths {
    fn of(report: &Report) -> Self {
        let stats = report.stats_path.as_deref();
        // The block's header holds the same path as the summary, which printk may have cut.
        let mut oom = report.oom_path.clone().map(|path| path.completed(stats));
        if oom.is_none() && !report.global {
            let cut = report.cut_stats.as_ref().map(|path| Path { text: path.clone(), is_cut: true });
            oom = stats.map(|path| Path { text: path.to_owned(), is_cut: false }).or(cut);
        }
        let mut inferred = false;
        if oom.is_none()
            && let Some(inherited) = &report.inherited
        {
            oom = Some(Path { text: inherited.oom_cgroup.clone(), is_cut: false });
            inferred = true;
        }
        // No container's cgroup holds the Pod's sandbox beside other processes, but what is left of an old report may
        // name a container's first.
        if let Some(path) = oom.as_mut().filter(|path| holds_sandbox(report) && !path.is_cut) {
            path.text = pod_of(&path.text).unwrap_or(&path.text).to_owned();
        }
        let group = report.group.clone().filter(|group| !group.is_empty());
        let task = report.task_path.clone().map(|path| path.completed(group.as_deref()));
        Self { oom, task, group, inferred }
    }

    /// Whether the limit is none of Kubernetes': a Pod is known to lie below it, or a container above.
    fn beyond(&self, oom: Option<&Place>) -> Option<Beyond> {
        let (path, place) = (self.oom.as_ref().filter(|path| !path.is_cut)?, oom?);
        if place.nested {
            return Some(Beyond::Container);
        }
        let below = [self.task.as_ref().map(|task| task.text.as_str()), self.group.as_deref()];
        let holds_pod = |task: &str| is_within(task, &path.text) && locate(task).pod.is_some();
        (matches!(place.scope, Scope::Container | Scope::System)
            && place.pod.is_none()
            && below.into_iter().flatten().any(holds_pod))
        .then_some(Beyond::Node)
    }

    /// The victim's Pod and container: from its own cgroup, from the group that died, from the limit's.
    fn who(&self, level: Option<Level>, oom: Option<&Place>) -> Place {
        let mut who = Place::ROOT;
        let task = self.task.as_ref().map(|path| (locate(&path.text), path.is_cut));
        let group = self.group.as_deref().map(|path| (locate(path), false));
        let oom_cut = self.oom.as_ref().is_some_and(|path| path.is_cut);
        let oom = oom.map(|place| (place.clone(), oom_cut));
        for (place, is_cut) in [task, group, oom].into_iter().flatten() {
            // Another Pod's, or that of the container that is the node.
            if who.pod.is_some() && who.pod != place.pod && (place.pod.is_some() || place.container.is_some()) {
                continue;
            }
            who.pod = who.pod.or(place.pod);
            who.qos = who.qos.or(place.qos);
            who.driver = who.driver.or(place.driver);
            // Of a cut path the id may be incomplete.
            let id = place.container.filter(|id| !is_cut || id.len() == 64);
            if who.container.is_none() && id.is_some() {
                (who.container, who.runtime) = (id, place.runtime);
            }
        }
        // A tier is not a Pod's class unless the limit was the tier's.
        if who.pod.is_none() && level == Some(Level::Node) {
            who.qos = None;
        }
        who
    }
}

/// Whether the table lists a Pod's sandbox among other processes.
fn holds_sandbox(report: &Report) -> bool {
    (1..report.rows.len()).contains(&sandboxes(report))
}

fn sandboxes(report: &Report) -> usize {
    let is_sandbox = |row: &&Row| row.name == "pause" && row.get(Column::OomScoreAdj) == Some(SANDBOX);
    report.rows.iter().filter(is_sandbox).count()
}

/// The Pod's cgroup of a container's.
fn pod_of(path: &str) -> Option<&str> {
    let is_container = |path: &str| locate(path).scope == Scope::Container;
    let mut above = path;
    while is_container(above) {
        above = above.rsplit_once('/')?.0;
    }
    (above.len() < path.len() && locate(above).scope == Scope::Pod).then_some(above)
}

fn level(report: &Report, paths: &Paths, oom: Option<&Place>) -> Option<Level> {
    if let (Some(path), Some(place)) = (&paths.oom, oom) {
        return match place.scope {
            // Whatever was cut off lies deeper still.
            Scope::Container if place.pod.is_some() || !path.is_cut => Some(Level::Container),
            _ if path.is_cut => None,
            Scope::Root => Some(Level::Machine),
            Scope::Kubepods => Some(Level::Node),
            Scope::Tier => Some(Level::Qos),
            Scope::Pod => Some(Level::Pod),
            Scope::Container | Scope::System => Some(Level::System),
        };
    }
    // One sandbox and its Pod's processes shared what was full; the whole table says so.
    let is_memcg = report.constraint == Some(Constraint::Memcg) || killer_is_memcg(report);
    if is_memcg
        && report.columns.is_some()
        && report.rows_left_out == 0
        && sandboxes(report) == 1
        && holds_sandbox(report)
    {
        return Some(Level::Pod);
    }
    match report.constraint {
        Some(Constraint::Cpuset | Constraint::MemoryPolicy) => return Some(Level::Numa),
        Some(Constraint::None) => return Some(Level::Machine),
        Some(Constraint::Memcg) => return None,
        None => {}
    }
    let killer = report.killer.or(report.trace);
    let global = report.global || killer == Some(Killer::Global) || report.meminfo;
    (global && report.memory.is_none()).then_some(Level::Machine)
}

/// What the kubelet reads as the node's capacity, `MemTotal`, is the memory without what is reserved at boot.
fn capacity_pages(report: &Report) -> Option<u64> {
    report.ram_pages?.checked_sub(report.reserved_pages?)
}

fn cgroup_version(report: &Report) -> Option<CgroupVersion> {
    let counters = report.counters;
    if counters.memory_swap.is_some() || counters.kernel.is_some() {
        Some(CgroupVersion::V1)
    } else if counters.swap.is_some() || report.group.is_some() {
        Some(CgroupVersion::V2)
    } else if !report.by_cgroup.is_empty() {
        Some(CgroupVersion::V1)
    } else {
        None
    }
}

/// The statistics, with what only the counters say: v1's kernel memory, v2's swap.
fn memory(report: &Report) -> Memory {
    let usage = |gauge: Option<Gauge>| gauge.map(|gauge| gauge.usage);
    let (stats, counters) = (report.stats, report.counters);
    Memory { kernel: stats.kernel.or(usage(counters.kernel)), swap: stats.swap.or(usage(counters.swap)), ..stats }
}

/// Who was chosen, where another died.
fn chosen(report: &Report, victims: &[Victim]) -> Option<Process> {
    let chosen = report.chosen.as_ref()?;
    let other = victims.first().is_some_and(|victim| victim.pid != chosen.pid);
    other.then(|| Process { pid: chosen.pid, name: chosen.name.clone() })
}

/// `Memory cgroup out of memory` tells even alone that the machine was not short.
fn killer_is_memcg(report: &Report) -> bool {
    report.killer.or(report.trace) == Some(Killer::Memcg)
}

/// The summary's cpuset is the trigger's, not the victim's: it names the container only where both share one.
fn cpuset_container(report: &Report, level: Option<Level>, victims: &[Victim]) -> Option<(String, Option<Runtime>)> {
    let (id, runtime) = report.cpuset.as_deref().and_then(container_id)?;
    let trigger = report.trigger.as_ref().map(|trigger| trigger.name.as_str());
    let same = trigger.is_some() && trigger == victims.first().map(|victim| victim.name.as_str());
    // A report that breaks off before its cgroups: the charge that failed was to a cgroup around the trigger's own.
    let is_cut = level.is_none() && victims.is_empty() && report.trace == Some(Killer::Memcg);
    let same = level == Some(Level::Container) || (level == Some(Level::Pod) && same) || is_cut;
    same.then(|| (id.to_owned(), runtime))
}

fn trigger(report: &Report) -> Option<Trigger> {
    let container = report.cpuset.as_deref().and_then(container_id).map(|(id, _)| id.to_owned());
    report.trigger.clone().map(|trigger| Trigger { container, ..trigger })
}

/// The page size, from any victim that the table lists too.
fn page_size(report: &Report) -> PageSize {
    let derived = report.victims.iter().find_map(|victim| {
        let row = report.rows.iter().find(|row| row.pid == victim.pid)?;
        PageSize::derive(victim.resident()?, row.rss_pages())
    });
    derived.unwrap_or(PageSize::ASSUMED)
}

/// The victims, completed from the summary and the table.
fn victims(report: &Report, tasks: &[Task]) -> Vec<Victim> {
    let mut victims = report.victims.clone();
    if victims.is_empty() && !report.no_victim {
        let named = report.chosen.as_ref().map(|chosen| (chosen.pid, chosen.name.as_str()));
        let named = named.or_else(|| report.named.as_ref().and_then(|(pid, name, _)| Some(((*pid)?, name.as_str()))));
        victims.extend(named.map(|(pid, name)| Victim { line: report.evidence.line, ..bare(pid, name, Fate::Chosen) }));
    }
    if report.filtered && report.group.is_some() {
        // Whom the kernel chose is not known any more; it chooses by size.
        victims.sort_by_key(|victim| Reverse(victim.resident()));
    }
    for victim in &mut victims {
        let task = tasks.iter().find(|task| task.pid == victim.pid);
        let row = report.rows.iter().find(|row| row.pid == victim.pid);
        victim.pgtables = match victim.pgtables {
            Some(_) => pgtables(victim.pgtables, row.and_then(Row::pgtables_bytes), victim.total_vm),
            None => task.and_then(|task| task.pgtables),
        };
        victim.oom_score_adj = victim.oom_score_adj.or_else(|| row?.get(Column::OomScoreAdj));
        if let Some(task) = task {
            victim.uid = victim.uid.or(task.uid);
            victim.total_vm = victim.total_vm.or(task.total_vm);
            victim.anon = victim.anon.or(task.rss_anon);
            victim.file = victim.file.or(task.rss_file);
            victim.shmem = victim.shmem.or(task.rss_shmem);
        }
        if let Some((Some(pid), _, uid)) = &report.named
            && *pid == victim.pid
        {
            victim.uid = victim.uid.or(*uid);
        }
    }
    victims
}

/// A victim as a row of the table, from its own line; `None` if that says nothing of its memory.
fn row_of(victim: &Victim) -> Option<Task> {
    Some(Task {
        pid: victim.pid,
        name: victim.name.clone(),
        uid: victim.uid,
        total_vm: victim.total_vm,
        rss: victim.resident()?,
        rss_anon: victim.anon,
        rss_file: victim.file,
        rss_shmem: victim.shmem,
        pgtables: victim.pgtables,
        swap: None,
        oom_score_adj: victim.oom_score_adj,
    })
}

/// The table, and the victims that are missing from what is left of it, with what their own lines say they held.
fn with_victims<'t>(tasks: &'t [Task], victims: &[Victim]) -> Cow<'t, [Task]> {
    let is_missing = |victim: &&Victim| tasks.iter().all(|task| task.pid != victim.pid);
    let missing = victims.iter().filter(is_missing).filter_map(row_of);
    let missing: Vec<Task> = missing.collect();
    match tasks {
        // A kill line alone is no table.
        [] => Cow::Borrowed(tasks),
        _ if missing.is_empty() => Cow::Borrowed(tasks),
        _ => Cow::Owned(tasks.iter().cloned().chain(missing).collect()),
    }
}

/// Whether the kernel's statistics say anything; a helper for the advice.
pub(super) fn share_is_large(part: Option<u64>, memory: &Memory, usage: Option<u64>) -> bool {
    let whole = usage.or_else(|| Some(memory.anon?.saturating_add(memory.file?)));
    match (part, whole) {
        (Some(part), Some(whole)) => whole > 0 && part >= whole / 4,
        _ => false,
    }
}
