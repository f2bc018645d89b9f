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
    /// Their resident memory together, in bytes.
    pub rss: u64,
    /// File and shared pages count once, as those of the process with the most; else once for each process, since
    /// kernels before 6.8 do not tell them apart.
    pub shared_once: bool,
    /// Their swapped-out memory together, in bytes.
    pub swap: u64,
    /// Their bias.
    pub oom_score_adj: Option<i64>,
}

/// What is summed of the tasks of one name.
#[derive(Default)]
struct Sum {
    processes: u64,
    /// How many of them have their memory told by kind.
    split: u64,
    rss: u64,
    anon: u64,
    /// The most of any.
    file: u64,
    /// The most of any.
    shmem: u64,
    swap: u64,
}

impl Sum {
    fn add(&mut self, task: &Task) {
        self.processes = self.processes.saturating_add(1);
        self.rss = self.rss.saturating_add(task.rss);
        self.swap = self.swap.saturating_add(task.swap.unwrap_or(0));
        if let Some(anon) = task.rss_anon {
            self.split = self.split.saturating_add(1);
            self.anon = self.anon.saturating_add(anon);
            self.file = self.file.max(task.rss_file.unwrap_or(0));
            self.shmem = self.shmem.max(task.rss_shmem.unwrap_or(0));
        }
    }
}

/// Sums tasks by name and `oom_score_adj`, largest first, at most `limit` of them.
pub(super) fn contributors(tasks: &[Task], limit: usize) -> Vec<Contributor> {
    let mut sums = BTreeMap::<(&str, Option<i64>), Sum>::new();
    for task in tasks {
        sums.entry((&task.name, task.oom_score_adj)).or_default().add(task);
    }
    let mut all: Vec<Contributor> = sums
        .into_iter()
        .map(|((name, oom_score_adj), sum)| {
            let shared_once = sum.split == sum.processes;
            let once = sum.anon.saturating_add(sum.file).saturating_add(sum.shmem);
            let rss = if shared_once { once } else { sum.rss };
            Contributor {
                name: name.to_owned(),
                processes: sum.processes,
                rss,
                shared_once,
                swap: sum.swap,
                oom_score_adj,
            }
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
        let of_kinds =
            |anon| Task { rss_anon: Some(anon), rss_file: Some(3), rss_shmem: Some(7), ..task("p", 10 + anon, 0, 1) };
        let shared = contributors(&[of_kinds(1), of_kinds(2)], 9);
        assert_eq!((shared[0].rss, shared[0].shared_once), (13, true));
        assert!(!contributors(&[of_kinds(1), task("p", 5, 0, 1)], 9)[0].shared_once);
        assert_eq!(contributors(&[task("x", u64::MAX, 1, 0), task("x", 1, 1, 0)], 9)[0].rss, u64::MAX);
    }
}
