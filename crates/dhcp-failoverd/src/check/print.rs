//! The report as text and as JSON.

use std::fmt::Write as _;

use dhcpd_text::review::{Level, Place, Remark};
use serde_json::{Value, json};

use super::Report;

/// For people: what is worst first.
pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    if let [a, b] = &report.files[..] {
        _ = writeln!(text, "a is {a}, b is {b}\n");
    }
    for (_, message) in &report.diagnostics {
        let word = if message.level == Level::Error {
            "error: "
        } else {
            ""
        };
        _ = writeln!(text, "{word}{}\n", message.shown);
    }
    let mut remarks: Vec<&Remark> = report.findings.iter().chain(&report.advice).collect();
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.level));
    for remark in remarks {
        _ = writeln!(text, "{}: {} [{}]", remark.level, remark.text, remark.what);
        for place in [&remark.a, &remark.b].into_iter().flatten() {
            _ = writeln!(
                text,
                "    {} line {}: {}",
                place.file, place.line, place.statement
            );
        }
        text.push('\n');
    }
    let mut levels: Vec<Level> = report.levels().collect();
    levels.extend(report.diagnostics.iter().map(|(_, message)| message.level));
    let count = |level| levels.iter().filter(|other| **other == level).count();
    let plural = |level: Level| match count(level) {
        1 => format!("1 {level}"),
        n => format!("{n} {level}s"),
    };
    let parts = [Level::Error, Level::Warning, Level::Note].map(plural);
    text.push_str(&parts.join(", "));
    text
}

/// For programs.
pub(super) fn json(report: &Report) -> String {
    let diagnostics: Vec<Value> = report
        .diagnostics
        .iter()
        .map(|(number, message)| {
            json!({
                "severity": message.level.as_str(),
                "side": if *number == 0 { "a" } else { "b" },
                "file": message.file,
                "line": message.line,
                "column": message.column,
                "message": message.message,
                "expected": message.expected,
            })
        })
        .collect();
    let remarks = |list: &[Remark]| list.iter().map(remark).collect::<Vec<Value>>();
    let of_findings = report.findings.iter().map(|finding| finding.level);
    let of_messages = report.diagnostics.iter().map(|(_, message)| message.level);
    let verdict = of_findings.chain(of_messages).max();
    let whole = json!({
        "verdict": verdict.map_or("ok", Level::as_str),
        "files": report.files,
        "diagnostics": diagnostics,
        "findings": remarks(&report.findings),
        "advice": remarks(&report.advice),
    });
    format!("{whole:#}")
}

fn remark(remark: &Remark) -> Value {
    json!({
        "severity": remark.level.as_str(),
        "what": remark.what,
        "text": remark.text,
        "a": remark.a.as_ref().map(place),
        "b": remark.b.as_ref().map(place),
    })
}

fn place(place: &Place) -> Value {
    json!({
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "statement": place.statement,
    })
}
