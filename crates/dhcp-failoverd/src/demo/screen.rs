//! What the spectator sees: lines that stay, and on a terminal a picture under them that is drawn anew.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use super::timeline::Timeline;

/// Characters of the clients' bar.
const BAR: usize = 50;
/// How often a line of progress is written where there is no terminal.
const PROGRESS: Duration = Duration::from_secs(2);

/// Colours and marks of the two servers' shares.
const SHARES: [(&str, &str); 2] = [("36", "█"), ("35", "▓")];

/// One server at a moment.
#[derive(Clone, Default, Debug)]
pub(super) struct ServerView {
    /// `primary` or `secondary`.
    pub(super) role: &'static str,
    /// Its state.
    pub(super) state: String,
    /// Clients whose lease is from it.
    pub(super) clients: usize,
    /// Free addresses that are its own to give; `None` if it doesn't say.
    pub(super) own_free: Option<u32>,
    /// Leases that it knows of, its partner's included.
    pub(super) known: Option<u32>,
}

/// Everything at a moment.
#[derive(Clone, Default, Debug)]
pub(super) struct Frame {
    /// Since the beginning.
    pub(super) at: Duration,
    /// Primary and secondary.
    pub(super) servers: [ServerView; 2],
    /// Clients that will have come.
    pub(super) clients: usize,
    /// Clients that are here and have no address.
    pub(super) waiting: usize,
    /// The longest that any client waited.
    pub(super) longest_wait: Duration,
    /// Addresses got in the last second.
    pub(super) doras_per_second: usize,
    /// Leases extended.
    pub(super) extended: u64,
    /// Leases lost.
    pub(super) lost: usize,
    /// Addresses held twice.
    pub(super) held_twice: usize,
}

/// The terminal, or the file or pipe in its place.
pub(super) struct Screen {
    paint: Paint,
    /// Whether the picture can be drawn anew.
    live: bool,
    frame: Option<Frame>,
    timeline: Timeline,
    /// Lines of the picture that is on the terminal.
    drawn: usize,
    next_progress: Duration,
}

