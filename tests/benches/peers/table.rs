//! A table of figures, as text or as JSON.

use std::fmt;

use serde_json::{Value, json};

/// Columns, rows and what has to be said about them.
pub struct Table {
    name: &'static str,
    title: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    pub fn new(name: &'static str, title: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { name, title: title.into(), columns: columns.to_vec(), rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row, one cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let row: Vec<String> = cells.into_iter().collect();
        assert_eq!(row.len(), self.columns.len(), "a cell for each column of {}", self.name);
        self.rows.push(row);
    }

    /// Adds a line below the table.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The same for programs: a row is an object, numbers are numbers, what is unknown is null.
    pub fn to_json(&self) -> Value {
        let row = |row: &Vec<String>| -> Value {
            self.columns.iter().zip(row).map(|(column, cell)| ((*column).to_owned(), value(cell))).collect()
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({ "table": self.name, "title": self.title, "rows": rows, "notes": self.notes })
    }

    /// Writes a row, its first cell to the left, the others to the right.
    fn line<S: AsRef<str>>(&self, f: &mut fmt::Formatter<'_>, cells: &[S]) -> fmt::Result {
        for (column, cell) in cells.iter().enumerate() {
            let held = self.rows.iter().map(|row| row[column].chars().count());
            let width = held.chain([self.columns[column].chars().count()]).max().unwrap_or(0);
            match column {
                0 => write!(f, "{:<width$}", cell.as_ref())?,
                _ => write!(f, "  {:>width$}", cell.as_ref())?,
            }
        }
        writeln!(f)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.name, self.title)?;
        self.line(f, &self.columns)?;
        self.rows.iter().try_for_each(|row| self.line(f, row))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))
    }
}

/// What stands for a figure that is not known.
const UNKNOWN: &str = "–";

/// A number with so many digits behind the point.
pub fn fixed(x: impl Into<Option<f64>>, digits: usize) -> String {
    x.into().map_or_else(|| UNKNOWN.to_owned(), |x| format!("{x:.digits$}"))
}

/// A count.
pub fn whole(count: impl Into<Option<u64>>) -> String {
    count.into().map_or_else(|| UNKNOWN.to_owned(), |count| count.to_string())
}

/// Nothing is known.
pub fn unknown() -> String {
    UNKNOWN.to_owned()
}

fn value(cell: &str) -> Value {
    match cell.parse::<f64>() {
        Ok(number) if number.is_finite() => json!(number),
        _ if cell == UNKNOWN => Value::Null,
        _ => json!(cell),
    }
}
