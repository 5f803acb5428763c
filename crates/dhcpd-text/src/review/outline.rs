//! The statements of an accepted file as a tree, each with its place: what the model does not keep.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Place;
use crate::conf::{self, MAX_DEPTH, MAX_INCLUDES};
use crate::diagnostic::is_continuation;
use crate::lex::{Lexer, LineIndex, Token, TokenKind, unescape};

/// Longest statement that is shown, in characters.
const MAX_SHOWN: usize = 120;

/// Index of a statement; the order is that of reading.
pub(super) type NodeId = usize;

/// All statements of a configuration, included files in the place of their `include`.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    nodes: Vec<Node>,
    files: Vec<(String, Rc<[u8]>)>,
    /// Statements outside of all braces.
    top: Vec<NodeId>,
    /// By file, line and column.
    by_place: BTreeMap<(usize, u32, u32), NodeId>,
}

#[derive(Debug, Clone)]
struct Node {
    at: conf::Location,
    /// The statement with its `;`, or what stands before the `{`.
    start: usize,
    end: usize,
    parent: Option<NodeId>,
    children: Vec<NodeId>,
}

struct Reading<'t> {
    lexer: Lexer<'t>,
    lines: LineIndex<'t>,
    file: usize,
}

impl Outline {
    /// The outline of a text that was accepted, with the texts of the files that it includes.
    pub(super) fn new(file: &str, text: &[u8], included: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut outline = Self {
            nodes: Vec::new(),
            files: Vec::new(),
            top: Vec::new(),
            by_place: BTreeMap::new(),
        };
        outline.read(file, Rc::from(text), included, None, 0);
        outline
    }

    fn read(
        &mut self,
        name: &str,
        text: Rc<[u8]>,
        included: &BTreeMap<String, Vec<u8>>,
        parent: Option<NodeId>,
        depth: usize,
    ) {
        let mut reading = Reading {
            lexer: Lexer::new(&*text),
            lines: LineIndex::new(&*text),
            file: self.files.len(),
        };
        self.files.push((name.to_owned(), Rc::clone(&text)));
        let mut around = vec![parent];
        loop {
            let before = reading.lexer.clone();
            let Ok(token) = reading.lexer.next_token() else {
                return;
            };
            if token.is_end() {
                return;
            }
            if token.is(b'}') {
                // The outermost is never closed: the file was accepted.
                if around.len() > 1 {
                    around.pop();
                }
                continue;
            }
            if token.is(b';') {
                continue;
            }
            reading.lexer = before;
            let parent = around.last().copied().flatten();
            let (node, opens) = self.statement(&mut reading, parent);
            if opens {
                around.push(Some(node));
            } else if let Some(name) = self.included(node)
                && let Some(text) = included.get(&name)
                && depth < MAX_DEPTH
                && self.files.len() <= MAX_INCLUDES
            {
                self.read(
                    &name,
                    Rc::from(text.as_slice()),
                    included,
                    parent,
                    depth + 1,
                );
            }
        }
    }

    /// Reads up to the `;` or `{` of a statement; answers whether a block is open then.
    fn statement(&mut self, reading: &mut Reading<'_>, parent: Option<NodeId>) -> (NodeId, bool) {
        let mut head = Head::default();
        let (mut start, mut end) = (None, 0);
        let mut opens = false;
        while let Ok(token) = reading.lexer.next_token() {
            if token.is_end() {
                break;
            }
            start.get_or_insert(token.span.start);
            match head.take(&token) {
                Part::More => end = token.span.end,
                Part::Last => {
                    end = token.span.end;
                    break;
                }
                Part::Open => {
                    opens = true;
                    break;
                }
            }
        }
        let start = start.unwrap_or(0);
        let place = reading.lines.locate(start);
        let before = &place.text[..(place.column - 1).min(place.text.len())];
        let column = before
            .iter()
            .filter(|byte| !is_continuation(**byte))
            .count()
            + 1;
        let at = conf::Location {
            file: reading.file,
            line: u32::try_from(place.line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        };
        let id = self.nodes.len();
        self.nodes.push(Node {
            at,
            start,
            end,
            parent,
            children: Vec::new(),
        });
        match parent {
            Some(parent) => self.nodes[parent].children.push(id),
            None => self.top.push(id),
        }
        self.by_place.insert((at.file, at.line, at.column), id);
        (id, opens)
    }

    /// The file that an `include` names.
    fn included(&self, node: NodeId) -> Option<String> {
        let mut lexer = self.lexer(node);
        if !lexer.next_token().ok()?.is_word("include") {
            return None;
        }
        let name = lexer.next_token().ok()?;
        let bytes = unescape(name.text).ok()?;
        (name.kind == TokenKind::String).then(|| String::from_utf8_lossy(&bytes).into_owned())
    }

    fn lexer(&self, node: NodeId) -> Lexer<'_> {
        let node = &self.nodes[node];
        Lexer::new(&self.files[node.at.file].1[node.start..node.end])
    }

    /// The statement that stands at a place, or around it.
    pub(super) fn at(&self, at: conf::Location) -> Option<NodeId> {
        let upto = self.by_place.range(..=(at.file, at.line, at.column));
        let (place, node) = upto.last()?;
        (place.0 == at.file).then_some(*node)
    }

    /// The statements in a block; in none, those outside of all braces.
    pub(super) fn within(&self, block: Option<NodeId>) -> &[NodeId] {
        match block {
            Some(node) => &self.nodes[node].children,
            None => &self.top,
        }
    }

