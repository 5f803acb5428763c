//! Each option's value against the bytes that real dhcpd sent for it.

#![allow(
    clippy::unwrap_used,
    reason = "test data that is not as expected fails the test"
)]

use dhcpd_text::conf;

/// Statement, code and hexadecimal value of each line.
fn known() -> impl Iterator<Item = (&'static str, u8, String)> {
    include_str!("data/conf/options.tsv")
        .lines()
        .skip(1)
        .map(|line| {
            let mut columns = line.split('\t');
            let statement = columns.next().unwrap();
            let code = columns.next().unwrap().parse().unwrap();
            (statement, code, columns.next().unwrap().to_owned())
        })
}

#[test]
fn values_are_encoded_as_dhcpd_encodes_them() {
    assert_eq!(known().count(), 247);
    for (statement, code, value) in known() {
        let text = format!("option {statement};");
        let parsed = conf::parse("t.conf", &text, &mut |_| Ok(""))
            .unwrap_or_else(|errors| panic!("{text}: {}", errors[0]));
        let [option] = parsed.config.scopes[0].options.as_slice() else {
            panic!("{text}: not one option");
        };
        let hex: String = option
            .data
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!((option.code, hex), (code, value), "{text}");
    }
}
