//! Kustomizations, rendered with `kustomize` or `kubectl kustomize`: each that no other one of the tree uses.

mod graph;
mod trace;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_files::held::Held;
use memlint_files::problem::{Note, Problem};
use memlint_policies::policy::When;
use rayon::prelude::*;

use super::args::{Plan, RenderArgs};
use super::attempt::{Attempt, Rendered, Source};
use super::cache::{Cache, Key};
use super::files::Files;
use super::process::Tool;
use graph::{Graph, Unit};

pub(super) use trace::Trace;

/// Where a tool is found, and what comes before its arguments.
#[derive(Debug)]
struct Kustomize {
    tool: Tool,
    before: &'static [&'static str],
}

/// Renders all kustomizations of a corpus.
pub(super) fn render(documents: &[Held], files: &Arc<Files>, plan: Plan<'_>, cache: &Cache) -> Vec<Attempt> {
    let when = plan.policy.kustomize;
    if when == When::Never {
        return Vec::new();
    }
    let args = plan.args;
    let graph = Arc::new(Graph::read(documents, files));
    let entries = graph.entries();
    if entries.is_empty() {
        return Vec::new();
    }
    let found = Tool::find("kustomize").map(|tool| Kustomize { tool, before: &["build"] });
    let found = found.or_else(|| Some(Kustomize { tool: Tool::find("kubectl")?, before: &["kustomize"] }));
    let Some(kustomize) = found else {
        let without = |folder: &Path| {
            let file = &graph.units.get(folder)?.file;
            let message = format!(
                "neither kustomize nor kubectl is there to render it; lint what it renders to: kubectl kustomize {} | \
                 memlint -",
                shown(file)
            );
            Some(Attempt::without_tool(when, file, message))
        };
        return entries.into_iter().filter_map(without).collect();
    };
    let one = |folder: &&Path| one(&kustomize, &graph, folder, files, args, cache);
    entries.par_iter().filter_map(one).collect()
}

/// A kustomization that is not rendered, and why.
fn untried(unit: &Unit, why: &str) -> Attempt {
    let message =
        format!("{why}; what it renders to is not linted: kubectl kustomize {} | memlint -", shown(&unit.file));
    Attempt::Untried(Note { file: Some(unit.file.to_string()), at: None, message })
}

/// The folder of a kustomization, as one would type it.
fn shown(file: &str) -> &str {
    file.rsplit_once('/').map_or(".", |(folder, _)| folder)
}

fn one(
    kustomize: &Kustomize,
    graph: &Arc<Graph>,
    folder: &Path,
    files: &Arc<Files>,
    args: &RenderArgs,
    cache: &Cache,
) -> Option<Attempt> {
    let unit = graph.units.get(folder)?;
    let parts = graph.closure(folder);
    let units = || parts.iter().filter_map(|folder| graph.units.get(*folder));
    if let Some(remote) = units().flat_map(|unit| &unit.remote).next() {
        return Some(untried(unit, &format!("{remote} is not in this tree, and nothing is fetched")));
    }
    if units().any(|unit| unit.has_charts) && !args.enable_helm {
        return Some(untried(unit, "it inflates Helm charts, for which --enable-helm is needed"));
    }
    let read = graph.files(folder);
    let text = match build(kustomize, graph, folder, &read, args, cache) {
        Ok(text) => text,
        Err(message) => {
            let help = Some(format!("try it by itself: kubectl kustomize {}", shown(&unit.file)));
            return Some(Attempt::Failed(Problem { help, ..Problem::of_file(&unit.file, message) }));
        }
    };
    let used = read.iter().flat_map(|file| files.documents(file)).chain(units().map(|unit| &unit.document));
    let used: BTreeSet<usize> = used.copied().collect();
    Some(Attempt::Rendered(Box::new(Rendered {
        entry: unit.file.clone(),
        name: shown(&unit.file).into(),
        used,
        text,
        source: Source::Kustomize(Trace::new(graph.clone(), files.clone(), folder.to_owned())),
        notes: Vec::new(),
    })))
}

/// Builds a kustomization through one of ours that uses it and asks where everything comes from; the tree itself is not
/// touched.
fn build(
    kustomize: &Kustomize,
    graph: &Graph,
    folder: &Path,
    read: &BTreeSet<&Path>,
    args: &RenderArgs,
    cache: &Cache,
) -> Result<String, String> {
    let mut key = Key::new(&kustomize.tool.version);
    key.add(folder.as_os_str().as_encoded_bytes());
    let of_units = graph
        .closure(folder)
        .into_iter()
        .flat_map(|folder| ["kustomization.yaml", "kustomization.yml", "Kustomization"].map(|name| folder.join(name)));
    let of_units: Vec<PathBuf> = of_units.filter(|file| file.is_file()).collect();
    let all_read = of_units
        .iter()
        .map(PathBuf::as_path)
        .chain(read.iter().copied())
        .all(|file| if file.is_dir() { key.add_folder(file) } else { key.add_file(file, file) });
    let build = || {
        let temporary =
            tempfile::tempdir().map_err(|error| format!("there is no room for temporary files: {error}"))?;
        let own = std::fs::canonicalize(temporary.path()).map_err(|error| error.to_string())?;
        let resource = relative(&own, folder).to_string_lossy().into_owned();
        let text = serde_json::json!({
            "resources": [resource],
            "buildMetadata": ["originAnnotations", "transformerAnnotations"],
        });
        std::fs::write(own.join("kustomization.yaml"), text.to_string()).map_err(|error| error.to_string())?;
        let mut given = kustomize.before.to_vec();
        given.extend([".", "--load-restrictor", "LoadRestrictionsNone"]);
        if args.enable_helm {
            given.push("--enable-helm");
        }
        kustomize.tool.run(&given, &own, args.patience()).map(|text| trace::absolute(&text, &own))
    };
    if all_read { cache.get(key, build) } else { build() }
}

/// `/a/b` seen from `/a/c` is `../b`.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| std::path::Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}
