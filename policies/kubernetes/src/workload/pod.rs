//! The Pod that comes of a workload, as admission is asked about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Workload;
use crate::reference::ObjectRef;
use crate::scale::Scale;

impl Workload {
    /// A Pod that comes of this workload: of kind Pod, by another name, with the labels and annotations of the template.
    /// All paths stay those in the workload.
    #[must_use]
    pub fn into_pod(self) -> Self {
        let metadata = self.template.metadata.as_ref();
        let object = ObjectRef {
            api_version: "v1".to_owned(),
            kind: "Pod".to_owned(),
            namespace: self.object.namespace.clone(),
            name: self.object.name.as_deref().map(|name| self.name_of_pod(name)),
        };
        let labels = metadata.and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
        let (scale, template_at) = (Scale::one(&self.template_at), self.template_at.clone());
        // The annotations of the template are read where they stand.
        let mut pod = Self { object: Arc::new(object), labels, annotations: BTreeMap::new(), scale, ..self };
        pod.problems.retain(|problem| problem.at.starts_with(&template_at));
        pod.invalid.retain(|problem| problem.at.starts_with(&template_at));
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
