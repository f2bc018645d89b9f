//! PHP: `memory_limit` of a script started with `php -d`, and of all workers where a container image takes both the
//! limit and the number of workers from variables.
//!
//! The variables are conventions of common images, unchecked.
use super::context::{Context, Flag, Found};
use super::number::{GI, KI, MI, whole, with_unit};
use super::setting::{HeapSetting, Runtime};
use super::text::Word;

const WORKERS: [&str; 5] = [
    "PHP_FPM_PM_MAX_CHILDREN",
    "PHP_FPM_MAX_CHILDREN",
    "PHP_PM_MAX_CHILDREN",
    "FPM_PM_MAX_CHILDREN",
    "PM_MAX_CHILDREN",
];

pub(crate) fn find(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    for words in cx.words_of(&["php"], false) {
        out.extend(script(words).map(|(bytes, flag)| cx.setting(Runtime::Php, &flag, bytes)));
    }
    let Some((limit, flag)) = cx.var_flag(None, "PHP_MEMORY_LIMIT") else { return };
    let workers = WORKERS.iter().find(|name| !matches!(cx.var(None, name), Found::Absent(_)));
    let Some((count, workers)) = workers.and_then(|name| cx.var_flag(None, name)) else { return };
    let (Some(bytes), Some(count)) = (size(&limit), whole(&count)) else { return };
    let note = Some(format!("{count} workers ({}) of {limit} each", workers.written));
    let setting = cx.setting(Runtime::Php, &flag.by_convention(), bytes.saturating_mul(count));
    out.push(HeapSetting { note, ..setting });
}

/// The last `-d memory_limit=` before the script.
fn script(words: &[Word]) -> Option<(u64, Flag)> {
    let mut found = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let start = word.known_start();
        let value = match start.as_str() {
            "-d" => words.next()?,
            _ if start.starts_with("-d") => word,
            _ if start.starts_with('-') => continue,
            _ => break,
        };
        let text = value.plain()?;
        let setting = text.strip_prefix("-d").unwrap_or(&text);
        if let Some(limit) = setting.strip_prefix("memory_limit=") {
            found = size(limit).and_then(|bytes| Some((bytes, Flag::of(text.clone(), value)?)));
        }
    }
    found
}

/// A whole number and K, M or G of either case; -1 is no limit.
fn size(text: &str) -> Option<u64> {
    with_unit(&text.to_ascii_lowercase(), &[("", 1), ("k", KI), ("m", MI), ("g", GI)]).filter(|bytes| *bytes > 0)
}
