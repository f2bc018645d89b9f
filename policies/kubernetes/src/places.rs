//! Where things stand in an object: a container ([`ContainerPlace`]), and which of many places a path leads to or below,
//! without asking each of them ([`Places`]).

use std::collections::HashMap;

use crate::aggregate::ContainerKind;
use crate::path::{FieldPath, Segment};

/// Where one container stands.
#[derive(Debug, Clone)]
pub struct ContainerPlace {
    /// Application container, init container or sidecar.
    pub kind: ContainerKind,
    /// The index in `containers` or `initContainers` of the template.
    pub index: usize,
    /// The container's place.
    pub at: FieldPath,
    /// The place of its `resources` block, there or not.
    pub resources_at: FieldPath,
}

/// Places, each with something that is there.
#[derive(Debug, Clone)]
pub struct Places<'p, T>(HashMap<&'p [Segment], T>);

impl<'p, T> Places<'p, T> {
    /// Of two things in one place the first counts.
    pub(crate) fn new(all: impl Iterator<Item = (&'p FieldPath, T)>) -> Self {
        let mut places = HashMap::new();
        for (place, thing) in all {
            places.entry(place.segments()).or_insert(thing);
        }
        Self(places)
    }

    /// What is in the place that a path leads to or below, the innermost if there are several, and the rest of the path.
    pub fn around<'a>(&self, path: &'a FieldPath) -> Option<(&T, &'a [Segment])> {
        let segments = path.segments();
        (0..=segments.len()).rev().find_map(|length| {
            let (above, below) = segments.split_at_checked(length)?;
            Some((self.0.get(above)?, below))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_place_around_a_path_is_found() {
        let containers = FieldPath::of(&["spec", "containers"]);
        let [first, second] = [0, 1].map(|index| containers.index(index));
        let places =
            Places::new([(&containers, "all"), (&first, "first"), (&second, "second"), (&first, "again")].into_iter());
        let below = second.keys(&["resources", "limits"]);
        for (path, found) in [
            (&FieldPath::of(&["spec"]), None),
            (&containers, Some(("all", 0))),
            (&containers.index(7), Some(("all", 1))),
            (&first, Some(("first", 0))),
            (&below, Some(("second", 2))),
        ] {
            let around = places.around(path).map(|(thing, rest)| (*thing, rest.len()));
            assert_eq!(around, found, "{path:?}");
        }
    }
}
