//! Rust source read roughly: which characters are code, which lines are tests, where functions begin and end.
//!
//! Assumes text that compiles and that rustfmt has laid out. Macros are read as if they were plain code.

/// One Rust file.
pub struct Source {
    /// The path from the top of the tree, with `/`.
    pub path: String,
    /// The text as it is.
    pub text: String,
    /// The text with comments and literals blanked out: same lines, same columns.
    pub code: String,
    tests: Vec<bool>,
}

/// A function with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its `fn`, from one.
    pub line: usize,
    /// Lines from `fn` to the closing brace, both included.
    pub lines: usize,
}

/// An identifier in its line.
#[derive(Clone, Copy, Debug)]
pub struct Word<'a> {
    /// The identifier.
    pub text: &'a str,
    /// What stands before it in the line, without the space between.
    pub before: &'a str,
    /// What stands after it in the line, without the space between.
    pub after: &'a str,
}

impl Source {
    /// Reads one file.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        let code = blank(text);
        let whole_file = path.contains("/tests/") || path.contains("/benches/") || path.ends_with("/tests.rs");
        let tests = if whole_file { vec![true; code.lines().count()] } else { test_lines(&code) };
        Self { path: path.to_owned(), text: text.to_owned(), code, tests }
    }

    /// Every line of code with its number from one.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(i, line)| (i + 1, line))
    }

    /// The lines of code outside tests.
    pub fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code_lines().filter(|(number, _)| !self.tests[number - 1])
    }

    /// Every function with a body.
    #[must_use]
    pub fn functions(&self) -> Vec<Function> {
        let chars: Vec<char> = self.code.chars().collect();
        let mut found = Vec::new();
        for (at, name) in declared_functions(&chars) {
            let Some(open) = body(&chars, at) else { continue };
            let line = line_of(&chars, at);
            let lines = line_of(&chars, matching(&chars, open)) - line + 1;
            found.push(Function { name, line, lines });
        }
        found
    }

    /// The modules declared under a `feature = "…"` gate: name and feature.
    #[must_use]
    pub fn gated_modules(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut feature: Option<&str> = None;
        for line in self.text.lines().map(str::trim) {
            if let Some(gate) = line.strip_prefix("#[cfg(feature = \"") {
                feature = gate.split('"').next();
            } else if let Some(name) = declared_module(line) {
                found.extend(feature.take().map(|feature| (name.to_owned(), feature.to_owned())));
            } else if !line.starts_with("#[") && !line.starts_with("//") {
                feature = None;
            }
        }
        found
    }
}

/// The name in `mod name;`, whatever its visibility.
#[must_use]
pub fn declared_module(line: &str) -> Option<&str> {
    let name = line.trim().strip_suffix(';')?.rsplit_once("mod ")?;
    let visible = name.0.is_empty() || name.0.starts_with("pub");
    (visible && name.1.chars().all(is_word)).then_some(name.1)
}

/// The identifiers of a line.
pub fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].find(is_word)?;
        let end = line[start..].find(|c| !is_word(c)).map_or(line.len(), |length| start + length);
        at = end;
        Some(Word { text: &line[start..end], before: line[..start].trim_end(), after: line[end..].trim_start() })
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The text with comments and literals turned into spaces.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if let Some(end) = comment(&chars, at).or_else(|| literal(&chars, at)) {
            code.extend(chars[at..end].iter().map(|&c| if c == '\n' { c } else { ' ' }));
            at = end;
        } else {
            code.push(chars[at]);
            at += 1;
        }
    }
    code
}

/// The end of the comment that starts here.
fn comment(chars: &[char], at: usize) -> Option<usize> {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => Some(find(chars, at, |c| c == '\n')),
        ('/', Some('*')) => Some(block_comment(chars, at)),
        _ => None,
    }
}

