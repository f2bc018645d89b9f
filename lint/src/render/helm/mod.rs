//! Helm charts, rendered with `helm template`: those of the tree with their own values and each environment's, and the
//! releases of charts that HelmReleases and Applications make.

mod charts;
mod marks;
mod releases;
mod template;
mod trace;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memlint_files::held::Held;
use memlint_files::problem::{Note, Problem};
use memlint_files::yaml::{self, OwnedDocument};
use memlint_kubernetes::object::Value;
use memlint_policies::policy::{ChartValues, When};
use rayon::prelude::*;

use super::args::{Plan, RenderArgs};
use super::attempt::{Attempt, Rendered, Source};
use super::cache::{Cache, Key};
use super::files::Files;
use super::process::Tool;
use charts::Chart;
use marks::Marks;
use releases::{ChartOf, Release};
use values::Place;

pub(super) use trace::Trace;

/// The version that charts are told, since a helm that was built from source knows of none.
const KUBERNETES: &str = "1.36.0";

/// Renders what breaks the chart's schema.
const SKIP_SCHEMA: &str = "--skip-schema-validation";

/// One chart with one set of values.
#[derive(Debug)]
struct Job {
    /// The file that says so, as shown, and its document.
    entry: Arc<str>,
    document: usize,
    /// What to call it.
    name: String,
    /// The chart in the tree, or a packed one.
    chart: Option<Chart>,
    path: PathBuf,
    release: String,
    namespace: Option<String>,
    /// Where its values are; those that the chart brings itself are told to nobody.
    places: Vec<Place>,
    /// Values files that are not among the documents.
    files: Vec<PathBuf>,
    set: Vec<String>,
    /// Whether the values may break the chart's schema.
    skips_schema: bool,
    used: BTreeSet<usize>,
    notes: Vec<Note>,
}

/// Renders all charts and releases of a corpus.
pub(super) fn render(documents: &[Held], files: &Arc<Files>, plan: Plan<'_>, cache: &Cache) -> Vec<Attempt> {
    let (when, args) = (plan.policy.helm, plan.args);
    if when == When::Never {
        return Vec::new();
    }
    let charts = Chart::all(documents, files);
    let releases = Release::all(documents, files);
    if charts.is_empty() && releases.is_empty() {
        return Vec::new();
    }
    let mut attempts = Vec::new();
    let mut jobs: Vec<Job> = charts.iter().flat_map(|chart| of_chart(chart, files, plan)).collect();
    for release in releases {
        match of_release(release, &charts, files, args) {
            Ok(job) => jobs.push(job),
            Err(None) => {}
            Err(Some(note)) => attempts.push(Attempt::Untried(note)),
        }
    }
    let Some(helm) = Tool::find("helm") else {
        let mut entries: Vec<&Arc<str>> = jobs.iter().map(|job| &job.entry).collect();
        entries.dedup();
        attempts.extend(entries.into_iter().map(|entry| {
            let folder = entry.rsplit_once('/').map_or(".", |(folder, _)| folder);
            let message =
                format!("helm is not there to render it; lint what it renders to: helm template {folder} | memlint -");
            Attempt::without_tool(when, entry, message)
        }));
        return attempts;
    };
    attempts.par_extend(jobs.into_par_iter().map(|job| one(&helm, documents, files, args, cache, job)));
    attempts
}

/// A chart with its own values, and once more with those of each environment; or as the policy says.
fn of_chart(chart: &Chart, files: &Files, plan: Plan<'_>) -> Vec<Job> {
    if chart.is_library {
        return Vec::new();
    }
    let own = chart.own_values(files);
    let folder = chart.file.rsplit_once('/').map_or(".", |(folder, _)| folder);
    let job = |name: String, places: Vec<Place>| Job {
        entry: chart.file.clone(),
        document: chart.document,
        name,
        chart: Some(chart.clone()),
        path: chart.folder.clone(),
        release: chart.name.clone(),
        namespace: None,
        places,
        files: Vec::new(),
        set: Vec::new(),
        skips_schema: false,
        used: chart.documents(files),
        notes: Vec::new(),
    };
    let real = |path: &str| std::fs::canonicalize(plan.folder.join(path)).ok();
    let said: Vec<&ChartValues> =
        plan.policy.charts.iter().filter(|said| real(&said.path).as_ref() == Some(&chart.folder)).collect();
    let as_said = |said: &&ChartValues| {
        let name = match said.values.as_slice() {
            [] => folder.to_owned(),
            values => format!("{folder} with {}", values.join(", ")),
        };
        let mut job = job(name, own.clone());
        for file in &said.values {
            match real(file).and_then(|path| charts::file_of_values(&path, files)) {
                Some(place) => {
                    job.used.insert(place.document);
                    job.places.push(place);
                }
                // It is not among what is linted: helm reads it by itself.
                None => job.files.push(plan.folder.join(file)),
            }
        }
        job.set.clone_from(&said.set);
        job.namespace.clone_from(&said.namespace);
        job.release = said.release.clone().unwrap_or(job.release);
        job
    };
    if !said.is_empty() {
        return said.iter().map(as_said).collect();
    }
    let with = |(inside, place): (String, Place)| {
        let places = own.iter().cloned().chain([place]).collect();
        job(format!("{folder} with {inside}"), places)
    };
    let mut jobs = vec![job(folder.to_owned(), own.clone())];
    jobs.extend(chart.environments(files).into_iter().map(with));
    jobs
}

