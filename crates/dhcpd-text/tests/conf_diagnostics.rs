//! Messages, to the letter.

mod support;

use dhcpd_text::conf::{self, MAX_DEPTH, MAX_ERRORS};
use support::load;

/// All messages about a text.
fn messages(text: &str) -> String {
    let diagnostics = match conf::parse("dhcpd.conf", text, &mut load) {
        Ok(parsed) => parsed.warnings,
        Err(diagnostics) => diagnostics,
    };
    diagnostics
        .iter()
        .map(|diagnostic| format!("{diagnostic}\n"))
        .collect()
}

#[test]
fn a_missing_semicolon_does_not_take_the_next_statement_with_it() {
    assert_eq!(
        messages("default-lease-time 600\nmax-lease-time 2h;\nmin-secs 5"),
        "dhcpd.conf line 2: semicolon expected.\n\
         max-lease-time 2h;\n\
         ^^^^^^^^^^^^^^\n\
         expected `;` after the value of default-lease-time\n\
         dhcpd.conf line 2: expecting number.\n\
         max-lease-time 2h;\n\
         \u{20}              ^^\n\
         expected a number of seconds, without a unit\n\
         dhcpd.conf line 3: semicolon expected.\n\
         min-secs 5\n\
         \u{20}        ^\n\
         expected `;` after the value of min-secs\n"
    );
}

#[test]
fn slips_get_a_suggestion() {
    assert_eq!(
        messages("option domain-name-server 10.0.0.1;"),
        "dhcpd.conf line 1: unknown option dhcp.domain-name-server\n\
         option domain-name-server 10.0.0.1;\n\
         \u{20}      ^^^^^^^^^^^^^^^^^^\n\
         expected an option of dhcp-options(5), or one that is defined above; did you mean `domain-name-servers`?\n"
    );
    assert_eq!(
        messages("defualt-lease-time 600;"),
        "dhcpd.conf line 1: semicolon expected.\n\
         defualt-lease-time 600;\n\
         \u{20}                  ^^^\n\
         expected `;`, because defualt-lease-time is not known; a statement of dhcpd.conf(5); did you mean `default-lease-time`?\n"
    );
    assert_eq!(
        messages("failover peer p { load balance max secs 3; mctl 4; }"),
        "dhcpd.conf line 1: expecting 'secs'\n\
         failover peer p { load balance max secs 3; mctl 4; }\n\
         \u{20}                                  ^^^^\n\
         expected `load balance max seconds N;`\n\
         dhcpd.conf line 1: invalid statement in peer declaration\n\
         failover peer p { load balance max secs 3; mctl 4; }\n\
         \u{20}                                          ^^^^\n\
         expected a setting of the failover peer; did you mean `mclt`?\n"
    );
}

#[test]
fn what_is_not_supported_says_so() {
    assert_eq!(
        messages("option routers = gethostbyname(\"a.example\");\n"),
        "dhcpd.conf line 1: not supported: gethostbyname(): no name is looked up while a client waits\n\
         option routers = gethostbyname(\"a.example\");\n\
         \u{20}                ^^^^^^^^^^^^^\n"
    );
}

#[test]
fn a_missing_value_names_the_line_of_dhcpd_too() {
    assert_eq!(
        messages("option routers ;\nmin-secs 4;"),
        "dhcpd.conf line 1: a value is missing\n\
         option routers ;\n\
         \u{20}              ^\n\
         expected an IP address, such as 192.0.2.1 after option routers (ISC dhcpd names line 2: semicolon expected.)\n"
    );
}

#[test]
fn an_error_in_an_included_file_names_both_places() {
    assert_eq!(
        messages("\ninclude \"inc-semi.conf\";"),
        "inc-semi.conf line 1: expecting a parameter or declaration\n\
         default-lease-time 5;;\n\
         \u{20}                    ^\n\
         expected no `;` here: none stands after a block\n\
         dhcpd.conf line 2: inc-semi.conf: bad parse.\n\
         include \"inc-semi.conf\";\n\
         \u{20}       ^^^^^^^^^^^^^^^\n"
    );
}

#[test]
fn places_count_characters() {
    assert_eq!(
        messages("\toption domain-name \"é\" x;"),
        "dhcpd.conf line 1: semicolon expected.\n\
         \toption domain-name \"é\" x;\n\
         \t                       ^\n\
         expected `;` after the value of option domain-name\n"
    );
}

#[test]
fn warnings_say_that_they_are() {
    assert_eq!(
        messages("foo-bar;\npreferred-lifetime 5;\nserver-duid llt;\nhost h { }"),
        "dhcpd.conf line 1: warning: foo-bar means nothing; a statement of dhcpd.conf(5) may be meant\n\
         foo-bar;\n\
         ^^^^^^^\n\
         dhcpd.conf line 2: warning: preferred-lifetime has no effect: this server does not speak DHCPv6\n\
         preferred-lifetime 5;\n\
         ^^^^^^^^^^^^^^^^^^\n\
         dhcpd.conf line 3: warning: server-duid has no effect: this server does not speak DHCPv6\n\
         server-duid llt;\n\
         ^^^^^^^^^^^\n\
         dhcpd.conf line 4: warning: host h can match no client: it has neither a hardware address nor a client identifier\n\
         host h { }\n\
         ^^^^\n"
    );
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let mut loads = 0;
    let errors = conf::parse(
        "a.conf",
        "include \"a.conf\"; include \"a.conf\";",
        &mut |_| {
            loads += 1;
            Ok("include \"a.conf\"; include \"a.conf\";".to_owned())
        },
    )
    .unwrap_err();
    assert!(
        errors
            .iter()
            .any(|error| error.message == "files include each other too deep")
    );
    assert!(loads < 10 * MAX_DEPTH, "{loads}");
    assert_eq!(errors.len(), MAX_ERRORS);
}

#[test]
fn deep_nesting_is_refused() {
    let text = "group {".repeat(MAX_DEPTH) + &"}".repeat(MAX_DEPTH);
    assert!(messages(&text).is_empty());
    let text = "group {".repeat(MAX_DEPTH + 1) + &"}".repeat(MAX_DEPTH + 1);
    let messages = messages(&text);
    assert!(messages.contains("nested more than 64 deep"), "{messages}");
    assert_eq!(messages.matches(" line ").count(), 1, "{messages}");
}

#[test]
fn a_flood_of_errors_is_cut_off() {
    let errors = conf::parse("t.conf", &"}\n".repeat(10_000), &mut load).unwrap_err();
    assert_eq!(errors.len(), MAX_ERRORS);
}
