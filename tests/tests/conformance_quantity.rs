//! Quantities: what a real API server read, refused and stored.

use memlint_policies::quantity::Quantity;
use memlint_tests::conformance;
use serde_json::Value;

#[test]
fn agrees_with_the_api_server() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    for case in conformance("quantities.jsonl.gz") {
        let Some(written) = case.get("quantity") else { continue };
        let text = match written {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        cases += 1;
        let refused_unread = case["code"] == 400;
        let verdict = match (Quantity::parse(&text), refused_unread) {
            (Err(error), true) if case["error"].as_str().is_some_and(|e| e.ends_with(&error.to_string())) => continue,
            (Ok(quantity), false) if case["code"] == 422 => {
                if quantity.is_negative() {
                    continue;
                }
                format!("{quantity} is not negative")
            }
            (Ok(quantity), false) => {
                let canonical = case["canonical"].as_str().expect("what was stored");
                let stored = Quantity::parse(canonical).expect("a canonical quantity");
                if quantity.round_up_to_milli() == stored {
                    continue;
                }
                format!("{quantity} is not {canonical}")
            }
            (result, _) => format!("{result:?}"),
        };
        wrong.push(format!("{written}: {verdict}, but {case}"));
    }
    assert!(cases > 400, "only {cases} cases");
    assert!(wrong.is_empty(), "{} of {cases} differ:\n{}", wrong.len(), wrong.join("\n"));
}
