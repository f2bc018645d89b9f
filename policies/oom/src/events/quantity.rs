//! Amounts as Kubernetes prints them in messages, to bytes.

use memlint_kubernetes::quantity::Quantity;

/// A printed quantity in bytes, rounded up; `None` for what is no quantity, and for negative amounts.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    // To a Quantity, no digits at all are a zero; in a message they are a sentence that ended.
    let text = Some(text).filter(|text| text.starts_with(|c: char| c.is_ascii_digit() || c == '.'))?;
    let has_digits = text.contains(|c: char| c.is_ascii_digit());
    Quantity::parse(text).ok().filter(|_| has_digits).and_then(|quantity| u64::try_from(quantity.value()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_and_rounded_up() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("100Mi", Some(104_857_600)),
            ("1.5Gi", Some(1_610_612_736)),
            ("1288490188800m", Some(1_288_490_189)),
            ("1n", Some(1)),
            (".5Ki", Some(512)),
            ("", None),
            (".", None),
            ("1Gb", None),
            ("-1", None),
        ] {
            assert_eq!(parse_bytes(text), bytes, "{text}");
        }
    }
}
