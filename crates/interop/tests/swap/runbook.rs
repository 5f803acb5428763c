//! The commands of `docs/migrate-from-isc.md`, as they stand there.

use std::collections::BTreeMap;
use std::sync::Mutex;

const TEXT: &str = include_str!("../../../../docs/migrate-from-isc.md");

/// Stands before a block of commands, and names it.
const MARK: &str = "<!-- run: ";

/// Stands before a table of log lines.
const LOG_MARK: &str = "<!-- log -->";

/// A command, and what the runbook says that it prints.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Command {
    pub(crate) line: String,
    /// Lines that are printed in this order, others perhaps between them; `…` stands for anything.
    pub(crate) printed: Vec<String>,
}

/// All blocks by name, and which of them were run.
pub(crate) struct Runbook {
    blocks: BTreeMap<String, Vec<Command>>,
    /// Lines of the log that it explains.
    log: Vec<String>,
    /// Blocks not run, log lines not seen.
    open: Mutex<Vec<String>>,
}

impl Runbook {
    /// Reads it. A block of commands without a name is an error: nothing there may go untried.
    pub(crate) fn read() -> Self {
        Self::parse(TEXT)
    }

    fn parse(text: &str) -> Self {
        let mut blocks = BTreeMap::new();
        let mut log = Vec::new();
        let mut name = None;
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(rest) = line.strip_prefix(MARK) {
                name = rest.strip_suffix(" -->").map(str::to_owned);
            } else if line == "```console" {
                let name = name.take().expect("each block of commands has a name");
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                let again = blocks.insert(name.clone(), commands(&block));
                assert!(again.is_none(), "{name} is there twice");
            } else if line == LOG_MARK {
                while let Some(row) = lines.next_if(|row| row.starts_with('|')) {
                    log.extend(row.split('`').nth(1).map(str::to_owned));
                }
            } else if line.starts_with("```") {
                // Pictures.
                lines
                    .by_ref()
                    .take_while(|line| *line != "```")
                    .for_each(drop);
            }
        }
        assert!(!log.is_empty(), "no table of log lines");
        let open = Mutex::new(blocks.keys().chain(&log).cloned().collect());
        Self { blocks, log, open }
    }

    /// The commands of a block, which are run now.
    pub(crate) fn block(&self, name: &str) -> &[Command] {
        self.done(name);
        self.blocks
            .get(name)
            .unwrap_or_else(|| panic!("the runbook has no block {name}"))
    }

    /// Notes which of the lines that it explains are in `log`.
    pub(crate) fn note_log(&self, log: &[String]) {
        for explained in &self.log {
            if log.iter().any(|line| matches(explained, line)) {
                self.done(explained);
            }
        }
    }

    /// Fails if something in it wasn't run or seen.
    pub(crate) fn assert_done(&self) {
        let open = self.open.lock().unwrap();
        assert!(
            open.is_empty(),
            "in the runbook, but not seen in this run: {open:#?}"
        );
    }

    fn done(&self, what: &str) {
        self.open.lock().unwrap().retain(|open| open != what);
    }
}

fn commands(block: &[&str]) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    for line in block {
        match (line.strip_prefix("# "), commands.last_mut()) {
            (Some(command), _) => commands.push(Command {
                line: command.into(),
                printed: Vec::new(),
            }),
            (None, Some(command)) => command.printed.push(line.trim().into()),
            (None, None) => panic!("a block begins with a command, not {line:?}"),
        }
    }
    commands
}

impl Command {
    /// Is this what the runbook says?
    pub(crate) fn agrees(&self, output: &str) -> bool {
        let mut lines = output.lines();
        self.printed
            .iter()
            .all(|wanted| lines.any(|line| matches(wanted, line)))
    }
}

/// Is `pattern`, in which `…` stands for anything, somewhere in `line`?
fn matches(pattern: &str, line: &str) -> bool {
    let mut rest = line;
    pattern.split('…').all(|part| {
        let found = rest.find(part.trim());
        rest = found.map_or("", |at| &rest[at + part.trim().len()..]);
        found.is_some()
    })
}

#[test]
fn a_runbook_is_read() {
    let text = "x\n<!-- run: a -->\n```console\n# one\n  it … says\n# two | three\n```\n```mermaid\n# no\n```\n\
                <!-- log -->\n| line | means |\n|---|---|\n| `I move from … to b` | c |\n";
    let runbook = Runbook::parse(text);
    let block = runbook.block("a").to_vec();
    assert_eq!(
        block.iter().map(|c| c.line.as_str()).collect::<Vec<_>>(),
        ["one", "two | three"]
    );
    assert!(block[0].agrees("x\nit really says so\n") && !block[0].agrees("says it\n"));
    assert!(block[1].agrees("anything"));
    runbook.note_log(&["failover peer p: I move from a to c".into()]);
    assert_eq!(runbook.open.lock().unwrap().len(), 1);
    runbook.note_log(&["failover peer p: I move from a to b".into()]);
    runbook.assert_done();
}
