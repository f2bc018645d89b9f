//! The environment of a container as the kubelet builds it, as far as the manifest tells.
//!
//! `$(VAR)` and `$$` are expanded as in `third_party/forked/golang/expansion`; a variable sees only those before
//! it, commands and arguments see all; of two with one name the last counts; `env` overrides `envFrom`.
use std::cell::Cell;
use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Container, EnvVar, ResourceFieldSelector};
use memlint_kubernetes::quantity::Quantity;

use super::setting::Memory;
use super::text::{Glyph, Mark, Place};

/// What is known of a variable.
#[derive(Debug, Clone)]
pub(crate) enum Lookup {
    Known(Vec<Glyph>),
    /// It is set, to something that is not in the manifest.
    Unknown,
    /// `env` does not have it.
    Absent,
}

/// How many characters of variables and scripts are read before giving up: references to references grow
/// exponentially, and each character is kept with its place. Linux takes no single text that is longer
/// (`MAX_ARG_STRLEN`).
const BUDGET: usize = 1 << 17;
const DEPTH: usize = 16;
/// So many variables are looked through faster than an index of them is made.
const FEW: usize = 32;

pub(crate) struct Env<'a> {
    container: &'a str,
    vars: &'a [EnvVar],
    /// Where each name is set, if there are many.
    index: Option<HashMap<&'a str, Vec<usize>>>,
    prefixes: Vec<&'a str>,
    memory: Memory,
    budget: Cell<usize>,
}

impl<'a> Env<'a> {
    pub(crate) fn new(container: &'a Container, memory: Memory) -> Self {
        let vars = container.env.as_deref().unwrap_or_default();
        let index = (vars.len() > FEW).then(|| {
            let mut index: HashMap<&str, Vec<usize>> = HashMap::new();
            for (i, var) in vars.iter().enumerate() {
                index.entry(var.name.as_str()).or_default().push(i);
            }
            index
        });
        let sources = container.env_from.iter().flatten();
        let prefixes = sources.map(|source| source.prefix.as_deref().unwrap_or_default()).collect();
        Self { container: &container.name, vars, index, prefixes, memory, budget: Cell::new(BUDGET) }
    }

    /// The variable as the process sees it.
    pub(crate) fn get(&self, name: &str) -> Lookup {
        match self.last(name, usize::MAX) {
            None => Lookup::Absent,
            Some(i) => self.value(i, 0).map_or(Lookup::Unknown, Lookup::Known),
        }
    }

    /// Whether `env` sets a variable with this in its name.
    pub(crate) fn has_like(&self, part: &str) -> bool {
        self.vars.iter().any(|var| var.name.contains(part))
    }

