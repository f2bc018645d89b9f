//! Go: `GOMEMLIMIT`, and `AUTOMEMLIMIT` of the automemlimit library.
//!
//! The memory limit is soft: the collector works harder, the process may still outgrow it. The grammar was checked
//! on Go 1.26; it has not changed since 1.19.
use super::context::{Context, Flag, Found};
use super::number::{Decimal, GI, KI, MI, TI, whole};
use super::setting::{HeapSetting, Kind, Runtime};

pub(crate) fn find(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    let unless = match cx.var(None, "GOMEMLIMIT") {
        Found::Known(..) => {
            return out.extend(cx.var_flag(None, "GOMEMLIMIT").and_then(|(text, flag)| limit(cx, &text, &flag)));
        }
        Found::Unknown => return,
        Found::Absent(unless) => unless,
    };
    let Some((text, flag)) = cx.var_flag(None, "AUTOMEMLIMIT") else { return };
    let ratio = Decimal::parse(&text).filter(|ratio| !ratio.is_zero() && !ratio.exceeds(1));
    let (Some(ratio), Some(memory)) = (ratio, cx.memory.limit) else { return };
    let mut setting = cx.setting(Runtime::Go, &flag.by_convention(), ratio.times(memory));
    setting.unless = setting.unless.or(unless);
    out.push(HeapSetting { kind: Kind::Percent, hard: false, ..setting });
}

fn limit(cx: &Context<'_>, text: &str, flag: &Flag) -> Option<HeapSetting> {
    if text == "off" {
        return None;
    }
    let bytes = byte_count(text);
    let mut setting = HeapSetting { hard: false, ..cx.setting(Runtime::Go, flag, bytes.unwrap_or_default()) };
    if bytes.is_none() {
        setting.invalid =
            Some("Go aborts at start: its units are B, KiB, MiB, GiB and TiB, after a whole number".to_owned());
        let kubernetes = text.strip_suffix('i').filter(|number| byte_count(&format!("{number}iB")).is_some());
        setting.note = kubernetes.map(|_| format!("Kubernetes' {text} is Go's {text}B"));
    }
    Some(setting)
}

/// `parseByteCount` in `runtime/string.go`.
fn byte_count(text: &str) -> Option<u64> {
    let units = [("KiB", KI), ("MiB", MI), ("GiB", GI), ("TiB", TI), ("B", 1), ("", 1)];
    let (number, factor) = units.into_iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let bytes = whole(number.strip_prefix('+').unwrap_or(number))?.checked_mul(factor)?;
    i64::try_from(bytes).is_ok().then_some(bytes)
}
