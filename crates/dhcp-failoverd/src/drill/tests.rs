//! Whole drills.

use std::ffi::OsString;
use std::path::Path;

use dhcpd_text::conf::{self, Config};

use super::arguments::Arguments;
use super::pair::pairs;
use super::record::Course;
use super::report::Report;
use super::{svg, text};

/// A pair of half an hour: leases of two minutes, MCLT of one.
const PRIMARY: &str = "
default-lease-time 120; max-lease-time 120; ping-check false;
failover peer \"p\" {
  primary; address 10.9.0.1; port 647; peer address 10.9.0.2; peer port 847;
  max-response-delay 10; mclt 60; split 128; load balance max seconds 3;
}
subnet 10.9.0.0 netmask 255.255.255.0 { pool { failover peer \"p\"; range 10.9.0.10 10.9.0.39; } }
";
const SECONDARY: &str = "
default-lease-time 120; max-lease-time 120; ping-check false;
failover peer \"p\" {
  secondary; address 10.9.0.2; port 847; peer address 10.9.0.1; peer port 647;
  max-response-delay 10; load balance max seconds 3;
}
subnet 10.9.0.0 netmask 255.255.255.0 { pool { failover peer \"p\"; range 10.9.0.10 10.9.0.39; } }
";
/// Twenty clients, then one a minute, for a quarter of an hour.
const LINE: &str = "--at 10m --hours 15m --clients 20 --new 60 --partner-down 1m";

fn config(name: &str, text: &str) -> Config {
    let load = &mut |_: &str| Err::<String, _>("no includes".into());
    match conf::parse(name, text, load) {
        Ok(parsed) => parsed.config,
        Err(errors) => panic!("{errors:?}"),
    }
}

fn arguments(line: &str) -> Arguments {
    Arguments::read(line.split_whitespace().map(OsString::from).collect())
}

fn drill(conf: &str, partner: Option<&str>, line: &str) -> Result<Report, String> {
    let ours = config("a.conf", conf);
    let theirs = partner.map(|partner| config("b.conf", partner));
    let pairs = pairs(&ours, theirs.as_ref())?;
    assert_eq!(pairs.len(), 1);
    Report::of(&pairs[0], &arguments(line))
}

fn of(report: &Report, course: Course) -> &super::record::Record {
    report
        .runs
        .iter()
        .find(|run| run.course == course)
        .expect("it was run")
}

#[test]
fn the_primary_is_lost() {
    let report = drill(PRIMARY, None, LINE).expect("it can be");
    let waits = of(&report, Course::Wait);
    let secondary: Vec<_> = waits
        .states
        .iter()
        .filter(|change| change.server == "secondary")
        .collect();
    let words: Vec<&str> = secondary
        .iter()
        .map(|change| change.state.as_str())
        .collect();
    assert_eq!(words, ["normal", "communications-interrupted", "normal"]);
    // max-response-delay after the last that was heard, which may have been up to a third of it ago.
    let lost = secondary[1].at.0;
    assert!((6_000..=10_500).contains(&lost), "{lost}");
    // It has less than half of the 30 addresses to itself, and one a minute goes: leases of the gone stay with them.
    let dry = waits.dry.as_ref().expect("it has few addresses");
    assert!((60_000..600_000).contains(&dry.at.0), "{dry:?}");
    assert!(waits.unserved > 0);
    let first = &waits.rows[0];
    let sides = (
        first.primary.expect("it runs"),
        first.secondary.expect("it runs"),
    );
    assert_eq!(sides.0.free, sides.1.free);
    assert_eq!(sides.0.free + sides.0.backup + sides.0.active, 30);
    assert!(waits.rows[1].primary.is_none());
    assert_eq!(waits.resync.map(|length| length.0 < 20_000), Some(true));

    // MCLT, and what the time at which the partner was last heard is off, after the declaration.
    let declared = of(&report, Course::PartnerDown);
    let rest = declared.rest.expect("it gives more");
    assert!((118_000..=130_000).contains(&rest.at.0), "{rest:?}");
    assert!(
        declared.unserved < waits.unserved,
        "{} {}",
        declared.unserved,
        waits.unserved
    );
    assert_eq!((waits.used_twice, declared.used_twice), (0, 0));
    assert!(of(&report, Course::Mistake).used_twice > 0);
}

#[test]
fn the_same_input_gives_the_same_report() {
    let one = drill(PRIMARY, None, LINE).expect("it can be");
    assert_eq!(drill(PRIMARY, None, LINE).expect("it can be"), one);
    // The partner's own file says what the mirror image would.
    let both = drill(PRIMARY, Some(SECONDARY), LINE).expect("it can be");
    assert_eq!(both, one);
    let other = drill(PRIMARY, None, &format!("{LINE} --seed 2")).expect("it can be");
    assert_ne!(other.runs, one.runs);
}

#[test]
fn a_link_is_cut() {
    let report = drill(PRIMARY, None, &format!("{LINE} --kill link")).expect("it can be");
    assert_eq!(report.runs.len(), 2);
    let waits = of(&report, Course::Wait);
    assert!(
        waits
            .rows
            .iter()
            .all(|row| row.primary.is_some() && row.secondary.is_some())
    );
    assert_eq!(waits.used_twice, 0, "nobody was declared down");
    assert!(
        of(&report, Course::Mistake)
            .states
            .iter()
            .any(|change| change.state == "potential-conflict")
    );
}

#[test]
fn a_secondary_says_what_it_cannot_know() {
    let report = drill(SECONDARY, None, &format!("{LINE} --kill secondary")).expect("it can be");
    assert_eq!(report.mclt, 3600);
    assert!(
        report.notes.iter().any(|note| note.contains("mclt")),
        "{:?}",
        report.notes
    );
    assert!(of(&report, Course::Wait).rows[1].secondary.is_none());
}

#[test]
fn what_does_not_fit_is_named() {
    let failed =
        |ours: &str, theirs: Option<&str>| drill(ours, theirs, LINE).expect_err("it doesn't fit");
    let twice = failed(PRIMARY, Some(PRIMARY));
    assert!(
        twice.starts_with("b.conf line 3: the same role as in a.conf line 3"),
        "{twice}"
    );
    let address = failed(
        PRIMARY,
        Some(&SECONDARY.replace("address 10.9.0.2", "address 10.9.0.3")),
    );
    assert_eq!(
        address,
        "b.conf line 3: address 10.9.0.3, but peer address 10.9.0.2 in a.conf line 3"
    );
    let port = failed(PRIMARY, Some(&SECONDARY.replace("port 847", "port 848")));
    assert_eq!(
        port,
        "b.conf line 3: port 848, but peer port 847 in a.conf line 3"
    );
    let name = failed(PRIMARY, Some(&SECONDARY.replace("\"p\"", "\"q\"")));
    assert_eq!(
        name,
        "b.conf: failover peer \"p\" of a.conf line 3 isn't in it"
    );
    assert_eq!(
        failed("", None),
        "a.conf: there is no `failover peer` in it"
    );
    let closed = failed(
        &PRIMARY.replace("pool {", "pool { deny unknown-clients;"),
        None,
    );
    assert_eq!(
        closed,
        "a.conf line 3: failover peer \"p\" has no pool that takes unknown clients"
    );
    let many = drill(
        PRIMARY,
        None,
        "--at 700h --hours 300h --clients 1 --new 10000",
    )
    .expect_err("too many");
    assert!(
        many.starts_with("a.conf line 3: failover peer \"p\": 10000001 clients would come"),
        "{many}"
    );
}

#[test]
fn for_people_and_for_programs() {
    let mut report = drill(PRIMARY, None, LINE).expect("it can be");
    let text = text::write(&report);
    for expected in [
        "Failover peer \"p\" (a.conf line 3)\nThe primary loses power, after 0:10:00 of service, for 0:15:00.\n",
        "\n    +0:00:00  primary    off\n",
        "\nPool:         too small for this: the secondary has no address left",
        "\nPartner-down: declared at +0:01:00, it gives the secondary",
        "\nResync:       both NORMAL and in step after 0:00:",
    ] {
        assert!(text.contains(expected), "{expected:?} in\n{text}");
    }
    let json = serde_json::to_string(&[&report]).expect("it is plain data");
    assert!(json.contains(r#""course":"partner-down""#), "{json}");
    assert!(
        json.contains(r#"{"hardware":"02:c1:00:00:00:00","arrives":-600.0,"leaves":"#),
        "{json}"
    );
    report.relationship = "<a & b>".into();
    let picture = svg::draw(&[report]);
    assert!(picture.contains("&lt;a &amp; b>: The primary loses power"));
    assert_eq!(picture.matches("<polyline").count(), 6);
    assert!(!picture.contains("NaN") && !picture.contains("inf"));
}

/// The configurations that the conformance tests run: each of them has a drill, whatever fails.
#[test]
fn accepted_configurations() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("../dhcp4-server/tests/data/confs");
    let files = std::fs::read_dir(&folder).expect("it is there").flatten();
    let mut files: Vec<_> = files
        .map(|file| file.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    let mut held = 0;
    for (path, kill) in files
        .iter()
        .zip(["primary", "secondary", "link"].into_iter().cycle())
    {
        let name = path.display().to_string();
        let text = std::fs::read(path).expect("it can be read");
        let load = &mut |name: &str| std::fs::read(folder.join(name)).map_err(|e| e.to_string());
        let conf = conf::parse(&name, &text, load)
            .expect("it is accepted")
            .config;
        if conf.failover_peers.is_empty() {
            continue;
        }
        let pairs = pairs(&conf, None).expect("it has pools for anybody");
        for pair in &pairs {
            let line = format!("--at 20m --hours 20m --clients 5 --new 10 --kill {kill}");
            let report = Report::of(pair, &arguments(&line));
            let report = report.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(report.runs.iter().all(|run| run.resync.is_some()), "{name}");
            assert!(text::write(&report).contains("Resync:"));
            held += 1;
        }
    }
    assert!(held >= 14, "{held}");
}
