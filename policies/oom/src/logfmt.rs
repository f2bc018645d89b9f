//! logfmt: what the pairs around a message say of its time and its host.

use super::clock::has_clock;

/// Time and host of `time="..." host=node-7 msg="text"`.
pub(super) fn around(text: &str, message: &str) -> (Option<String>, Option<String>) {
    // Pairs within the message are its own.
    let (before, after) = text.split_once(message).filter(|_| !message.is_empty()).unwrap_or((text, ""));
    let find = |keys: &[&str], fits: fn(&str) -> bool| {
        let all = [before, after].into_iter().flat_map(|part| keys.iter().filter_map(move |key| value(part, key)));
        all.into_iter().find(|value| fits(value)).map(str::to_owned)
    };
    (find(&["time=", "ts=", "timestamp="], has_clock), find(&["host=", "hostname=", "node="], |_| true))
}

/// The value of a pair, in quotes or up to the next blank.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let begins = |at: &usize| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with(' '));
    let at = text.match_indices(key).map(|(at, _)| at).find(begins)?;
    let value = text.get(at.saturating_add(key.len())..)?;
    let value = match value.strip_prefix('"') {
        Some(inner) => inner.split('"').next()?,
        None => value.split(' ').next()?,
    };
    (!value.is_empty() && value.len() <= 120).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_the_line_not_of_its_message() {
        let told = |text: &str, message: &str| {
            let (time, host) = around(text, message);
            (time.unwrap_or_default(), host.unwrap_or_default())
        };
        let line = "ts=2026-05-01T12:34:56Z msg=\"host=x time=never\" host=\"node-7\"";
        assert_eq!(told(line, "host=x time=never"), ("2026-05-01T12:34:56Z".into(), "node-7".into()));
        assert_eq!(told("localhost=1 time=5 msg=\"\"", ""), (String::new(), String::new()));
    }
}
