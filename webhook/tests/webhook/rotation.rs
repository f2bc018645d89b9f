//! T2: the steps from one CA to the next, and many replicas that take them at once with clocks that differ.

use std::time::Duration;

use memlint_webhook::authority::{Held, Old, Step, Times, step, take};
use memlint_webhook::tls::Ca;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const START: i64 = 1_800_000_000;

fn times() -> Times {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    // A CA is due for its successor at a third of its life, of which a leaf has a twentieth.
    Times { ca: minutes(20 * 60), leaf: minutes(60), grace: minutes(10), spare: minutes(30), poll: minutes(1) }
}

#[test]
fn t2_each_step_has_its_time() {
    let ca = |left: i64| Ca { certificate: String::new(), key: String::new(), not_after: START + left };
    let (fresh, third, ended) = (Some(19 * HOUR), Some(6 * HOUR), Some(-1));
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    for (current, next, old, published, expected) in [
        (None, None, None, None, Step::Begin),
        (fresh, None, None, None, Step::Rest),
        (fresh, None, None, minutes(600), Step::Rest),
        (third, None, None, None, Step::Prepare),
        // The next one signs once the caBundle has been seen long enough, and not before.
        (third, fresh, None, None, Step::Rest),
        (third, fresh, None, minutes(9), Step::Rest),
        (third, fresh, None, minutes(10), Step::Promote),
        (fresh, fresh, None, minutes(10), Step::Promote),
        // The old one is trusted for as long as what it has signed may be served.
        (fresh, None, Some(1), minutes(600), Step::Rest),
        (fresh, None, Some(0), None, Step::Drop),
        (third, None, Some(1), minutes(600), Step::Rest),
        (third, fresh, Some(1), minutes(600), Step::Rest),
        (third, fresh, Some(0), minutes(600), Step::Drop),
        // Too late for an overlap.
        (ended, None, None, None, Step::Prepare),
        (ended, fresh, None, None, Step::Promote),
        (ended, None, Some(1), None, Step::Prepare),
    ] {
        let old = old.map(|left| Old { certificate: String::new(), until: START + left });
        let held = current.map(|left| Held { current: ca(left), next: next.map(ca), old: old.clone() });
        let found = step(held.as_ref(), published, START, &times());
        assert_eq!(found, expected, "{current:?} {next:?} {old:?} {published:?}");
    }
}

#[test]
fn t2_no_leaf_of_the_real_times_would_outlive_its_ca() {
    let times = Times::default();
    let held = take(Step::Begin, None, START, &times).expect("a CA");
    let begins = (0..365 * 24).map(|hour| START + hour * HOUR);
    let due = begins.clone().find(|now| step(held.as_ref(), None, *now, &times) == Step::Prepare).expect("it is due");
    let end = held.expect("a CA").current.not_after;
    let [leaf, spare, grace] = [times.leaf, times.spare, times.grace].map(|time| time.as_secs().cast_signed());
    assert!(due + grace + leaf + spare < end, "there is time for every leaf");
    assert_eq!((due - START) / (24 * HOUR), 243, "two thirds of 365 days");
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    /// From 0 up to this, exclusively.
    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most.cast_unsigned()).cast_signed()
    }
}

/// What replicas and API servers share.
#[derive(Default)]
struct World {
    version: u64,
    secret: Option<Held>,
    /// The caBundle, with the time of each change.
    bundle: Vec<(i64, String)>,
}

impl World {
    /// The caBundle as who hears of things late sees it.
    fn bundle(&self, at: i64) -> &str {
        self.bundle.iter().rev().find(|(since, _)| *since <= at).map_or("", |(_, bundle)| bundle)
    }
}

/// What a replica is about to do, on the strength of what it has read before.
enum Intent {
    Read,
    Write(u64, Held),
    Patch(String),
}

struct Replica {
    /// How far its clock is off.
    skew: i64,
    intent: Intent,
    held: Option<Held>,
    right: Option<(String, i64)>,
    /// The CA of its leaf, when that is renewed, and when it ends.
    leaf: Option<(String, i64, i64)>,
}

impl Replica {
    fn new(skew: i64) -> Self {
        Self { skew, intent: Intent::Read, held: None, right: None, leaf: None }
    }