/// A release of a chart, if the chart is at hand; else why it is not rendered, where that is worth a word.
fn of_release(release: Release, charts: &[Chart], files: &Files, args: &RenderArgs) -> Result<Job, Option<Note>> {
    let note = |message: String| Note { file: Some(release.file.to_string()), at: None, message };
    let (chart, path) = match &release.chart {
        ChartOf::Folder(folder) => {
            let chart = charts.iter().find(|chart| chart.folder == *folder).cloned();
            (chart, folder.clone())
        }
        ChartOf::Packed { name, version } => {
            // What is written in the release itself is read all the same, so this is worth no word.
            let Some(packed) = packed(name, version, args.chart_cache.as_deref()) else { return Err(None) };
            (None, packed)
        }
    };
    let notes = match release.missing.as_slice() {
        [] => Vec::new(),
        missing => vec![note(format!("{} is rendered without {}: not in the tree", release.name, missing.join(", ")))],
    };
    let own = chart.as_ref().map(|chart| chart.own_values(files)).unwrap_or_default();
    Ok(Job {
        entry: release.file.clone(),
        document: release.document,
        name: format!("release {}", release.name),
        path,
        release: release.name,
        namespace: release.namespace,
        places: own.into_iter().chain(release.places).collect(),
        files: Vec::new(),
        set: release.set,
        skips_schema: false,
        used: chart.iter().flat_map(|chart| chart.documents(files)).chain([release.document]).collect(),
        chart,
        notes,
    })
}

/// A packed chart in the folder that was named, or in Helm's own cache.
fn packed(name: &str, version: &str, named: Option<&Path>) -> Option<PathBuf> {
    let name = name.rsplit('/').next()?;
    let of_helm = std::env::var_os("HELM_REPOSITORY_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cache/helm/repository")));
    let folders = named.map(Path::to_owned).into_iter().chain(of_helm);
    let exact = !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c));
    folders
        .filter(|_| exact)
        .map(|folder| folder.join(format!("{name}-{}.tgz", version.trim_start_matches('v'))))
        .find(|file| file.is_file())
}

fn one(helm: &Tool, documents: &[Held], files: &Arc<Files>, args: &RenderArgs, cache: &Cache, mut job: Job) -> Attempt {
    let values = values::merged(documents, &job.places);
    let plain = values.json(&mut Vec::new(), &mut |leaf, _| leaf.value.clone());
    let rendered = template(helm, &mut job, &plain, args, cache);
    let text = match rendered {
        Ok(text) => text,
        Err(message) => {
            let folder = job.entry.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
            let help = Some(format!("try it by itself: helm template {folder}"));
            return Attempt::Failed(Problem { help, ..Problem::of_file(&job.entry, message) });
        }
    };
    let (marks, marked) = Marks::put(&values);
    // A schema may well have bounds that marks are not within.
    job.skips_schema = true;
    let again = if marks.is_empty() { Ok(String::new()) } else { template(helm, &mut job, &marked, args, cache) };
    let marked = again.ok().and_then(|again| {
        let again = split(&again);
        same_shape(&split(&text), &again).then_some((marks, again))
    });
    let chart = job.chart.clone().unwrap_or_else(|| Chart {
        folder: job.path.clone(),
        document: job.document,
        file: job.entry.clone(),
        name: job.release.clone(),
        is_library: false,
    });
    Attempt::Rendered(Box::new(Rendered {
        entry: job.entry,
        name: job.name.into(),
        used: job.used,
        text,
        source: Source::Helm(Trace { chart, files: files.clone(), places: job.places, marked, fallback: job.document }),
        notes: job.notes,
    }))
}

fn split(text: &str) -> Vec<OwnedDocument> {
    yaml::split(text).into_iter().map(OwnedDocument::from).collect()
}

/// Whether two outputs hold the same objects in the same order.
fn same_shape(plain: &[OwnedDocument], marked: &[OwnedDocument]) -> bool {
    let identity = |document: &OwnedDocument| {
        let document = yaml::parse(document.raw()).ok()?;
        let value = document.value();
        let text = |value: Option<&Value<'_>>| value.and_then(Value::as_str).map(str::to_owned);
        Some((text(value.get("kind")), text(value.get("metadata").and_then(|metadata| metadata.get("name")))))
    };
    plain.len() == marked.len() && plain.iter().zip(marked).all(|(plain, marked)| identity(plain) == identity(marked))
}

