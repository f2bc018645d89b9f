//! Who used the memory, as a table with bars.

use memlint_oom::{Contributor, Fate, ImpliedRequest, Kill, format_bytes};

use super::join::is_shared;
use super::paint::{Paint, Tone, clean, shortened};

/// Rows shown; the rest is summed up.
const ROWS: usize = 6;
const NAME: usize = 24;
/// Below this a bar says nothing.
const SHORTEST: usize = 8;
const LONGEST: usize = 40;

/// One line of the table.
struct Row {
    name: String,
    bytes: u64,
    swap: u64,
    asks: String,
    fate: Option<&'static str>,
}

/// The table, each line indented; empty if the log lists no processes.
pub(super) fn table(kill: &Kill, node_memory: Option<u64>, paint: &Paint, indent: usize) -> Vec<String> {
    let all = &kill.contributors;
    let sum = all.iter().fold(0_u64, |sum, each| sum.saturating_add(each.rss));
    // Shared pages count for every process, so a sum may exceed the limit.
    let whole = [kill.limit, kill.ram].into_iter().flatten().next().unwrap_or(sum).max(sum).max(1);
    let shared = is_shared(kill.level);
    // The sandbox and what is next to nothing are no news.
    let worth = |each: &&Contributor| each.rss >= whole / 200 && each.rss > 0;
    let rows: Vec<Row> = all.iter().filter(worth).take(ROWS).map(|each| row(each, kill, shared, node_memory)).collect();
    let left: Vec<&Contributor> = {
        let shown: usize = rows.len();
        all.iter().filter(worth).skip(shown).chain(all.iter().filter(|each| !worth(each))).collect()
    };
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
    let (name_width, asks_width) = (width(|row| &row.name).min(NAME), width(|row| &row.asks));
    let fixed = indent + name_width + 2 + 7 + 2 + 4 + if asks_width > 0 { asks_width + 2 } else { 0 } + 4 + 8;
    let room = paint.width.saturating_sub(fixed).min(LONGEST);
    let mut lines = Vec::new();
    for row in &rows {
        let mut line = format!(
            "{:<name_width$}  {:>7}  {:>4}",
            shortened(&row.name, NAME),
            format_bytes(row.bytes),
            percent(row.bytes, whole)
        );
        if asks_width > 0 {
            line.push_str(&format!("  {:<asks_width$}", row.asks));
        }
        if room >= SHORTEST {
            line.push_str(&format!("  |{}|", bar(row.bytes, whole, room)));
        }
        if row.swap > 0 && row.swap >= whole / 200 {
            line.push_str(&format!("  {} swapped out", format_bytes(row.swap)));
        }
        if let Some(fate) = row.fate {
            line.push_str(&format!("  {}", paint.tone(Tone::Loud, fate)));
        }
        lines.push(line.trim_end().to_owned());
    }
    // Kernels before 6.8 do not tell shared pages from a process's own.
    if !rows.is_empty()
        && all.iter().any(|each| !each.shared_once && each.processes > 1)
        && kill.usage.is_some_and(|usage| sum > usage)
    {
        lines.push(paint.tone(Tone::Faint, "shared pages are counted for each process"));
    }
    let rest = left.iter().fold(0_u64, |sum, each| sum.saturating_add(each.rss));
    let processes = left.iter().fold(kill.tasks_left_out, |sum, each| sum.saturating_add(each.processes));
    if processes > 0 && !rows.is_empty() {
        let what = if processes == 1 { "process" } else { "processes" };
        lines.push(paint.tone(Tone::Faint, &format!("and {processes} more {what}, {} together", format_bytes(rest))));
    }
    lines
}

fn row(each: &Contributor, kill: &Kill, shared: bool, node_memory: Option<u64>) -> Row {
    let times = if each.processes > 1 { format!(" x{}", each.processes) } else { String::new() };
    let of_it = |victim: &memlint_oom::Victim| {
        victim.name == each.name && (victim.oom_score_adj.is_none() || victim.oom_score_adj == each.oom_score_adj)
    };
    Row {
        name: format!("{}{times}", clean(&each.name)),
        bytes: each.rss,
        swap: each.swap,
        asks: if shared { asks(kill, each, node_memory) } else { String::new() },
        fate: kill.victims.iter().find(|victim| of_it(victim)).map(|victim| match victim.fate {
            Fate::Killed => "killed",
            Fate::Chosen => "chosen",
            Fate::AlreadyExiting => "exiting",
        }),
    }
}

/// What its `oom_score_adj` says of its request.
fn asks(kill: &Kill, each: &Contributor, node_memory: Option<u64>) -> String {
    let Some(adj) = each.oom_score_adj else { return String::new() };
    // Without the node's size, in thousandths of it.
    let Some(implied) = kill.request_of(each, node_memory.unwrap_or(1000)) else { return String::new() };
    match (implied, node_memory) {
        (ImpliedRequest::BestEffort, _) => "requests nothing".to_owned(),
        (ImpliedRequest::Guaranteed, _) => "guaranteed or critical".to_owned(),
        (ImpliedRequest::Between { from: 0, .. }, _) => "requests next to nothing".to_owned(),
        (ImpliedRequest::Between { from, to }, Some(_)) => format!("requests {}", range(from, to)),
        (ImpliedRequest::Between { .. }, None) => {
            format!("requests {}.{}% of the node", (1000 - adj) / 10, (1000 - adj) % 10)
        }
        (ImpliedRequest::Sandbox, _) => "sandbox".to_owned(),
        (ImpliedRequest::NodeAgent, _) => "node agent".to_owned(),
        (ImpliedRequest::Foreign, _) => "not a Pod's".to_owned(),
    }
}

/// `97.8-101.7Mi`, `997Mi or more`.
pub(super) fn range(from: u64, to: Option<u64>) -> String {
    let low = format_bytes(from);
    let Some(high) = to.map(format_bytes) else { return format!("{low} or more") };
    let unit = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned();
    if low == high {
        format!("about {low}")
    } else if unit(&low) == unit(&high) {
        format!("{}-{high}", low.trim_end_matches(char::is_alphabetic))
    } else {
        format!("{low}-{high}")
    }
}

/// A share in whole percent, cut.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match u128::from(part) * 100 / u128::from(whole.max(1)) {
        0 if part > 0 => "<1%".to_owned(),
        share => format!("{share}%"),
    }
}

/// A bar of `room` characters.
pub(super) fn bar(part: u64, whole: u64, room: usize) -> String {
    let cells = u128::from(part) * u128::try_from(room).unwrap_or(0) / u128::from(whole.max(1));
    let filled = usize::try_from(cells).unwrap_or(room).clamp(usize::from(part > 0), room);
    format!("{}{}", "#".repeat(filled), ".".repeat(room - filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(range(100 << 20, Some(102 << 20)), "100-102Mi");
        assert_eq!(range(1000 << 20, Some(2 << 30)), "1000Mi-2Gi");
        assert_eq!((range(5, None), range(1 << 20, Some(1 << 20))), ("5B or more".into(), "about 1Mi".into()));
    }

    #[test]
    fn shares() {
        assert_eq!(bar(0, 10, 8), "........");
        assert_eq!(bar(1, 1000, 8), "#.......");
        assert_eq!(bar(5, 10, 8), "####....");
        assert_eq!(bar(u64::MAX, 1, 8), "########");
        assert_eq!((percent(1, 1000), percent(0, 0), percent(999, 1000)), ("<1%".into(), "0%".into(), "99%".into()));
    }
}
