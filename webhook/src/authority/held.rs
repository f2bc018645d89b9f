//! [`Held`]: what the Secret holds, which is all that replicas tell each other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::ByteString;

use crate::tls::{Ca, certificates};

/// The keys in the Secret. Any others are left alone.
const CURRENT: [&str; 2] = ["ca.crt", "ca.key"];
const NEXT: [&str; 2] = ["next-ca.crt", "next-ca.key"];
const OLD: [&str; 2] = ["old-ca.crt", "old-ca.until"];

/// The CA that signs, and what comes before and after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The one that signs.
    pub current: Ca,
    /// The one that will sign, once API servers trust it.
    pub next: Option<Ca>,
    /// The one that signed before.
    pub old: Option<Old>,
}

/// A CA that signs nothing any more, but may have signed what is still served. Its key is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// Its certificate, PEM.
    pub certificate: String,
    /// When nothing that it has signed can be served any more, in seconds since 1970.
    pub until: i64,
}

/// A Secret's data.
pub type Data = BTreeMap<String, ByteString>;

impl Held {
    /// Reads a Secret; one without a CA is `None`.
    ///
    /// # Errors
    /// When what is there is not what [`Held::write`] writes. It is not overwritten: someone may have meant it.
    pub fn read(data: &Data) -> Result<Option<Self>, String> {
        let text = |key: &str| data.get(key).map(|bytes| bytes.0.as_slice()).filter(|bytes| !bytes.is_empty());
        let pair = |keys: [&str; 2]| match keys.map(text) {
            [None, None] => Ok(None),
            [Some(first), Some(second)] => Ok(Some((first, second))),
            _ => Err(format!("it has only one of {} and {}", keys[0], keys[1])),
        };
        let ca = |keys: [&str; 2]| {
            let read = |(certificate, key)| Ca::parse(certificate, key).map_err(|why| format!("{}: {why}", keys[0]));
            pair(keys)?.map(read).transpose()
        };
        let old = |(certificate, until): (&[u8], &[u8])| {
            let until = std::str::from_utf8(until).ok().and_then(|text| text.parse::<Timestamp>().ok());
            let until = until.ok_or_else(|| format!("{} is no time", OLD[1]))?.as_second();
            if certificates(certificate).is_empty() {
                return Err(format!("{} is no certificate", OLD[0]));
            }
            Ok(Old { certificate: String::from_utf8_lossy(certificate).into_owned(), until })
        };
        let (next, old) = (ca(NEXT)?, pair(OLD)?.map(old).transpose()?);
        match ca(CURRENT)? {
            Some(current) => Ok(Some(Self { current, next, old })),
            None if next.is_none() && old.is_none() => Ok(None),
            None => Err(format!("it has no {}, but others", CURRENT[0])),
        }
    }

    /// Writes it into a Secret's data.
    pub fn write(&self, data: &mut Data) {
        let until = |old: &Old| Timestamp::from_second(old.until).unwrap_or(Timestamp::MAX).to_string();
        let ca = |ca: &Ca| [ca.certificate.clone(), ca.key.clone()];
        let pairs = [
            (CURRENT, Some(ca(&self.current))),
            (NEXT, self.next.as_ref().map(ca)),
            (OLD, self.old.as_ref().map(|old| [old.certificate.clone(), until(old)])),
        ];
        for (keys, texts) in pairs {
            for key in keys {
                data.remove(key);
            }
            let texts = texts.into_iter().flatten();
            data.extend(keys.into_iter().map(str::to_owned).zip(texts.map(|text| ByteString(text.into_bytes()))));
        }
    }

    /// What API servers are to trust: everything that may be served, now or next.
    #[must_use]
    pub fn bundle(&self) -> String {
        let mut all = vec![self.current.certificate.trim()];
        all.extend(self.next.iter().map(|next| next.certificate.trim()));
        all.extend(self.old.iter().map(|old| old.certificate.trim()));
        // The order tells nothing, so it must not change when another one signs.
        all.sort_unstable();
        all.dedup();
        all.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_is_read_as_it_was_written() {
        let ca = || Ca::make(1_800_000_000, Duration::from_secs(86_400)).expect("a CA");
        let old = || Old { certificate: ca().certificate, until: 1_800_086_400 };
        let whole = Held { current: ca(), next: Some(ca()), old: Some(old()) };
        let mut data = Data::from([("theirs".to_owned(), ByteString(b"kept".to_vec()))]);
        for held in [whole.clone(), Held { next: None, ..whole.clone() }, Held { old: None, ..whole.clone() }] {
            held.write(&mut data);
            assert_eq!(Held::read(&data), Ok(Some(held)));
        }
        assert_eq!(data["theirs"].0, b"kept");
        assert_eq!(Held::read(&Data::new()), Ok(None));
        assert_eq!(whole.bundle().matches("BEGIN CERTIFICATE").count(), 3);
        let promoted = Held { current: whole.next.clone().expect("a CA"), next: Some(whole.current.clone()), ..whole };
        assert_eq!(certificates(promoted.bundle().as_bytes()).len(), 3);
    }

    #[test]
    fn what_is_not_ours_is_told_and_not_taken_for_nothing() {
        let ca = Ca::make(1_800_000_000, Duration::from_secs(86_400)).expect("a CA");
        let held = Held { current: ca.clone(), next: None, old: Some(Old { certificate: ca.certificate, until: 0 }) };
        let mut good = Data::new();
        held.write(&mut good);
        for (key, text, why) in [
            ("ca.key", "", "only one of ca.crt and ca.key"),
            ("ca.crt", "hello", "no certificate"),
            ("old-ca.until", "soon", "no time"),
            ("old-ca.crt", "hello", "no certificate"),
        ] {
            let mut data = good.clone();
            data.insert(key.to_owned(), ByteString(text.as_bytes().to_vec()));
            let told = Held::read(&data).expect_err("it is bad");
            assert!(told.contains(why), "{key}: {told}");
        }
        good.remove("ca.crt");
        good.remove("ca.key");
        assert!(Held::read(&good).expect_err("it is bad").contains("but others"));
    }
}
