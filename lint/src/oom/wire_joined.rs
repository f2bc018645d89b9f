//! The wire format of what is joined to a kill: its Pod and the line of its manifest.

use serde::Serialize;

use super::join::Joined;
use crate::project::corpus::Corpus;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WirePod<'a> {
    namespace: &'a str,
    name: &'a str,
    node: Option<&'a str>,
    owner: Option<WireOwner<'a>>,
    container: Option<&'a str>,
    limit_bytes: Option<u64>,
    request_bytes: Option<u64>,
    restart_count: Option<i32>,
    last_reason: Option<&'a str>,
    last_exit_code: Option<i32>,
    last_finished_at: Option<&'a str>,
}

#[derive(Serialize)]
struct WireOwner<'a> {
    kind: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireManifest<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    object: WireObject<'a>,
    container: Option<String>,
    path: String,
    matched_by: &'static str,
    message: String,
    help: String,
    suggested_limit_bytes: Option<i64>,
    suggested_request_bytes: Option<i64>,
    fix: Option<json_patch::Patch>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireObject<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

/// The Pod of a kill.
pub(super) fn pod<'a>(joined: &'a Joined<'_>) -> Option<WirePod<'a>> {
    let found = joined.found?;
    let (pod, container) = (found.pod, found.container);
    let last = container.and_then(|container| container.last_state.as_ref());
    Some(WirePod {
        namespace: &pod.namespace,
        name: &pod.name,
        node: pod.node.as_deref(),
        owner: pod.owner.as_ref().map(|(kind, name)| WireOwner { kind, name }),
        container: container.map(|container| container.name.as_str()),
        limit_bytes: container.and_then(|container| container.limit),
        request_bytes: container.and_then(|container| container.request),
        restart_count: container.and_then(|container| container.restarts),
        last_reason: last.map(|last| last.0.as_str()),
        last_exit_code: last.map(|last| last.1),
        last_finished_at: last.and_then(|last| last.2.as_deref()),
    })
}

/// The line to change.
pub(super) fn manifest<'a>(joined: &'a Joined<'_>, corpus: &'a Corpus) -> Option<WireManifest<'a>> {
    let (located, matched) = (joined.change.as_ref()?, joined.matched?);
    let (finding, span) = (&located.finding, located.place.span);
    let figure = |key| match finding.data.get(key) {
        Some(memlint_policies::finding::Datum::Integer(bytes)) => Some(*bytes),
        _ => None,
    };
    Some(WireManifest {
        file: corpus.documents.get(located.place.document).map_or("", |held| held.file.as_ref()),
        line: span.line,
        column: span.column,
        end_line: span.end_line,
        end_column: span.end_column,
        object: WireObject {
            api_version: &finding.object.api_version,
            kind: &finding.object.kind,
            namespace: finding.object.namespace.as_deref(),
            name: finding.object.name.as_deref(),
        },
        container: finding.container.clone(),
        path: located.place.path.to_string(),
        matched_by: matched.by.name(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        suggested_limit_bytes: figure("suggestedLimitBytes"),
        suggested_request_bytes: figure("suggestedRequestBytes"),
        fix: finding.fix.clone(),
    })
}
