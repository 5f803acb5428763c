//! The report for people.

use std::fmt::{self, Write as _};

use super::arguments::Kill;
use super::record::{Course, Longest, Record, Row, server};
use super::report::Report;
use super::span::Span;

/// The whole report.
pub(super) fn write(report: &Report) -> String {
    let mut out = String::new();
    put(&mut out, report).expect("a string takes everything");
    out
}

fn put(out: &mut String, report: &Report) -> fmt::Result {
    let lasts = report.runs.first().map_or(Span(0), |run| run.repaired);
    writeln!(
        out,
        "Failover peer \"{}\" ({})",
        report.relationship, report.place
    )?;
    writeln!(
        out,
        "{}, after {} of service, for {}.",
        happens(report.kill),
        report.in_service.clock(),
        lasts.clock()
    )?;
    writeln!(
        out,
        "{} addresses, {} clients and {} new ones an hour, MCLT {}, seed {}.",
        report.addresses,
        report.clients,
        report.new_an_hour,
        Span(i64::from(report.mclt) * 1000).clock(),
        report.seed
    )?;
    report
        .notes
        .iter()
        .try_for_each(|note| writeln!(out, "note: {note}"))?;
    for run in &report.runs {
        writeln!(out, "\n{}", title(report, run.course))?;
        states(out, run)?;
        writeln!(out)?;
        rows(out, &run.rows)?;
    }
    writeln!(out)?;
    answers(report)
        .iter()
        .try_for_each(|line| writeln!(out, "{line}"))
}

/// What a run is about.
pub(super) fn title(report: &Report, course: Course) -> String {
    let survivor = server(report.kill.survivor());
    match course {
        Course::Wait => "Nobody declares the partner down".into(),
        Course::PartnerDown => format!(
            "The {survivor} is told at {} that its partner is down",
            report.declared.moment()
        ),
        Course::Mistake => format!(
            "The same, but only the link is down: the {survivor} is told at {} that its partner is down",
            report.declared.moment()
        ),
    }
}

/// What fails, as a sentence.
pub(super) fn happens(kill: Kill) -> &'static str {
    match kill {
        Kill::Primary => "The primary loses power",
        Kill::Secondary => "The secondary loses power",
        Kill::Link => "The servers can't reach each other",
    }
}

fn states(out: &mut String, run: &Record) -> fmt::Result {
    for change in &run.states {
        let at = change.at.moment();
        writeln!(out, "  {at:>10}  {:<9}  {}", change.server, change.state)?;
    }
    Ok(())
}

fn rows(out: &mut String, rows: &[Row]) -> fmt::Result {
    writeln!(
        out,
        "              ACKs since the last row   left for strangers   clients without"
    )?;
    writeln!(
        out,
        "        time   primary  secondary     primary  secondary       an address"
    )?;
    for row in rows {
        let left = |node| {
            row.side(node)
                .map_or("-".into(), |side| side.available.to_string())
        };
        let answers = |node| {
            row.side(node)
                .map_or("-".into(), |side| side.answered.to_string())
        };
        writeln!(
            out,
            "  {:>10}  {:>8}  {:>9}    {:>8}  {:>9}  {:>15}",
            row.at.moment(),
            answers(0),
            answers(1),
            left(0),
            left(1),
            row.waiting
        )?;
    }
    Ok(())
}

/// The questions that a drill is held for.
fn answers(report: &Report) -> Vec<String> {
    let of = |course| report.runs.iter().find(move |run| run.course == course);
    let mut lines = Vec::new();
    if let Some(run) = of(Course::Wait) {
        lines.push(pool(report, run));
        lines.push(format!("Waits:        {}", waits(run)));
    }
    if let Some(run) = of(Course::PartnerDown) {
        lines.push(partner_down(report, run));
    }
    if let Some(run) = of(Course::Mistake) {
        lines.push(match run.used_twice_at {
            Some(at) => format!(
                "Its risk:     if the partner is alive, {} addresses have two users at once, the first at {}.",
                run.used_twice,
                at.moment()
            ),
            None => "Its risk:     if the partner is alive, two clients can get one address; in this run none did.".into(),
        });
    }
    let resyncs = report.runs.iter().map(|run| {
        let how = match run.course {
            Course::Wait => "nothing declared",
            Course::PartnerDown => "declared down",
            Course::Mistake => "declared down by mistake",
        };
        let length = run.resync.map_or("not in time".into(), Span::clock);
        format!("{length} ({how})")
    });
    let resyncs: Vec<String> = resyncs.collect();
    lines.push(format!(
        "Resync:       both NORMAL and in step after {}.",
        resyncs.join(", ")
    ));
    lines
}

fn pool(report: &Report, run: &Record) -> String {
    let who = match report.kill.victim() {
        Some(victim) => format!("the {}", server(1 - victim)),
        None => "one of the two".into(),
    };
    if let Some(dry) = run.dry.as_ref().filter(|dry| dry.at == Span(0)) {
        return format!(
            "Pool:         too small even without a failure: {who} has no address left on {} before it; {} clients \
             never get one.",
            dry.network, run.unserved
        );
    }
    if let Some(dry) = &run.dry {
        return format!(
            "Pool:         too small for this: {who} has no address left for new clients on {} at {}; {} clients \
             never get one.",
            dry.network,
            dry.at.moment(),
            run.unserved
        );
    }
    let left = run
        .rows
        .iter()
        .filter_map(|row| match report.kill.victim() {
            Some(victim) => row.side(1 - victim).map(|side| side.available),
            None => Some(row.side(0)?.available.min(row.side(1)?.available)),
        });
    let least = left.min().unwrap_or_default();
    format!(
        "Pool:         it lasts: {who} never has fewer than {least} addresses left for new clients."
    )
}

fn partner_down(report: &Report, run: &Record) -> String {
    let survivor = server(report.kill.survivor());
    let declared = report.declared.moment();
    let Some(rest) = run.rest else {
        return format!(
            "Partner-down: declared at {declared}, it gives no addresses before the repair."
        );
    };
    let judged = match &run.dry {
        None => "in time: it never runs out".into(),
        Some(dry) if dry.at < rest.at => format!(
            "too late: it is out of them at {}; decide sooner, or lower mclt",
            dry.at.moment()
        ),
        Some(dry) => format!("but it is out of them again at {}", dry.at.moment()),
    };
    format!(
        "Partner-down: declared at {declared}, it gives the {survivor} {} addresses more at {}, {judged}.",
        rest.addresses,
        rest.at.moment()
    )
}

fn waits(run: &Record) -> String {
    let one = |longest: &Option<Longest>| match longest {
        Some(longest) => {
            let left = if longest.served { "" } else { ", in vain" };
            match longest.seconds {
                Span(short) if short < 60_000 => format!("{:.1} s{left}", short as f64 / 1000.0),
                long => format!("{}{left}", long.clock()),
            }
        }
        None => "none".into(),
    };
    format!(
        "the longest that a client was without an address: {}; before the failure: {}.",
        one(&run.longest_wait),
        one(&run.longest_wait_before)
    )
}
