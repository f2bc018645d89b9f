//! The command from its arguments to its complaints.
use std::collections::HashSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use memlint_files::capacity_files::{self, Answer};
use memlint_oom::{Kill, Outcome, Stream, newest_first};

use super::args::OomArgs;
use super::events::Events;
use super::groups::Groups;
use super::join::Joiner;
use super::manifests::Manifests;
use super::pods::Pods;
use super::text::{self, Log};
use super::{input, json};
use crate::choices::Format;
use crate::exit::{CLEAN, FAILED, Refused, complain, is_coloured};
use crate::live;
use crate::progress::Progress;
use crate::project::corpus::{self, Corpus};

/// Kills remembered to tell one that two logs hold (syslog and kern.log) from two.
const MAX_SEEN: usize = 1 << 16;
/// Bytes of a log that can be turned round.
const MAX_BACKWARDS: usize = 1 << 28;

/// Runs the command; says which logs could not be read.
///
/// # Errors
/// When nothing can be done at all: no log, or a file to join with that cannot be read.
pub(crate) fn run(args: &OomArgs) -> anyhow::Result<u8> {
    let logs = logs(args)?;
    let (answers, told) = ask(args)?;
    let pods = Pods::read(&args.pods, &answers)?;
    let paths: Vec<PathBuf> = args.manifests.iter().chain(&args.more_manifests).cloned().collect();
    let corpus = if paths.is_empty() { Corpus::default() } else { corpus::read(&paths, 0, &Progress::start(true)) };
    anyhow::ensure!(corpus.fatal.is_empty(), "{}", corpus.fatal.join("; "));
    let manifests = Manifests::collect(&corpus);
    let loaded = capacity_files::load_with(&args.capacity, &answers).map_err(Refused)?;
    let events = Events::read(&args.events, &told)?;
    let joiner = Joiner {
        pods: &pods,
        manifests: &manifests,
        node_memory: args.node_memory,
        capacity: loaded.capacity.as_deref(),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut reader = Reader { several: logs.len() > 1, ..Reader::default() };
    let result = match args.format {
        Format::Json => {
            let names = logs.iter().map(|path| input::name(path)).collect();
            let mut wire = json::Writer::new(&mut out, &corpus, &joiner, names);
            let read = wire.begin().and_then(|()| reader.read(&logs, &mut |log, kill| wire.kill(log, kill)));
            read.and_then(|()| wire.end(&reader.logs, &events))
        }
        Format::Text => {
            let mut groups = Groups::default();
            let read = reader.read(&logs, &mut |log, kill| {
                groups.add(log, kill, joiner.identity(kill));
                groups.told.note(joiner.pods, kill);
                Ok(())
            });
            let page = text::Page::new(&joiner, &corpus, is_coloured(&io::stdout()));
            read.and_then(|()| out.write_all(page.render(&groups, &reader.logs, &events).as_bytes()))
        }
    };
    let result = result.and_then(|()| out.flush());
    // A closed pipe is no error: the reader has seen enough.
    let result = result.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) });
    result.context("standard output cannot be written")?;
    let unread = |log: &&Log| log.error.is_some();
    for log in reader.logs.iter().filter(unread) {
        complain(&format!("memlint: {} cannot be read: {}", log.name, log.error.as_deref().unwrap_or_default()));
    }
    Ok(if reader.logs.iter().any(|log| log.error.is_some()) { FAILED } else { CLEAN })
}

/// What the cluster says of what is on it, and its events: as much as may be read.
fn ask(args: &OomArgs) -> anyhow::Result<(Vec<Answer>, Vec<Answer>)> {
    let (answers, mut forbidden) = args.live.list_allowed(&live::CAPACITY)?;
    let mut told = Vec::new();
    if args.cluster_events {
        let (events, why) = args.live.list_allowed(&[live::EVENTS])?;
        told = events;
        forbidden.extend(why);
    }
    anyhow::ensure!(forbidden.is_empty() || !(answers.is_empty() && told.is_empty()), "{}", forbidden.join("; "));
    for why in forbidden {
        complain(&format!("done without: {why}"));
    }
    Ok((answers, told))
}

/// Keeps a block of a log that has to be turned round, which takes all of it at once.
fn turned(log: &mut Vec<u8>, block: &[u8]) -> io::Result<()> {
    if log.len().saturating_add(block.len()) > MAX_BACKWARDS {
        let help = "its newest lines come first, and it is too large to be turned round; have it printed oldest first";
        return Err(io::Error::other(help));
    }
    log.extend_from_slice(block);
    Ok(())
}

/// Which logs to read: those named, else what is piped in, unless there are events to read.
fn logs(args: &OomArgs) -> anyhow::Result<Vec<PathBuf>> {
    let of_events = !args.events.is_empty() || args.cluster_events;
    if !args.logs.is_empty() || (of_events && io::stdin().is_terminal()) || !args.events.is_empty() {
        return Ok(args.logs.clone());
    }
    anyhow::ensure!(
        !io::stdin().is_terminal(),
        "no log was given; name a file, or pipe one in: journalctl -k -o json | memlint oom"
    );
    Ok(vec!["-".into()])
}

#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    several: bool,
    seen: HashSet<Identity>,
}

/// What makes two reports of two logs the same kill.
type Identity = (Option<String>, Option<u64>, Option<u64>, Option<String>);

impl Reader {
    /// Reads all logs, one after the other; fails only if `take` does.
    fn read(&mut self, paths: &[PathBuf], take: &mut dyn FnMut(usize, &Kill) -> io::Result<()>) -> io::Result<()> {
        for (index, path) in paths.iter().enumerate() {
            let (mut stream, mut kills, mut failed) = (Stream::new(), Vec::new(), None);
            let mut count = 0;
            let mut hand_out = |reader: &mut Self, kills: &mut Vec<Kill>| -> io::Result<()> {
                for kill in kills.drain(..) {
                    if reader.is_new(&kill) {
                        count += u64::from(kill.outcome() == Outcome::Killed);
                        take(index, &kill)?;
                    }
                }
                Ok(())
            };
            let (mut begun, mut backwards) = (false, None);
            let outcome = input::read(path, &mut |block| {
                if !std::mem::replace(&mut begun, true) && newest_first(block) {
                    backwards = Some(Vec::new());
                }
                match &mut backwards {
                    Some(log) => return turned(log, block),
                    None => stream.push(block, &mut kills),
                }
                hand_out(self, &mut kills).inspect_err(|error| failed = Some(error.kind()))
            });
            if let Some(log) = backwards {
                stream.push_backwards(&log, &mut kills);
            }
            if let Some(kind) = failed {
                return Err(kind.into());
            }
            stream.finish(&mut kills);
            hand_out(self, &mut kills)?;
            let name = input::name(path);
            self.logs.push(Log {
                name,
                lines: stream.lines(),
                bytes: outcome.bytes,
                kills: count,
                others: stream.others().to_vec(),
                error: outcome.error,
            });
        }
        Ok(())
    }

    /// Whether no log before has told of this kill. Without a time or a process two kills are never the same.
    fn is_new(&mut self, kill: &Kill) -> bool {
        let pid = kill.victims.first().map(|victim| victim.pid);
        let when = kill.uptime.is_some() || kill.time.is_some();
        if !self.several || pid.is_none() || !when || self.seen.len() >= MAX_SEEN {
            return true;
        }
        let time = kill.time.clone().filter(|_| kill.uptime.is_none());
        self.seen.insert((time, kill.uptime, pid, kill.task_cgroup.clone()))
    }
}
