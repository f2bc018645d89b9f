//! [`funnel`]: which nodes are left for a Pod after each of the scheduler's filters, class by class.
//!
//! It is the verdict of [`memlint_scheduler::filter`] told step by step: each node goes at the first filter that refuses
//! it. The question is that of the rules: could the Pod ever run, cordons and passing taints aside, on nodes that are
//! empty but for DaemonSets; and could it run now, where it is known what is on them. The workload's own Pods do not
//! count.

use std::collections::BTreeMap;

use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::Workload;
use memlint_scheduler::{Cluster, Look, Reason, View, filter};

use crate::admission::Admitted;
use crate::inventory::Inventory;
use crate::placing::Placing;

/// Nodes, and what is left of them after each filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funnel {
    /// All nodes.
    pub all: Vec<Alike>,
    /// The filters, in the scheduler's order.
    pub steps: Vec<Step>,
}

/// Nodes of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// The name of the first of them.
    pub first: String,
    /// How many they are.
    pub nodes: usize,
}

/// One filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub filter: Filter,
    /// How many nodes it refuses, by its reasons.
    pub out: Vec<(Vec<Reason>, usize)>,
    /// What is left after it.
    pub left: Vec<Alike>,
}

/// A filter, or several that ask the same question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filter {
    /// The node's name, where the Pod asks for one.
    Name,
    /// Whether the node is cordoned.
    Cordon,
    /// The node's taints.
    Taints,
    /// The node's labels: `nodeSelector` and required node affinity.
    Affinity,
    /// Host ports.
    Ports,
    /// Room: resources, and the number of Pods.
    Room,
    /// Topology spread.
    Spread,
    /// Affinity and anti-affinity to other Pods.
    Company,
}

impl Filter {
    /// All filters, in the scheduler's order.
    pub const ALL: [Filter; 8] = [
        Filter::Name,
        Filter::Cordon,
        Filter::Taints,
        Filter::Affinity,
        Filter::Ports,
        Filter::Room,
        Filter::Spread,
        Filter::Company,
    ];

    /// The filter that gives a reason.
    #[must_use]
    pub fn of(reason: &Reason) -> Self {
        match reason {
            Reason::NotNamed | Reason::OtherNode => Filter::Name,
            Reason::Cordoned => Filter::Cordon,
            Reason::Taint(_) => Filter::Taints,
            Reason::NodeAffinity => Filter::Affinity,
            Reason::HostPorts => Filter::Ports,
            Reason::TooManyPods | Reason::Insufficient(_) => Filter::Room,
            Reason::Spread | Reason::SpreadLabel => Filter::Spread,
            Reason::PodAffinity | Reason::PodAntiAffinity | Reason::ExistingAntiAffinity => Filter::Company,
        }
    }

    /// What it looks at, in words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Filter::Name => "node name",
            Filter::Cordon => "cordons",
            Filter::Taints => "taints",
            Filter::Affinity => "selector, affinity",
            Filter::Ports => "host ports",
            Filter::Room => "resources",
            Filter::Spread => "topology spread",
            Filter::Company => "Pod affinity",
        }
    }
}

/// What is left of the nodes for a workload's Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Funnels {
    /// Whether it could ever run.
    pub ever: Funnel,
    /// Whether it could run now; `None` where it is not known what is on the nodes.
    pub now: Option<Funnel>,
}

/// Asks which nodes are left; `None` where nothing can be said: no nodes are known, part of the Pod cannot be read, or
/// its scheduling gates keep it from the scheduler.
#[must_use]
pub fn funnel(workload: &Workload, inventory: &Inventory, namespace: &str, defaulting: Defaulting) -> Option<Funnels> {
    let admitted = Admitted::new(workload, inventory, namespace, defaulting);
    let placing = Placing::new(workload, &admitted, inventory)?;
    let ask = |cluster: &Cluster, look: Look| {
        let verdict = filter(cluster, &placing.candidate, look);
        let outcomes = verdict.outcomes().iter().map(|outcome| (outcome.reasons.as_slice(), outcome.nodes.as_slice()));
        Funnel::of(cluster, outcomes)
    };
    let knows_now = placing.capacity.knows_bound_pods();
    Some(Funnels {
        ever: ask(placing.ever(), Placing::EVER),
        now: knows_now.then(|| ask(placing.now(), View::Now.into())),
    })
}

impl Funnel {
    fn of<'o>(cluster: &Cluster, outcomes: impl Iterator<Item = (&'o [Reason], &'o [usize])>) -> Self {
        // The scheduler looks at no node where node affinity asks for names that exclude one another.
        let mut gone = vec![Some(Filter::Name); cluster.nodes().len()];
        let mut out: BTreeMap<Filter, Vec<(Vec<Reason>, usize)>> = BTreeMap::new();
        for (reasons, nodes) in outcomes {
            let filter = reasons.first().map(Filter::of);
            for node in nodes {
                if let Some(gone) = gone.get_mut(*node) {
                    *gone = filter;
                }
            }
            if let Some(filter) = filter {
                out.entry(filter).or_default().push((reasons.to_vec(), nodes.len()));
            }
        }
        let left = |after: Option<Filter>| {
            let mut classes: BTreeMap<usize, Alike> = BTreeMap::new();
            for (node, gone) in gone.iter().enumerate() {
                if after.is_none_or(|after| gone.is_none_or(|gone| gone > after)) {
                    let class = classes.entry(cluster.nodes().class_of(node));
                    let first = || Alike { first: cluster.nodes().name(node).to_owned(), nodes: 0 };
                    class.or_insert_with(first).nodes += 1;
                }
            }
            classes.into_values().collect::<Vec<_>>()
        };
        let step =
            |filter| Step { filter, out: out.get(&filter).cloned().unwrap_or_default(), left: left(Some(filter)) };
        Self { all: left(None), steps: Filter::ALL.map(step).to_vec() }
    }

    /// The nodes that take the Pod.
    #[must_use]
    pub fn left(&self) -> usize {
        self.steps.last().map_or(0, |step| step.left.iter().map(|class| class.nodes).sum())
    }
}
