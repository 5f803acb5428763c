//! A way through the world, for people.

use dhcp_failover::{Binding, BindingStatus, UnixTime};
use failover_wire::Message;

use crate::server::{Input, relative};
use crate::world::{Action, State, World};

/// Shows a way: what happened, then who is where. With `healing`, what comes of its end when
/// nothing befalls the servers any more.
pub(crate) fn chart(
    world: &mut World,
    way: &[(Option<Action>, State)],
    healing: bool,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut time = 0;
    for (number, (action, state)) in way.iter().enumerate() {
        time += u32::from(*action == Some(Action::Tick));
        line(world, number, time, *action, *state, &mut lines);
    }
    let mut state = way.last().expect("a way has a beginning").1;
    let mut found = Vec::new();
    for number in 0..if healing { 60 } else { 0 } {
        let Some(action) = world.heal(state) else {
            break;
        };
        world.take(state, action, &mut found);
        let Some((_, next)) = found.pop() else {
            break;
        };
        time += u32::from(action == Action::Tick);
        line(
            world,
            way.len() + number,
            time,
            Some(action),
            next,
            &mut lines,
        );
        state = next;
    }
    lines
}

fn line(
    world: &World,
    number: usize,
    time: u32,
    action: Option<Action>,
    state: State,
    lines: &mut Vec<String>,
) {
    let what = match action {
        None => "both NORMAL".to_owned(),
        Some(action) => describe(world, action),
    };
    lines.push(format!("{number:3} t={time:<3} {what}"));
    for side in 0..2 {
        lines.push(format!("          {}", server(world, state, side)));
    }
    let mut held = String::new();
    for address in 0..world.setting.addresses {
        for client in 0..world.setting.clients {
            let units = state.holds(client, address);
            if units > 0 {
                held.push_str(&format!(
                    "  client {client} holds .{} for {units}",
                    address + 1
                ));
            }
        }
    }
    let link = world.link(state);
    let up = match link.up {
        [true, true] => "up",
        [false, false] => "down",
        [true, false] => "up for the primary only",
        [false, true] => "up for the secondary only",
    };
    let queue = |side: usize| {
        let names = link.to[side].iter().map(|frame| message(world, *frame));
        names.collect::<Vec<_>>().join(", ")
    };
    lines.push(format!(
        "          link {up}; to primary [{}]; to secondary [{}];{held}",
        queue(0),
        queue(1)
    ));
}

fn server(world: &World, state: State, side: usize) -> String {
    let name = ["primary  ", "secondary"][side];
    let server = world.server(state, side);
    let is = match (server.state(), server.saved()) {
        (Some(state), _) => state.to_string(),
        (None, Some(saved)) => format!("dead ({saved})"),
        (None, None) => "dead, disk lost".to_owned(),
    };
    let bindings = (0..world.setting.addresses).map(|address| {
        let binding = server.binding(&world.setting, address);
        describe_binding(world, binding)
    });
    let unsynced = match server.unsynced.len() {
        0 => String::new(),
        n => format!("  ({n} not synced)"),
    };
    format!(
        "{name} {is}: {}{unsynced}",
        bindings.collect::<Vec<_>>().join(" | ")
    )
}

fn describe_binding(world: &World, binding: &Binding) -> String {
    let client = world.setting.name_of(&binding.client);
    let client = client.map_or(String::new(), |client| format!(" client {client}"));
    let mut text = format!("{}{client}", binding.status);
    if binding.status == BindingStatus::Active || binding.status == BindingStatus::Abandoned {
        text.push_str(&format!(" ends {}", at(binding.ends)));
    }
    let times = [
        ("tstp", binding.tstp),
        ("sent", binding.sent),
        ("acked", binding.acked),
        ("received", binding.received),
        ("cltt", binding.cltt),
    ];
    for (name, time) in times {
        if time.0 != 0 {
            text.push_str(&format!(" {name} {}", at(time)));
        }
    }
    if binding.pending {
        text.push_str(" pending");
    }
    if binding.rewind != binding.status {
        text.push_str(&format!(" rewind {}", binding.rewind));
    }
    if binding.begun_alone {
        text.push_str(" begun alone");
    }
    text
}

/// Relative to the present.
fn at(time: UnixTime) -> String {
    match relative(time) {
        relative if relative < -100_000 => "long ago".to_owned(),
        relative => format!("{relative:+}"),
    }
}

fn message(world: &World, number: u32) -> String {
    let frame = world.frame(number);
    match &frame.message {
        Message::BindingUpdate(update) => {
            let client = update.hardware.and_then(|hardware| {
                world.setting.name_of(&dhcp_failover::Client {
                    hardware,
                    ..Default::default()
                })
            });
            let client = client.map_or(String::new(), |client| format!(" client {client}"));
            format!(
                "BNDUPD#{} {}{client} ends {} potential {}",
                frame.xid,
                update
                    .status
                    .map_or(String::new(), |status| status.to_string()),
                at(update.lease_expiration.unwrap_or_default()),
                at(update.potential_expiration.unwrap_or_default()),
            )
        }
        Message::BindingAck(ack) => match ack.reject {
            None => format!("BNDACK#{}", frame.xid),
            Some(reason) => format!("BNDACK#{} refused: {reason}", frame.xid),
        },
        Message::State(state) => format!(
            "STATE {}{}",
            state
                .known_state()
                .map_or(String::new(), |state| state.to_string()),
            if state.is_startup() {
                " (starting)"
            } else {
                ""
            }
        ),
        other => other.message_type().to_string(),
    }
}

fn describe(world: &World, action: Action) -> String {
    let Action::At(side, input, torn) = action else {
        return match action {
            Action::Tick => "time passes".to_owned(),
            Action::Cut => "the link is cut".to_owned(),
            _ => "they connect".to_owned(),
        };
    };
    let who = ["primary", "secondary"][side];
    let what = match input {
        Input::Tick => "waits".to_owned(),
        Input::Timeout => "does what is due".to_owned(),
        Input::Connected => "is connected".to_owned(),
        Input::Lost => "finds the link gone".to_owned(),
        Input::Silence => "dials in vain, and goes on alone".to_owned(),
        Input::Frame(frame) => format!("reads {}", message(world, frame)),
        Input::PartnerDown => "is told that its partner is down".to_owned(),
        Input::Ask { client, address } => {
            format!("is asked by client {client} for .{}", address + 1)
        }
        Input::Repeat { client, address } => {
            format!("repeats to client {client} that it has .{}", address + 1)
        }
        Input::Release { address } => format!("hears that .{} is released", address + 1),
        Input::Decline { client, address } => {
            format!("hears client {client} decline .{}", address + 1)
        }
        Input::Crash { kept } => format!("dies, {kept} waiting records kept"),
        Input::Lose => "dies and loses its disk".to_owned(),
        Input::Start => "starts".to_owned(),
    };
    match torn {
        None => format!("{who} {what}"),
        Some(records) => format!("{who} {what}, and dies after {records} records"),
    }
}
