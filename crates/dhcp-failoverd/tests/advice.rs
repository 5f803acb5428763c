//! `check` and `explain`, as an operator runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../dhcpd-text/tests/data")
        .join(path)
}

fn run(folder: &str, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dhcp-failoverd"))
        .args(words)
        .current_dir(data(folder))
        .output()
        .expect("the program starts")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(output: &Output) -> Value {
    let text = text(output);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_pair_that_agrees_and_one_that_does_not() {
    let good = run("review", &["check", "a.conf", "b.conf"]);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good));
    let bad = run("drift/01", &["check", "a.conf", "b.conf", "--json"]);
    assert_eq!(bad.status.code(), Some(2));
    let bad = json(&bad);
    assert_eq!(bad["verdict"], "error");
    assert_eq!(bad["findings"][0]["what"], "range-differs");
    assert_eq!(bad["findings"][0]["b"]["line"], 21);
    let statement = "range 10.77.70.100 10.77.70.149;";
    assert_eq!(bad["findings"][0]["b"]["statement"], statement);
    // Advice about each file, at that file's side.
    let short = |remark: &&Value| remark["what"] == "lease-time-short";
    let advice = bad["advice"].as_array().unwrap();
    let short: Vec<&Value> = advice.iter().filter(short).collect();
    assert_eq!(short.len(), 2);
    assert_eq!(short[0]["a"]["line"], 3);
    assert_eq!(short[1]["b"]["line"], 3);
}

#[test]
fn warnings_and_what_cannot_be_read() {
    let warned = run("drift/09", &["check", "a.conf", "b.conf"]);
    assert_eq!(warned.status.code(), Some(1));
    let said = text(&warned);
    assert!(
        said.contains("a.conf line 3: default-lease-time 600;"),
        "{said}"
    );
    let missing = run("drift/09", &["check", "a.conf", "nosuch.conf"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing).contains("Can't open nosuch.conf"));
    // A file that is no configuration, which -t refuses.
    let wrong = run("drift/09", &["check", "expected.json", "--json"]);
    assert_eq!(wrong.status.code(), Some(2));
    let wrong = json(&wrong);
    assert_eq!(wrong["diagnostics"][0]["severity"], "error");
    assert_eq!(wrong["diagnostics"][0]["line"], 1);
}

/// Line of the statement that an option comes from; 0 for none.
fn line_of(answer: &Value, code: u64) -> u64 {
    let options = answer["options"].as_array().expect("a list");
    let option = options.iter().find(|option| option["code"] == code);
    let option = option.unwrap_or_else(|| panic!("no option {code}: {answer}"));
    option["from"]["line"].as_u64().unwrap_or(0)
}

#[test]
fn a_client_of_a_class() {
    let words = [
        "explain",
        "-cf",
        "a.conf",
        "--mac",
        "02:00:5e:00:00:77",
        "--relay",
        "10.77.70.1",
    ];
    let more = [
        "--option",
        "60=phone-7",
        "--option",
        "82.1=port",
        "--split",
        "--json",
    ];
    let output = run("review", &[&words[..], &more[..]].concat());
    assert_eq!(output.status.code(), Some(0));
    let answer = json(&output);
    assert_eq!(answer["address"], "10.77.70.200");
    assert_eq!(answer["subnet"]["name"], "10.77.70.0/24");
    assert_eq!(answer["classes"][0]["name"], "phones");
    let admits: Vec<&Value> = answer["pools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["admits"])
        .collect();
    assert_eq!(
        admits,
        [&Value::from(false), &Value::from(true), &Value::from(true)]
    );
    assert_eq!(answer["bucket"], 60);
    assert_eq!(answer["split"]["primary-buckets"], 128);
    let file = std::fs::read_to_string(data("review/a.conf")).unwrap();
    let line = |code, statement: &str| {
        let at = line_of(&answer, code) as usize;
        assert_eq!(
            file.lines().nth(at - 1).unwrap().trim(),
            statement,
            "option {code}"
        );
    };
    line(150, "option tftp-address 10.77.70.9;");
    line(7, "option log-servers 10.77.70.8;"); // computed: from inside the `if`
    line(3, "option routers 10.77.70.1;");
    line(6, "option domain-name-servers 10.77.70.53, 10.77.70.54;");
    assert_eq!(line_of(&answer, 1), 0); // the subnet's own mask
}

#[test]
fn a_host_and_one_that_nobody_answers() {
    let words = [
        "explain",
        "-cf",
        "a.conf",
        "--mac",
        "02:00:5e:00:00:02",
        "--relay",
        "10.77.70.1",
    ];
    let said = text(&run("review", &words));
    assert!(said.contains("host       two   (a.conf line 90:"), "{said}");
    assert!(said.contains("address    10.77.70.21 (fixed)"), "{said}");
    let nowhere = [
        "explain",
        "-cf",
        "a.conf",
        "--mac",
        "02:00:5e:00:00:02",
        "--relay",
        "10.1.2.3",
    ];
    let output = run("review", &nowhere);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("unknown network segment"),
        "{}",
        text(&output)
    );
    // More than one network, and nothing says which.
    let output = run("review", &words[..5]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_split_is_drawn() {
    let words = [
        "explain",
        "-cf",
        "a.conf",
        "--mac",
        "02:00:5e:00:00:77",
        "--split",
    ];
    let said = text(&run("drift/11", &words));
    let rows: Vec<&str> = said.lines().rev().take(4).collect();
    let drawn: String = rows.iter().rev().map(|row| &row[5..]).collect();
    assert_eq!(drawn.len(), 256, "{said}");
    assert_eq!(drawn.find('@'), Some(60));
    assert_eq!(drawn.matches('.').count(), 128);
}
