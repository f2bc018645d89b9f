//! The arguments of `memlint oom`.

use std::path::PathBuf;

use clap::Args;

use crate::choices::Format;
use crate::live::LiveArgs;

const EXAMPLES: &str = "\
Examples:
  memlint oom /var/log/kern.log.1.gz
  journalctl -k -o json | memlint oom
  kubectl debug node/NODE -it --image=busybox -- chroot /host dmesg > node.log; memlint oom node.log
  kubectl get pods,nodes -A -o json > pods.json
  memlint oom node.log --pods pods.json --manifests ./k8s    names the Pod and the line to change
  memlint oom --events <(kubectl get events -A -o json)      what the cluster itself saw
  memlint oom node.log --cluster --manifests ./k8s           asks the cluster itself

Exit codes: 0 the log could be read, whatever is in it; 2 it could not.";

/// The arguments of `memlint oom`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct OomArgs {
    /// Kernel logs; - is standard input, which is also read when no file is named
    ///
    /// Any text that holds the kernel's lines will do: dmesg, journalctl (-o json too), syslog, container logs, with
    /// any prefix; gzip, UTF-16 and logs with their newest line first are recognised.
    #[arg(value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// What kubectl get pods -A -o json (or yaml) printed: names Pods and containers
    ///
    /// Nodes in the same list (kubectl get pods,nodes) give the size of each node.
    #[arg(long, value_name = "FILE")]
    pub pods: Vec<PathBuf>,
    /// A manifest or folder of manifests: finds the line to change
    #[arg(long, value_name = "PATH")]
    pub manifests: Vec<PathBuf>,
    /// More manifests, after --
    #[arg(last = true, value_name = "PATH")]
    pub more_manifests: Vec<PathBuf>,
    /// What nodes there are (kubectl get nodes,pods -A -o yaml, or a capacity file): says whether the change has room
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// What kubectl get events -A -o json (or yaml) printed: counts what review would have caught
    #[arg(long, value_name = "FILE")]
    pub events: Vec<PathBuf>,
    /// The live cluster: its Pods and nodes, in place of --pods and --capacity
    #[command(flatten)]
    pub live: LiveArgs,
    /// With --cluster: its events too
    #[arg(long, requires = "cluster")]
    pub cluster_events: bool,
    /// The nodes' memory, as status.capacity.memory has it: turns oom_score_adj into a request
    #[arg(long, value_name = "QUANTITY", value_parser = node_memory)]
    pub node_memory: Option<u64>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

fn node_memory(text: &str) -> Result<u64, String> {
    let quantity = memlint_kubernetes::quantity::Quantity::parse(text).map_err(|error| error.to_string())?;
    match u64::try_from(quantity.value()) {
        Ok(bytes) if bytes >= 1 << 20 => Ok(bytes),
        _ => Err("a node has at least 1Mi; write it as Kubernetes does, such as 16Gi".to_owned()),
    }
}
