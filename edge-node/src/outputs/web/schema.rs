//! What tables a SQLite file has, and by which of their columns rows are found: read from the statements that made
//! them.
//!
//! Only as much of the language is understood as tables of maps are made with. An index that sorts otherwise than by
//! plain columns, or leaves rows out, is passed over.

use super::sqlite::Value;

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The page where it begins.
    pub root: u32,
    columns: Vec<String>,
    keys: Vec<Key>,
}

/// A way to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The number of the row, which a column may bear as its name.
    Rowid,
    /// The rows themselves lie in the order of these columns, which come first.
    Rows {
        /// They.
        columns: Vec<String>,
    },
    /// An index by these columns; its records end with the number of the row.
    Index {
        /// Where it begins.
        root: u32,
        /// They.
        columns: Vec<String>,
    },
}

/// What one part of a table's statement says.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Column(String),
    /// A column that is the number of the row.
    Number(String),
    /// Columns of which no two rows have the same; SQLite makes an index by itself.
    Unique {
        columns: Vec<String>,
        is_primary: bool,
    },
}

impl Table {
    /// The way by columns that begin with these.
    #[must_use]
    pub fn key(&self, by: &[&str]) -> Option<&Key> {
        self.keys.iter().find(|key| match key {
            Key::Rowid => matches!(by, [one] if self.columns.iter().any(|c| *c == format!("{ROWID}{one}"))),
            Key::Rows { columns } | Key::Index { columns, .. } => {
                columns.len() >= by.len() && columns.iter().zip(by).all(|(have, want)| have == want)
            }
        })
    }

    /// Where a column stands in a row that was found by a key.
    #[must_use]
    pub fn place(&self, column: &str, key: &Key) -> Option<usize> {
        let names = self.columns.iter().map(|name| name.strip_prefix(ROWID).unwrap_or(name));
        let Key::Rows { columns: first } = key else { return names.into_iter().position(|name| name == column) };
        let behind = names.filter(|name| !first.iter().any(|other| other == name));
        first.iter().map(String::as_str).chain(behind).position(|name| name == column)
    }
}

/// Marks a column that is the number of the row; no name begins so.
const ROWID: &str = "\0";

/// The tables of a schema: rows of kind, name, table, root, statement.
#[must_use]
pub fn tables(schema: &[Vec<Value>]) -> Vec<Table> {
    let of_kind = |kind: &'static str| schema.iter().filter(move |row| word(row, 0) == Some(kind));
    let mut tables: Vec<(Table, Vec<Part>)> = of_kind("table").filter_map(|row| table(row)).collect();
    for row in of_kind("index") {
        let found = tables.iter_mut().find(|(table, _)| Some(table.name.as_str()) == word(row, 2));
        if let (Some((table, parts)), Some(root)) = (found, root(row))
            && let Some(columns) = index_columns(row, parts)
        {
            table.keys.push(Key::Index { root, columns });
        }
    }
    tables.into_iter().map(|(table, _)| table).collect()
}

fn table(row: &[Value]) -> Option<(Table, Vec<Part>)> {
    let (name, root, made) = (word(row, 1)?.to_owned(), root(row)?, word(row, 4)?);
    let (inside, behind) = parenthesized(made)?;
    let parts: Vec<Part> = split(inside).into_iter().flat_map(part).collect();
    let columns = parts.iter().filter_map(|part| match part {
        Part::Column(name) => Some(name.clone()),
        Part::Number(name) => Some(format!("{ROWID}{name}")),
        Part::Unique { .. } => None,
    });
    let columns = columns.collect();
    let primary = parts.iter().find_map(|part| match part {
        Part::Unique { columns, is_primary: true } => Some(columns.clone()),
        Part::Column(_) | Part::Number(_) | Part::Unique { .. } => None,
    });
    let keys = match primary.filter(|_| behind.to_ascii_lowercase().contains("without rowid")) {
        Some(columns) => vec![Key::Rows { columns }],
        None => vec![Key::Rowid],
    };
    Some((Table { name, root, columns, keys }, parts))
}

/// The columns of an index: as it was made, or as the table asks for it.
fn index_columns(row: &[Value], parts: &[Part]) -> Option<Vec<String>> {
    let Some(made) = word(row, 4) else {
        let number: usize = word(row, 1)?.rsplit('_').next()?.parse().ok()?;
        let mut asked = parts.iter().filter_map(|part| match part {
            Part::Unique { columns, .. } => Some(columns.clone()),
            Part::Column(_) | Part::Number(_) => None,
        });
        return asked.nth(number.checked_sub(1)?);
    };
    let (inside, behind) = parenthesized(made)?;
    let is_plain = |column: &&str| column.split_whitespace().count() == 1 && !column.contains('(');
    let columns = split(inside);
    (behind.trim().is_empty() && columns.iter().all(is_plain)).then(|| columns.into_iter().map(name).collect())
}

