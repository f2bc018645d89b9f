//! What the readers of all runtimes share: the container, its programs and variables, and how a flag becomes a
//! [`HeapSetting`].
use k8s_openapi::api::core::v1::Container;
use memlint_kubernetes::path::FieldPath;

use super::calls::{self, Call, Program};
use super::env::{Env, Lookup};
use super::setting::{HeapSetting, Kind, Memory, Runtime};
use super::text::{Glyph, Spot, Word};
use super::vars::Vars;

pub(crate) struct Context<'a> {
    at: &'a FieldPath,
    image: &'a str,
    pub(crate) memory: Memory,
    env: Env<'a>,
    pub(crate) calls: Vec<Call>,
}

/// A flag with a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flag {
    pub(crate) written: String,
    pub(crate) spot: Spot,
    pub(crate) unless: Option<String>,
    pub(crate) convention: bool,
}

impl Flag {
    /// A flag that is one word, or the value of a flag of two words.
    pub(crate) fn of(written: String, word: &Word) -> Option<Self> {
        let unless = word.assumes().map(std::string::ToString::to_string);
        Some(Self { written, spot: word.spot()?, unless, convention: false })
    }

    pub(crate) fn by_convention(self) -> Self {
        Self { convention: true, ..self }
    }
}

/// A variable as a process finds it.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// It is set; if the name is there, something unseen may set it differently.
    Known(Word, Option<String>),
    Unknown,
    /// It is not set; if the name is there, something unseen may set it.
    Absent(Option<String>),
}

impl<'a> Context<'a> {
    pub(crate) fn new(container: &'a Container, at: &'a FieldPath, memory: Memory) -> Self {
        let known = |bytes: Option<u64>| bytes.filter(|bytes| *bytes > 0);
        let memory = Memory { limit: known(memory.limit), request: known(memory.request) };
        let env = Env::new(container, memory);
        let calls = calls::of(container, &env);
        let image = container.image.as_deref().unwrap_or_default();
        let image = image.rsplit('/').next().unwrap_or_default();
        let image = image.split([':', '@']).next().unwrap_or_default();
        Self { at, image, memory, env, calls }
    }

    /// Whether the image's own name has one of these words in it. Only used to tell whose flags bare `args` are.
    pub(crate) fn image_has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.image.contains(name))
    }

    /// A variable as the process of this call finds it; without a call, as the last one does.
    pub(crate) fn var(&self, call: Option<&Call>, name: &str) -> Found {
        let none = Vars::default();
        let vars = call.or(self.calls.last()).map_or(&none, |call| &call.vars);
        let (value, open) = vars.for_process(name, &self.env);
        let unseen = open.then(|| name.to_owned());
        match value {
            Lookup::Known(value) if value.is_empty() => Found::Absent(None),
            Lookup::Known(value) => Found::Known(Word(value), unseen),
            Lookup::Unknown => Found::Unknown,
            Lookup::Absent => Found::Absent(unseen),
        }
    }

    /// Whether any variable with this in its name is set, as far as the manifest shows.
    pub(crate) fn sets_like(&self, part: &str) -> bool {
        self.env.has_like(part) || self.calls.iter().any(|call| call.vars.has_like(part))
    }

    /// A variable whose whole value is the setting: its text, and the flag `NAME=value`.
    pub(crate) fn var_flag(&self, call: Option<&Call>, name: &str) -> Option<(String, Flag)> {
        let Found::Known(word, unless) = self.var(call, name) else { return None };
        let text = word.plain().filter(|text| !text.contains("$("))?;
        let mut flag = Flag::of(format!("{name}={text}"), &word)?;
        flag.unless = flag.unless.or(unless);
        Some((text, flag))
    }

    /// The words of the calls that surely start one of these programs; with `bare`, also of mere flags for the
    /// image's entry point.
    pub(crate) fn words_of<'s>(&'s self, programs: &'s [&str], bare: bool) -> impl Iterator<Item = &'s [Word]> {
        let runs = move |call: &&Call| call.runs(programs) || (bare && call.program == Program::Image);
        self.calls.iter().filter(|call| call.certain).filter(runs).map(|call| call.words.as_slice())
    }

    /// A setting of `flag`, to be refined by its reader.
    pub(crate) fn setting(&self, runtime: Runtime, flag: &Flag, bytes: u64) -> HeapSetting {
        HeapSetting {
            runtime,
            bytes,
            kind: Kind::Absolute,
            at: flag.spot.place.path(self.at),
            range: flag.spot.range,
            written: flag.written.clone(),
            hard: true,
            convention: flag.convention,
            unless: flag.unless.clone(),
            invalid: None,
            note: None,
            extra: Vec::new(),
        }
    }
}

/// The last `--name=value` or `--name value` of a command line.
pub(crate) enum Last {
    None,
    Unknown,
    Value(String, Flag),
}

/// Finds the last flag that `is_name` accepts. A word that cannot be known may be that flag too; one that a shell
/// most likely leaves empty only adds to `unless`.
pub(crate) fn last_flag(words: &[Word], is_name: impl Fn(&str) -> bool) -> Last {
    let mut last = Last::None;
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let start = word.known_start();
        let (name, joined) = start.split_once('=').map_or((start.as_str(), false), |(name, _)| (name, true));
        if let Some(unset) = word.unset() {
            if let Last::Value(_, flag) = &mut last {
                flag.unless.get_or_insert(unset.to_string());
            }
        } else if start.is_empty() && word.0.iter().any(|glyph| matches!(glyph, Glyph::Hole)) {
            last = Last::Unknown;
        } else if is_name(name) {
            let value_word = if joined { Some(word) } else { words.next() };
            let value = value_word.and_then(|value_word| {
                let text = value_word.plain().filter(|text| !text.contains("$("))?;
                let (value, written) = if joined {
                    (text.split_once('=')?.1.to_owned(), text)
                } else {
                    (text.clone(), format!("{name} {text}"))
                };
                Some((value, Flag::of(written, value_word)?))
            });
            last = value.map_or(Last::Unknown, |(value, flag)| Last::Value(value, flag));
        }
    }
    last
}
