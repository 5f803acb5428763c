//! The kernel's filter (classic BPF) for packets that begin with the IP header.

use nix::libc::{
    BPF_ABS, BPF_B, BPF_H, BPF_IND, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_LDX, BPF_MSH,
    BPF_RET, ETH_P_IP, SKF_AD_OFF, SKF_AD_PROTOCOL,
};
use socket2::SockFilter;

/// `ip_p` of TCP.
const TCP: u32 = 6;

/// Lets through TCP over IPv4 from or to these ports, and all TCP fragments but the first, which have no ports. Of a
/// packet the first `longest` bytes are handed out.
pub(super) fn filter(ports: &[u16], longest: u32) -> Vec<SockFilter> {
    let protocol = SKF_AD_OFF.wrapping_add(SKF_AD_PROTOCOL) as u32;
    let mut steps = vec![
        Step::Load(BPF_LD | BPF_H | BPF_ABS, protocol),
        Step::RejectUnless(ETH_P_IP as u32),
        Step::Load(BPF_LD | BPF_B | BPF_ABS, 9),
        Step::RejectUnless(TCP),
        Step::Load(BPF_LD | BPF_H | BPF_ABS, 6),
        Step::Accept(BPF_JSET, 0x1fff), // fragment offset
        Step::Load(BPF_LDX | BPF_B | BPF_MSH, 0),
    ];
    for at in [0, 2] {
        steps.push(Step::Load(BPF_LD | BPF_H | BPF_IND, at));
        steps.extend(ports.iter().map(|&port| Step::Accept(BPF_JEQ, port.into())));
    }
    let reject = steps.len();
    let jump = |from: usize, to: usize| (to - from - 1) as u8; // the command line bounds the ports
    let mut program: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(at, step)| match *step {
            Step::Load(code, k) => SockFilter::new(code as u16, 0, 0, k),
            Step::RejectUnless(k) => {
                let code = BPF_JMP | BPF_JEQ | BPF_K;
                SockFilter::new(code as u16, 0, jump(at, reject), k)
            }
            Step::Accept(test, k) => {
                let code = BPF_JMP | test | BPF_K;
                SockFilter::new(code as u16, jump(at, reject + 1), 0, k)
            }
        })
        .collect();
    for length in [0, longest] {
        program.push(SockFilter::new((BPF_RET | BPF_K) as u16, 0, 0, length));
    }
    program
}

/// One instruction.
enum Step {
    /// Reads a field by this kind of load.
    Load(u32, u32),
    /// The field must have this value.
    RejectUnless(u32),
    /// By this test on the field and this value the packet is one.
    Accept(u32, u32),
}