/// Colours, if they are wanted.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Screen {
    /// Looks at what standard output is.
    pub(super) fn new() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let terminal = io::stdout().is_terminal();
        let live = terminal && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        Self {
            paint: Paint(live && !set("NO_COLOR")),
            live,
            frame: None,
            timeline: Timeline::default(),
            drawn: 0,
            next_progress: PROGRESS,
        }
    }

    /// Writes a line that stays.
    pub(super) fn line(&mut self, text: &str) {
        let mut out = self.erased();
        _ = writeln!(out, "{text}");
        self.draw(&mut out);
        put(&out);
    }

    /// Begins an act.
    pub(super) fn caption(&mut self, text: &str) {
        let bold = self.paint.with("1", text);
        self.line(&format!("\n{bold}"));
    }

    /// Writes that a server changed its state.
    pub(super) fn moved(&mut self, at: Duration, role: &str, from: &str, to: &str) {
        let (from, to) = (from.to_uppercase(), to.to_uppercase());
        let to = self.paint.state(&to, &to);
        self.line(&format!(
            "{:8.2} s  {role:<9}  {from} → {to}",
            at.as_secs_f64()
        ));
    }

    /// Shows how things are now.
    pub(super) fn show(&mut self, frame: Frame) {
        let [primary, secondary] = &frame.servers;
        self.timeline
            .record(frame.at, [&primary.state, &secondary.state]);
        if self.live {
            let mut out = self.erased();
            self.frame = Some(frame);
            self.draw(&mut out);
            put(&out);
        } else if frame.at >= self.next_progress {
            self.next_progress = frame.at + PROGRESS;
            self.line(&frame.progress());
        }
    }

    /// Writes the states of both servers over time.
    pub(super) fn timeline(&mut self) {
        let rows = self.timeline.rows().clone();
        for (role, row) in ["primary", "secondary"].iter().zip(rows) {
            self.line(&format!("  {role:<9}  {}", self.paint.row(&row)));
        }
        for line in self.timeline.legend() {
            self.line(&format!("             {line}"));
        }
    }

    /// Takes the picture away.
    pub(super) fn clear(&mut self) {
        let mut out = self.erased();
        self.frame = None;
        if self.live {
            out.push_str("\x1b[?25h");
        }
        put(&out);
    }

    /// What takes the picture off the terminal.
    fn erased(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            lines => format!("\x1b[{lines}F\x1b[J"),
        }
    }

    /// The picture again, with the cursor hidden, and lines cut at the edge so that they stay countable.
    fn draw(&mut self, out: &mut String) {
        let Some(frame) = &self.frame else { return };
        let lines = frame.picture(&self.timeline, self.paint);
        self.drawn = lines.len();
        out.push_str("\x1b[?25l\x1b[?7l");
        lines.iter().for_each(|line| _ = writeln!(out, "{line}"));
        out.push_str("\x1b[?7h");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A reader that has seen enough (`| head`) doesn't stop the demo.
fn put(text: &str) {
    let mut out = io::stdout().lock();
    _ = out.write_all(text.as_bytes());
    _ = out.flush();
}

impl Frame {
    /// Clients that have an address.
    fn served(&self) -> usize {
        self.servers.iter().map(|server| server.clients).sum()
    }

    /// One line, for where there is no terminal.
    fn progress(&self) -> String {
        let [primary, secondary] = &self.servers;
        format!(
            "{:8.2} s  {} of {} clients served ({} + {}), {} DORA/s; {} / {}",
            self.at.as_secs_f64(),
            self.served(),
            self.clients,
            primary.clients,
            secondary.clients,
            self.doras_per_second,
            primary.state,
            secondary.state
        )
    }

    fn picture(&self, timeline: &Timeline, paint: Paint) -> Vec<String> {
        let mut lines = vec![String::new(), self.bar(paint)];
        for (server, (colour, mark)) in self.servers.iter().zip(SHARES) {
            let number = |n: Option<u32>| n.map_or_else(|| "-".into(), |n| n.to_string());
            lines.push(format!(
                "  {:<9} {} {} serves {:>3}  knows {:>3}  own free {:>3}",
                server.role,
                paint.with(colour, mark),
                paint.state(&server.state, &format!("{:<26}", server.state)),
                server.clients,
                number(server.known),
                number(server.own_free)
            ));
        }
        for row in timeline.rows() {
            lines.push(format!("             {}", paint.row(row)));
        }
        lines.push(format!(
            "  {:5.1} s    {} DORA/s, {} renewals, {} waiting, longest wait {:.2} s",
            self.at.as_secs_f64(),
            self.doras_per_second,
            self.extended,
            self.waiting,
            self.longest_wait.as_secs_f64()
        ));
        lines.push(format!(
            "             {} leases lost, {} addresses held twice",
            self.lost, self.held_twice
        ));
        lines
    }

    /// The clients, as they are shared.
    fn bar(&self, paint: Paint) -> String {
        let mut bar = String::new();
        let mut length = 0;
        for (server, (colour, mark)) in self.servers.iter().zip(SHARES) {
            let part = server.clients * BAR / self.clients.max(1);
            bar.push_str(&paint.with(colour, &mark.repeat(part)));
            length += part;
        }
        let rest = "·".repeat(BAR.saturating_sub(length));
        bar.push_str(&paint.with("2", &rest));
        format!("  clients    {bar} {} of {}", self.served(), self.clients)
    }
}

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.into()
        }
    }

    /// A row of the timeline.
    fn row(self, row: &str) -> String {
        let colour = |letter| match letter {
            'N' => "32",
            'x' => "31",
            _ => "33",
        };
        row.chars()
            .map(|letter| self.with(colour(letter), &letter.to_string()))
            .collect()
    }

    /// Green for normal, red for dead, yellow for all between.
    fn state(self, state: &str, text: &str) -> String {
        let code = match state {
            "NORMAL" => "32",
            "dead" => "31",
            _ => "33",
        };
        self.with(code, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        let server = |role, state: &str, clients| ServerView {
            role,
            state: state.into(),
            clients,
            own_free: Some(7),
            known: None,
        };
        Frame {
            at: Duration::from_millis(6_020),
            servers: [
                server("primary", "dead", 125),
                server("secondary", "NORMAL", 250),
            ],
            clients: 500,
            waiting: 2,
            doras_per_second: 51,
            ..Frame::default()
        }
    }

    #[test]
    fn the_line_of_progress_says_it_all() {
        assert_eq!(
            frame().progress(),
            "    6.02 s  375 of 500 clients served (125 + 250), 51 DORA/s; dead / NORMAL"
        );
    }

    #[test]
    fn the_picture_without_colours_is_plain_and_narrow() {
        let mut timeline = Timeline::default();
        timeline.record(Duration::from_secs(30), ["dead", "NORMAL"]);
        let lines = frame().picture(&timeline, Paint(false));
        for line in &lines {
            assert!(!line.contains('\x1b'));
            assert!(line.chars().count() < 80, "{line}");
        }
        assert_eq!(lines[1].matches('█').count(), 12);
        assert_eq!(lines[1].matches('▓').count(), 25);
        assert_eq!(lines[1].matches('·').count(), 13);
        assert!(lines[2].contains("dead ") && lines[2].contains("knows   -"));
        assert!(frame().picture(&timeline, Paint(true))[3].contains("\x1b[32mNORMAL"));
    }

    #[test]
    fn no_clients_are_no_division_by_zero() {
        let lines = Frame::default().picture(&Timeline::default(), Paint(false));
        assert!(lines[1].contains("0 of 0"));
    }
}
