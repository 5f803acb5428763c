//! Events to standard output.

use std::io::{self, Write};
use std::ops::ControlFlow;

use super::event::{Event, Kind};
use super::{json, text};

/// Prints events until there were enough messages or nobody reads any more.
pub(crate) struct Printer<W> {
    out: W,
    is_json: bool,
    day: Option<String>,
    messages: u64,
    limit: u64,
    is_prompt: bool,
}

impl<W: Write> Printer<W> {
    /// Prints to `out`, up to `limit` messages, of which there is at least one.
    pub(crate) const fn new(out: W, is_json: bool, limit: u64) -> Self {
        Self {
            out,
            is_json,
            day: None,
            messages: 0,
            limit,
            is_prompt: false,
        }
    }

    /// Each event is to be seen at once.
    pub(crate) const fn be_prompt(&mut self) {
        self.is_prompt = true;
    }

    /// How many messages were printed.
    pub(crate) const fn messages(&self) -> u64 {
        self.messages
    }

    /// Prints these; breaks when no more are wanted.
    pub(crate) fn print(&mut self, events: impl IntoIterator<Item = Event>) -> ControlFlow<()> {
        for event in events {
            self.messages += u64::from(is_message(&event));
            // A reader that has seen enough (`| head`) is no failure.
            if self.line(&event).is_err() || self.messages == self.limit {
                return ControlFlow::Break(());
            }
        }
        if self.is_prompt && self.out.flush().is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    /// Prints what is to be said at the end, but messages only up to the limit.
    pub(crate) fn finish(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            if !is_message(&event) || self.messages < self.limit {
                self.messages += u64::from(is_message(&event));
                if self.line(&event).is_err() {
                    return;
                }
            }
        }
        _ = self.out.flush();
    }

    fn line(&mut self, event: &Event) -> io::Result<()> {
        if self.is_json {
            writeln!(self.out, "{}", json::line(event))
        } else {
            writeln!(self.out, "{}", text::line(event, &mut self.day))
        }
    }
}

const fn is_message(event: &Event) -> bool {
    matches!(event.kind, Kind::Message(_) | Kind::Undecodable(_))
}
