//! Writing a reply straight from borrowed values, laid out byte for byte as ISC dhcpd does.

use crate::code::OptionCode;
use crate::error::EncodeError;
use crate::header::Header;
use crate::parse::{FILE_AT, HEADER_LEN, MAGIC_COOKIE, OPTIONS_AT, SNAME_AT};

/// RFC 951: what a BOOTP message is at least; shorter ones are padded with zero bytes.
pub(crate) const BOOTP_MIN_LEN: usize = 300;
/// IP header without options, and UDP header.
const IP_UDP_LEN: u16 = 28;
/// RFC 2131 §2: the IP datagram that every client must take.
const MIN_DATAGRAM: u16 = 576;
/// dhcpd sends no more than Ethernet carries in one frame.
const MAX_DATAGRAM: u16 = 1500;
/// RFC 951 §3: the vendor area of a BOOTP message.
const BOOTP_VENDOR_LEN: usize = 64;
/// The longest value of one fragment.
const MAX_FRAGMENT: usize = 255;
/// Code and length.
const FRAGMENT_HEADER: usize = 2;
/// Option 52, which has to fit the options field once another field is used.
const OVERLOAD_OPTION_LEN: usize = 3;
/// The END of a field.
const END_LEN: usize = 1;

/// How long a message may become, in bytes of DHCP: without IP and UDP headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Without option 82.
    pub max_len: usize,
    /// With it. dhcpd lets option 82 go over the client's limit, since it is for the relay agent,
    /// but not over a frame.
    pub max_len_with_relay: usize,
}

impl Limits {
    /// For a DHCP client that sent this option 57, or none. As in ISC dhcpd less than 576 counts as
    /// 576 and more than 1500 as 1500; without the option it is 576.
    #[must_use]
    pub const fn dhcp(max_message_size: Option<u16>) -> Self {
        let datagram = match max_message_size {
            None | Some(..MIN_DATAGRAM) => MIN_DATAGRAM,
            Some(MAX_DATAGRAM..) => MAX_DATAGRAM,
            Some(size) => size,
        };
        Self {
            max_len: (datagram - IP_UDP_LEN) as usize,
            ..Self::FRAME
        }
    }

    /// For a BOOTP client whose request was this long, in bytes: a vendor area of 64 bytes, or as
    /// long as the request's. If it sent option 57, use [`dhcp`](Self::dhcp).
    #[must_use]
    pub fn bootp(request_len: usize) -> Self {
        let max_len = request_len.clamp(HEADER_LEN + BOOTP_VENDOR_LEN, Self::FRAME.max_len);
        Self {
            max_len,
            ..Self::FRAME
        }
    }

    const FRAME: Self = Self {
        max_len: (MAX_DATAGRAM - IP_UDP_LEN) as usize,
        max_len_with_relay: (MAX_DATAGRAM - IP_UDP_LEN) as usize,
    };
}

/// Writes one message from a header and options given one by one, in the order of their importance.
///
/// An option goes to the options field while there is room, then to `file`, then to `sname`, but
/// never to one of these that holds a name. One that fits none of them is cut, anywhere, and goes
/// on in the next field (RFC 3396); one for which there is no room at all is left out, and smaller
/// ones after it may still fit. Option 52 is added when it is needed. Option 82 comes last and on
/// top of the limit.
///
/// ```
/// use dhcp4_wire::{Header, Limits, MessageType, OptionCode, Packet, ReplyWriter};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut datagram = vec![0; 240];
/// # datagram[236..].copy_from_slice(&[99, 130, 83, 99]);
/// let request = Packet::parse(&datagram)?;
/// let mut buf = Vec::with_capacity(1500); // kept from packet to packet
/// let header = Header { yiaddr: [192, 0, 2, 7].into(), ..Header::reply_to(&request) };
/// let limits = Limits::dhcp(request.max_message_size());
/// let mut reply = ReplyWriter::new(&mut buf, &header, limits, &[])?;
/// reply.option(OptionCode::DHCP_MESSAGE_TYPE, &[MessageType::OFFER.0]);
/// reply.last_option(OptionCode::DHCP_SERVER_IDENTIFIER, &[192, 0, 2, 1]);
/// reply.finish();
/// assert_eq!(Packet::parse(&buf)?.message_type(), Some(MessageType::OFFER));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ReplyWriter<'o> {
    out: &'o mut Vec<u8>,
    /// Value of option 82; empty = none.
    relay: &'o [u8],
    /// End of what the options before 82 may use, as a place in `out`.
    main_end: usize,
    /// End of the whole message.
    end: usize,
    file: Spare,
    sname: Spare,
}

