//! The lines that name the cgroups: `oom-kill:` of kernels since 5.0 (and vendors' backports), `Task in ..` before.

use super::cgroup::is_within;
use super::text::{after, leading};
use super::trigger::Constraint;

/// What `oom-kill:` says. printk cuts long lines, so everything may be missing from some point on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Summary {
    pub(super) constraint: Option<Constraint>,
    pub(super) cpuset: Option<String>,
    /// `global_oom`: no cgroup's limit.
    pub(super) global: bool,
    pub(super) oom_cgroup: Option<Path>,
    pub(super) task_cgroup: Option<Path>,
    pub(super) task: Option<String>,
    pub(super) pid: Option<u64>,
    pub(super) uid: Option<u64>,
    /// Early 5.0 kernels end the line here and print the rest on the next.
    pub(super) is_head: bool,
}

/// A cgroup path, and whether the line ended within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) text: String,
    pub(super) is_cut: bool,
}

impl Path {
    pub(super) fn whole(text: &str) -> Self {
        Self { text: text.to_owned(), is_cut: false }
    }

    /// `whole` if this path was cut and `whole` continues it.
    pub(super) fn completed(self, whole: Option<&str>) -> Self {
        match whole {
            Some(whole) if self.is_cut && whole.starts_with(&self.text) => {
                Self { text: whole.to_owned(), is_cut: false }
            }
            _ => self,
        }
    }
}

/// Reads `oom-kill:constraint=..`, or its second half, which starts at `,oom_memcg=` or `,global_oom`.
pub(super) fn oom_kill(text: &str) -> Option<Summary> {
    let mut summary = Summary::default();
    let tail = match after(text, "oom-kill:constraint=") {
        Some(rest) => {
            let (constraint, rest) = rest.split_once(',').unwrap_or((rest, ""));
            summary.constraint = Constraint::read(constraint);
            summary.cpuset = after(rest, "cpuset=")
                .map(|rest| rest.split_once(",mems_allowed=").or_else(|| rest.split_once(',')).unwrap_or((rest, "")))
                .map(|(cpuset, _)| cpuset.to_owned());
            let cgroup = ["oom_memcg=", "global_oom", "task_memcg="].iter().filter_map(|key| rest.find(key)).min();
            match cgroup.and_then(|at| rest.get(at..)) {
                Some(tail) => tail,
                None => {
                    summary.is_head = true;
                    return Some(summary);
                }
            }
        }
        None => second_half(text)?,
    };
    summary.global = tail.starts_with("global_oom");
    let tail = match tail.strip_prefix("oom_memcg=") {
        Some(rest) => {
            let (path, rest) = path(rest, ",task_memcg=");
            summary.oom_cgroup = Some(path);
            rest
        }
        None => tail.split_once("task_memcg=").map(|(_, rest)| rest),
    };
    let Some(tail) = tail else { return Some(summary) };
    let (path, rest) = path(tail, ",task=");
    summary.task_cgroup = Some(path);
    // A command may contain commas and equal signs: pid and uid are taken from the right.
    let Some((task, rest)) = rest.and_then(|rest| rest.rsplit_once(",pid=")) else { return Some(summary) };
    summary.task = Some(task.to_owned());
    // A pid that ends the line may have lost digits.
    if let Some((pid, rest)) = leading(rest)
        && let Some(uid) = rest.strip_prefix(",uid=")
    {
        summary.pid = Some(pid);
        summary.uid = leading(uid).map(|(uid, _)| uid);
    }
    Some(summary)
}

/// The text of a second half from its key on.
fn second_half(text: &str) -> Option<&str> {
    let text = text.strip_prefix(',').unwrap_or(text);
    (text.starts_with("oom_memcg=/") || text.starts_with("global_oom,task_memcg=")).then_some(text)
}

/// A path that ends at `key`; without it, at the line's end or at what is left of the key.
fn path<'a>(text: &'a str, key: &str) -> (Path, Option<&'a str>) {
    match text.split_once(key) {
        Some((path, rest)) => (Path { text: path.to_owned(), is_cut: false }, Some(rest)),
        None => {
            let (path, is_cut) = match text.rsplit_once(',') {
                Some((path, remnant)) if key.trim_start_matches(',').starts_with(remnant) => (path, false),
                // A pager marks where the screen ended.
                _ => (text.trim_end_matches(['>', '…']), true),
            };
            (Path { text: path.to_owned(), is_cut }, None)
        }
    }
}

