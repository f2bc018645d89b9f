//! The way from a field of a rendered object to the same field where it is written: maps by key, lists by the names of
//! their items.

use memlint_kubernetes::object::Value;
use memlint_kubernetes::path::{FieldPath, Segment};

/// Keys that tell items of a list apart, as strategic merge patches use them.
const KEYS: [&str; 6] = ["name", "containerPort", "port", "mountPath", "key", "ip"];

/// How much of a path of `rendered` there is in `written`, and whether that is all of it.
pub(super) fn align(rendered: &Value<'_>, written: &Value<'_>, path: &FieldPath) -> (FieldPath, bool) {
    let (mut rendered, mut written, mut found) = (rendered, written, FieldPath::root());
    for segment in path.segments() {
        let next = match segment {
            Segment::Key(key) => written.get(key).map(|value| (found.key(key), value)),
            Segment::Index(index) => item(rendered, written, *index)
                .and_then(|index| Some((found.index(index), written.items().get(index)?))),
        };
        let Some((at, value)) = next else { return (found, false) };
        (found, written) = (at, value);
        // Where the object does not go, its patch may: a list that is not there yet.
        rendered = match segment {
            Segment::Key(key) => rendered.get(key).unwrap_or(&Value::Null),
            Segment::Index(index) => rendered.items().get(*index).unwrap_or(&Value::Null),
        };
    }
    (found, true)
}

/// Which item of the written list became this item of the rendered one.
fn item(rendered: &Value<'_>, written: &Value<'_>, index: usize) -> Option<usize> {
    let item = rendered.items().get(index)?;
    let names = |key: &&&str| item.get(key).is_some();
    if let Some(key) = KEYS.iter().find(names) {
        return written.items().iter().position(|other| other.get(key) == item.get(key));
    }
    let same = |other: &Value<'_>| other == item;
    match written.items().get(index) {
        Some(other) if same(other) || item.entries().is_empty() => Some(index),
        _ => written.items().iter().position(same).or((index < written.items().len()).then_some(index)),
    }
}

#[cfg(test)]
mod tests {
    use memlint_files::yaml::{parse, split};
    use memlint_kubernetes::path::FieldPath;

    use super::align;

    #[test]
    fn items_are_known_by_their_names() {
        let rendered = parse(split("a:\n- {name: x, m: 1}\n- {name: y, m: 2}\nargs: [-a, -b]\n")[0]).expect("YAML");
        let written = parse(split("args: [-b]\na:\n- {name: y, m: 2}\n")[0]).expect("YAML");
        let a = FieldPath::of(&["a"]);
        for (path, found, complete) in [
            (a.index(1).key("m"), a.index(0).key("m"), true),
            (a.index(0).key("m"), a.clone(), false),
            (a.index(1).key("n"), a.index(0), false),
            (FieldPath::of(&["args"]).index(1), FieldPath::of(&["args"]).index(0), true),
        ] {
            assert_eq!(align(rendered.value(), written.value(), &path), (found, complete), "{path}");
        }
    }
}
