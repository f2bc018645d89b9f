//! Variables on top of a container's environment: set by a script, by `env` or in front of a command.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::env::{Env, Lookup};
use super::text::Glyph;

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
    /// Sets a variable, to something unknown without a value.
    pub(crate) fn set(&mut self, name: &str, value: Option<Vec<Glyph>>, exported: bool) {
        let exported = exported || self.set.get(name).is_some_and(|var| var.exported);
        Rc::make_mut(&mut self.set).insert(name.to_owned(), Var { value: value.map(Rc::from), exported });
    }

    /// Whether a variable with this in its name is set.
    pub(crate) fn has_like(&self, part: &str) -> bool {
        self.set.keys().any(|name| name.contains(part))
    }

    /// Something ran that may set any variable.
    pub(crate) fn taint(&mut self) {
        self.tainted = true;
    }

    /// What copying these costs.
    pub(crate) fn count(&self) -> usize {
        self.set.len()
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
    pub(crate) fn for_shell(&self, name: &str, env: &Env<'_>) -> Vec<Glyph> {
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
