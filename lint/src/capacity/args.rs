//! What can be typed after `memlint capacity`.
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::choices::Format;
use crate::live::ClusterArgs;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum CapacityCommand {
    /// Explain what a machine leaves to Pods, step by step
    #[command(
        after_help = "Examples:\n  memlint capacity node aks Standard_DS2_v2 --kubernetes 1.28 --max-pods 110\n  memlint capacity node aks Standard_D4s_v5 --kubernetes 1.28..1.29     what an upgrade frees\n  memlint capacity node eks m5.xlarge --measured 15896988Ki            with the Node's own status.capacity.memory\n  memlint capacity node kubeadm --memory 16Gi --cpu 4                  a machine of no cloud"
    )]
    Node(Box<NodeArgs>),
    /// List the VM sizes whose nodes can hold a request
    #[command(
        after_help = "Examples:\n  memlint capacity sizes aks --memory 16Gi\n  memlint capacity sizes eks --memory 6Gi --cpu 3500m --limit 5"
    )]
    Sizes(Box<SizesArgs>),
    /// Draw what nodes have, by pool: reserved, DaemonSets, requested, free
    #[command(
        after_help = "Examples:\n  memlint capacity show capacity.yaml\n  kubectl get nodes,pods,daemonsets -A -o yaml | memlint capacity show -"
    )]
    Show(ShowArgs),
    /// Write a capacity file of a live cluster, or of what kubectl printed of one
    ///
    /// It has no names of nodes, no Pods, no annotations: pools with labels, taints, what they offer, what is requested
    /// of each node today, and the objects that limit namespaces. Set count.max of pools that an autoscaler may enlarge.
    #[command(
        after_help = "Examples:\n  memlint capacity snapshot -o capacity.yaml\n  memlint capacity snapshot --context prod -o prod.yaml\n  kubectl get nodes,pods,daemonsets,limitranges,resourcequotas,runtimeclasses,priorityclasses,namespaces -A -o yaml | memlint capacity snapshot --from -"
    )]
    Snapshot(SnapshotArgs),
    /// Print the JSON Schema of capacity files, for editors
    Schema,
}

/// The arguments of `capacity snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// The cluster to ask
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What kubectl get -A -o yaml printed, or a capacity file, in place of a live cluster; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kubeconfig", "context"])]
    pub from: Vec<PathBuf>,
    /// Where to write it; by default it is printed
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What is known of a machine's kubelet.
#[derive(Debug, Args)]
pub struct KubeletArgs {
    /// The kubelet's version, such as 1.33
    #[arg(long, value_name = "VERSION")]
    pub kubernetes: Option<String>,
    /// The kubelet's maxPods, where it is not the provider's default
    #[arg(long, value_name = "N")]
    pub max_pods: Option<u32>,
    /// AKS: how Pods get addresses, which decides the default of maxPods
    #[arg(long, value_name = "NETWORK", value_parser = ["overlay", "pod-subnet", "node-subnet", "kubenet"])]
    pub network: Option<String>,
    /// AKS: Windows Server nodes
    #[arg(long)]
    pub windows: bool,
    /// The kubelet's kubeReserved, such as memory=1Gi,cpu=100m; a quantity alone is memory
    #[arg(long, value_name = "LIST")]
    pub kube_reserved: Option<String>,
    /// The kubelet's systemReserved, likewise
    #[arg(long, value_name = "LIST")]
    pub system_reserved: Option<String>,
    /// The kubelet's evictionHard, such as memory.available=100Mi,nodefs.available=10%; a quantity alone is memory
    #[arg(long, value_name = "LIST")]
    pub eviction_hard: Option<String>,
}

/// The arguments of `capacity node`.
#[derive(Debug, Args)]
pub struct NodeArgs {
    /// aks, eks, gke, openshift, kubeadm, k3s, rke2, kind or minikube
    pub provider: String,
    /// The VM size, such as Standard_D4s_v5, m5.xlarge or n2-standard-4
    #[arg(required_unless_present = "memory")]
    pub size: Option<String>,
    /// A machine of no size: its memory, in place of SIZE
    #[arg(long, value_name = "QUANTITY", conflicts_with = "size")]
    pub memory: Option<String>,
    /// A machine of no size: its CPUs
    #[arg(long, value_name = "N", requires = "memory")]
    pub cpu: Option<String>,
    /// What the Node's own status.capacity.memory says, in place of an estimate
    #[arg(long, value_name = "QUANTITY")]
    pub measured: Option<String>,
    /// What the Node's own status.capacity says of ephemeral-storage
    #[arg(long, value_name = "QUANTITY")]
    pub ephemeral_storage: Option<String>,
    /// What is known of the kubelet; of two versions, 1.28..1.29, the difference is shown
    #[command(flatten)]
    pub kubelet: KubeletArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// The arguments of `capacity sizes`.
#[derive(Debug, Args)]
pub struct SizesArgs {
    /// aks, eks, gke, openshift, kubeadm, k3s, rke2; of those that run on any cloud, with --cloud
    pub provider: String,
    /// Memory that one Pod, or all Pods of a node, request together; add that of DaemonSets
    #[arg(long, value_name = "QUANTITY", required_unless_present = "cpu")]
    pub memory: Option<String>,
    /// CPU likewise
    #[arg(long, value_name = "QUANTITY")]
    pub cpu: Option<String>,
    /// Whose sizes, for a provider that runs on all clouds
    #[arg(long, value_parser = ["aws", "azure", "gcp"])]
    pub cloud: Option<String>,
    /// How many to list, the smallest first; 0 lists all
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// What is known of the kubelet
    #[command(flatten)]
    pub kubelet: KubeletArgs,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// The arguments of `capacity show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// What kubectl get nodes,pods,daemonsets -A -o yaml prints, or capacity files; - is standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Draw every node, also where there are many
    #[arg(long)]
    pub nodes: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}
