//! The call trace: which function ran out of memory tells whose limit it was, where a report breaks off before it says.

use super::victim::Killer;

/// A line of the call trace, `name+0x5c/0x78` with or without its address: the charge to a cgroup failed, or the
/// allocation of a page itself. A `?` marks what only happens to lie on the stack.
pub(super) fn trace(text: &str) -> Option<Killer> {
    let name = text.split_once("+0x")?.0.trim();
    let name = name.rsplit_once("] ").map_or(name, |(_, name)| name);
    match name {
        "mem_cgroup_out_of_memory"
        | "mem_cgroup_oom_synchronize"
        | "mem_cgroup_oom"
        | "mem_cgroup_try_charge"
        | "try_charge"
        | "try_charge_memcg" => Some(Killer::Memcg),
        "__alloc_pages_slowpath" | "__alloc_pages_may_oom" => Some(Killer::Global),
        _ => {
            let optimised = name.split_once('.').map(|(name, _)| name);
            (optimised == Some("__alloc_pages_slowpath")).then_some(Killer::Global)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces() {
        for (line, found) in [
            ("mem_cgroup_oom_synchronize+0x2ed/0x330", Some(Killer::Memcg)),
            ("[<ffffffff8123>] try_charge+0x6ba/0x7a0", Some(Killer::Memcg)),
            ("? mem_cgroup_out_of_memory+0x49/0x80", None),
            ("__alloc_pages_slowpath.constprop.0+0xcbc/0xd50", Some(Killer::Global)),
            ("out_of_memory+0x2ba/0x490", None),
        ] {
            assert_eq!(trace(line), found, "{line}");
        }
    }
}
