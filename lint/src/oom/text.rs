//! The output for people: every group of kills, the most important line first.

use memlint_oom::{Kill, Level, Other, OtherPlace, Repeat, format_bytes};

use super::events::Events;
use super::groups::{Groups, Moment, Shown};
use super::join::{Joined, Joiner, is_shared};
use super::paint::{Paint, Tone, clean, plural, shortened, thousands};
use super::pods::Found;
use super::{bars, event_text, headline, words};
use crate::output;
use crate::project::corpus::Corpus;

/// Groups shown in full.
const FULL: usize = 20;
/// Places shown of another program's lines.
const PLACES: usize = 10;
/// The column at which text begins behind a label.
const INDENT: usize = 9;

/// A log that was read.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) name: String,
    pub(super) lines: u64,
    pub(super) bytes: u64,
    pub(super) kills: u64,
    /// Who else killed, or told of kills.
    pub(super) others: Vec<Other>,
    pub(super) error: Option<String>,
}

/// All that the text is made from.
pub(super) struct Page<'a> {
    joiner: &'a Joiner<'a>,
    corpus: &'a Corpus,
    paint: Paint,
    color: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(joiner: &'a Joiner<'a>, corpus: &'a Corpus, color: bool) -> Self {
        Self { joiner, corpus, paint: Paint::new(color), color }
    }

    /// The whole output.
    pub(super) fn render(&self, groups: &Groups, logs: &[Log], events: &Events) -> String {
        let mut out = String::new();
        let sorted = groups.sorted();
        for (repeat, shown) in sorted.iter().take(FULL) {
            self.group(repeat, shown, logs, &mut out);
        }
        if sorted.len() > FULL {
            out.push_str("Fewer times:\n");
            for (repeat, shown) in sorted.iter().skip(FULL) {
                let joined = self.joiner.join(&shown.kill, Some(repeat));
                out.push_str(&format!("  {}\n", headline::headline(&shown.kill, &joined, repeat)));
            }
            out.push('\n');
        }
        if !logs.is_empty() {
            self.summary(groups, logs, &mut out);
            self.others(logs, &mut out);
            self.missing(groups, &mut out);
            self.next_step(groups, logs, &mut out);
        }
        event_text::render(events, &self.paint, &mut out);
        out
    }

    fn group(&self, repeat: &Repeat, shown: &Shown, logs: &[Log], out: &mut String) {
        let kill = &shown.kill;
        let joined = self.joiner.join(kill, Some(repeat));
        let line = headline::headline(kill, &joined, repeat);
        out.push_str(&self.paint.wrapped(Tone::Loud, &line, 0, INDENT));
        out.push('\n');
        self.row("pod", &headline::identity(kill), out);
        self.row("mixed", if kill.mixed { words::MIXED } else { "" }, out);
        self.row("when", &when(repeat, shown, &joined, logs), out);
        self.row("limit", &headline::limit(kill, &joined), out);
        let table = bars::table(kill, joined.node_memory, &self.paint, INDENT);
        for (index, line) in table.iter().enumerate() {
            let label = if index == 0 { "who" } else { "" };
            out.push_str(&format!("  {label:<7}{line}\n"));
        }
        if table.is_empty() {
            self.row("who", &headline::victims(kill), out);
        }
        self.row("what", &headline::memory(kill), out);
        self.row("died", &headline::death(shown, &joined), out);
        self.labelled("do", Tone::Strong, &clean(&joined.advice.to_string()), out);
        if let Some(raised) = joined.raised {
            let text =
                format!("already raised to {} since; nothing to do unless it happens again", format_bytes(raised));
            self.row("now", &text, out);
        }
        self.row("room", joined.room.as_deref().unwrap_or_default(), out);
        if let (None, Some(pod), false) = (joined.found, &kill.pod, self.joiner.pods.is_empty()) {
            self.row("name", &format!("no Pod of --pods has UID {}: it is gone, or of another cluster", pod.uid), out);
        }
        if kill.pod.is_none() && kill.container.is_none() && kill.level.is_none() && !self.joiner.pods.is_empty() {
            self.row("name", "the log names neither Pod nor container here, so there is nothing to look up", out);
        }
        if let Some(command) = &joined.command {
            // Not wrapped: it is there to be copied.
            out.push_str(&format!("  type   {command}\n"));
        }
        let room = self.paint.width.saturating_sub(INDENT);
        let proof: Vec<char> = shortened(&proof(shown, logs), 4 * room).chars().collect();
        for (index, part) in proof.chunks(room).enumerate() {
            let (label, part) = (if index == 0 { "proof" } else { "" }, part.iter().collect::<String>());
            out.push_str(&format!("  {label:<7}{}\n", self.paint.tone(Tone::Faint, &part)));
        }
        if let Some(change) = &joined.change {
            out.push('\n');
            out.push_str(&output::text::located(change, self.corpus, self.color));
            out.push('\n');
            if let Some(fix) = change.finding.fix.as_ref().and_then(|fix| serde_json::to_string(fix).ok()) {
                out.push_str(&format!("  patch  {fix}\n"));
            }
        } else if joined.raised.is_some() {
            // Nothing is to be changed.
        } else if joined.found.is_none()
            && kill.pod.is_some()
            && self.joiner.pods.is_empty()
            && !self.joiner.manifests.is_empty()
        {
            let why = match joined.matched {
                Some(matched) => format!(
                    "of all manifests only {} has limits that add up to this one; --pods tells which container it was",
                    clean(&matched.entry.workload.object.to_string())
                ),
                None => "no single workload of the manifests has this limit; --pods tells which one it is".to_owned(),
            };
            self.row("file", &why, out);
        } else if joined.found.is_some() && !self.joiner.manifests.is_empty() {
            let why = match (joined.matched, is_shared(kill.level)) {
                (None, _) => "no manifest makes this Pod",
                (Some(_), true) => "its request covers what it held: look at who used most above",
                (Some(matched), false) if matched.container.is_some() => {
                    "no change of its resources is known that would help and that the API server would take"
                }
                (Some(_), false) => "the log does not say which of its containers it was",
            };
            self.row("file", why, out);
        }
        out.push('\n');
    }

    fn row(&self, label: &str, text: &str, out: &mut String) {
        self.labelled(label, Tone::Plain, text, out);
    }

    fn labelled(&self, label: &str, tone: Tone, text: &str, out: &mut String) {
        if !text.is_empty() {
            out.push_str(&format!("  {label:<7}{}\n", self.paint.wrapped(tone, text, INDENT, INDENT)));
        }
    }

    /// How to have the Pods named, if there are any that could be.
    fn next_step(&self, groups: &Groups, logs: &[Log], out: &mut String) {
        let sorted = groups.sorted();
        let unnamed = sorted.iter().any(|(_, shown)| shown.kill.pod.is_some());
        if !unnamed || !self.joiner.pods.is_empty() {
            return;
        }
        let names: Vec<&str> = logs.iter().map(|log| log.name.as_str()).collect();
        let names = names.join(" ").replace("standard input", "LOG");
        out.push_str("To name the Pods and point at the line to change:\n");
        out.push_str("  kubectl get pods,nodes -A -o json > pods.json\n");
        if self.joiner.manifests.is_empty() {
            out.push_str(&format!("  memlint oom {names} --pods pods.json --manifests ./k8s\n"));
        } else {
            out.push_str("and add to the command: --pods pods.json\n");
        }
    }

    /// Lines of programs that are not the kernel.
    fn others(&self, logs: &[Log], out: &mut String) {
        for (index, log) in logs.iter().enumerate() {
            for other in &log.others {
                let (program, first) = (other.program, other.first_line);
                let times = plural(other.count, "line");
                let place = format!("{times} from line {first}{} on", of_log(index, logs));
                let text = format!("not the kernel but {} ({place}): {}", program.name(), program.meaning());
                out.push_str(&self.paint.wrapped(Tone::Plain, &text, 0, 2));
                out.push('\n');
                for place in other.places.iter().take(PLACES) {
                    let text = format!("{}: {}", self.place(place), plural(place.count, "line"));
                    out.push_str(&format!("  {}\n", self.paint.wrapped(Tone::Plain, &text, 2, 4)));
                }
                if let Some(more) = other.places.len().checked_sub(PLACES).filter(|more| *more > 0) {
                    out.push_str(&format!("  and {more} more\n"));
                }
            }
        }
    }

    /// The container or Pod that another program's lines are about, by its names where they are known.
    fn place(&self, place: &OtherPlace) -> String {
        match self.joiner.pods.named(place) {
            Some(found) => {
                let node = found.pod.node.as_deref().map(|node| format!(" on node {}", clean(node)));
                format!("{}{}", headline::in_cluster(found), node.unwrap_or_default())
            }
            None => match (&place.name, &place.container) {
                (Some((namespace, name)), _) => clean(&format!("Pod {namespace}/{name}")),
                (_, Some(id)) => format!("container {}", id.chars().take(12).collect::<String>()),
                (None, None) => format!("Pod with UID {}", place.pod.as_deref().unwrap_or_default()),
            },
        }
    }

    /// What Kubernetes calls OOMKilled, and no log tells of.
    fn missing(&self, groups: &Groups, out: &mut String) {
        let missing = groups.told.missing(self.joiner.pods);
        if missing.is_empty() {
            return;
        }
        let text = "Kubernetes says OOMKilled, but nothing that was read tells of it; needed is the kernel's log of that node and time:";
        out.push_str(&self.paint.wrapped(Tone::Plain, text, 0, 2));
        out.push('\n');
        let mut nodes: Vec<&str> = Vec::new();
        for (pod, container) in missing.iter().take(FULL) {
            let when = container.last_state.as_ref().and_then(|(_, _, when)| when.as_deref());
            let node = pod.node.as_deref();
            let text = format!(
                "{}{}{}",
                headline::in_cluster(Found { pod, container: Some(container) }),
                node.map(|node| format!(" on node {}", clean(node))).unwrap_or_default(),
                when.map(|when| format!(", {}", clean(when))).unwrap_or_default()
            );
            out.push_str(&format!("  {}\n", self.paint.wrapped(Tone::Plain, &text, 2, 4)));
            nodes.extend(node.filter(|node| !nodes.contains(node)));
        }
        if let Some(more) = missing.len().checked_sub(FULL).filter(|more| *more > 0) {
            out.push_str(&format!("  and {more} more\n"));
        }
        for node in nodes.into_iter().take(PLACES) {
            let node = clean(node);
            out.push_str(&format!(
                "  kubectl debug node/{node} -it --image=busybox -- chroot /host dmesg > {node}.log\n"
            ));
        }
    }

    fn summary(&self, groups: &Groups, logs: &[Log], out: &mut String) {
        let logs: Vec<&Log> = logs.iter().filter(|log| log.error.is_none() || log.lines > 0).collect();
        if logs.is_empty() {
            return;
        }
        let names: Vec<&str> = logs.iter().map(|log| log.name.as_str()).collect();
        let lines = logs.iter().fold(0_u64, |sum, log| sum.saturating_add(log.lines));
        let place = format!("in {} of {}", plural(lines, "line"), names.join(", "));
        let text = match (groups.killed, groups.sorted().len()) {
            (0, _) if lines == 0 => format!("no OOM kill: {} is empty", names.join(", ")),
            (0, _) if groups.total > 0 => format!("no proof of an OOM kill {place}"),
            (0, _) => format!(
                "no OOM kill {place}; needed is the kernel's log (dmesg, journalctl -k) of the very node where something was killed, since before it was killed"
            ),
            (kills, kinds) => {
                let of = if kinds > 1 { format!(" of {kinds} kinds") } else { String::new() };
                let more = match groups.not_grouped() {
                    0 => String::new(),
                    more => format!("; {} of them are of too many kinds to show", thousands(more)),
                };
                format!("{}{of} {place}{more}", plural(kills, "OOM kill"))
            }
        };
        let unproven = groups.total.saturating_sub(groups.killed).saturating_sub(groups.no_victim);
        let none = match groups.no_victim {
            0 => String::new(),
            times => format!("; {} the kernel found no process to kill", plural(times, "time")),
        };
        let cut = match unproven {
            0 => String::new(),
            reports => {
                format!("; {} without its end, which may have killed a process or not", plural(reports, "report"))
            }
        };
        out.push_str(&self.paint.wrapped(Tone::Strong, &format!("{text}{none}{cut}"), 0, 0));
        out.push('\n');
    }
}

