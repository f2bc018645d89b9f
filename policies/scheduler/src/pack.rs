//! [`pack`]: how many Pods of a kind find a place, each counted as bound for the next.
//!
//! Every placement passes the filters as they stand then, so the number can really be reached: it is a lower bound of
//! what is possible. Which of several nodes the scheduler would prefer is not modelled. For Pods that only fill nodes
//! the number does not depend on that and is exact; so it is for one spread constraint, or one anti-affinity or
//! affinity term among the Pods themselves, where the choice here is the best one: the emptiest domain first, and for
//! Pods that want to be together the domain with most room. Where several such wishes meet, another order might place
//! more, and a scheduler that scores otherwise may place fewer.
use std::collections::{BTreeMap, VecDeque};

use super::candidate::Candidate;
use super::cluster::{Cluster, Look};
use super::filter::filter;
use super::situation::{Code, Situation};
use super::verdict::Verdict;

/// Where so many Pods of a kind went.
#[derive(Debug, Clone)]
pub struct Packing<'a> {
    /// How many found a place.
    pub placed: u64,
    /// On which nodes (indices into the cluster's), and how many on each.
    pub nodes: BTreeMap<usize, u64>,
    /// The verdict on the first that found none, if there was one.
    pub next: Option<Verdict<'a>>,
}

/// Places Pods like the candidate one by one, until all are placed or the next finds no node.
#[must_use]
pub fn pack<'a>(cluster: &'a Cluster, candidate: &'a Candidate, replicas: u64, look: impl Into<Look>) -> Packing<'a> {
    let look = look.into();
    let first = filter(cluster, candidate, look);
    if !first.fits() {
        let next = (replicas > 0).then_some(first);
        return Packing { placed: 0, nodes: BTreeMap::new(), next };
    }
    let mut situation = Situation::new(cluster, candidate, look);
    let wanted = i64::try_from(replicas).unwrap_or(i64::MAX);
    if candidate.minds_its_like() {
        place_apart(&mut situation, wanted);
    } else {
        fill(&mut situation, &first, wanted);
    }
    let counts = (0..cluster.nodes().len()).map(|node| (node, u64::try_from(situation.placed(node)).unwrap_or(0)));
    let nodes: BTreeMap<usize, u64> = counts.filter(|(_, pods)| *pods > 0).collect();
    let placed = nodes.values().sum();
    Packing { placed, nodes, next: (placed < replicas).then(|| situation.verdict()) }
}

/// Pods that do not mind one another: each node takes what it has room for, in whatever order.
fn fill(situation: &mut Situation<'_>, first: &Verdict<'_>, mut left: i64) {
    for node in first.feasible() {
        let pods = situation.capacity(*node).min(left);
        if pods > 0 {
            situation.place(*node, pods);
            left -= pods;
        }
    }
}

/// Nodes that are in the same domains of every topology that matters: what holds for one holds for all.
#[derive(Debug, Default)]
struct Site {
    /// Nodes with room, and for how many.
    nodes: Vec<(usize, i64)>,
}

/// Domains, one of each topology, and whether Pods there count.
type Place = Vec<(Option<usize>, bool)>;

/// Pods that mind where their like is: in turn through the areas that spread constraints see, the emptiest first.
fn place_apart(situation: &mut Situation<'_>, mut left: i64) {
    let mut areas = areas(situation);
    while left > 0 {
        let load = |area: &VecDeque<Site>| -> i64 {
            let node = area.front().and_then(|site| site.nodes.last());
            node.map_or(0, |(node, _)| situation.skews.iter().filter_map(|skew| skew.here(*node)).sum())
        };
        areas.retain(|area| !area.is_empty());
        areas.sort_by_cached_key(load);
        let before = left;
        for area in &mut areas {
            if left > 0 && place_one(situation, area) {
                left -= 1;
            }
        }
        if left == before {
            return;
        }
    }
}

/// Places one Pod somewhere in an area, if it can be.
fn place_one(situation: &mut Situation<'_>, area: &mut VecDeque<Site>) -> bool {
    for _ in 0..area.len() {
        let Some(mut site) = area.pop_front() else { return false };
        let Some((node, room)) = site.nodes.last_mut() else { continue };
        match situation.company(*node) {
            Code::Fits => {
                situation.place(*node, 1);
                *room -= 1;
                if *room == 0 {
                    site.nodes.pop();
                }
                // Pods that want to be together stay until there is no more room; others move on.
                if situation.candidate.affinity.is_empty() {
                    area.push_back(site);
                } else {
                    area.push_front(site);
                }
                return true;
            }
            // Nobody leaves: who is disliked here stays disliked.
            Code::Disliked | Code::Repelled | Code::NoDomain => {}
            Code::Uneven => {
                area.push_front(site);
                return false;
            }
            _ => area.push_back(site),
        }
    }
    false
}

/// The sites by area. For Pods that want to be together, those in the domain with most room come first.
fn areas(situation: &Situation<'_>) -> Vec<VecDeque<Site>> {
    let mut areas: BTreeMap<Place, BTreeMap<Vec<Option<usize>>, Site>> = BTreeMap::new();
    let mut room_near: BTreeMap<Option<usize>, i64> = BTreeMap::new();
    for node in 0..situation.cluster.nodes().len() {
        let room = if situation.gate(node) == Code::Fits { situation.capacity(node) } else { 0 };
        if room > 0 {
            let place = situation.skews.iter().map(|skew| skew.domain(node)).collect();
            let near = situation.neighbours.domains(node).collect();
            areas.entry(place).or_default().entry(near).or_default().nodes.push((node, room));
            let total = room_near.entry(situation.neighbours.first_domain(node)).or_default();
            *total = total.saturating_add(room);
        }
    }
    let together = situation.neighbours.is_alone() && !situation.candidate.affinity.is_empty();
    let mut areas: Vec<VecDeque<Site>> = areas
        .into_values()
        .map(|sites| {
            let mut sites: Vec<Site> = sites.into_values().collect();
            sites.iter_mut().for_each(|site| site.nodes.reverse());
            sites.sort_by_key(|site| std::cmp::Reverse(most_room(situation, site, &room_near, together)));
            sites.into()
        })
        .collect();
    let first = |area: &VecDeque<Site>| area.front().map(|site| most_room(situation, site, &room_near, together));
    areas.sort_by_key(|area| std::cmp::Reverse(first(area)));
    areas
}

fn most_room(
    situation: &Situation<'_>,
    site: &Site,
    room_near: &BTreeMap<Option<usize>, i64>,
    together: bool,
) -> (i64, Option<usize>) {
    let domain = site.nodes.last().and_then(|(node, _)| situation.neighbours.first_domain(*node));
    if together { (room_near.get(&domain).copied().unwrap_or(0), domain) } else { (0, None) }
}
