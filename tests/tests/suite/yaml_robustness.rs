//! Hostile and huge inputs: a clear answer in bounded time and memory, and never a panic.

use std::time::{Duration, Instant};

use memlint_files::yaml::{self, Problem};
use memlint_kubernetes::path::FieldPath;

/// Everything the reader does with a text; the problems it has.
fn read(text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for raw in yaml::split(text) {
        let _ = yaml::may_matter(raw.text);
        match yaml::parse(raw) {
            Ok(document) => {
                let path = FieldPath::of(&["spec", "template", "spec", "containers"]).index(0).key("resources");
                let location = document.resolve(&path);
                assert!(text.get(location.value.start..location.value.end).is_some());
                for duplicate in document.duplicates() {
                    assert!(text.get(duplicate.first.start..duplicate.again.end).is_some());
                }
                let _ = document.value().clone();
            }
            Err(problem) => {
                assert!(problem.offset <= text.len() && problem.line > 0 && problem.column > 0);
                let _ = yaml::classify(raw.text, problem.clone());
                problems.push(problem);
            }
        }
    }
    problems
}

/// Reads on a thread with the stack of a worker thread, within a time that only a machine in trouble exceeds.
fn check(name: &str, text: String, expected: Option<&str>) {
    let start = Instant::now();
    let problems = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || read(&text))
        .expect("a thread")
        .join()
        .unwrap_or_else(|_| panic!("{name} panics"));
    match expected {
        Some(words) => assert!(problems.iter().any(|problem| problem.message.contains(words)), "{name}: {problems:?}"),
        None => assert!(problems.is_empty(), "{name}: {problems:?}"),
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{name} takes {:?}", start.elapsed());
}

#[test]
fn nesting_is_limited() {
    for depth in [600, 20_000, 200_000] {
        for open in ["[", "{a: ", "- ", "? ", "[{a: ", "{\"a\":", "[[", "- - "] {
            check(open, open.repeat(depth), Some("levels of nesting"));
        }
        let steps: String = (0..depth.min(3000)).map(|i| " ".repeat(i) + "a:\n").collect();
        check("steps", steps, Some("levels of nesting"));
        check("json", "[".repeat(depth) + &"]".repeat(depth), Some("levels of nesting"));
    }
    check("deep enough", "[".repeat(500) + &"]".repeat(500), None);
    check("deep enough", "- ".repeat(500) + "x", None);
    check("deep enough", "{a: ".repeat(500) + "x" + &"}".repeat(500), None);
    let chain: String = (1..400).map(|i| format!("a{i}: &a{i} [[[*a{}]]]\n", i - 1)).collect();
    check("aliases of aliases", format!("a0: &a0 x\n{chain}"), Some("levels of nesting"));
}

#[test]
fn aliases_cannot_blow_a_document_up() {
    let laughs = |open: &str, close: &str, key: &dyn Fn(usize) -> String| {
        (1..12).fold("a0: &a0 lol\n".to_owned(), |text, i| {
            let aliases = (0..9).map(|j| key(j) + &format!("*a{}", i - 1)).collect::<Vec<_>>().join(", ");
            text + &format!("a{i}: &a{i} {open}{aliases}{close}\n")
        })
    };
    check("lists", laughs("[", "]", &|_| String::new()), Some("blow this document up"));
    check("maps", laughs("{", "}", &|j| format!("k{j}: ")), Some("blow this document up"));
    let merges = (1..40).map(|i| format!("a{i}: &a{i} {{<<: [*a{}, *a{}]}}\n", i - 1, i - 1)).collect::<String>();
    check("merges", format!("a0: &a0 {{k: v}}\n{merges}"), Some("blow this document up"));
    check("itself", "&a [*a]\n".to_owned(), Some("very value that it names"));
    check("itself", "a: &a {<<: *a}\n".to_owned(), Some("very value that it names"));
    check("itself", "&a {b: [{*a : c}]}\n".to_owned(), Some("very value that it names"));
    check("many", "a: &a {b: c}\n".to_owned() + &(0..90).map(|i| format!("k{i}: *a\n")).collect::<String>(), None);
    check("anchors", (0..100_000).map(|i| format!("- &a{i} x\n")).collect(), None);
}

