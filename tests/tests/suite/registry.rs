//! What holds for every rule, by walking the registry: a new rule is checked without a line here.

use std::collections::BTreeSet;

use memlint_kubernetes::quantity::Quantity;
use memlint_policies::policy::{Policy, SHIPPED};
use memlint_policies::rule::{Needs, ParamKind, Rule};
use memlint_policies::rules::RULES;
use memlint_tests::{fixtures, memory, repository, walk};

#[test]
fn ids_are_kebab_case_and_unique() {
    let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), RULES.len());
    for id in ids {
        let kebab = id.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()));
        assert!(kebab, "{id}");
        // A rule is named for the bad thing, never for the cure.
        assert!(!id.starts_with("no-") || id.starts_with("no-eligible"), "{id} names the cure");
        assert!(!id.starts_with("require") && !id.starts_with("set-"), "{id} names the cure");
    }
}

#[test]
fn a_rule_is_one_file_that_is_named_after_it() {
    let folder = repository().join("policies/src/rules");
    let named: BTreeSet<_> = RULES.iter().map(|rule| format!("{}.rs", rule.id.replace('-', "_"))).collect();
    let there: BTreeSet<_> = walk::files(&folder).iter().map(|file| walk::name(file)).collect();
    let there: BTreeSet<_> = there.into_iter().filter(|name| name != "mod.rs").collect();
    assert_eq!(there, named);
    for rule in &RULES {
        let file = folder.join(rule.id.replace('-', "_")).with_extension("rs");
        let text = std::fs::read_to_string(&file).expect("the rule's file");
        assert_eq!(text, rule.source, "{} does not hold its own file", rule.id);
        assert!(rule.docs().starts_with(&format!("# {}\n", rule.id)), "{}", rule.id);
    }
}

#[test]
fn pages_have_the_same_headings() {
    for rule in &RULES {
        let docs = rule.docs();
        let headings: Vec<_> = docs.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let at = |heading| headings.iter().position(|found| *found == heading);
        let (why, bad, good) = (at("Why it matters"), at("Bad"), at("Good"));
        assert_eq!((why, bad, good), (Some(0), Some(1), Some(2)), "{}: {headings:?}", rule.id);
        assert_eq!(at("Parameters").is_some(), !rule.params.is_empty(), "{}: {headings:?}", rule.id);
        let sourced = at("Source").is_some() || at("What is read").is_some();
        assert!(sourced, "{}: nothing says where the rule comes from", rule.id);
        let what = docs.lines().nth(2).expect("a first paragraph");
        assert!(what.len() > 30, "{}: {what}", rule.id);
        for param in rule.params {
            let mention = format!("`{}` (default `{}`)", param.name, param.default);
            assert!(docs.contains(&mention), "{}: {mention} is not in its page", rule.id);
        }
    }
}

#[test]
fn summaries_are_one_line_in_small_letters() {
    for rule in &RULES {
        for text in rule.params.iter().map(|param| param.summary).chain([rule.summary]) {
            assert!(text.len() < 90 && !text.contains('\n') && !text.ends_with('.'), "{}: {text}", rule.id);
            let first = text.split(' ').next().unwrap_or_default();
            assert!(first == first.to_lowercase() || first == "LimitRange", "{}: {text}", rule.id);
        }
    }
}

#[test]
fn defaults_of_parameters_are_in_their_range() {
    for param in RULES.iter().flat_map(|rule| rule.params) {
        let value = Quantity::parse(param.default).expect("a quantity");
        assert!(param.kind.takes(value), "{} of {}", param.default, param.name);
    }
}

/// The snippet below a heading, without comments' worth of indentation.
fn example(rule: &Rule, heading: &str) -> String {
    let docs = rule.docs();
    let from = docs.split(&format!("## {heading}\n\n```yaml\n")).nth(1).expect("an example");
    from.split("```").next().expect("its end").to_owned()
}

/// Puts a snippet where it belongs, by the key it starts with, into objects that are otherwise in order.
fn whole(snippet: &str) -> String {
    let indented =
        |depth: usize| -> String { snippet.lines().map(|line| format!("{}{line}\n", " ".repeat(depth))).collect() };
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: example}\nspec:\n  selector: {matchLabels: {app: a}}\n  \
        template:\n    metadata: {labels: {app: a}}\n    spec:\n";
    let container = "      containers:\n      - name: app\n        image: example.com/app\n";
    let sized = format!("{container}        resources: {{limits: {{memory: 1Gi}}}}\n");
    let key = snippet.split(':').next().unwrap_or_default();
    match key {
        // Whole objects, in which only what matters is written.
        "kind" => {
            let name = |kind: &str| if kind == "Pod" { "p" } else { "r" };
            let document = |text: &str| {
                let kind = text.split_whitespace().nth(1).unwrap_or_default();
                format!("apiVersion: v1\nmetadata: {{name: {}}}\n{text}", name(kind))
            };
            snippet.split("---\n").map(document).collect::<Vec<_>>().join("---\n")
        }
        "containers" => {
            format!("{head}{}", indented(6).replace("resources:", "image: example.com/app\n        resources:"))
        }
        "volumes" => format!("{head}{sized}{}", indented(6)),
        "resources" | "env" => format!("{head}{container}{}", indented(8)),
        "requests" | "limits" => format!("{head}{container}        resources:\n{}", indented(10)),
        "memory" => format!("{head}{container}        resources:\n          limits:\n{}", indented(12)),
        other => panic!("where does {other:?} belong?\n{snippet}"),
    }
}

