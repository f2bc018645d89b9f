//! The same tree gives the same bytes, whatever the number of threads.

use memlint_tests::folder::Folder;
use memlint_tests::{fixtures, memlint};

#[test]
fn output_depends_on_the_files_alone() {
    let folder = Folder::copy(&fixtures().join("rules"));
    // Enough files of one kind that threads meet, among them broken ones and templates.
    for index in 0..120 {
        let kind = if index % 3 == 0 { "Deployment" } else { "StatefulSet" };
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: w{index}, namespace: batch}}\nspec:\n  selector: \
             {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec:\n      containers:\n      \
             - {{name: a, image: x}}\n      - {{name: b, image: x, resources: {{limits: {{memory: {index}}}}}}}\n"
        );
        folder.write(format!("many/{index}.yaml").as_ref(), text);
    }
    folder.write("many/broken.yaml".as_ref(), "a: [\n---\nb: {\n");
    folder.write("chart/templates/a.yaml".as_ref(), "kind: {{ .Values.kind }}\n{{ if }}\n");
    for format in ["text", "json"] {
        let run = |threads: &str| {
            let found = memlint!("--format", format, "--threads", threads, ".").within(folder.path()).run().exits(1);
            found.stdout
        };
        let first = run("1");
        assert!(first.len() > 10_000, "{first}");
        for threads in ["1", "2", "8", "8"] {
            let again = run(threads);
            assert!(first == again, "{}", memlint_tests::diff::lines(&first, &again));
        }
    }
}
