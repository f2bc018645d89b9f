//! What must hold of quantities and of effective resources, whatever the numbers.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use memlint_kubernetes::object::Value;
use memlint_kubernetes::quantity::Quantity;
use memlint_kubernetes::resources::{Defaulting, List, PodResources, QosClass};
use memlint_kubernetes::workload::{Workload, objects};
use memlint_policies::inventory::Inventory;
use proptest::prelude::*;

/// A number `digits` × 10^-`places` × its suffix, and what that is in billionths.
#[derive(Debug, Clone)]
struct Written {
    digits: u64,
    places: usize,
    suffix: &'static str,
}

const SUFFIXES: [(&str, u128, u128); 13] = [
    ("n", 1, 1_000_000_000),
    ("u", 1, 1_000_000),
    ("m", 1, 1000),
    ("", 1, 1),
    ("k", 1000, 1),
    ("M", 1_000_000, 1),
    ("G", 1_000_000_000, 1),
    ("Ki", 1 << 10, 1),
    ("Mi", 1 << 20, 1),
    ("Gi", 1 << 30, 1),
    ("e3", 1000, 1),
    ("E6", 1_000_000, 1),
    ("e-3", 1, 1000),
];

impl Written {
    fn text(&self) -> String {
        let digits = format!("{:0width$}", self.digits, width = self.places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.places);
        if self.places == 0 { format!("{whole}{}", self.suffix) } else { format!("{whole}.{fraction}{}", self.suffix) }
    }

    /// Numerator and denominator of the exact value.
    fn exact(&self) -> (u128, u128) {
        let (_, times, by) = SUFFIXES.iter().find(|(suffix, ..)| *suffix == self.suffix).expect("a known suffix");
        let places = u32::try_from(self.places).expect("a few places");
        (u128::from(self.digits) * times, 10_u128.pow(places) * by)
    }

    /// In billionths, rounded up, as Kubernetes keeps it.
    fn nanos(&self) -> u128 {
        let (numerator, denominator) = self.exact();
        (numerator * 1_000_000_000).div_ceil(denominator)
    }

    fn quantity(&self) -> Quantity {
        let text = self.text();
        Quantity::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }
}

fn written() -> impl Strategy<Value = Written> {
    let digits = prop_oneof![0_u64..2000, 0_u64..1_000_000_000];
    let suffix = (0..SUFFIXES.len()).prop_map(|index| SUFFIXES[index].0);
    (digits, 0_usize..4, suffix).prop_map(|(digits, places, suffix)| Written { digits, places, suffix })
}

