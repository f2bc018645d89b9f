//! One resource as a bar: reserved, DaemonSets, requested, free; and limits, which may go beyond its end.
use super::Screen;
use super::groups::Use;

/// A bar to draw.
pub(super) struct Bar<'a> {
    pub(super) resource: &'a str,
    pub(super) used: Use,
}

/// What a part of a bar stands for: name, character, character where only ASCII will do, ANSI colour.
type Part = (&'static str, char, char, &'static str);

const RESERVED: Part = ("reserved", '▓', '#', "90");
const DAEMON_SETS: Part = ("DaemonSets", '▒', '=', "35");
const REQUESTED: Part = ("requested", '█', '+', "36");
const FREE: Part = ("free", '·', '.', "32");
const LIMITS: Part = ("limits", '─', '-', "37");
const BEYOND: Part = ("limits beyond what there is", '━', '!', "31");

impl Bar<'_> {
    /// The bar with its numbers: one line, and one for limits where they are known.
    pub(super) fn draw(&self, indent: usize, screen: Screen) -> String {
        let Use { capacity, allocatable, daemon_sets, requested, limits } = self.used;
        let pad = " ".repeat(indent);
        let cells = (screen.width.saturating_sub(indent + 10) / 2).clamp(20, 60);
        let reserved = capacity.saturating_sub(allocatable);
        let parts = [(RESERVED, reserved), (DAEMON_SETS, daemon_sets), (REQUESTED, requested)];
        let mut bar = String::new();
        let (mut sum, mut drawn) = (0_i64, 0);
        for (part, size) in parts {
            sum = sum.saturating_add(size.max(0));
            // Each part ends where the sum so far ends, so that nothing is lost to rounding.
            let end = scaled(sum, capacity, cells).min(cells).max(drawn);
            let most = if size > 0 && end == drawn && end < cells { 1 } else { end - drawn };
            bar.push_str(&paint(part, most, screen));
            drawn += most;
        }
        bar.push_str(&paint(FREE, cells - drawn, screen));
        let mut numbers =
            vec![format!("{} of {}", amount(self.resource, self.used.free().max(0)), amount(self.resource, capacity))];
        let named = parts.iter().filter(|(_, size)| *size > 0);
        numbers.extend(named.map(|((name, ..), size)| format!("{name} {}", amount(self.resource, *size))));
        let numbers = numbers.join(", ").replacen(" of ", " free of ", 1);
        let mut out = format!("{pad}{:6} [{bar}] {numbers}\n", self.resource);
        let over = self.used.free();
        if over < 0 {
            out.push_str(&format!(
                "{pad}{:6} requests exceed what is allocatable by {}\n",
                "",
                amount(self.resource, over.saturating_neg())
            ));
        }
        if let Some(limits) = limits.filter(|limits| *limits > 0) {
            out.push_str(&self.limits(limits, cells, &pad, screen));
        }
        out
    }

    /// Limits on the scale of the bar above, what is reserved left out.
    fn limits(&self, limits: i64, cells: usize, pad: &str, screen: Screen) -> String {
        let Use { capacity, allocatable, .. } = self.used;
        let start = scaled(capacity.saturating_sub(allocatable), capacity, cells).min(cells);
        let end = start.saturating_add(scaled(limits, capacity, cells));
        let inside = end.min(cells).saturating_sub(start);
        // One row of the screen is enough to see that it is too much.
        let beyond = end
            .saturating_sub(cells)
            .min(screen.width.saturating_sub(cells.saturating_add(pad.len() + 40)).min(cells / 2));
        let line = format!("{}{}{}", " ".repeat(start), paint(LIMITS, inside, screen), paint(BEYOND, beyond, screen));
        let percent = i128::from(limits) * 100 / i128::from(allocatable.max(1));
        format!("{pad}{:6}  {line} limits {} ({percent} %)\n", "", amount(self.resource, limits))
    }
}

/// What the characters mean.
pub(super) fn legend(knows_pods: bool, screen: Screen) -> String {
    let mut parts = vec![RESERVED, DAEMON_SETS];
    parts.extend(knows_pods.then_some(REQUESTED));
    parts.push(FREE);
    parts.extend(knows_pods.then_some(BEYOND));
    let parts = parts.into_iter().map(|part| format!("{} {}", paint(part, 1, screen), part.0));
    let mut legend = parts.collect::<Vec<_>>().join("  ");
    if !knows_pods {
        legend.push_str("  (what Pods request today is not known)");
    }
    legend + "\n"
}

fn paint(part: Part, cells: usize, screen: Screen) -> String {
    let (_, fancy, plain, color) = part;
    let text: String = std::iter::repeat_n(if screen.unicode { fancy } else { plain }, cells).collect();
    if screen.color && cells > 0 { format!("\x1b[{color}m{text}\x1b[0m") } else { text }
}

/// How many of the cells a part of the whole takes, to the nearest.
fn scaled(part: i64, whole: i64, cells: usize) -> usize {
    let (part, whole) = (i128::from(part.max(0)), i128::from(whole.max(1)));
    let cells = i128::try_from(cells).unwrap_or(0);
    usize::try_from((part * cells * 2 + whole) / (whole * 2)).unwrap_or(usize::MAX)
}

/// An amount for people: CPU as Kubernetes writes it, memory with one decimal, cut.
pub(super) fn amount(resource: &str, amount: i64) -> String {
    if resource == "cpu" {
        return memlint_kubernetes::quantity::Quantity::millis(amount).to_string();
    }
    if amount < 1 << 20 {
        return memlint_kubernetes::quantity::Quantity::bytes(amount).to_string();
    }
    let (unit, suffix) = if amount >= 1 << 30 { (1_i64 << 30, "Gi") } else { (1 << 20, "Mi") };
    let tenths = i128::from(amount) * 10 / i128::from(unit);
    if tenths % 10 == 0 {
        format!("{}{suffix}", tenths / 10)
    } else {
        format!("{}.{}{suffix}", tenths / 10, tenths % 10)
    }
}