/// A field of the header that may take options.
#[derive(Debug, Clone, Copy)]
struct Spare {
    /// Its place in the message.
    at: usize,
    /// Its length; 0 if it holds a name.
    len: usize,
    /// Bytes of options in it, without their END.
    used: usize,
}

impl Spare {
    /// Room for a fragment of `len` bytes? As in dhcpd the END has to fit behind it.
    const fn takes(self, len: usize) -> bool {
        self.used + FRAGMENT_HEADER + END_LEN + len < self.len
    }

    /// The longest fragment that the rest of the field takes, if dhcpd thinks it worth beginning
    /// one.
    const fn room(self) -> Option<usize> {
        if self.used + FRAGMENT_HEADER + END_LEN + 1 < self.len {
            Some(self.len - self.used - FRAGMENT_HEADER - END_LEN)
        } else {
            None
        }
    }
}

/// Where a fragment goes.
#[derive(Clone, Copy)]
enum Field {
    Options,
    File,
    Sname,
}

impl<'o> ReplyWriter<'o> {
    /// Begins a message in `out`, replacing what is there. `relay` is the value of option 82 to
    /// send back, empty for none
    /// ([`RelayAgentInformation::echo`](crate::RelayAgentInformation::echo)). Nothing is allocated
    /// as long as the capacity of `out` is at least `limits.max_len_with_relay`, and at least 300.
    ///
    /// # Errors
    ///
    /// The limit leaves no room for the fixed fields, or one of their values is too long.
    pub fn new(
        out: &'o mut Vec<u8>,
        header: &Header<'_>,
        limits: Limits,
        relay: &'o [u8],
    ) -> Result<Self, EncodeError> {
        if limits.max_len < OPTIONS_AT {
            return Err(EncodeError::NoRoomForHeader {
                max_len: limits.max_len,
            });
        }
        header.write(out)?;
        out.extend_from_slice(&MAGIC_COOKIE);

        let relay_len = relay.len() + relay.len().div_ceil(MAX_FRAGMENT) * FRAGMENT_HEADER;
        let end = limits
            .max_len
            .saturating_add(relay_len)
            .min(limits.max_len_with_relay.max(limits.max_len));
        let main_end = if end - HEADER_LEN > relay_len {
            end - relay_len
        } else {
            end
        };
        let spare = |at, name: &[u8], len| Spare {
            at,
            len: if name.is_empty() { len } else { 0 },
            used: 0,
        };
        let file = spare(FILE_AT, header.file, HEADER_LEN - FILE_AT);
        let sname = spare(SNAME_AT, header.sname, FILE_AT - SNAME_AT);
        Ok(Self {
            out,
            relay,
            main_end,
            end,
            file,
            sname,
        })
    }

    /// Keeps options out of `file` and `sname`, as dhcpd does in replies to BOOTP clients with a fixed
    /// address.
    #[must_use]
    pub fn without_overload(mut self) -> Self {
        self.file.len = 0;
        self.sname.len = 0;
        self
    }

    /// Adds an option; not 52, nor 82. Says whether there was room for it.
    #[inline]
    pub fn option(&mut self, code: OptionCode, value: &[u8]) -> bool {
        if value.len() <= MAX_FRAGMENT
            && self.out.len() + FRAGMENT_HEADER + OVERLOAD_OPTION_LEN + value.len() < self.main_end
        {
            put(self.out, code, value);
            return true;
        }
        self.squeeze(code, value, false)
    }

    /// Adds the option that is last in the list of those to send: it may use the three bytes that
    /// are otherwise kept free for option 52. dhcpd's list has all codes asked for, so use this
    /// only if the last *code* has a value.
    #[inline]
    pub fn last_option(&mut self, code: OptionCode, value: &[u8]) -> bool {
        self.squeeze(code, value, true)
    }

    /// Whether any option was written, in any field.
    #[must_use]
    pub fn has_options(&self) -> bool {
        self.out.len() > OPTIONS_AT || self.file.used > 0 || self.sname.used > 0
    }

    /// Completes the message: options 52 and 82, END, padding to the 300 bytes of BOOTP.
    pub fn finish(self) {
        let overload = u8::from(self.file.used > 0) | u8::from(self.sname.used > 0) << 1;
        for spare in [self.file, self.sname]
            .iter()
            .filter(|spare| spare.used > 0)
        {
            self.out[spare.at + spare.used] = OptionCode::END.0;
        }
        if overload != 0 {
            put(self.out, OptionCode::DHCP_OPTION_OVERLOAD, &[overload]);
        }
        let relay_len =
            self.relay.len() + self.relay.len().div_ceil(MAX_FRAGMENT) * FRAGMENT_HEADER;
        if self.out.len() + relay_len <= self.end {
            for fragment in self.relay.chunks(MAX_FRAGMENT) {
                put(self.out, OptionCode::RELAY_AGENT_INFORMATION, fragment);
            }
        }
        if self.out.len() < self.end {
            self.out.push(OptionCode::END.0);
        }
        if self.out.len() < BOOTP_MIN_LEN {
            self.out.resize(BOOTP_MIN_LEN, 0);
        }
    }

