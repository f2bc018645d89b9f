//! What started the kill: the `invoked oom-killer` line and the lines about the CPU that ran into it.

use super::text::{between, signed_after};

/// The allocation that could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Command name of the process that asked. Often not the one that was killed.
    pub name: String,
    /// The allocation's flags as printed, such as `0xcc0(GFP_KERNEL)`.
    pub gfp_mask: Option<String>,
    /// The allocation's size: 2 to the power of `order` pages; -1 means that someone asked by SysRq.
    pub order: Option<i64>,
    /// Its bias.
    pub oom_score_adj: Option<i64>,
    /// Its container, where the log names its cpuset.
    pub container: Option<String>,
}

/// What the kernel found to be short (`constraint=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Constraint {
    /// Nothing in particular: the machine.
    None,
    /// The NUMA nodes of the task's cpuset.
    Cpuset,
    /// The NUMA nodes of the task's memory policy.
    MemoryPolicy,
    /// A memory cgroup.
    Memcg,
}

impl Constraint {
    pub(super) fn read(text: &str) -> Option<Self> {
        Some(match text.trim().strip_prefix("CONSTRAINT_")? {
            "NONE" => Self::None,
            "CPUSET" => Self::Cpuset,
            "MEMORY_POLICY" => Self::MemoryPolicy,
            "MEMCG" => Self::Memcg,
            _ => return None,
        })
    }
}

/// `<name> invoked oom-killer: gfp_mask=.., order=.., oom_score_adj=..`
pub(super) fn invoked(text: &str) -> Option<Trigger> {
    let (name, rest) = text.split_once(" invoked oom-killer")?;
    // The line may end anywhere; anything else there is somebody's remark about it.
    let told = rest.trim_start_matches([':', ' ']);
    if !(told.starts_with("gfp_mask=") || "gfp_mask=".starts_with(told)) || told.is_empty() && name.len() > 15 {
        return None;
    }
    let gfp_mask = between(rest, "gfp_mask=", ", ")
        .or_else(|| super::text::after(rest, "gfp_mask="))
        .map(|mask| mask.trim().trim_end_matches(',').to_owned());
    Some(Trigger {
        name: comm(name).to_owned(),
        gfp_mask,
        order: signed_after(rest, "order="),
        oom_score_adj: signed_after(rest, "oom_score_adj="),
        container: None,
    })
}

/// A command name at the end of `text`. The kernel keeps 15 bytes; what is longer carries a prefix that memlint
/// does not know, and the last word is the best guess.
pub(super) fn comm(text: &str) -> &str {
    let text = text.trim();
    if text.len() <= 15 { text } else { text.split_whitespace().next_back().unwrap_or(text) }
}

/// `CPU: 1 PID: 2 Comm: java Not tainted 5.15.0-1 #1-Ubuntu`: the command and the kernel's release.
pub(super) fn cpu(text: &str) -> Option<(&str, Option<&str>)> {
    let rest = text.strip_prefix("CPU: ").or_else(|| super::text::after(text, " CPU: "))?;
    let (_, rest) = rest.split_once("Comm: ")?;
    let taint = ["Kdump: ", "Not tainted", "Tainted: "].iter().filter_map(|mark| rest.find(mark)).min()?;
    let (comm, rest) = rest.split_at_checked(taint)?;
    let release =
        rest.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.'));
    Some((comm.trim(), release))
}

/// `<name> cpuset=<name> mems_allowed=0` of kernels up to 4.20: the command and its cpuset.
pub(super) fn cpuset(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(" cpuset=")?;
    let (cpuset, _) = rest.split_once(" mems_allowed=")?;
    Some((comm(name), cpuset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_era() {
        let old = invoked("java invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=999").unwrap();
        assert_eq!((old.gfp_mask.as_deref(), old.order, old.oom_score_adj), (Some("0xd0"), Some(0), Some(999)));
        let mid = "a b invoked oom-killer: gfp_mask=0x14000c0(GFP_KERNEL|__GFP_X), nodemask=(null),  order=2, oom_score_adj=-3";
        let mid = invoked(mid).unwrap();
        assert_eq!((mid.name.as_str(), mid.order, mid.oom_score_adj), ("a b", Some(2), Some(-3)));
        assert_eq!(mid.gfp_mask.as_deref(), Some("0x14000c0(GFP_KERNEL|__GFP_X)"));
        assert_eq!(invoked("x invoked oom-killer: gfp_m").map(|t| t.order), Some(None));
    }

    #[test]
    fn releases() {
        assert_eq!(cpu("CPU: 1 PID: 2 Comm: a b Not tainted 5.4.0-9 #1"), Some(("a b", Some("5.4.0-9"))));
        let tainted = "CPU: 1 UID: 0 PID: 2 Comm: x Kdump: loaded Tainted: G        W  OE     4.18.0-372.el8.x86_64 #1";
        assert_eq!(cpu(tainted), Some(("x", Some("4.18.0-372.el8.x86_64"))));
        assert_eq!(cpuset("java cpuset=abc mems_allowed=0-1"), Some(("java", "abc")));
    }
}
