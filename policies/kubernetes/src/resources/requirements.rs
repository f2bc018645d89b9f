//! The two lists of a `resources` block.

use crate::aggregate::ResourceList;
use crate::validation::defaulting::ContainerLists;

/// One of the two lists of a `resources` block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// `requests`: what the scheduler counts.
    Requests,
    /// `limits`: what the kernel enforces.
    Limits,
}

impl List {
    /// The field's name.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            List::Requests => "requests",
            List::Limits => "limits",
        }
    }

    /// One value of it, for a message.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            List::Requests => "request",
            List::Limits => "limit",
        }
    }
}

/// The two lists of a `resources` block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Requirements {
    /// What is asked for.
    pub requests: ResourceList,
    /// What may be used.
    pub limits: ResourceList,
}

impl Requirements {
    /// One of the lists.
    #[must_use]
    pub fn list(&self, list: List) -> &ResourceList {
        match list {
            List::Requests => &self.requests,
            List::Limits => &self.limits,
        }
    }

    pub(crate) fn list_mut(&mut self, list: List) -> &mut ResourceList {
        match list {
            List::Requests => &mut self.requests,
            List::Limits => &mut self.limits,
        }
    }

    pub(super) fn of(lists: &ContainerLists) -> Self {
        Self { requests: lists.requests.clone().unwrap_or_default(), limits: lists.limits.clone().unwrap_or_default() }
    }

    pub(super) fn lists(&self) -> ContainerLists {
        ContainerLists { requests: Some(self.requests.clone()), limits: Some(self.limits.clone()) }
    }
}
