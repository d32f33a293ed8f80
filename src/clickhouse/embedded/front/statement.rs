//! Where a statement ends and its rows begin.
//!
//! ClickHouse's clients send `INSERT INTO t (a, b) FORMAT X` with rows behind it, in the url, the body or both. The
//! engine takes the two apart, so the front reads the statement as far as FORMAT, minding quotes, comments and
//! parentheses. Everything else stays whole for the engine's own parser.

/// A statement as the front has to send it to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// Rows follow, from byte `rows_at` of the text on.
    Insert { sql_length: usize, format: String, rows_at: usize },
    /// Runs as it stands; `format` is what its own FORMAT clause names. A `query` gives rows that can be fetched piece
    /// by piece; SHOW, DESCRIBE and their like read as well, but the engine gives their rows in one go.
    Whole { format: Option<String>, query: bool },
}

/// Reads as much of `text` as it takes. Bytes behind an INSERT's FORMAT are not looked at and may be anything.
pub(super) fn read(text: &[u8]) -> Statement {
    let mut tokens = Tokens { text, position: 0, depth: 0 };
    let Some(first) = tokens.next() else { return Statement::Whole { format: None, query: false } };
    if first.is(text, "insert")
        && let Some(insert) = insert(text, &mut tokens)
    {
        return insert;
    }
    let mut tokens = Tokens { text, position: 0, depth: 0 };
    let mut format = None;
    while let Some(token) = tokens.next() {
        if token.depth == 0 && token.is(text, "format") {
            let name = tokens.clone().next().filter(|name| name.word);
            format = name.map(|name| String::from_utf8_lossy(&text[name.start..name.end]).into_owned());
        }
    }
    let query = ["select", "with", "from", "values", "table"].iter().any(|keyword| first.is(text, keyword));
    Statement::Whole { format, query }
}

fn insert(text: &[u8], tokens: &mut Tokens<'_>) -> Option<Statement> {
    // The table's name may itself be `format` or `values`; keywords count only behind it.
    let mut token = tokens.next()?;
    for keyword in ["into", "table", "function"] {
        if token.is(text, keyword) {
            token = tokens.next()?;
        }
    }
    let mut name_end = token.end;
    while text.get(name_end) == Some(&b'.') {
        name_end = tokens.next()?.end;
    }
    while let Some(token) = tokens.next() {
        if token.depth > 0 {
            continue;
        }
        if ["select", "with", "watch", "from", "explain"].iter().any(|keyword| token.is(text, keyword)) {
            return None;
        }
        if token.is(text, "values") {
            let rows_at = token.end;
            return Some(Statement::Insert { sql_length: token.start, format: "Values".into(), rows_at });
        }
        if token.is(text, "format") {
            let name = tokens.next().filter(|name| name.word)?;
            let format = String::from_utf8_lossy(&text[name.start..name.end]).into_owned();
            return Some(Statement::Insert { sql_length: token.start, format, rows_at: rows_at(text, name.end) });
        }
    }
    None
}

/// ClickHouse's rule: rows begin behind blanks and at most one line end.
fn rows_at(text: &[u8], mut position: usize) -> usize {
    while matches!(text.get(position), Some(b' ' | b'\t' | b'\x0c')) {
        position += 1;
    }
    if text.get(position) == Some(&b'\r') {
        position += 1;
    }
    if text.get(position) == Some(&b'\n') {
        position += 1;
    }
    position
}

/// A word, or something in quotes.
#[derive(Clone, Copy, Debug)]
struct Token {
    start: usize,
    end: usize,
    depth: usize,
    word: bool,
}

impl Token {
    fn is(&self, text: &[u8], keyword: &str) -> bool {
        self.word && text[self.start..self.end].eq_ignore_ascii_case(keyword.as_bytes())
    }
}

#[derive(Clone)]
struct Tokens<'a> {
    text: &'a [u8],
    position: usize,
    /// Open parentheses, brackets and braces.
    depth: usize,
}

