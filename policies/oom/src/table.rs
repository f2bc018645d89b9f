//! The kernel's table of tasks, read by the names in its header (mm/oom_kill.c `dump_tasks`).
//!
//! Columns changed twice (`nr_ptes`/`nr_pmds` became `pgtables_bytes` in 4.19; 6.8 splits `rss` in three), and
//! vendors backport, so nothing here looks at a kernel version. Memory columns count pages.

use super::text::{is_digits, leading_signed};

/// One process of the table, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Process id on the node.
    pub pid: u64,
    /// Command name, cut by the kernel at 15 characters.
    pub name: String,
    /// The user it ran as.
    pub uid: Option<u64>,
    /// Virtual size.
    pub total_vm: Option<u64>,
    /// Resident memory.
    pub rss: u64,
    /// Of it anonymous (printed since 6.8).
    pub rss_anon: Option<u64>,
    /// Of it file-backed.
    pub rss_file: Option<u64>,
    /// Of it shared.
    pub rss_shmem: Option<u64>,
    /// Page tables.
    pub pgtables: Option<u64>,
    /// Swapped out.
    pub swap: Option<u64>,
    /// The kernel's bias; see [`implied_request`](super::implied_request).
    pub oom_score_adj: Option<i64>,
}

/// The size of a page on that machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    /// In bytes: 4096, 16384 or 65536.
    pub bytes: u64,
    /// The log gave no way to tell, so it is taken for 4096.
    pub assumed: bool,
}

impl PageSize {
    /// The usual size, when nothing tells.
    pub(super) const ASSUMED: Self = Self { bytes: 4096, assumed: true };

    /// From one process: `bytes` on its kill line are `pages` in the table. Both move while the kernel prints,
    /// so the nearest size that exists is taken, and none if it is far off all of them.
    pub(super) fn derive(bytes: u64, pages: u64) -> Option<Self> {
        // Of a very small process too little is known.
        if pages < 16 {
            return None;
        }
        let each = bytes.checked_div(pages)?;
        let near = |size: u64| each >= size / 2 && each < size.saturating_mul(2);
        [4096, 16384, 65536].into_iter().find(|size| near(*size)).map(|bytes| Self { bytes, assumed: false })
    }
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Uid,
    TotalVm,
    Rss,
    RssAnon,
    RssFile,
    RssShmem,
    PagetablePages,
    PagetableBytes,
    Swap,
    OomScoreAdj,
    Other,
}

/// The columns between `[ pid ]` and `name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// Reads a header line.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once('[')?;
        let (pid, rest) = rest.split_once(']')?;
        let names = rest.trim_end().strip_suffix("name")?;
        if pid.trim() != "pid" || !names.contains("total_vm") {
            return None;
        }
        Some(Self(names.split_whitespace().take(24).map(column).collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many columns have a name that memlint knows.
    pub(super) fn known(&self) -> usize {
        self.0.iter().filter(|column| **column != Column::Other).count()
    }

    /// The columns of a header that the log lacks, by how many numbers its rows have.
    fn guess(count: usize) -> Option<Self> {
        use Column::{OomScoreAdj, Other, PagetableBytes, Rss, RssAnon, RssFile, RssShmem, Swap, TotalVm, Uid};
        Some(Self(match count {
            // pgtables_bytes or nr_ptes: too unlike in size to guess, and of no weight.
            7 => vec![Uid, Other, TotalVm, Rss, Other, Swap, OomScoreAdj],
            8 => vec![Uid, Other, TotalVm, Rss, Other, Other, Swap, OomScoreAdj],
            10 => vec![Uid, Other, TotalVm, Rss, RssAnon, RssFile, RssShmem, PagetableBytes, Swap, OomScoreAdj],
            _ => return None,
        }))
    }
}

fn column(name: &str) -> Column {
    match name {
        "uid" => Column::Uid,
        "total_vm" => Column::TotalVm,
        "rss" => Column::Rss,
        "rss_anon" => Column::RssAnon,
        "rss_file" => Column::RssFile,
        "rss_shmem" => Column::RssShmem,
        "nr_ptes" | "nr_pmds" | "nr_puds" => Column::PagetablePages,
        "pgtables_bytes" => Column::PagetableBytes,
        "swapents" => Column::Swap,
        "oom_score_adj" => Column::OomScoreAdj,
        _ => Column::Other,
    }
}

/// A row in the kernel's own units: pages, but for page tables in bytes where the header says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) pid: u64,
    pub(super) name: String,
    values: Vec<(Column, i64)>,
}

/// Splits `[  123]  0  123 ...` into the pid and the rest; says whether `text` can be a row at all.
pub(super) fn row_start(text: &str) -> Option<(u64, &str)> {
    let (pid, rest) = text.strip_prefix('[')?.split_once(']')?;
    let pid = pid.trim();
    (is_digits(pid) && pid.len() <= 10).then_some((pid.parse().ok()?, rest))
}

