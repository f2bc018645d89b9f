//! The JVM: `-Xmx`, the RAM percentages and the regions beside the heap.
//!
//! From lowest to highest: `JAVA_TOOL_OPTIONS`, OpenJ9's variables, `JDK_JAVA_OPTIONS`, the command line,
//! `_JAVA_OPTIONS`; of equal flags the last counts, so all of them are read as one long line. Checked on OpenJDK 17;
//! OpenJ9's place in the order is from its manual ("options on the command line override the environment") and
//! unchecked among the variables.
use super::calls::{Call, Program};
use super::context::{Context, Flag, Found};
use super::jvm_flags::{Key, VALUED, key_of, refusal, size};
use super::number::{Decimal, whole};
use super::setting::{HeapSetting, Kind, Region, Runtime};
use super::text::{Glyph, Word};
use super::words::{Quotes, split};

/// HotSpot's built-in `MaxHeapSize` on 64-bit machines: 96 MiB × 1.3, in whole words (`ScaleForWordSize`). Below it,
/// `MinRAMPercentage` rules and `MaxRAMPercentage` does nothing.
const DEFAULT_MAX_HEAP: u64 = 130_862_280;
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Value {
    #[default]
    Absent,
    Unknown,
    Known(String, Flag),
}

#[derive(Debug, Clone, Default)]
struct Slot {
    value: Value,
    unless: Option<String>,
}

/// All flags read so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    slots: [Slot; 11],
    refused: Vec<(Flag, String)>,
}

pub(crate) fn find(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    let mut java = cx.calls.iter().filter(|call| call.runs(&["java"])).peekable();
    if java.peek().is_none() {
        let mut state = State::default();
        state.lower_variables(cx, None);
        read(cx, &mut state);
        if let Some(call) = cx.calls.last().filter(|call| call.certain) {
            state.script_arguments(&call.words, call.program == Program::Image);
        }
        state.variable(cx, None, "_JAVA_OPTIONS");
        return state.finish(cx, out);
    }
    for call in java.filter(|call| call.certain) {
        let mut state = State::default();
        state.lower_variables(cx, Some(call));
        state.command_line(&call.words, false);
        state.variable(cx, Some(call), "_JAVA_OPTIONS");
        state.finish(cx, out);
    }
}

impl State {
    fn lower_variables(&mut self, cx: &Context<'_>, call: Option<&Call>) {
        for name in ["JAVA_TOOL_OPTIONS", "IBM_JAVA_OPTIONS", "OPENJ9_JAVA_OPTIONS", "JDK_JAVA_OPTIONS"] {
            self.variable(cx, call, name);
        }
    }

    fn variable(&mut self, cx: &Context<'_>, call: Option<&Call>, name: &str) {
        match cx.var(call, name) {
            Found::Known(text, unless) => self.options(&text, unless.as_deref(), false),
            Found::Unknown => self.unknown(),
            Found::Absent(Some(name)) => self.unset(&name),
            Found::Absent(None) => {}
        }
    }

    /// The words of an options variable.
    pub(crate) fn options(&mut self, text: &Word, unless: Option<&str>, convention: bool) {
        for word in split(&text.0, Quotes::Jvm) {
            self.word(&word, unless, convention);
        }
    }