impl Tokens<'_> {
    fn skip_to(&mut self, end: &[u8]) {
        let rest = &self.text[self.position..];
        let found = rest.windows(end.len()).position(|window| window == end);
        self.position = found.map_or(self.text.len(), |at| self.position + at + end.len());
    }

    fn skip_quoted(&mut self, quote: u8) {
        self.position += 1;
        while let Some(byte) = self.text.get(self.position) {
            self.position += if *byte == b'\\' { 2 } else { 1 };
            if *byte == quote {
                break;
            }
        }
        self.position = self.position.min(self.text.len());
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let byte = *self.text.get(self.position)?;
            let start = self.position;
            match byte {
                b'-' if self.text[start..].starts_with(b"--") => self.skip_to(b"\n"),
                b'#' if self.text[start..].starts_with(b"# ") || self.text[start..].starts_with(b"#!") => {
                    self.skip_to(b"\n")
                }
                b'/' if self.text[start..].starts_with(b"/*") => self.skip_to(b"*/"),
                b'\'' | b'"' | b'`' => {
                    self.skip_quoted(byte);
                    return Some(Token { start, end: self.position, depth: self.depth, word: false });
                }
                b'(' | b'[' | b'{' => {
                    self.depth += 1;
                    self.position += 1;
                }
                b')' | b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.position += 1;
                }
                byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                    let rest = &self.text[start..];
                    let length =
                        rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80));
                    self.position = length.map_or(self.text.len(), |length| start + length);
                    return Some(Token { start, end: self.position, depth: self.depth, word: true });
                }
                _ => self.position += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Statement, read};

    #[test]
    fn an_insert_is_cut_where_its_rows_begin() {
        for (text, sql, format, rows) in [
            ("INSERT INTO t FORMAT CSV\n1,2", "INSERT INTO t ", "CSV", "1,2"),
            ("insert into t(a,b) format RowBinary", "insert into t(a,b) ", "RowBinary", ""),
            ("INSERT INTO d.t (`format`, b) FORMAT TSV \r\n\n1", "INSERT INTO d.t (`format`, b) ", "TSV", "\n1"),
            ("INSERT INTO format FORMAT JSONEachRow {}", "INSERT INTO format ", "JSONEachRow", "{}"),
            (
                "INSERT INTO `a b`.`format x` SETTINGS async_insert=1 FORMAT CSV\n",
                "INSERT INTO `a b`.`format x` SETTINGS async_insert=1 ",
                "CSV",
                "",
            ),
            (
                "-- FORMAT TSV\nINSERT /* select */ INTO t FORMAT CSV\nx",
                "-- FORMAT TSV\nINSERT /* select */ INTO t ",
                "CSV",
                "x",
            ),
            ("INSERT INTO t VALUES (1, 'FORMAT CSV')", "INSERT INTO t ", "Values", " (1, 'FORMAT CSV')"),
            ("INSERT INTO FUNCTION file('x', CSV) FORMAT CSV\n1", "INSERT INTO FUNCTION file('x', CSV) ", "CSV", "1"),
            ("INSERT INTO TABLE values FORMAT TSV\n1", "INSERT INTO TABLE values ", "TSV", "1"),
        ] {
            let Statement::Insert { sql_length, format: got, rows_at } = read(text.as_bytes()) else {
                panic!("{text} is an insert with rows");
            };
            assert_eq!((&text[..sql_length], got.as_str(), &text[rows_at..]), (sql, format, rows), "{text}");
        }
    }

    #[test]
    fn everything_else_stays_whole() {
        for (text, query, format) in [
            ("SELECT 1", true, None),
            ("(SELECT 1) UNION ALL (SELECT 2) FORMAT JSON", true, Some("JSON")),
            ("/* a */ with x as (select 1) select * from x", true, None),
            ("SELECT 'FORMAT CSV' FORMAT JSON;", true, Some("JSON")),
            ("SELECT (SELECT 1 FORMAT x) /* FORMAT y */ -- FORMAT z", true, None),
            ("SELECT 'it\\'s' FORMAT TSV", true, Some("TSV")),
            ("SHOW TABLES FORMAT CSV", false, Some("CSV")),
            ("INSERT INTO t SELECT * FROM u FORMAT JSON", false, Some("JSON")),
            ("INSERT INTO t (a) WITH x AS (SELECT 1) SELECT * FROM x", false, None),
            ("INSERT INTO t FROM INFILE 'x' FORMAT CSV", false, Some("CSV")),
            ("INSERT INTO t", false, None),
            ("", false, None),
            ("'unclosed", false, None),
        ] {
            let whole = Statement::Whole { format: format.map(str::to_owned), query };
            assert_eq!(read(text.as_bytes()), whole, "{text}");
        }
    }

    #[test]
    fn rows_of_an_insert_may_be_any_bytes() {
        let text = b"INSERT INTO t FORMAT RowBinary\n\xff\x00'`(";
        let Statement::Insert { rows_at, .. } = read(text) else { panic!("an insert") };
        assert_eq!(&text[rows_at..], b"\xff\x00'`(");
    }
}
