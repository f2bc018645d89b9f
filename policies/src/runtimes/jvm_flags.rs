//! The JVM's flags that matter here, and their values. Checked on OpenJDK 17.

use super::number::{Decimal, GI, KI, MI, TI, split_unit, with_unit};

/// HotSpot refuses a smaller `-Xmx`.
const SMALLEST_HEAP: u64 = 2 * MI;

/// What a flag is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    Heap,
    Initial,
    MaxPercent,
    MinPercent,
    MaxFraction,
    MinFraction,
    Ram,
    Containers,
    Direct,
    Metaspace,
    CodeCache,
}

const FLAGS: [(&str, Key); 15] = [
    ("-Xmx", Key::Heap),
    ("-XX:MaxHeapSize=", Key::Heap),
    ("-Xms", Key::Initial),
    ("-XX:InitialHeapSize=", Key::Initial),
    ("-XX:MaxRAMPercentage=", Key::MaxPercent),
    ("-XX:MinRAMPercentage=", Key::MinPercent),
    ("-XX:MaxRAMFraction=", Key::MaxFraction),
    ("-XX:MinRAMFraction=", Key::MinFraction),
    ("-XX:MaxRAM=", Key::Ram),
    ("-XX:-UseContainerSupport", Key::Containers),
    ("-XX:+UseContainerSupport", Key::Containers),
    ("-XX:MaxDirectMemorySize=", Key::Direct),
    ("-XX:MaxMetaspaceSize=", Key::Metaspace),
    ("-XX:ReservedCodeCacheSize=", Key::CodeCache),
    ("-Xmaxjitcodecache", Key::CodeCache),
];

/// Launcher options whose value is the next word.
pub(crate) const VALUED: [&str; 13] = [
    "-cp",
    "-classpath",
    "--class-path",
    "-p",
    "--module-path",
    "--upgrade-module-path",
    "--add-modules",
    "--add-opens",
    "--add-exports",
    "--add-reads",
    "--patch-module",
    "--limit-modules",
    "--source",
];

/// What a word that starts so is about, and the length of the flag before its value.
pub(crate) fn key_of(start: &str) -> Option<(Key, usize)> {
    let (flag, key) = FLAGS.iter().find(|(flag, _)| start.starts_with(flag))?;
    Some((*key, flag.len()))
}

/// A size as HotSpot's `parse_integer` reads it: decimal or `0x` hexadecimal, and one letter of either case.
pub(crate) fn size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let units = [("", 1), ("k", KI), ("m", MI), ("g", GI), ("t", TI)];
    let Some(hex) = lower.strip_prefix("0x") else { return with_unit(&lower, &units) };
    let end = hex.bytes().take_while(u8::is_ascii_hexdigit).count();
    let (digits, unit) = hex.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some(u64::from_str_radix(digits, 16).ok()?.saturating_mul(*factor))
}

/// Why the JVM would not start with this value.
pub(crate) fn refusal(key: Key, value: &str) -> Option<String> {
    match key {
        Key::Heap => match size(value) {
            None if value.is_empty() => Some("the size is missing".to_owned()),
            None => Some(match split_unit(value) {
                (number, _) if number.contains('.') => "the size must be a whole number".to_owned(),
                _ => "a size is a whole number and one of the letters k, m, g and t".to_owned(),
            }),
            Some(bytes) if bytes < SMALLEST_HEAP => Some(format!("{bytes} bytes are less than the smallest heap, 2m")),
            Some(_) => None,
        },
        Key::Initial if size(value).is_none() => {
            Some("a size is a whole number and one of the letters k, m, g and t".to_owned())
        }
        Key::MaxPercent | Key::MinPercent => match Decimal::parse(value) {
            None => Some("the percentage must be a number such as 75.0".to_owned()),
            Some(percent) if percent.exceeds(100) => Some("the percentage must not exceed 100".to_owned()),
            Some(_) => None,
        },
        _ => None,
    }
}
