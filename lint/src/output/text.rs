//! The output for people: each finding with the lines it is about, and a summary of one line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level as Severity, Renderer, Snippet};
use memlint_files::problem::Problem;
use memlint_files::yaml::Span;
use memlint_policies::finding::Level;

use crate::project::corpus::Corpus;
use crate::project::place::Place;
use crate::report::{Located, Report};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// Findings and problems only.
    pub quiet: bool,
}

/// The whole report as text.
#[must_use]
pub fn render(report: &Report, corpus: &Corpus, style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for located in &report.findings {
        out.push_str(&finding(located, corpus, &renderer));
        out.push_str("\n\n");
    }
    for problem in &report.problems {
        out.push_str(&unreadable(problem, corpus, &renderer));
        out.push_str("\n\n");
    }
    if style.quiet {
        return out;
    }
    for note in &report.notes {
        let place = match (&note.file, note.at) {
            (Some(file), Some((line, column))) => format!("{file}:{line}:{column}: "),
            (Some(file), None) => format!("{file}: "),
            _ => String::new(),
        };
        let text = format!("{place}{}", note.message);
        out.push_str(&renderer.render(&[Group::with_title(Severity::NOTE.primary_title(text))]));
        out.push('\n');
    }
    if !report.notes.is_empty() {
        out.push('\n');
    }
    out.push_str(&summary(report));
    out.push('\n');
    out
}

/// The mistakes of a policy file, or of a source of capacity.
#[must_use]
pub fn problems(problems: &[Problem], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    problems.iter().map(|each| format!("{}\n\n", problem(each, "error", &renderer))).collect()
}

/// One finding by itself, with the lines it is about.
#[must_use]
pub fn located(located: &Located, corpus: &Corpus, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    finding(located, corpus, &renderer.decor_style(DecorStyle::Ascii))
}

fn finding(located: &Located, corpus: &Corpus, renderer: &Renderer) -> String {
    let found = &located.finding;
    let severity = match found.level {
        Level::Deny => Severity::ERROR.with_name("deny"),
        Level::Warn => Severity::WARNING.with_name("warn"),
    };
    let object = match &found.container {
        Some(container) if !container.is_empty() => format!("{}, container {container}", found.object),
        _ => found.object.to_string(),
    };
    let mut group = Group::with_title(severity.primary_title(found.message.as_str()).id(found.rule));
    if let Some(snippet) = snippet(&located.place, corpus, AnnotationKind::Primary, &object) {
        group = group.element(snippet);
    }
    for (related, place) in found.related.iter().zip(&located.related) {
        if let Some(snippet) = snippet(place, corpus, AnnotationKind::Context, &related.message) {
            group = group.element(snippet);
        }
    }
    let rendered = rendered_from(located);
    if let Some(rendered) = &rendered {
        group = group.element(Severity::NOTE.message(rendered.as_str()));
    }
    group = group.element(Severity::HELP.message(found.help.as_str()));
    renderer.render(&[group])
}

/// What the object of a finding is rendered from.
fn rendered_from(located: &Located) -> Option<String> {
    let (first, more) = located.renderings.split_first()?;
    let mut line = format!("rendered from {first}");
    for (index, name) in more.iter().enumerate() {
        if index == FEW {
            _ = write!(line, " and {} more", more.len() - FEW);
            break;
        }
        _ = write!(line, ", {name}");
    }
    Some(line)
}

/// Of many charts or kustomizations, so many are named after the first.
const FEW: usize = 4;

