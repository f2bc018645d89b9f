//! Damaged logs: whatever happens to the bytes, the parser ends, stays small and invents nothing.

use memlint_oom::{Kill, Stream, advise};

use super::common;

/// What must hold of any kill, whatever the log.
fn check(kills: &[Kill], bytes: usize, what: &str) {
    assert!(kills.len() <= bytes / 12 + 1, "{what}: {} kills in {bytes} bytes", kills.len());
    for kill in kills {
        assert!(kill.evidence.line > 0, "{what}");
        assert!(kill.evidence.text.len() <= 2048, "{what}");
        assert!(kill.victims.len() <= 4096 && kill.tasks.len() <= 4096 && kill.by_cgroup.len() <= 256, "{what}");
        assert!(kill.contributors.len() <= 32, "{what}");
        assert!(!advise(kill, Some(u64::MAX)).to_string().is_empty(), "{what}");
        assert!(kill.limit.is_none() || !kill.unlimited, "{what}");
    }
}

fn run(log: &[u8], what: &str) -> Vec<Kill> {
    let kills = common::kills(log);
    check(&kills, log.len(), what);
    kills
}

fn logs() -> Vec<(String, Vec<u8>)> {
    common::fixtures().into_iter().map(|(name, path)| (name, std::fs::read(path.join("log.txt")).unwrap())).collect()
}

/// A small generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides.max(1)
    }
}

#[test]
fn cut_at_every_byte() {
    for (name, log) in logs() {
        let mut stream = Stream::new();
        let mut before = 0;
        for line in log.split_inclusive(|byte| *byte == b'\n') {
            // Every seventh byte, at another offset in each line, keeps this within seconds.
            for end in (before % 7..line.len()).step_by(7) {
                let (mut cut, mut kills) = (stream.clone(), Vec::new());
                cut.push(&line[..end], &mut kills);
                cut.finish(&mut kills);
                check(&kills, log.len(), &name);
                for victim in kills.iter().flat_map(|kill| &kill.victims) {
                    // A number that was cut must not be taken for a whole one.
                    assert!(victim.anon.is_none_or(|anon| before_has(&log, anon)), "{name}: {victim:?}");
                }
            }
            let mut kills = Vec::new();
            stream.push(line, &mut kills);
            before += line.len();
        }
        assert_eq!(before, log.len());
    }
}

/// Whether the whole log says this size, in kB or in pages of either size.
fn before_has(log: &[u8], bytes: u64) -> bool {
    let log = String::from_utf8_lossy(log);
    let joined: String = log.lines().collect();
    [log.as_ref(), joined.as_str()].iter().any(|text| {
        [format!("{}kB", bytes / 1024), format!(" {} ", bytes / 4096), format!(" {} ", bytes / 65536)]
            .iter()
            .any(|number| text.contains(number.as_str()))
    })
}

#[test]
fn cut_at_the_front() {
    for (name, log) in logs() {
        let starts = log.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).step_by(3);
        for start in starts {
            run(&log[start..], &name);
        }
        for start in (0..log.len()).step_by(509) {
            run(&log[start..], &name);
        }
    }
}

#[test]
fn lines_dropped_doubled_swapped_joined_broken() {
    for (name, log) in logs() {
        let lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
        let rebuilt = |lines: &[&[u8]], what: &str| run(&lines.join(&b'\n'), &format!("{name}: {what}"));
        for index in (lines.len() % 4..lines.len()).step_by(4) {
            let mut changed = lines.clone();
            changed.remove(index);
            rebuilt(&changed, "dropped");
            changed = lines.clone();
            changed.insert(index, lines[index]);
            rebuilt(&changed, "doubled");
            changed = lines.clone();
            changed.swap(index, (index + 1) % lines.len());
            rebuilt(&changed, "swapped");
            let (head, tail) = lines[index].split_at(lines[index].len() / 2);
            changed = lines.clone();
            changed.splice(index..=index, [head, tail]);
            rebuilt(&changed, "broken");
            let joined = [lines[index], lines[(index + 1) % lines.len()]].concat();
            changed = lines.clone();
            changed[index] = &joined;
            rebuilt(&changed, "joined");
        }
        let mut reversed = lines.clone();
        reversed.reverse();
        rebuilt(&reversed, "reversed");
    }
}

