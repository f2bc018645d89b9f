//! [`Reason`]: why a node is out, in the scheduler's own words for each release.

use crate::node::Taint;

/// A minor release of Kubernetes, `Release(36)` for 1.36: the words have changed over time, the verdicts have not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u32);

impl Default for Release {
    /// The release whose scheduler the tests agree with.
    fn default() -> Self {
        Self(36)
    }
}

/// Why the scheduler does not take a node, by the first filter that refuses it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The node is cordoned (NodeUnschedulable).
    Cordoned,
    /// The Pod names another node (NodeName).
    OtherNode,
    /// A taint is not tolerated; the first of the node's (TaintToleration).
    Taint(Taint),
    /// `nodeSelector` or required node affinity does not match (NodeAffinity).
    NodeAffinity,
    /// Node affinity names other nodes, so that the scheduler does not even look at this one.
    NotNamed,
    /// A host port is taken (NodePorts).
    HostPorts,
    /// The node has as many Pods as it takes (NodeResourcesFit).
    TooManyPods,
    /// A resource is short (NodeResourcesFit).
    Insufficient(String),
    /// A topology spread constraint would be broken (PodTopologySpread).
    Spread,
    /// The node lacks the label of a topology spread constraint.
    SpreadLabel,
    /// No Pod that the Pod wants to be near (InterPodAffinity).
    PodAffinity,
    /// A Pod that the Pod wants to be far from.
    PodAntiAffinity,
    /// A Pod that wants to be far from the Pod.
    ExistingAntiAffinity,
}

impl Reason {
    /// Whether this keeps a Pod of any size away.
    #[must_use]
    pub fn bars(&self) -> bool {
        matches!(
            self,
            Self::Cordoned | Self::OtherNode | Self::Taint(_) | Self::NodeAffinity | Self::NotNamed | Self::SpreadLabel
        )
    }

    /// The reason as a release words it in `FailedScheduling` events.
    #[must_use]
    pub fn text(&self, release: Release) -> String {
        let text = match self {
            Self::Cordoned => "node(s) were unschedulable",
            Self::OtherNode => "node(s) didn't match the requested node name",
            Self::Taint(Taint { key, value, .. }) => match release.0 {
                ..=23 => return format!("node(s) had taint {{{key}: {value}}}, that the pod didn't tolerate"),
                24..=35 => return format!("node(s) had untolerated taint {{{key}: {value}}}"),
                _ => "node(s) had untolerated taint(s)",
            },
            Self::NodeAffinity => "node(s) didn't match Pod's node affinity/selector",
            Self::NotNamed => "node(s) didn't satisfy plugin(s) [NodeAffinity]",
            Self::HostPorts => "node(s) didn't have free ports for the requested pod ports",
            Self::TooManyPods => "Too many pods",
            Self::Insufficient(resource) => return format!("Insufficient {resource}"),
            Self::Spread => "node(s) didn't match pod topology spread constraints",
            Self::SpreadLabel => "node(s) didn't match pod topology spread constraints (missing required label)",
            Self::PodAffinity => "node(s) didn't match pod affinity rules",
            Self::PodAntiAffinity => "node(s) didn't match pod anti-affinity rules",
            Self::ExistingAntiAffinity => "node(s) didn't satisfy existing pods anti-affinity rules",
        };
        text.to_owned()
    }

    /// Whether a larger or emptier node of the same kind would do: all that is wrong is room.
    #[must_use]
    pub fn is_room(&self) -> bool {
        matches!(self, Self::TooManyPods | Self::Insufficient(_))
    }
}
