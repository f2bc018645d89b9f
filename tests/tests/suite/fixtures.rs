//! Every folder `fixtures/rules/RULE/CASE` and `fixtures/blocks/CASE` is linted as a user would do it, and the output
//! compared with the folder's `expected.txt`. A new case is a new folder. `MEMLINT_BLESS=1` writes the files anew; read them before you commit.

use std::path::{Path, PathBuf};

use memlint_policies::rules;
use memlint_tests::folder::Folder;
use memlint_tests::{diff, fixtures, memlint, memory, walk};
use serde_json::Value;

fn cases() -> Vec<PathBuf> {
    let of_rules = walk::folders(&fixtures().join("rules"));
    let of_rules = of_rules.iter().flat_map(|rule| walk::folders(rule));
    of_rules.chain(walk::folders(&fixtures().join("blocks"))).collect()
}

/// A copy that no policy or ignore file of this repository reaches.
fn copy(case: &Path) -> Folder {
    let folder = Folder::copy(case);
    _ = std::fs::remove_file(folder.at("expected.txt"));
    folder
}

#[test]
fn every_case_prints_what_is_expected() {
    let mut wrong = Vec::new();
    for case in cases() {
        let folder = copy(&case);
        let found = memlint!().within(folder.path()).run();
        assert_eq!(found.stderr, "", "{}", case.display());
        let file = case.join("expected.txt");
        if std::env::var_os("MEMLINT_BLESS").is_some() {
            std::fs::write(&file, &found.stdout).expect("a new file");
            continue;
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if expected != found.stdout {
            wrong.push(format!("{}\n{}", file.display(), diff::lines(&expected, &found.stdout)));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn json_says_what_the_text_says() {
    for case in cases() {
        let folder = copy(&case);
        let text = memlint!().within(folder.path()).run();
        let json = memlint!("--format", "json").within(folder.path()).run();
        assert_eq!(json.code, text.code, "{}", case.display());
        let root = json.json();
        let findings = root["findings"].as_array().expect("a list of findings");
        let count = |level: &str| findings.iter().filter(|finding| finding["level"] == level).count();
        let (deny, warn) = (count("deny"), count("warn"));
        assert_eq!(root["summary"]["deny"], deny);
        assert_eq!(root["summary"]["warn"], warn);
        assert_eq!(text.code, i32::from(deny > 0), "{}\n{}", case.display(), text.stdout);
        let total = if deny + warn == 0 { "no finding".to_owned() } else { format!("{} finding", deny + warn) };
        assert!(text.summary().starts_with(&total), "{}: {}", case.display(), text.summary());
        for finding in findings {
            check(finding, &text.stdout, &folder);
        }
    }
}

/// One finding of the JSON: it is in the text too, and its place is a token of the file.
fn check(finding: &Value, text: &str, folder: &Folder) {
    let word = |key: &str| finding[key].as_str().expect("a string");
    let number = |key: &str| finding[key].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a number");
    let rule = rules::find(word("rule")).expect("a rule of the registry");
    assert_eq!(word("group"), rule.group.to_string());
    let title = format!("{}[{}]: {}", word("level"), rule.id, word("message"));
    let place = format!("--> {}:{}:{}\n", word("file"), number("line"), number("column"));
    let help = format!("= help: {}", word("help"));
    for part in [title, place, help] {
        assert!(text.contains(&part), "{part:?} is not in\n{text}");
    }
    let source = std::fs::read_to_string(folder.at(word("file"))).expect("a readable file");
    let from = memory::offset(&source, number("line"), number("column")).expect("a place in the file");
    let to = memory::offset(&source, number("endLine"), number("endColumn")).expect("a place in the file");
    let token = &source[from..to];
    assert!(!token.trim().is_empty() && token.lines().count() == 1, "{token:?} is no token, in\n{text}");
}