fn block_comment(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (at, depth) = (at + 2, depth + 1),
            ('*', '/') => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

/// The end of the string, byte string, raw string or character that starts here; a lifetime is none of them.
fn literal(chars: &[char], at: usize) -> Option<usize> {
    if at > 0 && is_word(chars[at - 1]) {
        return None;
    }
    let prefix = find(chars, at, |c| !matches!(c, 'b' | 'c' | 'r'));
    let hashes = find(chars, prefix, |c| c != '#') - prefix;
    let raw = chars[at..prefix].contains(&'r');
    match chars.get(prefix + hashes)? {
        '"' if raw => Some(raw_string(chars, prefix + hashes, hashes)),
        '"' if hashes == 0 => Some(quoted(chars, prefix, '"')),
        '\'' if hashes == 0 => character(chars, prefix),
        _ => None,
    }
}

fn raw_string(chars: &[char], open: usize, hashes: usize) -> usize {
    let mut at = open + 1;
    while at < chars.len() {
        let closing = chars[at] == '"' && chars[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes;
        if closing {
            return at + 1 + hashes;
        }
        at += 1;
    }
    chars.len()
}

fn quoted(chars: &[char], open: usize, quote: char) -> usize {
    let mut at = open + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    chars.len().min(at + 1)
}

fn character(chars: &[char], open: usize) -> Option<usize> {
    let escaped = chars.get(open + 1) == Some(&'\\');
    let single = chars.get(open + 2) == Some(&'\'');
    (escaped || single).then(|| quoted(chars, open, '\''))
}

/// For each line, whether it belongs to an item under `#[cfg(test)]` or `#[cfg(all(test, …))]`; all lines of a file
/// that opens with `#![cfg(test)]` do.
fn test_lines(code: &str) -> Vec<bool> {
    let chars: Vec<char> = code.chars().collect();
    let mut tests = vec![false; code.lines().count()];
    if code.lines().any(|line| line.trim() == "#![cfg(test)]") {
        tests.fill(true);
        return tests;
    }
    for start in occurrences(&chars, "#[cfg(") {
        let end = matching(&chars, start + 1);
        let gate: String = chars[start..end].iter().collect();
        if words(&gate).any(|w| w.text == "test" && !w.before.ends_with("not(")) {
            let (first, last) = (line_of(&chars, start), line_of(&chars, item_end(&chars, end + 1)));
            tests[first - 1..last].fill(true);
        }
    }
    tests
}

/// The end of the item that follows: its semicolon or its closing brace.
fn item_end(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() {
        match chars[at] {
            ';' => return at,
            '{' => return matching(chars, at),
            '(' | '[' => at = matching(chars, at) + 1,
            _ => at += 1,
        }
    }
    chars.len() - 1
}

/// Where each `fn name` stands, and the name.
fn declared_functions(chars: &[char]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in occurrences(chars, "fn ") {
        let alone = at == 0 || !is_word(chars[at - 1]);
        let name: String = chars[at + 3..].iter().take_while(|c| is_word(**c)).collect();
        if alone && !name.is_empty() {
            found.push((at, name));
        }
    }
    found
}

/// The opening brace of the body of the function declared here; `None` if it has none.
fn body(chars: &[char], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match chars.get(at)? {
            ';' => return None,
            '{' => return Some(at),
            '(' | '[' => at = matching(chars, at) + 1,
            _ => at += 1,
        }
    }
}

/// Where the bracket that opens here closes; the end of the text if it never does.
fn matching(chars: &[char], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in chars.iter().enumerate().skip(open) {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len() - 1
}

fn occurrences(chars: &[char], pattern: &str) -> Vec<usize> {
    let pattern: Vec<char> = pattern.chars().collect();
    let windows = chars.windows(pattern.len()).enumerate();
    windows.filter(|(_, window)| *window == pattern).map(|(at, _)| at).collect()
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    chars[from..].iter().position(|&c| wanted(c)).map_or(chars.len(), |length| from + length)
}

fn line_of(chars: &[char], at: usize) -> usize {
    chars[..at].iter().filter(|&&c| c == '\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        Source::new("x/src/x.rs", text).code
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        assert_eq!(code("a // b\nc"), "a     \nc");
        assert_eq!(code("a /* b /* c */ d */ e"), "a                   e");
        assert_eq!(code(r#"f("g \" h", 'i')"#), "f(        ,    )");
        assert_eq!(code("f(r#\"g \" h\"#, b\"x\", b'y')"), "f(          ,     ,     )");
        assert_eq!(code("let s = \"one\ntwo\"; t"), "let s =     \n    ; t");
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        for text in ["fn f<'a>(x: &'a str) {}", "let r#type = r;", "'outer: loop {}", "let b = c;"] {
            assert_eq!(code(text), text);
        }
        assert_eq!(code(r"match c { '\'' => 'x', '{' => y }"), "match c {      =>    ,     => y }");
    }

    #[test]
    fn lines_under_cfg_test_are_tests() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(not(test))]\nfn c() {}\n";
        let source = Source::new("x/src/x.rs", text);
        assert_eq!(source.product_lines().map(|(number, _)| number).collect::<Vec<_>>(), [1, 6, 7]);
        assert_eq!(Source::new("x/benches/x.rs", text).product_lines().count(), 0);
    }

    #[test]
    fn a_test_import_ends_at_its_semicolon() {
        let source = Source::new("x/src/x.rs", "#[cfg(all(test, unix))]\nuse a::b;\nfn c() {}\n");
        assert_eq!(source.product_lines().map(|(number, _)| number).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let declared = "trait T {\n    fn none(&self);\n}\n";
        let defined = "pub fn a<const N: usize>(\n    x: [u8; { N }],\n) -> fn(u8) {\n    y\n}\n";
        let functions = Source::new("x/src/x.rs", &format!("{declared}{defined}")).functions();
        assert_eq!(functions, [Function { name: "a".into(), line: 4, lines: 5 }]);
    }

    #[test]
    fn words_know_their_neighbours() {
        let words: Vec<Word<'_>> = words("x.sin ( y2 )").collect();
        assert_eq!(words.iter().map(|w| w.text).collect::<Vec<_>>(), ["x", "sin", "y2"]);
        assert!(words[1].before.ends_with('.') && words[1].after.starts_with('('));
    }

    #[test]
    fn gates_are_read_with_their_modules() {
        let module = "pub mod a;\n#[cfg(feature = \"shell\")]\n/// Doc.\npub mod b;\nmod c;\n";
        let import = "#[cfg(feature = \"io\")]\nuse d;\nmod e;\n";
        let source = Source::new("x/src/lib.rs", &format!("{module}{import}"));
        assert_eq!(source.gated_modules(), [("b".into(), "shell".into())]);
    }

    #[test]
    fn module_declarations_are_told_from_other_lines() {
        assert_eq!(declared_module("pub(crate) mod wire;"), Some("wire"));
        assert_eq!(declared_module("    mod wire;"), Some("wire"));
        assert_eq!(declared_module("mod tests {"), None);
        assert_eq!(declared_module("let x = y mod z;"), None);
    }
}
