//! What a lease file says, whoever wrote it and however it spells it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::token::{Token, tokens};

/// What one record says: the name of each fact, and its value in one spelling.
pub(crate) type Said = BTreeMap<String, String>;

/// Everything that a file says; the last record of a key holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) leases: BTreeMap<Ipv4Addr, Said>,
    /// Failover states, and declarations of hosts, groups and classes, by what they are about.
    pub(crate) others: BTreeMap<String, Said>,
}

/// The codes of agent options that have names.
const AGENT: [(&str, u8); 6] = [
    ("circuit-id", 1),
    ("remote-id", 2),
    ("agent-id", 3),
    ("docsis-device-class", 4),
    ("link-selection", 5),
    ("relay-port", 19),
];

impl Facts {
    /// Reads a file.
    ///
    /// # Panics
    ///
    /// It isn't a whole lease file.
    pub(crate) fn read(source: &[u8]) -> Self {
        let tokens = tokens(source);
        let mut rest = &tokens[..];
        let mut facts = Self::default();
        while !rest.is_empty() {
            let (statement, behind) = split(rest);
            facts.take(statement);
            rest = behind;
        }
        facts
    }

    fn take(&mut self, statement: &[Token]) {
        let Some(brace) = statement.iter().position(|token| token.is(b'{')) else {
            let name = statement[0].word();
            if name != "authoring-byte-order" {
                let value = bytes(&statement[1..]);
                self.others
                    .insert(name, Said::from([(String::new(), value)]));
            }
            return;
        };
        let (head, body) = statement.split_at(brace);
        let statements = body_of(body);
        match head[0].word().as_str() {
            "lease" => {
                let said = lease(&statements);
                self.leases.insert(address(&head[1..]), said);
            }
            "failover" => {
                let said = statements.iter().map(|words| state(words)).collect();
                self.others.insert(plain(head), said);
            }
            _ => {
                let said = statements.iter().map(|words| (plain(words), String::new()));
                self.others.insert(plain(head), said.collect());
            }
        }
    }
}

/// One statement or declaration, its semicolon or braces included, and what is behind it.
fn split(tokens: &[Token]) -> (&[Token], &[Token]) {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        depth += i32::from(token.is(b'{')) - i32::from(token.is(b'}'));
        if depth == 0 && (token.is(b';') || token.is(b'}')) {
            return tokens.split_at(at + 1);
        }
    }
    panic!("a statement has no end: {tokens:?}");
}

/// The statements between two braces.
fn body_of(tokens: &[Token]) -> Vec<&[Token]> {
    let mut rest = &tokens[1..tokens.len() - 1];
    let mut statements = Vec::new();
    while !rest.is_empty() {
        let (statement, behind) = split(rest);
        statements.push(statement);
        rest = behind;
    }
    statements
}

