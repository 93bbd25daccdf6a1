//! Every bound has a counter.
//!
//! The convention: the doc comment of each integer `const …_MAX` outside tests names what is counted when the bound is
//! hit, after the word `Counter:` and in backquotes, for example ``Counter: `Tally::scans_too_late`.``; or it says
//! `No counter:` and why none is needed. The last name of such a path must exist as a word of the code.

use std::collections::BTreeSet;

use super::Finding;
use super::source::{Source, words};

/// What bounds of queues, tables and loops are counted in; a `_MAX` of another type is a limit of a quantity.
const INTEGERS: [&str; 9] = ["usize", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64"];

/// Bounds whose doc comment says nothing of a counter, or names one that no code has.
#[must_use]
pub fn without_counter(source: &Source, known: &BTreeSet<&str>) -> Vec<Finding> {
    let bounds = source.product_lines().filter_map(|(line, code)| Some((line, bound(code)?)));
    bounds.filter_map(|(line, name)| Some(Finding::at(&source.path, line, fault(source, line, name, known)?))).collect()
}

/// All words of the product's code, among which a counter must be.
#[must_use]
pub fn known_words(sources: &[Source]) -> BTreeSet<&str> {
    let lines = sources.iter().flat_map(Source::product_lines);
    lines.flat_map(|(_, line)| words(line)).map(|word| word.text).collect()
}

/// The name of the bound declared in this line.
fn bound(code: &str) -> Option<&str> {
    let declared = words(code).find(|word| word.before.ends_with("const") && word.after.starts_with(':'))?;
    let integer = words(declared.after).next().is_some_and(|word| INTEGERS.contains(&word.text));
    (integer && declared.text.ends_with("_MAX")).then_some(declared.text)
}

fn fault(source: &Source, line: usize, name: &str, known: &BTreeSet<&str>) -> Option<String> {
    let doc = doc_above(source, line);
    if let Some((_, reason)) = doc.split_once("No counter:") {
        let empty = reason.trim().is_empty();
        return empty.then(|| format!("{name}: `No counter:` gives no reason"));
    }
    let Some((_, counters)) = doc.split_once("Counter:") else {
        return Some(format!("{name}: say in its doc comment \"Counter: `…`.\", or \"No counter: …\" with the reason"));
    };
    let counters: Vec<&str> = counters.split('`').skip(1).step_by(2).collect();
    let unknown = counters.iter().find(|path| !path.rsplit("::").next().is_some_and(|last| known.contains(last)));
    match (counters.is_empty(), unknown) {
        (true, _) => Some(format!("{name}: `Counter:` names none in backquotes")),
        (false, Some(path)) => Some(format!("{name}: no code has its counter `{path}`")),
        (false, None) => None,
    }
}

/// The doc comment above a line, without its slashes.
fn doc_above(source: &Source, line: usize) -> String {
    let lines: Vec<&str> = source.text.lines().take(line - 1).map(str::trim).collect();
    let attached = lines.iter().rev().take_while(|above| above.starts_with("///") || above.starts_with("#["));
    let mut doc: Vec<&str> = attached.filter_map(|above| above.strip_prefix("///")).collect();
    doc.reverse();
    doc.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let sources = [Source::new("x/src/x.rs", text), Source::new("x/src/y.rs", "struct Tally { too_late: u64 }")];
        without_counter(&sources[0], &known_words(&sources)).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn a_bound_with_its_counter_passes() {
        let doc = "/// Scans kept. Counter:\n/// `Tally::too_late`.\n#[rustfmt::skip]";
        assert!(faults(&format!("{doc}\npub const SCANS_MAX: usize = 8;")).is_empty());
        assert!(faults("/// No counter: refused as `Error::Long`.\nconst BYTES_MAX: usize = 8;").is_empty());
    }

    #[test]
    fn a_bound_without_its_counter_is_found() {
        assert!(faults("/// Scans kept.\npub const SCANS_MAX: usize = 8;")[0].contains("say in its doc comment"));
        assert!(faults("/// Counter: `Tally::early`.\nconst SCANS_MAX: usize = 8;")[0].contains("no code has"));
        assert!(faults("/// Counter: the tally.\nconst SCANS_MAX: usize = 8;")[0].contains("names none"));
        assert!(faults("/// No counter:\nconst SCANS_MAX: usize = 8;")[0].contains("no reason"));
    }

    #[test]
    fn other_constants_and_uses_are_no_bounds() {
        assert!(faults("const SCANS: usize = 8;\nlet x = SCANS_MAX;\nconst AGE_MAX: Span = HOUR;").is_empty());
    }
}
