//! [`Baseline`]: findings that may rest, so that only what is new counts.
//!
//! A finding is known again by its fingerprint, which does not depend on lines or file names. What else stands in the
//! file is for people who read its changes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::output::{file, fingerprints};
use crate::report::Report;

/// The version of the format.
const VERSION: u32 = 1;

/// Findings by their fingerprints.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    version: u32,
    findings: BTreeMap<String, Resting>,
}

/// What a finding was, for people.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resting {
    rule: String,
    object: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    message: String,
}

/// What came of holding a report against a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rested {
    /// How many findings rest.
    pub(super) resting: usize,
    /// How many of the file are gone.
    pub(super) gone: usize,
}

impl Baseline {
    /// All findings of a report.
    pub(super) fn of(report: &Report) -> Self {
        let one = |(fingerprint, located): (String, &crate::report::Located)| {
            let finding = &located.finding;
            let resting = Resting {
                rule: finding.rule.to_owned(),
                object: finding.object.to_string(),
                container: finding.container.clone().filter(|container| !container.is_empty()),
                message: finding.message.clone(),
            };
            (fingerprint, resting)
        };
        Self { version: VERSION, findings: fingerprints(report).into_iter().zip(&report.findings).map(one).collect() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no baseline.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let help = format!("memlint --write-baseline {shown} writes one");
        let bytes = std::fs::read(path).with_context(|| format!("the baseline {shown} cannot be read; {help}"))?;
        let read: Self = serde_json::from_slice(&bytes).with_context(|| format!("{shown} is no baseline; {help}"))?;
        anyhow::ensure!(read.version == VERSION, "{shown} has version {}, not {VERSION}; {help}", read.version);
        Ok(read)
    }

    /// Writes it to a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self).context("a baseline is JSON")? + "\n";
        file::write(path, &text).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// How many findings it holds.
    pub(super) fn len(&self) -> usize {
        self.findings.len()
    }

    /// Takes the findings out of a report that may rest, and those out of the baseline that are gone.
    pub(super) fn apply(&mut self, report: &mut Report) -> Rested {
        let prints = fingerprints(report);
        let mut kept = BTreeMap::new();
        let mut findings = Vec::with_capacity(report.findings.len());
        for (print, located) in prints.into_iter().zip(report.findings.drain(..)) {
            match self.findings.remove(&print) {
                Some(resting) => _ = kept.insert(print, resting),
                None => findings.push(located),
            }
        }
        report.findings = findings;
        let gone = self.findings.len();
        self.findings = kept;
        Rested { resting: self.findings.len(), gone }
    }
}
