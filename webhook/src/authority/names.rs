//! [`Names`]: what the authority and what uses it are called in the cluster.

/// The names of what belongs to the webhook in a cluster.
#[derive(Debug, Clone)]
pub struct Names {
    /// The namespace of Secret and Service.
    pub namespace: String,
    /// The Secret that the CA is kept in. It must be there, and may be empty.
    pub secret: String,
    /// The ValidatingWebhookConfiguration whose caBundle is kept right.
    pub webhook_config: String,
    /// The Service through which API servers call.
    pub service: String,
}