fn lease(statements: &[&[Token]]) -> Said {
    let mut said = Said::new();
    let mut unknown = 0;
    for &statement in statements {
        let name = statement[0].word();
        let value = &statement[1..statement.len() - 1];
        match name.as_str() {
            "starts" | "ends" | "tstp" | "tsfp" | "atsfp" | "cltt" => {
                said.insert(name, seconds(value).to_string());
            }
            "binding" => drop(said.insert(name, value[1].word())),
            "next" | "rewind" => drop(said.insert(name, value[2].word())),
            "abandoned" => {
                said.insert("binding".into(), name.clone());
                said.insert("next".into(), name);
            }
            "reserved" | "dynamic-bootp" => drop(said.insert(name, String::new())),
            "billing" => {
                let kind = value[0].word();
                let subclass = value.get(2..).unwrap_or_default();
                let class = bytes(&value[1..2]);
                said.insert(name, format!("{kind} {class} {}", bytes(subclass)));
            }
            "hardware" => {
                let address = bytes(&value[1..]);
                said.insert(name, format!("{} {address}", value[0].word()));
            }
            "uid" => drop(said.insert(name, bytes(value))),
            "client-hostname" => drop(said.insert(name, host_name(value))),
            "set" => {
                let Token::Word(variable) = &value[0] else {
                    panic!("{statement:?}")
                };
                said.insert(format!("set {variable}"), constant(&value[2..]));
            }
            "ddns-fwd-name" | "ddns-rev-name" => {
                // The variable's name is as it is spelled here.
                let Token::Word(variable) = &statement[0] else {
                    panic!("{statement:?}")
                };
                said.insert(format!("set {variable}"), constant(value));
            }
            "option" if value[0].word() == "agent" => {
                let (code, data) = agent(&value[2].word(), &value[3..]);
                let known = said.entry(format!("agent {code:03}")).or_default();
                known.push_str(&data);
            }
            "on" => {
                let brace = statement.iter().position(|token| token.is(b'{'));
                let (events, body) = statement.split_at(brace.expect("it has a block"));
                for event in events[1..]
                    .iter()
                    .map(Token::word)
                    .filter(|word| word != "or")
                {
                    said.insert(format!("on {event}"), plain(body));
                }
            }
            _ => {
                unknown += 1;
                said.insert(format!("unknown {unknown}"), plain(statement));
            }
        }
    }
    said
}

/// A statement of a failover state.
fn state(statement: &[Token]) -> (String, String) {
    let name = statement[0].word();
    let value = match name.as_str() {
        "mclt" => statement[1].word(),
        _ => {
            let since = &statement[4..statement.len() - 1];
            format!("{} {}", statement[2].word(), seconds(since))
        }
    };
    (name, value)
}

/// The tokens again, with one blank between any two, strings in hexadecimal and words in small letters.
fn plain(mut tokens: &[Token]) -> String {
    let mut words = Vec::new();
    while let [first, rest @ ..] = tokens {
        let length = hex_length(tokens);
        if length > 1 {
            words.push(format!("\"{}\"", bytes(&tokens[..length])));
            tokens = &tokens[length..];
            continue;
        }
        words.push(match first {
            Token::Word(word) => word.to_ascii_lowercase(),
            Token::Text(text) => format!("\"{}\"", hex(text)),
            Token::Sign(sign) => char::from(*sign).to_string(),
        });
        tokens = rest;
    }
    words.join(" ")
}

/// How many tokens of a list of bytes with colons between them stand here; it is another spelling of a string.
fn hex_length(tokens: &[Token]) -> usize {
    let is_byte = |token: &Token| match token {
        Token::Word(word) => word.len() <= 2 && u8::from_str_radix(word, 16).is_ok(),
        _ => false,
    };
    let more = tokens
        .windows(3)
        .step_by(2)
        .take_while(|three| is_byte(&three[0]) && three[1].is(b':') && is_byte(&three[2]));
    1 + 2 * more.count()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A string, or bytes with colons between them, in hexadecimal.
fn bytes(tokens: &[Token]) -> String {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            Token::Text(text) => found.extend_from_slice(text),
            Token::Word(word) => {
                found.push(u8::from_str_radix(word, 16).expect("a byte in hexadecimal"));
            }
            Token::Sign(sign) => assert!(matches!(sign, b':' | b';'), "{tokens:?}"),
        }
    }
    hex(&found)
}

fn constant(tokens: &[Token]) -> String {
    match tokens {
        [Token::Sign(b'%'), Token::Word(number)] => format!("%{number}"),
        [Token::Word(word)] if matches!(&*word.to_ascii_lowercase(), "true" | "false") => {
            word.to_ascii_lowercase()
        }
        data => bytes(data),
    }
}

fn host_name(tokens: &[Token]) -> String {
    match tokens {
        [Token::Text(text)] => hex(text),
        words => {
            let parts = words.iter().map(|token| match token {
                Token::Word(word) => word.clone(),
                _ => ".".to_owned(),
            });
            hex(parts.collect::<String>().as_bytes())
        }
    }
}

