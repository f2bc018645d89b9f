//! The memory request behind an `oom_score_adj`.
//!
//! For a Burstable container the kubelet writes `1000 - 1000*request/capacity` (integer division, the node's
//! capacity, not its allocatable), raised to 3 and lowered to 999 (pkg/kubelet/qos/policy.go). Read backwards, one
//! value stands for a range of requests a thousandth of the node wide.

/// What an `oom_score_adj` implies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImpliedRequest {
    /// A Burstable container's memory request lies in this range of bytes, both ends included. No upper end:
    /// everything from `from` to the node's capacity is written alike.
    Between {
        /// The smallest request.
        from: u64,
        /// The largest.
        to: Option<u64>,
    },
    /// BestEffort: no request at all.
    BestEffort,
    /// -997: a Guaranteed Pod, whose request is its limit, or one of class `system-node-critical`.
    Guaranteed,
    /// -998: the Pod's sandbox, not a container.
    Sandbox,
    /// -999: the kubelet, kube-proxy or the container runtime.
    NodeAgent,
    /// Not a value that the kubelet writes: the process chose it itself, or runs outside Pods.
    Foreign,
}

/// The request that made the kubelet write this `oom_score_adj` on a node with `capacity` bytes of memory (the
/// Node's `status.capacity`).
///
/// A sidecar may carry a smaller value than its own request gives: that of the smallest request among the Pod's
/// containers.
pub fn implied_request(oom_score_adj: i64, capacity: u64) -> ImpliedRequest {
    let share = match oom_score_adj {
        1000 => return ImpliedRequest::BestEffort,
        -997 => return ImpliedRequest::Guaranteed,
        -998 => return ImpliedRequest::Sandbox,
        -999 => return ImpliedRequest::NodeAgent,
        3..1000 => u64::try_from(1000 - oom_score_adj).unwrap_or(0),
        _ => return ImpliedRequest::Foreign,
    };
    // 1000 itself is reserved for BestEffort: a request below a thousandth, or of CPU alone, reads 999 too.
    let from = if share == 1 { 0 } else { thousandths(share, capacity) };
    let to = (oom_score_adj != 3).then(|| thousandths(share.saturating_add(1), capacity).saturating_sub(1));
    ImpliedRequest::Between { from, to }
}

/// The least amount that is `share` thousandths of `capacity` or more.
fn thousandths(share: u64, capacity: u64) -> u64 {
    let amount = (u128::from(share) * u128::from(capacity)).div_ceil(1000);
    u64::try_from(amount).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubelet(request: u64, capacity: u64) -> i64 {
        let adj = 1000 - i64::try_from(1000 * u128::from(request) / u128::from(capacity)).unwrap();
        adj.clamp(3, 999)
    }

    #[test]
    fn every_request_lies_in_its_own_range() {
        for capacity in [1_000_000_u64, 4_007_948 << 10, 67_435_741_184, 999_999_999_999] {
            for step in 0..=1000 {
                for request in [capacity / 1000 * step, (capacity / 1000 * step).saturating_sub(1)] {
                    let ImpliedRequest::Between { from, to } = implied_request(kubelet(request, capacity), capacity)
                    else {
                        panic!()
                    };
                    assert!(from <= request && to.is_none_or(|to| request <= to), "{request} of {capacity}");
                    if let Some(to) = to.filter(|_| from > 0) {
                        assert_eq!(kubelet(from, capacity), kubelet(to, capacity));
                        assert!(kubelet(to + 1, capacity) < kubelet(to, capacity) || kubelet(to, capacity) == 3);
                        assert!(kubelet(from - 1, capacity) > kubelet(from, capacity));
                    }
                }
            }
        }
    }

    #[test]
    fn the_fixed_values() {
        // 100Mi on a node of 4007948Ki is written as 975.
        let ImpliedRequest::Between { from, to } = implied_request(975, 4_007_948 << 10) else { panic!() };
        assert!(from <= 100 << 20 && to.is_some_and(|to| to >= 100 << 20));
        assert_eq!(implied_request(1000, 1), ImpliedRequest::BestEffort);
        assert_eq!(implied_request(-997, 1), ImpliedRequest::Guaranteed);
        assert_eq!(implied_request(-1000, 1), ImpliedRequest::Foreign);
        assert_eq!(implied_request(0, 1), ImpliedRequest::Foreign);
        assert_eq!(implied_request(3, 1000), ImpliedRequest::Between { from: 997, to: None });
        let _ = implied_request(500, u64::MAX);
    }
}
