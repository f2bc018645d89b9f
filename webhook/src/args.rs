//! The command line of the webhook.

mod cluster;
mod parsers;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args as ClapArgs, Parser, ValueEnum};
use memlint_review::ReviewOptions;

pub use cluster::ClusterArgs;
use parsers::{at_least_one, duration, filter, some_time};

const EXAMPLES: &str = "\
Examples:
  memlint-webhook --self-signed ./try                      try it out; it prints a curl line
  memlint-webhook --tls-cert /tls/tls.crt --tls-key /tls/tls.key --policy /etc/memlint/memlint.yaml
  memlint-webhook --ca-secret memlint-ca --webhook-config memlint --own-namespace memlint      as a Pod in a cluster
  memlint-webhook ... --enforcement warn                   first see what would be refused";

/// Refuses Pods that would stay Pending, be Evicted or be OOMKilled, before they are stored.
#[derive(Debug, Parser)]
#[command(name = "memlint-webhook", version, after_help = EXAMPLES)]
#[command(group(ArgGroup::new("certificate").required(true).multiple(true).args(["tls_cert", "self_signed", "ca_secret"])))]
pub struct Args {
    /// Address to listen on, for HTTPS: /validate, /livez, /readyz, /metrics
    #[arg(long, value_name = "ADDR", default_value = "0.0.0.0:8443")]
    pub listen: SocketAddr,
    /// Address to serve metrics and health on over plain HTTP as well
    #[arg(long, value_name = "ADDR")]
    pub metrics_listen: Option<SocketAddr>,
    /// Policy file; without one the default policy holds. It is read again when it changes
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// What nodes there are: what kubectl get nodes,daemonsets,limitranges,runtimeclasses -A -o yaml prints, or a
    /// capacity file; several add up. They are read again when they change
    #[arg(long, value_name = "FILE")]
    pub capacity: Vec<PathBuf>,
    /// Watch the cluster of this file; as a Pod in a cluster, and without --capacity, that cluster is watched anyway
    #[arg(long, value_name = "FILE", conflicts_with = "capacity")]
    pub kubeconfig: Option<PathBuf>,
    /// What is asked of the cluster, and told to it.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Where the certificate comes from.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// What becomes of findings.
    #[command(flatten)]
    pub review: ReviewOptions,
    /// How much is taken on.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// How to write the log
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What to log: off, error, warn, info, debug, or a filter such as memlint_webhook=debug
    #[arg(long, value_name = "FILTER", default_value = "info", value_parser = filter)]
    pub log: String,
}

/// Where the certificate comes from.
#[derive(Debug, ClapArgs)]
pub struct TlsArgs {
    /// Certificate chain, PEM; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key, PEM; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Make a CA and a certificate in this folder, for trying it out
    #[arg(long, value_name = "DIR", conflicts_with_all = ["tls_cert", "tls_key"])]
    pub self_signed: Option<PathBuf>,
    /// Keep a CA of our own in this Secret of the own namespace, which must be there and may be empty, sign with it, and
    /// have API servers trust it
    #[arg(
        long,
        value_name = "NAME",
        requires = "webhook_config",
        conflicts_with_all = ["tls_cert", "tls_key", "self_signed"]
    )]
    pub ca_secret: Option<String>,
    /// The ValidatingWebhookConfiguration to put the CA's certificate into; nothing else in it is touched
    #[arg(long, value_name = "NAME", requires = "ca_secret", conflicts_with_all = ["tls_cert", "self_signed"])]
    pub webhook_config: Option<String>,
    /// The Service that API servers call the webhook through, in the own namespace: what the certificate is for
    #[arg(long, value_name = "NAME", default_value = "memlint")]
    pub service: String,
    /// Ask for client certificates of the CAs in this file, PEM; read again when it changes. The API server must be told
    /// which to show (--admission-control-config-file). Probes have none: they need --metrics-listen
    #[arg(long, value_name = "FILE", requires = "client_name")]
    pub client_ca: Option<PathBuf>,
    /// A name that a client's certificate may have, as its common name or an alternative name; may be given again
    #[arg(long, value_name = "NAME", requires = "client_ca")]
    pub client_name: Vec<String>,
    /// The oldest version of TLS to speak
    #[arg(long, value_enum, default_value_t = TlsVersion::V1_2)]
    pub tls_min: TlsVersion,
    /// How often files are looked at for changes
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = some_time)]
    pub reload_every: Duration,
}

/// How much is taken on.
#[derive(Debug, ClapArgs)]
pub struct LimitArgs {
    /// The most time for one answer; the API server's own timeout counts if it is shorter
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = some_time)]
    pub answer_within: Duration,
    /// How many connections are served at a time; others wait
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = at_least_one)]
    pub max_connections: usize,
    /// How many requests are under review at a time; others get 503 at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one)]
    pub max_reviews: usize,
    /// How long to go on serving after SIGTERM, while the cluster learns that this replica is going
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub drain_delay: Duration,
}

/// Formats of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Versions of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TlsVersion {
    /// TLS 1.2
    #[value(name = "1.2")]
    V1_2,
    /// TLS 1.3
    #[value(name = "1.3")]
    V1_3,
}