/// The latest moment, those before, the node, and what Kubernetes counts.
fn when(repeat: &Repeat, shown: &Shown, joined: &Joined<'_>, logs: &[Log]) -> String {
    let kill = &shown.kill;
    let moment = |moment: &Moment| match &moment.time {
        Some(time) => clean(time),
        None => format!("line {}{}", moment.line, of_log(moment.log, logs)),
    };
    let mut parts = Vec::new();
    let mut recent = shown.recent.iter().rev();
    if let Some(last) = recent.next() {
        let at = match (&last.time, kill.uptime) {
            (None, Some(micros)) => format!("{} after boot", uptime(micros)),
            _ => moment(last),
        };
        parts.push(at);
    }
    if let Some(node) = joined.found.and_then(|found| found.pod.node.clone()).or_else(|| kill.host.clone()) {
        parts.push(format!("on node {}", clean(&node)));
    }
    let mut text = parts.join(" ");
    let before: Vec<String> = recent.map(moment).collect();
    if !before.is_empty() {
        text.push_str(&format!("; before that {}", before.join(", ")));
        if repeat.count > shown.recent.len().try_into().unwrap_or(u64::MAX) {
            text.push_str(&format!(" and so on, first {}", moment(&shown.first)));
        }
    }
    if let Some(container) = joined.found.and_then(|found| found.container) {
        if let Some(restarts) = container.restarts.and_then(|restarts| u64::try_from(restarts).ok()) {
            text.push_str(&format!("; {} so far", plural(restarts, "restart")));
        }
        if let Some((reason, code, _)) = &container.last_state {
            text.push_str(&format!(", last ended {} with exit code {code}", clean(reason)));
        }
    }
    text
}

