//! The timeline as a picture.

use std::fmt::{self, Write as _};

use super::record::{Change, Record, server};
use super::report::Report;
use super::span::Span;
use super::text::{happens, title};

/// All lengths in pixels.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 70.0;
const HEAD: f64 = 48.0;
/// Height of what is drawn for one run.
const PANEL: f64 = 232.0;
const BAR: f64 = 18.0;
const PLOT: f64 = 104.0;
/// Marks on the axis of time.
const MARKS: usize = 6;

/// One picture of all drills, one below the other.
pub(super) fn draw(reports: &[Report]) -> String {
    let panels: usize = reports.iter().map(|report| report.runs.len()).sum();
    let height = HEAD * reports.len() as f64 + PANEL * panels as f64 + 40.0;
    let mut out = String::new();
    picture(&mut out, reports, height).expect("a string takes everything");
    out
}

fn picture(out: &mut String, reports: &[Report], height: f64) -> fmt::Result {
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>"
    )?;
    let mut y = 0.0;
    for report in reports {
        text(
            out,
            (10.0, y + 22.0),
            "font-size=\"15\" font-weight=\"bold\"",
            &format!("{}: {}", report.relationship, happens(report.kill)),
        )?;
        let lasts = format!(
            "{} addresses, {} clients, {} new ones an hour, MCLT {}",
            report.addresses,
            report.clients,
            report.new_an_hour,
            Span(i64::from(report.mclt) * 1000).clock()
        );
        text(out, (10.0, y + 40.0), "fill=\"#555\"", &lasts)?;
        y += HEAD;
        for run in &report.runs {
            panel(out, report, run, y)?;
            y += PANEL;
        }
    }
    legend(out, reports, y + 14.0)?;
    writeln!(out, "</svg>")
}

/// The span of time that a panel shows.
struct Scale {
    begin: f64,
    end: f64,
}

impl Scale {
    /// From a little before the failure to a little after the last thing that happened.
    fn of(run: &Record) -> Self {
        let repaired = run.repaired.seconds();
        let last = run.states.last().map_or(0.0, |change| change.at.seconds());
        let end = repaired + run.resync.map_or(0.0, Span::seconds);
        let end = end.max(last).max(1.0);
        Self {
            begin: -0.04 * end,
            end: 1.03 * end,
        }
    }

    fn x(&self, at: Span) -> f64 {
        let part = (at.seconds() - self.begin) / (self.end - self.begin);
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }
}

fn panel(out: &mut String, report: &Report, run: &Record, top: f64) -> fmt::Result {
    let scale = Scale::of(run);
    text(
        out,
        (10.0, top + 16.0),
        "font-weight=\"bold\"",
        &title(report, run.course),
    )?;
    for node in [0, 1] {
        bar(
            out,
            run,
            &scale,
            node,
            top + 26.0 + node as f64 * (BAR + 4.0),
        )?;
    }
    let plot = top + 82.0;
    axes(out, run, &scale, plot)?;
    for node in [0, 1] {
        line(out, report, run, &scale, node, plot)?;
    }
    moments(out, run, &scale, plot)
}

/// The states of a server, one behind the other.
fn bar(out: &mut String, run: &Record, scale: &Scale, node: usize, y: f64) -> fmt::Result {
    text(out, (10.0, y + 13.0), "", server(node))?;
    let changes: Vec<&Change> = run
        .states
        .iter()
        .filter(|change| change.server == server(node))
        .collect();
    for (index, change) in changes.iter().enumerate() {
        let from = if index == 0 { LEFT } else { scale.x(change.at) };
        let to = changes
            .get(index + 1)
            .map_or(WIDTH - RIGHT, |next| scale.x(next.at));
        writeln!(
            out,
            "<rect x=\"{from:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{}\"><title>{} from {}</title></rect>",
            (to - from).max(0.5),
            colour(&change.state),
            escape(&change.state),
            change.at.moment()
        )?;
    }
    Ok(())
}

