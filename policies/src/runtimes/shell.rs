//! Enough of a POSIX shell to read `sh -c "export A=b; exec java $A -jar x"`: which commands surely run, with which
//! words and which variables.
//!
//! Not an interpreter. Substitutions, patterns and anything that depends on the running system become gaps; commands
//! inside `if`, loops, `case` and after `||` are marked as uncertain, and what they assign as unknown.

use std::rc::Rc;

use super::calls::Call;
use super::commands::{Sep, is_declaration};
use super::env::{Env, seen_from};
use super::text::{Glyph, Mark, Word, is_variable_name};
use super::vars::Vars;

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

/// A script being read.
pub(crate) struct Shell<'a, 'e> {
    script: &'a [Glyph],
    at: usize,
    pub(crate) env: &'a Env<'e>,
    pub(crate) vars: Vars,
    word: Option<Word>,
    pub(crate) words: Vec<Word>,
    /// Whether all of them are assignments.
    pub(crate) assignments_only: bool,
    heredocs: Vec<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) commands: usize,
    /// How many compound commands are open.
    pub(crate) compound: usize,
    /// How many of them are subshells.
    parentheses: usize,
    /// Whether the current command runs depends on another one.
    pub(crate) conditional: bool,
    pub(crate) finished: bool,
    pub(crate) nesting: usize,
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

    pub(crate) fn end_word(&mut self) {
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
        if !is_variable_name(name) {
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
}