fn problem(problem: &Problem, name: &'static str, renderer: &Renderer) -> String {
    let title = Severity::ERROR.with_name(name).primary_title(problem.message.as_str());
    let origin = annotate_snippets::Origin::path(problem.file.as_str()).line(problem.line).char_column(problem.column);
    let mut group = title.element(origin);
    if let Some(help) = &problem.help {
        group = group.element(Severity::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// A document that cannot be read, with its line if it is at hand.
fn unreadable(found: &Problem, corpus: &Corpus, renderer: &Renderer) -> String {
    let line = corpus.documents.iter().find_map(|held| {
        let raw = held.document.raw();
        let line = found.line.checked_sub(raw.line).filter(|_| held.file.as_ref() == found.file)?;
        raw.text.lines().nth(line).filter(|line| line.len() <= LONG)
    });
    let Some(line) = line else { return problem(found, "unreadable", renderer) };
    let start = line.char_indices().nth(found.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let length = line.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let annotation = AnnotationKind::Primary.span(start..start + length);
    let source = Snippet::source(line).line_start(found.line).path(found.file.as_str()).annotation(annotation);
    let title = Severity::ERROR.with_name("unreadable").primary_title(found.message.as_str());
    let mut group = title.element(source);
    if let Some(help) = &found.help {
        group = group.element(Severity::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The lines of a place, as annotate-snippets wants them.
fn snippet<'a>(
    place: &Place,
    corpus: &'a Corpus,
    kind: AnnotationKind,
    label: &'a str,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let held = corpus.held(place.document)?;
    let raw = held.document.raw();
    let (lines, span) = excerpt(raw.text, raw.start, place.span)?;
    let source = raw.text.get(lines)?;
    let annotation = kind.span(span).label(label);
    Some(Snippet::source(source).line_start(place.span.line).path(held.file.as_ref()).annotation(annotation))
}

/// Lines longer than this are not shown whole: minified JSON.
const LONG: usize = 300;

/// The bytes of the lines that a span is on, and the span within them.
fn excerpt(text: &str, offset: usize, span: Span) -> Option<(Range<usize>, Range<usize>)> {
    let start = span.start.checked_sub(offset)?;
    let mut end = span.end.checked_sub(offset)?.min(text.len()).max(start);
    let before = text.get(..start)?;
    let mut first = before.rfind('\n').map_or(0, |at| at + 1);
    if span.line != span.end_line {
        end = text.get(start..)?.find('\n').map_or(text.len(), |at| start + at);
    }
    let mut last = text.get(end..)?.find('\n').map_or(text.len(), |at| end + at);
    if text.get(first..last)?.ends_with('\r') {
        last -= 1;
        end = end.min(last).max(start);
    }
    if last - first > LONG {
        first = floor(text, start.saturating_sub(LONG / 4).max(first));
        last = floor(text, (end + LONG / 4).min(last)).max(end);
        if last - first > LONG {
            last = floor(text, first + LONG).max(start);
            end = end.min(last);
        }
    }
    Some((first..last, start - first..end - first))
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What was found, in a few words.
pub(super) fn headline(report: &Report) -> String {
    let (deny, warn) = (report.count(Level::Deny), report.count(Level::Warn));
    let mut line = match deny + warn {
        0 => "no findings".to_owned(),
        total => format!("{} ({deny} deny, {warn} warn)", plural(total, "finding")),
    };
    if !report.problems.is_empty() {
        _ = write!(line, ", {} unreadable", report.problems.len());
    }
    _ = write!(line, " in {}", plural(report.workloads, "workload"));
    if report.blocks > 0 {
        _ = write!(line, " and {}", plural(report.blocks, "resource block"));
    }
    _ = write!(line, " of {}", plural(report.counts.files, "file"));
    line
}

fn summary(report: &Report) -> String {
    let mut line = headline(report);
    let rendered: Vec<String> = report
        .rendered
        .iter()
        .map(|(kind, count)| plural(*count, if *kind == "helm" { "chart" } else { "kustomization" }))
        .collect();
    if !rendered.is_empty() {
        _ = write!(line, "; rendered: {}", rendered.join(", "));
    }
    if report.exempted > 0 {
        _ = write!(line, "; {} exempted", report.exempted);
    }
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (rule, why) in &report.not_run {
        reasons.entry(why).or_default().push(rule);
    }
    for (why, rules) in reasons {
        _ = write!(line, "; not run ({why}): {}", rules.join(", "));
    }
    let skipped: Vec<String> = [
        (report.templates, "template"),
        (report.patches, "kustomize patch"),
        (report.foreign, "document without a Kubernetes object"),
        (report.counts.links, "symbolic link"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| plural(count, what))
    .collect();
    if !skipped.is_empty() {
        _ = write!(line, "; skipped: {}", skipped.join(", "));
    }
    let amounts = &report.amounts;
    if amounts.written > 0 {
        _ = write!(line, "; amounts: {} written, {} judged", amounts.written, amounts.judged);
        if amounts.unknown > 0 {
            _ = write!(line, ", {} unknown", amounts.unknown);
        }
    }
    line
}

fn plural(count: usize, what: &str) -> String {
    match (count, what.split_once(' ')) {
        (1, _) => format!("1 {what}"),
        (_, Some(("resource", rest))) => format!("{count} resource {rest}s"),
        (_, Some(("document", rest))) => format!("{count} documents {rest}"),
        _ if what.ends_with("ch") => format!("{count} {what}es"),
        _ => format!("{count} {what}s"),
    }
}
