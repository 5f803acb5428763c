//! Each class of faults does something, and what breaks the protocol's assumptions is found and named.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use sim::history::{Checker, Entry, Legal};
use sim::{Fault, HOUR, Options, Outcome, Tally, Trace, run, run_recorded};

fn only(seed: u64, with: &[Fault], hours: u64) -> Outcome {
    let options = Options {
        duration: Some(hours * HOUR),
        without: Fault::ALL.to_vec(),
        with: with.to_vec(),
        ..Options::default()
    };
    let outcome = run(seed, &options, Trace::new(None));
    assert_eq!(outcome.violation, None, "{}", outcome.scenario);
    outcome
}

#[test]
fn every_class_strikes() {
    // These strike only beside others: nothing else makes a server end, the link go, or somebody look.
    let beside = [Fault::Crash, Fault::LinkCut];
    let says_itself = [
        Fault::Segments,
        Fault::ClockOffset,
        Fault::Steady,
        Fault::Pools,
        Fault::ClockDrift,
        Fault::Clones,
        Fault::Automatic,
        Fault::LoneStart,
        Fault::Decline,
    ];
    for fault in Fault::ALL {
        if says_itself.contains(&fault) {
            continue;
        }
        let mut tally = Tally::default();
        for seed in 0..12 {
            tally.add(&only(seed, &[&beside[..], &[fault]].concat(), 8).tally);
            if tally.faults.contains_key(&fault) {
                break;
            }
        }
        assert!(tally.faults.contains_key(&fault), "{fault} never struck");
    }
}

#[test]
fn without_faults_nobody_holds_an_address_twice() {
    for seed in 0..20 {
        let outcome = only(seed, &[], 2);
        assert!(outcome.tally.legal.is_empty());
        assert!(outcome.tally.faults.is_empty());
    }
}

#[test]
fn servers_that_declare_each_other_down_while_both_serve_are_excused() {
    let mut tally = Tally::default();
    for seed in 0..20 {
        tally.add(&only(seed, &[Fault::LinkCut, Fault::Automatic], 12).tally);
    }
    assert!(tally.legal.contains_key(&Legal::DeclaredDown), "{tally}");
}

#[derive(Clone, Default)]
struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_history_that_was_written_out_gets_the_same_verdict() {
    let options = Options {
        duration: Some(12 * HOUR),
        with: vec![Fault::LinkCut, Fault::Automatic],
        ..Options::default()
    };
    let mut judged = 0;
    for seed in 0..10 {
        let buffer = Buffer::default();
        let history = Some(Box::new(buffer.clone()) as Box<dyn Write>);
        let outcome = run_recorded(seed, &options, Trace::new(None), history);
        let mut checker = Checker::default();
        for line in String::from_utf8(buffer.0.take()).unwrap().lines() {
            checker.take(&Entry::read(line).expect(line)).expect(line);
        }
        let verdict = checker.finish();
        assert_eq!(verdict.unlabelled().count(), 0);
        let legal: u64 = outcome.tally.legal.values().sum();
        assert_eq!(verdict.counts.values().sum::<u64>(), legal);
        judged += verdict.claims;
    }
    assert!(judged > 100, "{judged}");
}
