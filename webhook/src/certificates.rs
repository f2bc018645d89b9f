//! Certificates as the command line wants them: from files, made for trying out, or of the webhook's own CA; and those
//! that clients must have.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use tokio::task::JoinSet;

use crate::args::TlsArgs;
use crate::authority::{self, Names, Times};
use crate::state::App;
use crate::tls::{self, Certificate, Clients};
use crate::{cluster, watch};

/// TLS as it is served. What it takes to keep certificates right goes on in `followers`.
///
/// # Errors
/// When there is no certificate to begin with.
pub async fn start(
    args: &TlsArgs,
    app: &Arc<App>,
    kubeconfig: Option<&Path>,
    namespace: Option<String>,
    followers: &mut JoinSet<()>,
) -> anyhow::Result<ServerConfig> {
    let certificate = match (&args.ca_secret, &args.webhook_config) {
        (Some(secret), Some(webhook_config)) => {
            let names = Names {
                namespace: namespace.context("give --own-namespace, where the Secret and the Service are")?,
                secret: secret.clone(),
                webhook_config: webhook_config.clone(),
                service: args.service.clone(),
            };
            let (client, times) = (cluster::client(kubeconfig).await?, Times::default());
            let first = authority::placeholder(&names, &times).map_err(anyhow::Error::msg)?;
            let certificate = Certificate::new(first);
            app.health.authority(Some("the CA is not known yet".to_owned()));
            followers.spawn(authority::follow(app.clone(), client, names, times, certificate.clone()));
            certificate
        }
        _ => from_files(args, app, followers)?,
    };
    let clients = match &args.client_ca {
        Some(file) => Some(clients(file, args, app, followers)?),
        None => None,
    };
    Ok(tls::config(certificate, clients, args.tls_min)?)
}

fn from_files(args: &TlsArgs, app: &Arc<App>, followers: &mut JoinSet<()>) -> anyhow::Result<Arc<Certificate>> {
    let paths = match (&args.self_signed, &args.tls_cert, &args.tls_key) {
        (Some(folder), ..) => {
            let made = tls::make(folder)?;
            [made.certificate, made.key]
        }
        (None, Some(certificate), Some(key)) => [certificate.clone(), key.clone()],
        _ => anyhow::bail!("give --tls-cert and --tls-key, or --ca-secret, or --self-signed to try it out"),
    };
    let [certificate, key] = &paths;
    let read = |option, path: &Path| std::fs::read(path).with_context(|| format!("{option} {}", path.display()));
    let (certificate, key) = (read("--tls-cert", certificate)?, read("--tls-key", key)?);
    let pair = tls::parse(&certificate, &key).map_err(anyhow::Error::msg);
    let pair = pair.with_context(|| format!("--tls-cert {}", paths[0].display()))?;
    let contents = vec![certificate, key];
    app.metrics.certs.loaded("leaf", pair.not_after);
    app.health.certificate_is_there();
    let certificate = Certificate::new(pair);
    followers.spawn(tls::follow(app.clone(), certificate.clone(), paths, args.reload_every, contents));
    Ok(certificate)
}

fn clients(
    file: &PathBuf,
    args: &TlsArgs,
    app: &Arc<App>,
    followers: &mut JoinSet<()>,
) -> anyhow::Result<Arc<Clients>> {
    let contents = watch::read(std::slice::from_ref(file)).map_err(|why| anyhow::anyhow!("--client-ca {why}"))?;
    let clients = Clients::new(&contents.concat(), args.client_name.clone());
    let clients = clients.map_err(anyhow::Error::msg).with_context(|| format!("--client-ca {}", file.display()))?;
    app.metrics.certs.client_ca_read(true);
    followers.spawn(clients.clone().follow(app.clone(), file.clone(), args.reload_every, contents));
    Ok(clients)
}
