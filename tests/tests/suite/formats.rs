//! What linting prints for other tools: always a whole document of its format, with every finding at its place.

use memlint_tests::folder::Folder;
use memlint_tests::{fixtures, memlint, skipped};
use serde_json::Value;

/// Findings of both levels, a document that cannot be read, names that each format has to escape.
fn tree() -> Folder {
    let pod = |name: &str, request: &str, limit: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n  - name: app\n    image: x\n    \
             resources:\n      requests: {{memory: {request}}}\n      limits: {{memory: {limit}}}\n"
        )
    };
    Folder::new()
        .with("k8s/a b,c:d.yaml", pod("first", "2Gi", "1Gi"))
        .with("k8s/quantity.yaml", pod("second", "512Mi", "512MB"))
        .with("k8s/warned.yaml", pod("third", "100Mi", "1Gi"))
        .with("k8s/broken.yaml", "kind: Pod\n  a: [<&\n")
}

fn printed(folder: &Folder, format: &str) -> String {
    memlint!("k8s", "--format", format).within(folder.path()).run().stdout
}

fn clean() -> Folder {
    Folder::new().with("k8s/values.txt", "nothing")
}

#[test]
fn sarif_points_at_every_token() {
    let sarif: Value = serde_json::from_str(&printed(&tree(), "sarif")).expect("JSON");
    let run = &sarif["runs"][0];
    assert_eq!((&sarif["version"], &run["columnKind"]), (&"2.1.0".into(), &"unicodeCodePoints".into()));
    let results = run["results"].as_array().expect("results");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    assert_eq!(results.len(), 3, "{results:?}");
    for result in results {
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok()).expect("an index");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uriBaseId"], "%SRCROOT%");
        assert!(location["region"]["startLine"].as_u64() > Some(1), "{location}");
        assert!(result["partialFingerprints"]["memlint/v1"].as_str().is_some_and(|text| text.len() == 32));
    }
    let uris: Vec<_> =
        results.iter().map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).collect();
    assert!(uris.contains(&&Value::from("k8s/a%20b%2Cc%3Ad.yaml")), "{uris:?}");
    let notifications = &run["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(notifications.as_array().map(Vec::len), Some(1), "{notifications}");
    let empty: Value = serde_json::from_str(&printed(&clean(), "sarif")).expect("JSON");
    assert_eq!(empty["runs"][0]["results"], Value::Array(Vec::new()));
}

#[test]
fn a_fingerprint_stays_where_lines_and_files_move() {
    let of = |folder: &Folder| -> Vec<String> {
        let root: Value = serde_json::from_str(&printed(folder, "json")).expect("JSON");
        let all = root["findings"].as_array().expect("a list").iter();
        let mut all: Vec<String> =
            all.map(|finding| finding["fingerprint"].as_str().expect("text").to_owned()).collect();
        all.sort();
        all
    };
    let before = tree();
    let text = std::fs::read_to_string(before.at("k8s/warned.yaml")).expect("a file");
    let prints = of(&before);
    std::fs::remove_file(before.at("k8s/warned.yaml")).expect("a file");
    let after = before.with("k8s/moved/elsewhere.yaml", format!("# one line more\n{text}"));
    assert_eq!(of(&after), prints);
}

