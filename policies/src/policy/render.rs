//! The `render` and `charts` blocks of a policy: what is rendered before it is judged, and with which values.

use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;

use crate::policy::read::Reader;

/// How charts and kustomizations are rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Render {
    /// Helm charts.
    pub helm: When,
    /// Kustomizations.
    pub kustomize: When,
    /// Charts whose values are said here, in place of those that lie beside them.
    pub charts: Vec<ChartValues>,
}

/// When something is rendered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum When {
    /// Not at all.
    Never,
    /// If the tool for it is there.
    #[default]
    Auto,
    /// Always: without the tool it is a mistake.
    Always,
}

/// A chart and what it is rendered with, as `helm template` takes it. Paths are relative to the policy file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChartValues {
    /// The chart's folder.
    pub path: String,
    /// The release's name.
    pub release: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// Values files, the later before the earlier.
    pub values: Vec<String>,
    /// Single values, such as `replicas=2`.
    pub set: Vec<String>,
}

const WHEN: [(&str, When); 3] = [("never", When::Never), ("auto", When::Auto), ("always", When::Always)];

/// Reads `render:`.
pub(crate) fn read(render: &mut Render, value: &Value<'_>, at: &FieldPath, reader: &mut Reader) {
    for (key, at, value) in reader.entries(value, at, &["helm", "kustomize"], "render") {
        reader.one_of(value, &at, &WHEN.map(|(word, _)| word));
        let when = WHEN.iter().find(|(word, _)| value.as_str() == Some(word)).map_or(When::Auto, |(_, when)| *when);
        if key == "helm" { render.helm = when } else { render.kustomize = when }
    }
}

/// Reads `charts:`.
pub(crate) fn read_charts(value: &Value<'_>, at: &FieldPath, reader: &mut Reader) -> Vec<ChartValues> {
    const KEYS: [&str; 5] = ["path", "release", "namespace", "values", "set"];
    if !matches!(value, Value::List(_) | Value::Null) {
        reader.error(at, format!("charts is a list, this is {}", value.describe()), "start each entry with a -");
    }
    let one = |(index, item): (usize, &Value<'_>)| {
        let (at, mut chart) = (at.index(index), ChartValues::default());
        let owned = |texts: Vec<(FieldPath, &str)>| texts.into_iter().map(|(_, text)| text.to_owned()).collect();
        for (key, at, value) in reader.entries(item, &at, &KEYS, "a chart") {
            match key {
                "path" => chart.path = reader.text(value, &at).unwrap_or_default().to_owned(),
                "release" => chart.release = reader.text(value, &at).map(str::to_owned),
                "namespace" => chart.namespace = reader.text(value, &at).map(str::to_owned),
                "values" => chart.values = owned(reader.texts(value, &at)),
                _ => chart.set = owned(reader.texts(value, &at)),
            }
        }
        if chart.path.is_empty() {
            reader.error(&at, "a chart needs path", "name its folder, such as path: charts/app");
        }
        chart
    };
    value.items().iter().enumerate().map(one).collect()
}