#[test]
fn the_bad_example_is_found_and_the_good_one_is_not() {
    let (alone, others): (Vec<_>, Vec<_>) =
        RULES.iter().partition(|rule| matches!(rule.needs, Needs::Nothing | Needs::LimitRanges));
    for rule in others {
        memlint_tests::skipped(&format!(
            "the examples of {} leave the cluster to words; its fixtures have one",
            rule.id
        ));
    }
    for rule in alone {
        let (bad, good) = (whole(&example(rule, "Bad")), example(rule, "Good"));
        // A LimitRange that only the bad example shows is meant for both.
        let shared = bad.split("---\n").next().filter(|text| text.contains("LimitRange")).unwrap_or_default();
        let good = format!("{shared}{}{}", if shared.is_empty() { "" } else { "---\n" }, whole(&good));
        for (text, expected) in [(&bad, true), (&good, false)] {
            let (_, report) = memory::lint(&[("example.yaml", text.as_bytes())], &memory::only(rule.id));
            assert!(report.problems.is_empty(), "{}: {:?}\n{text}", rule.id, report.problems);
            assert_eq!(!report.findings.is_empty(), expected, "{}\n{text}", rule.id);
        }
    }
}

#[test]
fn every_rule_has_a_case_that_it_finds_and_one_that_it_does_not() {
    let folders = walk::folders(&fixtures().join("rules"));
    let named: BTreeSet<_> = folders.iter().map(|folder| walk::name(folder)).collect();
    assert_eq!(named, RULES.iter().map(|rule| rule.id.to_owned()).collect());
    for folder in folders {
        let title = format!("[{}]: ", walk::name(&folder));
        let outputs = walk::folders(&folder).into_iter().map(|case| std::fs::read_to_string(case.join("expected.txt")));
        let found: BTreeSet<bool> = outputs.map(|text| text.expect("expected.txt").contains(&title)).collect();
        assert_eq!(found, BTreeSet::from([true, false]), "{}", folder.display());
    }
}

/// The default policy says what the rules themselves say; the strict one denies what nobody has thought about yet.
/// `MEMLINT_BLESS=1` writes the lines of rules that are new.
#[test]
fn the_shipped_policies_name_every_rule() {
    let by_itself = |rule: &Rule| {
        let params: String = rule.params.iter().map(|p| format!(", {}: {}", p.name, p.default)).collect();
        match params.is_empty() {
            true => format!("  {}: {}\n", rule.id, rule.level),
            false => format!("  {}: {{level: {}{params}}}\n", rule.id, rule.level),
        }
    };
    for (name, text) in SHIPPED {
        let (head, rest) = text.split_once("\nrules:\n").expect("rules");
        let (lines, tail) = rest.split_once("annotations:\n").expect("what follows");
        let line = |rule: &Rule| {
            let written = lines.lines().find(|line| line.starts_with(&format!("  {}: ", rule.id)));
            match written.filter(|_| name == "strict") {
                Some(written) => format!("{written}\n"),
                None if name == "strict" => format!("  {}: deny\n", rule.id),
                None => by_itself(rule),
            }
        };
        let rules: String = RULES.iter().map(line).collect();
        let comments: String =
            lines.lines().filter(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        let current = format!("{head}\nrules:\n{rules}{comments}annotations:\n{tail}");
        if std::env::var_os("MEMLINT_BLESS").is_some() {
            let file = repository().join(format!("policies/shipped/{name}.yaml"));
            std::fs::write(file, current).expect("a writable tree");
            continue;
        }
        assert_eq!(text, current, "{name}.yaml does not name every rule; see this test");
        assert_eq!(shipped(name).settings().len(), RULES.len());
    }
}

fn shipped(name: &str) -> Policy {
    let text = format!("apiVersion: memlint.dev/v1alpha1\nkind: Policy\nextends: {name}\n");
    memlint_files::policy_file::parse("test", &text).expect("a valid policy")
}

#[test]
fn strict_is_nowhere_laxer_than_default() {
    let (default, strict) = (shipped("default"), shipped("strict"));
    for ((rule, lax), tight) in RULES.iter().zip(default.settings()).zip(strict.settings()) {
        assert!(tight.level >= lax.level, "{}", rule.id);
        for param in rule.params {
            let (lax, tight) = (lax.params.get(param.name), tight.params.get(param.name));
            let as_strict = match param.kind {
                ParamKind::Ratio | ParamKind::Percent => tight <= lax,
                ParamKind::Bytes => tight >= lax,
            };
            assert!(as_strict, "{} of {}: {tight} is laxer than {lax}", param.name, rule.id);
        }
        assert!(default.lets_objects_allow(rule.id) || !strict.lets_objects_allow(rule.id), "{}", rule.id);
    }
}
