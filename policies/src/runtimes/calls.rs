//! Which programs a container starts, with which words: wrappers, init processes and shells taken away.

use k8s_openapi::api::core::v1::Container;

use super::env::Env;
use super::shell;
use super::text::{Place, Word};
use super::vars::Vars;

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// The image's entry point, with arguments that start with a flag.
    Image,
    /// A program, by its file name.
    Named(String),
    /// A program whose name cannot be known.
    Unknown,
}

/// One program start.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) program: Program,
    /// The words after the program.
    pub(crate) words: Vec<Word>,
    pub(crate) vars: Vars,
    /// Whether it surely runs.
    pub(crate) certain: bool,
}

impl Call {
    pub(crate) fn runs(&self, programs: &[&str]) -> bool {
        matches!(&self.program, Program::Named(name) if programs.contains(&name.as_str()))
    }
}

/// The program starts of a container. Empty if it only runs what the image says.
pub(crate) fn of(container: &Container, env: &Env<'_>) -> Vec<Call> {
    let expand = |texts: &Option<Vec<String>>, place: fn(usize) -> Place| -> Vec<Word> {
        let texts = texts.iter().flatten().enumerate();
        texts.map(|(i, text)| Word(env.expand(text, place(i)))).collect()
    };
    let mut argv = expand(&container.command, Place::Command);
    argv.extend(expand(&container.args, Place::Arg));
    let mut calls = Vec::new();
    add(argv, Vars::default(), env, true, 0, &mut calls);
    calls
}

/// Adds what `argv` starts.
pub(crate) fn add(argv: Vec<Word>, mut vars: Vars, env: &Env<'_>, certain: bool, nesting: usize, out: &mut Vec<Call>) {
    if argv.first().is_some_and(|word| word.known_start().starts_with('-')) {
        return out.push(Call { program: Program::Image, words: argv, vars, certain });
    }
    let mut words = argv.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(name) = word.basename() else {
            return out.push(Call { program: Program::Unknown, words: words.collect(), vars, certain });
        };
        match wrapper(&name, words.len()) {
            Wrapper::No => {
                return out.push(Call { program: Program::Named(name), words: words.collect(), vars, certain });
            }
            Wrapper::EntryPoint if words.peek().is_some_and(|word| word.known_start().starts_with('-')) => {
                return out.push(Call { program: Program::Image, words: words.collect(), vars, certain });
            }
            Wrapper::EntryPoint => {}
            Wrapper::Shell => return shell(&name, words.collect(), vars, env, certain, nesting, out),
            Wrapper::Yes { valued, operands } => {
                let mut operands = operands;
                while let Some(next) = words.peek() {
                    let text = next.known_start();
                    if let Some((name, value)) = next.assignment().filter(|_| name == "env") {
                        vars.set(&name, Some(value), true);
                    } else if text.starts_with('-') && text != "-" {
                        if valued.contains(&text.as_str()) {
                            words.next();
                        }
                    } else if operands > 0 {
                        operands -= 1;
                    } else {
                        break;
                    }
                    words.next();
                }
            }
        }
    }
}

enum Wrapper {
    No,
    Shell,
    /// A script that by convention prepares and then runs its arguments, or adds the program to mere flags.
    EntryPoint,
    /// Runs the words after its options and operands.
    Yes {
        valued: &'static [&'static str],
        operands: usize,
    },
}

fn wrapper(name: &str, left: usize) -> Wrapper {
    let yes = |valued, operands| Wrapper::Yes { valued, operands };
    match name {
        "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" => Wrapper::Shell,
        "exec" => yes(&["-a"], 0),
        "env" => yes(&["-u", "-C", "-S"], 0),
        "tini" | "tini-static" => yes(&["-p", "-e"], 0),
        "dumb-init" => yes(&["-r"], 0),
        "nice" | "ionice" => yes(&["-n", "-c"], 0),
        "catatonit" | "nohup" | "command" | "setsid" | "stdbuf" | "busybox" | "numactl" | "launcher" => yes(&[], 0),
        "gosu" | "su-exec" | "s6-setuidgid" | "chroot" => yes(&[], 1),
        "timeout" => yes(&["-s", "-k"], 1),
        _ if name.contains("entrypoint") && left > 0 => Wrapper::EntryPoint,
        _ => Wrapper::No,
    }
}

/// `sh [options] -c script`, or `sh file`.
fn shell(name: &str, words: Vec<Word>, vars: Vars, env: &Env<'_>, certain: bool, nesting: usize, out: &mut Vec<Call>) {
    let mut script = false;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let text = word.known_start();
        let cluster = text.strip_prefix(['-', '+']).filter(|cluster| !cluster.is_empty());
        match cluster {
            Some(cluster) if !cluster.starts_with('-') => {
                script |= text.starts_with('-') && cluster.contains('c');
                if cluster.ends_with('o') {
                    words.next();
                }
            }
            Some(_) => {}
            None if script => return shell::run(&word.0, vars, env, certain, nesting, out),
            None => {
                let program = word.basename().map_or(Program::Unknown, Program::Named);
                return out.push(Call { program, words: words.collect(), vars, certain });
            }
        }
    }
    out.push(Call { program: Program::Named(name.to_owned()), words: Vec::new(), vars, certain });
}
