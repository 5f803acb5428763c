//! DHCPv4 packets: three that are the same each time, and a stream of differing ones.

/// Remote and circuit id as a relay agent adds them.
const RELAY: &[u8] = b"\x01\x0ceth0/1/2:100\x02\x06\x02\x00\x5e\x00\x00\x01";
const NAME_SERVERS: [u8; 8] = [10, 64, 0, 53, 10, 64, 1, 53];
const TIME_SERVERS: [u8; 8] = [10, 64, 0, 123, 10, 64, 1, 123];
const DOMAIN: &[u8] = b"lab.example.net";
const SNAME_AT: usize = 44;
const FILE_AT: usize = 108;

/// The packets that stay the same, by name.
#[must_use]
pub fn fixed() -> [(&'static str, Vec<u8>); 3] {
    [
        ("discover", discover()),
        ("ack12", ack12()),
        ("worst", worst()),
    ]
}

/// A DISCOVER as a relay agent forwards it: eight options, 332 bytes.
#[must_use]
pub fn discover() -> Vec<u8> {
    let mut packet = header(1, [0; 4]);
    let asked = [1, 3, 6, 12, 15, 28, 42, 51, 54, 58, 59, 119, 121];
    append(&mut packet, 53, &[1]);
    append(&mut packet, 61, &[1, 2, 0, 0x5e, 0x10, 0x20, 0x30]);
    append(&mut packet, 50, &[10, 64, 7, 9]);
    append(&mut packet, 55, &asked);
    append(&mut packet, 57, &[0x05, 0xdc]);
    append(&mut packet, 60, b"MSFT 5.0");
    append(&mut packet, 12, b"workstation-0042");
    append(&mut packet, 82, RELAY);
    packet.push(255);
    packet.resize(packet.len().max(300).next_multiple_of(4), 0);
    packet
}

/// An ACK with twelve options, 347 bytes.
#[must_use]
pub fn ack12() -> Vec<u8> {
    let mut packet = header(2, [10, 64, 7, 9]);
    for (code, value) in ack12_options() {
        append(&mut packet, code, &value);
    }
    append(&mut packet, 82, RELAY);
    packet.push(255);
    packet
}

/// The options of [`ack12`], without the last: option 82.
#[must_use]
pub fn ack12_options() -> Vec<(u8, Vec<u8>)> {
    vec![
        (53, vec![5]),
        (54, vec![10, 64, 0, 1]),
        (51, 3600u32.to_be_bytes().to_vec()),
        (58, 1800u32.to_be_bytes().to_vec()),
        (59, 3150u32.to_be_bytes().to_vec()),
        (1, vec![255, 240, 0, 0]),
        (28, vec![10, 79, 255, 255]),
        (3, vec![10, 64, 0, 1]),
        (6, NAME_SERVERS.to_vec()),
        (15, DOMAIN.to_vec()),
        (42, TIME_SERVERS.to_vec()),
    ]
}

/// All that makes a packet hard, 941 bytes: options in all three fields, one of 600 bytes in three
/// fragments, one cut between the options field and `file`.
#[must_use]
pub fn worst() -> Vec<u8> {
    let mut packet = header(2, [10, 64, 7, 9]);
    append(&mut packet, 53, &[5]);
    append(&mut packet, 54, &[10, 64, 0, 1]);
    append(&mut packet, 51, &3600u32.to_be_bytes());
    append(&mut packet, 52, &[3]);
    append(&mut packet, 58, &1800u32.to_be_bytes());
    append(&mut packet, 59, &3150u32.to_be_bytes());
    append(&mut packet, 1, &[255, 240, 0, 0]);
    append(&mut packet, 3, &[10, 64, 0, 1, 10, 64, 0, 3]);
    append(&mut packet, 6, &NAME_SERVERS);
    append(&mut packet, 12, b"workstation-");
    let long: Vec<u8> = (0..600u32).map(|i| (i % 251) as u8).collect();
    long.chunks(255)
        .for_each(|fragment| append(&mut packet, 43, fragment));
    append(&mut packet, 82, RELAY);
    packet.push(255);

    let mut file = Vec::new();
    append(&mut file, 12, b"0042-second-half-of-the-name");
    append(&mut file, 15, DOMAIN);
    append(&mut file, 42, &TIME_SERVERS);
    append(&mut file, 28, &[10, 79, 255, 255]);
    file.push(255);
    packet[FILE_AT..FILE_AT + file.len()].copy_from_slice(&file);

    let mut sname = Vec::new();
    append(&mut sname, 66, b"tftp.lab.example.net");
    append(&mut sname, 67, b"boot/loader.efi");
    sname.push(255);
    packet[SNAME_AT..SNAME_AT + sname.len()].copy_from_slice(&sname);
    packet
}

/// 256 packets that differ in message type, options, their order and lengths, so that no branch is
/// foretold by repetition.
#[must_use]
pub fn mix() -> Vec<Vec<u8>> {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    (0..=255)
        .map(|number| one_of_mix(number, &mut random))
        .collect()
}

fn one_of_mix(number: u8, random: &mut Xorshift) -> Vec<u8> {
    let mut packet = header(1, [0; 4]);
    let reply = random.below(2) == 1;
    packet[0] = if reply { 2 } else { 1 };
    packet[4..8].copy_from_slice(&(random.below(1 << 32) as u32).to_be_bytes());
    packet[28..34].copy_from_slice(&[2, 0, 0, 0, 1, number]);
    let kind = if reply {
        random.one_of(&[2, 5, 5, 6])
    } else {
        random.one_of(&[1, 3, 3, 7, 8])
    };
    let mut options = vec![
        (61, vec![1, 2, 0, 0, 0, 1, number]),
        (12, vec![b'h'; random.len(3, 20)]),
    ];
    if reply {
        for code in [54, 51, 58, 59, 1, 28, 3] {
            if random.below(10) < 8 {
                options.push((code, vec![10, 64, 0, 1]));
            }
        }
        options.push((6, [10, 64, 0, 53].repeat(random.len(1, 3))));
        if random.below(2) == 0 {
            options.push((15, DOMAIN.to_vec()));
        }
    } else {
        if random.below(2) == 0 {
            options.push((50, vec![10, 64, 1, number]));
        }
        options.push((55, (1..=random.len(4, 14) as u8).collect()));
        if random.below(3) != 0 {
            options.push((57, vec![0x05, 0xdc]));
        }
        if random.below(2) == 0 {
            options.push((60, vec![b'v'; random.len(4, 24)]));
        }
    }
    if random.below(2) == 0 {
        options.push((82, RELAY.to_vec()));
    }
    for last in (1..options.len()).rev() {
        options.swap(last, random.below(last as u64 + 1) as usize);
    }
    let place = if random.below(4) == 0 {
        random.below(options.len() as u64) as usize
    } else {
        0
    };
    options.insert(place, (53, vec![kind]));
    options
        .iter()
        .for_each(|(code, value)| append(&mut packet, *code, value));
    packet.push(255);
    packet.resize(packet.len().max(300), 0);
    packet
}

/// The fixed fields of a packet that passed a relay agent, and the magic cookie.
fn header(op: u8, yiaddr: [u8; 4]) -> Vec<u8> {
    let mut packet = vec![0; 236];
    packet[..4].copy_from_slice(&[op, 1, 6, 1]);
    packet[4..8].copy_from_slice(&[0x3d, 0x1d, 0x8a, 0x7c]);
    packet[8..12].copy_from_slice(&[0, 3, 0x80, 0]);
    packet[16..20].copy_from_slice(&yiaddr);
    packet[24..28].copy_from_slice(&[10, 64, 0, 2]);
    packet[28..34].copy_from_slice(&[2, 0, 0x5e, 0x10, 0x20, 0x30]);
    packet.extend_from_slice(&[99, 130, 83, 99]);
    packet
}

fn append(to: &mut Vec<u8>, code: u8, value: &[u8]) {
    to.extend_from_slice(&[code, value.len() as u8]);
    to.extend_from_slice(value);
}

/// Marsaglia's xorshift64: the same packets on every machine.
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_of(&mut self, choice: &[u8]) -> u8 {
        choice[self.below(choice.len() as u64) as usize]
    }

    fn len(&mut self, least: usize, spread: u64) -> usize {
        least + self.below(spread) as usize
    }
}
