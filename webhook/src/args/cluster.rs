//! What the webhook asks of a cluster, and tells it, beyond the objects that it always watches.

use clap::Args as ClapArgs;

/// What is asked of the cluster, and told to it.
#[derive(Debug, ClapArgs)]
pub struct ClusterArgs {
    /// Watch Pods too, for the rule does-not-fit-now. It costs memory for each Pod that runs
    #[arg(long, conflicts_with = "capacity")]
    pub watch_pods: bool,
    /// Tell of denials in Kubernetes Events. The webhook then has side effects, but for dry runs: its configuration
    /// must say sideEffects: NoneOnDryRun. Whoever reaches the port can have Events made: see --client-ca
    #[arg(long)]
    pub events: bool,
    /// The webhook's own Pod, for Events about its policy file
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    pub own_pod: Option<String>,
}