    /// What the launcher takes as options of the JVM: everything up to the main class or the jar.
    fn command_line(&mut self, words: &[Word], convention: bool) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let start = word.known_start();
            let ends = !start.starts_with(['-', '@']) && (!start.is_empty() || word.0.is_empty());
            if ends || matches!(start.as_str(), "-jar" | "-m" | "--module") {
                return;
            }
            if VALUED.contains(&start.as_str()) {
                words.next();
            } else {
                self.word(word, None, convention);
            }
        }
    }

    /// Arguments of a script or an entry point: JVM flags in them most likely reach the JVM.
    fn script_arguments(&mut self, words: &[Word], launcher: bool) {
        let is_flag = |word: &Word| key_of(&word.known_start()).is_some();
        if !words.iter().any(is_flag) {
            return;
        }
        if launcher {
            return self.command_line(words, true);
        }
        words.iter().filter(|word| is_flag(word)).for_each(|word| self.word(word, None, true));
    }

    fn word(&mut self, word: &Word, unless: Option<&str>, convention: bool) {
        if let Some(name) = word.unset() {
            return self.unset(name);
        }
        let start = word.known_start();
        let from_file = start.starts_with('@') || start.starts_with("-Xoptionsfile");
        if from_file || start.starts_with("-XX:Flags=") || start.starts_with("-XX:VMOptionsFile") {
            return self.unknown();
        }
        let Some((key, prefix)) = key_of(&start) else {
            let open = start.is_empty() || start == "-" || "-XX:".starts_with(&start);
            if open && word.0.iter().any(|glyph| matches!(glyph, Glyph::Hole | Glyph::Unset(_))) {
                self.unknown();
            }
            return;
        };
        let value = word.plain().filter(|text| !text.contains('$')).and_then(|text| {
            let mut flag = Flag::of(text.clone(), word)?;
            flag.convention = convention;
            flag.unless = flag.unless.or(unless.map(str::to_owned));
            Some((text.get(prefix..)?.to_owned(), flag))
        });
        match value {
            Some((value, flag)) => self.set(key, value, flag),
            None => self.slots[key as usize] = Slot { value: Value::Unknown, unless: None },
        }
    }

    /// A variable that holds nothing but the size of the heap.
    pub(crate) fn heap(&mut self, size: String, flag: Flag) {
        self.set(Key::Heap, size, flag);
    }

    fn set(&mut self, key: Key, value: String, flag: Flag) {
        if let Some(why) = refusal(key, &value) {
            self.refused.push((flag.clone(), why));
        }
        self.slots[key as usize] = Slot { value: Value::Known(value, flag), unless: None };
    }

    /// Options that may set anything.
    pub(crate) fn unknown(&mut self) {
        self.slots.iter_mut().for_each(|slot| *slot = Slot { value: Value::Unknown, unless: None });
    }

    /// Options that most likely are not there.
    fn unset(&mut self, name: &str) {
        self.slots.iter_mut().for_each(|slot| {
            slot.unless.get_or_insert_with(|| name.to_owned());
        });
    }

    fn known(&self, key: Key) -> Option<(&str, &Flag)> {
        match &self.slots[key as usize].value {
            Value::Known(value, flag) => Some((value, flag)),
            _ => None,
        }
    }

    fn is_unknown(&self, key: Key) -> bool {
        self.slots[key as usize].value == Value::Unknown
    }

    /// The size of the heap, if that is what was set.
    pub(crate) fn heap_bytes(&self) -> Option<u64> {
        size(self.known(Key::Heap)?.0)
    }

    fn finish(&self, cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
        if !self.refused.is_empty() {
            out.extend(self.refused.iter().map(|(flag, why)| {
                let setting = cx.setting(Runtime::Jvm, flag, 0);
                HeapSetting { invalid: Some(format!("the JVM refuses it: {why}")), ..setting }
            }));
            return;
        }
        let setting = match &self.slots[Key::Heap as usize].value {
            Value::Unknown => None,
            Value::Absent => self.share(cx),
            Value::Known(value, flag) => size(value).map(|bytes| self.absolute(cx, flag, bytes)),
        };
        let Some(mut setting) = setting else { return };
        let unless = self.slots[Key::Heap as usize].unless.clone();
        setting.unless = setting.unless.or(unless);
        for (key, what) in
            [(Key::Direct, "direct buffers"), (Key::Metaspace, "metaspace"), (Key::CodeCache, "the code cache")]
        {
            let Some((value, flag)) = self.known(key) else { continue };
            if let Some(bytes) = size(value).filter(|bytes| *bytes > 0) {
                setting.extra.push(Region { what, written: flag.written.clone(), bytes });
            }
        }
        out.push(setting);
    }

    fn absolute(&self, cx: &Context<'_>, flag: &Flag, bytes: u64) -> HeapSetting {
        let mut setting = cx.setting(Runtime::Jvm, flag, bytes);
        let initial = self.known(Key::Initial).and_then(|(value, flag)| Some((size(value)?, flag)));
        if let Some((_, initial)) = initial.filter(|(initial, _)| *initial > bytes) {
            setting.bytes = 0;
            setting.invalid = Some(format!("the JVM refuses it: {} is larger", initial.written));
        }
        let shares = [Key::MaxPercent, Key::MaxFraction];
        if let Some((_, share)) = shares.into_iter().find_map(|key| self.known(key)) {
            setting.note = Some(format!("{} has no effect beside {}", share.written, flag.written));
        }
        setting
    }

    /// Without `-Xmx`: a share of the container's limit, at least the initial heap (`Arguments::set_heap_size`).
    fn share(&self, cx: &Context<'_>) -> Option<HeapSetting> {
        let no_containers = self.known(Key::Containers).is_some_and(|(_, flag)| flag.written.starts_with("-XX:-"));
        let opaque = [Key::Containers, Key::Ram, Key::MinPercent, Key::MaxPercent, Key::MaxFraction, Key::Initial];
        if no_containers
            || opaque.into_iter().any(|key| self.is_unknown(key))
            || self.slots[Key::MinFraction as usize].value != Value::Absent
        {
            return None;
        }
        let limit = cx.memory.limit?;
        let ram = self.known(Key::Ram).and_then(|(value, _)| size(value)).map_or(limit, |ram| ram.min(limit));
        let percent =
            |key| self.known(key).and_then(|(value, flag)| Some((Decimal::parse(value)?.percent_of(ram), flag)));

        let min = percent(Key::MinPercent);
        let max = percent(Key::MaxPercent).map(|(bytes, flag)| (bytes, flag, Key::MaxPercent)).or_else(|| {
            let (value, flag) = self.known(Key::MaxFraction)?;
            Some((ram / value.parse::<u64>().ok().filter(|n| *n > 0)?, flag, Key::MaxFraction))
        });
        let small = min.map_or(ram / 2, |(bytes, _)| bytes);
        let is_small = small < DEFAULT_MAX_HEAP;
        let (heap, flag, key) = match max {
            _ if is_small => (small, min.map(|(_, flag)| flag), Key::MinPercent),
            Some((bytes, flag, key)) => (bytes.max(DEFAULT_MAX_HEAP), Some(flag), key),
            None => ((ram / 4).max(DEFAULT_MAX_HEAP), None, Key::MaxPercent),
        };
        let initial = self.known(Key::Initial).and_then(|(value, flag)| Some((size(value)?, flag)));
        if let Some((bytes, flag)) = initial.filter(|(bytes, _)| *bytes > heap) {
            let note = Some("the heap may grow to what it starts with".to_owned());
            return Some(HeapSetting { note, ..cx.setting(Runtime::Jvm, flag, bytes) });
        }
        let flag = flag?;
        let mut setting = HeapSetting { kind: Kind::Percent, ..cx.setting(Runtime::Jvm, flag, heap) };
        setting.unless = setting.unless.or_else(|| self.slots[key as usize].unless.clone());
        if key == Key::MaxFraction && heap >= ram {
            setting.note = Some(format!("{} gives the heap all of the memory", flag.written));
        }
        Some(setting)
    }
}

