//! .NET: `DOTNET_GCHeapHardLimit` and `…Percent`, both read as hexadecimal; `DOTNET_` wins over `COMPlus_`, bytes over
//! the percentage. Not read: `runtimeconfig.json`, which is in the image.
//!
//! Source: the garbage collector page of the .NET documentation.
use super::context::{Context, Flag, Found};
use super::setting::{HeapSetting, Kind, Runtime};

pub(crate) fn find(cx: &Context<'_>, out: &mut Vec<HeapSetting>) {
    if !cx.sets_like("GCHeapHardLimit") {
        return;
    }
    // Limits per heap replace the one for all.
    let per_heap = ["SOH", "LOH", "POH", "SOHPercent", "LOHPercent", "POHPercent"];
    if per_heap.iter().any(|heap| !matches!(hard_limit(cx, heap), Hard::Absent(_))) {
        return;
    }
    match hard_limit(cx, "") {
        Hard::Unknown => {}
        Hard::Known(text, bytes, flag) => {
            let note = looks_decimal(&text).then(|| format!(".NET reads it as hexadecimal, 0x{text}"));
            out.push(HeapSetting { note, ..cx.setting(Runtime::DotNet, &flag, bytes) });
        }
        Hard::Absent(unless) => {
            let Hard::Known(text, percent, flag) = hard_limit(cx, "Percent") else { return };
            out.extend(share(cx, &text, percent, &flag, unless));
        }
    }
}

fn share(cx: &Context<'_>, text: &str, percent: u64, flag: &Flag, unless: Option<String>) -> Option<HeapSetting> {
    let decimal = looks_decimal(text);
    let mut setting = HeapSetting { kind: Kind::Percent, ..cx.setting(Runtime::DotNet, flag, 0) };
    setting.unless = setting.unless.or(unless);
    if percent >= 100 {
        let hex = if decimal { ", read as hexadecimal," } else { "" };
        setting.invalid = Some(format!(".NET ignores it: {text}{hex} is {percent} per cent"));
        return Some(setting);
    }
    let limit = cx.memory.limit?;
    setting.bytes = u64::try_from(u128::from(limit) * u128::from(percent) / 100).unwrap_or(u64::MAX);
    setting.note = (decimal && percent > 9).then(|| format!(".NET reads it as hexadecimal: {percent} per cent"));
    Some(setting)
}

enum Hard {
    Known(String, u64, Flag),
    Unknown,
    Absent(Option<String>),
}

fn hard_limit(cx: &Context<'_>, suffix: &str) -> Hard {
    let mut unless = None;
    for prefix in ["DOTNET_", "COMPlus_"] {
        let name = format!("{prefix}GCHeapHardLimit{suffix}");
        match cx.var(None, &name) {
            Found::Absent(open) => unless = unless.or(open),
            Found::Unknown => return Hard::Unknown,
            Found::Known(..) => {
                let known = cx.var_flag(None, &name).and_then(|(text, flag)| Some((hexadecimal(&text)?, text, flag)));
                return match known {
                    Some((0, ..)) => Hard::Absent(unless),
                    Some((bytes, text, flag)) => {
                        let unless = flag.unless.clone().or(unless);
                        Hard::Known(text, bytes, Flag { unless, ..flag })
                    }
                    None => Hard::Unknown,
                };
            }
        }
    }
    Hard::Absent(unless)
}

fn hexadecimal(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let valid = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    valid.then(|| u64::from_str_radix(digits, 16).unwrap_or(u64::MAX))
}

fn looks_decimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
