//! Guessing what a misspelt name was meant to be.

/// The known name nearest to what was written, if any is near enough to be meant: at most a third of the letters
/// differ, capitals aside.
#[must_use]
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.trim().to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let (distance, name) = known.into_iter().map(|name| (distance(name), name)).min()?;
    (distance * 3 <= name.chars().count().max(3)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_what_was_meant() {
        let known = ["requests", "limits", "claims"];
        for (written, meant) in [
            ("limit", Some("limits")),
            ("Limits", Some("limits")),
            ("limits ", Some("limits")),
            ("request", Some("requests")),
            ("reqeusts", Some("requests")),
            ("memory", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written:?}");
        }
    }
}
