//! Caches, document stores and brokers: Redis and its kin, Dragonfly, memcached, MongoDB, RabbitMQ.
use super::context::{Context, Flag, Found, Last, last_flag};
use super::number::{Decimal, GI, KI, MI, TI, whole, with_unit};
use super::setting::{HeapSetting, Runtime};
use super::text::{Glyph, Word};
use super::words::{Quotes, split};

/// What a server makes of a value.
pub(crate) enum Size {
    Bytes(u64),
    /// No limit, the default, or nothing that can be judged.
    Silent,
    Refused(&'static str),
}

/// A server whose cap is one flag.
pub(crate) struct Server {
    pub(crate) runtime: Runtime,
    pub(crate) programs: &'static [&'static str],
    /// Words in the names of images whose entry point is the server.
    pub(crate) images: &'static [&'static str],
    /// Whether the flag is telling enough under an image of any name.
    pub(crate) telling: bool,
    /// Variables in which common images take more flags.
    pub(crate) variables: &'static [&'static str],
    pub(crate) is_name: fn(&str) -> bool,
    pub(crate) size: fn(&str) -> Size,
}

const REDIS: Server = Server {
    runtime: Runtime::Redis,
    programs: &["redis-server", "valkey-server", "keydb-server"],
    images: &["redis", "valkey", "keydb"],
    telling: true,
    variables: &["REDIS_EXTRA_FLAGS", "VALKEY_EXTRA_FLAGS", "REDIS_ARGS"],
    is_name: |name| name.eq_ignore_ascii_case("--maxmemory"),
    size: redis_size,
};

const DRAGONFLY: Server = Server {
    runtime: Runtime::Dragonfly,
    programs: &["dragonfly"],
    images: &["dragonfly"],
    telling: false,
    variables: &[],
    is_name: |name| matches!(name, "--maxmemory" | "-maxmemory"),
    size: dragonfly_size,
};

const MONGODB: Server = Server {
    runtime: Runtime::MongoDb,
    programs: &["mongod"],
    images: &["mongo"],
    telling: true,
    variables: &["MONGODB_EXTRA_FLAGS"],
    is_name: |name| name == "--wiredTigerCacheSizeGB",
    size: mongodb_size,
};

pub(crate) fn find(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    if cx.image_has(DRAGONFLY.images) || cx.calls.iter().any(|call| call.runs(DRAGONFLY.programs)) {
        server(cx, &DRAGONFLY, out);
    } else {
        server(cx, &REDIS, out);
    }
    memcached(cx, out);
    server(cx, &MONGODB, out);
    rabbitmq(cx, out);
}

/// Reads the flag of a server from its command lines or, if there are none, from the variables of its images.
pub(crate) fn server(cx: &Context<'_>, server: &Server, out: &mut Vec<HeapSetting>) {
    let own_image = cx.image_has(server.images);
    let bare = server.telling || own_image;
    let named = cx.calls.iter().any(|call| call.runs(server.programs));
    let mut seen = named;
    for words in cx.words_of(server.programs, bare) {
        // Redis joins its arguments, so that one may hold flag and value.
        let words: Vec<Word> = words.iter().flat_map(|word| split_flag(word, server.is_name)).collect();
        let last = last_flag(&words, server.is_name);
        seen |= !matches!(last, Last::None);
        out.extend(judge(cx, server, last, !own_image && !named));
    }
    if seen {
        return;
    }
    for name in server.variables {
        let Found::Known(text, unless) = cx.var(None, name) else { continue };
        let Last::Value(value, flag) = last_flag(&split(&text.0, Quotes::Jvm), server.is_name) else { continue };
        let unless = flag.unless.clone().or(unless);
        out.extend(judge(cx, server, Last::Value(value, Flag { unless, ..flag }), true));
    }
}

fn split_flag(word: &Word, is_name: fn(&str) -> bool) -> Vec<Word> {
    let start = word.known_start();
    let joined = start.split_once(' ').is_some_and(|(name, _)| is_name(name));
    if joined { split(&word.0, Quotes::Jvm) } else { vec![word.clone()] }
}

