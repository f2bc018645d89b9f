//! [`Marks`]: values in which every amount is one of a kind, so that it is known again in what is rendered.
//!
//! A number becomes another that stands nowhere else and keeps its unit: `512Mi` becomes `700001Mi`. Numbers have six
//! digits, since Helm writes larger ones with an exponent.

use std::collections::HashMap;

use memlint_kubernetes::path::FieldPath;
use serde_json::{Value, json};

use super::values::{Leaf, Node};

/// The first mark; there are as many as six digits leave.
const FIRST: u32 = 700_001;
const LAST: u32 = 999_999;

/// Words in keys whose plain numbers are amounts of memory.
const WORDS: [&str; 4] = ["memory", "heap", "mem", "maxmemory"];

/// Options of runtimes that a number follows.
const OPTIONS: [&str; 8] = [
    "-Xmx",
    "-Xms",
    "-Xmn",
    "MaxRAMPercentage=",
    "MaxDirectMemorySize=",
    "MaxMetaspaceSize=",
    "--max-old-space-size=",
    "--max-old-space-size ",
];

/// Which value each mark stands for.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The source of a value and its path there.
    leaves: HashMap<u32, (usize, FieldPath)>,
}

impl Marks {
    /// Marks the values; gives them as JSON.
    pub(super) fn put(values: &Node) -> (Self, Value) {
        let mut marks = Self::default();
        let json = values.json(&mut Vec::new(), &mut |leaf, keys| marks.marked(leaf, keys));
        (marks, json)
    }

    /// Whether there is nothing to be known again.
    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The value that a mark in a text stands for; where several do, the first.
    pub(super) fn find(&self, text: &str) -> Option<&(usize, FieldPath)> {
        numbers(text).find_map(|(_, number)| self.leaves.get(&number.parse().ok()?))
    }

    fn marked(&mut self, leaf: &Leaf, keys: &[String]) -> Value {
        match &leaf.value {
            Value::Number(number) if number.is_u64() && is_of_memory(keys) => {
                self.next(leaf).map_or_else(|| leaf.value.clone(), |mark| json!(mark))
            }
            Value::String(text) if is_amount(text) => match (self.next(leaf), text.find(|c: char| c.is_alphabetic())) {
                (Some(mark), Some(unit)) => json!(format!("{mark}{}", text.get(unit..).unwrap_or_default())),
                (Some(mark), None) if is_of_memory(keys) => json!(mark.to_string()),
                _ => leaf.value.clone(),
            },
            Value::String(text) if OPTIONS.iter().any(|option| text.contains(option)) => {
                json!(self.options(text, leaf))
            }
            other => other.clone(),
        }
    }

    /// A text with a mark behind each option.
    fn options(&mut self, text: &str, leaf: &Leaf) -> String {
        let (mut out, mut from) = (String::new(), 0);
        for (at, number) in numbers(text) {
            let before = text.get(..at).unwrap_or_default();
            if !OPTIONS.iter().any(|option| before.ends_with(option)) {
                continue;
            }
            let Some(mark) = self.next(leaf) else { continue };
            out.push_str(text.get(from..at).unwrap_or_default());
            out.push_str(&mark.to_string());
            from = at + number.len();
        }
        out.push_str(text.get(from..).unwrap_or_default());
        out
    }

    fn next(&mut self, leaf: &Leaf) -> Option<u32> {
        let mark = FIRST + u32::try_from(self.leaves.len()).ok()?;
        (mark <= LAST).then(|| {
            self.leaves.insert(mark, (leaf.source, leaf.path.clone()));
            mark
        })
    }
}

/// Whether the last key is about memory.
fn is_of_memory(keys: &[String]) -> bool {
    let key = keys.last().map(|key| key.to_lowercase()).unwrap_or_default();
    WORDS.iter().any(|word| key.contains(word))
}

/// Whether a text is a number and perhaps a unit, right or wrong: `512Mi`, `0.5G`, `512MB`.
fn is_amount(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    text.starts_with(|c: char| c.is_ascii_digit()) && unit.len() <= 3 && unit.chars().all(|c| c.is_ascii_alphabetic())
}

/// The runs of digits in a text, each with its place.
fn numbers(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let starts = text.char_indices().filter(|(at, c)| {
        c.is_ascii_digit() && !text.get(..*at).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit()))
    });
    starts.filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((at, rest.get(..end)?))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_amount, numbers};

    #[test]
    fn amounts_are_known_by_their_form() {
        for (text, amount) in [
            ("512Mi", true),
            ("0.5G", true),
            ("512MB", true),
            ("64", true),
            ("1.27.3", true),
            ("v1", false),
            ("12 Mi", false),
            ("1-alpine", false),
            ("", false),
        ] {
            assert_eq!(is_amount(text), amount, "{text}");
        }
        assert_eq!(numbers("-Xms12m -Xmx3").collect::<Vec<_>>(), [(4, "12"), (12, "3")]);
    }
}