impl Row {
    /// Reads a row; `None` if a number or the name is missing.
    pub(super) fn read(text: &str, columns: Option<&Columns>) -> Option<Self> {
        let (pid, rest) = row_start(text)?;
        let guessed;
        let columns = match columns {
            Some(columns) => columns,
            None => {
                guessed = Columns::guess(rest.split_whitespace().take_while(|word| is_number(word)).count())?;
                &guessed
            }
        };
        let mut rest = rest;
        let mut values = Vec::with_capacity(columns.len());
        for column in &columns.0 {
            let (value, after) = leading_signed(rest.trim_start())?;
            if !after.starts_with(char::is_whitespace) {
                return None;
            }
            values.push((*column, value));
            rest = after;
        }
        let name = rest.trim();
        (!name.is_empty()).then(|| Self { pid, name: name.to_owned(), values })
    }

    /// The first value of a column.
    pub(super) fn get(&self, column: Column) -> Option<i64> {
        self.values.iter().find(|(at, _)| *at == column).map(|(_, value)| *value)
    }

    fn count(&self, column: Column) -> Option<u64> {
        u64::try_from(self.get(column)?).ok()
    }

    /// Resident pages.
    pub(super) fn rss_pages(&self) -> u64 {
        self.count(Column::Rss).unwrap_or(0)
    }

    /// Page tables in bytes, where the table prints bytes.
    pub(super) fn pgtables_bytes(&self) -> Option<u64> {
        self.count(Column::PagetableBytes)
    }

    /// The row in bytes.
    pub(super) fn task(&self, page: u64) -> Task {
        let bytes = |column| self.count(column).map(|pages| pages.saturating_mul(page));
        let ptes: Vec<u64> = self
            .values
            .iter()
            .filter(|(column, _)| *column == Column::PagetablePages)
            .filter_map(|(_, value)| u64::try_from(*value).ok())
            .collect();
        let pte_bytes = ptes.iter().fold(0_u64, |sum, pages| sum.saturating_add(*pages)).saturating_mul(page);
        Task {
            pid: self.pid,
            name: self.name.clone(),
            uid: self.get(Column::Uid).and_then(uid),
            total_vm: bytes(Column::TotalVm),
            rss: self.rss_pages().saturating_mul(page),
            rss_anon: bytes(Column::RssAnon),
            rss_file: bytes(Column::RssFile),
            rss_shmem: bytes(Column::RssShmem),
            pgtables: self.pgtables_bytes().or((!ptes.is_empty()).then_some(pte_bytes)),
            swap: bytes(Column::Swap),
            oom_score_adj: self.get(Column::OomScoreAdj),
        }
    }
}

/// Old kernels print a large uid as a negative number.
fn uid(value: i64) -> Option<u64> {
    u64::try_from(value).or_else(|_| u64::try_from(value.saturating_add(1 << 32))).ok()
}

fn is_number(word: &str) -> bool {
    is_digits(word.strip_prefix('-').unwrap_or(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_follow_their_header() {
        let columns = Columns::read(
            "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name",
        );
        let row = Row::read("[   4711]  1000  4711     9000      100       90       10         0    45056        3           975 my app", columns.as_ref())
            .unwrap();
        let task = row.task(4096);
        assert_eq!((task.pid, task.name.as_str(), task.rss), (4711, "my app", 409_600));
        assert_eq!((task.rss_anon, task.pgtables, task.oom_score_adj), (Some(368_640), Some(45056), Some(975)));
        assert_eq!(Row::read("[   4711]  1000  4711", columns.as_ref()), None);
    }

    #[test]
    fn header_missing_and_old_columns() {
        let row = Row::read("[ 7]    -2     7     100       5       4       2        1         -998 pause", None);
        let task = row.unwrap().task(4096);
        assert_eq!(
            (task.uid, task.rss, task.swap, task.oom_score_adj),
            (Some(4_294_967_294), 20480, Some(4096), Some(-998))
        );
        let columns =
            Columns::read("[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name");
        let task = Row::read("[ 9] 0 9 10 5 4 2 1 0 sh", columns.as_ref()).unwrap().task(4096);
        assert_eq!(task.pgtables, Some(24576));
    }

    #[test]
    fn page_sizes() {
        assert_eq!(PageSize::derive(474_165 * 1024, 118_439).map(|size| size.bytes), Some(4096));
        assert_eq!(PageSize::derive(65536 * 100, 100).map(|size| size.bytes), Some(65536));
        assert_eq!(PageSize::derive(1, 100), None);
        assert_eq!(PageSize::derive(40960, 10), None);
    }
}
