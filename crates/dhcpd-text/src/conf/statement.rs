//! Statements that may stand in several kinds of block, and the choice between all statements.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::build::Refused;
use super::options;
use super::parameters;
use super::parser::{Parser, Read, Reported};
use super::{MAX_BYTES, MAX_INCLUDES, Permission, ScopeId, words};
use crate::lex::{Token, TokenKind};

/// The kind of block that a statement stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Root,
    Group,
    SharedNetwork,
    Subnet,
    Pool,
    Host,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    pub(super) block: Block,
    pub(super) scope: ScopeId,
    /// The shared network around it: an index into the configuration's.
    pub(super) network: Option<usize>,
    /// The subnet around it: an index into that network's.
    pub(super) subnet: Option<usize>,
    /// The host around it: an index into the configuration's.
    pub(super) host: Option<usize>,
    /// Whether a declaration stood before it in the block, which only changes ISC's words.
    pub(super) after_declaration: bool,
}

impl Context {
    pub(super) const ROOT: Self = Self {
        block: Block::Root,
        scope: ScopeId::ROOT,
        network: None,
        subnet: None,
        host: None,
        after_declaration: false,
    };

    /// The context inside a block of this one.
    pub(super) fn inside(self, block: Block, scope: ScopeId) -> Self {
        Self {
            block,
            scope,
            after_declaration: false,
            ..self
        }
    }
}

impl<'t> Parser<'_, '_, 't> {
    /// Reads a whole file as the content of a block.
    pub(super) fn file(&mut self, mut context: Context) {
        while !self.peek().is_end() {
            if self.statement(&mut context).is_err() {
                self.recover();
                // What is left is a `}` that closes nothing.
                self.take(b'}');
            }
        }
    }

