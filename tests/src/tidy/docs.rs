//! Documents that a test can hold to the truth: the marked blocks of docs/ARCHITECTURE.md and its kin.

use std::collections::BTreeSet;

use super::Finding;

/// The lines of the first fenced block with this word after its fence, with their numbers from one.
#[must_use]
pub fn fenced<'a>(text: &'a str, word: &str) -> Vec<(usize, &'a str)> {
    let fence = format!("```{word}");
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    lines.skip_while(|(_, line)| *line != fence).skip(1).take_while(|(_, line)| !line.starts_with("```")).collect()
}

/// The paths that a drawn tree names: one per line, two spaces per level, what follows two spaces is prose.
#[must_use]
pub fn drawn_paths(lines: &[(usize, &str)]) -> Vec<(usize, String)> {
    let mut above: Vec<&str> = Vec::new();
    let mut paths = Vec::new();
    for &(number, line) in lines {
        let Some(name) = line.split_whitespace().next() else { continue };
        above.truncate((line.len() - line.trim_start().len()) / 2);
        above.push(name.trim_end_matches('/'));
        paths.push((number, above.join("/")));
    }
    paths
}

/// Paths drawn that are neither a file of the tree nor a folder above one.
#[must_use]
pub fn drawn_but_absent(document: &str, drawn: &[(usize, String)], tree: &[String]) -> Vec<Finding> {
    let is_there = |path: &str| tree.iter().any(|file| file == path || file.starts_with(&format!("{path}/")));
    let absent = drawn.iter().filter(|(_, path)| !is_there(path));
    absent.map(|(line, path)| Finding::at(document, *line, format!("names {path}, which is not there"))).collect()
}

/// The names that a table explains: what stands in backquotes in the first cell of its rows.
#[must_use]
pub fn explained(text: &str) -> BTreeSet<&str> {
    let first_cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Prose.\n```tree\na/  first\n  b/\n    c.rs  the file\n  d.rs\n```\n| `x`, `y` | why `z` |\n";

    #[test]
    fn a_tree_is_read_by_its_indentation() {
        let drawn = drawn_paths(&fenced(TEXT, "tree"));
        let expected = [(3, "a"), (4, "a/b"), (5, "a/b/c.rs"), (6, "a/d.rs")];
        assert_eq!(drawn, expected.map(|(line, path)| (line, path.to_owned())));
    }

    #[test]
    fn what_is_drawn_must_be_there() {
        let drawn = drawn_paths(&fenced(TEXT, "tree"));
        let found = drawn_but_absent("x.md", &drawn, &["a/b/c.rs".to_owned()]);
        assert_eq!(found, [Finding::at("x.md", 6, "names a/d.rs, which is not there")]);
    }

    #[test]
    fn a_block_that_is_not_there_is_empty() {
        assert!(fenced(TEXT, "arrows").is_empty());
    }

    #[test]
    fn a_table_explains_its_first_column() {
        assert_eq!(explained(TEXT), BTreeSet::from(["x", "y"]));
    }
}
