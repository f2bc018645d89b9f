//! Enough of a POSIX shell to read `sh -c "export A=b; exec java $A -jar x"`: which commands surely run, with which
//! words and which variables.
//!
//! Not an interpreter. Substitutions, patterns and anything that depends on the running system become gaps; commands
//! inside `if`, loops, `case` and after `||` are marked as uncertain, and what they assign as unknown.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::calls::{self, Call};
use super::env::{Env, Lookup, seen_from};
use super::text::{Glyph, Mark, Word};

/// Variables that a script or `env` sets on top of the container's environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Vars {
    set: Rc<BTreeMap<String, Var>>,
    /// Something was sourced or evaluated that may have set any variable.
    tainted: bool,
}

#[derive(Debug, Clone)]
struct Var {
    value: Option<Rc<[Glyph]>>,
    exported: bool,
}

impl Vars {
    pub(crate) fn set(&mut self, name: &str, value: Option<Vec<Glyph>>, exported: bool) {
        let exported = exported || self.set.get(name).is_some_and(|var| var.exported);
        Rc::make_mut(&mut self.set).insert(name.to_owned(), Var { value: value.map(Rc::from), exported });
    }

    /// What a process started now finds in its environment, and whether something unseen may set it differently.
    pub(crate) fn for_process(&self, name: &str, env: &Env<'_>) -> (Lookup, bool) {
        let base = env.get(name);
        let set = self.set.get(name).filter(|var| var.exported || !matches!(base, Lookup::Absent));
        match set {
            Some(var) => (var.value.as_ref().map_or(Lookup::Unknown, |value| Lookup::Known(value.to_vec())), false),
            None => {
                let open = matches!(base, Lookup::Absent) && env.may_have(name);
                (base, self.tainted || open)
            }
        }
    }

    /// What the shell itself puts in for `$name`.
    fn for_shell(&self, name: &str, env: &Env<'_>) -> Vec<Glyph> {
        if let Some(var) = self.set.get(name) {
            return var.value.as_ref().map_or_else(|| vec![Glyph::Hole], |value| value.to_vec());
        }
        match env.get(name) {
            Lookup::Known(value) if !self.tainted => value,
            Lookup::Absent => vec![Glyph::Unset(name.into())],
            _ => vec![Glyph::Hole],
        }
    }
}

/// More commands than this are no start command, but a program.
const MAX_COMMANDS: usize = 256;
/// Shells within shells.
const MAX_NESTING: usize = 3;

