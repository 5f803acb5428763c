//! The other end of the control socket: `status`, `partner-down`, `set-state`.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::admin::{Answer, Request};
use crate::cli::Question;

/// A server that serves answers within a batch; one that doesn't in this time is stuck.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the server behind `control` and prints the answer.
pub(crate) fn run(control: &Path, question: &Question) -> ExitCode {
    let request = match question {
        Question::Status | Question::StatusJson | Question::StatusLine(_) => Request::Status,
        Question::PartnerDown { name, force } => Request::PartnerDown {
            name: name.clone(),
            force: *force,
        },
        Question::SetState { name, state } => Request::SetState {
            name: name.clone(),
            state: state.clone(),
        },
    };
    let answer = match ask(control, &request) {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("no answer from a server at {}: {error}", control.display());
            return ExitCode::FAILURE;
        }
    };
    let text = match (answer, question) {
        (Answer::Error(error), _) => Err(error),
        (Answer::Done, _) => Ok(String::new()),
        (Answer::Status(report), Question::StatusLine(name)) => report
            .line(name)
            .map(|line| line + "\n")
            .ok_or(format!("no failover peer {name}")),
        (Answer::Status(report), Question::StatusJson) => serde_json::to_string_pretty(&report)
            .map(|json| json + "\n")
            .map_err(|error| error.to_string()),
        (Answer::Status(report), _) => Ok(report.table()),
    };
    match text {
        Ok(text) => {
            // A reader that has seen enough (`| head -1`) is no failure.
            _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// One request, one answer.
pub(crate) fn ask(control: &Path, request: &Request) -> io::Result<Answer> {
    let stream = UnixStream::connect(control)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    (&stream).write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer)?;
    if answer.is_empty() {
        let why = "it closed the connection: it is busy, or doesn't talk to this user";
        return Err(io::Error::new(io::ErrorKind::ConnectionAborted, why));
    }
    Ok(serde_json::from_str(&answer)?)
}
