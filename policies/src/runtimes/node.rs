//! Node.js: V8's old space, from the command line and `NODE_OPTIONS`. The command line wins, the last flag counts.
//!
//! Checked on Node.js 20: either spelling, one dash or two; 0 and nothing mean the default; a value after a space
//! or with a unit ends the process. `--max-old-space-size-percentage` (24.6 and later) is from the manual.
use super::calls::{Call, Program};
use super::context::{Context, Flag, Found};
use super::number::{Decimal, MI, whole};
use super::setting::{HeapSetting, Kind, Region, Runtime};
use super::text::{Glyph, Word};
use super::words::{Quotes, split};

/// Options of the launcher whose value is the next word.
const VALUED: [&str; 12] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-C",
    "--conditions",
    "-e",
    "--eval",
    "-p",
    "--print",
    "--title",
];

#[derive(Debug, Default)]
struct Slot {
    value: Option<(String, Flag)>,
    unknown: bool,
    unless: Option<String>,
}

#[derive(Debug, Default)]
struct State {
    old: Slot,
    semi: Slot,
    percent: Slot,
    refused: Vec<(Flag, String)>,
}

pub(crate) fn find(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    let calls: Vec<&Call> = cx.calls.iter().filter(|call| call.runs(&["node", "nodejs"])).collect();
    if calls.is_empty() {
        let bare = cx.calls.last().filter(|call| call.program == Program::Image && call.certain);
        let words = bare
            .map(|call| call.words.as_slice())
            .filter(|words| words.iter().any(|word| name_of(&word.known_start()).is_some()));
        return read(cx, None, words.unwrap_or_default(), true, out);
    }
    for call in calls.into_iter().filter(|call| call.certain) {
        read(cx, Some(call), &call.words, false, out);
    }
}

fn read(cx: &Context<'_>, call: Option<&Call>, words: &[Word], convention: bool, out: &mut Vec<HeapSetting>) {
    let mut state = State::default();
    match cx.var(call, "NODE_OPTIONS") {
        Found::Known(text, unless) => {
            let words = split(&text.0, Quotes::Node);
            let mut words = words.iter();
            while let Some(word) = words.next() {
                state.word(word, &mut words, false, unless.as_deref());
            }
        }
        Found::Unknown => state.unknown(),
        Found::Absent(_) => {}
    }
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let start = word.known_start();
        if start == "--" || (!start.starts_with('-') && (!start.is_empty() || word.0.is_empty())) {
            break;
        }
        if VALUED.contains(&start.as_str()) {
            words.next();
            continue;
        }
        state.word(word, &mut words, convention, None);
    }
    state.finish(cx, out);
}

impl State {
    fn slots(&mut self) -> [&mut Slot; 3] {
        [&mut self.old, &mut self.semi, &mut self.percent]
    }

    fn unknown(&mut self) {
        for slot in self.slots() {
            *slot = Slot { unknown: true, ..Slot::default() };
        }
    }

    fn word(&mut self, word: &Word, rest: &mut std::slice::Iter<'_, Word>, convention: bool, unless: Option<&str>) {
        if let Some(name) = word.unset() {
            for slot in self.slots() {
                slot.unless.get_or_insert_with(|| name.to_string());
            }
            return;
        }
        let start = word.known_start();
        let Some(name) = name_of(&start) else {
            if start.is_empty() && word.0.iter().any(|glyph| matches!(glyph, Glyph::Hole | Glyph::Unset(_))) {
                self.unknown();
            }
            return;
        };
        let text = word.plain().filter(|text| !text.contains('$'));
        let flag = text.and_then(|text| Flag::of(text, word)).map(|flag| Flag {
            convention,
            unless: flag.unless.or(unless.map(str::to_owned)),
            ..flag
        });
        let slot = match name {
            Name::Old => &mut self.old,
            Name::Semi => &mut self.semi,
            Name::Percent => &mut self.percent,
        };
        *slot = Slot::default();
        let Some(flag) = flag else {
            slot.unknown = true;
            return;
        };
        match flag.written.split_once('=') {
            Some((_, value)) if value.is_empty() || whole(value) == Some(0) => {}
            Some((_, value)) if name == Name::Percent || whole(value).is_some() => {
                slot.value = Some((value.to_owned(), flag));
            }
            Some(_) => self.refused.push((flag, "the size is a whole number of MiB, without a unit".to_owned())),
            None => {
                let value = rest.as_slice().first().and_then(Word::plain).filter(|value| whole(value).is_some());
                let written = value.map_or(flag.written.clone(), |value| {
                    rest.next();
                    format!("{} {value}", flag.written)
                });
                let why = "the size must follow an equals sign".to_owned();
                self.refused.push((Flag { written, ..flag }, why));
            }
        }
    }

    fn finish(self, cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
        if !self.refused.is_empty() {
            out.extend(self.refused.iter().map(|(flag, why)| HeapSetting {
                invalid: Some(format!("Node.js refuses it: {why}")),
                ..cx.setting(Runtime::Node, flag, 0)
            }));
            return;
        }
        if self.old.unknown || self.percent.unknown {
            return;
        }
        let unless = self.percent.unless.or(self.old.unless);
        let mut setting = if let Some((value, flag)) = &self.percent.value {
            let percent = Decimal::parse(value).filter(|percent| !percent.is_zero() && !percent.exceeds(100));
            let (Some(percent), Some(limit)) = (percent, cx.memory.limit) else { return };
            let setting = cx.setting(Runtime::Node, flag, percent.percent_of(limit));
            let note = self.old.value.map(|(_, old)| format!("{} has no effect beside {}", old.written, flag.written));
            HeapSetting { kind: Kind::Percent, note, ..setting }
        } else if let Some((value, flag)) = &self.old.value {
            cx.setting(Runtime::Node, flag, whole(value).unwrap_or_default().saturating_mul(MI))
        } else {
            return;
        };
        setting.unless = setting.unless.or(unless);
        if let Some((value, flag)) = self.semi.value {
            // Two semi-spaces and as much again for large young objects: `heap_size_limit` grows by three of them.
            let bytes = whole(&value).unwrap_or_default().saturating_mul(3 * MI);
            setting.extra.push(Region { what: "the young generation", written: flag.written, bytes });
        }
        out.push(setting);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Old,
    Semi,
    Percent,
}

fn name_of(start: &str) -> Option<Name> {
    let name = start.strip_prefix("--").or_else(|| start.strip_prefix('-'))?;
    let name = name.split('=').next().unwrap_or_default().replace('_', "-");
    match name.as_str() {
        "max-old-space-size" => Some(Name::Old),
        "max-semi-space-size" => Some(Name::Semi),
        "max-old-space-size-percentage" => Some(Name::Percent),
        _ => None,
    }
}
