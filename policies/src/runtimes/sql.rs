//! PostgreSQL's shared buffers and InnoDB's buffer pool: allocated by the server besides what connections take.
//!
//! PostgreSQL's grammar was checked on PostgreSQL 15; MySQL's is from its manual.
use super::context::{Context, Flag};
use super::number::{Decimal, GI, KI, MI, TI, split_unit, with_unit};
use super::setting::{HeapSetting, Runtime};
use super::stores::{self, Server, Size};
use super::text::{Glyph, Word};

const MYSQL: Server = Server {
    runtime: Runtime::MySql,
    programs: &["mysqld", "mariadbd", "mysqld_safe", "mariadbd-safe"],
    images: &["mysql", "mariadb", "percona"],
    telling: true,
    variables: &["MYSQL_EXTRA_FLAGS", "MARIADB_EXTRA_FLAGS"],
    is_name: |name| {
        let name = name.replace('_', "-");
        matches!(name.as_str(), "--innodb-buffer-pool-size" | "--loose-innodb-buffer-pool-size")
    },
    size: mysql_size,
};

pub(crate) fn find(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    for words in cx.words_of(&["postgres", "postmaster"], false) {
        out.extend(shared_buffers(cx, words, true));
    }
    for words in cx.words_of(&[], true) {
        out.extend(shared_buffers(cx, words, cx.image_has(&["postgres", "postgis", "timescale"])));
    }
    stores::server(cx, &MYSQL, out);
}

/// K, M, G, T, P and E of either case, binary.
fn mysql_size(text: &str) -> Size {
    let units = [("", 1), ("k", KI), ("m", MI), ("g", GI), ("t", TI), ("p", TI << 10), ("e", TI << 20)];
    match with_unit(&text.to_ascii_lowercase(), &units) {
        Some(0) => Size::Silent,
        Some(bytes) => Size::Bytes(bytes),
        None => Size::Refused("a size is a whole number and one of the letters K, M, G, T, P and E"),
    }
}

/// The last of `-c shared_buffers=…`, `--shared-buffers=…` and `-B …`.
fn shared_buffers(cx: &Context<'_>, words: &[Word], postgres: bool) -> Option<HeapSetting> {
    let mut found: Option<(String, Flag)> = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let start = word.known_start();
        let blocks = postgres && start.starts_with("-B");
        let separate = start == "-c" || (blocks && start == "-B");
        let target = if separate { words.next()? } else { word };
        let known = target.known_start();
        let setting = if separate { Some(&*known) } else { known.strip_prefix("--").or(known.strip_prefix("-c")) };
        let name = setting.unwrap_or_default().split('=').next().unwrap_or_default().replace('-', "_");
        if blocks || name.eq_ignore_ascii_case("shared_buffers") {
            found = target.plain().filter(|text| !text.contains("$(")).and_then(|text| {
                let value = if blocks { text.trim_start_matches("-B") } else { text.split_once('=')?.1 };
                let written = if separate { format!("{start} {text}") } else { text.clone() };
                Some((value.to_owned(), Flag::of(written, target)?))
            });
        } else if name.is_empty() && target.0.iter().any(|glyph| matches!(glyph, Glyph::Hole)) {
            found = None;
        }
    }
    let (value, flag) = found?;
    match postgres_size(value.trim()) {
        Size::Silent => None,
        Size::Bytes(bytes) => Some(cx.setting(Runtime::Postgres, &flag, bytes)),
        Size::Refused(why) => {
            let invalid = Some(format!("PostgreSQL refuses it: {why}"));
            Some(HeapSetting { invalid, ..cx.setting(Runtime::Postgres, &flag, 0) })
        }
    }
}

/// A decimal number of 8 kB blocks, or with a unit; the case of units counts.
fn postgres_size(text: &str) -> Size {
    let (number, unit) = split_unit(text);
    let factor = match unit.trim_start() {
        "" => 8 * KI,
        "B" => 1,
        "kB" => KI,
        "MB" => MI,
        "GB" => GI,
        "TB" => TI,
        _ if number.is_empty() || unit.starts_with(['x', 'X', 'e', 'E']) => return Size::Silent,
        _ => return Size::Refused("the units are B, kB, MB, GB and TB, in this case of letters"),
    };
    Decimal::parse(number).map_or(Size::Silent, |number| Size::Bytes(number.times(factor)))
}
