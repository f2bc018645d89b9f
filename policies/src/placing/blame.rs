//! [`Blame`]: of which resource there is too little, by how much, and which container weighs most.

use memlint_kubernetes::aggregate::ContainerKind;
use memlint_kubernetes::amounts::{self, Compared};
use memlint_kubernetes::measure::Measure;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::{List, PodResources};
use memlint_scheduler::{Candidate, Cluster, Look, Offer, Reason, Verdict, nodes, offers};

/// A resource of which no eligible node has enough.
#[derive(Debug)]
pub(crate) struct Blame {
    /// The resource.
    pub(crate) resource: String,
    /// What the Pod needs, in the scheduler's unit.
    pub(crate) needed: i64,
    /// The node that has most of it.
    pub(crate) best: Offer,
    /// How many nodes are eligible.
    pub(crate) eligible: usize,
    /// How many of them have as much as the best, and all else that the Pod needs.
    pub(crate) would_take: usize,
}

/// The container that asks for most of a resource.
#[derive(Debug)]
pub(crate) struct Heaviest {
    /// Index into the Pod's containers; `None` if the Pod as a whole says what it requests, or nobody does.
    pub(crate) container: Option<usize>,
    /// The place of the request.
    pub(crate) at: FieldPath,
    /// What it asks for.
    pub(crate) amount: Quantity,
}

impl Blame {
    /// Finds the resource to blame in a verdict, memory before all others; `None` where every resource is to be had
    /// on some node, but not all on one, or where the number of Pods is the limit.
    pub(crate) fn find(
        cluster: &Cluster,
        candidate: &Candidate,
        look: Look,
        verdict: &Verdict<'_>,
        pod: &PodResources,
    ) -> Option<Self> {
        let requests = pod.requests();
        Self::of_resources(verdict).into_iter().find_map(|resource| {
            let amount = requests.get(&resource).copied().unwrap_or_default();
            let needed = unit(&resource, amount);
            let offers = offers(cluster, candidate, look, &resource);
            let best = *offers.first()?;
            let would_take =
                offers.iter().filter(|offer| offer.left() >= best.left() && !offer.short_otherwise).count();
            (best.left() < needed).then_some(Self { resource, needed, best, eligible: offers.len(), would_take })
        })
    }

    /// The resources that some node lacks, memory before all others.
    pub(crate) fn of_resources(verdict: &Verdict<'_>) -> Vec<String> {
        let reasons = verdict.reasons().into_keys();
        let mut short: Vec<String> = reasons
            .filter_map(|reason| match reason {
                Reason::Insufficient(resource) => Some(resource.clone()),
                _ => None,
            })
            .collect();
        short.sort_by_key(|resource| (resource != "memory", resource.clone()));
        short
    }

    /// How much is missing of each resource that some node lacks, on the node that has most of it: none or less where a
    /// node has enough of this one.
    pub(crate) fn shortfalls(
        cluster: &Cluster,
        candidate: &Candidate,
        look: Look,
        verdict: &Verdict<'_>,
        pod: &PodResources,
    ) -> Vec<(String, Measure)> {
        let requests = pod.requests();
        let short = |resource: String| {
            let needed = unit(&resource, requests.get(&resource).copied().unwrap_or_default());
            let best = offers(cluster, candidate, look, &resource).first()?.left();
            Some((resource, Measure::count(needed.saturating_sub(best))))
        };
        Self::of_resources(verdict).into_iter().filter_map(short).collect()
    }

    /// How much is missing on the best node.
    pub(crate) fn short(&self) -> i64 {
        self.needed.saturating_sub(self.best.left())
    }

    /// Needed, offered by the best node, and missing.
    pub(crate) fn amounts(&self) -> Compared {
        amounts::compare(&self.resource, self.needed, self.best.left())
    }

    /// What to type: the largest request that would fit, by container if lowering one is enough.
    pub(crate) fn largest(&self, pod: &PodResources, heaviest: &Heaviest) -> String {
        let resource = &self.resource;
        let left = amounts::at_most(resource, self.best.left());
        if self.best.left() == 0 {
            return format!("no request of {resource} would fit: the best eligible node has none of it left");
        }
        let on = match self.would_take {
            0 => "if it had all else that the Pod needs".to_owned(),
            count => format!("on {}", nodes(count)),
        };
        let whole = format!("the largest request of {resource} that would fit is {left} for the whole Pod, {on}");
        let Some(container) = heaviest.container.and_then(|index| pod.containers.get(index)) else { return whole };
        let short = amounts::exact(resource, self.short());
        let lowered = heaviest.amount.saturating_sub(short);
        match (lowered.is_negative() || lowered.is_zero(), self.is_enough(pod, heaviest, lowered)) {
            (false, true) => {
                let lowered = amounts::at_most(resource, unit(resource, lowered));
                format!("lower requests.{resource} of container {} to {lowered} or less: {whole}", container.name)
            }
            _ => whole,
        }
    }

    /// Whether the Pod would fit on the best node if one container asked for less.
    fn is_enough(&self, pod: &PodResources, heaviest: &Heaviest, lowered: Quantity) -> bool {
        let mut pod = pod.clone();
        let container = heaviest.container.and_then(|index| pod.containers.get_mut(index));
        let Some(container) = container else { return false };
        container.effective.requests.insert(self.resource.clone(), lowered);
        let amount = pod.requests().get(&self.resource).copied().unwrap_or_default();
        unit(&self.resource, amount) <= self.best.left()
    }
}

fn unit(resource: &str, amount: Quantity) -> i64 {
    if resource == "cpu" { amount.milli_value() } else { amount.value() }
}

/// The container that asks for most of a resource, and where it says so.
pub(crate) fn heaviest(pod: &PodResources, resource: &str, spec_at: &FieldPath) -> Heaviest {
    let of_pod = pod.pod_level.as_ref().and_then(|level| Some((level, level.effective.requests.get(resource)?)));
    if let Some((level, amount)) = of_pod {
        let at = level.at.keys(&[List::Requests.field(), resource]);
        return Heaviest { container: None, at, amount: *amount };
    }
    let amount = |index: usize| pod.containers.get(index)?.effective.requests.get(resource).copied();
    let rank = |index: &usize| {
        let is_app = pod.containers.get(*index).is_some_and(|container| container.kind == ContainerKind::App);
        (amount(*index), is_app, std::cmp::Reverse(*index))
    };
    let heaviest = (0..pod.containers.len()).filter(|index| amount(*index).is_some()).max_by_key(rank);
    match heaviest.and_then(|index| Some((index, pod.containers.get(index)?))) {
        Some((index, container)) => {
            let source = pod.source(index, List::Requests, resource);
            let at = if source.origin.is_none() { source.at } else { container.value_at(List::Requests, resource) };
            Heaviest { container: Some(index), at, amount: amount(index).unwrap_or_default() }
        }
        None => Heaviest { container: None, at: spec_at.key("containers"), amount: Quantity::ZERO },
    }
}
