//! Ratios that hold on a busy machine: the contenders take turns, round after round, so that
//! whatever slows the machine down hits all of them, and each ratio is taken within a round.

use std::time::{Duration, Instant};

/// One contender: a name, and what is timed.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Contender<'a> {
    /// `run` does the work once.
    pub fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }
}

/// Times each contender `rounds` times in turn, and prints a table: time of one run, and the ratio
/// to the first contender. Each figure is the median, with the range.
#[expect(clippy::print_stdout, reason = "the table is what it is for")]
pub fn table(title: &str, rounds: usize, contenders: &mut [Contender<'_>]) {
    let runs: Vec<u32> = contenders.iter_mut().map(calibrate).collect();
    let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for ((contender, runs), times) in contenders.iter_mut().zip(&runs).zip(&mut times) {
            times.push(nanoseconds(contender, *runs));
        }
    }
    println!(
        "\n{title}\n{:<34} {:>26} {:>26}",
        "", "ns, median (min-max)", "ratio, median (min-max)"
    );
    for (contender, own) in contenders.iter().zip(&times) {
        let ratios = own
            .iter()
            .zip(&times[0])
            .map(|(own, first)| own / first)
            .collect();
        println!(
            "{:<34} {:>26} {:>26}",
            contender.name,
            spread(own.clone(), 1),
            spread(ratios, 2)
        );
    }
}

/// How many runs make a sample that the clock measures well.
fn calibrate(contender: &mut Contender<'_>) -> u32 {
    const SAMPLE: Duration = Duration::from_millis(2);
    let mut runs = 16;
    while nanoseconds(contender, runs) * f64::from(runs) < SAMPLE.as_nanos() as f64 {
        runs *= 2;
    }
    runs
}

/// Time of one run. Its caller is what reads the clock here: benches are no pure crate.
#[expect(clippy::disallowed_methods, reason = "measuring time is the purpose")]
fn nanoseconds(contender: &mut Contender<'_>, runs: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..runs {
        (contender.run)();
    }
    start.elapsed().as_nanos() as f64 / f64::from(runs)
}

fn spread(mut samples: Vec<f64>, digits: usize) -> String {
    samples.sort_by(f64::total_cmp);
    match (
        samples.first(),
        samples.get(samples.len() / 2),
        samples.last(),
    ) {
        (Some(min), Some(median), Some(max)) => {
            format!("{median:.digits$} ({min:.digits$}-{max:.digits$})")
        }
        _ => String::new(),
    }
}
