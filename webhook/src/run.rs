//! From the command line to the end.

use std::path::{Path, PathBuf};
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
use crate::events::{self, Events};
use crate::server::{Phase, Server, Timeouts};
use crate::state::{App, Limits, Rulebook};
use crate::{capacity, certificates, cluster, hint, log, policy, router};

/// How long clients are told to connect elsewhere before connections are closed.
const CLOSING: Duration = Duration::from_secs(2);

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let args = Args::parse();
    let result = log::start(args.log_format, &args.log).and_then(|()| {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        // What a large review took of memory is given back with its thread.
        runtime.enable_all().thread_keep_alive(Duration::ZERO);
        runtime.build()?.block_on(run(args))
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
        cluster: of_cluster,
        tls,
        mut review,
        limits: taken,
        log: _,
        log_format: _,
    } = args;
    let nodes = review.nodes;
    let (rulebook, policy_text) = load_policy(policy.as_ref())?;
    review.own_namespace = review.own_namespace.or_else(cluster::own_namespace);
    let limits = Limits { answer_within: taken.answer_within, reviews: taken.max_reviews, ..Limits::default() };
    let app = App::new(rulebook, review.options(), limits);
    let mut followers = JoinSet::new();
    let in_cluster = cluster::is_around();
    let has_cluster = kubeconfig.is_some() || (in_cluster && capacity.is_empty());
    if has_cluster && review.own_namespace.is_none() {
        tracing::warn!("the own namespace is not known, so Pods in it are judged as well: give --own-namespace");
    }
    anyhow::ensure!(has_cluster || !of_cluster.watch_pods, "--watch-pods needs a cluster: give --kubeconfig");
    let client = async || cluster::client(kubeconfig.as_deref()).await;
    let app = if of_cluster.events {
        let (events, waiting) = Events::queue(review.own_namespace.as_deref(), of_cluster.own_pod.as_deref());
        let app = Arc::new(app.with_events(events));
        let counting = app.clone();
        followers.spawn(events::follow(waiting, client().await?, move |result| counting.metrics.event(result)));
        app
    } else {
        Arc::new(app)
    };
    if has_cluster {
        let client = client().await?;
        let settings = cluster::Settings { nodes, pods: of_cluster.watch_pods, ..cluster::Settings::default() };
        followers.spawn(cluster::follow(app.clone(), client, settings));
    } else {
        let texts = capacity::load(&app, &capacity, nodes).map_err(|why| anyhow::anyhow!("--capacity {why}"))?;
        if capacity.is_empty() {
            tracing::warn!("no nodes are known, so no rule about them runs: give --kubeconfig or --capacity");
        } else {
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
        tracing::info!("try it: {}", hint::try_it(folder, address.port(), Path::new(hint::EXAMPLE).exists()));
    }
    let ended = wait_and_drain(&app, &phases, taken.drain_delay, &mut followers).await?;
    while servers.join_next().await.is_some() {}
    tracing::info!("done");
    anyhow::ensure!(!ended, "a part of it ended that never should");
    Ok(())
}

/// Waits for a signal, then goes without any request noticing: first the cluster learns of it, then clients. Goes, too,
/// when a follower ends, and then tells so: what is known would grow old with nobody to notice.
async fn wait_and_drain(
    app: &App,
    phases: &channel::Sender<Phase>,
    delay: Duration,
    followers: &mut JoinSet<()>,
) -> anyhow::Result<bool> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (delay, ended) = tokio::select! {
        _ = terminate.recv() => (delay, false),
        _ = interrupt.recv() => (Duration::ZERO, false),
        Some(end) = followers.join_next() => {
            let why = end.err().map_or_else(|| "it came to its end".to_owned(), |error| error.to_string());
            tracing::error!(why, "a part of the webhook is gone that never should be; please report it");
            (delay, true)
        }
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
    Ok(ended)
}

/// The policy, and the text it was read from.
fn load_policy(file: Option<&PathBuf>) -> anyhow::Result<(Rulebook, Option<Vec<u8>>)> {
    let Some(file) = file else { return Ok((policy::shipped().map_err(anyhow::Error::msg)?, None)) };
    let bytes = std::fs::read(file).with_context(|| format!("--policy {} cannot be read", file.display()))?;
    let rulebook = policy::parse(&file.display().to_string(), &bytes).map_err(anyhow::Error::msg)?;
    Ok((rulebook, Some(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_follower_that_ends_is_the_end() {
        let rulebook = policy::shipped().expect("the default policy");
        let app = App::new(rulebook, memlint_review::Options::default(), Limits::default());
        let (phases, phase) = channel::channel(Phase::Serving);
        let mut followers = JoinSet::new();
        followers.spawn(std::future::pending());
        followers.spawn(async { panic!("a test says so") });
        let delay = Duration::from_millis(10);
        assert!(wait_and_drain(&app, &phases, delay, &mut followers).await.expect("signals"));
        assert!(app.health.not_ready().contains(&"this replica is going".to_owned()));
        assert_eq!(*phase.borrow(), Phase::Stopping);
    }
}