/// Any application's. Tomcat puts `CATALINA_OPTS` after `JAVA_OPTS`; between the others there is no order.
const GENERIC: [&str; 8] = [
    "JAVA_OPTIONS",
    "JAVA_ARGS",
    "JVM_OPTS",
    "JVM_ARGS",
    "JAVA_OPTS",
    "JAVA_OPTS_APPEND",
    "JAVA_OPTS_KC_HEAP",
    "CATALINA_OPTS",
];

/// One application's own: it has no use for the generic ones.
const OWN: [&str; 16] = [
    "ES_JAVA_OPTS",
    "OPENSEARCH_JAVA_OPTS",
    "LS_JAVA_OPTS",
    "KAFKA_HEAP_OPTS",
    "SCHEMA_REGISTRY_HEAP_OPTS",
    "KAFKAREST_HEAP_OPTS",
    "KSQL_HEAP_OPTS",
    "SOLR_JAVA_MEM",
    "SOLR_OPTS",
    "PULSAR_MEM",
    "ACTIVEMQ_OPTS_MEMORY",
    "ARTEMIS_JAVA_OPTS",
    "JENKINS_JAVA_OPTS",
    "SERVER_JVMFLAGS",
    "HADOOP_OPTS",
    "HBASE_OPTS",
];

/// Variables that hold the size itself, and the unit of a bare number.
const SIZES: [(&str, &str); 10] = [
    ("MAX_HEAP_SIZE", ""),
    ("SOLR_HEAP", ""),
    ("HADOOP_HEAPSIZE", "m"),
    ("HADOOP_HEAPSIZE_MAX", "m"),
    ("HBASE_HEAPSIZE", "m"),
    ("ZK_SERVER_HEAP", "m"),
    ("SPARK_DAEMON_MEMORY", ""),
    ("SPARK_DRIVER_MEMORY", "driver"),
    ("SPARK_EXECUTOR_MEMORY", "executor"),
    ("NEO4J_server_memory_heap_max__size", ""),
];

