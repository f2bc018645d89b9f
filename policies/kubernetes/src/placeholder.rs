//! Placeholders: values that something fills in before the API server sees them.

/// Whether a text holds a placeholder: `${VAR}`, `$(VAR)`, `{{ action }}`, `{% action %}`, `<NAME>` as a whole, or a value
/// that SOPS has encrypted (`ENC[...]`).
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    const PAIRS: [(&str, &str); 5] = [("${", "}"), ("$(", ")"), ("{{", "}}"), ("{%", "%}"), ("ENC[", "]")];
    let opened = |(open, close): &(&str, &str)| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close));
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '))
    };
    let named = text.trim().strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    PAIRS.iter().any(opened) || named.is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn placeholders_are_known_by_their_form() {
        for (text, expected) in [
            ("${MEMORY}", true),
            ("${MEMORY:-1Gi}", true),
            ("$(MEMORY)", true),
            ("{{ .Values.memory }}", true),
            ("<MEMORY>", true),
            ("ENC[AES256_GCM,data:abc=]", true),
            ("1Gi", false),
            ("$MEMORY", false),
            ("a < b", false),
            ("${MEMORY", false),
        ] {
            assert_eq!(is_placeholder(text), expected, "{text}");
        }
    }
}
