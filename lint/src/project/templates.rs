//! Templates that memlint does not render: what to say of them.

use std::collections::BTreeMap;

use memlint_files::problem::Note;
use memlint_kubernetes::object::Value;

/// One note for each chart or folder with templates, which says how to lint what they render to.
#[must_use]
pub fn notes(files: &[&str]) -> Vec<Note> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        *folders.entry(folder(file)).or_default() += 1;
    }
    let note = |(folder, count): (&str, usize)| {
        let what =
            if count == 1 { "1 template was skipped".to_owned() } else { format!("{count} templates were skipped") };
        let chart = if folder.is_empty() { "." } else { folder };
        let message = format!("{what}; lint what it renders to: helm template {chart} | memlint -");
        Note { file: Some(chart.to_owned()), at: None, message }
    };
    folders.into_iter().map(note).collect()
}

/// Whether there are template actions in a value: in its text, or in that of its entries if it is a map of texts.
#[must_use]
pub fn are_in(value: Option<&Value<'_>>) -> bool {
    let is_action = |text: &str| {
        let opened = |open, close| text.split_once(open).is_some_and(|(_, rest): (&str, &str)| rest.contains(close));
        opened("{{", "}}") || opened("{%", "%}")
    };
    match value {
        Some(Value::String(text)) => is_action(text),
        Some(Value::Map(entries)) => {
            entries.iter().any(|(key, value)| is_action(key) || value.as_str().is_some_and(is_action))
        }
        _ => false,
    }
}

/// The chart that a file belongs to: what is above its `templates` folder, else the file's own folder.
fn folder(file: &str) -> &str {
    let parent = file.rsplit_once('/').map_or("", |(parent, _)| parent);
    match parent.find("/templates") {
        Some(end) => &parent[..end],
        None if parent == "templates" || parent.starts_with("templates/") => "",
        None => parent,
    }
}

#[cfg(test)]
mod tests {
    use super::notes;

    #[test]
    fn one_note_per_chart() {
        let files = ["charts/web/templates/a.yaml", "charts/web/templates/sub/b.yaml", "templates/c.yaml", "x/d.yaml"];
        let messages: Vec<_> = notes(&files).into_iter().map(|note| note.message).collect();
        assert_eq!(
            messages,
            [
                "1 template was skipped; lint what it renders to: helm template . | memlint -",
                "2 templates were skipped; lint what it renders to: helm template charts/web | memlint -",
                "1 template was skipped; lint what it renders to: helm template x | memlint -",
            ]
        );
    }
}
