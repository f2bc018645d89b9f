//! Sizes for people: `500Mi`, `5.3Gi`, in Kubernetes' own units.

/// Bytes in the largest binary unit that leaves a whole part, with one decimal where it is not exact (cut, not
/// rounded, so that a figure never reaches a limit that the bytes do not).
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [(u32, &str); 6] = [(60, "Ei"), (50, "Pi"), (40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")];
    for (shift, unit) in UNITS {
        let whole = bytes >> shift;
        if whole == 0 {
            continue;
        }
        let rest = bytes - (whole << shift);
        // Below 2^60, ten times the rest fits.
        let tenth = (rest * 10) >> shift;
        return if tenth == 0 { format!("{whole}{unit}") } else { format!("{whole}.{tenth}{unit}") };
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_decimal() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1Ki"),
            (524_288_000, "500Mi"),
            (5_690_831_667, "5.2Gi"),
            (u64::MAX, "15.9Ei"),
        ] {
            assert_eq!(format_bytes(bytes), text);
        }
    }
}
