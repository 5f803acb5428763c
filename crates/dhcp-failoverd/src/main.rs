//! `dhcp-failoverd`: a DHCPv4 server that is a live failover partner of ISC dhcpd.
//!
//! It takes dhcpd's flags, configuration and lease file. Everything that a server decides is in the library
//! `dhcp4-server`, which has no IO; here are the sockets, the clocks, the disk and the operator.

mod admin;
mod ask;
mod batch;
mod check;
mod cli;
mod clock;
mod daemon;
mod ddns;
mod declared;
mod decode;
mod demo;
mod dhcp;
mod drill;
mod explain;
mod icmp;
mod journal;
mod log;
mod net;
mod obey;
mod omapi;
mod omapi_key;
mod omapi_objects;
mod peer;
mod programs;
mod raw;
mod replay;
mod report;
mod rewrite;
mod run;
mod start;
mod sync;

use std::process::ExitCode;

use cli::Invocation;

fn main() -> ExitCode {
    match cli::parse(std::env::args_os().skip(1).collect()) {
        Ok(Invocation::Serve(options)) => start::run(&options),
        Ok(Invocation::Ask { control, question }) => ask::run(&control, &question),
        Ok(Invocation::Demo(args)) => demo::run(args),
        Ok(Invocation::Decode(args)) => decode::run(args),
        Ok(Invocation::Drill(args)) => drill::run(args),
        Ok(Invocation::Check(args)) => check::run(args),
        Ok(Invocation::Explain(args)) => explain::run(args),
        Ok(Invocation::Print(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n{}", cli::USAGE);
            ExitCode::FAILURE
        }
    }
}