/// Code and data of an agent option.
fn agent(name: &str, value: &[Token]) -> (u8, String) {
    let named = AGENT.iter().find(|(known, _)| *known == name);
    let unknown = || name.strip_prefix("unknown-")?.parse().ok();
    let code = named.map(|(_, code)| *code).or_else(unknown);
    let code = code.unwrap_or_else(|| panic!("agent option {name}"));
    let data = match code {
        3 | 5 => hex(&address(value).octets()),
        4 => {
            let number: u32 = value[0].word().parse().expect("a number");
            hex(&number.to_be_bytes())
        }
        _ => bytes(value),
    };
    (code, data)
}

fn address(tokens: &[Token]) -> Ipv4Addr {
    let text: String = tokens
        .iter()
        .map(|token| match token {
            Token::Word(word) => word.clone(),
            _ => ".".to_owned(),
        })
        .collect();
    text.parse()
        .unwrap_or_else(|_| panic!("an address: {text}"))
}

/// The latest time that dhcpd has: never.
pub(crate) const NEVER: u32 = 0x7fff_ffff;

fn seconds(tokens: &[Token]) -> u32 {
    let number = |at: usize| -> i64 { tokens[at].word().parse().expect("a number") };
    match tokens[0].word().as_str() {
        "never" => NEVER,
        "epoch" => number(1) as u32,
        _ => {
            // W Y / M / D H : M : S
            let (year, month, day) = (number(1), number(3), number(5));
            if year >= 2038 {
                return NEVER;
            }
            let time = number(6) * 3600 + number(8) * 60 + number(10);
            let offset = if tokens.len() > 11 { number(11) } else { 0 };
            (days(year, month, day) * 86_400 + time + offset) as u32
        }
    }
}

/// Days from 1970-01-01 to a day of the years 1970 to 2037.
fn days(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = i64::from(year % 4 == 0 && month > 2);
    let index = usize::try_from(month - 1).expect("a month");
    (year - 1970) * 365 + (year - 1969) / 4 + BEFORE[index] + leap + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_lease_are_one() {
        let one = "lease 10.0.0.1 { starts 1 2026/11/23 15:35:10; ends never; binding state active;\n\
                   uid \"\\001ab\"; hardware ethernet 0:1:2:a:b:c; set x = \"a\"; option agent.remote-id \"ab\"; }";
        let other = "LEASE 10.0.0.1 { Uid 1:61:62; starts epoch 1795448110; # Mon\n hardware Ethernet 00:01:02:0A:0b:0c;\
                     ends 5 2040/01/01 00:00:00; binding state ACTIVE; set x = a1; set x = \"a\";\
                     option agent.unknown-2 61:62; }";
        let facts = Facts::read(one.as_bytes());
        assert_eq!(facts, Facts::read(other.as_bytes()));
        assert_eq!(facts.leases.len(), 1);
        assert_eq!(facts.leases[&Ipv4Addr::new(10, 0, 0, 1)].len(), 7);
    }

    #[test]
    fn an_event_for_two_is_two() {
        let facts = Facts::read(b"lease 10.0.0.1 { on expiry or release { set x = \"}\"; } }");
        let said = &facts.leases[&Ipv4Addr::new(10, 0, 0, 1)];
        assert_eq!(said["on expiry"], "{ set x = \"7d\" ; }");
        assert_eq!(said["on expiry"], said["on release"]);
    }

    #[test]
    fn other_records_have_their_keys() {
        let facts = Facts::read(
            b"authoring-byte-order little-endian; server-duid \"\\000\\001\"; host a { dynamic; }\n\
              failover peer \"p\" state { my state normal at 4 1970/01/01 00:00:09; mclt 60; }",
        );
        let keys: Vec<&str> = facts.others.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["failover peer \"70\" state", "host a", "server-duid"]
        );
        assert_eq!(facts.others["failover peer \"70\" state"]["my"], "normal 9");
    }
}
