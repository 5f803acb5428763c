//! The judge is judged.

use super::*;

const SETUP: &str = r#"{"at":0,"event":"setup","mclt":60,"tolerance":1000}"#;

fn verdict(lines: &[&str]) -> Verdict {
    let mut checker = Checker::default();
    for line in [&[SETUP], lines].concat() {
        let entry = Entry::read(line).expect(line);
        checker.take(&entry).expect(line);
    }
    checker.finish()
}

fn takes(at: Time, server: usize, client: &str, until: Time) -> String {
    format!(
        r#"{{"at":{at},"event":"takes","server":{server},"client":"{client}","address":"10.0.0.5","until":{until}}}"#
    )
}

fn event(at: Time, server: usize, event: &str) -> String {
    format!(r#"{{"at":{at},"event":"{event}","server":{server}}}"#)
}

fn state(at: Time, server: usize, state: &str) -> String {
    format!(r#"{{"at":{at},"event":"state","server":{server},"state":"{state}"}}"#)
}

/// The label of the only conflict.
fn label(lines: &[String]) -> Option<Legal> {
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let verdict = verdict(&lines);
    assert_eq!(verdict.conflicts.len(), 1, "{verdict}");
    verdict.conflicts[0].legal
}

fn normal() -> Vec<String> {
    [0, 1]
        .into_iter()
        .flat_map(|server| [event(1, server, "starts"), state(1, server, "normal")])
        .collect()
}

#[test]
fn one_after_the_other_is_as_it_should_be() {
    let (a, b) = (takes(1000, 0, "a", 61_000), takes(60_000, 1, "b", 99_000));
    let verdict = verdict(&[&a, &b]);
    assert!(verdict.conflicts.is_empty(), "within the tolerance");
    assert_eq!(verdict.claims, 2);
}

#[test]
fn two_at_once_are_found_and_told() {
    let lines = [takes(1000, 0, "a", 61_000), takes(59_000, 1, "b", 99_000)];
    assert_eq!(label(&lines), None);
    let verdict = verdict(&[&lines[0], &lines[1]]);
    assert_eq!(
        verdict.conflicts[0].to_string(),
        "10.0.0.5 is held twice for 0:00:02.000: the primary promised it to a at 0:00:01.000 until \
         0:01:01.000 (line 2), and the secondary to b at 0:00:59.000 (line 3); nothing permits it"
    );
}

#[test]
fn what_was_given_up_is_free() {
    let a = takes(1000, 0, "a", 61_000);
    let drops = r#"{"at":2000,"event":"drops","client":"a","address":"10.0.0.5"}"#;
    let b = takes(3000, 1, "b", 61_000);
    assert!(verdict(&[&a, drops, &b]).conflicts.is_empty());
}

#[test]
fn a_promise_counts_until_the_client_moves_on() {
    let promise =
        r#"{"at":1000,"event":"ack","server":0,"client":"a","address":"10.0.0.5","until":61000}"#;
    let moves_on = r#"{"at":1500,"event":"moves-on","client":"a"}"#;
    let b = takes(3000, 1, "b", 61_000);
    assert_eq!(verdict(&[promise, &b]).conflicts.len(), 1);
    assert!(verdict(&[promise, moves_on, &b]).conflicts.is_empty());
    // Taken, it isn't on its way any more.
    let a = takes(1200, 0, "a", 61_000);
    assert_eq!(verdict(&[promise, &a, moves_on, &b]).conflicts.len(), 1);
}

#[test]
fn declared_down_and_serving() {
    let mut lines = normal();
    lines.push(state(5000, 1, "partner-down"));
    lines.push(takes(6000, 0, "a", 90_000));
    lines.push(takes(80_000, 1, "b", 99_000));
    assert_eq!(label(&lines), Some(Legal::DeclaredDown));
}

#[test]
fn what_was_promised_before_it_was_declared_down_has_to_be_kept() {
    let mut lines = normal();
    lines.push(takes(4000, 0, "a", 90_000));
    lines.push(state(5000, 1, "partner-down"));
    lines.push(takes(80_000, 1, "b", 99_000));
    assert_eq!(label(&lines), None);
}

#[test]
fn dhcpd_breaks_such_a_promise_by_its_own_rules() {
    let setup = r#"{"at":0,"event":"setup","mclt":60,"tolerance":0,"vendors":["ours","isc"]}"#;
    let lines = [
        setup.to_owned(),
        takes(4000, 0, "a", 90_000),
        event(4500, 0, "ends"),
        state(5000, 1, "partner-down"),
        takes(80_000, 1, "b", 99_000),
    ];
    let mut checker = Checker::default();
    for line in &lines {
        checker.take(&Entry::read(line).expect(line)).expect(line);
    }
    let verdict = checker.finish();
    assert_eq!(verdict.conflicts[0].legal, Some(Legal::IscReuse));
    assert_eq!(verdict.unlabelled().count(), 0);
}

#[test]
fn started_alone_beside_a_survivor() {
    let mut lines = normal();
    lines.push(event(4000, 0, "ends"));
    lines.push(state(5000, 1, "partner-down"));
    lines.push(event(6000, 0, "starts"));
    lines.push(takes(7000, 0, "a", 90_000));
    lines.push(takes(80_000, 1, "b", 99_000));
    assert_eq!(label(&lines), Some(Legal::StartedAlone));
    // Once both are normal again, a new lease has no excuse.
    let mut later = lines.clone();
    later.truncate(7);
    later.push(state(8000, 0, "normal"));
    later.push(state(8000, 1, "normal"));
    later.push(takes(9000, 0, "a", 90_000));
    later.push(takes(80_000, 1, "b", 99_000));
    assert_eq!(label(&later), None);
}

#[test]
fn a_disk_excuses_what_its_partner_had_no_time_to_learn() {
    let mut lines = normal();
    lines.push(state(2000, 0, "communications-interrupted"));
    lines.push(takes(3000, 0, "a", 90_000));
    lines.push(event(4000, 0, "loses-disk"));
    lines.push(takes(5000, 1, "b", 99_000));
    assert_eq!(label(&lines), Some(Legal::DiskLost));
    lines.swap(4, 5);
    lines[4] = takes(1500, 0, "a", 90_000);
    lines[5] = state(2000, 0, "communications-interrupted");
    assert_eq!(label(&lines), None);
}

#[test]
fn other_excuses() {
    let (a, b) = (takes(1000, 0, "a", 90_000), takes(9000, 1, "b", 99_000));
    let between = [
        (
            r#"{"at":2000,"event":"old-backup","server":0}"#,
            Legal::OldBackup,
        ),
        (r#"{"at":2000,"event":"skew","millis":61000}"#, Legal::Skew),
        (
            r#"{"at":2000,"event":"cloned","client":"b"}"#,
            Legal::Client,
        ),
        (
            r#"{"at":2000,"event":"outlives","client":"a","address":"10.0.0.5"}"#,
            Legal::Client,
        ),
        (
            r#"{"at":2000,"event":"reset","address":"10.0.0.5"}"#,
            Legal::Reset,
        ),
    ];
    for (line, legal) in between {
        assert_eq!(label(&[a.clone(), line.into(), b.clone()]), Some(legal));
    }
    for line in [
        r#"{"at":2000,"event":"skew","millis":60000}"#,
        r#"{"at":2000,"event":"cloned","client":"c"}"#,
        r#"{"at":2000,"event":"reset","address":"10.0.0.6"}"#,
    ] {
        assert_eq!(label(&[a.clone(), line.into(), b.clone()]), None, "{line}");
    }
}

#[test]
fn damaged_histories_are_refused() {
    let mut checker = Checker::default();
    let a = Entry::read(&takes(1000, 0, "a", 2000)).unwrap();
    assert_eq!(checker.take(&a), Err(Damaged::Setup));
    let mut checker = Checker::default();
    let setup = Entry::read(SETUP).unwrap();
    checker.take(&setup).unwrap();
    assert_eq!(checker.take(&setup), Err(Damaged::Setup));
    checker.take(&a).unwrap();
    let early = Entry::read(&takes(999, 0, "a", 2000)).unwrap();
    let (at, after) = (999, 1000);
    assert_eq!(checker.take(&early), Err(Damaged::Order { at, after }));
    let third = Entry::read(&takes(1001, 2, "a", 2000)).unwrap();
    assert_eq!(checker.take(&third), Err(Damaged::Server(2)));
}
