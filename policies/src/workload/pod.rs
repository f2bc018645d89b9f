//! The Pod that comes of a workload, as admission is asked about it.

use std::sync::Arc;

use super::Workload;
use crate::finding::ObjectRef;
use crate::path::FieldPath;
use crate::scale::Scale;

impl Workload {
    /// A Pod that comes of this workload: of kind Pod, by another name, with the labels and annotations of the template.
    /// All paths stay those in the workload.
    #[must_use]
    pub fn pod(&self) -> Self {
        let metadata = self.template.metadata.as_ref();
        let inside = |at: &FieldPath| at.starts_with(&self.template_at);
        let object = ObjectRef {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: self.object.namespace.clone(),
            name: self.object.name.as_deref().map(|name| self.name_of_pod(name)),
        };
        let mut pod = self.clone();
        pod.object = Arc::new(object);
        pod.labels = metadata.and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
        // Those of the template are read where they stand.
        pod.annotations.clear();
        pod.scale = Scale::one(&self.template_at);
        pod.problems.retain(|problem| inside(&problem.at));
        pod.invalid.retain(|problem| inside(&problem.at));
        pod
    }

    /// The name, with `*` for what its controller makes up.
    fn name_of_pod(&self, name: &str) -> String {
        match self.object.kind.as_str() {
            "StatefulSet" => format!("{name}-0"),
            // A ReplicaSet or a Job stands between.
            "Deployment" | "CronJob" => format!("{name}-*-*"),
            _ => format!("{name}-*"),
        }
    }
}