    /// One thing; others may do theirs before the next.
    fn act(&mut self, world: &mut World, now: i64, seen: &str, times: &Times) {
        let clock = now + self.skew;
        match std::mem::replace(&mut self.intent, Intent::Read) {
            Intent::Read => {
                let bundle = world.secret.as_ref().map(Held::bundle).unwrap_or_default();
                self.right = self.right.take().filter(|(right, _)| *right == bundle && *right == seen);
                if self.right.is_none() && bundle == seen {
                    self.right = Some((bundle.clone(), now));
                }
                let since = self.right.as_ref().map(|(_, since)| Duration::from_secs((now - since).unsigned_abs()));
                let due = step(world.secret.as_ref(), since, clock, times);
                if due != Step::Rest {
                    let next = take(due, world.secret.as_ref(), clock, times).expect("a CA").expect("a CA");
                    self.intent = Intent::Write(world.version, next);
                    return;
                }
                self.held.clone_from(&world.secret);
                if bundle != seen {
                    self.intent = Intent::Patch(seen.to_owned());
                }
            }
            Intent::Write(version, next) if version == world.version => {
                world.version += 1;
                world.secret = Some(next.clone());
                self.held = Some(next);
            }
            Intent::Patch(old) if world.bundle(now) == old => {
                let bundle = self.held.as_ref().expect("it was read").bundle();
                world.bundle.push((now, bundle));
            }
            // Someone was faster.
            Intent::Write(..) | Intent::Patch(_) => {}
        }
        self.serve(clock, times);
    }

    fn serve(&mut self, clock: i64, times: &Times) {
        let Some(held) = &self.held else { return };
        let ca = &held.current;
        if self.leaf.as_ref().is_none_or(|(of, renew, _)| *of != ca.certificate || *renew <= clock) {
            let life = times.leaf.as_secs().cast_signed();
            self.leaf = Some((ca.certificate.clone(), clock + life * 2 / 3, (clock + life).min(ca.not_after)));
        }
    }
}

/// Runs replicas for four lives of a CA; gives how many times a CA was promoted, and how often an API server would have
/// refused a certificate.
fn run(seed: u64, times: &Times) -> (usize, usize) {
    let (mut dice, mut world) = (Dice(seed), World::default());
    let mut replicas: Vec<_> = [-5, 0, 0, 5].map(|skew| Replica::new(skew * MINUTE)).into();
    let (mut promoted, mut refused, mut last) = (0, 0, None);
    let mut away_until = [START; 4];
    for now in (START..START + 80 * HOUR).step_by(20) {
        for _ in 0..replicas.len() {
            let index = usize::try_from(dice.below(4)).expect("an index");
            match dice.below(2_000) {
                0 => replicas[index] = Replica::new(replicas[index].skew),
                // Cut off from API servers for a while, and serving all the same.
                1 => away_until[index] = now + dice.below(15 * MINUTE),
                _ => {}
            }
            if away_until[index] <= now {
                let seen = world.bundle(now - dice.below(30)).to_owned();
                replicas[index].act(&mut world, now, &seen, times);
            } else {
                let clock = now + replicas[index].skew;
                replicas[index].serve(clock, times);
            }
        }
        let current = world.secret.as_ref().map(|held| held.current.certificate.clone());
        if last != current {
            promoted += 1;
            last = current;
        }
        // API servers hear of a caBundle at once, and 5 minutes later.
        for lag in [0, 5 * MINUTE] {
            let trusted = world.bundle(now - lag);
            // Nobody can be trusted before the first caBundle is there.
            let leafs = replicas.iter().filter_map(|replica| replica.leaf.as_ref()).filter(|_| !trusted.is_empty());
            refused += leafs.filter(|(ca, _, end)| !trusted.contains(ca.trim()) || *end <= now).count();
        }
    }
    (promoted - 1, refused)
}

#[test]
fn t2_replicas_with_clocks_of_their_own_never_serve_what_is_not_trusted() {
    for seed in 1..=12 {
        let (promoted, refused) = run(seed, &times());
        assert_eq!(refused, 0, "seed {seed}");
        assert!((5..=7).contains(&promoted), "seed {seed}: {promoted}");
    }
}

#[test]
fn t2_grace_and_spare_are_what_it_takes() {
    let refused = |times: Times| (1..=3).map(|seed| run(seed, &times).1).sum::<usize>();
    assert!(refused(Times { grace: Duration::ZERO, ..times() }) > 0, "API servers that lag have not seen the next CA");
    let hasty = Times { spare: Duration::ZERO, leaf: Duration::from_secs(60), ..times() };
    assert!(refused(hasty) > 0, "a replica that was away still serves a leaf of the old CA");
}
