//! `docs/interop.md`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use interop::Kind;

use crate::answers::expectations;
use crate::pair::{A, B, Pair, Side};
use crate::play::Played;
use crate::reference::Expected;
use crate::scenarios::Scenario;

const INTRODUCTION: &str = "\
# A partner of a real ISC dhcpd

<!-- Made by `matrix --write docs/interop.md`: don't edit. -->

Each pair of servers below, a primary and a secondary, is put through every scenario in a laboratory of its own: network
namespaces, real clients (dhclient), and a failover link that can be cut. To repeat it (as root, on Debian, with the
packages that `scripts/test` installs):

```text
cargo build -p dhcp-failoverd
cargo run -p interop --bin matrix -- --pair ours-isc,isc-ours,ours-ours,isc-isc
```

A run passes if

- each server goes through the states that ISC dhcpd goes through in its place (by its own log), or through others that
  are listed below with the reason;
- every client is served that two dhcpd serve, and no client is refused that they don't refuse;
- once nothing is on its way any more, both lease files say the same of each address: its binding state, and of an
  active one the client and the end (not where two dhcpd come to differ themselves);
- no address is in the hands of two clients at a time (not where it is in those of two dhcpd's too);
- no update is left without an answer;
- tshark can read every message that ours sends;
- neither side dies, dials without pause, or floods the other.

What ISC dhcpd does is recorded in `crates/interop/src/bin/matrix/reference.tsv`: pairs of two dhcpd 4.4.3-P1 in the same
laboratory. A run that fails while the machine itself stood still for two seconds or more is repeated, and says so.

";

/// The document.
pub(crate) fn document(expected: &Expected, pairs: &[Pair], played: &[Played]) -> String {
    let mut text = String::from(INTRODUCTION);
    let scenarios = scenarios(played);
    results(&mut text, pairs, &scenarios, played);
    paths(&mut text, pairs, &scenarios, played);
    deviations(&mut text, expected);
    answers(&mut text);
    text
}

/// Those that were played, each once.
fn scenarios(played: &[Played]) -> Vec<&'static Scenario> {
    let mut seen = BTreeSet::new();
    played
        .iter()
        .filter(|run| seen.insert(run.scenario.name))
        .map(|run| run.scenario)
        .collect()
}

fn runs_of<'a>(
    played: &'a [Played],
    scenario: &Scenario,
    pair: Pair,
) -> impl Iterator<Item = &'a Played> {
    let name = scenario.name;
    played
        .iter()
        .filter(move |run| run.scenario.name == name && run.pair == pair)
}

fn results(text: &mut String, pairs: &[Pair], scenarios: &[&Scenario], played: &[Played]) {
    text.push_str(
        "## Results\n\nOf each run: the verdict; the seconds from each start, heal or order until both are \
         seen to be NORMAL\n(looked for five times a second); the clients that asked for a lease and got one.\n\n",
    );
    _ = write!(text, "| | scenario |");
    for pair in pairs {
        _ = write!(text, " {} |", in_words(*pair));
    }
    _ = writeln!(text, "\n|---|---|{}", "---|".repeat(pairs.len()));
    for scenario in scenarios {
        _ = write!(text, "| {} | {} |", scenario.name, scenario.what);
        for pair in pairs {
            let cells: Vec<_> = runs_of(played, scenario, *pair).map(cell).collect();
            _ = write!(text, " {} |", cells.join("<br>"));
        }
        text.push('\n');
    }
    text.push('\n');
}

fn cell(run: &Played) -> String {
    if let Some(side) = run.outcome.probed {
        let who = name(run.pair.kind(side));
        return format!("{}; {who} answers", verdict(run));
    }
    let (asked, served) = run.outcome.dora();
    let mut cell = String::from(verdict(run));
    if !run.outcome.normal_after.is_empty() {
        let seconds = |time: &Duration| format!("{:.1}", time.as_secs_f64());
        let times: Vec<_> = run.outcome.normal_after.iter().map(seconds).collect();
        _ = write!(cell, "; NORMAL {} s", times.join(", "));
    }
    if asked > 0 {
        _ = write!(cell, "; served {served}/{asked}");
    }
    cell
}

fn verdict(run: &Played) -> &'static str {
    if run.wrong.is_empty() {
        "passed"
    } else {
        "**failed**"
    }
}

fn paths(text: &mut String, pairs: &[Pair], scenarios: &[&Scenario], played: &[Played]) {
    text.push_str(
        "## States\n\nAs each server logged them; a bar is a restart. Servers that went the same way share a line.\n\n\
         | | side | states | servers |\n|---|---|---|---|\n",
    );
    for scenario in scenarios {
        for side in Side::BOTH {
            let mut ways: Vec<(String, Vec<String>)> = Vec::new();
            for pair in pairs {
                let runs = runs_of(played, scenario, *pair);
                for run in runs.filter(|run| run.outcome.probed.is_none()) {
                    let way = run.outcome.paths[side.index()].to_string();
                    let who = who(*pair, side);
                    match ways.iter_mut().find(|(known, _)| *known == way) {
                        Some((_, whose)) if whose.contains(&who) => {}
                        Some((_, whose)) => whose.push(who),
                        None => ways.push((way, vec![who])),
                    }
                }
            }
            for (way, whose) in ways {
                _ = writeln!(
                    text,
                    "| {} | {} | {} | {} |",
                    scenario.name,
                    role(side),
                    way.replace('|', "\\|"),
                    whose.join(", ")
                );
            }
        }
    }
    text.push('\n');
}

/// Whose server it is, and beside whose.
fn who(pair: Pair, side: Side) -> String {
    format!(
        "{} beside {}",
        name(pair.kind(side)),
        name(pair.kind(side.other()))
    )
}

fn in_words(pair: Pair) -> String {
    let [primary, secondary] = pair.0.map(name);
    format!("primary {primary}, secondary {secondary}")
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Ours => "ours",
        Kind::Isc => "ISC",
    }
}

fn deviations(text: &mut String, expected: &Expected) {
    text.push_str(
        "## Where ours goes another way\n\n| | side | in pairs | states | why |\n|---|---|---|---|---|\n",
    );
    for deviation in &expected.deviations {
        let pairs: Vec<_> = deviation.pairs.iter().map(ToString::to_string).collect();
        let pairs = if pairs.is_empty() {
            "all".into()
        } else {
            pairs.join(", ")
        };
        _ = writeln!(
            text,
            "| {} | {} | {pairs} | {} | {} |",
            deviation.scenario,
            role(deviation.side),
            deviation.path.to_string().replace('|', "\\|"),
            deviation.reason
        );
    }
}

fn role(side: Side) -> &'static str {
    match side {
        A => "primary",
        B => "secondary",
    }
}

fn answers(text: &mut String) {
    text.push_str(
        "\n## Odd greetings\n\nWhat a server alone makes of a CONNECT (S8g, to a secondary) or CONNECTACK (S8h, to a primary) \
         in which one thing\nis odd. Numbers are reject reasons.\n\n| | what is odd | ISC | ours | why |\n|---|---|---|---|---|\n",
    );
    for line in expectations() {
        _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            line.scenario, line.case, line.dhcpd, line.ours, line.reason
        );
    }
}
