//! `memlint policy explain`: what a policy comes to for the objects in a file. What holds, who says so, which nodes each
//! filter leaves, and the verdict.

mod json;
mod text;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;
use memlint_capacity::Capacity;
use memlint_files::held::Held;
use memlint_files::policy_file::PolicyFile;
use memlint_files::problem::{Note, Problem};
use memlint_files::yaml::Document;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::reference::ObjectRef;
use memlint_kubernetes::resources::Defaulting;
use memlint_kubernetes::workload::{Workload, objects};
use memlint_policies::engine::{self, Review, exempted_rules, expired_exemption};
use memlint_policies::exemption;
use memlint_policies::finding::{Finding, Level};
use memlint_policies::funnel::{Funnels, funnel};
use memlint_policies::inventory::Inventory;
use memlint_policies::rules::RULES;

use super::args::ExplainArgs;
use crate::choices::Format;
use crate::progress::Progress;
use crate::project::corpus::Corpus;
use crate::project::place::Wanted;
use crate::project::walk::{Content, Skipped, Walk};
use crate::project::{self, Project};
use crate::{exit, output};

/// What is explained.
#[derive(Debug, Default)]
struct Explained {
    workloads: Vec<OfWorkload>,
    problems: Vec<Problem>,
    notes: Vec<Note>,
}

/// What holds for one Pod, or for the Pod of a workload.
#[derive(Debug)]
struct OfWorkload {
    object: Arc<ObjectRef>,
    namespace: String,
    file: Arc<str>,
    line: usize,
    template_at: FieldPath,
    /// In the order of [`RULES`].
    rules: Vec<OfRule>,
    /// Annotations that do not count, and why.
    notes: Vec<String>,
    /// Or why nothing can be said of them.
    nodes: Result<Funnels, &'static str>,
    findings: Vec<Finding>,
}

/// What holds of one rule.
#[derive(Debug)]
struct OfRule {
    id: &'static str,
    level: Option<Level>,
    /// The parameters, as a policy would set them.
    params: Vec<(&'static str, String)>,
    set_by: Source,
    exempted: Vec<(exemption::Exempted, Option<Source>)>,
    /// Exemptions that covered what is found, and the last day on which each counted.
    lapsed: BTreeSet<(Source, Date)>,
    /// Why it cannot run.
    not_run: Option<&'static str>,
    findings: usize,
}

/// Who says something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// A policy that memlint ships, by its name.
    Shipped(&'static str),
    /// A line of the policy file.
    File(String, usize),
}

impl OfWorkload {
    fn verdict(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }

    fn verdict_label(&self) -> &'static str {
        match self.verdict() {
            Some(Level::Deny) => "deny",
            Some(Level::Warn) => "warn",
            None => "good",
        }
    }
}

/// Explains.
///
/// # Errors
/// When memlint cannot do its job.
pub(crate) fn run(args: &ExplainArgs) -> anyhow::Result<u8> {
    let project = Project::load(&args.files, &args.project, 0, &Progress::start(true))?;
    let corpus = &project.corpus;
    let walk = Walk::new(corpus, args.project.namespace.as_deref().unwrap_or_default(), project.capacity.as_ref());
    let mut explained =
        Explained { problems: corpus.problems.clone(), notes: corpus.notes.clone(), ..Explained::default() };
    let mut skipped = Skipped::default();
    for (index, held) in corpus.documents.iter().enumerate() {
        match walk.read(index, held) {
            Content::Objects(document) => {
                let inventory = walk.inventory(held);
                let asked = Asked { policy_file: &project.policy_file, namespace: walk.namespace(), inventory };
                asked.document(corpus, (index, held), &document, &mut explained);
            }
            Content::Foreign(_) | Content::Rendered => {}
            Content::Patch => skipped.patch(&held.file),
            Content::Template => skipped.template(&held.file),
            Content::Broken(problem) => explained.problems.push(problem),
        }
    }
    let skipped = skipped.notes(&explained.notes);
    explained.notes.extend(skipped);
    corpus.fatal.iter().for_each(|error| exit::complain(&format!("memlint: {error}")));
    let printed = match args.format {
        Format::Text => text::render(&explained),
        Format::Json => json::render(&explained),
    };
    output::print(&printed)?;
    anyhow::ensure!(
        !explained.workloads.is_empty() || !explained.problems.is_empty() || !corpus.fatal.is_empty(),
        "there is no Pod in what was named, nor anything that makes Pods"
    );
    let denied = explained.workloads.iter().any(|workload| workload.verdict() == Some(Level::Deny));
    Ok(match (corpus.fatal.is_empty(), denied || !explained.problems.is_empty()) {
        (false, _) => exit::FAILED,
        (true, true) => exit::FOUND,
        (true, false) => exit::CLEAN,
    })
}