/// Renders a chart. What it needs and has not got is left out, and noted.
fn template(
    helm: &Tool,
    job: &mut Job,
    values: &serde_json::Value,
    args: &RenderArgs,
    cache: &Cache,
) -> Result<String, String> {
    match run(helm, job, &job.path, values, args, cache) {
        Err(why) if why.contains("missing in charts/ directory") => {
            let missing = why.rsplit("directory:").next().unwrap_or_default();
            let missing: Vec<&str> = missing.split([',', ';']).map(str::trim).filter(|name| !name.is_empty()).collect();
            let temporary = tempfile::tempdir().map_err(|error| error.to_string())?;
            let copy = temporary.path().join("chart");
            without(&job.path, &copy, &missing).map_err(|error| format!("{why} ({error})"))?;
            let text = run(helm, job, &copy, values, args, cache)?;
            if job.notes.iter().all(|note| !note.message.contains("helm dependency build")) {
                let folder = job.entry.rsplit_once('/').map_or(".", |(folder, _)| folder);
                let message = format!(
                    "linted without {}, which is not in charts/: helm dependency build {folder}",
                    missing.join(", ")
                );
                job.notes.push(Note { file: Some(job.entry.to_string()), at: None, message });
            }
            Ok(text)
        }
        rendered => rendered,
    }
}

fn run(
    helm: &Tool,
    job: &Job,
    path: &Path,
    values: &serde_json::Value,
    args: &RenderArgs,
    cache: &Cache,
) -> Result<String, String> {
    let text = values.to_string();
    let absolute = |file: &PathBuf| std::fs::canonicalize(file).map_err(|error| format!("{}: {error}", file.display()));
    let given: Vec<PathBuf> = job.files.iter().chain(&args.values).map(absolute).collect::<Result<_, _>>()?;
    let mut options = vec!["template".to_owned(), args.release.clone().unwrap_or_else(|| job.release.clone())];
    options.push(path.to_string_lossy().into_owned());
    options.extend(["--skip-tests".to_owned(), "--values".to_owned(), "values.json".to_owned()]);
    let mut option = |name: &str, value: &str| options.extend([name.to_owned(), value.to_owned()]);
    given.iter().for_each(|file| option("--values", &file.to_string_lossy()));
    job.set.iter().for_each(|set| option("--set", set));
    args.set.iter().for_each(|set| option("--set", set));
    args.api_versions.iter().for_each(|version| option("--api-versions", version));
    option("--kube-version", args.kube_version.as_deref().unwrap_or(KUBERNETES));
    if let Some(namespace) = &job.namespace {
        option("--namespace", namespace);
    }
    if job.skips_schema {
        options.push(SKIP_SCHEMA.to_owned());
    }
    let mut key = Key::new(&helm.version);
    options
        .iter()
        .filter(|option| option.as_str() != path.to_string_lossy())
        .for_each(|option| key.add(option.as_bytes()));
    key.add(text.as_bytes());
    let all_read = given.iter().all(|file| key.add_file(file, file))
        && if path.is_dir() { key.add_folder(path) } else { key.add_file(path, path) };
    let render = || {
        let temporary =
            tempfile::tempdir().map_err(|error| format!("there is no room for temporary files: {error}"))?;
        std::fs::write(temporary.path().join("values.json"), &text).map_err(|error| error.to_string())?;
        let printed = helm.run(&options, temporary.path(), args.patience()).or_else(|why| {
            // Helm before 3.16 cannot do without the schema.
            let known: Vec<&String> = options.iter().filter(|option| *option != SKIP_SCHEMA).collect();
            if known.len() == options.len() || !why.contains("unknown flag") {
                return Err(why);
            }
            helm.run(&known, temporary.path(), args.patience())
        });
        printed.map(|text| without_secrets(&text))
    };
    if all_read { cache.get(key, render) } else { render() }
}

/// What a chart renders to, but for its Secrets.
fn without_secrets(text: &str) -> String {
    let is_secret =
        |document: &yaml::RawDocument<'_>| document.text.lines().any(|line| line.trim_end() == "kind: Secret");
    let kept = yaml::split(text).into_iter().filter(|document| !is_secret(document));
    kept.map(|document| format!("---\n{}\n", document.text.trim_end())).collect()
}

/// Copies a chart without some of the charts that it depends on.
fn without(chart: &Path, copy: &Path, missing: &[&str]) -> std::io::Result<()> {
    for entry in ignore::WalkBuilder::new(chart).standard_filters(false).build().filter_map(Result::ok) {
        let inside = entry.path().strip_prefix(chart).unwrap_or(entry.path());
        let to = copy.join(inside);
        if entry.path().is_dir() {
            std::fs::create_dir_all(&to)?;
        } else if inside != Path::new("Chart.lock") && inside != Path::new("Chart.yaml") {
            std::fs::copy(entry.path(), to)?;
        }
    }
    let text = std::fs::read_to_string(chart.join("Chart.yaml"))?;
    let parsed = yaml::split(&text).first().and_then(|raw| {
        let document = yaml::parse(*raw).ok()?;
        memlint_kubernetes::decode::from_value::<serde_json::Value>(document.value()).ok()
    });
    let mut value = parsed.ok_or_else(|| std::io::Error::other("Chart.yaml cannot be read"))?;
    if let Some(dependencies) = value.get_mut("dependencies").and_then(serde_json::Value::as_array_mut) {
        dependencies.retain(|each| each["name"].as_str().is_none_or(|name| !missing.contains(&name)));
    }
    std::fs::write(copy.join("Chart.yaml"), value.to_string())
}