/// The commands of a script, in order.
pub(crate) fn run(script: &[Glyph], vars: Vars, env: &Env<'_>, certain: bool, nesting: usize, out: &mut Vec<Call>) {
    if nesting >= MAX_NESTING || !env.spend(script.len()) {
        return;
    }
    let compound = usize::from(!certain);
    let mut shell = Shell { script, at: 0, env, vars, compound, nesting, ..Shell::empty(env) };
    shell.read();
    out.append(&mut shell.calls);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sep {
    Always,
    And,
    Or,
}

struct Shell<'a, 'e> {
    script: &'a [Glyph],
    at: usize,
    env: &'a Env<'e>,
    vars: Vars,
    word: Option<Word>,
    words: Vec<Word>,
    /// Whether all of them are assignments.
    assignments_only: bool,
    heredocs: Vec<String>,
    calls: Vec<Call>,
    commands: usize,
    /// How many compound commands are open.
    compound: usize,
    /// How many of them are subshells.
    parentheses: usize,
    /// Whether the current command runs depends on another one.
    conditional: bool,
    finished: bool,
    nesting: usize,
}

impl<'a, 'e> Shell<'a, 'e> {
    fn empty(env: &'a Env<'e>) -> Self {
        Self {
            script: &[],
            at: 0,
            env,
            vars: Vars::default(),
            word: None,
            words: Vec::new(),
            assignments_only: true,
            heredocs: Vec::new(),
            calls: Vec::new(),
            commands: 0,
            compound: 0,
            parentheses: 0,
            conditional: false,
            finished: false,
            nesting: 0,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.script.get(self.at + ahead).and_then(Glyph::ch)
    }

    fn read(&mut self) {
        while let Some(glyph) = self.script.get(self.at) {
            if self.finished {
                return;
            }
            self.at += 1;
            let next = self.peek(0);
            match glyph.ch() {
                Some(' ' | '\t' | '\r') => self.end_word(),
                Some('\n') => {
                    self.end_command(Sep::Always);
                    self.skip_heredocs();
                }
                Some('&') if next == Some('>') => {}
                Some('&') if next == Some('&') => self.end_doubled(Sep::And),
                Some('|') if next == Some('|') => self.end_doubled(Sep::Or),
                Some(';' | '&' | '|') => self.end_command(Sep::Always),
                Some('(') => {
                    self.end_command(Sep::Always);
                    self.compound += 1;
                    self.parentheses += 1;
                }
                Some(')') => {
                    self.end_command(Sep::Always);
                    // One that nothing opened ends a pattern of `case`.
                    let open = self.parentheses.min(1);
                    self.parentheses -= open;
                    self.compound = self.compound.saturating_sub(open);
                }
                Some('<' | '>') => self.redirect(glyph.ch() == Some('<')),
                Some('#') if self.word.is_none() => self.skip_past('\n', false),
                Some('\'') => self.single_quoted(),
                Some('"') => self.double_quoted(),
                Some('\\') => self.escaped(),
                Some('$') => self.dollar(false),
                Some('`') => {
                    self.skip_past('`', true);
                    self.push(Glyph::Hole);
                }
                _ => self.push(glyph.clone()),
            }
        }
        self.end_command(Sep::Always);
    }

    fn push(&mut self, glyph: Glyph) {
        self.word.get_or_insert_default().0.push(glyph);
    }

    fn end_doubled(&mut self, sep: Sep) {
        self.at += 1;
        self.end_command(sep);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            self.assignments_only &= word.is_assignment();
            self.words.push(word);
        }
    }

    fn single_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(glyph) = self.script.get(self.at) {
            self.at += 1;
            if glyph.ch() == Some('\'') {
                return;
            }
            self.push(glyph.clone());
        }
    }

    fn double_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(glyph) = self.script.get(self.at) {
            self.at += 1;
            match glyph.ch() {
                Some('"') => return,
                Some('\\') if matches!(self.peek(0), Some('$' | '`' | '"' | '\\' | '\n')) => self.escaped(),
                Some('$') => self.dollar(true),
                Some('`') => {
                    self.skip_past('`', true);
                    self.push(Glyph::Hole);
                }
                _ => self.push(glyph.clone()),
            }
        }
    }

    fn escaped(&mut self) {
        if let Some(glyph) = self.script.get(self.at) {
            self.at += 1;
            if glyph.ch() != Some('\n') {
                self.push(glyph.clone());
            }
        }
    }

    fn skip_past(&mut self, end: char, escapes: bool) {
        while let Some(glyph) = self.script.get(self.at) {
            if glyph.ch() == Some(end) && !escapes {
                return;
            }
            self.at += if escapes && glyph.ch() == Some('\\') { 2 } else { 1 };
            if glyph.ch() == Some(end) {
                return;
            }
        }
    }

    /// After a `$`.
    fn dollar(&mut self, quoted: bool) {
        let start = self.at - 1;
        match self.peek(0) {
            Some('(') => {
                self.skip_balanced('(', ')');
                self.push(Glyph::Hole);
            }
            Some('{') => {
                self.skip_balanced('{', '}');
                let inner: Vec<Glyph> = self.script.get(start + 2..self.at - 1).unwrap_or_default().to_vec();
                let value = self.parameter(&inner);
                self.substitute(value, start, quoted);
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let is_name = |glyph: &&Glyph| glyph.ch().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
                let rest = self.script.get(self.at..).unwrap_or_default();
                let name: String = rest.iter().take_while(is_name).filter_map(Glyph::ch).collect();
                self.at += name.len();
                let value = self.vars.for_shell(&name, self.env);
                self.substitute(value, start, quoted);
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-'".contains(c) => {
                // $1, $@, ..., $'...'
                self.at += usize::from(c != '\'');
                self.push(Glyph::Hole);
            }
            _ => self.push(self.script[start].clone()),
        }
    }

    /// `${...}`: plain, or with a default.
    fn parameter(&self, inner: &[Glyph]) -> Vec<Glyph> {
        let hole = || vec![Glyph::Hole];
        let Some(text) = Word(inner.to_vec()).plain() else { return hole() };
        let end = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let (name, operation) = text.split_at(end);
        if !super::text::is_variable_name(name) {
            return hole();
        }
        let value = self.vars.for_shell(name, self.env);
        let skip = match operation.as_bytes() {
            [] => return value,
            [b':', b'-' | b'=', ..] => 2,
            [b'-' | b'=', ..] => 1,
            [b'?', ..] | [b':', b'?', ..] => return value,
            _ => return hole(),
        };
        let default = inner.get(end + skip..).unwrap_or_default();
        let simple = !default.iter().any(|glyph| matches!(glyph.ch(), Some('$' | '`' | '"' | '\'' | '\\')));
        match value.as_slice() {
            [Glyph::Unset(name)] if simple => {
                [Glyph::Assumes(Rc::clone(name))].into_iter().chain(default.iter().cloned()).collect()
            }
            [Glyph::Unset(_)] => hole(),
            [] if skip == 2 => {
                if simple {
                    default.to_vec()
                } else {
                    hole()
                }
            }
            _ => value,
        }
    }

    fn substitute(&mut self, value: Vec<Glyph>, start: usize, quoted: bool) {
        if !self.env.spend(1 + value.len()) {
            self.finished = true;
            return self.push(Glyph::Hole);
        }
        let outer = self.outer(start);
        let keep_whole = quoted || self.assigning();
        if quoted {
            self.word.get_or_insert_default();
        }
        for glyph in value {
            if !keep_whole && glyph.ch().is_some_and(char::is_whitespace) {
                self.end_word();
                continue;
            }
            let glyph = outer.map_or(glyph.clone(), |mark| seen_from(glyph, mark));
            self.push(glyph);
        }
    }

    /// The place of `script[start..at]` in the scalar being read.
    fn outer(&self, start: usize) -> Option<Mark> {
        let marks = |glyph: &Glyph| match glyph {
            Glyph::Char { outer, .. } => Some(*outer),
            _ => None,
        };
        let first = self.script.get(start).and_then(marks)?;
        let last = self.script.get(self.at - 1).and_then(marks).filter(|last| last.place == first.place);
        Some(Mark { end: last.map_or(first.end, |last| last.end), ..first })
    }

    /// Whether the word being read is an assignment, whose value is not split.
    fn assigning(&self) -> bool {
        let declares = |word: &Word| word.plain().is_some_and(|text| is_declaration(&text));
        self.word.as_ref().is_some_and(Word::is_assignment)
            && (self.assignments_only || self.words.first().is_some_and(declares))
    }

    fn skip_balanced(&mut self, open: char, close: char) {
        let mut depth = 0_usize;
        let mut quote = None;
        while let Some(glyph) = self.script.get(self.at) {
            self.at += 1;
            match (glyph.ch(), quote) {
                (Some('\\'), None | Some('"')) => self.at += 1,
                (Some(c), Some(open)) if c == open => quote = None,
                (Some(c @ ('\'' | '"')), None) => quote = Some(c),
                (Some(c), None) if c == open => depth += 1,
                (Some(c), None) if c == close => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
        // Not closed: the shell refuses the script.
        self.finished = true;
        self.at = self.script.len().max(self.at.min(self.script.len()));
    }

    /// Takes the target away, so that it is no word of the command; remembers what ends a here document.
    fn redirect(&mut self, input: bool) {
        let is_number = |word: &Word| word.plain().is_some_and(|text| text.bytes().all(|b| b.is_ascii_digit()));
        if self.word.as_ref().is_some_and(is_number) {
            self.word = None;
        }
        self.end_word();
        let heredoc = input && self.peek(0) == Some('<') && self.peek(1) != Some('<');
        while matches!(self.peek(0), Some('<' | '>' | '&' | '|' | '-' | ' ' | '\t')) {
            self.at += 1;
        }
        let mut target = String::new();
        while let Some(glyph) = self.script.get(self.at) {
            match glyph.ch() {
                Some(' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>') => break,
                Some('\'' | '"' | '\\') | None => {}
                Some(c) => target.push(c),
            }
            self.at += 1;
        }
        if heredoc {
            self.heredocs.push(target);
        }
    }

    fn skip_heredocs(&mut self) {
        for end in std::mem::take(&mut self.heredocs) {
            while self.at < self.script.len() {
                let rest = self.script.get(self.at..).unwrap_or_default();
                let line: String = rest.iter().map_while(Glyph::ch).take_while(|c| *c != '\n').collect();
                let count = rest.iter().take_while(|glyph| glyph.ch() != Some('\n')).count();
                self.at += count + 1;
                if line.trim_matches('\t') == end {
                    break;
                }
            }
        }
    }

    fn end_command(&mut self, sep: Sep) {
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
            "." | "source" | "eval" => self.vars.tainted = true,
            "exit" | "return" if certain => self.finished = true,
            ":" | "true" | "false" | "cd" | "set" | "shift" | "trap" | "umask" | "ulimit" | "wait" | "echo"
            | "printf" | "exit" | "return" | "break" | "continue" | "alias" | "sleep" | "[" | "[[" | "test" => {}
            _ if !self.env.spend(self.vars.set.len()) => self.finished = true,
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

fn is_declaration(name: &str) -> bool {
    matches!(name, "export" | "readonly" | "declare" | "typeset" | "local")
}