/// What is asked about a document.
struct Asked<'a> {
    policy_file: &'a PolicyFile,
    /// The namespace of objects that do not set one.
    namespace: &'a str,
    inventory: &'a Inventory,
}

impl Asked<'_> {
    fn document(
        &self,
        corpus: &Corpus,
        (index, held): (usize, &Held),
        document: &Document<'_>,
        explained: &mut Explained,
    ) {
        for object in objects(document.value()) {
            let place = corpus.place(index, document, &object.at, Wanted::value(&FieldPath::root())).0;
            let file = corpus.held(place.document).map_or(&held.file, |held| &held.file);
            for workload in Workload::find(&object).into_iter().filter(|workload| workload.makes_pods) {
                explained.workloads.push(self.workload(&workload, held, (file, place.span.line)));
            }
        }
    }

    fn workload(&self, workload: &Workload, held: &Held, (file, line): (&Arc<str>, usize)) -> OfWorkload {
        let namespace = workload.object.namespace.as_deref().unwrap_or(self.namespace);
        let defaulting = Defaulting::Simulate;
        let review = Review {
            policy: &self.policy_file.policy,
            inventory: self.inventory,
            namespace,
            file: Some(&held.file),
            defaulting,
            today: exit::today(),
        };
        let report = engine::review(workload, &review);
        let settings = self.policy_file.policy.settings().iter().zip(exempted_rules(workload, &review));
        let rules = RULES.iter().zip(settings).map(|(rule, (setting, exempted))| OfRule {
            id: rule.id,
            level: setting.level,
            params: rule
                .params
                .iter()
                .map(|param| (param.name, param.kind.show(setting.params.get(param.name))))
                .collect(),
            set_by: self.source(self.policy_file.line_of_rule(rule.id)),
            exempted: exempted.into_iter().map(|exempted| self.located(exempted)).collect(),
            lapsed: report
                .findings
                .iter()
                .filter(|finding| finding.rule == rule.id)
                .filter_map(|finding| self.expired_exemption(expired_exemption(finding, workload, &review)?))
                .collect(),
            not_run: rule.needs.missing(self.inventory).filter(|_| setting.level.is_some()),
            findings: report.findings.iter().filter(|finding| finding.rule == rule.id).count(),
        });
        OfWorkload {
            rules: rules.collect(),
            object: workload.object.clone(),
            namespace: namespace.to_owned(),
            file: file.clone(),
            line,
            template_at: workload.template_at.clone(),
            notes: report.notes.into_iter().map(|(_, note)| note).collect(),
            nodes: funnel(workload, self.inventory, namespace, defaulting).ok_or_else(|| self.why_no_nodes()),
            findings: report.findings,
        }
    }

    fn why_no_nodes(&self) -> &'static str {
        if self.inventory.capacity().is_some_and(Capacity::knows_nodes) {
            "part of the Pod cannot be read, or scheduling gates keep it from the scheduler"
        } else {
            "none are known; name a file with --capacity, or ask with --cluster"
        }
    }

    fn source(&self, line: Option<usize>) -> Source {
        match (self.policy_file.path.as_deref(), line) {
            (Some(file), Some(line)) => Source::File(project::shortest(file).display().to_string(), line),
            _ => Source::Shipped(self.policy_file.extends),
        }
    }

    /// With the place of the policy's exemption, where it is one of those.
    fn located(&self, exempted: exemption::Exempted) -> (exemption::Exempted, Option<Source>) {
        let exemption = exempted.exemption.and_then(|index| self.policy_file.policy.exemptions().get(index));
        let source = exemption.map(|exemption| self.source(self.policy_file.line(exemption.at())));
        (exempted, source)
    }

    /// The place of an exemption that has expired, and its last day.
    fn expired_exemption(&self, index: usize) -> Option<(Source, Date)> {
        let exemption = self.policy_file.policy.exemptions().get(index)?;
        Some((self.source(self.policy_file.line(exemption.at())), exemption.expires()?))
    }
}