    /// Reads the statements of a block, from its `{` to its `}`. `own` is asked first; it answers `None` where it leaves the
    /// statement, whose first token it is given, to the common ones.
    pub(super) fn block(
        &mut self,
        mut context: Context,
        what: &str,
        mut own: impl FnMut(&mut Self, Token<'t>) -> Option<Read<()>>,
    ) -> Read<()> {
        self.open_block(what)?;
        while !self.block_ends(what) {
            let token = self.peek();
            let read = match own(self, token) {
                Some(read) => read,
                None => self.statement(&mut context),
            };
            if read.is_err() {
                self.recover();
            }
        }
        Ok(())
    }

    /// Reads one statement.
    fn statement(&mut self, context: &mut Context) -> Read<()> {
        let token = self.peek();
        let Some(word) = token.word().map(str::to_ascii_lowercase) else {
            return self.no_word(&token, *context);
        };
        let here = *context;
        context.after_declaration = declares(&word, here).unwrap_or(here.after_declaration);
        match self.declaration(&word, token, here) {
            ControlFlow::Break(read) => read,
            ControlFlow::Continue(()) => self.parameter_or_other(&word, token, here),
        }
    }

    /// Reads a statement that declares nothing.
    fn parameter_or_other(&mut self, word: &str, token: Token<'t>, context: Context) -> Read<()> {
        match word {
            "hardware" => self.hardware(context),
            "fixed-address" => self.fixed_address(context),
            "authoritative" | "not" => self.authoritative(context),
            "allow" => self.allow(context, Permission::Allow),
            "deny" => self.allow(context, Permission::Deny),
            "ignore" => self.allow(context, Permission::Ignore),
            "option" => self.option(context),
            "server-identifier" => {
                self.next();
                let option =
                    options::by_name("dhcp-server-identifier").expect("it is in the table");
                self.option_value(context, &token, option)
            }
            "db-time-format" => self.db_time_format(),
            "lease-id-format" => self.lease_id_format(),
            "server-duid" => {
                self.next();
                self.warn(
                    &token,
                    "server-duid has no effect: this server does not speak DHCPv6",
                );
                self.recover();
                Ok(())
            }
            _ => match parameters::by_name(word) {
                Some(parameter) => self.parameter(context, token, parameter),
                None => self.other(word, token, context),
            },
        }
    }

    /// Reads a statement that declares something; other statements are left to go on with.
    fn declaration(
        &mut self,
        word: &str,
        token: Token<'t>,
        context: Context,
    ) -> ControlFlow<Read<()>> {
        ControlFlow::Break(match word {
            "include" => self.include(context),
            "failover" => self.failover(context),
            "shared-network" => self.shared_network(context),
            "subnet" => self.subnet(context),
            "pool" => self.pool(context),
            "range" => self.subnet_range(context),
            "host" => self.host(context),
            "group" => self.group(context),
            "key" => self.key(),
            "class" | "subclass" | "vendor-class" | "user-class" => self.class(word),
            "if" => self.conditional(&token),
            "zone"
            | "on"
            | "switch"
            | "case"
            | "break"
            | "set"
            | "unset"
            | "define"
            | "eval"
            | "execute"
            | "return"
            | "log"
            | "add"
            | "send"
            | "supersede"
            | "default"
            | "prepend"
            | "append"
            | "parse-vendor-option"
            | "subnet6"
            | "range6"
            | "prefix6"
            | "pool6"
            | "fixed-address6"
            | "fixed-prefix6"
            | "host-identifier" => {
                self.next();
                Err(self.unsupported(&token, word))
            }
            _ => return ControlFlow::Continue(()),
        })
    }

    /// `include "FILE";`
    fn include(&mut self, context: Context) -> Read<()> {
        self.next();
        let token = self.peek();
        let name = self.quoted("filename string expected.", "a file name in double quotes")?;
        let name = String::from_utf8_lossy(&name).into_owned();
        if self.build.sources.len() > MAX_INCLUDES {
            let message = format!("more than {MAX_INCLUDES} files are included");
            return Err(self.error(
                &token,
                &message,
                "fewer of them, and no file that includes itself",
            ));
        }
        let text: Rc<[u8]> = (self.build.load)(&name).map(Rc::from).map_err(|reason| {
            self.error(
                &token,
                &format!("Can't open {name}: {reason}"),
                "a file that can be read",
            )
        })?;
        if !self.build.enter() {
            return Err(self.error(
                &token,
                "files include each other too deep",
                "no file that includes itself",
            ));
        }
        let Some(file) = self.build.add_file(&name, &text) else {
            self.build.leave();
            let message = format!("the files are longer than {MAX_BYTES} bytes in all");
            return Err(self.error(&token, &message, "shorter files"));
        };
        let failed_before = self.build.errors();
        // As in ISC, an included file does not see that it is in a host.
        let inner = Context {
            host: None,
            ..context
        };
        Parser::new(self.build, file, &text).file(inner);
        self.build.leave();
        if self.build.errors() > failed_before {
            // ISC names the including line too.
            self.error(&token, &format!("{name}: bad parse."), "");
        }
        self.semicolon("the file name")
    }

    /// `authoritative;`, `not authoritative;`
    fn authoritative(&mut self, context: Context) -> Read<()> {
        let token = self.next();
        let value = !token.is_word("not");
        if !value {
            self.expect_word("authoritative", "expecting assertion")?;
        }
        if context.block == Block::Host {
            return Err(self.error(
                &token,
                "authority makes no sense here.",
                "this outside of hosts",
            ));
        }
        let before = self
            .build
            .settings(context.scope)
            .authoritative
            .unwrap_or(false);
        let inner = self
            .build
            .config
            .scopes
            .iter()
            .any(|scope| scope.parent == Some(context.scope));
        if before != value && inner {
            self.warn(&token, "this does not reach the blocks above it: ISC dhcpd, and this server with it, reads from top to bottom");
        }
        self.build.settings(context.scope).authoritative = Some(value);
        self.semicolon("authoritative")
    }

    /// `allow KEYWORD;` and the like, outside of pools.
    fn allow(&mut self, context: Context, permission: Permission) -> Read<()> {
        self.next();
        let expected = "one of unknown-clients, bootp, booting, dynamic-bootp, duplicates, declines, client-updates, leasequery";
        let token = self.peek();
        let settings = self.build.settings(context.scope);
        let field = match token.word().map(str::to_ascii_lowercase).as_deref() {
            Some("unknown-clients") => &mut settings.unknown_clients,
            Some("bootp") => &mut settings.bootp,
            Some("booting") => &mut settings.booting,
            Some("dynamic-bootp") => &mut settings.dynamic_bootp,
            Some("duplicates") => &mut settings.duplicates,
            Some("declines") => &mut settings.declines,
            Some("client-updates") => &mut settings.client_updates,
            Some("leasequery") => &mut settings.leasequery,
            _ => return Err(self.error_next("expecting allow/deny key", expected)),
        };
        *field = Some(permission);
        self.next();
        self.semicolon("the keyword")
    }

    /// `class "NAME" { … }` and its relatives.
    fn class(&mut self, word: &str) -> Read<()> {
        let token = self.next();
        if let Some(Ok(name)) = self.peek().string() {
            let name = String::from_utf8_lossy(&name).into_owned();
            self.build.refused.insert((Refused::Class, name));
        }
        Err(self.unsupported(&token, word))
    }

    /// `if … { … } elsif … { … } else { … }`
    fn conditional(&mut self, token: &Token<'_>) -> Read<()> {
        self.next();
        self.unsupported(token, "if");
        self.recover();
        while ["elsif", "else"]
            .iter()
            .any(|word| self.peek().is_word(word))
        {
            self.next();
            self.recover();
        }
        Ok(())
    }

    /// A word that starts no statement.
    fn other(&mut self, word: &str, token: Token<'t>, context: Context) -> Read<()> {
        if words::is_reserved(word) {
            return Err(self.out_of_place(&token, context));
        }
        self.next();
        let nearest = words::nearest(word, parameters::names().chain(STATEMENTS));
        let expected = match nearest {
            Some(nearest) => format!("a statement of dhcpd.conf(5); did you mean `{nearest}`?"),
            None => "a statement of dhcpd.conf(5)".to_owned(),
        };
        if self.take(b';') {
            // To ISC it is a variable, whose value is thrown away.
            self.warn(
                &token,
                &format!("{word} means nothing; {expected} may be meant"),
            );
            return Ok(());
        }
        if self.peek().is(b'(') || self.peek().is(b'=') {
            return Err(self.unsupported(&token, &format!("expressions (with {word})")));
        }
        self.end_statement(&format!("`;`, because {word} is not known; {expected}"))
    }

    /// A statement that starts with something else than a word.
    fn no_word(&mut self, token: &Token<'_>, context: Context) -> Read<()> {
        if !token.is(b'%') {
            return Err(self.out_of_place(token, context));
        }
        self.warn(
            token,
            "ISC dhcpd skips statements that start with `%`, and so does this server",
        );
        self.recover();
        Ok(())
    }

    fn out_of_place(&mut self, token: &Token<'_>, context: Context) -> Reported {
        let message = match context.after_declaration {
            true => "expecting a declaration",
            false => "expecting a parameter or declaration",
        };
        let expected = match token.kind {
            TokenKind::Punctuation(b';') => "no `;` here: none stands after a block",
            TokenKind::Punctuation(b'}') => "no `}` here: nothing is open",
            _ => "a statement of dhcpd.conf(5) that may stand here",
        };
        self.error_misplaced(token, message, expected)
    }
}

/// Whether ISC then expects declarations only, as its messages say; `None` leaves it as it was.
fn declares(word: &str, context: Context) -> Option<bool> {
    match word {
        "include" | "host" | "group" | "shared-network" | "class" | "subclass" => Some(true),
        "subnet" => Some(context.network.is_none()),
        "hardware" | "fixed-address" | "authoritative" | "not" | "failover" => Some(false),
        _ => None,
    }
}

/// Statements that are not in the table of parameters, for suggestions.
const STATEMENTS: [&str; 17] = [
    "include",
    "failover",
    "shared-network",
    "subnet",
    "pool",
    "range",
    "host",
    "group",
    "key",
    "class",
    "hardware",
    "fixed-address",
    "authoritative",
    "allow",
    "deny",
    "ignore",
    "option",
];