#[test]
fn size_is_bearable() {
    let words = "word ".repeat(1_000_000);
    check("plain", format!("a: {words}\n"), None);
    check("quoted", format!("a: \"{words}\"\n"), None);
    check("block", format!("a: |\n  {words}\n"), None);
    check("key", format!("{}: b\n", "k".repeat(5_000_000)), Some(""));
    check("comment", format!("# {words}\na: b\n"), None);
    check("blank", "\n".repeat(5_000_000), None);
    check("spaces", " ".repeat(5_000_000) + "a: b\n", None);
    check("flow", format!("a: [{}]\n", "b, ".repeat(300_000)), None);
    check("keys", (0..200_000).map(|i| format!("k{i}: v\n")).collect(), None);
    check("same keys", "k: v\n".repeat(20_000), None);
    check("documents", "a: b\n---\n".repeat(100_000), None);
    check("dashes", "---\n".repeat(500_000), None);
    check("tabs", format!("a: |\n  x\n{}", "  \tx\n".repeat(300_000)), None);
    check("quotes", (0..500).map(|i| format!("k{i}: '\nb\n'\n")).collect(), None);
    check("open quotes", "a: \"b\n".repeat(20_000), Some(""));
    check("braces", "{{ ".repeat(200_000), Some(""));
    let pod = r#"{"kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"b","resources":{"limits":{"memory":"1Gi"}}}]}},"#;
    check("json", format!("{{\"kind\":\"List\",\"items\":[{}null]}}", pod.repeat(50_000)), None);
    // Half a minute without optimisation.
    if cfg!(not(debug_assertions)) {
        check("numbers", format!("[{}0]", "1,".repeat(7_000_000)), Some("more than 6000000 values"));
    }
}

#[test]
fn odd_inputs_have_an_answer() {
    for text in [
        "",
        "\u{feff}",
        "\u{feff}\u{feff}a",
        "\0",
        "a: \0b",
        "\r",
        "a\rb: c\r",
        "a: b\r\r\n",
        "---",
        "...",
        "%",
        "%YAML",
        "%TAG",
        "&",
        "*",
        "!",
        "|",
        ">",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "?",
        "-",
        "#",
        "@",
        "`",
        "~",
        "<<",
        "<<: *a",
        "? ",
        ": ",
        "- ",
        "? ? ?",
        ": : :",
        "- ? : -",
        "a: !",
        "a: !<",
        "a: !!",
        "!<a",
        "\\",
        "\"\\",
        "\"\\u",
        "\"\\uD8",
        "{\"",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"\\ud800\":1}",
        "{\"\\ud800\\u0041\":1}",
        "[1e",
        "[-]",
        "[01]",
        "[1.]",
        "{,}",
        "{]",
        "\u{85}",
        "a: \u{2028}b",
        "a: |9\n x",
        "a: |0\n x",
        "a: >-+\n x",
        "{a: |\n x}",
        "--- |\n",
        "---x",
        "... x",
        "😀: 😀",
        "a: \"😀\\\n 😀\"",
        "\t",
        "\t\t\n\t",
        "-\t",
        "\u{10ffff}",
    ] {
        read(text);
        for end in ["\n", "\n---\n", " ", "\t", "\r\n", "\u{e9}"] {
            read(&format!("{text}{end}"));
            read(&format!("a: {text}{end}"));
            read(&format!("- [{text}{end}"));
        }
    }
    for bytes in [
        &b"\xff"[..],
        b"\xff\xfe",
        b"\xff\xfea",
        b"\xfe\xff\xd8\x00",
        b"\xef\xbb\xbf\xff",
        b"a\x00",
        b"\x1f\x8b\x08\x00",
    ] {
        let _ = yaml::decode(bytes);
    }
}

/// A small generator of pseudo-random numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % 0xFFFF_FFFF).expect("32 bits") % bound.max(1)
    }
}

