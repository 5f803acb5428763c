//! Statements executed: what they come to, and that they come to an end.
//!
//! What each function and operator does is held against real dhcpd in `dhcp4-server` (`tests/conformance.rs`, scripts 20
//! to 23); here are bounds, nulls and what no packet shows.

#![allow(
    clippy::unwrap_used,
    reason = "test data that is not as expected fails the test"
)]

use std::net::Ipv4Addr;

use dhcpd_text::conf::code::Priority;
use dhcpd_text::conf::{self, Config, parse_on};
use dhcpd_text::eval::{Client, Effect, MAX_EFFECTS, MAX_VALUE, Nobody, Run, Value};

fn parse(text: &str) -> Config {
    let parsed = conf::parse("t.conf", text, &mut |_| Ok(""));
    parsed
        .unwrap_or_else(|errors| panic!("{text}: {}", errors[0]))
        .config
}

/// The option `domain-name` after all statements, for nobody.
fn domain_name(text: &str) -> Option<Vec<u8>> {
    let config = parse(text);
    let mut run = Run::new(&config.spaces, &Nobody);
    run.execute(&config.scopes[0].statements);
    run.options().get(15).map(<[u8]>::to_vec)
}

fn text(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

#[test]
fn recursion_comes_to_an_end() {
    for conf in [
        "define again (one) { return again (one); } option domain-name = again (\"x\");",
        "option domain-name = concat (\"x\", config-option domain-name);",
        "define ping (one) { return pong (one); } define pong (one) { return ping (one); }
         option domain-name = ping (\"x\");",
    ] {
        assert_eq!(domain_name(conf), None, "{conf}");
    }
    // A function that calls itself twice would take for ever.
    let twice = "define fork (one) { set one = fork (one); return fork (one); } option domain-name = fork (\"x\");";
    assert_eq!(domain_name(twice), None);
}

#[test]
fn values_do_not_grow_without_end() {
    let grow = "set one = concat (\"xxxxxxxx\", \"xxxxxxxx\");".to_owned()
        + &"set one = concat (one, one);".repeat(40)
        + "if defined (one) { option domain-name \"kept\"; } else { option domain-name \"null\"; }";
    assert_eq!(domain_name(&grow), text("null"));
    let append = "append domain-name \"0123456789abcdef\";".repeat(MAX_VALUE / 16 + 1);
    assert_eq!(domain_name(&append), None);
}

#[test]
fn effects_are_few() {
    let config = parse(&"log (\"x\"); execute (\"y\");".repeat(MAX_EFFECTS));
    let mut run = Run::new(&config.spaces, &Nobody);
    run.execute(&config.scopes[0].statements);
    assert_eq!(run.take_effects().len(), MAX_EFFECTS);
    assert!(run.take_effects().is_empty());
}

#[test]
fn nulls() {
    for (condition, holds) in [
        ("null = null", true),
        ("null = \"\"", false),
        ("null != null", false),
        ("option host-name = option user-class", true),
        ("not (null = \"x\")", true),
        ("exists host-name", false),
        ("not exists host-name", true),
        // A false left side makes the whole null, and so is not of it.
        ("not (exists host-name and exists user-class)", false),
        ("not (exists host-name or exists user-class)", true),
        ("null ~= \"x\"", false),
        ("not (null ~= \"x\")", false),
        ("known", false),
        ("not known", false),
        ("not static", true),
        ("extract-int (\"\", 8) = 0", false),
        ("substring (\"abc\", 5, 1) = \"\"", true),
        ("concat (\"a\", null) = null", true),
        ("pick (null, \"b\") = \"b\"", true),
        ("encode-int (extract-int (\"a\", 8) / 0, 8) = null", true),
        ("binary-to-ascii (1, 8, \".\", \"a\") = null", true),
        ("binary-to-ascii (10, 7, \".\", \"a\") = null", true),
        ("reverse (0, \"ab\") = null", true),
        ("gethostname () = null", true),
        ("v6relay (0, \"a\") = \"a\"", true),
        ("v6relay (1, \"a\") = null", true),
        ("nothing (\"a\") = null", true),
    ] {
        let conf = format!("if {condition} {{ option domain-name \"yes\"; }}");
        assert_eq!(domain_name(&conf).is_some(), holds, "{condition}");
    }
}

struct Machine;

impl Client for Machine {
    fn host_name(&self) -> Option<&[u8]> {
        Some(b"ns1")
    }

    fn leased_address(&self) -> Option<Ipv4Addr> {
        Some(Ipv4Addr::new(10, 0, 0, 7))
    }
}

#[test]
fn what_no_packet_shows() {
    let config = parse(
        "set where = concat (gethostname (), \"/\", binary-to-ascii (10, 8, \".\", leased-address));
         set count = extract-int (\"A\", 8);
         set sure = defined (count);
         log (where); execute (\"/bin/x\", where, concat (\"cut\", 00, \"here\"));",
    );
    let mut run = Run::new(&config.spaces, &Machine);
    run.execute(&config.scopes[0].statements);
    let variables: Vec<_> = run.variables().iter().collect();
    assert_eq!(
        variables,
        [
            ("where", &Value::Data(b"ns1/10.0.0.7".to_vec())),
            ("count", &Value::Number(65)),
            ("sure", &Value::Boolean(true)),
        ]
    );
    assert_eq!(
        run.take_effects(),
        [
            Effect::Log {
                priority: Priority::Debug,
                message: b"ns1/10.0.0.7".to_vec(),
            },
            Effect::Execute {
                program: b"/bin/x".to_vec(),
                arguments: vec![b"ns1/10.0.0.7".to_vec(), b"cut".to_vec()],
            },
        ]
    );
}

#[test]
fn a_handler_is_the_same_when_it_is_read_again() {
    let config = parse(
        "on expiry or release {
           log (info, \"two
         lines \\377 \\\"quoted\\\"\"); # a comment
           if option user-class = 06:0a { set x1y = \"z\"; }
         }",
    );
    let mut run = Run::new(&config.spaces, &Nobody);
    run.execute(&config.scopes[0].statements);
    let on = run.handlers().expiry.clone().unwrap();
    assert_eq!(
        on.text,
        "{ log (info, \"two\\n         lines \\377 \\\"quoted\\\"\"); if option user-class = 06:0a { set x1y = \"z\"; } }"
    );
    let again = parse_on(
        &format!("on expiry or release {}", on.text),
        &config.spaces,
        &[],
    )
    .unwrap();
    assert_eq!((again.events, &again.text), (on.events, &on.text));
    let actions = |statements: &[conf::code::Statement]| -> Vec<_> {
        statements
            .iter()
            .map(|s| std::mem::discriminant(&s.action))
            .collect()
    };
    assert_eq!(actions(&again.body), actions(&on.body));
    for wrong in [
        "on expiry { } x",
        "off expiry { }",
        "on expiry { host h { } }",
        "",
    ] {
        assert!(parse_on(wrong, &config.spaces, &[]).is_err(), "{wrong}");
    }
}