#[test]
fn github_annotates_with_everything_escaped() {
    let text = printed(&tree(), "github");
    assert!(text.contains("::error file=k8s/a b%2Cc%3Ad.yaml,line=9,col="), "{text}");
    assert!(text.contains("::warning file=k8s/warned.yaml,line=10,"), "{text}");
    assert!(text.contains("title=memlint: unreadable::"), "{text}");
    assert!(text.lines().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")), "{text}");
    assert_eq!(printed(&clean(), "github"), "");
}

#[test]
fn gitlab_gets_a_list_with_distinct_fingerprints() {
    let all: Value = serde_json::from_str(&printed(&tree(), "gitlab")).expect("JSON");
    let all = all.as_array().expect("a list");
    let prints: std::collections::BTreeSet<_> = all.iter().map(|one| one["fingerprint"].to_string()).collect();
    assert_eq!((all.len(), prints.len()), (4, 4));
    for one in all {
        assert!(one["location"]["lines"]["begin"].as_u64() > Some(0) && one["description"].is_string());
        assert!(["minor", "critical"].contains(&one["severity"].as_str().expect("text")));
    }
    assert_eq!(printed(&clean(), "gitlab"), "[]\n");
}

#[test]
fn junit_is_xml_that_a_parser_takes() {
    for (folder, cases) in [(tree(), 4), (clean(), 1)] {
        let text = printed(&folder, "junit");
        let file = folder.at("junit.xml");
        std::fs::write(&file, &text).expect("a file");
        assert_eq!(text.matches("<testcase ").count(), cases, "{text}");
        let script =
            "import sys, xml.etree.ElementTree as t; r = t.parse(sys.argv[1]).getroot(); print(r.attrib['tests'])";
        match std::process::Command::new("python3").args(["-c", script]).arg(&file).output() {
            Ok(parsed) => {
                assert_eq!(String::from_utf8_lossy(&parsed.stdout).trim(), cases.to_string(), "{parsed:?}");
            }
            Err(_) => skipped("JUnit by another parser: there is no python3"),
        }
    }
}

#[test]
fn markdown_is_a_table_whatever_is_in_it() {
    let text = printed(&tree(), "markdown");
    assert!(text.starts_with("### memlint: 3 findings (2 deny, 1 warn), 1 unreadable"), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 6, "{text}");
    let bars = |row: &str| row.replace("\\|", "").matches('|').count();
    assert!(rows.iter().all(|row| bars(row) == 5), "{text}");
    assert!(printed(&clean(), "markdown").starts_with("### memlint: no findings"));
}

#[test]
fn files_are_written_beside_what_is_printed() {
    let folder = tree();
    let run = memlint!("k8s", "--output", "sarif=out.sarif", "--output", "junit=out.xml").within(folder.path()).run();
    let run = run.exits(1).says(&["deny[request-above-limit]"]);
    assert!(!run.stdout.contains("<testsuites"));
    for (file, format) in [("out.sarif", "sarif"), ("out.xml", "junit")] {
        assert_eq!(std::fs::read_to_string(folder.at(file)).expect("a file"), printed(&folder, format));
    }
    for (value, said) in
        [("sarif", "write FORMAT=FILE"), ("xml=a", "there is no format xml"), ("sarif=", "a file is missing")]
    {
        _ = memlint!("k8s", "--output", value).within(folder.path()).run().exits(2).complains(&[said]);
    }
    _ = memlint!("k8s", "--output", "json=no/such/folder")
        .within(folder.path())
        .run()
        .exits(2)
        .complains(&["cannot be written"]);
}

#[test]
fn every_format_holds_for_every_fixture() {
    for rule in memlint_tests::walk::folders(&fixtures().join("rules")) {
        for case in memlint_tests::walk::folders(&rule) {
            let folder = Folder::copy(&case);
            for format in ["sarif", "gitlab"] {
                let run = memlint!("--format", format).within(folder.path()).run();
                let parsed: Result<Value, _> = serde_json::from_str(&run.stdout);
                assert!(parsed.is_ok(), "{format} of {}", case.display());
            }
        }
    }
}

#[test]
fn options_before_a_command_are_its_own_or_refused() {
    _ = memlint!("--color", "always", "rules").run().exits(0).says(&["request-above-limit"]);
    _ = memlint!("--fail-on", "warn", "rules")
        .run()
        .exits(2)
        .complains(&["--fail-on before rules is an option of linting"]);
    let folder = clean();
    for (word, hint) in [("lint", "memlint takes paths directly"), ("rule", "did you mean memlint rules?")] {
        let run = memlint!(word).within(folder.path()).run().exits(2).complains(&["cannot be read", hint]);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn what_is_in_a_baseline_rests_wherever_it_moves() {
    let folder = tree();
    let run = |args: &[&str]| memlint!("k8s").args(args).within(folder.path()).run();
    _ = run(&["--write-baseline", "rest.json"]).exits(0).complains(&["findings that rest from now on: 3"]);
    // A document that cannot be read never rests.
    let rested = run(&["--baseline", "rest.json"]).exits(1);
    assert!(rested.stdout.contains("no findings, 1 unreadable"), "{}", rested.stdout);
    std::fs::remove_file(folder.at("k8s/broken.yaml")).expect("a file");
    let text = std::fs::read_to_string(folder.at("k8s/warned.yaml")).expect("a file");
    std::fs::remove_file(folder.at("k8s/warned.yaml")).expect("a file");
    folder.write(&folder.at("k8s/elsewhere.yaml"), format!("\n\n{text}"));
    _ = run(&["--baseline", "rest.json", "--fail-on", "warn"]).exits(0).says(&["findings that rest: 3"]);
    folder.write(&folder.at("k8s/new.yaml"), text.replace("third", "fourth"));
    _ = run(&["--baseline", "rest.json", "--fail-on", "warn"]).exits(1).says(&["Pod fourth", "1 finding "]);
    std::fs::remove_file(folder.at("k8s/elsewhere.yaml")).expect("a file");
    _ = run(&["--baseline", "rest.json"]).exits(0).says(&["findings that are gone: 1; --prune takes them out"]);
    _ = run(&["--baseline", "rest.json", "--prune"]).exits(0).says(&["were taken out: 1"]);
    _ = run(&["--baseline", "rest.json"]).exits(0).says(&["findings that rest: 2"]);
    folder.write(&folder.at("other.json"), "{}");
    _ = run(&["--baseline", "other.json"]).exits(2).complains(&["other.json is no baseline", "--write-baseline"]);
    _ = run(&["--baseline", "none.json"]).exits(2).complains(&["cannot be read"]);
}