/// `Task in <task's cgroup> killed as a result of limit of <oom cgroup>`, up to 4.20.
///
/// The limit's cgroup is the task's own or one above it. What a screen's edge, an editor's blanks at a line's break
/// or a remark behind the line made of it is mended by that.
///
/// No cgroup's limit: Alibaba Cloud Linux prints `limit of host` where the machine is out of memory.
pub(super) fn task_in(text: &str) -> Option<(String, Option<Path>)> {
    let (task, oom) = after(text, "Task in ")?.split_once(" killed as a result of limit of ")?;
    let squeeze = |path: &str| path.split_whitespace().collect::<String>();
    let (task, oom) = (squeeze(task), squeeze(oom));
    if oom == "host" {
        return Some((task, None));
    }
    let same = task.bytes().zip(oom.bytes()).take_while(|(a, b)| a == b).count();
    let (above, below) = task.split_at_checked(same)?;
    let rest = oom.get(same..)?;
    let whole = below.is_empty() || below.starts_with('/');
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    let path = match rest.chars().next() {
        None if whole => Path::whole(above),
        None => Path { text: above.to_owned(), is_cut: true }.completed(below_end(&task, same)),
        Some(c) if whole && !is_path(c) => Path::whole(above),
        Some(_) => Path::whole(&oom),
    };
    Some((task, Some(path)))
}

/// The path's part that a name, cut at `at`, ends in, if nothing is below it.
fn below_end(task: &str, at: usize) -> Option<&str> {
    (!task.get(at..)?.contains('/')).then_some(task)
}

/// `Tasks in <cgroup> are going to be killed due to memory.oom.group set`
///
/// Where the beginning of the path was left out the path is empty.
pub(super) fn group(text: &str) -> Option<&str> {
    let path = super::text::between(text, "Tasks in ", " are going to be killed due to memory.oom.group")?.trim();
    Some(if path.starts_with('/') { path } else { "" })
}

/// Whether a summary can belong to a report whose statistics are of `stats`.
pub(super) fn agrees(oom_cgroup: &str, stats: &str) -> bool {
    is_within(oom_cgroup, stats) || is_within(stats, oom_cgroup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchored_on_keys() {
        let text = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=0-1,3,cpuset=cid,mems_allowed=0-1,3,oom_memcg=/a,task_memcg=/a/b,task=x,pid=9,y,pid=77,uid=5";
        let summary = oom_kill(text).unwrap();
        assert_eq!(summary.constraint, Some(Constraint::Memcg));
        assert_eq!(summary.cpuset.as_deref(), Some("cid"));
        assert_eq!(summary.task.as_deref(), Some("x,pid=9,y"));
        assert_eq!((summary.pid, summary.uid), (Some(77), Some(5)));
        assert_eq!(summary.oom_cgroup.unwrap().text, "/a");
        assert_eq!(summary.task_cgroup.unwrap().text, "/a/b");
    }

    #[test]
    fn cut_anywhere() {
        let text = "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c,mems_allowed=0,oom_memcg=/a/bcd,task_memcg=/a/bcd/e,task=x,pid=77,uid=5";
        for end in 21..text.len() {
            let summary = oom_kill(text.get(..end).unwrap()).unwrap();
            if let Some(path) = summary.oom_cgroup {
                assert!(path.is_cut || path.text == "/a/bcd", "{end} {path:?}");
                assert_eq!(path.clone().completed(Some("/a/bcd")).text, "/a/bcd", "{end}");
            }
            assert!(summary.pid.is_none_or(|pid| pid == 77));
        }
        let head = oom_kill("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0").unwrap();
        assert!(head.is_head);
        let tail = oom_kill(",global_oom,task_memcg=/x,task=y,pid=3,uid=0").unwrap();
        assert!(tail.global && tail.pid == Some(3));
        assert_eq!(oom_kill("nothing"), None);
    }

    #[test]
    fn old_and_group_lines() {
        let read = |task: &str, oom: &str| task_in(&format!("Task in {task} killed as a result of limit of {oom}"));
        let whole = |task: &str, oom: &str| Some((task.to_owned(), Some(Path::whole(oom))));
        assert_eq!(read("/kubepods/podx", "host"), Some(("/kubepods/podx".to_owned(), None)));
        assert_eq!(read("/a", "/b"), whole("/a", "/b"));
        assert_eq!(read("/ab/cd", "/ab"), whole("/ab/cd", "/ab"));
        for oom in ["/ab/c", "/ab/c     d", "/ab/cd  # a remark", "/ab/cd\\n\","] {
            assert_eq!(read("/ab/cd", oom), whole("/ab/cd", "/ab/cd"), "{oom}");
        }
        let cut = Path { text: "/a".to_owned(), is_cut: true };
        assert_eq!(read("/ab/cd", "/a"), Some(("/ab/cd".to_owned(), Some(cut))));
        assert_eq!(group("Tasks in /a are going to be killed due to memory.oom.group set"), Some("/a"));
        assert_eq!(group("Tasks in ...b are going to be killed due to memory.oom.group set"), Some(""));
    }
}
