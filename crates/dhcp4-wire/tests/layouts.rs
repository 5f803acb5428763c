//! The writer lays replies out as ISC dhcpd does: byte for byte what a live server answered.

#![allow(clippy::unwrap_used, reason = "a test")]

use dhcp4_wire::{Header, Limits, Message, OptionCode, Packet, ReplyWriter};

const LAYOUTS: &str = include_str!("data/dhcpd-layouts.txt");
const OPTIONS_AT: usize = 240;
const FILE_AT: usize = 108;
const SNAME_AT: usize = 44;
const SERVER_NAME: &[u8] = b"boot.example.org";
const BOOT_FILE: &[u8] = b"loader.img";

/// One line of the data: what was wanted, and how dhcpd laid it out.
struct Layout<'a> {
    name: &'a str,
    limits: Limits,
    server_name: &'a [u8],
    boot_file: &'a [u8],
    relay: Vec<u8>,
    /// Codes in order, with their values.
    wanted: Vec<(u8, Option<Vec<u8>>)>,
    len: usize,
    has_end: bool,
    /// Field, code, length.
    fragments: Vec<(char, u8, usize)>,
}

impl<'a> Layout<'a> {
    fn read(line: &'a str) -> Self {
        let columns: Vec<&str> = line.split(" | ").collect();
        let [name, how, wanted, length, fragments] = columns[..] else {
            panic!("five columns: {line}")
        };
        let how: Vec<&str> = how.split(' ').collect();
        let (len, end) = length.split_once(' ').unwrap();
        let mut relay = Vec::new();
        for (code, len) in how[3].split(',').filter_map(pair) {
            relay.extend_from_slice(&[code, len as u8]);
            relay.extend(value(code, len));
        }
        Layout {
            name,
            limits: Limits::dhcp(how[0].parse().ok()),
            server_name: if how[1] == "-" { b"" } else { SERVER_NAME },
            boot_file: if how[2] == "-" { b"" } else { BOOT_FILE },
            relay,
            wanted: wanted.split(' ').map(code_and_value).collect(),
            len: len.parse().unwrap(),
            has_end: end == "end",
            fragments: fragments.split(' ').map(fragment).collect(),
        }
    }

    fn header(&self) -> Header<'a> {
        let request = Message::request(7, [2, 0, 0x5e, 0x77, 9, 1]);
        let mut bytes = Vec::new();
        request.encode(548, &mut bytes).unwrap();
        let reply = Header::reply_to(&Packet::parse(&bytes).unwrap());
        Header {
            sname: self.server_name,
            file: self.boot_file,
            ..reply
        }
    }

    fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let header = self.header();
        let mut writer = ReplyWriter::new(&mut out, &header, self.limits, &self.relay).unwrap();
        for (index, (code, value)) in self.wanted.iter().enumerate() {
            let Some(value) = value else { continue };
            if index + 1 == self.wanted.len() {
                writer.last_option(OptionCode(*code), value);
            } else {
                writer.option(OptionCode(*code), value);
            }
        }
        writer.finish();
        out
    }

    /// What dhcpd sent, put together again.
    fn expected(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ReplyWriter::without_options(&mut out, &self.header(), &[]).unwrap();
        out.resize(self.len, 0);
        out[236..OPTIONS_AT].copy_from_slice(&[99, 130, 83, 99]);
        let mut at = [OPTIONS_AT, FILE_AT, SNAME_AT];
        // Fragments go on where the last one of the same code ended: options, file, sname.
        let mut taken = [0; 256];
        for &(field, code, len) in &self.fragments {
            let field = "ofs".find(field).unwrap();
            let whole = self.value_of(code);
            let from = taken[usize::from(code)];
            out[at[field]..at[field] + 2].copy_from_slice(&[code, len as u8]);
            out[at[field] + 2..at[field] + 2 + len].copy_from_slice(&whole[from..from + len]);
            taken[usize::from(code)] += len;
            at[field] += 2 + len;
        }
        for (field, at) in at.into_iter().enumerate() {
            if field == 0 && self.has_end || field > 0 && at > [0, FILE_AT, SNAME_AT][field] {
                out[at] = 255;
            }
        }
        out
    }

    fn value_of(&self, code: u8) -> Vec<u8> {
        match code {
            52 => {
                let used = |letter| self.fragments.iter().any(|(field, ..)| *field == letter);
                vec![u8::from(used('f')) | u8::from(used('s')) << 1]
            }
            82 => self.relay.clone(),
            _ => {
                let (_, value) = self
                    .wanted
                    .iter()
                    .find(|(other, _)| *other == code)
                    .unwrap();
                value.clone().unwrap()
            }
        }
    }
}

fn pair(text: &str) -> Option<(u8, usize)> {
    let (code, len) = text.split_once(':')?;
    Some((code.parse().unwrap(), len.parse().ok()?))
}

fn code_and_value(text: &str) -> (u8, Option<Vec<u8>>) {
    let code = text.split(':').next().unwrap().parse().unwrap();
    (code, pair(text).map(|(code, len)| value(code, len)))
}

fn fragment(text: &str) -> (char, u8, usize) {
    let (code, len) = pair(&text[1..]).unwrap();
    (text.chars().next().unwrap(), code, len)
}

/// Bytes that differ from place to place and from option to option.
fn value(code: u8, len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (usize::from(code) * 31 + i * 7) as u8)
        .collect()
}

fn layouts() -> impl Iterator<Item = Layout<'static>> {
    LAYOUTS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(Layout::read)
}

#[test]
fn replies_are_laid_out_as_dhcpd_does() {
    assert_eq!(layouts().count(), 133);
    for layout in layouts() {
        assert_eq!(layout.write(), layout.expected(), "{}", layout.name);
    }
}

#[test]
fn a_reply_is_read_as_it_was_meant() {
    for layout in layouts() {
        let bytes = layout.write();
        let packet = Packet::parse(&bytes).unwrap();
        for &(_, code, _) in &layout.fragments {
            let whole = packet.option(OptionCode(code)).unwrap().to_vec();
            assert_eq!(
                whole,
                layout.value_of(code),
                "{}, option {code}",
                layout.name
            );
        }
        let relay = packet.relay_agent_information();
        let echo = relay.map(|relay| relay.echo(&mut [0; 512]).map(<[u8]>::to_vec));
        assert_eq!(
            echo.flatten().unwrap_or_default(),
            layout.relay,
            "{}",
            layout.name
        );
    }
}
