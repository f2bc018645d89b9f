//! [`Policy`]: which rules are on, how strict, and what is exempt. Validated once; it cannot fail later.
//!
//! Loading has two steps: what was written (a [`Value`]), then what is valid. All mistakes are told at once, each
//! with its place. A policy extends one that we ship, and is laid over it.

mod exemptions;
mod read;
mod render;
mod settings;

use std::collections::BTreeMap;

use jiff::civil::Date;
use memlint_capacity::API_VERSION;
use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::FieldPath;
use memlint_kubernetes::quantity::Quantity;

use crate::exemption::{Exemption, Subject};
use crate::finding::Level;
use crate::rule::Params;
use crate::rules::RULES;
use read::Reader;

pub use read::PolicyError;
pub use render::{ChartValues, Render, When};

/// The policies we ship, by the name under `extends`, as YAML.
pub const SHIPPED: [(&str, &str); 2] =
    [("default", include_str!("../../shipped/default.yaml")), ("strict", include_str!("../../shipped/strict.yaml"))];

/// A validated policy.
#[derive(Debug, Clone)]
pub struct Policy {
    settings: Vec<Setting>,
    exemptions: Vec<Exemption>,
    allow: Vec<&'static str>,
    allow_namespaces: Vec<&'static str>,
    capacity: Option<String>,
    render: Render,
}

/// What a policy says of one rule.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The level; `None` is off.
    pub level: Option<Level>,
    /// The parameters.
    pub params: Params,
}

impl Default for Policy {
    /// Every rule at its own default level, nothing exempt: what `extends: default` starts from.
    fn default() -> Self {
        let setting = |rule: &crate::rule::Rule| {
            let default = |param: &crate::rule::Param| (param.name, Quantity::parse(param.default).unwrap_or_default());
            Setting {
                level: Some(rule.level),
                params: Params(rule.params.iter().map(default).collect::<BTreeMap<_, _>>()),
            }
        };
        Self {
            settings: RULES.iter().map(setting).collect(),
            exemptions: Vec::new(),
            allow: Vec::new(),
            allow_namespaces: Vec::new(),
            capacity: None,
            render: Render::default(),
        }
    }
}

impl Policy {
    /// The name under `extends`, where a policy is written down: `default` if it names none.
    #[must_use]
    pub fn extends<'v>(written: &'v Value<'_>) -> &'v str {
        written.get("extends").and_then(Value::as_str).unwrap_or("default")
    }

    /// Lays a written policy over this one.
    ///
    /// # Errors
    /// All mistakes in it.
    pub fn extended(mut self, written: &Value<'_>) -> Result<Self, Vec<PolicyError>> {
        let mut reader = Reader::default();
        let root = FieldPath::root();
        const KEYS: [&str; 9] =
            ["apiVersion", "kind", "extends", "capacity", "render", "charts", "rules", "exemptions", "annotations"];
        for (key, at, value) in reader.entries(written, &root, &KEYS, "a policy") {
            match key {
                "apiVersion" => reader.constant(value, &at, API_VERSION),
                "kind" => reader.constant(value, &at, "Policy"),
                "extends" => reader.one_of(value, &at, &SHIPPED.map(|(name, _)| name)),
                "capacity" => self.capacity = reader.text(value, &at).map(str::to_owned),
                "render" => render::read(&mut self.render, value, &at, &mut reader),
                "charts" => self.render.charts = render::read_charts(value, &at, &mut reader),
                "rules" => settings::read(&mut self.settings, value, &at, &mut reader),
                "exemptions" => self.exemptions.extend(exemptions::read(value, &at, &mut reader)),
                _ => exemptions::read_annotations(&mut self, value, &at, &mut reader),
            }
        }
        for key in ["apiVersion", "kind"] {
            if !written.is_null() && written.get(key).is_none() && !written.entries().is_empty() {
                let value = if key == "kind" { "Policy" } else { API_VERSION };
                reader.error(&root, format!("{key} is missing"), format!("write {key}: {value}"));
            }
        }
        if reader.errors.is_empty() { Ok(self) } else { Err(reader.errors) }
    }

    /// What the policy says of each rule, in the order of [`RULES`].
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The exemptions, in the order of the file.
    #[must_use]
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// The capacity file that the policy names, relative to its own place.
    #[must_use]
    pub fn capacity(&self) -> Option<&str> {
        self.capacity.as_deref()
    }

    /// What is rendered before it is judged.
    #[must_use]
    pub fn render(&self) -> &Render {
        &self.render
    }

    /// Turns off every rule for which `keep` is false.
    pub fn retain_rules(&mut self, keep: impl Fn(&str) -> bool) {
        for (rule, setting) in RULES.iter().zip(&mut self.settings) {
            if !keep(rule.id) {
                setting.level = None;
            }
        }
    }

    /// Whether objects may exempt themselves from a rule by annotation.
    #[must_use]
    pub fn lets_objects_allow(&self, rule: &str) -> bool {
        self.allow.contains(&rule)
    }

    /// Whether Namespaces may exempt what is in them from a rule by annotation.
    #[must_use]
    pub fn lets_namespaces_allow(&self, rule: &str) -> bool {
        self.allow_namespaces.contains(&rule)
    }

    /// Whether Namespaces may exempt what is in them from any rule at all.
    #[must_use]
    pub fn lets_any_namespace_allow(&self) -> bool {
        !self.allow_namespaces.is_empty()
    }

    /// The first exemption that covers the subject and has not expired.
    pub(crate) fn exempts(&self, subject: &Subject<'_>, today: Date) -> Option<usize> {
        self.exemptions.iter().position(|exemption| exemption.covers(subject) && !exemption.has_expired(today))
    }
}