/// Adds them to what has been read, above the JVM's own variables and below the command line.
pub(crate) fn read(cx: &Context<'_>, state: &mut State) {
    group(cx, &GENERIC, &[], state);
    group(cx, &OWN, &SIZES, state);
}

fn group(cx: &Context<'_>, options: &[&str], sizes: &[(&str, &str)], state: &mut State) {
    let mut heaps: Vec<(&str, u64)> = Vec::new();
    for name in options {
        match cx.var(None, name) {
            Found::Known(text, unless) => {
                let mut alone = State::default();
                alone.options(&text, None, true);
                heaps.extend(alone.heap_bytes().map(|bytes| (*name, bytes)));
                state.options(&text, unless.as_deref(), true);
            }
            Found::Unknown => state.unknown(),
            Found::Absent(_) => {}
        }
    }
    for (name, unit) in sizes {
        let role = matches!(*unit, "driver" | "executor");
        if role && !has_word(cx, unit) {
            continue;
        }
        if matches!(cx.var(None, name), Found::Unknown) {
            state.unknown();
        }
        let Some((text, flag)) = cx.var_flag(None, name) else { continue };
        let heap = if whole(&text).is_some() && !role { format!("{text}{unit}") } else { text };
        match size(&heap) {
            // Without a unit it might be anything.
            Some(bytes) if whole(&heap).is_none() => {
                heaps.push((name, bytes));
                state.heap(heap, flag.by_convention());
            }
            _ => state.unknown(),
        }
    }
    let differ = heaps.iter().any(|(_, bytes)| Some(bytes) != heaps.first().map(|(_, first)| first));
    let ordered = heaps.iter().all(|(name, _)| matches!(*name, "JAVA_OPTS" | "CATALINA_OPTS"));
    if differ && !ordered {
        state.unknown();
    }
}

/// Spark's own images are told by an argument which part they play.
fn has_word(cx: &Context<'_>, role: &str) -> bool {
    let is_role = |word: &Word| word.plain().as_deref() == Some(role);
    cx.calls.iter().any(|call| {
        matches!(&call.program, super::calls::Program::Named(name) if name == role) || call.words.iter().any(is_role)
    })
}
