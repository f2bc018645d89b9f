//! Of which processes an `oom_score_adj` tells the memory request.
//!
//! The kubelet writes the value for processes in Pods. Others write it, too: systemd for user sessions (100, 200) and
//! for units with OOMScoreAdjust, browsers and databases for their own children. So a request is told only where the
//! process is in a Pod's cgroup, and the value is one that the kubelet writes in a Pod of its class.

use super::cgroup::Qos;
use super::contributor::Contributor;
use super::kill::{Kill, Level, Victim};
use super::request::{ImpliedRequest, implied_request};

/// Where a process runs, as far as the log tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    /// In a Pod, of this class where that is known.
    Pod(Option<Qos>),
    /// In no Pod's cgroup.
    Outside,
    Unknown,
}

impl Kill {
    /// The request of the first victim that its `oom_score_adj` tells, on a node with `capacity` bytes of memory;
    /// `None` where the value is not the kubelet's, or may not be.
    pub fn victim_request(&self, capacity: u64) -> Option<ImpliedRequest> {
        let adj = self.victims.first()?.oom_score_adj?;
        told(adj, capacity, self.victim_home())
    }

    /// The same of any process of the task table.
    pub fn request_of(&self, each: &Contributor, capacity: u64) -> Option<ImpliedRequest> {
        let adj = each.oom_score_adj?;
        let same = |victim: &Victim| victim.name == each.name && victim.oom_score_adj.is_none_or(|own| own == adj);
        let home = match self.level {
            _ if self.victims.first().is_some_and(same) => self.victim_home(),
            Some(Level::Qos) => Home::Pod(self.qos),
            Some(Level::Node | Level::Pod | Level::Container) => Home::Pod(None),
            Some(Level::System) => Home::Outside,
            Some(Level::Machine | Level::Numa) | None => Home::Unknown,
        };
        told(adj, capacity, home)
    }

    fn victim_home(&self) -> Home {
        let shared = matches!(self.level, Some(Level::Machine | Level::Numa));
        // A driver is known from the kubelet's cgroups alone; the Pod's own name may be cut off.
        if self.pod.is_some() || self.driver.is_some() {
            Home::Pod(self.qos)
        } else if self.task_cgroup.is_some() || self.level == Some(Level::System) {
            Home::Outside
        } else if shared {
            Home::Unknown
        } else {
            // Some cgroup's limit, and the kubelet's values: of Pods, as far as anyone can tell.
            Home::Pod(None)
        }
    }
}

/// What a value tells of a process that runs there.
fn told(adj: i64, capacity: u64, home: Home) -> Option<ImpliedRequest> {
    use ImpliedRequest::{BestEffort, Between, Foreign, Guaranteed, NodeAgent, Sandbox};
    let implied = implied_request(adj, capacity);
    let is_kubelets = match (implied, home) {
        (_, Home::Outside) => false,
        // No other program is known to write these.
        (Guaranteed | Sandbox | NodeAgent, _) => true,
        (_, Home::Unknown) => false,
        (BestEffort, Home::Pod(class)) => class.is_none_or(|class| class == Qos::BestEffort),
        (Between { .. }, Home::Pod(class)) => class.is_none_or(|class| class == Qos::Burstable),
        (Foreign, Home::Pod(_)) => true,
    };
    is_kubelets.then_some(implied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kubelets_values_tell() {
        let told = |adj, home| told(adj, 1 << 30, home);
        let burstable = Home::Pod(Some(Qos::Burstable));
        assert_eq!(told(1000, burstable), None);
        assert_eq!(told(1000, Home::Pod(Some(Qos::BestEffort))), Some(ImpliedRequest::BestEffort));
        assert_eq!(told(900, Home::Pod(Some(Qos::Guaranteed))), None);
        assert!(matches!(told(900, burstable), Some(ImpliedRequest::Between { .. })));
        assert_eq!(told(-997, burstable), Some(ImpliedRequest::Guaranteed));
        for adj in [0, 100, 200, 1000] {
            assert_eq!((told(adj, Home::Outside), told(adj, Home::Unknown)), (None, None), "{adj}");
        }
        assert_eq!((told(-998, Home::Unknown), told(-998, Home::Outside)), (Some(ImpliedRequest::Sandbox), None));
    }
}
