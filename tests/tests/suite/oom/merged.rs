//! Logs of several machines merged line by line, with nothing that tells whose line it is: figures are right or left
//! out, never another machine's.

use memlint_oom::Kill;

use super::common;

/// Reports of unlike limits, victims and kernels.
const LOGS: [&str; 4] = [
    "pod-v2-systemd-containerd-child",
    "container-crun-leaf-v2",
    "container-guaranteed-cgroupfs-v1",
    "machine-global-oom-515",
];

/// A log's lines without their time, and its kill.
fn bare(name: &str) -> (Vec<String>, Kill) {
    let log = std::fs::read_to_string(memlint_tests::fixtures().join("oom").join(name).join("log.txt")).unwrap();
    let kernel = log.lines().filter_map(|line| line.split_once("] ").filter(|(before, _)| before.contains('[')));
    let lines = kernel.filter(|(before, _)| !before.contains("kubelet")).map(|(_, text)| text.to_owned()).collect();
    (lines, common::kills(log.as_bytes()).remove(0))
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

#[test]
fn figures_are_right_or_left_out() {
    let logs: Vec<_> = LOGS.iter().map(|name| bare(name)).collect();
    let (mut told, mut mixed) = (0, 0);
    for seed in 1..400_u64 {
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let first = numbers.below(LOGS.len());
        let second = (first + 1 + numbers.below(LOGS.len() - 1)) % LOGS.len();
        let mut streams = [first, second].map(|at| logs[at].0.iter());
        let run = [1, 2, 3, 5, 8, 13, 30][numbers.below(7)];
        let mut lines = Vec::new();
        while streams.iter().any(|stream| stream.len() > 0) {
            let stream = &mut streams[numbers.below(2)];
            let count = 1 + numbers.below(run);
            lines.extend(stream.by_ref().take(count).map(String::as_str));
        }
        for kill in common::kills(lines.join("\n").as_bytes()) {
            let Some(victim) = kill.victims.first() else { continue };
            let own = logs.iter().map(|(_, own)| own).find(|own| own.victims[0].pid == victim.pid);
            let own = own.unwrap_or_else(|| panic!("seed {seed}: {victim:?}"));
            told += 1;
            if kill.mixed {
                mixed += 1;
                assert_eq!((kill.limit, kill.usage, kill.tasks.len()), (None, None, 0), "seed {seed}");
            }
            if let Some(limit) = kill.limit {
                assert_eq!((Some(limit), kill.usage), (own.limit, own.usage), "seed {seed}");
            }
            assert_eq!((&victim.name, victim.anon), (&own.victims[0].name, own.victims[0].anon), "seed {seed}");
            assert!(kill.tasks.is_empty() || kill.tasks == own.tasks, "seed {seed}: {:?}", kill.tasks);
            assert!(kill.level.is_none() || kill.level == own.level, "seed {seed}");
            assert!(kill.pod.is_none() || kill.pod == own.pod, "seed {seed}");
        }
    }
    assert!(told > 700 && mixed > 300 && mixed < told, "{told} {mixed}");
}
