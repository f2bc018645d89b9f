//! Texts whose every character knows where it was written, and the gaps in them that nobody can know.
//!
//! A flag may be put together from an argument, the variables that Kubernetes expands in it and those that a shell
//! expands later. Keeping the origin of each character lets a finding point at the very flag, and keeping gaps as
//! gaps lets everything else stay silent about what is unknown.

use std::rc::Rc;

use memlint_kubernetes::path::FieldPath;

/// The scalar a character was written in, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// `env[i].value`
    Env(usize),
    /// `env[i].valueFrom.resourceFieldRef`
    EnvSource(usize),
    /// `command[i]`
    Command(usize),
    /// `args[i]`
    Arg(usize),
}

impl Place {
    pub(crate) fn path(self, container: &FieldPath) -> FieldPath {
        match self {
            Self::Env(i) => container.key("env").index(i).key("value"),
            Self::EnvSource(i) => container.key("env").index(i).keys(&["valueFrom", "resourceFieldRef"]),
            Self::Command(i) => container.key("command").index(i),
            Self::Arg(i) => container.key("args").index(i),
        }
    }
}

/// A byte range of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) place: Place,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// One character, or one gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Glyph {
    /// A character: where it stands itself, and where it got into the scalar that was being read (the place of
    /// `$(VAR)`, if it comes from a variable).
    Char { ch: char, near: Mark, outer: Mark },
    /// Any text, which cannot be known.
    Hole,
    /// The value of a shell variable that nothing in the manifest sets: most likely empty, if the image or an
    /// `envFrom` source does not set it.
    Unset(Rc<str>),
    /// No text: what stands here was chosen because this variable is not set in the manifest.
    Assumes(Rc<str>),
}

impl Glyph {
    /// The character, if it is one.
    pub(crate) fn ch(&self) -> Option<char> {
        match self {
            Self::Char { ch, .. } => Some(*ch),
            _ => None,
        }
    }
}

/// Where a flag stands, as far as it can be pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) place: Place,
    pub(crate) range: Option<(usize, usize)>,
}

/// One word of a command line or of an options variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Word(pub(crate) Vec<Glyph>);

impl Word {
    /// The text, if all of it is known.
    pub(crate) fn plain(&self) -> Option<String> {
        let mut text = String::with_capacity(self.0.len());
        for glyph in &self.0 {
            match glyph {
                Glyph::Char { ch, .. } => text.push(*ch),
                Glyph::Hole | Glyph::Unset(_) => return None,
                Glyph::Assumes(_) => {}
            }
        }
        Some(text)
    }

    /// The text up to the first gap.
    pub(crate) fn known_start(&self) -> String {
        let known = self.0.iter().take_while(|glyph| !matches!(glyph, Glyph::Hole | Glyph::Unset(_)));
        known.filter_map(Glyph::ch).collect()
    }

    /// The variable, if the word is nothing but variables that the manifest does not set.
    pub(crate) fn unset(&self) -> Option<&Rc<str>> {
        let mut name = None;
        for glyph in &self.0 {
            match glyph {
                Glyph::Unset(variable) => name = Some(variable),
                Glyph::Assumes(_) => {}
                Glyph::Char { .. } | Glyph::Hole => return None,
            }
        }
        name
    }

    /// The variable that must stay unset for this text to be what it is.
    pub(crate) fn assumes(&self) -> Option<&Rc<str>> {
        self.0.iter().find_map(|glyph| match glyph {
            Glyph::Assumes(name) => Some(name),
            _ => None,
        })
    }

    /// The file name of a program path; known even if the directory is not.
    pub(crate) fn basename(&self) -> Option<String> {
        let after = self.0.iter().rposition(|glyph| glyph.ch() == Some('/')).map_or(0, |slash| slash + 1);
        Word(self.0.get(after..)?.to_vec()).plain().filter(|name| !name.is_empty())
    }

    /// Whether the word starts with `NAME=`.
    pub(crate) fn is_assignment(&self) -> bool {
        let name = self.0.iter().take_while(|g| g.ch().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')).count();
        let digit = self.0.first().and_then(Glyph::ch).is_some_and(|c| c.is_ascii_digit());
        name > 0 && !digit && self.0.get(name).and_then(Glyph::ch) == Some('=')
    }

    /// Splits `NAME=value` of a shell or of `env`.
    pub(crate) fn assignment(&self) -> Option<(String, Vec<Glyph>)> {
        let equals = self.0.iter().position(|glyph| glyph.ch() == Some('='))?;
        let name = Word(self.0.get(..equals)?.to_vec()).plain()?;
        is_variable_name(&name).then(|| (name, self.0.get(equals + 1..).unwrap_or_default().to_vec()))
    }

    /// Where the word stands: exactly, if it was written in one piece, else where it was put together.
    pub(crate) fn spot(&self) -> Option<Spot> {
        let chars = || {
            self.0.iter().filter_map(|glyph| match glyph {
                Glyph::Char { near, outer, .. } => Some((*near, *outer)),
                _ => None,
            })
        };
        let (near, outer) = chars().next()?;
        let exact = chars().all(|(other, _)| other.place == near.place);
        let place = if exact { near.place } else { outer.place };
        let marks = chars().map(|(near, outer)| if exact { near } else { outer }).filter(|mark| mark.place == place);
        let (start, end) = marks.fold((usize::MAX, 0), |(start, end), m| (start.min(m.start), end.max(m.end)));
        let range = (!matches!(place, Place::EnvSource(_)) && start <= end).then_some((start, end));
        Some(Spot { place, range })
    }
}

/// Whether a shell takes this as the name of a variable.
pub(crate) fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