#[test]
fn mutations_of_valid_files_never_panic() {
    let seeds = [
        "apiVersion: v1\nkind: Pod\nspec: &s\n  containers:\n  - name: \"ä\\n\" # c\n    args: [-a, 'b', {c: d}]\n    resources: {limits: {memory: 010}}\n    text: |\n      x\n       y\n  <<: {a: 1}\n---\nb: *s\n",
        "{\"kind\": \"List\", \"items\": [{\"a\": 1.5e3, \"b\": \"\\u00e9\\ud83d\\ude00\"}, null, true]}\n",
        "? complex\n: - &a !!str 5\n  - *a\n  - \"multi\n    line\n  end\"\n  - >-\n    folded\n\n    text\n%x: 'it''s'\n",
    ];
    let pieces = [
        "\n", "  ", "\t", ": ", "- ", "[", "]", "{", "}", "\"", "'", "|\n", "&a ", "*a", "<<: ", "#", "\\", "é", "\r",
        "---\n", "!!int ", "\u{0}", "?", ",", "{{ x }}", "\u{feff}",
    ];
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for round in 0..6_000 {
        let mut characters: Vec<char> = seeds[round % seeds.len()].chars().collect();
        for _ in 0..=random.below(6) {
            let at = random.below(characters.len() + 1);
            let end = (at + random.below(5)).min(characters.len());
            let piece = pieces[random.below(pieces.len())];
            let added: Vec<char> = if random.below(3) == 0 { Vec::new() } else { piece.chars().collect() };
            characters.splice(at..end, added);
        }
        let text: String = characters.into_iter().collect();
        read(&text);
        let bytes = text.as_bytes();
        let _ = yaml::decode(&bytes[..random.below(bytes.len())]);
    }
}

/// Whether any map below holds this key.
fn holds(value: &memlint_kubernetes::object::Value<'_>, key: &str) -> bool {
    value.items().iter().any(|item| holds(item, key)) || value.entries().iter().any(|(k, v)| k == key || holds(v, key))
}

#[test]
fn mutated_documents_are_not_skipped_for_what_they_are_not() {
    let seeds = [
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: \"x\n\n  y\"\n  b: |\n    z\n",
        "# c\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {a: b,\n  c: d}\n",
        "apiVersion: example.com/v1\nkind: Thing\nspec:\n  a: 'b\n    c'\n  d: [e,\n f]\n",
    ];
    let pieces = [
        "kind: Pod\n",
        "\"kind\": Pod\n",
        "? kind\n: Pod\n",
        "kind",
        "\nkind : Pod\n",
        "k\\x69nd",
        "'kind': Pod\n",
        "{kind: Pod}",
        "<<: {kind: Pod}\n",
        "containers: []\n",
        "\"c\\x6fntainers\": []\n",
        "\n",
        " ",
        "\r",
        "\"",
        "'",
        "{",
        "}",
        ": ",
        "#",
        "- ",
        "|\n",
        "&a ",
        "!!str ",
        "? ",
        "\t",
        "\\",
        ",",
        "apiVersion: v1\n",
        "apiVersion: serving.knative.dev/v1\n",
        "Service",
    ];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut skipped = 0;
    for round in 0..20_000 {
        let mut text = seeds[round % seeds.len()].to_owned();
        for _ in 0..=random.below(5) {
            let at = random.below(text.len() + 1);
            let end = (at + random.below(3)).min(text.len());
            text.replace_range(at..end, pieces[random.below(pieces.len())]);
        }
        for raw in yaml::split(&text).into_iter().filter(|raw| !yaml::may_matter(raw.text)) {
            let Ok(document) = yaml::parse(raw) else { continue };
            let kind = document.value().get("kind").and_then(|kind| kind.as_str()).unwrap_or_default();
            skipped += 1;
            assert!(!["", "Pod", "Service"].contains(&kind) || raw.text.contains("apiVersion: v1\n"), "{:?}", raw.text);
            assert_ne!(kind, "Pod", "{:?}", raw.text);
            assert!(kind != "Thing" || !holds(document.value(), "containers"), "{:?}", raw.text);
        }
    }
    assert!(skipped > 1000, "only {skipped} documents were skipped");
}