proptest! {
    #[test]
    fn the_value_is_exact(a in written()) {
        prop_assert_eq!(a.quantity().nanos().unsigned_abs(), a.nanos(), "{}", a.text());
    }

    #[test]
    fn what_is_printed_reads_the_same(a in written()) {
        let (quantity, negative) = (a.quantity(), Quantity::parse(&format!("-{}", a.text())).expect("a quantity"));
        for quantity in [quantity, negative] {
            let printed = quantity.to_string();
            let again = Quantity::parse(&printed).expect("canonical forms are read");
            prop_assert_eq!(again, quantity, "{}", &printed);
            // Bytes in no binary unit lose their suffix, and are decimal when they are read again (187.5Ki, 192000, 192k).
            if !printed.ends_with(|last: char| last.is_ascii_digit()) {
                prop_assert_eq!(again.to_string(), printed);
            }
        }
    }

    #[test]
    fn order_is_that_of_the_exact_values(a in written(), b in written()) {
        let ((an, ad), (bn, bd)) = (a.exact(), b.exact());
        // Both finer than a billionth may be rounded to the same.
        let exact = (an * bd).cmp(&(bn * ad));
        let found = a.quantity().cmp(&b.quantity());
        prop_assert!(found == exact || found == Ordering::Equal && a.nanos() == b.nanos(), "{} {}", a.text(), b.text());
    }

    #[test]
    fn sums_and_products_are_exact(a in written(), b in written(), factor in 0_i64..1000) {
        let sum = a.quantity() + b.quantity();
        prop_assert_eq!(sum.nanos().unsigned_abs(), a.nanos() + b.nanos());
        prop_assert_eq!(sum, b.quantity() + a.quantity());
        prop_assert_eq!(sum.saturating_sub(b.quantity()), a.quantity());
        let product = a.quantity().saturating_mul(factor).nanos();
        prop_assert_eq!(product.unsigned_abs(), a.nanos() * u128::from(factor.unsigned_abs()));
    }

    #[test]
    fn bytes_are_rounded_up(a in written()) {
        let value = u128::try_from(a.quantity().value()).expect("not negative");
        prop_assert_eq!(value, a.nanos().div_ceil(1_000_000_000));
        prop_assert_eq!(a.quantity().is_zero(), value == 0);
    }

    #[test]
    fn spelling_does_not_matter(number in 0_u64..1_000_000) {
        let texts = [
            format!("{number}Mi"),
            format!("{}Ki", number * 1024),
            format!("{}", number * 1024 * 1024),
            format!("+{number}.000Mi"),
            format!("000{number}Mi"),
            format!("{}m", number * 1024 * 1024 * 1000),
        ];
        let first = Quantity::parse(&texts[0]).expect("a quantity");
        for text in &texts {
            prop_assert_eq!(Quantity::parse(text).expect("a quantity"), first, "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-+ 0-9.eEinumkKMGTP]{0,40}|\\PC{0,20}") {
        if let Ok(quantity) = Quantity::parse(&text) {
            prop_assert!(Quantity::parse(&quantity.to_string()).is_ok(), "{text:?} is printed as {quantity}");
        }
    }
}

/// One container's memory, in Mi.
type Memory = (Option<u32>, Option<u32>);

fn memory() -> impl Strategy<Value = Memory> {
    (proptest::option::of(0_u32..4096), proptest::option::of(0_u32..4096))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    App,
    Init,
    Sidecar,
}

fn container() -> impl Strategy<Value = (Place, Memory)> {
    (prop_oneof![Just(Place::App), Just(Place::Init), Just(Place::Sidecar)], memory())
}

fn map<'a>(entries: Vec<(&'static str, Value<'a>)>) -> Value<'a> {
    Value::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

fn pod(containers: &[(Place, Memory)], cpu: bool) -> PodResources {
    let list = |amount: Option<u32>| {
        let memory = amount.map(|mi| ("memory", Value::String(format!("{mi}Mi").into())));
        let cpu = (cpu && amount.is_some()).then(|| ("cpu", Value::String("1".into())));
        map(memory.into_iter().chain(cpu).collect())
    };
    let one = |(place, (request, limit)): &(Place, Memory)| {
        let resources = map(vec![("requests", list(*request)), ("limits", list(*limit))]);
        let mut entries = vec![("name", Value::String("c".into())), ("resources", resources)];
        if *place == Place::Sidecar {
            entries.push(("restartPolicy", Value::String("Always".into())));
        }
        map(entries)
    };
    let of = |apps: bool| {
        Value::List(containers.iter().filter(|(place, _)| (*place == Place::App) == apps).map(one).collect())
    };
    let spec = map(vec![("containers", of(true)), ("initContainers", of(false))]);
    let text = |text: &'static str| Value::String(text.into());
    let object = map(vec![("apiVersion", text("v1")), ("kind", text("Pod")), ("spec", spec)]);
    let objects = objects(&object);
    let workload = Workload::find(&objects[0]).remove(0);
    let inventory = Inventory::default();
    PodResources::new(&workload, &inventory.limit_ranges(""), None, Defaulting::Simulate)
}

fn total(pod: &PodResources) -> Quantity {
    pod.requests().get("memory").copied().unwrap_or_default()
}

proptest! {
    #[test]
    fn one_more_container_never_lowers_the_request(
        mut containers in proptest::collection::vec(container(), 1..6),
        more in container(),
        at in 0_usize..6,
    ) {
        let before = total(&pod(&containers, false));
        containers.insert(at.min(containers.len()), more);
        prop_assert!(total(&pod(&containers, false)) >= before, "{containers:?}");
    }

    #[test]
    fn the_request_lies_between_the_largest_and_the_sum(containers in proptest::collection::vec(container(), 1..6)) {
        let pod = pod(&containers, false);
        let requests: Vec<Quantity> =
            pod.containers.iter().map(|c| c.memory(List::Requests).unwrap_or_default()).collect();
        let sum = requests.iter().fold(Quantity::ZERO, |sum, request| sum + *request);
        let largest = requests.into_iter().max().unwrap_or_default();
        prop_assert!((largest..=sum).contains(&total(&pod)), "{containers:?}");
    }

    #[test]
    fn a_missing_request_is_its_limit(containers in proptest::collection::vec(container(), 1..6)) {
        for container in &pod(&containers, false).containers {
            let (written, effective) = (&container.written, &container.effective);
            let expected = written.requests.get("memory").or(written.limits.get("memory"));
            prop_assert_eq!(effective.requests.get("memory"), expected);
            prop_assert_eq!(effective.limits.get("memory"), written.limits.get("memory"));
        }
    }

    #[test]
    fn the_quality_of_service_follows_the_numbers(containers in proptest::collection::vec(container(), 1..5), cpu: bool) {
        let pod = pod(&containers, cpu);
        let positive = |amount: Option<u32>| amount.filter(|mi| *mi > 0);
        let anything = containers.iter().any(|(_, (request, limit))| match cpu {
            true => request.is_some() || limit.is_some(),
            false => positive(*request).is_some() || positive(*limit).is_some(),
        });
        let class = pod.qos_class();
        prop_assert_eq!(class == QosClass::BestEffort, !anything, "{:?}", containers);
        let equal = |(_, (request, limit)): &(Place, Memory)| {
            positive(*limit).is_some() && (request.is_none() || request == limit)
        };
        if cpu && containers.iter().all(equal) {
            prop_assert_eq!(class, QosClass::Guaranteed, "{:?}", containers);
        }
        if !cpu {
            prop_assert_ne!(class, QosClass::Guaranteed, "{:?}", containers);
        }
        let scores: BTreeMap<i64, ()> = pod.containers.iter().map(|c| (pod.oom_score_adj(c, 8 << 30), ())).collect();
        let expected = match class {
            QosClass::Guaranteed => -997..=-997,
            QosClass::Burstable => 3..=999,
            QosClass::BestEffort => 1000..=1000,
        };
        prop_assert!(scores.keys().all(|score| expected.contains(score)), "{scores:?}");
    }
}
