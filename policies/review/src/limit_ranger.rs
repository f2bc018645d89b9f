//! The annotation in which LimitRanger notes what it wrote into a Pod: `LimitRanger plugin set: cpu, memory request
//! for container app; memory limit for init container init` (`plugin/pkg/admission/limitranger`).

use memlint_kubernetes::resources::MEMORY;

/// The key of the annotation.
pub const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// What LimitRanger wrote of a container's memory.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    request: bool,
    limit: bool,
}

impl Written {
    /// What the annotation says of one container.
    pub(crate) fn of(annotation: &str, container: &str) -> Self {
        let mut written = Self::default();
        let parts = annotation.strip_prefix("LimitRanger plugin set:").unwrap_or_default().split(';');
        for part in parts {
            let Some((what, name)) = part.trim().split_once(" for ") else { continue };
            let name = name.strip_prefix("init ").unwrap_or(name).strip_prefix("container ");
            let Some((resources, list)) = what.rsplit_once(' ') else { continue };
            if name != Some(container) || !resources.split(',').any(|resource| resource.trim() == MEMORY) {
                continue;
            }
            written.request |= list == "request";
            written.limit |= list == "limit";
        }
        written
    }

    /// What it means for someone who never wrote the value.
    pub(crate) fn note(self) -> Option<&'static str> {
        match (self.request, self.limit) {
            (false, false) => None,
            (true, false) => Some("the memory request was set by a LimitRange of the namespace"),
            (false, true) => Some("the memory limit was set by a LimitRange of the namespace"),
            (true, true) => Some("memory request and limit were set by a LimitRange of the namespace"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_limit_ranger_set_is_read_from_its_annotation() {
        let text = "LimitRanger plugin set: cpu, memory request for container app; memory limit for init container db; \
                    cpu limit for container web";
        assert_eq!(Written::of(text, "app"), Written { request: true, limit: false });
        assert_eq!(Written::of(text, "db"), Written { request: false, limit: true });
        assert_eq!(Written::of(text, "web"), Written::default());
        assert_eq!(Written::of("memory request for container app", "app"), Written::default());
    }
}