fn uptime(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match hours {
        0 => format!("{minutes}m{:02}s", seconds % 60),
        _ => format!("{hours}h{minutes:02}m{:02}s", seconds % 60),
    }
}

fn of_log(log: usize, logs: &[Log]) -> String {
    if logs.len() < 2 {
        String::new()
    } else {
        logs.get(log).map(|log| format!(" of {}", log.name)).unwrap_or_default()
    }
}

/// The summary line without its cpuset and the victim's own cgroup, which would push out the one whose limit it was.
fn without_what_is_told(text: &str) -> String {
    let mut text = text.to_owned();
    for (key, next) in [("cpuset=", ",mems_allowed="), (",task_memcg=", ",task=")] {
        let Some(start) = text.find("oom-kill:constraint=").and_then(|from| Some(from + text.get(from..)?.find(key)?))
        else {
            continue;
        };
        let start = start + key.len();
        if let Some(end) = text.get(start..).and_then(|rest| rest.find(next)) {
            text.replace_range(start..start + end, "...");
        }
    }
    text
}

/// The log line that shows it, with its number.
fn proof(shown: &Shown, logs: &[Log]) -> String {
    let kill: &Kill = &shown.kill;
    let log = shown.recent.back().map_or(0, |last| last.log);
    let inferred = kill
        .inferred_from
        .map(|line| format!(" (the kernel left the cgroup out here; it is that of its report at line {line})"));
    let text = without_what_is_told(&clean(&kill.evidence.text));
    let incomplete = if kill.complete || kill.level == Some(Level::System) { "" } else { " (the report is cut short)" };
    format!("line {}{}: {text}{}{incomplete}", kill.evidence.line, of_log(log, logs), inferred.unwrap_or_default())
}
