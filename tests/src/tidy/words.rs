//! Words that may not stand in certain places.

use super::source::{Source, Word, words};
use super::{Finding, tree};

/// What the platform's C library computes, to a last bit that differs between machines.
const PLATFORM_LIBM: [&str; 25] = [
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sin_cos", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "hypot", "cbrt",
];

/// Marks of unfinished work, put together here so that this file does not carry them.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Macros that stand for code not yet written.
const UNWRITTEN: [&str; 2] = ["todo", "unimplemented"];

/// Where temporary files lie; a page may name it in an example.
const TEMPORARY: &str = concat!("/", "tmp/");

/// Text that ties the tree to one machine or one registry; put together here for the same reason.
const PLACES: [&str; 8] = [
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    TEMPORARY,
    concat!("crates", ".io"),
    concat!("pypi", ".org"),
    concat!("registry.", "npmjs"),
    concat!("deb.", "debian"),
];

/// Every use of one of these identifiers outside tests.
#[must_use]
pub fn named(source: &Source, forbidden: &[&str], why: &str) -> Vec<Finding> {
    product_words(source, |word| forbidden.contains(&word.text), why)
}

/// Every path that starts at one of these crates (`std::…`, `extern crate std`) outside tests.
#[must_use]
pub fn crate_named(source: &Source, forbidden: &[&str], why: &str) -> Vec<Finding> {
    let is_crate = |word: &Word<'_>| word.after.starts_with("::") || word.before.ends_with("extern crate");
    product_words(source, |word| forbidden.contains(&word.text) && is_crate(word), why)
}

/// Every reading of a clock outside tests: `Instant::now`, `SystemTime::now`, `.elapsed()`, `clock_gettime`.
#[must_use]
pub fn clock_read(source: &Source) -> Vec<Finding> {
    let clocks = ["Instant::", "SystemTime::"];
    let now = |word: &Word<'_>| word.text == "now" && clocks.iter().any(|clock| word.before.ends_with(clock));
    let elapsed =
        |word: &Word<'_>| word.text == "elapsed" && word.before.ends_with('.') && word.after.starts_with("()");
    let system = |word: &Word<'_>| word.text == "clock_gettime";
    let reads = |word: &Word<'_>| now(word) || elapsed(word) || system(word);
    product_words(
        source,
        reads,
        "reads a clock; time is an argument, and edge-node/src/clock.rs is where it comes from",
    )
}

/// Every call of the platform's elementary functions, tests included: an expected value must not depend on the machine
/// either.
#[must_use]
pub fn platform_libm(source: &Source) -> Vec<Finding> {
    let method = |word: &Word<'_>| word.before.ends_with('.') && word.after.starts_with('(');
    let path = |word: &Word<'_>| word.before.ends_with("f64::") || word.before.ends_with("f32::");
    let calls =
        |word: &Word<'_>| (PLATFORM_LIBM.contains(&word.text) || word.text == "powi") && (method(word) || path(word));
    find(source.code_lines(), &source.path, calls, "differs between machines; use fusion_core::maths")
}

/// Macros that stand for code not yet written.
#[must_use]
pub fn unwritten(source: &Source) -> Vec<Finding> {
    let stands_in = |word: &Word<'_>| UNWRITTEN.contains(&word.text) && word.after.starts_with('!');
    find(source.code_lines(), &source.path, stands_in, "stands for code not yet written")
}

/// Marks of unfinished work in any text.
#[must_use]
pub fn unfinished(file: &tree::File) -> Vec<Finding> {
    let marked = |word: &Word<'_>| UNFINISHED.contains(&word.text);
    let lines = file.text.lines().enumerate().map(|(i, line)| (i + 1, line));
    find(lines, &file.path, marked, "finish it, or say as a plain comment what is not done and why")
}

/// Places on one machine, and hosts of package registries, in any text.
#[must_use]
pub fn places(file: &tree::File) -> Vec<Finding> {
    let mut found = Vec::new();
    for (i, line) in file.text.lines().enumerate() {
        for place in PLACES.iter().filter(|place| line.contains(**place) && !is_example(&file.path, place)) {
            found.push(Finding::at(&file.path, i + 1, format!("names {place}, which holds on one machine only")));
        }
    }
    found
}

fn is_example(path: &str, place: &str) -> bool {
    path.ends_with(".md") && place == TEMPORARY
}

fn product_words(source: &Source, wanted: impl Fn(&Word<'_>) -> bool, why: &str) -> Vec<Finding> {
    find(source.product_lines(), &source.path, wanted, why)
}

fn find<'a>(
    lines: impl Iterator<Item = (usize, &'a str)>,
    path: &str,
    wanted: impl Fn(&Word<'_>) -> bool,
    why: &str,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, line) in lines {
        let hits = words(line).filter(|word| wanted(word));
        found.extend(hits.map(|word| Finding::at(path, number, format!("`{}` {why}", word.text))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::new("x/src/x.rs", text)
    }

    fn file(text: &str) -> tree::File {
        tree::File { path: "x.md".into(), text: text.into() }
    }

    #[test]
    fn a_forbidden_name_is_found_in_code_and_nowhere_else() {
        let text = "// tokio\nlet x = \"tokio\";\nuse tokio::net;\n#[cfg(test)]\nuse tokio::test;\n";
        let found = named(&source(text), &["tokio"], "is async");
        assert_eq!(found, [Finding::at("x/src/x.rs", 3, "`tokio` is async")]);
    }

    #[test]
    fn a_standard_deviation_is_not_the_standard_library() {
        let text = "let std = alloc;\nuse std::fmt;\nextern crate alloc;\n";
        let lines: Vec<usize> = crate_named(&source(text), &["std", "alloc"], "").iter().map(|f| f.line).collect();
        assert_eq!(lines, [2, 3]);
    }

    #[test]
    fn every_way_to_read_a_clock_is_found() {
        let text = "Instant::now()\nSystemTime :: now()\nstd::time::Instant::now\nstart.elapsed()\nclock.now()\n";
        let lines: Vec<usize> = clock_read(&source(text)).iter().map(|f| f.line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }

    #[test]
    fn platform_mathematics_is_found_as_method_and_as_path() {
        let text = "x.sin()\nf64::atan2(y, x)\nx\n    .powi(2)\nmaths::sin(x)\nx.sqrt()\nself.log\n";
        let lines: Vec<usize> = platform_libm(&source(text)).iter().map(|f| f.line).collect();
        assert_eq!(lines, [1, 2, 4]);
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_eq!(unwritten(&source("todo!()\nlet todo = 1;\n")).len(), 1);
        assert_eq!(unfinished(&file(&format!("a {} b\nFIXED\n", UNFINISHED[1]))).len(), 1);
    }

    #[test]
    fn places_are_found() {
        assert_eq!(places(&file(&format!("see {}x\n/etc/copmesh\n", PLACES[0]))).len(), 1);
        assert!(places(&file(&format!("unpack it in {TEMPORARY}x\n"))).is_empty());
    }
}
