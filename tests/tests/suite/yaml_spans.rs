//! Places: every key and value is found where it is written.

use memlint_files::yaml::{self, Document};
use memlint_kubernetes::path::FieldPath;

fn path(steps: &str) -> FieldPath {
    let mut path = FieldPath::root();
    for step in steps.split('.').filter(|step| !step.is_empty()) {
        match step.parse() {
            Ok(index) => path.push_index(index),
            Err(_) => path.push_key(step),
        }
    }
    path
}

/// The document of `text` that says `document`, from 0.
fn document(text: &str, document: usize) -> Document<'_> {
    yaml::parse(yaml::split(text)[document]).unwrap_or_else(|problem| panic!("{text:?}: {problem}"))
}

/// `line:column` and text of the key and the value at a path; checks that offsets and columns agree.
fn places(text: &str, index: usize, steps: &str) -> (String, String) {
    let location = document(text, index).resolve(&path(steps));
    assert_eq!(location.depth_found, path(steps).segments().len(), "{steps} is there");
    let show = |span: yaml::Span| {
        let before = &text[..span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().trim_start_matches('\u{feff}').chars().count() + 1;
        assert_eq!((line, column), (span.line, span.column), "{steps}");
        format!("{line}:{column} {}", &text[span.start..span.end])
    };
    (location.key.map(show).unwrap_or_default(), show(location.value))
}

#[test]
fn keys_and_values_are_found_where_they_are_written() {
    let block = "a:\n  b: 1 # c\n  ä: \"ü\" # d\n  e: |\n    text\n    more\n\n  f: plain\n    goes on\n  g:\n  h: &x !!str 5\nl:\n- k: v\n- - 'n'\n  -\n    m: \"two\n      lines\"\n";
    let flow = "a: {b: 1, ä: [x, \"y\", {c: 'd'}],\n  e: f}\n";
    let json = "{\n\t\"a\": {\"b\": [1, \"\\u00e9ü\", {\"c\": true}]},\n\t\"ä\":\"x\"}\n";
    for (text, document, steps, key, value) in [
        (block, 0, "a.b", "2:3 b", "2:6 1"),
        (block, 0, "a.ä", "3:3 ä", "3:6 \"ü\""),
        (block, 0, "a.e", "4:3 e", "5:5 text\n    more"),
        (block, 0, "a.f", "8:3 f", "8:6 plain\n    goes on"),
        (block, 0, "a.g", "10:3 g", "10:5 "),
        (block, 0, "a.h", "11:3 h", "11:15 5"),
        (block, 0, "l", "12:1 l", "13:1 - k: v\n- - 'n'\n  -\n    m: \"two\n      lines\""),
        (block, 0, "l.0", "", "13:3 k: v"),
        (block, 0, "l.0.k", "13:3 k", "13:6 v"),
        (block, 0, "l.1.0", "", "14:5 'n'"),
        (block, 0, "l.1.1.m", "16:5 m", "16:8 \"two\n      lines\""),
        (flow, 0, "a", "1:1 a", "1:4 {b: 1, ä: [x, \"y\", {c: 'd'}],\n  e: f}"),
        (flow, 0, "a.b", "1:5 b", "1:8 1"),
        (flow, 0, "a.ä", "1:11 ä", "1:14 [x, \"y\", {c: 'd'}]"),
        (flow, 0, "a.ä.1", "", "1:18 \"y\""),
        (flow, 0, "a.ä.2.c", "1:24 c", "1:27 'd'"),
        (flow, 0, "a.e", "2:3 e", "2:6 f"),
        (json, 0, "a", "2:2 \"a\"", "2:7 {\"b\": [1, \"\\u00e9ü\", {\"c\": true}]}"),
        (json, 0, "a.b.1", "", "2:17 \"\\u00e9ü\""),
        (json, 0, "a.b.2.c", "2:29 \"c\"", "2:34 true"),
        (json, 0, "ä", "3:2 \"ä\"", "3:6 \"x\""),
        ("a: 1\r\nb:\r\n- c: é d\r\n  e: f\r\n", 0, "b.0.e", "4:3 e", "4:6 f"),
        ("a: 1\r\nb:\r\n- c: é d\r\n  e: f\r\n", 0, "b.0.c", "3:3 c", "3:6 é d"),
        ("\u{feff}a: 1\nb: 2\n", 0, "a", "1:1 a", "1:4 1"),
        ("\u{feff}a: 1\nb: 2\n", 0, "b", "2:1 b", "2:4 2"),
        ("# one\na: 1\n--- # two\n\nb: {\n  c: 2}\n---\nd: 3\n", 1, "b.c", "6:3 c", "6:6 2"),
        ("# one\na: 1\n--- # two\n\nb: {\n  c: 2}\n---\nd: 3\n", 2, "d", "8:1 d", "8:4 3"),
        ("%YAML 1.1\n---\na: 1\n", 0, "a", "3:1 a", "3:4 1"),
        ("{\"a\":1}\n{\"b\":\n 2}\n", 1, "b", "2:2 \"b\"", "3:2 2"),
        ("yes: 1\n0x10: 2\n", 0, "true", "1:1 yes", "1:6 1"),
        ("? a\n: b\n? - c\n: d\n".split_at(8).0, 0, "a", "1:3 a", "2:3 b"),
        ("a: 1\na: 2\n", 0, "a", "2:1 a", "2:4 2"),
        // Mended texts: what is not indented, `\'`, and a comment without a space.
        ("a:\n  b: \"x\ny\n\"\n  c: 'é\nz'\n  d: e\n", 0, "a.b", "2:3 b", "2:6 \"x\ny\n\""),
        ("a:\n  b: \"x\ny\n\"\n  c: 'é\nz'\n  d: e\n", 0, "a.c", "5:3 c", "5:6 'é\nz'"),
        ("a:\n  b: \"x\ny\n\"\n  c: 'é\nz'\n  d: e\n", 0, "a.d", "7:3 d", "7:6 e"),
        ("a: [\"it\\'s\", -, {b: \"c\"}]#d\ne: f\n", 0, "a.0", "", "1:5 \"it\\'s\""),
        ("a: [\"it\\'s\", -, {b: \"c\"}]#d\ne: f\n", 0, "a.1", "", "1:14 -"),
        ("a: [\"it\\'s\", -, {b: \"c\"}]#d\ne: f\n", 0, "a.2.b", "1:18 b", "1:21 \"c\""),
        ("a: [\"it\\'s\", -, {b: \"c\"}]#d\ne: f\n", 0, "e", "2:1 e", "2:4 f"),
    ] {
        assert_eq!(places(text, document, steps), (key.to_owned(), value.to_owned()), "{steps} in {text:?}");
    }
}

#[test]
fn aliases_and_merges_lead_to_where_the_value_is_written() {
    let text = "base: &b\n  m: 1\n  k: {o: 2}\none: *b\ntwo:\n  <<: *b\n  m: 3\nthree:\n  m: 4\n  <<: [{p: 5}, *b]\nfour:\n  five: *b\n";
    let document = document(text, 0);
    for (steps, value, used_at) in [
        ("base.m", "2:6 1", None),
        ("one.m", "2:6 1", Some("4:6 *b")),
        ("one.k.o", "3:10 2", Some("4:6 *b")),
        ("two.m", "7:6 3", None),
        ("two.k.o", "3:10 2", Some("6:7 *b")),
        // A merge overrides what stands before it.
        ("three.m", "2:6 1", Some("10:16 *b")),
        ("three.p", "10:12 5", Some("10:8 {p: 5}")),
        ("four.five.k", "3:6 {o: 2}", Some("12:9 *b")),
    ] {
        let location = document.resolve(&path(steps));
        let show = |span: yaml::Span| format!("{}:{} {}", span.line, span.column, &text[span.start..span.end]);
        assert_eq!(show(location.value), value, "{steps}");
        assert_eq!(location.used_at.map(show).as_deref(), used_at, "{steps}");
        assert!(document.value().at(&path(steps)).is_some(), "{steps}");
    }
}

#[test]
fn a_path_that_ends_early_leads_to_its_deepest_part() {
    let document = document("a:\n  b:\n  - c: 1\n", 0);
    for (steps, depth, line, column) in [
        ("a.x.y", 1, 2, 3),
        ("a.b.1", 2, 3, 3),
        ("a.b.0.c.d", 4, 3, 8),
        ("x", 0, 1, 1),
        ("", 0, 1, 1),
        ("a.0", 1, 2, 3),
    ] {
        let location = document.resolve(&path(steps));
        assert_eq!(
            (location.depth_found, location.value.line, location.value.column),
            (depth, line, column),
            "{steps}"
        );
    }
}

#[test]
fn repeated_keys_are_reported_and_merged_ones_are_not() {
    let long = (0..40).map(|i| format!("k{i}: 1\n")).collect::<String>() + "k7: 2\nk7: 3\n";
    for (text, expected) in [
        ("a: 1\nb: {c: 1, d: 2, c: 3}\na: 4\n", vec![("c", "2:5", "2:17"), ("a", "1:1", "3:1")]),
        ("x: &a {k: 1}\nz: {<<: *a, k: 2}\n", vec![]),
        ("x: &a {k: 1}\nz: {k: 2, <<: *a}\n", vec![]),
        ("z: {k: 2, <<: {l: 1}, k: 3}\n", vec![("k", "1:5", "1:23")]),
        ("yes: 1\ntrue: 2\n", vec![("true", "1:1", "2:1")]),
        ("{\"a\":1,\"a\":2}", vec![("a", "1:2", "1:8")]),
        (&long, vec![("k7", "8:1", "41:1"), ("k7", "8:1", "42:1")]),
    ] {
        let document = document(text, 0);
        let show = |span: yaml::Span| format!("{}:{}", span.line, span.column);
        let found: Vec<_> = document.duplicates().into_iter().map(|d| (d.key, show(d.first), show(d.again))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(k, f, a)| ((*k).to_owned(), (*f).to_owned(), (*a).to_owned())).collect();
        assert_eq!(found, expected, "{text:?}");
    }
}
