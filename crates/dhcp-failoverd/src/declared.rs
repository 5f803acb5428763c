//! What OMAPI has declared: hosts and groups that dhcpd keeps in the lease file, and hosts of the configuration that it
//! has deleted. They count from the start, as in dhcpd; what installation servers reserve is often nowhere else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dhcp4_server::journal::{Reader, StoredRecord};
use dhcpd_text::conf::{self, Config, LookUp};

use crate::log::Log;

/// The name under which the declarations are included behind the configuration.
const INCLUDED: &str = "declarations of the lease file";

/// How often what has errors is left out: an error may come of another (a host of a group that is left out).
const TRIES: usize = 3;

/// Longest declaration that is looked at, as in the lease file's reader.
const MAX_DECLARATION: usize = 64 * 1024;

/// Adds what the lease file declares to a configuration, and takes away what it deletes. The configuration's name and
/// text are read again with the declarations behind it. What has errors is left out, and said.
pub(crate) fn add(
    config: Config,
    source: (&str, &[u8]),
    leases: &Path,
    look_up: &mut LookUp<'_>,
    log: &mut Log,
) -> Config {
    // That it can't be read is found, and said, by whoever reads the leases.
    let found = fs::read(leases).map(|leases| Declarations::find(&leases));
    match found {
        Ok(found) if !found.is_empty() => found.added_to(config, source, look_up, log),
        _ => config,
    }
}

/// The last declaration of each host and group.
#[derive(Debug, Default, PartialEq, Eq)]
struct Declarations {
    /// Bodies are as the configuration would have them, groups before the hosts that name them.
    groups: BTreeMap<String, String>,
    hosts: BTreeMap<String, String>,
    deleted: Vec<String>,
}

impl Declarations {
    fn find(leases: &[u8]) -> Self {
        let mut found = Self::default();
        let mut at = 0;
        while at < leases.len() {
            let line = &leases[at..];
            if line.starts_with(b"host ") || line.starts_with(b"group ") {
                let end = line.len().min(MAX_DECLARATION);
                if let Some(Ok(entry)) = Reader::new("", &line[..end]).next()
                    && let StoredRecord::Other(record) = entry.record
                {
                    let body = &record.text()[record.key().len()..];
                    found.take(
                        &String::from_utf8_lossy(record.key()),
                        &String::from_utf8_lossy(body),
                    );
                }
            }
            at += line
                .iter()
                .position(|&byte| byte == b'\n')
                .map_or(line.len(), |end| end + 1);
        }
        found.deleted.retain(|name| !found.hosts.contains_key(name));
        found
    }

    /// `host NAME` or `group NAME`, and its body from brace to brace.
    fn take(&mut self, key: &str, body: &str) {
        let Some((kind, name)) = key.split_once(' ') else {
            return;
        };
        let mut rest = body.trim_start().trim_start_matches('{').trim_start();
        let mut deleted = false;
        loop {
            let marks = ["dynamic;", "static;", "deleted;"];
            let Some(mark) = marks.into_iter().find(|mark| rest.starts_with(mark)) else {
                break;
            };
            deleted |= mark == "deleted;";
            rest = rest[mark.len()..].trim_start();
        }
        let known = match kind {
            "host" => &mut self.hosts,
            _ => &mut self.groups,
        };
        known.remove(name);
        if !deleted {
            known.insert(name.to_owned(), format!("{key} {{ {rest}"));
        } else if kind == "host" {
            self.deleted.push(name.to_owned());
        }
    }

    fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.hosts.is_empty() && self.deleted.is_empty()
    }

    fn added_to(
        mut self,
        mut config: Config,
        (name, text): (&str, &[u8]),
        look_up: &mut LookUp<'_>,
        log: &mut Log,
    ) -> Config {
        let text = [text, format!("\ninclude \"{INCLUDED}\";\n").as_bytes()].concat();
        for _ in 0..TRIES {
            // Each on lines of its own, so that an error leads to it.
            let all = self.groups.values().chain(self.hosts.values());
            let declared: String = all.map(|declaration| format!("{declaration}\n")).collect();
            let mut load = |name: &str| match name {
                INCLUDED => Ok(declared.clone().into_bytes()),
                name => fs::read(name).map_err(|error| error.to_string()),
            };
            match conf::parse_with_names(name, &text, &mut load, look_up) {
                Ok(parsed) => {
                    config = parsed.config;
                    break;
                }
                Err(wrong) => {
                    let wrong: Vec<_> = wrong
                        .iter()
                        .filter(|wrong| wrong.file == INCLUDED)
                        .collect();
                    wrong.iter().for_each(|wrong| log.error(wrong));
                    let lines = wrong
                        .iter()
                        .map(|wrong| wrong.line as usize)
                        .collect::<Vec<_>>();
                    self.leave_out(&lines, log);
                }
            }
        }
        let all = config.hosts.len();
        config
            .hosts
            .retain(|host| !self.deleted.contains(&host.name));
        let (hosts, deleted) = (self.hosts.len(), all - config.hosts.len());
        log.info(format_args!(
            "The lease file declares {hosts} hosts, and deletes {deleted} of the configuration."
        ));
        config
    }

    /// Leaves out the declarations that stand on these lines of the included text.
    fn leave_out(&mut self, wrong: &[usize], log: &mut Log) {
        let mut line = 1;
        for known in [&mut self.groups, &mut self.hosts] {
            known.retain(|name, declaration| {
                let first = line;
                line += declaration.lines().count();
                let good = !wrong.iter().any(|wrong| (first..line).contains(wrong));
                if !good {
                    log.error(format_args!("{INCLUDED}: {name} is left out"));
                }
                good
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONF: &str = "subnet 10.0.0.0 netmask 255.0.0.0 { }\nhost old { hardware ethernet 2:0:0:0:0:1; }\n\
                        host stays { hardware ethernet 2:0:0:0:0:2; }\n";

    fn hosts(leases: &str) -> Vec<String> {
        let mut load = |_: &str| Err::<String, _>(String::new());
        let config = conf::parse("conf", CONF, &mut load).unwrap().config;
        let found = Declarations::find(leases.as_bytes());
        let source = ("conf", CONF.as_bytes());
        let config = found.added_to(config, source, &mut |_| None, &mut Log::new(true, false));
        let hosts = config.hosts.iter();
        hosts
            .map(|host| format!("{} {:?}", host.name, host.fixed_addresses))
            .collect()
    }

    #[test]
    fn hosts_come_and_go() {
        let leases = "lease 10.0.0.1 {\n  binding state free;\n}\n\
            group g {\n  dynamic;\n        supersede host-name = \"a\";\n}\n\
            host old {\n  deleted;\n}\n\
            host gone {\n  dynamic;\n  fixed-address 10.0.0.7;\n}\n\
            host made {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:03;\n  fixed-address 10.0.0.8;\n}\n\
            host gone {\n  dynamic;\n  deleted;\n}\n\
            host made {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:03;\n  fixed-address 10.0.0.9;\n  \
            group \"g\";\n        supersede server.filename = \"x\";\n}\n";
        assert_eq!(hosts(leases), ["stays []", "made [10.0.0.9]"]);
    }

    #[test]
    fn what_has_errors_is_left_out_alone() {
        let leases = "host bad {\n  dynamic;\n  group \"none\";\n}\n\
            host good {\n  dynamic;\n  hardware ethernet 02:00:00:00:00:03;\n}\n\
            host stays {\n  dynamic;\n  fixed-address 10.0.0.8;\n}\n";
        assert_eq!(hosts(leases), ["old []", "stays []", "good []"]);
    }

    #[test]
    fn a_file_without_declarations_has_none() {
        let leases =
            b"server-duid \"x\";\nlease 10.0.0.1 {\n  client-hostname \"\nhost x { }\n\";\n}\n";
        assert!(Declarations::find(b"").is_empty());
        assert!(Declarations::find(&leases[..20]).is_empty());
    }
}
