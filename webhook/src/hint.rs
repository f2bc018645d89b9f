//! The line that is shown to who tries it out.

use std::path::Path;

/// A request to try it with, where there is one.
pub(crate) const EXAMPLE: &str = "tests/demo/review.json";

/// What to type.
pub(crate) fn try_it(folder: &Path, port: u16, has_example: bool) -> String {
    let ca = quoted(&folder.join("ca.crt").display().to_string());
    let (what, place) = if has_example { (EXAMPLE, "validate") } else { ("", "readyz") };
    let body = format!(" -H 'Content-Type: application/json' --data-binary @{what}");
    format!("curl --cacert {ca}{} https://localhost:{port}/{place}", if has_example { &body } else { "" })
}

/// One word to a shell, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed() {
        assert_eq!(
            try_it(Path::new("my certs/it's"), 8443, true),
            "curl --cacert 'my certs/it'\\''s/ca.crt' -H 'Content-Type: application/json' \
             --data-binary @tests/demo/review.json https://localhost:8443/validate"
        );
        assert_eq!(try_it(Path::new("./certs"), 1, false), "curl --cacert ./certs/ca.crt https://localhost:1/readyz");
    }
}
