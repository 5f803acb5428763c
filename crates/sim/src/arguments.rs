//! The command line.

use sim::Options;

pub(crate) const USAGE: &str = "\
usage: sim --seed N [options]      one run, printed line by line
       sim --seeds N [options]     many runs; ends with `N passed, N failed`
       sim judge FILE...           histories of live or simulated pairs: who held an address twice?
options:
  --from N          first seed of --seeds (0)
  --days N          length of the part with faults (a few hours, by the seed)
  --hours N         the same in hours
  --seconds N       the same in seconds
  --clients N       number of clients (1 to 40, by the seed)
  --addresses N     at most so many addresses in a pool
  --without CLASS   leaves a class of faults out, or `all` of them; may be repeated
  --with CLASS      has it in any case; may be repeated
  --reference       the scenario that speed is measured on: 50 clients, leases of 8 h, MCLT 1 h
with --seed:
  --quiet           only the result
  --explain         in words: which promise was broken, by what, and what led to it
  --shrink          looks for the smallest run that fails in the same way, and writes it as a regression test
  --history FILE    writes what clients and operators saw, for `sim judge`
with --seeds:
  --jobs N          so many runs at once (one for each processor)
  --resume FILE     goes on where the batch with this file stopped, and adds up; makes the file
  --coverage        fails if a kind of behaviour that can be reached wasn't";

/// What to do.
#[derive(Debug)]
pub(crate) enum Task {
    One(u64),
    Many(u64),
    Judge(Vec<String>),
}

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) task: Task,
    pub(crate) from: u64,
    pub(crate) jobs: Option<usize>,
    pub(crate) resume: Option<String>,
    pub(crate) history: Option<String>,
    pub(crate) coverage: bool,
    pub(crate) quiet: bool,
    pub(crate) explain: bool,
    pub(crate) shrink: bool,
    pub(crate) options: Options,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut task = None;
        let mut arguments = Self {
            task: Task::Many(0),
            from: 0,
            jobs: None,
            resume: None,
            history: None,
            coverage: false,
            quiet: false,
            explain: false,
            shrink: false,
            options: Options::default(),
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value"));
            let number = |text: String| {
                text.parse::<u64>()
                    .map_err(|error| format!("{word}: {text}: {error}"))
            };
            let options = &mut arguments.options;
            match word.as_str() {
                "judge" if task.is_none() => {
                    task = Some(Task::Judge(words.by_ref().collect()));
                }
                "--seed" => task = Some(Task::One(number(value()?)?)),
                "--seeds" => task = Some(Task::Many(number(value()?)?)),
                "--from" => arguments.from = number(value()?)?,
                "--jobs" => arguments.jobs = Some(number(value()?)?.clamp(1, 256) as usize),
                "--resume" => arguments.resume = Some(value()?),
                "--history" => arguments.history = Some(value()?),
                "--coverage" => arguments.coverage = true,
                "--quiet" => arguments.quiet = true,
                "--explain" => arguments.explain = true,
                "--shrink" => arguments.shrink = true,
                _ => options.take(&word, value)?,
            }
        }
        arguments.task = task.ok_or("--seed, --seeds or judge")?;
        Ok(arguments)
    }
}