    /// A reply to a BOOTP client that knows no options (no magic cookie): the fixed fields and a
    /// vendor area, as dhcpd sends it back from the request.
    ///
    /// # Errors
    ///
    /// A value of the fixed fields is too long.
    pub fn without_options(
        out: &mut Vec<u8>,
        header: &Header<'_>,
        vendor_area: &[u8],
    ) -> Result<(), EncodeError> {
        header.write(out)?;
        out.extend_from_slice(vendor_area);
        if out.len() < BOOTP_MIN_LEN {
            out.resize(BOOTP_MIN_LEN, 0);
        }
        Ok(())
    }

    /// Places an option where it does not simply fit: the rules of dhcpd's `store_options`.
    fn squeeze(&mut self, code: OptionCode, value: &[u8], last: bool) -> bool {
        let before = (self.out.len(), self.file.used, self.sname.used);
        let mut rest = value;
        let mut cut = value.len() > MAX_FRAGMENT;
        loop {
            let whole = if cut {
                None
            } else {
                self.field_for(rest.len(), last)
            };
            let (field, len) = match whole {
                Some(field) => (field, rest.len()),
                None => {
                    cut = true;
                    let Some((field, room)) = self.field_with_room() else {
                        self.roll_back(before);
                        return false;
                    };
                    (field, room.min(rest.len()).min(MAX_FRAGMENT))
                }
            };
            let (fragment, after) = rest.split_at(len);
            self.put_in(field, code, fragment);
            rest = after;
            if rest.is_empty() {
                return true;
            }
        }
    }

    /// The first field that takes a fragment of `len` bytes whole.
    fn field_for(&self, len: usize, last: bool) -> Option<Field> {
        let used = self.out.len() + FRAGMENT_HEADER + len;
        let overload_unused = self.file.used == 0 && self.sname.used == 0;
        if used + OVERLOAD_OPTION_LEN < self.main_end
            || (last && overload_unused && used < self.main_end)
        {
            Some(Field::Options)
        } else if self.file.takes(len) {
            Some(Field::File)
        } else if self.sname.takes(len) {
            Some(Field::Sname)
        } else {
            None
        }
    }

    /// The first field that takes the beginning of an option, and how many bytes of it.
    fn field_with_room(&self) -> Option<(Field, usize)> {
        let kept = self.out.len() + FRAGMENT_HEADER + OVERLOAD_OPTION_LEN;
        if kept + 1 < self.main_end {
            return Some((Field::Options, self.main_end - kept));
        }
        let file = self.file.room().map(|room| (Field::File, room));
        file.or_else(|| self.sname.room().map(|room| (Field::Sname, room)))
    }

    fn put_in(&mut self, field: Field, code: OptionCode, fragment: &[u8]) {
        let spare = match field {
            Field::Options => return put(self.out, code, fragment),
            Field::File => &mut self.file,
            Field::Sname => &mut self.sname,
        };
        let at = spare.at + spare.used;
        spare.used += FRAGMENT_HEADER + fragment.len();
        let to = &mut self.out[at..spare.at + spare.used];
        to[0] = code.0;
        to[1] = fragment.len() as u8;
        to[FRAGMENT_HEADER..].copy_from_slice(fragment);
    }

    /// Takes back what was written of an option.
    fn roll_back(&mut self, (main, file, sname): (usize, usize, usize)) {
        self.out.truncate(main);
        for (spare, used) in [(&mut self.file, file), (&mut self.sname, sname)] {
            self.out[spare.at + used..spare.at + spare.used].fill(0);
            spare.used = used;
        }
    }
}

/// Appends a fragment of at most 255 bytes. Single bytes and addresses, which most options are,
/// need no call to copy them.
#[inline(always)]
fn put(out: &mut Vec<u8>, code: OptionCode, fragment: &[u8]) {
    match *fragment {
        [value] => out.extend_from_slice(&[code.0, 1, value]),
        [a, b, c, d] => out.extend_from_slice(&[code.0, 4, a, b, c, d]),
        _ => {
            out.extend_from_slice(&[code.0, fragment.len() as u8]);
            out.extend_from_slice(fragment);
        }
    }
}
