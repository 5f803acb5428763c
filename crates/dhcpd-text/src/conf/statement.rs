//! Statements that may stand in several kinds of block, and the choice between all statements.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::code::{Action, Operation, OptionAction, OptionValue, Statement};
use super::parser::{Parser, Read, Reported};
use super::{MAX_BYTES, MAX_INCLUDES, OptionSetting, ScopeId, SpaceId, words};
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
    Class,
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
    /// Whether it stands in the block of an `if` or the like, where nothing can be declared.
    pub(super) nested: bool,
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
        nested: false,
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
            _ => match self.executable(Some(word), token, context, None) {
                Some(read) => {
                    if let Some(statement) = read? {
                        self.insert(context.scope, statement);
                    }
                    Ok(())
                }
                None => Err(self.out_of_place(&token, context)),
            },
        }
    }

    /// Puts a statement at the end of a scope. What is the same for every client is looked up elsewhere too.
    fn insert(&mut self, scope: ScopeId, statement: Statement) {
        let scope = self.build.scope(scope);
        if let Action::Option(OptionAction {
            option,
            operation: Operation::Supersede,
            value: OptionValue::Bytes(data),
        }) = &statement.action
        {
            match (option.space, u8::try_from(option.code)) {
                (SpaceId::DHCP, Ok(code)) => {
                    let setting = OptionSetting {
                        code,
                        data: data.clone(),
                        at: statement.at,
                    };
                    match scope.options.iter_mut().find(|other| other.code == code) {
                        Some(former) => *former = setting,
                        None => scope.options.push(setting),
                    }
                }
                (SpaceId::SERVER, _) => scope.settings.set(option.code, data),
                _ => {}
            }
        }
        scope.statements.push(statement);
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
            "class" => self.class(context),
            "subclass" => self.subclass(context),
            "vendor-class" | "user-class" => {
                self.next();
                Err(self.unsupported(
                    &token,
                    &format!("{word}, which dhcpd 3.0 has replaced with classes"),
                ))
            }
            "subnet6" | "range6" | "prefix6" | "pool6" | "fixed-address6" | "fixed-prefix6" => {
                self.dhcpv6_declaration(word, context)
            }
            _ => return ControlFlow::Continue(()),
        })
    }

    /// A declaration for DHCPv6, passed over where ISC takes it in DHCPv4's mode.
    fn dhcpv6_declaration(&mut self, word: &str, context: Context) -> Read<()> {
        let token = self.next();
        let expected = "none: this server does not speak DHCPv6";
        let allowed = match word {
            "range6" | "prefix6" | "pool6" => context.block == Block::Subnet,
            "fixed-address6" | "fixed-prefix6" => context.host.is_some(),
            _ => !matches!(context.block, Block::Subnet | Block::Host | Block::Class),
        };
        if !allowed {
            let message = format!("{word} declaration not allowed here.");
            return Err(self.error(&token, &message, expected));
        }
        if !word.starts_with("fixed-") {
            let message = format!("{word} statement is only supported in DHCPv6 mode.");
            return Err(self.error(&token, &message, expected));
        }
        self.warn(
            &token,
            &format!("{word} has no effect: this server does not speak DHCPv6"),
        );
        self.recover();
        Ok(())
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

    /// A word that means nothing. To ISC it is a variable, whose value is thrown away.
    pub(super) fn unknown_word(&mut self, word: &str, token: Token<'t>) -> Read<()> {
        self.next();
        let parameters = self.build.config.spaces.names(SpaceId::SERVER);
        let nearest = words::nearest(word, parameters.chain(STATEMENTS));
        let expected = match nearest {
            Some(nearest) => format!("a statement of dhcpd.conf(5); did you mean `{nearest}`?"),
            None => "a statement of dhcpd.conf(5)".to_owned(),
        };
        if self.take(b';') {
            self.warn(
                &token,
                &format!("{word} means nothing; {expected} may be meant"),
            );
            return Ok(());
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
const STATEMENTS: [&str; 23] = [
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
    "subclass",
    "if",
    "switch",
    "set",
    "log",
    "execute",
    "hardware",
    "fixed-address",
    "authoritative",
    "allow",
    "deny",
    "ignore",
    "option",
];
