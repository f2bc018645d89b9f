//! [`Placing`]: a workload's Pod before the nodes that are known, for the rules of group pending.
//!
//! What all of those rules need is worked out once and on demand: the Pod as the scheduler would see it, and the
//! clusters without the workload's own Pods, which an update replaces.

mod blame;

use std::borrow::Cow;
use std::cell::OnceCell;

use memlint_capacity::Capacity;
use memlint_kubernetes::controller::controller_of;
use memlint_kubernetes::workload::Workload;
use memlint_scheduler::{Candidate, Cluster, Look, Part, Standings, Verdict, View, filter, survey};

use crate::admission::Admitted;
use crate::inventory::Inventory;

pub(crate) use blame::{Blame, heaviest};

/// A workload's Pod and the nodes.
#[derive(Debug)]
pub(crate) struct Placing<'a> {
    pub(crate) capacity: &'a Capacity,
    pub(crate) candidate: Candidate,
    workload: &'a Workload,
    namespace: &'a str,
    now: OnceCell<Cow<'a, Cluster>>,
    ever: OnceCell<Cow<'a, Cluster>>,
    grown: OnceCell<Cow<'a, Cluster>>,
    parts: OnceCell<Vec<Part>>,
}

impl<'a> Placing<'a> {
    /// Prepares the question; `None` where it cannot be answered: nothing is known of the nodes, or part of the Pod
    /// could not be read, or its scheduling gates keep it from the scheduler.
    pub(crate) fn new(workload: &'a Workload, admitted: &'a Admitted<'_>, inventory: &'a Inventory) -> Option<Self> {
        let capacity = inventory.capacity().filter(|capacity| capacity.knows_nodes())?;
        let unread = workload.problems.iter().any(|problem| problem.at.starts_with(&workload.template_at));
        if unread || workload.template.spec.is_none() {
            return None;
        }
        let candidate = admitted.candidate(workload);
        if candidate.is_gated() {
            return None;
        }
        Some(Self {
            capacity,
            candidate,
            workload,
            namespace: &admitted.namespace,
            now: OnceCell::new(),
            ever: OnceCell::new(),
            grown: OnceCell::new(),
            parts: OnceCell::new(),
        })
    }

    /// Whether this is a DaemonSet, or a Pod that one has made.
    pub(crate) fn is_daemon_set(&self) -> bool {
        self.maker().0 == "DaemonSet"
    }

    /// Kind and name of what makes the Pods: the workload, or the DaemonSet that a Pod belongs to.
    fn maker(&self) -> (&str, &str) {
        let object = &self.workload.object;
        let metadata = self.workload.template.metadata.as_ref().filter(|_| self.workload.is_pod());
        let owner = metadata.and_then(|metadata| controller_of(metadata.owner_references.as_deref()));
        match owner.filter(|owner| owner.kind == "DaemonSet") {
            Some(owner) => (&owner.kind, &owner.name),
            None => (&object.kind, object.name.as_deref().unwrap_or_default()),
        }
    }

    /// The nodes that exist, without the workload's own Pods.
    pub(crate) fn now(&self) -> &Cluster {
        self.now.get_or_init(|| self.without_own(self.capacity.now()))
    }

    /// The nodes that exist or may come, one of each pool.
    pub(crate) fn ever(&self) -> &Cluster {
        self.ever.get_or_init(|| self.without_own(self.capacity.ever()))
    }

    /// The nodes that exist or may come, all of them.
    pub(crate) fn grown(&self) -> &Cluster {
        self.grown.get_or_init(|| self.without_own(self.capacity.grown()))
    }

    /// How many Pods of the workload are on nodes; `None` where no Pods are known.
    pub(crate) fn running(&self) -> Option<i64> {
        let object = &self.workload.object;
        let name = object.name.as_deref()?;
        self.capacity.knows_bound_pods().then(|| self.capacity.now().pods_of(self.namespace, &object.kind, name))
    }

    /// Whether the Pod could ever run: on nodes that are empty but for DaemonSets, cordons and passing taints aside.
    pub(crate) fn ever_verdict(&self) -> Verdict<'_> {
        filter(self.ever(), &self.candidate, Self::EVER)
    }

    /// The same for less, and only once: it is asked of every Pod, where the verdict is for those with a finding.
    pub(crate) fn ever_parts(&self) -> &[Part] {
        self.parts.get_or_init(|| survey(self.ever(), &self.candidate, Self::EVER))
    }

    /// How many nodes could ever take the Pod, and what is with the others.
    pub(crate) fn ever_standings(&self) -> Standings {
        Standings::of_parts(self.ever_parts())
    }

    /// How to look for what could ever be.
    pub(crate) const EVER: Look = Look { view: View::Empty, past_cordons: true };

    /// How to look where many Pods are to be placed: with all that is there, if that is known.
    pub(crate) fn packing_look(&self) -> Look {
        let view = if self.capacity.knows_bound_pods() { View::Now } else { View::Empty };
        Look { view, past_cordons: true }
    }

    fn without_own(&self, cluster: &'a Cluster) -> Cow<'a, Cluster> {
        let (kind, name) = self.maker();
        cluster.without(self.namespace, kind, name).map_or(Cow::Borrowed(cluster), Cow::Owned)
    }
}
