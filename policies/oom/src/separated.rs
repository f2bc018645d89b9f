//! Tables of log entries: values separated by commas, semicolons or tabs, as Datadog, Azure, Splunk and Papertrail export them.
//!
//! The column of the messages is found by the first line of a report in it; from then on it is taken of every line,
//! as most lines of a report say nothing of themselves.

use super::clock::time_prefix;
use super::prefix::{Stamp, strip};
use super::record::{Record, read};

/// Columns that are looked at.
const MAX_COLUMNS: usize = 64;

/// What is known of the table.
#[derive(Debug, Clone, Default)]
pub(super) struct Separated {
    /// The column of a line's host.
    host: Option<usize>,
    table: Option<Table>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Table {
    separator: char,
    columns: usize,
    message: usize,
}

impl Separated {
    /// Takes a log's first line, which may name the columns.
    pub(super) fn head(&mut self, line: &str) {
        const HOSTS: [&str; 6] = ["host", "hostname", "computer", "node", "node_name", "source_name"];
        let is_host = |field: &String| HOSTS.contains(&field.trim().to_ascii_lowercase().as_str());
        let mut heads = [',', '\t', ';'].into_iter().filter_map(|separator| split(line.trim(), separator));
        self.host = heads.find_map(|fields| fields.iter().position(is_host));
    }

    /// The message of a line of such a table, and what else the line says.
    pub(super) fn message(&mut self, line: &str) -> Option<(Stamp, String)> {
        if let Some(table) = self.table {
            let fields = split(line, table.separator)?;
            if fields.len() == table.columns {
                return self.entry(fields, table.message);
            }
        }
        for separator in [',', '\t', ';'] {
            let Some(fields) = split(line, separator).filter(|fields| fields.len() > 1) else { continue };
            if let Some(message) = fields.iter().position(|field| is_telling(field)) {
                self.table = Some(Table { separator, columns: fields.len(), message });
                return self.entry(fields, message);
            }
        }
        None
    }

    fn entry(&self, fields: Vec<String>, message: usize) -> Option<(Stamp, String)> {
        let host = self.host.filter(|column| *column != message).and_then(|column| fields.get(column)).cloned();
        let others = fields.iter().enumerate().filter(|(column, _)| *column != message);
        let time = others.map(|(_, field)| field).find(|field| time_prefix(field).is_some()).cloned();
        let stamp = Stamp { time, host, prefixed: true, ..Stamp::default() };
        Some((stamp, fields.into_iter().nth(message)?))
    }
}

/// Whether a field is a line that only a report has. A part of it, cut at its own commas, is none.
fn is_telling(field: &str) -> bool {
    let text = strip(field).1;
    match read(text) {
        Some(Record::Trigger(trigger)) => trigger.order.is_some(),
        Some(Record::Killed(_, victim)) => victim.total_vm.is_some() && victim.anon.is_some(),
        Some(Record::OomKill(summary)) => summary.oom_cgroup.is_some() || summary.global,
        Some(Record::Counter(counter)) => counter.limit.is_some() && counter.failcnt.is_some(),
        Some(Record::TaskIn { .. } | Record::Header(_)) => text.starts_with(['T', '[']),
        _ => false,
    }
}

/// The fields of a line, quotes taken off; `None` if a quote has no end.
fn split(line: &str, separator: char) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    while fields.len() < MAX_COLUMNS {
        let field;
        (field, rest) = match rest.strip_prefix('"') {
            Some(inner) => quoted(inner)?,
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                let (field, rest) = rest.split_at_checked(end)?;
                (field.to_owned(), rest)
            }
        };
        fields.push(field);
        match rest.strip_prefix(separator) {
            Some(next) => rest = next,
            None => return rest.is_empty().then_some(fields),
        }
    }
    None
}

/// A field up to its closing quote, which is doubled within it, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"')?;
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(table: &mut Separated, line: &str) -> Option<String> {
        table.message(line).map(|(_, text)| text)
    }

    #[test]
    fn the_column_is_found_and_kept() {
        let mut table = Separated::default();
        table.head("Date,Host,Message,Id");
        assert_eq!(text(&mut table, "2026-05-01,n,\"a, b\",7"), None);
        let trigger = "java invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=9";
        let (stamp, found) = table.message(&format!("\"5/1/2026, 12:34:56 PM\",n,\"{trigger}\",7")).unwrap();
        assert_eq!((found.as_str(), stamp.host.as_deref()), (trigger, Some("n")));
        assert_eq!(stamp.time.as_deref(), Some("5/1/2026, 12:34:56 PM"));
        assert_eq!(text(&mut table, "x,n,anon 12,8").as_deref(), Some("anon 12"));
        assert_eq!(text(&mut table, "x,n,\"say \"\"hi\"\"\",8").as_deref(), Some("say \"hi\""));
        assert_eq!(Separated::default().message(trigger), None);
        let tabs = format!("1\tn\t{trigger}");
        assert_eq!(text(&mut Separated::default(), &tabs).as_deref(), Some(trigger));
        assert_eq!(Separated::default().message(&format!("[1.5] {trigger}, with more")), None);
    }
}