fn axes(out: &mut String, run: &Record, scale: &Scale, top: f64) -> fmt::Result {
    let (bottom, most) = (top + PLOT, most(run));
    for (value, y) in [(most, top), (0, bottom)] {
        writeln!(
            out,
            "<path d=\"M{LEFT} {y:.1}H{:.1}\" stroke=\"#ccc\"/>",
            WIDTH - RIGHT
        )?;
        text(
            out,
            (LEFT - 6.0, y + 4.0),
            "text-anchor=\"end\"",
            &value.to_string(),
        )?;
    }
    text(out, (10.0, top + PLOT / 2.0), "fill=\"#555\"", "left for")?;
    text(
        out,
        (10.0, top + PLOT / 2.0 + 14.0),
        "fill=\"#555\"",
        "strangers",
    )?;
    let mut marks: Vec<(Span, String)> = (0..=MARKS)
        .map(|mark| Span(run.repaired.0 * mark as i64 / MARKS as i64))
        .map(|at| (at, at.moment()))
        .collect();
    if let Some((_, label)) = marks.last_mut() {
        *label += " repaired";
    }
    for (at, label) in marks {
        let x = scale.x(at);
        writeln!(
            out,
            "<path d=\"M{x:.1} {top:.1}V{:.1}\" stroke=\"#e4e4e4\"/>",
            bottom + 4.0
        )?;
        text(
            out,
            (x, bottom + 17.0),
            "text-anchor=\"middle\" fill=\"#555\"",
            &label,
        )?;
    }
    Ok(())
}

/// What an operator asks for: when addresses run out, when there are more, and when two clients have the same.
fn moments(out: &mut String, run: &Record, scale: &Scale, top: f64) -> fmt::Result {
    let bottom = top + PLOT;
    let dry = run.dry.as_ref().map(|dry| (dry.at, "#c00", "none left"));
    let rest = run.rest.map(|rest| (rest.at, "#080", "the partner's too"));
    let twice = run.used_twice_at.map(|at| (at, "#c00", "used twice"));
    for (row, (at, colour, label)) in [dry, rest, twice].into_iter().flatten().enumerate() {
        let x = scale.x(at);
        writeln!(
            out,
            "<path d=\"M{x:.1} {top:.1}V{bottom:.1}\" stroke=\"{colour}\" stroke-dasharray=\"4 3\"/>"
        )?;
        let label = format!("{label} {}", at.moment());
        let y = top + 12.0 + 14.0 * row as f64;
        // With a rim, so that it can be read across the line.
        let style =
            format!("fill=\"{colour}\" stroke=\"white\" stroke-width=\"4\" paint-order=\"stroke\"");
        text(out, (x + 4.0, y), &style, &label)?;
    }
    Ok(())
}

/// The addresses that a server has left for strangers.
fn line(
    out: &mut String,
    report: &Report,
    run: &Record,
    scale: &Scale,
    node: usize,
    top: f64,
) -> fmt::Result {
    let points = run.rows.iter().filter_map(|row| {
        let left = f64::from(row.side(node)?.available) / f64::from(most(run));
        Some(format!(
            "{:.1},{:.1}",
            scale.x(row.at),
            top + PLOT * (1.0 - left)
        ))
    });
    let points: Vec<String> = points.collect();
    let dashes = if node == report.kill.survivor() {
        ""
    } else {
        " stroke-dasharray=\"2 3\""
    };
    writeln!(
        out,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{dashes}/>",
        points.join(" "),
        ["#1f5fa8", "#8a4fa0"][node]
    )
}

/// The greatest number of a plot.
fn most(run: &Record) -> u32 {
    let sides = run.rows.iter().flat_map(|row| [row.primary, row.secondary]);
    sides
        .flatten()
        .map(|side| side.available)
        .max()
        .unwrap_or(1)
        .max(1)
}

fn legend(out: &mut String, reports: &[Report], y: f64) -> fmt::Result {
    let runs = reports.iter().flat_map(|report| &report.runs);
    let mut states: Vec<&str> = runs
        .flat_map(|run| run.states.iter().map(|change| change.state.as_str()))
        .collect();
    states.sort_unstable();
    states.dedup();
    let (mut x, mut y) = (10.0, y);
    for state in states {
        // About the width of what is written.
        let width = 34.0 + 6.4 * state.len() as f64;
        if x + width > WIDTH {
            (x, y) = (10.0, y + 18.0);
        }
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{}\"/>",
            y - 10.0,
            colour(state)
        )?;
        text(out, (x + 16.0, y), "", state)?;
        x += width;
    }
    Ok(())
}

fn text(out: &mut String, (x, y): (f64, f64), attributes: &str, text: &str) -> fmt::Result {
    writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{}</text>",
        escape(text)
    )
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    // XML has no control characters.
    text.chars().filter(|c| !c.is_control()).collect()
}

fn colour(state: &str) -> &'static str {
    match state {
        "normal" => "#7fbf7b",
        "communications-interrupted" => "#f4a742",
        "partner-down" => "#d7584f",
        "off" => "#444",
        "startup" => "#bdbdbd",
        "recover" | "recover-wait" | "recover-done" => "#80b1d3",
        _ => "#b07aa1",
    }
}
