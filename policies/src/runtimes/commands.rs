//! What the commands of a script do to it: keywords, assignments, and the programs they start.

use super::calls;
use super::shell::Shell;
use super::text::{Glyph, Word};

/// More commands than this are no start command, but a program.
const MAX_COMMANDS: usize = 256;

/// What stands after a command: whether the next one depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sep {
    Always,
    And,
    Or,
}

impl Shell<'_, '_> {
    /// Runs the command whose words have been read.
    pub(crate) fn end_command(&mut self, sep: Sep) {
        self.end_word();
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            self.calls.iter_mut().for_each(|call| call.certain = false);
            self.finished = true;
            return;
        }
        let words = std::mem::take(&mut self.words);
        self.assignments_only = true;
        let words = self.strip_keywords(words);
        let certain = self.compound == 0 && !self.conditional;
        let tests =
            words.first().and_then(Word::plain).is_some_and(|name| matches!(&*name, "[" | "[[" | "test" | "grep"));
        self.simple_command(words, certain);
        self.conditional = match sep {
            Sep::Always => false,
            Sep::And => self.conditional || tests,
            Sep::Or => true,
        };
    }

    fn strip_keywords(&mut self, words: Vec<Word>) -> Vec<Word> {
        let mut rest = words.into_iter().peekable();
        while let Some(keyword) = rest.peek().and_then(Word::plain) {
            match keyword.as_str() {
                "if" | "while" | "until" | "{" => self.compound += 1,
                "for" | "case" | "select" | "function" => {
                    self.compound += usize::from(keyword != "function");
                    if let Some(name) = rest.nth(1).and_then(|word| word.plain()) {
                        self.vars.set(&name, None, false);
                    }
                    return Vec::new();
                }
                "fi" | "done" | "esac" | "}" => self.compound = self.compound.saturating_sub(1),
                "then" | "do" | "else" | "elif" | "!" | "time" => {}
                _ => break,
            }
            rest.next();
        }
        rest.collect()
    }

    fn simple_command(&mut self, words: Vec<Word>, certain: bool) {
        let assigned = words.iter().take_while(|word| word.is_assignment()).count();
        let (assignments, command) = words.split_at(assigned);
        let assignments = assignments.iter().filter_map(Word::assignment);
        let Some(first) = command.first() else {
            for (name, value) in assignments {
                self.vars.set(&name, certain.then_some(value), false);
            }
            return;
        };
        let name = first.plain().unwrap_or_default();
        match name.as_str() {
            _ if is_declaration(&name) => {
                let exported = name == "export";
                for word in command.iter().skip(1) {
                    if let Some((name, value)) = word.assignment() {
                        self.vars.set(&name, certain.then_some(value), exported);
                    } else if let Some(name) = word.plain().filter(|name| exported && !name.starts_with('-')) {
                        let value = self.vars.for_shell(&name, self.env);
                        let known = !matches!(value.as_slice(), [Glyph::Unset(_)]);
                        if known {
                            self.vars.set(&name, certain.then_some(value), true);
                        }
                    }
                }
            }
            "unset" | "read" | "getopts" => {
                for name in command.iter().skip(1).filter_map(Word::plain) {
                    self.vars.set(&name, None, false);
                }
            }
            "." | "source" | "eval" => self.vars.taint(),
            "exit" | "return" if certain => self.finished = true,
            ":" | "true" | "false" | "cd" | "set" | "shift" | "trap" | "umask" | "ulimit" | "wait" | "echo"
            | "printf" | "exit" | "return" | "break" | "continue" | "alias" | "sleep" | "[" | "[[" | "test" => {}
            _ if !self.env.spend(self.vars.count()) => self.finished = true,
            _ => {
                let mut vars = self.vars.clone();
                for (name, value) in assignments {
                    vars.set(&name, Some(value), true);
                }
                let replaces = name == "exec" && command.len() > 1 && certain;
                calls::add(command.to_vec(), vars, self.env, certain, self.nesting + 1, &mut self.calls);
                self.finished |= replaces;
            }
        }
    }
}

/// Whether the command declares variables, so that its assignments are not split.
pub(crate) fn is_declaration(name: &str) -> bool {
    matches!(name, "export" | "readonly" | "declare" | "typeset" | "local")
}
