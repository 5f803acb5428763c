//! Reading allocates nothing, and neither does writing into a buffer that is large enough.

#![allow(
    clippy::unwrap_used,
    unsafe_code,
    reason = "a test with an allocator of its own"
)]

use dhcp4_wire::{Header, Limits, Message, MessageType, OptionCode, Packet, ReplyWriter};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: all is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

/// A request with everything that is hard: fragments, overload, relay agent information.
fn request() -> Vec<u8> {
    let mut message = Message::request(7, [2, 0, 0x5e, 0, 0, 1]);
    message.options.set_message_type(MessageType::REQUEST);
    message
        .options
        .set_client_identifier(&[1, 2, 0, 0x5e, 0, 0, 1]);
    message
        .options
        .push(OptionCode::VENDOR_CLASS_IDENTIFIER, vec![b'v'; 300]);
    message.options.set_host_name(&"n".repeat(40));
    message.options.set_requested_address([192, 0, 2, 7].into());
    message.options.set_server_identifier([192, 0, 2, 1].into());
    message
        .options
        .set_parameter_request_list(&[OptionCode::ROUTERS]);
    message.options.push(
        OptionCode::RELAY_AGENT_INFORMATION,
        [1, 2, 65, 66, 2, 1, 67],
    );
    let mut bytes = Vec::new();
    assert_eq!(message.encode(548, &mut bytes), Ok(0));
    bytes
}

#[test]
fn the_count_works() {
    assert_eq!(allocations_of(|| drop(std::hint::black_box(vec![1]))), 1);
}

#[test]
fn reading() {
    let bytes = request();
    let allocations = allocations_of(|| {
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.overload(), 1);
        assert_eq!(packet.check_lengths(), Ok(()));
        assert!(packet.options().count() > 8);
        assert_eq!(packet.message_type(), Some(MessageType::REQUEST));
        assert!(packet.requested_address().is_some() && packet.server_identifier().is_some());
        assert_eq!(packet.client_identifier().unwrap().len(), 7);
        assert_eq!(packet.host_name().unwrap().len(), 40);
        assert_eq!(
            packet.parameter_request_list().unwrap().as_slice(),
            Some(&[3][..])
        );
        let class = packet.vendor_class_identifier().unwrap();
        assert_eq!(class.contiguous(&mut [0; 400]), Some(&[b'v'; 300][..]));
        let relay = packet.relay_agent_information().unwrap();
        assert_eq!(relay.circuit_id(), Some(&b"AB"[..]));
        assert_eq!(relay.echo(&mut [0; 400]).unwrap().len(), 7);
        assert_eq!(packet.lease_time(), None);
    });
    assert_eq!(allocations, 0);
}

#[test]
fn refusing() {
    let mut bytes = request();
    bytes.truncate(300);
    assert_eq!(
        allocations_of(|| assert!(Packet::parse(&bytes).is_err())),
        0
    );
}

#[test]
fn writing() {
    let bytes = request();
    let request = Packet::parse(&bytes).unwrap();
    let message = Message::from(&request);
    let mut out = Vec::with_capacity(Limits::dhcp(None).max_len_with_relay);
    let allocations = allocations_of(|| {
        for _ in 0..3 {
            let header = Header::reply_to(&request);
            let limits = Limits::dhcp(request.max_message_size());
            let mut writer = ReplyWriter::new(&mut out, &header, limits, &[1, 1, 65]).unwrap();
            assert!(writer.option(OptionCode::DHCP_MESSAGE_TYPE, &[5]));
            assert!(writer.option(OptionCode(224), &[7; 400]));
            assert!(!writer.option(OptionCode(225), &[7; 400]));
            assert!(writer.last_option(OptionCode::ROUTERS, &[192, 0, 2, 1]));
            writer.finish();
        }
    });
    assert_eq!((allocations, out.len()), (0, 553));
    let allocations = allocations_of(|| assert_eq!(message.encode(548, &mut out), Ok(0)));
    assert_eq!(allocations, 0);
}
