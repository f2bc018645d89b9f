//! The options of rendering.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use memlint_policies::policy::Render;

/// How charts and kustomizations are rendered.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Charts and kustomizations")]
pub struct RenderArgs {
    /// Do not render charts and kustomizations: read only what is written
    #[arg(long)]
    pub no_render: bool,
    /// Values file for every chart, after its own; can be given several times
    #[arg(long, value_name = "FILE")]
    pub values: Vec<PathBuf>,
    /// A value for every chart, as for helm template
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Name of the release; by default the chart's own
    #[arg(long, value_name = "NAME")]
    pub release: Option<String>,
    /// An API that the cluster has, such as monitoring.coreos.com/v1; can be given several times
    #[arg(long, value_name = "GROUP/VERSION")]
    pub api_versions: Vec<String>,
    /// The cluster's version that charts are told, such as 1.33; by default 1.36
    #[arg(long, value_name = "VERSION")]
    pub kube_version: Option<String>,
    /// A folder with packed charts, such as redis-19.0.1.tgz, for releases of charts that are not in the tree
    #[arg(long, value_name = "FOLDER")]
    pub chart_cache: Option<PathBuf>,
    /// Let kustomize inflate Helm charts (helmCharts:)
    #[arg(long)]
    pub enable_helm: bool,
    /// The most time for one chart or kustomization, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub render_timeout: u64,
}

impl RenderArgs {
    /// The most time for one.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.render_timeout)
    }
}

/// Everything that decides about rendering: the command line, and the policy with the folder that its paths begin at.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The command line.
    pub args: &'a RenderArgs,
    /// The policy.
    pub policy: &'a Render,
    /// The policy's folder.
    pub folder: &'a Path,
}
