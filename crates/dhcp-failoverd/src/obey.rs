//! What an operator asks for is done.

use dhcp_failover::ServerState;
use dhcp4_server::{Command, Now, RelationshipId, Server};

use crate::admin::{Answer, Request};
use crate::report::Report;

/// Does what is asked. The answer may be given once the server's outputs before it are on disk.
pub(crate) fn obey(server: &mut Server, request: Request, now: Now) -> Answer {
    let command = match request {
        Request::Status => return Answer::Status(Report::new(&server.status(now))),
        Request::PartnerDown { name, force } => {
            find(server, &name).map(|id| Command::PartnerDown { id, force })
        }
        Request::SetState { name, state } => find(server, &name).and_then(|id| {
            Ok(Command::SetState {
                id,
                state: parse_state(&state)?,
            })
        }),
    };
    match command.and_then(|command| {
        server
            .handle_command(command, now)
            .map_err(|error| error.to_string())
    }) {
        Ok(()) => Answer::Done,
        Err(error) => Answer::Error(error),
    }
}

fn find(server: &Server, name: &str) -> Result<RelationshipId, String> {
    server
        .config()
        .relationship_named(name)
        .ok_or_else(|| format!("no failover peer {name}"))
}

/// ISC's name of the state, or the number that OMAPI has for it.
fn parse_state(word: &str) -> Result<ServerState, String> {
    let numbered = |number: u8| {
        ServerState::ALL
            .into_iter()
            .find(|state| *state as u8 == number)
    };
    let by_number = word.parse().ok().and_then(numbered);
    by_number
        .or_else(|| word.parse().ok())
        .ok_or_else(|| format!("{word} is no failover state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_by_name_and_by_omapi_number() {
        assert_eq!(parse_state("partner-down"), Ok(ServerState::PartnerDown));
        assert_eq!(parse_state("4"), Ok(ServerState::PartnerDown));
        assert_eq!(parse_state("254"), Ok(ServerState::RecoverWait));
        assert!(parse_state("0").is_err());
        assert!(parse_state("nonsense").is_err());
    }
}
