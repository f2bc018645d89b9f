//! Who used the memory: the task table summed by program.

use super::table::Task;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// All processes of one name and one `oom_score_adj`: as near to "one container's program" as the log gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contributor {
    /// Command name.
    pub name: String,
    /// How many processes.
    pub processes: u64,
    /// Their resident memory together, in bytes. Pages that they share are counted once for each.
    pub rss: u64,
    /// Their swapped-out memory together, in bytes.
    pub swap: u64,
    /// Their bias.
    pub oom_score_adj: Option<i64>,
}

/// Sums tasks by name and `oom_score_adj`, largest first, at most `limit` of them.
pub(super) fn contributors(tasks: &[Task], limit: usize) -> Vec<Contributor> {
    let mut sums = BTreeMap::<(&str, Option<i64>), (u64, u64, u64)>::new();
    for task in tasks {
        let sum = sums.entry((&task.name, task.oom_score_adj)).or_default();
        sum.0 = sum.0.saturating_add(1);
        sum.1 = sum.1.saturating_add(task.rss);
        sum.2 = sum.2.saturating_add(task.swap.unwrap_or(0));
    }
    let mut all: Vec<Contributor> = sums
        .into_iter()
        .map(|((name, oom_score_adj), (processes, rss, swap))| Contributor {
            name: name.to_owned(),
            processes,
            rss,
            swap,
            oom_score_adj,
        })
        .collect();
    all.sort_by_key(|each| Reverse(each.rss.saturating_add(each.swap)));
    all.truncate(limit);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str, rss: u64, swap: u64, adj: i64) -> Task {
        Task {
            pid: 1,
            name: name.to_owned(),
            uid: None,
            total_vm: None,
            rss,
            rss_anon: None,
            rss_file: None,
            rss_shmem: None,
            pgtables: None,
            swap: Some(swap),
            oom_score_adj: Some(adj),
        }
    }

    #[test]
    fn programs_of_different_containers_stay_apart() {
        let tasks = [task("a", 5, 0, 1), task("b", 4, 9, 1), task("a", 5, 0, 1), task("a", 1, 0, 2)];
        let all = contributors(&tasks, 3);
        let short: Vec<_> = all.iter().map(|each| (each.name.as_str(), each.processes, each.rss, each.swap)).collect();
        assert_eq!(short, [("b", 1, 4, 9), ("a", 2, 10, 0), ("a", 1, 1, 0)]);
        assert_eq!(contributors(&tasks, 1).len(), 1);
        assert_eq!(contributors(&[task("x", u64::MAX, 1, 0), task("x", 1, 1, 0)], 9)[0].rss, u64::MAX);
    }
}