    /// Whether an `envFrom` source may set a variable of this name, if `env` does not.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        self.prefixes.iter().any(|prefix| name.starts_with(prefix))
    }

    /// A command or argument after Kubernetes' own expansion.
    pub(crate) fn expand(&self, text: &str, place: Place) -> Vec<Glyph> {
        let mut out = Vec::new();
        self.expand_into(text, place, usize::MAX, 0, &mut out);
        out
    }

    fn last(&self, name: &str, before: usize) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(name)?.iter().rev().find(|i| **i < before).copied(),
            None => self.vars.iter().take(before).rposition(|var| var.name == name),
        }
    }

    fn value(&self, i: usize, depth: usize) -> Option<Vec<Glyph>> {
        let var = self.vars.get(i)?;
        let mut out = Vec::new();
        match (var.value.as_deref().filter(|value| !value.is_empty()), &var.value_from) {
            (Some(value), _) => self.expand_into(value, Place::Env(i), i, depth, &mut out),
            (None, None) => {}
            (None, Some(source)) => {
                let digits = self.resource(source.resource_field_ref.as_ref()?)?.to_string();
                push_at(&digits, Mark { place: Place::EnvSource(i), start: 0, end: 0 }, &mut out);
            }
        }
        Some(out)
    }

    /// `limits.memory` or `requests.memory` in steps of the divisor, rounded up
    /// (`convertResourceMemoryToString` in `pkg/api/v1/resource/helpers.go`).
    fn resource(&self, selector: &ResourceFieldSelector) -> Option<u64> {
        let other = selector.container_name.as_deref().is_some_and(|name| !name.is_empty() && name != self.container);
        if other {
            return None;
        }
        let bytes = match selector.resource.as_str() {
            "limits.memory" => self.memory.limit?,
            "requests.memory" => self.memory.request?,
            _ => return None,
        };
        let divisor =
            selector.divisor.as_ref().map_or(Ok(Quantity::ZERO), |divisor| Quantity::parse(&divisor.0)).ok()?;
        let step = if divisor.is_zero() { 1 } else { u64::try_from(divisor.value()).ok()? };
        (step > 0).then(|| bytes.div_ceil(step))
    }

    fn expand_into(&self, text: &str, place: Place, before: usize, depth: usize, out: &mut Vec<Glyph>) {
        if depth > DEPTH || !self.spend(text.len()) {
            return out.push(Glyph::Hole);
        }
        let last_close = text.rfind(')').unwrap_or_default();
        let mut at = 0;
        while let Some(ch) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = text.get(at + ch.len_utf8()..).unwrap_or_default();
            let mark = |len: usize| Mark { place, start: at, end: at + len };
            let opened = rest.strip_prefix('(').filter(|_| ch == '$' && at < last_close);
            let reference = opened.and_then(|rest| rest.split_once(')'));
            let taken = match reference {
                Some((name, _)) => {
                    let taken = name.len() + 3;
                    self.reference(name, mark(taken), before, depth, out);
                    taken
                }
                None if ch == '$' && rest.starts_with('$') => {
                    push(ch, mark(2), out);
                    2
                }
                None => {
                    push(ch, mark(ch.len_utf8()), out);
                    ch.len_utf8()
                }
            };
            at += taken;
        }
    }

    /// The value of `$(name)`, whose place is `outer`. What is not defined stays as it is written.
    fn reference(&self, name: &str, outer: Mark, before: usize, depth: usize, out: &mut Vec<Glyph>) {
        let Some(i) = self.last(name, before) else {
            let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
            if is_name && self.may_have(name) {
                out.push(Glyph::Hole);
            } else {
                push_at("$(", outer, out);
                push_at(name, outer, out);
                push_at(")", outer, out);
            }
            return;
        };
        if !self.spend(1) {
            return out.push(Glyph::Hole);
        }
        let Some(value) = self.value(i, depth + 1) else { return out.push(Glyph::Hole) };
        if !self.spend(value.len()) {
            return out.push(Glyph::Hole);
        }
        out.extend(value.into_iter().map(|glyph| seen_from(glyph, outer)));
    }

    /// Takes from what may be spent on this container; `false` if there is no more.
    pub(crate) fn spend(&self, cost: usize) -> bool {
        let left = self.budget.get().checked_sub(cost);
        self.budget.set(left.unwrap_or_default());
        left.is_some()
    }
}

/// The same glyph of a variable, put in at `outer`.
pub(crate) fn seen_from(glyph: Glyph, outer: Mark) -> Glyph {
    match glyph {
        // A number that Kubernetes computes has no text to point at: point at the reference to it.
        Glyph::Char { ch, near: Mark { place: Place::EnvSource(_), .. }, .. } => Glyph::Char { ch, near: outer, outer },
        Glyph::Char { ch, near, .. } => Glyph::Char { ch, near, outer },
        gap => gap,
    }
}

fn push(ch: char, mark: Mark, out: &mut Vec<Glyph>) {
    out.push(Glyph::Char { ch, near: mark, outer: mark });
}

fn push_at(text: &str, mark: Mark, out: &mut Vec<Glyph>) {
    text.chars().for_each(|ch| push(ch, mark, out));
}