    /// The statements in the block that is declared at a place, that start with one of these words.
    pub(super) fn named<'o>(
        &'o self,
        block: Option<NodeId>,
        words: &'o [&'o str],
    ) -> impl Iterator<Item = NodeId> + 'o {
        let inner = self.within(block).iter().copied();
        inner.filter(|node| words.contains(&self.word(*node).as_str()))
    }

    /// The first word, in lower case.
    pub(super) fn word(&self, node: NodeId) -> String {
        let first = self.lexer(node).next_token();
        first.map_or_else(|_| String::new(), |token| shown(&token))
    }

    /// The tokens in one spelling: words in lower case, without the `;`.
    pub(super) fn tokens(&self, node: NodeId) -> Vec<String> {
        let mut lexer = self.lexer(node);
        let next = || lexer.next_token().ok().filter(|token| !token.is_end());
        let tokens = std::iter::from_fn(next).filter(|token| !token.is(b';'));
        tokens.map(|token| shown(&token)).collect()
    }

    /// Where it stands, and what it says.
    pub(super) fn place(&self, node: NodeId) -> Place {
        let Node { at, start, end, .. } = self.nodes[node];
        let (file, text) = &self.files[at.file];
        let statement = String::from_utf8_lossy(&text[start..end]);
        let words: Vec<&str> = statement.split_whitespace().collect();
        let mut statement: String = words.join(" ").chars().take(MAX_SHOWN).collect();
        if text.get(end..).is_some_and(|rest| {
            rest.trim_ascii_start().first() == Some(&b'{') && text.get(end - 1) != Some(&b';')
        }) {
            statement.push_str(" {");
        }
        Place {
            file: file.clone(),
            line: at.line,
            column: at.column,
            statement,
        }
    }

    /// Where a statement of the model stands.
    pub(super) fn place_at(&self, at: conf::Location) -> Option<Place> {
        self.at(at).map(|node| self.place(node))
    }

    /// The block around a statement.
    pub(super) fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.nodes[node].parent
    }
}

/// One spelling of a token.
fn shown(token: &Token<'_>) -> String {
    let text = String::from_utf8_lossy(token.text);
    match token.kind {
        TokenKind::String => format!("\"{text}\""),
        _ => text.to_ascii_lowercase(),
    }
}

/// What a token is to its statement.
enum Part {
    /// More follow.
    More,
    /// The statement ends with it.
    Last,
    /// It is the `{` of the block.
    Open,
}

/// What has been read of a statement.
#[derive(Default)]
struct Head {
    words: Vec<String>,
    /// Behind `=`, a `{` begins a record type and no block.
    definition: bool,
    records: usize,
}

impl Head {
    fn take(&mut self, token: &Token<'_>) -> Part {
        if token.is(b'{') && !self.definition {
            return Part::Open;
        }
        if self.definition && token.is(b'{') {
            self.records += 1;
        } else if self.definition && token.is(b'}') {
            self.records = self.records.saturating_sub(1);
        } else if token.is(b'=') && self.words.first().is_some_and(|word| word == "option") {
            self.definition = true;
        }
        if self.words.len() < 3 {
            self.words.push(shown(token));
        }
        // ISC's grammar has no `;` here.
        let ends = self.words == ["no", "failover", "peer"] || self.is_label(token);
        if token.is(b';') || ends {
            return Part::Last;
        }
        Part::More
    }

    /// `case VALUE:` and `default:` in a `switch`.
    fn is_label(&self, token: &Token<'_>) -> bool {
        let first = self.words.first().map_or("", String::as_str);
        token.is(b':') && (first == "case" || self.words == ["default", ":"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Outline {
        Outline::new("f", text.as_bytes(), &BTreeMap::new())
    }

    #[test]
    fn blocks_and_statements_are_cut_as_the_reader_cuts_them() {
        let text = "option a code 1 = { text, integer 8 };\npool { no failover peer range 1; allow\n  known; }\nif x = 1 { y 2; } else { z; }";
        let outline = outline(text);
        let shown = |nodes: &[NodeId]| -> Vec<String> {
            let place = |node: &NodeId| outline.place(*node).statement;
            nodes.iter().map(place).collect()
        };
        let top = outline.within(None);
        assert_eq!(
            shown(top),
            [
                "option a code 1 = { text, integer 8 };",
                "pool {",
                "if x = 1 {",
                "else {"
            ]
        );
        assert_eq!(
            shown(outline.within(Some(top[1]))),
            ["no failover peer", "range 1;", "allow known;"]
        );
        let allow = outline.within(Some(top[1]))[2];
        assert_eq!(
            (outline.place(allow).line, outline.place(allow).column),
            (2, 34)
        );
        assert_eq!(outline.parent(allow), Some(top[1]));
    }

    #[test]
    fn an_included_file_stands_in_the_place_of_its_include() {
        let files = BTreeMap::from([("g".to_owned(), b"b;\nc;".to_vec())]);
        let outline = Outline::new("f", b"a { include \"g\"; }\nd;", &files);
        let inner = outline.within(Some(outline.within(None)[0]));
        let places: Vec<Place> = inner.iter().map(|node| outline.place(*node)).collect();
        assert_eq!(places[2].file, "g");
        assert_eq!((places[2].line, places[2].statement.as_str()), (2, "c;"));
        assert_eq!(outline.within(None).len(), 2);
    }
}
