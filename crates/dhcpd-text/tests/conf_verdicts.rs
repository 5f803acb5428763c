//! Which configurations are accepted, and which line is named for the others: as real dhcpd does.

#![allow(
    clippy::unwrap_used,
    reason = "test data that is not as expected fails the test"
)]

mod support;

use std::path::Path;

use dhcpd_text::conf;
use dhcpd_text::diagnostic::Diagnostic;
use support::{data, load, read};

/// What a run of the reader came to.
struct Outcome {
    accepted: bool,
    output: String,
}

fn run(name: &str, text: &str) -> Outcome {
    let (accepted, diagnostics) = match conf::parse(name, text, &mut load) {
        Ok(parsed) => (true, parsed.warnings),
        Err(diagnostics) => {
            assert!(
                diagnostics.iter().any(Diagnostic::is_error),
                "{name}: rejected without an error"
            );
            (false, diagnostics)
        }
    };
    let output = diagnostics
        .iter()
        .map(|diagnostic| format!("{diagnostic}\n"))
        .collect();
    Outcome { accepted, output }
}

/// True if the output names the line.
fn names_line(output: &str, line: u64) -> bool {
    let wanted = format!("line {line}");
    output.match_indices(&wanted).any(|(at, _)| {
        let next = output[at + wanted.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_digit())
    })
}

#[test]
fn files_with_one_mistake_are_judged_as_dhcpd_judges_them() {
    let expected: serde_json::Value = serde_json::from_str(&read("broken/expected.json")).unwrap();
    let files = expected["files"].as_object().unwrap();
    assert_eq!(files.len(), 22);
    for (name, entry) in files {
        let outcome = run(name, &read(&format!("broken/{name}")));
        let test = &entry["test"];
        assert_eq!(
            outcome.accepted,
            test["verdict"] == "accept",
            "{name}: {}",
            outcome.output
        );
        if let Some(line) = test["line"].as_u64() {
            assert!(
                names_line(&outcome.output, line),
                "{name}: no line {line} in {}",
                outcome.output
            );
        }
        if let Some(message) = test["messages"][0]["message"].as_str() {
            assert!(
                outcome.output.contains(message),
                "{name}: no {message:?} in {}",
                outcome.output
            );
        }
    }
}

#[test]
fn doubtful_files_are_accepted_with_a_warning() {
    for name in [
        "06-mclt-on-secondary",
        "07-split-and-hba",
        "09-no-address",
        "17-duplicate-subnet",
    ] {
        let outcome = run(name, &read(&format!("broken/{name}.conf")));
        assert!(
            outcome.accepted && outcome.output.contains("warning: "),
            "{name}: {}",
            outcome.output
        );
    }
}

#[test]
fn files_from_the_field_are_accepted_without_a_word() {
    let mut names: Vec<_> = Path::new(&data("accepted"))
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 12);
    for name in names {
        let outcome = run(&name, &read(&format!("accepted/{name}")));
        assert!(outcome.accepted, "{name}: {}", outcome.output);
        // The file is about a secondary that has an mclt.
        assert!(
            outcome.output.is_empty() || name == "ping-check.conf",
            "{name}: {}",
            outcome.output
        );
    }
}

#[test]
fn a_file_of_every_statement_is_accepted() {
    let outcome = run("language.conf", &read("language.conf"));
    assert!(outcome.accepted, "{}", outcome.output);
}

/// One case of `verdicts.txt`.
struct Case {
    text: String,
    accepted: bool,
    line: Option<u64>,
    /// What we reject it with where dhcpd accepts it.
    stricter: Option<String>,
}

fn cases() -> Vec<Case> {
    let file = read("verdicts.txt");
    let mut frames: Vec<(String, String)> = Vec::new();
    let mut cases: Vec<(String, Case)> = Vec::new();
    for line in file.lines().skip_while(|line| line.starts_with('#')) {
        if let Some(name) = line.strip_prefix("@@ ") {
            frames.push((name.to_owned(), String::new()));
        } else if let Some(head) = line.strip_prefix("== ") {
            let words: Vec<&str> = head.split(' ').collect();
            let case = Case {
                text: String::new(),
                accepted: words[1] == "accept",
                line: words[2].parse().ok(),
                stricter: None,
            };
            cases.push((words[0].to_owned(), case));
        } else if let Some(message) = line.strip_prefix("!! ") {
            cases.last_mut().unwrap().1.stricter = Some(message.to_owned());
        } else {
            let text = match cases.last_mut() {
                Some((_, case)) => &mut case.text,
                None => &mut frames.last_mut().unwrap().1,
            };
            text.push_str(line);
            text.push('\n');
        }
    }
    cases
        .into_iter()
        .map(|(frame, case)| {
            let (_, frame) = frames.iter().find(|(name, _)| *name == frame).unwrap();
            let body = case.text.strip_suffix('\n').unwrap_or_default();
            Case {
                text: frame.replace("...", body),
                ..case
            }
        })
        .collect()
}

#[test]
fn small_texts_are_judged_as_dhcpd_judges_them() {
    let cases = cases();
    assert!(cases.len() > 500);
    for case in cases {
        let outcome = run("t.conf", &case.text);
        let context = format!("{}\n{}", case.text, outcome.output);
        match &case.stricter {
            Some(message) => assert!(
                !outcome.accepted && outcome.output.contains(message),
                "{context}"
            ),
            None => assert_eq!(outcome.accepted, case.accepted, "{context}"),
        }
        if let Some(line) = case.line {
            assert!(names_line(&outcome.output, line), "line {line}: {context}");
        }
    }
}