#[test]
fn bytes_flipped() {
    let alphabet = b"\0\xff\xc3[]{}<>,:;=()-/ 0129kKoOmM\\\"\n\x1b";
    let mut dice = Dice(20);
    for (name, log) in logs() {
        for _ in 0..60 {
            let mut changed = log.clone();
            for _ in 0..=dice.roll(12) {
                let at = dice.roll(changed.len());
                match dice.roll(3) {
                    0 => changed[at] ^= 1 << dice.roll(8),
                    1 => changed[at] = alphabet[dice.roll(alphabet.len())],
                    _ => drop(changed.remove(at)),
                }
            }
            run(&changed, &name);
        }
    }
}

#[test]
fn noise_of_the_grammars_own_words() {
    let words: Vec<Vec<u8>> = logs()
        .into_iter()
        .flat_map(|(_, log)| log.split(|byte| b" ,:".contains(byte)).map(<[u8]>::to_vec).collect::<Vec<_>>())
        .collect();
    let mut dice = Dice(7);
    for round in 0..40 {
        let mut log = Vec::new();
        for _ in 0..2000 {
            log.extend(&words[dice.roll(words.len())]);
            log.push(b" ,:\n"[dice.roll(4)]);
        }
        run(&log, &format!("words {round}"));
    }
}

#[test]
fn everything_at_once_is_the_sum_of_its_parts() {
    let all = logs();
    let apart: usize =
        all.iter().filter(|(name, _)| !name.starts_with("wrapped")).map(|(_, log)| common::kills(log).len()).sum();
    let quiet = "Dec 14 00:00:00 other kernel: nothing\n".repeat(3200);
    let mut log = Vec::new();
    for (name, part) in &all {
        if !name.starts_with("wrapped") {
            log.extend(part);
            log.push(b'\n');
            log.extend(quiet.as_bytes());
        }
    }
    // The same victim at the same moment, told by another fixture, counts once.
    let together = run(&log, "all").len();
    assert!(together <= apart && together * 10 >= apart * 6, "{together} of {apart}");
}

#[test]
fn hostile_sizes_stay_bounded() {
    let mut log = b"[1.000000] x invoked oom-killer: gfp_mask=0x0, order=0, oom_score_adj=0\n".to_vec();
    log.extend(b"[1.000001] [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n");
    for pid in 0..60_000 {
        log.extend(format!("[1.000002] [{pid:5}]  0 {pid} 100 {} 3 0 0 task\n", pid % 977).into_bytes());
    }
    for pid in 0..20_000 {
        log.extend(format!("[1.000003] Out of memory: Killed process {pid} (task) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n").into_bytes());
        if pid == 0 {
            log.extend(b"[1.000003] Tasks in /a are going to be killed due to memory.oom.group set\n");
        }
    }
    let kills = run(&log, "many tasks");
    assert_eq!(kills.len(), 1);
    assert_eq!(kills[0].tasks.len() as u64 + kills[0].tasks_left_out, 60_000);
    assert_eq!(kills[0].tasks.iter().map(|task| task.rss).max(), Some(976 * 4096));

    let line = "oom-kill:constraint=CONSTRAINT_MEMCG,".repeat(200_000);
    run(line.as_bytes(), "one endless line");
    run("{\"MESSAGE\":".repeat(100_000).as_bytes(), "deep JSON");
    run(
        format!("{{\"a\":\"Kill\",\"MESSAGE\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000)).as_bytes(),
        "deep arrays",
    );
    let triggers = "[2.000000] y invoked oom-killer: gfp_mask=0x0, order=0\n".repeat(1000)
        + &(0..50_000).map(|n| format!("[2.{n:06}] y invoked oom-killer: gfp_mask=0x0, order=0\n")).collect::<String>();
    assert!(run(triggers.as_bytes(), "triggers only").len() > 1000);
    run("Memory cgroup stats for /\n".repeat(50_000).as_bytes(), "statistics only");
    run("Out of memory\n".repeat(50_000).as_bytes(), "beginnings only");
}
