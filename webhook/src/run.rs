//! From the command line to the end.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch as channel;
use tokio::task::JoinSet;

use crate::args::Args;
use crate::server::{Phase, Server, Timeouts};
use crate::state::{App, Limits, Rulebook};
use crate::{capacity, certificates, cluster, log, policy, router};

/// How long clients are told to connect elsewhere before connections are closed.
const CLOSING: Duration = Duration::from_secs(2);

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let result = log::start(args.log_format, &args.log).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(run(args))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            _ = writeln!(std::io::stderr(), "memlint-webhook: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    // Destructured whole: an option that nothing uses does not compile.
    let Args {
        listen,
        metrics_listen,
        policy,
        capacity,
        kubeconfig,
        nodes,
        tls,
        review,
        limits: taken,
        log: _,
        log_format: _,
    } = args;
    let (rulebook, policy_text) = load_policy(policy.as_ref())?;
    let limits = Limits { answer_within: taken.answer_within, reviews: taken.max_reviews, ..Limits::default() };
    let app = Arc::new(App::new(rulebook, review.options(), limits));
    let mut followers = JoinSet::new();
    let in_cluster = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    if kubeconfig.is_some() || (in_cluster && capacity.is_empty()) {
        let client = cluster::client(kubeconfig.as_deref()).await?;
        followers.spawn(cluster::follow(app.clone(), client, nodes, cluster::STALE));
    } else {
        let texts = capacity::load(&app, &capacity, nodes).map_err(anyhow::Error::msg)?;
        if !capacity.is_empty() {
            followers.spawn(capacity::follow(app.clone(), capacity, nodes, tls.reload_every, texts));
        }
    }
    let config = certificates::start(&tls, &app, kubeconfig.as_deref(), review.own_namespace, &mut followers).await?;
    let server = |listener, tls, router| Server {
        listener,
        tls,
        router,
        app: app.clone(),
        timeouts: Timeouts::default(),
        max_connections: taken.max_connections,
    };
    let bind = async |address| TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"));
    let listener = bind(listen).await?;
    let address = listener.local_addr()?;
    let (phases, phase) = channel::channel(Phase::Serving);
    let mut servers = JoinSet::new();
    servers.spawn(server(listener, Some(Arc::new(config)), router::all(app.clone())).run(phase.clone()));
    if let Some(address) = metrics_listen {
        servers.spawn(server(bind(address).await?, None, router::open(app.clone())).run(phase.clone()));
    }
    if let (Some(file), Some(text)) = (policy, policy_text) {
        followers.spawn(policy::follow(app.clone(), file, tls.reload_every, vec![text]));
    }
    tracing::info!(%address, hash = app.rulebook.load().hash, "serving");
    if let Some(folder) = &tls.self_signed {
        tracing::info!(
            "try it: curl --cacert {} -H 'Content-Type: application/json' --data-binary @review.json \
             https://localhost:{}/validate",
            folder.join("ca.crt").display(),
            address.port(),
        );
    }
    wait_and_drain(&app, &phases, taken.drain_delay).await?;
    while servers.join_next().await.is_some() {}
    tracing::info!("done");
    Ok(())
}

/// Waits for a signal, then goes without any request noticing: first the cluster learns of it, then clients.
async fn wait_and_drain(app: &App, phases: &channel::Sender<Phase>, delay: Duration) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let delay = tokio::select! {
        _ = terminate.recv() => delay,
        _ = interrupt.recv() => Duration::ZERO,
    };
    app.health.drain();
    tracing::info!(?delay, "draining");
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        _ = interrupt.recv() => {}
    }
    _ = phases.send(Phase::Closing);
    tokio::time::sleep(CLOSING.min(delay)).await;
    _ = phases.send(Phase::Stopping);
    Ok(())
}

/// The policy, and the text it was read from.
fn load_policy(file: Option<&PathBuf>) -> anyhow::Result<(Rulebook, Option<Vec<u8>>)> {
    let Some(file) = file else { return Ok((policy::shipped().map_err(anyhow::Error::msg)?, None)) };
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let rulebook = policy::parse(&file.display().to_string(), &bytes).map_err(anyhow::Error::msg)?;
    Ok((rulebook, Some(bytes)))
}
