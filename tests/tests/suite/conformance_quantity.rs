//! Quantities: what a real API server read, refused and stored.

use memlint_kubernetes::quantity::{Quantity, QuantityError};
use memlint_tests::conformance;
use serde_json::Value;

#[test]
fn agrees_with_the_api_server() {
    let mut wrong = Vec::new();
    let mut cases = 0;
    let files = ["quantities.jsonl.gz", "quantities-more.jsonl.gz"];
    for case in files.iter().flat_map(|file| conformance(file)) {
        // `raw` is a JSON number as it was sent, digit for digit.
        let text = match (case.get("quantity"), case.get("raw")) {
            (Some(Value::String(text)), _) => text.clone(),
            (Some(Value::Null), _) | (None, None) => continue,
            (Some(other), _) => other.to_string(),
            (None, raw) => raw.and_then(Value::as_str).expect("the text of a number").to_owned(),
        };
        if case.get("raw").is_some() && serde_json::from_str::<serde_json::Number>(&text).is_err() {
            continue; // no JSON number: not for a quantity to judge
        }
        cases += 1;
        let refused_unread = case["code"] == 400 || case["code"] == 504;
        let verdict = match (Quantity::parse(&text), refused_unread) {
            (Err(QuantityError::Exponent), true) if case["code"] == 504 => continue,
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
                // Beyond its documented range a quantity saturates.
                if quantity.as_stored() == stored || quantity == Quantity::MAX {
                    continue;
                }
                format!("{quantity} is not {canonical}")
            }
            (result, _) => format!("{result:?}"),
        };
        wrong.push(format!("{text:?}: {verdict}, but {case}"));
    }
    assert!(cases > 400, "only {cases} cases");
    assert!(wrong.is_empty(), "{} of {cases} differ:\n{}", wrong.len(), wrong.join("\n"));
}