fn part(text: &str) -> Vec<Part> {
    let lower = text.to_ascii_lowercase();
    let first = lower.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let of = |text: &str| parenthesized(text).map(|(inside, _)| split(inside).into_iter().map(name).collect());
    let is_primary = lower.contains("primary key");
    match first {
        "primary" | "unique" | "constraint" if is_primary || lower.contains("unique") => {
            of(text).map(|columns| Part::Unique { columns, is_primary }).into_iter().collect()
        }
        "primary" | "unique" | "constraint" | "foreign" | "check" => vec![],
        _ => {
            let column = name(text);
            if is_primary && lower.split_whitespace().nth(1) == Some("integer") {
                return vec![Part::Number(column)];
            }
            let unique = (is_primary || lower.split_whitespace().any(|word| word == "unique"))
                .then(|| Part::Unique { columns: vec![column.clone()], is_primary });
            [Part::Column(column)].into_iter().chain(unique).collect()
        }
    }
}

/// The first word, without what quotes it, in small letters.
fn name(text: &str) -> String {
    let quotes = ['"', '`', '[', ']', '\''];
    text.split_whitespace().next().unwrap_or_default().trim_matches(quotes).to_ascii_lowercase()
}

/// What stands within the outermost brackets, and behind them.
fn parenthesized(text: &str) -> Option<(&str, &str)> {
    let (begin, end) = (text.find('(')?, text.rfind(')')?);
    (begin < end).then(|| (&text[begin + 1..end], &text[end + 1..]))
}

/// Parts between commas that stand in no bracket.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    let at_comma = |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    };
    text.split(at_comma).map(str::trim).collect()
}

fn word(row: &[Value], at: usize) -> Option<&str> {
    row.get(at)?.text()
}

fn root(row: &[Value]) -> Option<u32> {
    if let Some(Value::Integer(root)) = row.get(3) { u32::try_from(*root).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: &str, name: &str, table: &str, root: i64, statement: Option<&str>) -> Vec<Value> {
        let text = |text: &str| Value::Text(text.to_owned());
        vec![text(kind), text(name), text(table), Value::Integer(root), statement.map_or(Value::Null, text)]
    }

    fn index(root: u32, columns: &[&str]) -> Key {
        Key::Index { root, columns: columns.iter().map(|&c| c.to_owned()).collect() }
    }

    #[test]
    fn rows_are_found_by_an_index_however_it_was_asked_for() {
        let plain = "CREATE TABLE tiles (\"zoom_level\" integer, [tile_column] integer, tile_row INTEGER, data blob)";
        let asked = "create table map(zoom int NOT NULL, id text UNIQUE, size decimal(5, 2), UNIQUE (zoom, size))";
        let tables = tables(&[
            made("table", "tiles", "tiles", 2, Some(plain)),
            made("index", "tile_index", "tiles", 3, Some("CREATE UNIQUE INDEX i on tiles (zoom_level, `tile_row`)")),
            made("table", "map", "map", 4, Some(asked)),
            made("index", "sqlite_autoindex_map_1", "map", 5, None),
            made("index", "sqlite_autoindex_map_2", "map", 6, None),
            made("view", "ways", "ways", 0, Some("CREATE VIEW ways AS SELECT 1")),
        ]);
        assert_eq!(tables.len(), 2);
        let (tiles, map) = (&tables[0], &tables[1]);
        assert_eq!(tiles.key(&["zoom_level", "tile_row"]), Some(&index(3, &["zoom_level", "tile_row"])));
        assert_eq!(tiles.key(&["tile_row"]), None, "an index begins with its first column");
        assert_eq!(tiles.place("data", &Key::Rowid), Some(3));
        assert_eq!(map.key(&["id"]), Some(&index(5, &["id"])));
        assert_eq!(map.key(&["zoom"]), Some(&index(6, &["zoom", "size"])));
    }

    #[test]
    fn rows_that_lie_in_order_and_rows_by_number_need_no_index() {
        let shallow =
            "CREATE TABLE shallow (id integer, row integer, zoom integer, primary key(zoom,row)) WITHOUT ROWID";
        let numbered = "CREATE TABLE numbered (id integer primary key, data blob)";
        let tables = tables(&[
            made("table", "shallow", "s", 2, Some(shallow)),
            made("table", "numbered", "n", 3, Some(numbered)),
        ]);
        let key = tables[0].key(&["zoom", "row"]).expect("rows in order");
        assert_eq!(["zoom", "row", "id"].map(|name| tables[0].place(name, key)), [Some(0), Some(1), Some(2)]);
        assert_eq!((tables[1].key(&["id"]), tables[1].key(&["data"])), (Some(&Key::Rowid), None));
        assert_eq!(tables[1].place("data", &Key::Rowid), Some(1));
    }

    #[test]
    fn an_index_that_sorts_otherwise_or_leaves_rows_out_is_no_way() {
        for ending in ["(a DESC)", "(a COLLATE NOCASE)", "(lower(a))", "(a) WHERE a > 1"] {
            let tables = tables(&[
                made("table", "t", "t", 2, Some("CREATE TABLE t (a text)")),
                made("index", "i", "t", 3, Some(&format!("CREATE INDEX i ON t {ending}"))),
            ]);
            assert_eq!(tables[0].key(&["a"]), None, "{ending}");
        }
    }
}
