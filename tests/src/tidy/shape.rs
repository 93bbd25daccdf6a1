//! The outward shape of a file: its first line, its widths and lengths.

use super::Finding;
use super::source::Source;

/// Columns of the widest line.
const COLUMNS: usize = 120;
/// Lines of the longest file.
const FILE_LINES: usize = 800;
/// Lines of the longest function.
const FUNCTION_LINES: usize = 70;

/// A file opens with `//!`: what it is, what it assumes.
#[must_use]
pub fn opening(source: &Source) -> Vec<Finding> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    vec![Finding::at(&source.path, 1, "opens without `//!`: say what the file is and what it assumes")]
}

/// No line is wider than the page, comments included; a row of a documented table cannot be broken and may be.
#[must_use]
pub fn widths(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for (i, line) in source.text.lines().enumerate() {
        let columns = line.chars().count();
        if columns > COLUMNS && !is_table_row(line) {
            found.push(Finding::at(&source.path, i + 1, format!("{columns} columns, at most {COLUMNS}")));
        }
    }
    found
}

/// No file is too long to hold one idea.
#[must_use]
pub fn length(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    if lines <= FILE_LINES {
        return Vec::new();
    }
    vec![Finding::of_file(
        &source.path,
        format!("{lines} lines, at most {FILE_LINES}: give its parts names of their own"),
    )]
}

/// No function is too long to be said in a sentence.
#[must_use]
pub fn functions(source: &Source) -> Vec<Finding> {
    let long = source.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES);
    let what = |name: &str, lines: usize| format!("`{name}` has {lines} lines, at most {FUNCTION_LINES}");
    long.map(|f| Finding::at(&source.path, f.line, what(&f.name, f.lines))).collect()
}

fn is_table_row(line: &str) -> bool {
    line.trim_start().starts_with("//! |") || line.trim_start().starts_with("/// |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_shaped_file_passes() {
        let source = Source::new("x.rs", "//! What it is.\n\nfn f() {\n}\n");
        assert!([opening(&source), widths(&source), length(&source), functions(&source)].concat().is_empty());
    }

    #[test]
    fn each_deformity_is_found_where_it_is() {
        let text = format!("// What it is.\n// {}\nfn long() {{\n{}}}\n", "é".repeat(118), "    x;\n".repeat(800));
        let source = Source::new("x.rs", &text);
        let found = [opening(&source), widths(&source), length(&source), functions(&source)].concat();
        assert_eq!(found.iter().map(|f| f.line).collect::<Vec<_>>(), [1, 2, 0, 3]);
    }
}