fn judge(cx: &Context<'_>, server: &Server, last: Last, convention: bool) -> Option<HeapSetting> {
    let Last::Value(value, flag) = last else { return None };
    let flag = Flag { convention, ..flag };
    match (server.size)(&value) {
        Size::Silent => None,
        Size::Bytes(bytes) => Some(cx.setting(server.runtime, &flag, bytes)),
        Size::Refused(why) => {
            let invalid = Some(format!("{} refuses it: {why}", server.runtime));
            Some(HeapSetting { invalid, ..cx.setting(server.runtime, &flag, 0) })
        }
    }
}

/// `memtoull` in `src/util.c`: k, m, g are decimal, kb, mb, gb binary, in either case; 0 is no limit.
fn redis_size(text: &str) -> Size {
    let units =
        [("", 1), ("b", 1), ("k", 1000), ("kb", KI), ("m", 1_000_000), ("mb", MI), ("g", 1_000_000_000), ("gb", GI)];
    match with_unit(&text.to_ascii_lowercase(), &units) {
        Some(0) => Size::Silent,
        Some(bytes) => Size::Bytes(bytes),
        // KeyDB and managed forks take percentages.
        None if text.ends_with('%') || text.is_empty() => Size::Silent,
        None => Size::Refused("a size is a whole number and one of k, kb, m, mb, g and gb"),
    }
}

/// Binary units, decimals allowed; 0 is automatic. Unchecked.
fn dragonfly_size(text: &str) -> Size {
    let lower = text.to_ascii_lowercase();
    let (number, unit) = super::number::split_unit(&lower);
    let factor = match unit.trim_end_matches('b') {
        "" => 1,
        "k" => KI,
        "m" => MI,
        "g" => GI,
        "t" => TI,
        _ => return Size::Silent,
    };
    let bytes = Decimal::parse(number).map_or(0, |number| number.times(factor));
    if bytes == 0 { Size::Silent } else { Size::Bytes(bytes) }
}

/// A decimal number of GiB.
fn mongodb_size(text: &str) -> Size {
    let bytes = Decimal::parse(text).map_or(0, |number| number.times(GI));
    if bytes == 0 { Size::Silent } else { Size::Bytes(bytes) }
}

/// `-m` in MiB, joined or not.
fn memcached(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    let programs = ["memcached"];
    for words in cx.words_of(&programs, cx.image_has(&["memcached"])) {
        let mut found = None;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let start = word.known_start();
            let (prefix, value) = match start.as_str() {
                "-m" | "--memory-limit" => (format!("{start} "), words.next()),
                _ if start.starts_with("--memory-limit=") => ("--memory-limit=".to_owned(), Some(word)),
                _ if start.starts_with("-m") => ("-m".to_owned(), Some(word)),
                _ => {
                    if start.is_empty() && word.0.iter().any(|glyph| matches!(glyph, Glyph::Hole)) {
                        found = None;
                    }
                    continue;
                }
            };
            found = value.and_then(|word| {
                let text = word.plain()?;
                let number = text.strip_prefix(&prefix).unwrap_or(&text);
                let bytes = whole(number)?.saturating_mul(MI);
                Some((bytes, Flag::of(format!("{prefix}{number}"), word)?))
            });
        }
        let found = found.filter(|(bytes, _)| *bytes > 0);
        out.extend(found.map(|(bytes, flag)| cx.setting(Runtime::Memcached, &flag, bytes)));
    }
}

/// The absolute watermark: publishers are blocked above it, but memory may still grow. Units as in RabbitMQ's memory
/// guide; bare letters changed their meaning between versions and are left alone.
fn rabbitmq(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    let Some((text, flag)) = cx.var_flag(None, "RABBITMQ_VM_MEMORY_HIGH_WATERMARK") else { return };
    let units = [
        ("KB", 1000),
        ("kB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("Ki", KI),
        ("KiB", KI),
        ("kiB", KI),
        ("Mi", MI),
        ("MiB", MI),
        ("Gi", GI),
        ("GiB", GI),
        ("Ti", TI),
        ("TiB", TI),
    ];
    if let Some(bytes) = with_unit(&text, &units) {
        out.push(HeapSetting { hard: false, ..cx.setting(Runtime::RabbitMq, &flag.by_convention(), bytes) });
    }
}
