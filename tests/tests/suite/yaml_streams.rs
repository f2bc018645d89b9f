//! Streams, relevance and templates: what is done to a text before, and when, it cannot be parsed.

use memlint_files::yaml::{self, Failure};

#[test]
fn streams_are_split_as_kubectl_splits_them() {
    for (text, expected) in [
        ("", vec![]),
        ("\n# only\n  # comments\n---\n---\n\n", vec![]),
        ("a: 1", vec![(1, "a: 1")]),
        ("a: 1\n---\nb: 2\n", vec![(1, "a: 1\n"), (3, "b: 2\n")]),
        ("---\na: 1\n--- # comment\nb: 2\n---  \n", vec![(2, "a: 1\n"), (4, "b: 2\n")]),
        ("---# comment\na: 1\n", vec![(2, "a: 1\n")]),
        ("a: 1\r\n---\r\nb: 2\r\n", vec![(1, "a: 1\r\n"), (3, "b: 2\r\n")]),
        ("\u{feff}---\na: 1\n", vec![(2, "a: 1\n")]),
        ("\u{feff}a: 1\n---\nb: 2", vec![(1, "a: 1\n"), (3, "b: 2")]),
        ("a: |\n  ---\n  x\n ---\nb: 2\n", vec![(1, "a: |\n  ---\n  x\n ---\nb: 2\n")]),
        ("a: |\n  x\n---\nb: 2\n", vec![(1, "a: |\n  x\n"), (4, "b: 2\n")]),
        ("a: \"x\n---\ny\"\n", vec![(1, "a: \"x\n"), (3, "y\"\n")]),
        ("a: 1\n-----BEGIN\n", vec![(1, "a: 1\n-----BEGIN\n")]),
        ("a: 1\n--- b: 2\n---\nc: 3\n", vec![(1, "a: 1\n"), (2, "--- b: 2\n"), (4, "c: 3\n")]),
        ("a: 1\n...\n", vec![(1, "a: 1\n")]),
        ("a: 1\n... # end\n# comment\n---\nb: 2\n", vec![(1, "a: 1\n"), (5, "b: 2\n")]),
        ("a: 1\n...\nb: 2\n---\nc: 3\n", vec![(1, "a: 1\n"), (3, "b: 2\n"), (5, "c: 3\n")]),
        ("%YAML 1.1\n# c\n---\na: 1\n---\nb: 2\n", vec![(1, "%YAML 1.1\n# c\n---\na: 1\n"), (6, "b: 2\n")]),
        ("a: 1\n...\n%YAML 1.1\n---\nb: 2\n", vec![(1, "a: 1\n"), (3, "%YAML 1.1\n---\nb: 2\n")]),
        (
            "{\"a\": \"}\\\"{\"}{\"b\": [{}]}\n\n{\"c\":1}\n",
            vec![(1, "{\"a\": \"}\\\"{\"}"), (1, "{\"b\": [{}]}"), (2, "\n\n{\"c\":1}")],
        ),
        ("{\"a\": 1}\n---\n{\"b\": 2}\n", vec![(1, "{\"a\": 1}\n"), (3, "{\"b\": 2}\n")]),
        ("{a: \"b\n", vec![(1, "{a: \"b\n")]),
    ] {
        let documents = yaml::split(text);
        let found: Vec<_> = documents.iter().map(|document| (document.line, document.text)).collect();
        assert!(documents.iter().all(|document| text[document.start..].starts_with(document.text)), "{text:?}");
        if text.starts_with("{\"a\": \"}") {
            assert_eq!(found.len(), 3);
            assert_eq!(
                found.iter().map(|(_, text)| text.trim()).collect::<Vec<_>>(),
                expected.iter().map(|(_, text)| text.trim()).collect::<Vec<_>>()
            );
            continue;
        }
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn one_broken_document_hides_no_other() {
    let text = "a: [1\n---\nb: 2\n---\n\tc: 3\n--- d\n---\ne: 5\n...\nf: 6\n";
    let outcomes: Vec<_> = yaml::split(text)
        .into_iter()
        .map(|raw| {
            yaml::parse(raw).map(|document| document.value().entries()[0].0.to_string()).map_err(|p| (p.line, p.column))
        })
        .collect();
    assert_eq!(outcomes, [Err((1, 4)), Ok("b".to_owned()), Err((5, 1)), Err((6, 4)), Ok("e".to_owned()), Err((10, 1))]);
}

#[test]
fn only_documents_that_no_rule_could_speak_of_are_skipped() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  description: containers\n";
    for (text, matters) in [
        (crd.to_owned(), false),
        (format!("# comment\n\n{crd}"), false),
        (crd.replace('\n', "\r\n"), false),
        ("apiVersion: v1\nkind: ConfigMap # c\ndata:\n  pod: |\n    containers: x\n".to_owned(), false),
        ("apiVersion: v1\nkind: Service\nspec:\n  ports: []\n".to_owned(), false),
        ("apiVersion: example.com/v1\nkind: Thing\nspec: {}\n".to_owned(), false),
        ("apiVersion: example.com/v1\nkind: Thing\nspec:\n  containers: []\n".to_owned(), true),
        ("apiVersion: example.com/v1\nkind: Thing\nspec:\n  \"c\\x6fntainers\": []\n".to_owned(), true),
        ("apiVersion: example.com/v1\nkind: Thing\nspec:\n  ? !!binary Y29udGFpbmVycw==\n  : []\n".to_owned(), true),
        ("apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {}\n".to_owned(), true),
        ("apiVersion: \"v1\"\nkind: Service\nspec: {}\n".to_owned(), true),
        ("apiVersion: v1\nkind: Pod\n".to_owned(), true),
        ("apiVersion: v1\nkind: LimitRange\n".to_owned(), true),
        ("apiVersion: example.com/v1\nkind: ThingList\n".to_owned(), true),
        ("apiVersion: memlint.dev/v1alpha1\nkind: Policy\n".to_owned(), true),
        // No kind, two kinds, or one that is not plainly written.
        ("a: 1\n".to_owned(), true),
        ("spec:\n  kind: ConfigMap\n".to_owned(), true),
        (format!("{crd}kind: Pod\n"), true),
        (format!("{crd}\"kind\": Pod\n"), true),
        (format!("{crd}'kind': Pod\n"), true),
        (format!("{crd}? kind\n: Pod\n"), true),
        (format!("{crd}!!str kind: Pod\n"), true),
        (format!("{crd}&a kind: Pod\n"), true),
        (format!("{crd}<<: {{kind: Pod}}\n"), true),
        (format!("{crd}x: y\rkind: Pod\n"), true),
        (format!(" {}", crd.replace('\n', "\n ")), true),
        (format!("x: \"\n{crd}\"\nkind : Pod\n"), true),
        ("apiVersion: v1\nkind: *k\n".to_owned(), true),
        ("apiVersion: v1\nkind:\n  ConfigMap\n".to_owned(), true),
        ("apiVersion: v1\nkind: \"ConfigMap\"\n".to_owned(), true),
        ("{apiVersion: v1, kind: ConfigMap}\n".to_owned(), true),
        ("- kind: Pod\n".to_owned(), true),
        ("%TAG ! x\n---\nkind: ConfigMap\n".to_owned(), true),
    ] {
        assert_eq!(yaml::may_matter(&text), matters, "{text:?}");
    }
}

#[test]
fn templates_are_told_from_broken_documents() {
    for (text, templated) in [
        ("{{- if .Values.x }}\na: 1\n{{- end }}\n", true),
        ("a: {{ .Values.x }}\n", true),
        ("a: {{ .Values.x | quote }} # c\n", true),
        ("a: 1\n  b: {{ x }}\n", true),
        ("{% if x %}\na: [\n", true),
        ("a:\n  {{- toYaml .Values.x | nindent 2 }}\n b: c\n", true),
        ("a: |\n  x\n{{ include \"b\" . | indent 2 }}\n", true),
        ("a: {{ default \"x\" .y }}: \"\n", true),
        ("a: \"{{ x }}\"\nb: [\n", false),
        ("a: '{{ x }}'\nb: [\n", false),
        ("# {{ x }}\nb: [\n", false),
        ("a: b # {{ x }}\nb: [\n", false),
        ("alert: |\n  {{ $labels.x }}\n\n  {{ $value }}\nb: [\n", false),
        ("- alert: >-\n    {{ $labels.x }}\n- b: [\n", false),
        ("- a: x\n  - |\n   {{ x }}\nb: [\n", false),
        ("a: \"x\n  {{ y }}\n  \"\nb: [\n", false),
        ("a: [\n", false),
    ] {
        let raw = yaml::split(text)[0];
        let problem = yaml::parse(raw).expect_err(text);
        assert_eq!(
            yaml::classify(raw.text, problem.clone()),
            if templated { Failure::Templated } else { Failure::Broken(problem) },
            "{text:?}"
        );
    }
}

#[test]
fn problems_point_at_the_place_and_say_what_to_do() {
    for (text, place, words) in [
        ("a:\n\tb: 1\n", "2:1", "a tab cannot indent YAML"),
        ("\ta: 1\n", "1:1", "a tab cannot indent YAML"),
        ("a: \"b\nc: d\n", "", "never closed"),
        ("a: b: c\n", "1:5", "second `: `"),
        ("a:\n  b: 1\n c: 2\n", "3:2", "indentation"),
        ("a: *nope\n", "1:4", "anchor that does not stand before"),
        ("a: &x [*x]\n", "1:8", "the very value that it names"),
        ("a: .inf\n", "1:4", "infinity"),
        ("null: 1\n", "1:1", "must be a string, and this is null"),
        ("? [1]\n: x\n", "1:3", "must be a string, and this is a list"),
        ("a: {<<: 1}\n", "1:9", "takes a map"),
        ("é: @x\n", "1:4", "cannot start with @"),
        ("a: \"\\/\"\n", "1:5", "no escape \\/"),
        ("a: [b?]\n", "1:5", "cannot have a ?"),
        ("a: \u{1}\n", "1:4", "control character 0x01"),
        ("%YAML 1.2\n---\na: 1\n", "1:1", "YAML 1.1"),
        ("{\"a\": 1}\n{\"b\": [\"x\" 2]}\n", "2:12", "a , or ] is missing"),
        ("{\"a\": \"b\n", "1:9", "line break"),
        (" a: 1\nb: 2\n", "2:1", "ignores what follows"),
    ] {
        let failed = yaml::split(text).into_iter().find_map(|raw| yaml::parse(raw).err());
        let problem = failed.unwrap_or_else(|| panic!("{text:?} is read"));
        assert!(format!("{}:{}", problem.line, problem.column).starts_with(place), "{text:?}: {problem}");
        assert!(problem.message.contains(words), "{text:?}: {problem}");
        assert!(problem.help.is_some(), "{text:?}: {problem}");
    }
}
