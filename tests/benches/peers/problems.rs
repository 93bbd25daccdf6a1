//! Association problems and their answers as text, the form in which they go to pyehm and back.

use std::fmt::Write as _;

use fusion_core::association::Edge;

use crate::cases::Case;

/// A case and the fourth word of its heading, if there is one: of an answer, the seconds that it took.
pub struct Written {
    pub case: Case,
    pub remark: Option<String>,
}

/// The text of some problems.
pub fn write(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let mut edges = case.edges.iter().peekable();
        writeln!(text, "case {} {} {}", case.name, case.nulls.len(), case.columns).expect("a string takes all");
        for (row, null) in (0..).zip(&case.nulls) {
            write!(text, "{null:?}").expect("a string takes all");
            while let Some(edge) = edges.next_if(|edge| edge.row == row) {
                write!(text, " {}:{:?}", edge.column, edge.weight).expect("a string takes all");
            }
            text.push('\n');
        }
    }
    text
}

/// Problems or answers from their text.
///
/// # Errors
/// The line, from one, that makes no sense.
pub fn read(text: &str) -> Result<Vec<Written>, usize> {
    let mut all: Vec<Written> = Vec::new();
    for (number, line) in (1_usize..).zip(text.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let taken = match words.as_slice() {
            ["case", name, _, columns, remark @ ..] => heading(name, columns, remark).map(|written| all.push(written)),
            [null, pairs @ ..] => all.last_mut().and_then(|written| row(&mut written.case, null, pairs)),
            [] => Some(()),
        };
        taken.ok_or(number)?;
    }
    Ok(all)
}

fn heading(name: &str, columns: &str, remark: &[&str]) -> Option<Written> {
    let columns = columns.parse().ok()?;
    let case = Case { name: name.to_owned(), nulls: Vec::new(), edges: Vec::new(), columns };
    Some(Written { case, remark: remark.first().map(|&word| word.to_owned()) })
}

fn row(case: &mut Case, null: &str, pairs: &[&str]) -> Option<()> {
    let row = u16::try_from(case.nulls.len()).ok()?;
    case.nulls.push(null.parse().ok()?);
    for pair in pairs {
        let (column, weight) = pair.split_once(':')?;
        case.edges.push(Edge { row, column: column.parse().ok()?, weight: weight.parse().ok()? });
    }
    Some(())
}
